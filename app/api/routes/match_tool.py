"""First link-up: unlinked records with proposed twins, and what a person decides about them."""

# ruff: noqa: FAST003 - path parameters are read through aliases: camelCase outside, snake_case here

from fastapi import APIRouter

from app.api.auth import Operator
from app.api.deps import CorrelationId, Here, ObjectName, RecordId
from app.api.errors import ACCEPTED, BAD_REQUEST, CONFLICT, NOT_FOUND, UNPROCESSABLE, UNSUPPORTED_MEDIA, problems
from app.api.schemas.mass_runs import condition_of
from app.api.schemas.match_tool import (
    CopyAnswer,
    CopyWish,
    LinkWish,
    MatchPage,
    MatchQuery,
    ReviewAnswer,
    ReviewMark,
    page_out,
)
from app.api.schemas.records import RecordView, record_out
from app.api.schemas.sync import item_out
from app.domain.records import System
from app.objects import CATALOGUE
from app.services import hand_links, match_tool, records

router = APIRouter(tags=["mass tools"])

ERRORS = problems(BAD_REQUEST, NOT_FOUND, CONFLICT, UNSUPPORTED_MEDIA, UNPROCESSABLE)


@router.post(
    "/v1/match/{objectName}",
    operation_id="matchRecords",
    summary="Unlinked records with their possible twins",
    description="Salesforce records without a twin, page by page, each with the Intacct records that agree in our key, "
    "the id or the name. Records set aside as reviewed are left out unless asked for. Nothing is linked.",
    response_description="One page, and how many records of both sides have no twin.",
    responses=ERRORS,
)
async def match_records(
    context: Here, who: Operator, correlation_id: CorrelationId, object_name: ObjectName, wanted: MatchQuery
) -> MatchPage:
    """See the description."""
    found = await match_tool.matches(
        context,
        who.connection,
        CATALOGUE[object_name],
        condition_of(wanted),
        after=wanted.after or "",
        size=wanted.page_size,
        with_reviewed=wanted.with_reviewed,
    )
    return page_out(object_name, found, correlation_id)


@router.post(
    "/v1/records/{objectName}/{recordId}/link",
    operation_id="linkRecord",
    summary="Link a record with its twin by hand",
    description="Both records stay as they are until the next sync. A twin that is taken is refused.",
    response_description="The record as we know it now.",
    responses=ERRORS,
)
async def link_record(
    context: Here,
    who: Operator,
    correlation_id: CorrelationId,
    object_name: ObjectName,
    record_id: RecordId,
    wanted: LinkWish,
) -> RecordView:
    """See the description."""
    declared = CATALOGUE[object_name]
    await hand_links.link(context, who.connection, declared, record_id, wanted.intacct_key, who.key.id)
    known = await records.explain(context, who.connection_id, object_name, record_id)
    return record_out(object_name, record_id, known, correlation_id)


@router.post(
    "/v1/records/{objectName}/{recordId}/copy",
    operation_id="copyRecordFields",
    summary="Copy chosen fields of a linked record to one side",
    description="The named fields take the value of the other side with the sync that follows at once. All other "
    "fields follow their rules as in every sync.",
    status_code=ACCEPTED,
    response_description="The sync that carries them.",
    responses=ERRORS,
)
async def copy_record_fields(
    context: Here,
    who: Operator,
    correlation_id: CorrelationId,
    object_name: ObjectName,
    record_id: RecordId,
    wanted: CopyWish,
) -> CopyAnswer:
    """See the description."""
    item = await hand_links.copy_fields(
        context,
        who.connection,
        CATALOGUE[object_name],
        record_id,
        wanted.fields,
        System(wanted.copy_to),
        by=who.key.id,
        requested_by=wanted.requested_by,
        correlation_id=correlation_id,
    )
    return CopyAnswer.model_validate({**item_out(item).model_dump(), "correlation_id": correlation_id})


@router.post(
    "/v1/records/{objectName}/{recordId}/review",
    operation_id="reviewRecord",
    summary="Set a record of the match tool aside",
    description="It is left out of the pages from then on, until it is taken out again.",
    response_description="The mark as it stands.",
    responses=problems(BAD_REQUEST, NOT_FOUND, UNSUPPORTED_MEDIA, UNPROCESSABLE),
)
async def review_record(
    context: Here,
    who: Operator,
    correlation_id: CorrelationId,
    object_name: ObjectName,
    record_id: RecordId,
    mark: ReviewMark,
) -> ReviewAnswer:
    """See the description."""
    await hand_links.review(context, who.connection_id, object_name, record_id, who.key.id, done=mark.reviewed)
    return ReviewAnswer(
        object_name=object_name, record_id=record_id, reviewed=mark.reviewed, correlation_id=correlation_id
    )
