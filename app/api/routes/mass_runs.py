"""Mass runs: counted first, then started with the count, watched, cancelled."""

# ruff: noqa: FAST003 - path parameters are read through aliases: camelCase outside, snake_case here

from typing import Annotated

from fastapi import APIRouter, Path, Query

from app.api.auth import Operator, Viewer
from app.api.deps import CorrelationId, Here, Id, ObjectName
from app.api.errors import (
    ACCEPTED,
    BAD_REQUEST,
    CONFLICT,
    NOT_FOUND,
    UNPROCESSABLE,
    UNSUPPORTED_MEDIA,
    not_found,
    problems,
)
from app.api.schemas.mass_runs import (
    MassCount,
    MassFilter,
    MassRunDetail,
    MassRunPage,
    MassRunQuery,
    MassStart,
    count_out,
    detail_out,
    page_out,
    wanted_of,
)
from app.objects import CATALOGUE
from app.services import mass_runs

router = APIRouter(tags=["mass tools"])

MassRunId = Annotated[str, Path(alias="massRunId", pattern=Id, description="Id of the mass run.")]
ERRORS = problems(BAD_REQUEST, NOT_FOUND, CONFLICT, UNSUPPORTED_MEDIA, UNPROCESSABLE)


@router.post(
    "/v1/mass-runs/{objectName}/count",
    operation_id="countMassRun",
    summary="Count the records a mass run would take",
    description="Asks Salesforce, starts nothing. The number is needed to start.",
    response_description="The number, and what it can cost at most.",
    responses=ERRORS,
)
async def count_mass_run(
    context: Here, who: Operator, correlation_id: CorrelationId, object_name: ObjectName, wanted: MassFilter
) -> MassCount:
    """See the description."""
    counted = await mass_runs.count(context, who.connection, CATALOGUE[object_name], wanted_of(wanted))
    return count_out(object_name, counted, correlation_id)


@router.post(
    "/v1/mass-runs/{objectName}/start",
    operation_id="startMassRun",
    summary="Sync all records that a filter finds",
    description="Needs the number that was counted and confirmed; refused when it has moved by more than 10 records "
    "and 5 percent. Records are selected in the background and synced on the bulk lane; one that has an operation "
    "already joins it.",
    status_code=ACCEPTED,
    response_description="The run, which is selecting records now.",
    responses=ERRORS,
)
async def start_mass_run(
    context: Here, who: Operator, correlation_id: CorrelationId, object_name: ObjectName, wanted: MassStart
) -> MassRunDetail:
    """See the description."""
    progress = await mass_runs.start(
        context,
        who.connection,
        CATALOGUE[object_name],
        wanted_of(wanted),
        confirmed=wanted.confirmed_records,
        by=who.key.id,
        requested_by=wanted.requested_by,
        correlation_id=correlation_id,
    )
    return detail_out(progress, correlation_id)


@router.get(
    "/v1/mass-runs",
    operation_id="listMassRuns",
    summary="Mass runs, newest first",
    description="The cursor of a page leads to the next one.",
    response_description="One page.",
    responses=problems(UNPROCESSABLE),
)
async def list_mass_runs(
    context: Here, who: Viewer, correlation_id: CorrelationId, query: Annotated[MassRunQuery, Query()]
) -> MassRunPage:
    """See the description."""
    page = await mass_runs.listed(context, who.connection_id, query.object_name, query.cursor, query.page_size)
    return page_out(page, correlation_id)


@router.get(
    "/v1/mass-runs/{massRunId}",
    operation_id="getMassRun",
    summary="One mass run and its numbers",
    description="Every selected record is counted once: by its result, as pending, or as cancelled.",
    response_description="The run.",
    responses=problems(NOT_FOUND, UNPROCESSABLE),
)
async def get_mass_run(
    context: Here, who: Viewer, correlation_id: CorrelationId, mass_run_id: MassRunId
) -> MassRunDetail:
    """See the description."""
    progress = await mass_runs.get(context, who.connection_id, mass_run_id)
    if progress is None:
        raise not_found("mass run")
    return detail_out(progress, correlation_id)


@router.post(
    "/v1/mass-runs/{massRunId}/cancel",
    operation_id="cancelMassRun",
    summary="Stop a mass run",
    description="No more records are selected, and what is queued is given up unless somebody has hurried it since. "
    "What runs is finished.",
    response_description="The cancelled run.",
    responses=problems(NOT_FOUND, CONFLICT, UNPROCESSABLE),
)
async def cancel_mass_run(
    context: Here, who: Operator, correlation_id: CorrelationId, mass_run_id: MassRunId
) -> MassRunDetail:
    """See the description."""
    progress = await mass_runs.cancel(context, who.connection_id, mass_run_id)
    if progress is None:
        raise not_found("mass run")
    return detail_out(progress, correlation_id)
