"""A request's way through the org: faults, quota, session, latency, then the handler. No sockets, no records."""

import asyncio
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from app.simulators.faults import Fault, FaultKind
from app.simulators.salesforce import oauth, routes, verbs
from app.simulators.salesforce.call import Call, Reply, parse_query, split_path
from app.simulators.salesforce.errors import Refusal, refuse
from app.simulators.salesforce.guards import lock_refusal
from app.simulators.salesforce.org import Org
from app.simulators.wire import Dropped

LONGEST = 16_384
HTML = "<html><head><title>{status}</title></head><body><h1>{status}</h1><p>Unavailable</p></body></html>"
FORM = "application/x-www-form-urlencoded"
OAUTH = {
    ("services", "oauth2", "token"): "token",
    ("services", "oauth2", "introspect"): "introspect",
    ("services", "oauth2", "revoke"): "revoke",
}
HALTING = {FaultKind.ABORTED: "PROCESSING_HALTED", FaultKind.LOCK_ERROR: "UNABLE_TO_LOCK_ROW"}


@dataclass
class Request:
    """What came in. `path` is raw, without mount prefix; header names are lower case; `base` is the instance's URL."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    base: str
    tag: str = ""
    fault: Fault | None = None


def error(key: str, **how: Any) -> Reply:
    """The answer to a refused call."""
    wrong = refuse(key, **how)
    return Reply(wrong.status, wrong.as_rest())


class Gateway:
    """Answers the requests of one org. `keys` verify JWT assertions, by consumer key."""

    def __init__(self, org: Org, keys: dict[str, RSAPublicKey]) -> None:
        self._org, self._keys = org, keys

    async def answer(self, request: Request) -> Reply:
        """The reply to a request. Raises Dropped when a fault breaks the wire."""
        org = self._org
        org.meters.enter()
        try:
            segments = split_path(request.path)
            if too_long := self._too_long(request):
                return too_long
            if segments in OAUTH:
                return await self._oauth(request, OAUTH[segments])
            if segments == ("services", "data"):
                return self._versions(request)
            if segments[:2] == ("services", "data"):
                return await self._data(request, segments)
            return error("NOT_FOUND")
        finally:
            org.meters.leave()

    def _versions(self, request: Request) -> Reply:
        self._org.meters.by_verb["versions"] += 1
        if request.method != "GET":
            return error("METHOD_NOT_ALLOWED", method=request.method)
        return verbs.versions(self._org)

    @staticmethod
    def _too_long(request: Request) -> Reply | None:
        uri = len(request.path) + len(request.query) + 1
        if uri > LONGEST:
            return error("URI_TOO_LONG")
        if uri + sum(len(k) + len(v) + 4 for k, v in request.headers.items()) > LONGEST:
            return error("REQUEST_HEADER_FIELDS_TOO_LARGE")
        return None

    # --- tokens -----------------------------------------------------------------------------------------------------

    async def _oauth(self, request: Request, verb: str) -> Reply:
        org = self._org
        org.meters.by_verb[verb] += 1
        if request.method != "POST":
            return error("METHOD_NOT_ALLOWED", method=request.method)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
            return error("UNSUPPORTED_MEDIA_TYPE", type=request.headers.get("content-type", ""))
        self._draw(request, f"{verb}:")
        if stopped := await self._before(request):
            return stopped
        form = parse_query(request.body.decode("utf-8", "replace"))
        if verb == "token":
            reply = oauth.token(org, form, request.headers, request.base, self._keys)
        elif verb == "introspect":
            reply = oauth.introspect(org, form, request.headers)
        else:
            reply = oauth.revoke(org, form)
        return await self._after(request, reply)

    # --- data -------------------------------------------------------------------------------------------------------

    async def _data(self, request: Request, segments: tuple[str, ...]) -> Reply:
        org = self._org
        version = segments[2]
        if refused := self._version(version):
            return self._informed(refused)
        call = Call(request.method, version, segments[3:], parse_query(request.query), request.headers, request.body)
        try:
            match = routes.find(call)
        except Refusal as wrong:
            return self._admit(request) or self._counted(Reply(wrong.status, wrong.as_rest()))
        verb = match.endpoint.verb
        org.meters.by_verb[verb] += 1
        self._draw(request, routes.tag(org, call, match))
        org.meters.by_tag[request.tag] += 1
        if stopped := await self._before(request):
            return self._counted(stopped)
        base, per_row = self._delays(verb)
        if base:
            await asyncio.sleep(base)
        if refused := self._admit(request) or self._crowded():
            return refused
        reply = self._halted(request, call) if match.endpoint.writes else None
        reply = reply or self._perform(call)
        if per_row and reply.rows:
            await asyncio.sleep(per_row * reply.rows)
        return await self._after(request, self._counted(reply))

    def _perform(self, call: Call) -> Reply:
        try:
            return routes.perform(self._org, call)
        finally:
            self._org.store.commit()

    def _version(self, version: str) -> Reply | None:
        knobs = self._org.knobs
        number = version[1:].removesuffix(".0")
        if version[:1] != "v" or not version.endswith(".0") or not number.isdigit() or int(number) > knobs.max_version:
            return error("NOT_FOUND")
        return error("UNSUPPORTED_API_VERSION") if int(number) < knobs.min_version else None

    def _admit(self, request: Request) -> Reply | None:
        """Session and quota: the reply that turns the call away, or None."""
        org = self._org
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        session = org.sessions.find(token.strip()) if scheme.lower() in ("bearer", "oauth") else None
        if session is None:
            return self._counted(error("INVALID_SESSION_ID"))
        if org.quota.used() >= org.knobs.quota_max + org.knobs.quota_grace:
            return self._informed(error("REQUEST_LIMIT_EXCEEDED"))
        org.sessions.extend(session, org.knobs.session_seconds)
        return None

    def _crowded(self) -> Reply | None:
        cap = self._org.knobs.max_concurrent
        if cap and self._org.meters.concurrency > cap:
            return self._counted(error("REQUEST_LIMIT_EXCEEDED/concurrency"))
        return None

    def _counted(self, reply: Reply) -> Reply:
        """The reply after its call was counted, with the limit header."""
        self._org.quota.count()
        self._org.meters.calls += 1
        return self._informed(reply)

    def _informed(self, reply: Reply) -> Reply:
        knobs = self._org.knobs
        used = max(0, self._org.quota.used() - knobs.limit_info_lag)
        text = f"api-usage={used}/{knobs.quota_max}"
        if knobs.per_app_usage:
            text += f"; per-app-api-usage={used}/{knobs.quota_max}(appName={oauth.CLIENT_ID})"
        reply.headers["Sforce-Limit-Info"] = text
        return reply

    def _delays(self, verb: str) -> tuple[float, float]:
        base, per_row, jitter = self._org.knobs.latency_of(verb)
        if not (base or per_row):
            return 0.0, 0.0
        share = 1 + jitter * (2 * self._org.random.random() - 1)
        return base * share, per_row * share

    # --- faults -----------------------------------------------------------------------------------------------------

    def _draw(self, request: Request, tag: str) -> None:
        request.tag = tag
        request.fault = self._org.faults.draw(tag)
        if request.fault is not None:
            self._org.meters.faults[request.fault.kind.value] += 1

    async def _before(self, request: Request) -> Reply | None:
        """What a fault does before the call is carried out: delay, drop, or answer in its stead."""
        fault = request.fault
        if fault is None:
            return None
        if fault.kind is FaultKind.LATENCY:
            await asyncio.sleep(fault.seconds)
        elif fault.kind is FaultKind.RESET_BEFORE_COMMIT:
            raise Dropped
        elif fault.kind is FaultKind.SESSION_EXPIRED:
            self._org.sessions.end(request.headers.get("authorization", "").partition(" ")[2].strip())
        elif fault.kind is FaultKind.RATE_LIMIT:
            return self._rate_limit(fault)
        elif fault.kind is FaultKind.SERVER_ERROR and not fault.after_commit:
            return self._gateway_error(fault)
        return None

    async def _after(self, request: Request, reply: Reply) -> Reply:
        """What a fault does once the call was carried out: hold and drop, drop, replace, or cut the answer."""
        fault = request.fault
        if fault is None:
            return reply
        if fault.kind is FaultKind.TIMEOUT_AFTER_COMMIT:
            await asyncio.sleep(fault.seconds)
            raise Dropped
        if fault.kind is FaultKind.RESET_AFTER_COMMIT:
            raise Dropped
        if fault.kind is FaultKind.SERVER_ERROR and fault.after_commit:
            return self._gateway_error(fault)
        return reply

    def _rate_limit(self, fault: Fault) -> Reply:
        if fault.retry_after is not None:
            reply = error("TOO_MANY_REQUESTS")
            reply.headers["Retry-After"] = str(fault.retry_after)
            return reply
        crowded = self._org.knobs.rate_limit_text == "concurrency"
        return error("REQUEST_LIMIT_EXCEEDED/concurrency" if crowded else "REQUEST_LIMIT_EXCEEDED")

    def _gateway_error(self, fault: Fault) -> Reply:
        if self._org.knobs.gateway_body == "json":
            return error("SERVER_UNAVAILABLE", status=fault.status)
        return Reply(fault.status, HTML.format(status=fault.status))

    def _halted(self, request: Request, call: Call) -> Reply | None:
        """The answer of a write that a planned halt or lock keeps from being carried out, in the shape of its verb."""
        if request.fault is None or request.fault.kind not in HALTING:
            return None
        kind = request.tag.partition(":")[2].partition(",")[0]
        wrong = refuse(HALTING[request.fault.kind])
        if request.fault.kind is FaultKind.LOCK_ERROR:
            wrong = lock_refusal(self._org, kind)
        return routes.refuse_all(call, request.tag.partition(":")[0], wrong)
