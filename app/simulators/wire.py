"""Dropping connections: how a simulator breaks the wire instead of answering.

A handler raises `Dropped`. Over a socket the connection is aborted; in process (httpx.ASGITransport) the exception
travels to the caller, whose transport wrapper turns it into a connection error.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Dropped(Exception):
    """The connection ends here, without (the rest of) an answer."""


class DroppingWire:
    """Outermost ASGI layer: turns `Dropped` into an aborted socket, or cuts a body short with `truncate`."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except Dropped:
            transport = getattr(getattr(send, "__self__", None), "transport", None)  # uvicorn's RequestResponseCycle
            if transport is None:
                raise
            transport.abort()
