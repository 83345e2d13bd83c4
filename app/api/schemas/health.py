"""Liveness and readiness as they are sent."""

from typing import Annotated, Literal

from pydantic import Field

from app.api.schemas.model import Out
from app.services.health import Readiness


class Alive(Out):
    """The process answers."""

    status: Literal["ok"]
    correlation_id: str


class CheckView(Out):
    """One thing that was looked at."""

    name: str
    ok: bool
    required: Annotated[bool, Field(description="Whether nothing can be synced without it.")]
    message: str
    advice: Annotated[str, Field(description="What to do; empty when it is ok.")]


class Ready(Out):
    """Whether work can be done for the connection of the key."""

    ready: bool
    checks: list[CheckView]
    correlation_id: str


def ready_out(known: Readiness, correlation_id: str) -> Ready:
    """Readiness as it is sent."""
    checks = [
        CheckView(name=one.name, ok=one.ok, required=one.required, message=one.message, advice=one.advice)
        for one in known.checks
    ]
    return Ready(ready=known.ready, checks=checks, correlation_id=correlation_id)
