"""What Intacct posts to us: Smart Events with an API key, platform webhooks with their signature."""

from typing import Any

from fastapi import APIRouter, Request

from app.api import webhook
from app.api.auth import Poster
from app.api.deps import CorrelationId, TheHouse
from app.api.errors import BAD_REQUEST, UNPROCESSABLE, UNSUPPORTED_MEDIA, problems
from app.api.schemas.events import EventAnswer, event_out
from app.services import events

router = APIRouter(tags=["sync"])

ANYTHING: dict[str, Any] = {
    "requestBody": {
        "description": "As the administrator wrote it in Intacct: a JSON object or a form with object, recordno or id, "
        "and event. Anything else is kept and has no effect.",
        "required": False,
        "content": {"application/json": {"schema": {}}, "application/x-www-form-urlencoded": {"schema": {}}},
    }
}


@router.post(
    "/v1/events/intacct",
    operation_id="receiveIntacctEvent",
    summary="Tell that a record changed in Intacct",
    description="A hint: the record is read again. Either with an API key (Smart Events), or with the signature of a "
    "platform webhook, which is proved with the OAuth client's secret of the connection to that company. Answered as "
    "soon as it is stored; a message that comes again within 48 hours has no second effect.",
    response_description="Stored.",
    responses=problems(BAD_REQUEST, UNSUPPORTED_MEDIA, UNPROCESSABLE),
    openapi_extra=ANYTHING,
)
async def receive_intacct_event(
    request: Request, house: TheHouse, connection: Poster, correlation_id: CorrelationId
) -> EventAnswer:
    """See the description."""
    notice = webhook.notice_of(request.headers, await request.body())
    return event_out(await events.receive(house.context, connection, notice), correlation_id)
