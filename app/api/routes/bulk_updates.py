"""Bulk updates: counted and previewed first, then started with the count, watched, cancelled, their records read."""

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
from app.api.schemas.bulk_updates import (
    BulkCount,
    BulkPreview,
    BulkPreviewWish,
    BulkRecordPage,
    BulkRecordQuery,
    BulkRunDetail,
    BulkRunPage,
    BulkStart,
    BulkWish,
    count_out,
    detail_out,
    given_of,
    page_out,
    preview_out,
    records_out,
)
from app.api.schemas.mass_runs import MassRunQuery, wanted_of
from app.objects import CATALOGUE
from app.services import bulk_updates, mass_runs
from app.store.mass import UPDATE

router = APIRouter(tags=["mass tools"])

BulkUpdateId = Annotated[str, Path(alias="bulkUpdateId", pattern=Id, description="Id of the bulk update.")]
ERRORS = problems(BAD_REQUEST, NOT_FOUND, CONFLICT, UNSUPPORTED_MEDIA, UNPROCESSABLE)


@router.post(
    "/v1/bulk-updates/{objectName}/count",
    operation_id="countBulkUpdate",
    summary="Count the records a bulk update would take",
    description="Asks Salesforce, starts nothing. The number is needed to start.",
    response_description="The number.",
    responses=ERRORS,
)
async def count_bulk_update(
    context: Here, who: Operator, correlation_id: CorrelationId, object_name: ObjectName, wanted: BulkWish
) -> BulkCount:
    """See the description."""
    declared, given = CATALOGUE[object_name], given_of(wanted)
    records = await bulk_updates.count(context, who.connection, declared, wanted_of(wanted), given)
    return count_out(object_name, records, correlation_id)


@router.post(
    "/v1/bulk-updates/{objectName}/preview",
    operation_id="previewBulkUpdate",
    summary="What a bulk update would change, record by record",
    description="Reads a page of the records and computes their values. Writes nothing.",
    response_description="The number of all records, and one page of them.",
    responses=ERRORS,
)
async def preview_bulk_update(
    context: Here, who: Operator, correlation_id: CorrelationId, object_name: ObjectName, wanted: BulkPreviewWish
) -> BulkPreview:
    """See the description."""
    outlook = await bulk_updates.preview(
        context,
        who.connection,
        CATALOGUE[object_name],
        wanted_of(wanted),
        given_of(wanted),
        after=wanted.after or "",
        size=wanted.page_size,
    )
    return preview_out(object_name, outlook, correlation_id)


@router.post(
    "/v1/bulk-updates/{objectName}/start",
    operation_id="startBulkUpdate",
    summary="Give values to all records that a filter finds",
    description="In Salesforce only; what has to go to Intacct goes with the next sync. Needs the number that was "
    "counted and confirmed; refused when it has moved by more than 10 records and 5 percent. Fixed rows of the "
    "mapping, fields that Intacct owns, fields the sync writes and read-only fields are refused.",
    status_code=ACCEPTED,
    response_description="The update, which is selecting and writing records now.",
    responses=ERRORS,
)
async def start_bulk_update(
    context: Here, who: Operator, correlation_id: CorrelationId, object_name: ObjectName, wanted: BulkStart
) -> BulkRunDetail:
    """See the description."""
    progress = await bulk_updates.start(
        context,
        who.connection,
        CATALOGUE[object_name],
        wanted_of(wanted),
        given_of(wanted),
        confirmed=wanted.confirmed_records,
        by=who.key.id,
        requested_by=wanted.requested_by,
        correlation_id=correlation_id,
    )
    return detail_out(progress, correlation_id)


@router.get(
    "/v1/bulk-updates",
    operation_id="listBulkUpdates",
    summary="Bulk updates, newest first",
    description="The cursor of a page leads to the next one.",
    response_description="One page.",
    responses=problems(UNPROCESSABLE),
)
async def list_bulk_updates(
    context: Here, who: Viewer, correlation_id: CorrelationId, query: Annotated[MassRunQuery, Query()]
) -> BulkRunPage:
    """See the description."""
    given = (query.object_name, query.cursor, query.page_size, UPDATE)
    return page_out(await mass_runs.listed(context, who.connection_id, *given), correlation_id)


@router.get(
    "/v1/bulk-updates/{bulkUpdateId}",
    operation_id="getBulkUpdate",
    summary="One bulk update, its numbers and its result",
    description="Every selected record is counted once. At the end `message` is the result in a sentence.",
    response_description="The update.",
    responses=problems(NOT_FOUND, UNPROCESSABLE),
)
async def get_bulk_update(
    context: Here, who: Viewer, correlation_id: CorrelationId, bulk_update_id: BulkUpdateId
) -> BulkRunDetail:
    """See the description."""
    progress = await mass_runs.get(context, who.connection_id, bulk_update_id, UPDATE)
    if progress is None:
        raise not_found("bulk update")
    return detail_out(progress, correlation_id)


@router.get(
    "/v1/bulk-updates/{bulkUpdateId}/records",
    operation_id="listBulkUpdateRecords",
    summary="The records of a bulk update",
    description="By id, with the values before and after; with a result, only those it came to.",
    response_description="One page.",
    responses=problems(NOT_FOUND, UNPROCESSABLE),
)
async def list_bulk_update_records(
    context: Here,
    who: Viewer,
    correlation_id: CorrelationId,
    bulk_update_id: BulkUpdateId,
    query: Annotated[BulkRecordQuery, Query()],
) -> BulkRecordPage:
    """See the description."""
    found = await bulk_updates.edits(
        context,
        who.connection_id,
        bulk_update_id,
        result=query.result,
        after=query.after or "",
        size=query.page_size,
    )
    if found is None:
        raise not_found("bulk update")
    return records_out(*found, correlation_id)


@router.post(
    "/v1/bulk-updates/{bulkUpdateId}/cancel",
    operation_id="cancelBulkUpdate",
    summary="Stop a bulk update",
    description="No more records are selected. What was written stays written, what is on its way is finished.",
    response_description="The cancelled update.",
    responses=problems(NOT_FOUND, CONFLICT, UNPROCESSABLE),
)
async def cancel_bulk_update(
    context: Here, who: Operator, correlation_id: CorrelationId, bulk_update_id: BulkUpdateId
) -> BulkRunDetail:
    """See the description."""
    progress = await mass_runs.cancel(context, who.connection_id, bulk_update_id, UPDATE)
    if progress is None:
        raise not_found("bulk update")
    return detail_out(progress, correlation_id)
