"""The org as an ASGI application: sockets and bytes on this side, the gateway's requests and replies on the other."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request as JsonRequest
from starlette.responses import JSONResponse
from starlette.routing import Route, Router

from app.simulators.clock import SimClock
from app.simulators.control import control_routes
from app.simulators.faults import FaultKind
from app.simulators.salesforce.call import Reply
from app.simulators.salesforce.flags import OrgFlags
from app.simulators.salesforce.gateway import Request
from app.simulators.salesforce.state import SalesforceState
from app.simulators.wire import DroppingWire, Receive, Scope, Send

SECRET_HEADERS = frozenset({"authorization", "cookie"})
SECRETS = re.compile(r"((?:client_secret|assertion|token|refresh_token)=)[^&]+")
LOGGED_BODY = 65_536


def sim_routes(state: SalesforceState) -> list[Route]:
    """Controls beyond those both simulators share: `GET /_sim/log`, `GET /_sim/ledger` and posts of plain JSON."""

    def posting(work: Any) -> Any:
        async def endpoint(request: JsonRequest) -> JSONResponse:
            try:
                raw = await request.body()
                return JSONResponse(work(orjson.loads(raw) if raw else {}))
            except KeyError as unknown:
                return JSONResponse({"error": f"unknown or missing {unknown.args[0]!r}"}, status_code=400)
            except (ValueError, TypeError) as wrong:
                return JSONResponse({"error": str(wrong)}, status_code=400)

        return endpoint

    async def log(_: JsonRequest) -> JSONResponse:
        return JSONResponse(list(state.org.log))

    async def ledger(_: JsonRequest) -> JSONResponse:
        return JSONResponse([{"seq": n, **entry} for n, entry in enumerate(state.org.ledger, 1)])

    def reset_meters(_: Any) -> dict[str, bool]:
        state.reset_meters()
        return {"reset": True}

    posts = {
        "delete": state.delete,
        "expire_sessions": state.expire_sessions,
        "hide": state.hide,
        "lock": state.lock,
        "long_transaction": state.open_transaction,
        "merge": state.merge,
        "purge": state.purge,
        "reset_meters": reset_meters,
        "schema": state.change_schema,
        "undelete": state.undelete,
    }
    return [
        Route("/_sim/log", log, methods=["GET"]),
        Route("/_sim/ledger", ledger, methods=["GET"]),
        *(Route(f"/_sim/{name}", posting(work), methods=["POST"]) for name, work in posts.items()),
    ]


def read_head(scope: Scope) -> Request:
    """The request but for its body. The path is cut from the raw path, since the decoded one has lost `%2F`."""
    headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
    prefix = scope.get("root_path", "")
    raw = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
    server = scope.get("server") or ("localhost", None)
    host = headers.get("host") or f"{server[0]}:{server[1]}"
    return Request(
        method=scope["method"],
        path=raw.removeprefix(prefix),
        query=scope.get("query_string", b"").decode("latin-1"),
        headers=headers,
        body=b"",
        base=f"{scope.get('scheme', 'http')}://{host}{prefix}",
    )


async def read_body(receive: Receive) -> bytes:
    """The whole body."""
    chunks, more = [], True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(chunks)


def encode(reply: Reply) -> tuple[bytes, str]:
    """Body bytes and content type of a reply."""
    if reply.body is None:
        return b"", ""
    if isinstance(reply.body, str):
        return reply.body.encode(), "text/html; charset=UTF-8"
    return orjson.dumps(reply.body), "application/json;charset=UTF-8"


class SalesforceSimulator:
    """One org behind ASGI. `state` is what tests control."""

    def __init__(self, state: SalesforceState, *, control: bool = True) -> None:
        self.state = state
        routes = [*control_routes(state), *sim_routes(state)]
        self._control = Router(routes, redirect_slashes=False) if control else None
        self._wire = DroppingWire(GZipMiddleware(self._dispatch, minimum_size=1000, compresslevel=1))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._wire(scope, receive, send)

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            request = read_head(scope)
            if self._control is not None and request.path.startswith("/_sim/"):
                await self._control(scope, receive, send)
            else:
                request.body = await read_body(receive)
                await self._serve(request, send)

    @staticmethod
    async def _lifespan(receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _serve(self, request: Request, send: Send) -> None:
        org = self.state.org
        entry = self._log(request)
        try:
            reply = await self.state.gateway.answer(request)
            entry["status"] = reply.status
            org.meters.by_status[reply.status] += 1
        finally:
            entry["tag"] = request.tag
            entry["fault"] = request.fault.kind.value if request.fault else None
        body, media = encode(reply)
        headers = dict(reply.headers)
        if request.fault is not None and request.fault.kind is FaultKind.TRUNCATED:
            body = body[: len(body) // 2]
        if media:
            headers["Content-Type"] = media
        if reply.status not in (204, 304):
            headers["Content-Length"] = str(len(body))
        pairs = [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()]
        await send({"type": "http.response.start", "status": reply.status, "headers": pairs})
        await send({"type": "http.response.body", "body": body})

    def _log(self, request: Request) -> dict[str, Any]:
        text = request.body[:LOGGED_BODY].decode("utf-8", "replace")
        entry: dict[str, Any] = {
            "at": self.state.clock.now().isoformat(),
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "headers": {k: "***" if k in SECRET_HEADERS else v for k, v in request.headers.items()},
            "body": SECRETS.sub(r"\1***", text) if "/oauth2/" in request.path else text,
            "status": None,
        }
        self.state.org.log.append(entry)
        return entry


def create_simulator(
    clock: SimClock | None = None,
    seed: int = 0,
    flags: OrgFlags | None = None,
    *,
    schemas: Iterable[Path] = (),
    jwt_public_key: str | None = None,
    control: bool = True,
) -> SalesforceSimulator:
    """A fresh org as an ASGI application.

    `schemas` are folders of further object schemas; `jwt_public_key` (PEM of a key or certificate) verifies the
    assertions of consumer key `client`; `control=False` leaves `/_sim/` out. Credentials: `client` / `secret`.
    """
    state = SalesforceState(clock or SimClock(), seed, flags or OrgFlags(), schemas, jwt_public_key)
    return SalesforceSimulator(state, control=control)
