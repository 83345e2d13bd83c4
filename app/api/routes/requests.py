"""What became of a request id."""

from typing import Annotated

from fastapi import APIRouter, Path

from app.api.auth import Viewer
from app.api.deps import CorrelationId, Here
from app.api.errors import NOT_FOUND, UNPROCESSABLE, not_found, problems
from app.api.schemas.model import RequestKey
from app.api.schemas.sync import RequestAnswer, request_out
from app.services import requests

router = APIRouter(tags=["sync"])


@router.get(
    "/v1/requests/{requestId:path}",
    operation_id="getRequest",
    summary="What became of a request id",
    description="For a caller whose own transaction was rolled back, or who gave up waiting.",
    response_description="The records of the request as they stand now.",
    responses=problems(NOT_FOUND, UNPROCESSABLE),
)
async def get_request(
    context: Here,
    who: Viewer,
    correlation_id: CorrelationId,
    request_id: Annotated[RequestKey, Path(alias="requestId", description="The Idempotency-Key or requestId.")],
) -> RequestAnswer:
    """See the description."""
    known = await requests.get(context, who.connection_id, request_id)
    if known is None:
        raise not_found("request id")
    return request_out(known, correlation_id)
