"""Liveness, readiness, metrics."""

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from app import telemetry
from app.api.auth import Viewer
from app.api.deps import CorrelationId, Here, TheHouse
from app.api.errors import OK, UNAVAILABLE, open_problems, problems
from app.api.schemas.budget import BudgetView, budget_out
from app.api.schemas.health import Alive, Ready, ready_out
from app.services import budget, health

router = APIRouter(tags=["health"])


@router.get(
    "/health",
    operation_id="getHealth",
    summary="Whether the process answers",
    description="Needs no key and looks at nothing else.",
    response_description="It answers.",
    responses=open_problems(),
)
async def get_health(correlation_id: CorrelationId) -> Alive:
    """See the description."""
    return Alive(status="ok", correlation_id=correlation_id)


@router.get(
    "/ready",
    operation_id="getReadiness",
    summary="Whether work can be done",
    description="Database, queue, both vendors, and the mapped fields of every object. Not ready answers 503 with the "
    "same body.",
    response_description="Ready.",
    responses=problems() | {UNAVAILABLE: {"model": Ready, "description": "Not ready; the checks say why."}},
)
async def get_readiness(response: Response, house: TheHouse, who: Viewer, correlation_id: CorrelationId) -> Ready:
    """See the description."""
    known = await health.readiness(house.context, who.connection_id, house.queue)
    response.status_code = OK if known.ready else UNAVAILABLE
    return ready_out(known, correlation_id)


@router.get(
    "/v1/health/budget",
    operation_id="getBudget",
    summary="What was spent this month, and what has to wait",
    description="Transactions that Intacct bills, by account, against the entitlement of the connection, with a "
    "forecast of the month's end. Months are calendar months in UTC.",
    response_description="The month so far.",
    responses=problems(),
)
async def get_budget(context: Here, who: Viewer, correlation_id: CorrelationId) -> BudgetView:
    """See the description."""
    return budget_out(await budget.read(context, who.connection_id), correlation_id)


@router.get(
    "/metrics",
    operation_id="getMetrics",
    summary="Metrics for Prometheus",
    description="Of the whole installation.",
    response_class=PlainTextResponse,
    response_description="Prometheus text.",
    responses=problems(),
)
async def get_metrics(who: Viewer) -> PlainTextResponse:
    """See the description."""
    return PlainTextResponse(telemetry.render_metrics(), media_type=telemetry.METRICS_TYPE)
