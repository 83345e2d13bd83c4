"""One record explained, its history, and its link ended."""

# ruff: noqa: FAST003 - path parameters are read through aliases: camelCase outside, snake_case here

from typing import Annotated

from fastapi import APIRouter, Query

from app.api.auth import Operator, Viewer
from app.api.deps import CorrelationId, Here, ObjectName, RecordId
from app.api.errors import CONFLICT, NOT_FOUND, UNPROCESSABLE, problems
from app.api.schemas.records import HistoryQuery, RecordHistory, RecordView, history_out, record_out
from app.services import records, unlinking

router = APIRouter(tags=["records"])


@router.get(
    "/v1/records/{objectName}/{recordId}",
    operation_id="explainRecord",
    summary="Everything known about one record",
    description="Its link, what is happening to it, what was decided and why, and what is wrong with it.",
    response_description="The record as we know it; also for one that nobody has asked for.",
    responses=problems(NOT_FOUND, UNPROCESSABLE),
)
async def explain_record(
    context: Here, who: Viewer, correlation_id: CorrelationId, object_name: ObjectName, record_id: RecordId
) -> RecordView:
    """See the description."""
    known = await records.explain(context, who.connection_id, object_name, record_id)
    return record_out(object_name, record_id, known, correlation_id)


@router.post(
    "/v1/records/{objectName}/{recordId}/unlink",
    operation_id="unlinkRecord",
    summary="End the link of one record",
    description="Both records stay as they are. The next sync looks for a twin again, by our key first. That the "
    "record was linked is remembered: with sync only once it stays once.",
    response_description="The record as we know it now.",
    responses=problems(NOT_FOUND, CONFLICT, UNPROCESSABLE),
)
async def unlink_record(
    context: Here, who: Operator, correlation_id: CorrelationId, object_name: ObjectName, record_id: RecordId
) -> RecordView:
    """See the description."""
    await unlinking.unlink(context, who.connection_id, object_name, record_id, who.key.id)
    known = await records.explain(context, who.connection_id, object_name, record_id)
    return record_out(object_name, record_id, known, correlation_id)


@router.get(
    "/v1/records/{objectName}/{recordId}/history",
    operation_id="getRecordHistory",
    summary="Every decision about one record",
    description="Newest first: why, by which mapping version, each written field before and after, and who asked.",
    response_description="One page; empty for a record that nobody has asked for.",
    responses=problems(NOT_FOUND, UNPROCESSABLE),
)
async def get_record_history(
    context: Here,
    who: Viewer,
    correlation_id: CorrelationId,
    object_name: ObjectName,
    record_id: RecordId,
    query: Annotated[HistoryQuery, Query()],
) -> RecordHistory:
    """See the description."""
    page = await records.history(context, who.connection_id, object_name, record_id, query.cursor, query.page_size)
    return history_out(object_name, record_id, page, correlation_id)
