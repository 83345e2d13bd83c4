"""Liveness, readiness, the budget, completeness, metrics."""

# ruff: noqa: FAST003 - path parameters are read through aliases: camelCase outside, snake_case here

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from app import telemetry
from app.api.auth import Operator, Viewer
from app.api.deps import CorrelationId, Here, ObjectName, TheHouse
from app.api.errors import CONFLICT, NOT_FOUND, OK, UNAVAILABLE, UNPROCESSABLE, open_problems, problems
from app.api.schemas.budget import BudgetView, budget_out
from app.api.schemas.completeness import CompletenessView, VerificationView, completeness_out, verification_out
from app.api.schemas.health import Alive, Ready, ready_out
from app.objects import CATALOGUE
from app.services import budget, completeness, health

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
    "/v1/health/completeness",
    operation_id="getCompleteness",
    summary="Whether every record in scope is accounted for",
    description="The last verification of each object that is switched on: in scope = in step + skipped with a reason "
    "+ open errors + not read + drift. Drift should be 0. Asks neither vendor.",
    response_description="The last results.",
    responses=problems(),
)
async def get_completeness(context: Here, who: Viewer, correlation_id: CorrelationId) -> CompletenessView:
    """See the description."""
    return completeness_out(await completeness.last(context, who.connection), correlation_id)


@router.post(
    "/v1/health/completeness/{objectName}",
    operation_id="verifyCompleteness",
    summary="Verify one object now",
    description="The side on which its records are born is asked for their number and for up to 10,000 of their keys; "
    "a repeat goes on behind them. Costs up to 6 calls on each such side, and what describing the object costs.",
    response_description="What was found, by side.",
    responses=problems(NOT_FOUND, CONFLICT, UNPROCESSABLE),
)
async def verify_completeness(
    context: Here, who: Operator, correlation_id: CorrelationId, object_name: ObjectName
) -> VerificationView:
    """See the description."""
    found = await completeness.verify(context, who.connection, CATALOGUE[object_name])
    return verification_out(found, correlation_id)


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
