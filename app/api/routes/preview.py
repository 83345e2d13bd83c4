"""What a sync would do, without doing it."""

# ruff: noqa: FAST003 - path parameters are read through aliases: camelCase outside, snake_case here

from fastapi import APIRouter

from app.api.auth import Asker
from app.api.deps import CorrelationId, Here, ObjectName
from app.api.errors import BAD_REQUEST, NOT_FOUND, UNPROCESSABLE, UNSUPPORTED_MEDIA, problems
from app.api.schemas.preview import PreviewAnswer, PreviewList, preview_out
from app.services.preview import Asked, preview

router = APIRouter(tags=["records"])


@router.post(
    "/v1/preview/{objectName}",
    operation_id="previewRecords",
    summary="Show what a sync of up to 200 records would do",
    description="Runs the real sync over both sides without writing anything: per record the decision, each field with "
    "both values, and the exact requests. Its reads are billed.",
    response_description="The records in the order of the request; an id that is none fails alone.",
    responses=problems(BAD_REQUEST, NOT_FOUND, UNSUPPORTED_MEDIA, UNPROCESSABLE),
)
async def preview_records(
    context: Here, who: Asker, correlation_id: CorrelationId, object_name: ObjectName, wanted: PreviewList
) -> PreviewAnswer:
    """See the description."""
    asked = Asked(object_name, tuple(wanted.record_ids), wanted.origin, wanted.requested_by)
    return preview_out(object_name, await preview(context, who.connection, asked), correlation_id)
