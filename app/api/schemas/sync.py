"""Wishes and what became of them: flat items, friendly to Flow."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.api.schemas.model import In, Line, Moment, Out, RequestKey
from app.services.items import Item
from app.services.operations import Synced
from app.services.requests import Request

CallerOrigin = Literal["button", "massTool", "flow", "apex", "schedule"]
State = Literal["queued", "running", "waiting", "held", "done", "cancelled"]
ResultName = Literal["created", "updated", "unchanged", "skipped", "blocked", "conflicted", "failed", "held"]

GivenId = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[ -~]*$")]
"""An id as a caller sends it; whether it is a Salesforce id is told per item."""

RequestedBy = Annotated[Line, Field(min_length=1, max_length=120, description="Who asked, for the history.")]
RequestId = Annotated[RequestKey, Field(description="Stable key of this request; see Idempotency-Key.")]


class SyncOptions(In):
    """Where a wish comes from. All of it may be left out."""

    origin: CallerOrigin = "apex"
    requested_by: RequestedBy | None = None
    request_id: RequestId | None = None


class SyncList(SyncOptions):
    """Up to 200 records of one object, answered in this order."""

    record_ids: Annotated[list[GivenId], Field(min_length=1, max_length=200)]


class SyncItem(Out):
    """One record that was asked for."""

    operation_id: Annotated[str | None, Field(description="Null when the wish was refused; the reason says why.")]
    object_name: str
    record_id: Annotated[str, Field(description="18 characters, or the text as given when the wish was refused.")]
    state: Annotated[State, Field(description="queued, running, waiting, held, done or cancelled.")]
    result: Annotated[
        ResultName | None,
        Field(description="created, updated, unchanged, skipped, blocked, conflicted, failed or held; null before."),
    ]
    reason: Annotated[str | None, Field(description="Why, as a stable word.")]
    message: Annotated[str, Field(description="Why, as a sentence.")]
    intacct_id: str | None
    error_code: Annotated[str | None, Field(description="The reason, where it is an error.")]
    retryable: Annotated[bool, Field(description="Whether it is tried again by itself.")]


class SyncAnswer(SyncItem):
    """The answer to a wish for one record."""

    replayed: Annotated[bool, Field(description="Whether this request id was answered before.")]
    request_id: str | None
    correlation_id: str


class SyncListAnswer(Out):
    """The answer to a wish for several records, in the order of the request."""

    items: list[SyncItem]
    replayed: Annotated[bool, Field(description="Whether this request id was answered before.")]
    request_id: str | None
    correlation_id: str


class ResyncAnswer(Out):
    """A whole object will be brought in step."""

    object_name: str
    correlation_id: str


class RequestAnswer(Out):
    """What became of a request id: its records as they stand now."""

    request_id: str
    finished: Annotated[bool, Field(description="Whether nothing more happens to any item by itself.")]
    items: list[SyncItem]
    accepted_at: Moment
    expires_at: Moment
    correlation_id: str


def _fields(item: Item) -> dict[str, object]:
    return {
        "operation_id": item.operation_id,
        "object_name": item.object,
        "record_id": item.record_id,
        "state": item.state,
        "result": item.result,
        "reason": item.reason,
        "message": item.message,
        "intacct_id": item.intacct_id,
        "error_code": item.error_code,
        "retryable": item.retryable,
    }


def item_out(item: Item) -> SyncItem:
    """An item as it is sent."""
    return SyncItem.model_validate(_fields(item))


def answer_out(synced: Synced, request_id: str | None, correlation_id: str) -> SyncAnswer:
    """The flat answer for the only item."""
    rest = {"replayed": synced.replayed, "request_id": request_id, "correlation_id": correlation_id}
    return SyncAnswer.model_validate(_fields(synced.items[0]) | rest)


def list_out(synced: Synced, request_id: str | None, correlation_id: str) -> SyncListAnswer:
    """The answer for all items."""
    return SyncListAnswer(
        items=[item_out(item) for item in synced.items],
        replayed=synced.replayed,
        request_id=request_id,
        correlation_id=correlation_id,
    )


def request_out(request: Request, correlation_id: str) -> RequestAnswer:
    """A remembered request as it is sent."""
    return RequestAnswer(
        request_id=request.request_id,
        finished=request.over,
        items=[item_out(item) for item in request.items],
        accepted_at=request.created_at,
        expires_at=request.expires_at,
        correlation_id=correlation_id,
    )
