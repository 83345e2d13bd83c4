"""The gateway: one HTTP body in, one reply (or a broken wire) out.

Order: fault of the request, parsing, sender, slot in line, latency, caller, functions, answer. Delays are
`asyncio.sleep`; everything between two of them is one instant.
"""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

from app.simulators.faults import Fault, FaultKind
from app.simulators.intacct import errors
from app.simulators.intacct.envelope import ASYNC_LIMIT, Control, Envelope, parse_document, read_control, read_envelope
from app.simulators.intacct.errors import EnvelopeRefused, VendorError
from app.simulators.intacct.execution import FUNCTION_FAULTS, Books, Job, execute, finish, rows_in, start
from app.simulators.intacct.meters import Line, OverCap, RateWindow
from app.simulators.intacct.requestlog import RequestLog
from app.simulators.intacct.results import Answers, Result
from app.simulators.intacct.sessions import Session

XML = "text/xml; charset=UTF-8"
HTML = "text/html; charset=UTF-8"
REQUEST_FAULTS = tuple(kind for kind in FaultKind if kind not in (*FUNCTION_FAULTS, FaultKind.READ_LAG))
ERROR_PAGE = (
    "<!DOCTYPE html><html><head><title>{status}</title></head><body>"
    '<div class="cf-error-details"><h1>Error {status}</h1><p>The web server reported an error.</p></div></body></html>'
)


@dataclass
class Reply:
    """An HTTP answer; `dropped` breaks the connection instead."""

    body: bytes = b""
    status: int = 200
    media: str = XML
    headers: dict[str, str] = field(default_factory=dict)
    dropped: bool = False


DROPPED = Reply(dropped=True)


@dataclass
class Delivery:
    """A response of an asynchronous request, as it is POSTed to the policy's address."""

    policyid: str
    url: str
    body: str


class Gateway:
    """Answers requests from the books it is given."""

    def __init__(self, books: Books, answers: Answers, log: RequestLog, seed: int) -> None:
        self._books, self._answers, self._log, self._knobs = books, answers, log, books.knobs
        self.line = Line(books.knobs, books.meters)
        self.window = RateWindow(books.knobs, books.company.clock)
        self._jitter = random.Random(f"latency-{seed}")
        self._offline: set[asyncio.Task[None]] = set()
        self.deliveries: list[Delivery] = []
        self.support_id = answers.support_id

    async def answer(self, body: bytes, endpoint: str) -> Reply:
        """The reply to one request. The work goes on when the caller gives up waiting, as the vendor's does."""
        work = asyncio.ensure_future(self._counted(body, endpoint))
        return await asyncio.shield(work)

    async def _counted(self, body: bytes, endpoint: str) -> Reply:
        self._books.meters.arrived()
        try:
            return await self._answer(body, endpoint)
        finally:
            self._books.meters.left()

    async def _answer(self, body: bytes, endpoint: str) -> Reply:
        control = Control()
        try:
            root = parse_document(body)
            control = read_control(root)
            envelope = read_envelope(root, control, len(body))
        except EnvelopeRefused as refused:
            self._log.note(len(body), None)["answer"] = refused.error.errorno
            return self._refusal(control, refused)
        entry = self._log.note(len(body), envelope)
        tags = " ".join(function.tag for function in envelope.functions)
        fault = self._books.faults.draw(tags, REQUEST_FAULTS)
        forced = self._books.forced.reply(tags)
        try:
            reply = await self._faulty(envelope, endpoint, fault, forced.execute if forced is not None else True)
        except EnvelopeRefused as refused:
            reply = self._refusal(control, refused)
        except OverCap:
            reply = self._over_cap()
        if forced is not None and forced.reply is not None:
            reply = forced_reply(forced.reply)
        entry["answer"] = "dropped" if reply.dropped else reply.status
        return reply

    # -- faults of the whole request ----------------------------------------------------------------------------------

    async def _faulty(self, envelope: Envelope, endpoint: str, fault: Fault | None, wanted: bool) -> Reply:
        kind = fault.kind if fault is not None else None
        if kind is FaultKind.RESET_BEFORE_COMMIT or not wanted:
            return DROPPED
        if kind is FaultKind.RATE_LIMIT or not self.window.admits():
            return self._rate_limited(fault)
        if fault is not None and kind is FaultKind.SERVER_ERROR and not fault.after_commit:
            return error_page(fault.status)
        if kind is FaultKind.SESSION_EXPIRED:
            self._books.sessions.end_all()
        late = fault.seconds if fault is not None and kind is FaultKind.LATENCY else 0.0
        reply = await self._admitted(envelope, endpoint, late)
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

    # -- the work -----------------------------------------------------------------------------------------------------

    async def _admitted(self, envelope: Envelope, endpoint: str, late: float) -> Reply:
        control, sessions = envelope.control, self._books.sessions
        sessions.check_sender(control.sender, control.password)
        if self._knobs["company_expired"]:
            raise EnvelopeRefused(errors.EXPIRED_COMPANY)
        if envelope.login is not None and envelope.session is not None and self._knobs["login_and_session"] == "refuse":
            raise EnvelopeRefused(errors.broken_xml("authentication takes either login or sessionid"))
        if control.policyid:
            return self._accept_offline(envelope, endpoint)
        _, body, media = await self._work(envelope, endpoint, late)
        return Reply(body, media=media)

    async def _work(self, envelope: Envelope, endpoint: str, late: float = 0.0) -> tuple[list[Result], bytes, str]:
        await self.line.enter()
        try:
            session = self._caller(envelope)
            job = start(self._books, envelope, session, endpoint)
            results: list[Result] = []
            try:
                await self.pause(len(envelope.functions), late)
                results = execute(self._books, job)
            finally:
                finish(self._books, job, results)
            await self._pause_rows(results)
        finally:
            self.line.leave()
        return results, *self._written(envelope.control, job, results)

    def _caller(self, envelope: Envelope) -> Session:
        sender = envelope.control.sender
        if envelope.session is not None:
            return self._books.sessions.resume(envelope.session, sender)
        if envelope.login is None:
            raise EnvelopeRefused(errors.BAD_LOGIN, "authentication")
        return self._books.sessions.sign_in(envelope.login, sender)

    async def pause(self, functions: int, late: float) -> None:
        """Take the time the latency knobs say, and `late` seconds more."""
        seconds = self._knobs["latency_base_s"] + functions * self._knobs["latency_function_s"]
        seconds *= 1 + self._knobs["latency_jitter"] * self._jitter.random()
        if seconds + late > 0:
            await asyncio.sleep(seconds + late)

    async def _pause_rows(self, results: list[Result]) -> None:
        per_row = self._knobs["latency_row_s"]
        if per_row:
            await asyncio.sleep(per_row * rows_in(results))

    def _written(self, control: Control, job: Job, results: list[Result]) -> tuple[bytes, str]:
        if len(results) == 1 and results[0].naked is not None and results[0].status == "success":
            return results[0].naked.encode(), "text/plain; charset=UTF-8"
        minimal = self._knobs["authentication_block"] == "minimal"
        return self._answers.response(control, job.session, results, minimal), XML

    def _accept_offline(self, envelope: Envelope, endpoint: str) -> Reply:
        policy = envelope.control.policyid
        if policy not in self._knobs["policies"]:
            raise EnvelopeRefused(errors.unknown_policy(policy))
        if envelope.size > ASYNC_LIMIT:
            raise EnvelopeRefused(errors.broken_xml(f"asynchronous requests take at most {ASYNC_LIMIT} characters"))
        task = asyncio.ensure_future(self._deliver(envelope, endpoint, policy))
        self._offline.add(task)
        task.add_done_callback(self._offline.discard)
        return Reply(self._answers.acknowledgement(envelope.control))

    async def _deliver(self, envelope: Envelope, endpoint: str, policy: str) -> None:
        try:
            _, body, _ = await self._work(envelope, endpoint)
        except EnvelopeRefused as refused:
            body = self._refusal(envelope.control, refused).body
        except OverCap:
            body = self._over_cap().body
        self.deliveries.append(Delivery(policy, self._knobs["policies"][policy], body.decode()))

    # -- refusals -----------------------------------------------------------------------------------------------------

    def _refusal(self, control: Control, refused: EnvelopeRefused) -> Reply:
        if refused.position == "authentication":
            if refused.http == 401:
                return Reply(b'{"error":"Unauthorized"}', 401, "application/json")
            return Reply(self._answers.authentication_failure(control, refused.error))
        if (refused.error.errorno or "").startswith("GW-"):
            return Reply(self._answers.gateway_fault(refused.error), refused.http)
        echo = self._knobs["control_echo_on_failure"] == "full"
        return Reply(self._answers.control_failure(control, refused.error, echo), refused.http)

    def _rate_limited(self, fault: Fault | None) -> Reply:
        headers = {}
        if fault is not None and fault.retry_after is not None:
            headers["Retry-After"] = str(fault.retry_after)
        shape = self._knobs["rate_reply"]
        if shape == "xml_429":
            return Reply(self._answers.gateway_fault(errors.RATE_LIMITED), 429, XML, headers)
        body = b'{"message":"API rate limit exceeded"}'
        return Reply(body, 429 if shape == "json_429" else 200, "application/json", headers)

    def _over_cap(self) -> Reply:
        reply = self._knobs["over_cap_reply"]
        if reply == "queue_error":
            error = VendorError("PL04000050", errors.OFFLINE.description2, errors.OFFLINE.correction)
            return Reply(self._answers.control_failure(Control(), error, echo=False))
        return Reply(self._answers.gateway_fault(errors.OVER_CAP), int(reply))


def error_page(status: int) -> Reply:
    """What the edge answers when the server fails."""
    return Reply(ERROR_PAGE.format(status=status).encode(), status, HTML)


def forced_reply(reply: dict[str, Any]) -> Reply:
    """A reply as a test planned it."""
    return Reply(
        str(reply.get("body", "")).encode(),
        int(reply.get("status", 200)),
        str(reply.get("content_type", XML)),
        {str(name): str(value) for name, value in reply.get("headers", {}).items()},
    )
