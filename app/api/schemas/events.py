"""Events as they are answered."""

from typing import Annotated

from pydantic import Field

from app.api.schemas.model import Out
from app.services.events import Received


class EventAnswer(Out):
    """What followed from a message. It is stored, or was stored before."""

    outcome: Annotated[
        str,
        Field(
            description="wished: the record is read again. feedHinted: the object's feed is read soon. replayed: seen "
            "before, no effect. ownWrite, notLinked, notSynced, switchedOff: it concerns nothing here. unreadable: "
            "kept, without effect."
        ),
    ]
    object_name: Annotated[str | None, Field(description="The synced object it was about, where one was recognised.")]
    correlation_id: str


def event_out(done: Received, correlation_id: str) -> EventAnswer:
    """The answer as it is sent."""
    return EventAnswer(outcome=done.outcome, object_name=done.object_name, correlation_id=correlation_id)
