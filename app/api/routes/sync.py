"""Bring records in step: one, up to 200, or a whole object."""

# ruff: noqa: FAST003 - path parameters are read through aliases: camelCase outside, snake_case here

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from app.api.auth import Asker, Operator
from app.api.deps import CorrelationId, Here, ObjectName, RecordId
from app.api.errors import ACCEPTED, BAD_REQUEST, NOT_FOUND, OK, UNPROCESSABLE, UNSUPPORTED_MEDIA, problems
from app.api.idempotency import IdempotencyKey, request_id_of
from app.api.schemas.model import QueryWhole
from app.api.schemas.sync import ResyncAnswer, SyncAnswer, SyncList, SyncListAnswer, SyncOptions, answer_out, list_out
from app.objects import CATALOGUE
from app.services import changes, operations
from app.services.intake import Wish

router = APIRouter(tags=["sync"])

ERRORS = problems(BAD_REQUEST, NOT_FOUND, UNSUPPORTED_MEDIA, UNPROCESSABLE)
FINISHED = {"description": "Nothing more happens to any of it by itself: finished in time, or nothing was accepted."}

Wait = Annotated[
    int,
    Field(ge=0, le=8),
    QueryWhole,
    Query(description="Seconds to wait for the end. 0 answers at once, after the wish is stored."),
]


@router.post(
    "/v1/sync/{objectName}/{recordId}",
    operation_id="syncRecord",
    summary="Sync one record",
    description="Accepts the wish to bring one record in step. Whoever asks again meanwhile joins the same operation.",
    status_code=ACCEPTED,
    response_description="Accepted; ask for the operation later.",
    responses=ERRORS | {OK: {"model": SyncAnswer, **FINISHED}},
)
async def sync_record(
    response: Response,
    context: Here,
    who: Asker,
    correlation_id: CorrelationId,
    object_name: ObjectName,
    record_id: RecordId,
    wait: Wait = 0,
    key: IdempotencyKey = None,
    options: SyncOptions | None = None,
) -> SyncAnswer:
    """See the description."""
    said = options or SyncOptions()
    request_id = request_id_of(key, said.request_id)
    asked = Wish(object_name, (record_id,), said.origin, correlation_id, requested_by=said.requested_by)
    synced = await operations.sync(context, who.connection, asked, request_id=request_id, seconds=wait)
    response.status_code = OK if synced.over else ACCEPTED
    return answer_out(synced, request_id, correlation_id)


@router.post(
    "/v1/sync/{objectName}",
    operation_id="syncRecords",
    summary="Sync up to 200 records of one object",
    description="Accepts the wish to bring records in step. Answers come in the order of the request; an id that is no "
    "Salesforce id fails alone.",
    status_code=ACCEPTED,
    response_description="Accepted; ask for the operations later.",
    responses=ERRORS | {OK: {"model": SyncListAnswer, **FINISHED}},
)
async def sync_records(
    response: Response,
    context: Here,
    who: Asker,
    correlation_id: CorrelationId,
    object_name: ObjectName,
    wanted: SyncList,
    wait: Wait = 0,
    key: IdempotencyKey = None,
) -> SyncListAnswer:
    """See the description."""
    request_id = request_id_of(key, wanted.request_id)
    asked = Wish(object_name, tuple(wanted.record_ids), wanted.origin, correlation_id, requested_by=wanted.requested_by)
    synced = await operations.sync(context, who.connection, asked, request_id=request_id, seconds=wait)
    response.status_code = OK if synced.over else ACCEPTED
    return list_out(synced, request_id, correlation_id)


@router.post(
    "/v1/resync/{objectName}",
    operation_id="resyncObject",
    summary="Bring a whole object in step from Intacct",
    description="The next reading of the object's feed starts from the beginning: what was missed arrives, and what "
    "was edited in Salesforce although Intacct owns it is put right.",
    status_code=ACCEPTED,
    response_description="Accepted; the operations appear in the list as the feed is read.",
    responses=problems(NOT_FOUND, UNPROCESSABLE),
)
async def resync_object(
    context: Here, who: Operator, correlation_id: CorrelationId, object_name: ObjectName
) -> ResyncAnswer:
    """See the description."""
    await changes.resync(context, who.connection, CATALOGUE[object_name])
    return ResyncAnswer(object_name=object_name, correlation_id=correlation_id)
