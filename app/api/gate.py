"""The gate every request passes: correlation id, size of the body, and the last net under all routes.

Plain ASGI, because what fails here must still be answered with a Problem. Nothing is authorised here.
"""

import re
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import telemetry
from app.api.errors import answer, problem_of, unavailable, unexpected
from app.domain.errors import Kind, SyncError
from app.services.health import OUTAGES

HEADER = "X-Correlation-Id"
LARGEST_BODY = 1024 * 1024
"""Bytes. 200 ids take 5 kB."""

_SANE = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
_log = telemetry.log("api")


class Gate:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, *, new_id: Callable[[], str]) -> None:
        self._app = app
        self._new_id = new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get(HEADER, "")
        correlation_id = given if _SANE.fullmatch(given) else self._new_id()
        scope["state"] = {**scope.get("state", {}), "correlation_id": correlation_id}
        reply = _Reply(send, correlation_id)
        with telemetry.bound(correlation_id=correlation_id):
            try:
                body = await _whole_body(headers, receive)
                await self._app(scope, _replay(body, receive), reply.send)
            except Exception as error:
                if reply.started:
                    raise
                problem = problem_of(_said(error), correlation_id)
                await answer(problem)(scope, receive, reply.send)


class _Reply:
    """The way out: remembers whether an answer has begun and names the correlation id on it."""

    def __init__(self, send: Send, correlation_id: str) -> None:
        self._send, self._correlation_id = send, correlation_id
        self.started = False

    async def send(self, message: Message) -> None:
        """Pass a message on."""
        if message["type"] == "http.response.start":
            self.started = True
            MutableHeaders(scope=message)[HEADER] = self._correlation_id
        await self._send(message)


def _said(error: Exception) -> SyncError:
    if isinstance(error, SyncError):
        return error
    if isinstance(error, OUTAGES):
        _log.warning("database_unavailable", error=type(error).__name__)
        return unavailable()
    _log.error("unexpected", exc_info=error)
    return unexpected()


async def _whole_body(headers: Headers, receive: Receive) -> bytes:
    """The body, read up to the limit. Raises SyncError DATA `body_too_large`."""
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > LARGEST_BODY:
        raise _too_large()
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            break
        parts.append(message.get("body", b""))
        size, more = size + len(parts[-1]), message.get("more_body", False)
        if size > LARGEST_BODY:
            raise _too_large()
    return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body once more, in one piece, then whatever the client does next."""
    pending = [body]

    async def following() -> Message:
        if pending:
            return {"type": "http.request", "body": pending.pop(), "more_body": False}
        return await receive()

    return following


def _too_large() -> SyncError:
    return SyncError(
        Kind.DATA, "body_too_large", f"The body is larger than {LARGEST_BODY} bytes.", "Send less at once."
    )
