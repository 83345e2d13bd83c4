"""The gateway of REST v1: one HTTP request in, one reply (or a broken wire) out.

Order as at the XML gateway: fault of the request, rate, slot in line, latency, token, idempotency, work, answer.
Delays are `asyncio.sleep`; everything between two of them is one instant.
"""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from app.simulators.faults import Fault, FaultKind
from app.simulators.intacct.execution import FUNCTION_FAULTS, Books
from app.simulators.intacct.gateway import DROPPED, REQUEST_FAULTS, Gateway, Reply, error_page, forced_reply
from app.simulators.intacct.meters import OverCap
from app.simulators.intacct.requestlog import RequestLog
from app.simulators.intacct.rest import errors
from app.simulators.intacct.rest.errors import RestRefused
from app.simulators.intacct.rest.idempotency import Answer, Keys
from app.simulators.intacct.rest.service import Call, Service
from app.simulators.intacct.rest.tokens import Tokens

JSON = "application/json; charset=UTF-8"
PREFIX = "/ia/api/v1/"
REPEATABLE = ("POST", "PATCH")
RECORD_FAULTS = tuple(kind for kind in FUNCTION_FAULTS if kind is not FaultKind.NO_STATUS)


@dataclass(frozen=True)
class Request:
    """One request as it came in. Header names are lower-case; `path` stands below the prefix."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class RestGateway:
    """Answers requests from the books it is given; limits and the line of waiting are the XML gateway's."""

    def __init__(self, books: Books, xml: Gateway, tokens: Tokens, log: RequestLog) -> None:
        self._books, self._xml, self._tokens, self._log = books, xml, tokens, log
        self.keys = Keys(books.company.clock)
        self._service = Service(books, xml.support_id)

    async def answer(self, request: Request) -> Reply:
        """The reply. The work goes on when the caller gives up waiting, as the vendor's does."""
        return await asyncio.shield(asyncio.ensure_future(self._counted(request)))

    async def _counted(self, request: Request) -> Reply:
        self._books.meters.arrived()
        try:
            return await self._answer(request)
        finally:
            self._books.meters.left()

    async def _answer(self, request: Request) -> Reply:
        body = _read(request)
        tag = self._service.tag(request.method, request.path, body)
        entry = self._log.note_call(request.method, request.path, tag, request.headers, body)
        fault = self._books.faults.draw(tag, REQUEST_FAULTS)
        forced = self._books.forced.reply(tag)
        try:
            reply = await self._faulty(request, body, tag, fault, forced.execute if forced is not None else True)
        except RestRefused as refused:
            reply = self._refusal(refused)
        if forced is not None and forced.reply is not None:
            reply = forced_reply(forced.reply)
        entry["answer"] = "dropped" if reply.dropped else reply.status
        return reply

    async def _faulty(self, request: Request, body: Any, tag: str, fault: Fault | None, wanted: bool) -> Reply:
        kind = fault.kind if fault is not None else None
        if kind is FaultKind.RESET_BEFORE_COMMIT or not wanted:
            return DROPPED
        if kind is FaultKind.RATE_LIMIT or not self._xml.window.admits():
            raise _rate_limited(fault)
        if fault is not None and kind is FaultKind.SERVER_ERROR and not fault.after_commit:
            return error_page(fault.status)
        if kind is FaultKind.SESSION_EXPIRED:
            self._tokens.end_all()
        late = fault.seconds if fault is not None and kind is FaultKind.LATENCY else 0.0
        reply = await self._admitted(request, body, tag, late)
        if fault is None:
            return reply
        if kind is FaultKind.TIMEOUT_AFTER_COMMIT:
            await asyncio.sleep(fault.seconds)
            return DROPPED
        if kind is FaultKind.RESET_AFTER_COMMIT:
            return DROPPED
        if kind is FaultKind.SERVER_ERROR:
            return error_page(fault.status)
        if kind is FaultKind.TRUNCATED:
            reply.body = reply.body[: len(reply.body) // 2]
        return reply

    async def _admitted(self, request: Request, body: Any, tag: str, late: float) -> Reply:
        try:
            await self._xml.line.enter()
        except OverCap as over:
            raise errors.gateway(429, "GW-0010", "Too many concurrent requests for this company.") from over
        try:
            key = request.headers.get("idempotency-key", "") if self._repeatable(request) else ""
            call = None
            if not request.path.startswith("oauth2/"):
                call = self._call(request, body, tag, key)
            answer = self.keys.begin(key, _fingerprint(request)) if key else None
            try:
                await self._xml.pause(1, late)
                answer = answer or self._work(call, request, body)
            except BaseException:
                self.keys.forget(key)
                raise
            if key and "x-ia-idempotency-cached-date" not in answer.headers:
                answer.headers["Idempotency-Key"] = key
                self.keys.done(key, answer)
        finally:
            self._xml.line.leave()
        return self._reply(answer)

    def _repeatable(self, request: Request) -> bool:
        return request.method in REPEATABLE and request.path.startswith("objects/")

    def _call(self, request: Request, body: Any, tag: str, key: str) -> Call:
        names = ["x-ia-api-param-entity"]
        if self._books.knobs["rest_entity_header"] == "both":
            names.append("x-ia-api-paramentity")
        entity = next((request.headers[name] for name in names if request.headers.get(name)), "")
        caller = self._tokens.caller(request.headers.get("authorization", ""), entity)
        fault = self._books.faults.draw(tag, RECORD_FAULTS)
        atomic = request.headers.get("x-ia-api-param-transaction", "").lower() == "true"
        return Call(caller, request.method, request.path, request.query, body, key, atomic, fault)

    def _work(self, call: Call | None, request: Request, body: Any) -> Answer:
        """The answer; refusals of the application are answers too, and are kept for replay like any other."""
        if call is None:
            return self._oauth(request, body)
        try:
            return self._service.answer(call)
        except RestRefused as refused:
            return Answer(refused.status, self._error(refused), dict(refused.headers))

    def _oauth(self, request: Request, body: Any) -> Answer:
        if request.method != "POST" or not isinstance(body, dict):
            raise errors.gateway(400, "GW-0015", "required attribute missing")
        if request.path == "oauth2/token":
            return Answer(200, self._tokens.grant(body), {})
        if request.path == "oauth2/revoke":
            self._tokens.revoke(str(body.get("token") or ""))
            return Answer(200, {}, {})
        raise errors.unknown_object(request.path)

    def _error(self, refused: RestRefused) -> Any:
        support_id = self._xml.support_id()
        if refused.gateway:
            error = {"code": refused.code, "message": refused.message, "details": {"requestId": support_id}}
            bare = self._books.knobs["rest_gateway_error"] == "bare"
            return {"error": error} if bare else {"ia::error": error}
        return {"ia::result": {"ia::error": refused.error(support_id)}, "ia::meta": _none()}

    def _refusal(self, refused: RestRefused) -> Reply:
        return self._reply(Answer(refused.status, self._error(refused), dict(refused.headers)))

    def _reply(self, answer: Answer) -> Reply:
        body = b"" if answer.body is None else json.dumps(answer.body, ensure_ascii=False).encode()
        remaining = str(self._xml.window.left())
        headers = {"X-IA-Throttle-Limit-Remaining": remaining, "X-IA-Minute-Rate-Limit-Remaining": remaining}
        return Reply(body, answer.status, JSON, {**headers, **answer.headers})


def _read(request: Request) -> Any:
    """The body as JSON or, at the token endpoint, as a form; None when it is neither."""
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(request.body.decode("utf-8", "replace")))
    try:
        return json.loads(request.body) if request.body else None
    except ValueError:
        return None


def _fingerprint(request: Request) -> str:
    return f"{request.method} {request.path} {hashlib.sha256(request.body).hexdigest()}"


def _rate_limited(fault: Fault | None) -> RestRefused:
    headers = {}
    if fault is not None and fault.retry_after is not None:
        headers = {"X-IA-Throttle-Limit-RetryAfter": str(fault.retry_after)}
    return errors.gateway(429, "GW-0010", "API rate limit exceeded.", headers)


def _none() -> dict[str, int]:
    return {"totalCount": 1, "totalSuccess": 0, "totalError": 1}
