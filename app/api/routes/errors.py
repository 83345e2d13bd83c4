"""The error log: listed, per record, closed by hand."""

# ruff: noqa: FAST003 - path parameters are read through aliases: camelCase outside, snake_case here

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.api.auth import Operator, Viewer
from app.api.deps import CorrelationId, Here, Id, ObjectName, RecordId, full_id
from app.api.errors import NOT_FOUND, OK, UNPROCESSABLE, not_found, problems
from app.api.schemas.error_groups import sheet_out
from app.api.schemas.errors import (
    ErrorDetail,
    ErrorFilterQuery,
    ErrorPage,
    ErrorQuery,
    RecordErrors,
    detail_out,
    error_out,
    filter_of,
    page_out,
)
from app.services import error_log

router = APIRouter(tags=["errors"])

MOST = 200
LINES = 10_000
SHEET = "text/csv"
ErrorId = Annotated[str, Path(alias="errorId", pattern=Id, description="Id of the error.")]


@router.get(
    "/v1/errors",
    operation_id="listErrors",
    summary="Errors, the last seen first",
    description="Narrowed by what is given. The cursor of a page leads to the next one.",
    response_description="One page.",
    responses=problems(UNPROCESSABLE),
)
async def list_errors(
    context: Here, who: Viewer, correlation_id: CorrelationId, query: Annotated[ErrorQuery, Query()]
) -> ErrorPage:
    """See the description."""
    wanted = filter_of(query, full_id(query.record_id))
    page = await error_log.listed(context, who.connection_id, wanted, query.cursor, query.page_size)
    return page_out(page, correlation_id)


@router.get(
    "/v1/errors/export",
    operation_id="exportErrors",
    summary="Errors as a spreadsheet",
    description="The same list as comma-separated values, at most 10,000 lines, the last seen first. Cells that a "
    "program would take for a formula begin with an apostrophe.",
    response_description="The sheet.",
    response_class=Response,
    responses=problems(UNPROCESSABLE) | {OK: {"content": {SHEET: {"schema": {"type": "string"}}}}},
)
async def export_errors(
    context: Here, who: Viewer, correlation_id: CorrelationId, query: Annotated[ErrorFilterQuery, Query()]
) -> Response:
    """See the description."""
    page = await error_log.listed(context, who.connection_id, filter_of(query, full_id(query.record_id)), None, LINES)
    name = {"Content-Disposition": 'attachment; filename="errors.csv"'}
    return Response(sheet_out(page.rows), media_type=SHEET, headers=name)


@router.get(
    "/v1/errors/{objectName}/{recordId:recordid}",
    operation_id="listRecordErrors",
    summary="Errors of one record",
    description="Open and resolved ones, the last seen first, at most 200: the related list of the record.",
    response_description="The errors of the record.",
    responses=problems(NOT_FOUND, UNPROCESSABLE),
)
async def list_record_errors(
    context: Here, who: Viewer, correlation_id: CorrelationId, object_name: ObjectName, record_id: RecordId
) -> RecordErrors:
    """See the description."""
    rows = await error_log.about(context, who.connection_id, object_name, record_id, MOST)
    return RecordErrors(
        object_name=object_name,
        record_id=record_id,
        items=[error_out(row) for row in rows],
        correlation_id=correlation_id,
    )


@router.post(
    "/v1/errors/{errorId}/resolve",
    operation_id="resolveError",
    summary="Close an error by hand",
    description="Errors close by themselves with the next success. A cause that is still there opens a new one.",
    response_description="The closed error.",
    responses=problems(NOT_FOUND, UNPROCESSABLE),
)
async def resolve_error(context: Here, who: Operator, correlation_id: CorrelationId, error_id: ErrorId) -> ErrorDetail:
    """See the description."""
    row = await error_log.resolve(context, who.connection_id, error_id, by=who.key.id)
    if row is None:
        raise not_found("error")
    return detail_out(row, correlation_id)
