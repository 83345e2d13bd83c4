"""The wire: routes of the XML gateway, of REST v1 and of the control plane, and the broken connections.

A router rather than an application: the latter would answer 500 before a dropped connection is dropped.
"""

from typing import Any

from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router

from app.simulators.clock import SimClock
from app.simulators.control import control_routes
from app.simulators.intacct.rest import gateway as rest
from app.simulators.intacct.rest.gateway import PREFIX
from app.simulators.intacct.state import IntacctState
from app.simulators.wire import Dropped, DroppingWire, Receive, Scope, Send

GATEWAY_PATH = "/ia/xml/xmlgw.phtml"
ACCEPTED = ("application/xml", "text/xml", "x-intacct-xml-request")


class IntacctSimulator:
    """The ASGI application; `state` is what tests read and set."""

    def __init__(self, state: IntacctState) -> None:
        self.state = state
        routes = [
            Route(GATEWAY_PATH, self._gateway, methods=["POST"]),
            Route(f"{PREFIX}{{path:path}}", self._rest, methods=["GET", "POST", "PATCH", "DELETE"]),
            *control_routes(state),
            *_own_routes(state),
        ]
        self._app = DroppingWire(GZipMiddleware(Router(routes), minimum_size=1000))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    async def _gateway(self, request: Request) -> Response:
        media = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if media not in ACCEPTED:
            return Response("unsupported content type", 415, media_type="text/plain")
        endpoint = f"{request.url.scheme}://{request.headers.get('host', '')}{request.scope.get('root_path', '')}"
        reply = await self.state.gateway.answer(await request.body(), endpoint + GATEWAY_PATH)
        if reply.dropped:
            raise Dropped
        return Response(reply.body, reply.status, {**reply.headers, "content-type": reply.media})

    async def _rest(self, request: Request) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        path, query = request.path_params["path"], dict(request.query_params)
        asked = rest.Request(request.method, path, query, headers, await request.body())
        reply = await self.state.rest.answer(asked)
        if reply.dropped:
            raise Dropped
        content = {"content-type": reply.media} if reply.body else {}
        return Response(reply.body, reply.status, {**reply.headers, **content})


def _own_routes(state: IntacctState) -> list[Route]:
    async def log(_: Request) -> Response:
        return JSONResponse(state.log.describe())

    async def ledger(_: Request) -> Response:
        return JSONResponse(state.ledger.describe())

    async def deliveries(_: Request) -> Response:
        return JSONResponse(state.deliveries())

    async def answers(request: Request) -> Response:
        try:
            body: Any = await request.json()
            state.forced.add(body if isinstance(body, list) else [body])
        except ValueError as wrong:
            return JSONResponse({"error": str(wrong)}, status_code=400)
        return JSONResponse({"planned": len(state.forced.plan)})

    async def cashbook(_: Request) -> Response:
        return JSONResponse(state.company.cashbook.describe())

    async def reversal(request: Request) -> Response:
        """Somebody reverses a payment in Intacct itself."""
        try:
            state.reverse_payment(int((await request.json())["recordno"]))
        except (KeyError, TypeError, ValueError) as wrong:
            return JSONResponse({"error": str(wrong)}, status_code=400)
        return JSONResponse({"reversed": True})

    return [
        Route("/_sim/cashbook", cashbook, methods=["GET"]),
        Route("/_sim/reversals", reversal, methods=["POST"]),
        Route("/_sim/log", log, methods=["GET"]),
        Route("/_sim/ledger", ledger, methods=["GET"]),
        Route("/_sim/deliveries", deliveries, methods=["GET"]),
        Route("/_sim/answers", answers, methods=["POST"]),
    ]


def create_simulator(clock: SimClock | None = None, seed: int = 0) -> IntacctSimulator:
    """A fresh company: credentials `sender`/`secret`, company `demo`, user `api`/`secret`, entities E100 and E200.

    REST v1 takes the client id `client` with the secret `secret`.
    """
    return IntacctSimulator(IntacctState(clock or SimClock(), seed))
