"""The caller's request id: from the header Idempotency-Key, bare or quoted, or from the body (Flow has no headers)."""

from typing import Annotated

from fastapi import Header

from app.domain.errors import Kind, SyncError

_CHARACTERS = r"[!#-\[\]-~]{1,255}"

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=rf'^("{_CHARACTERS}"|{_CHARACTERS})$',
        description="Stable key of this request, bare or in double quotes; the same as requestId in the body. "
        "Kept for 7 days: a repeat gets the first answer, and nothing happens twice.",
    ),
]


def request_id_of(header: str | None, body: str | None) -> str | None:
    """The one request id of a request. Raises SyncError DATA `request_id_conflict` for two different ones."""
    bare = header.strip('"') if header is not None else None
    if bare is not None and body is not None and bare != body:
        raise SyncError(
            Kind.DATA,
            "request_id_conflict",
            "Idempotency-Key and requestId differ.",
            "Send one of them, or the same in both.",
            field="requestId",
        )
    return bare if bare is not None else body
