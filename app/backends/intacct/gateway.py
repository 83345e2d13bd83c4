"""One request to the XML gateway and its answer: sessions, places on the wire, pauses, re-login, retries of reads.

The only module of this package that sends. It knows envelopes and positions of errors, not what a function is about.
"""

import asyncio
import itertools
import random
from collections import deque
from collections.abc import Sequence
from datetime import date
from typing import Final

from lxml import etree

from app.backends.http import ForbiddenHost, HttpClient, Lost, NotSent, Reply
from app.backends.intacct import errors
from app.backends.intacct.auth import IntacctCredentials, Session, Sessions
from app.backends.intacct.errors import Place, classify, to_error
from app.backends.intacct.pace import Throttle
from app.backends.intacct.reply import SUCCESS, Answer, Result
from app.backends.intacct.retrying import RetryTimes, wait_before
from app.backends.intacct.trouble import Trouble, understand
from app.backends.intacct.xml import (
    Control,
    Element,
    Function,
    Login,
    Scrubber,
    add,
    build_request,
    text_of,
)
from app.domain.errors import Kind, SyncError
from app.domain.records import Lane, System
from app.sync.ports import Clock, Slots, Usage

_SHORTEST_SECRET: Final = 6


class Gateway:
    """The XML gateway of one company. See the module for what it takes care of."""

    def __init__(
        self,
        credentials: IntacctCredentials,
        http: HttpClient,
        slots: Slots,
        clock: Clock,
        lane: Lane,
        *,
        rng: random.Random,
        throttle: Throttle,
        retry: RetryTimes,
        explain: bool,
        deadline: float,
    ) -> None:
        self._credentials = credentials
        self._http = http
        self._slots = slots
        self._clock = clock
        self._lane = lane
        self._rng = rng
        self._throttle = throttle
        self._retry = retry
        self._explain = explain
        self._deadline = deadline
        self._numbers = itertools.count(1)
        self._session_ids: deque[str] = deque(maxlen=64)
        self._sessions = Sessions(self._log_in, clock)
        self.scrub = Scrubber()
        self.usage = Usage()

    def today(self) -> date:
        """The day it is, in GMT."""
        return self._clock.now().date()

    def check_reach(self, entity: str) -> None:
        """Raises SyncError where the connection works in another entity than `entity`: it could not read there."""
        home = self._credentials.entity_id
        if entity and home and entity != home:
            message = f"The connection works in entity {home} alone; the record belongs in {entity}."
            advice = "Choose that entity in the record, or connect at top level."
            raise SyncError(Kind.CONFIG, "entity_out_of_reach", message, advice)

    async def read(self, body: Element, *, transactions: int = 1) -> Result:
        """One reading function, in a request of its own; its successful result. Raises SyncError.

        Trouble that passes is retried with full jitter through the clock, without keeping a place meanwhile.
        """
        for attempt in itertools.count(1):
            try:
                result = await self._read_once(body)
            except SyncError as error:
                wait = wait_before(self._retry, self._rng, attempt, error)
                if wait is None:
                    raise
                await self._clock.sleep(wait)
            else:
                self.usage.transactions += transactions
                return result
        raise AssertionError("unreachable")  # pragma: no cover

    async def write(self, functions: Sequence[Function], entity: str = "") -> tuple[Answer, float]:
        """Writing functions in one request: the accepted answer and the seconds it took.

        `entity` is the location they are carried out in; empty: where the connection works.

        Raises Trouble when there is no such answer, SyncError when no session was to be had (nothing was sent).
        Repeated only after the session was refused, which proves that nothing was carried out.
        """
        return await self._exchange(functions, entity or self._credentials.entity_id)

    async def _read_once(self, body: Element) -> Result:
        function = Function(f"r{next(self._numbers)}", body)
        try:
            answer, _ = await self._exchange([function], self._credentials.entity_id)
        except Trouble as trouble:
            raise trouble.error() from trouble
        return _only_result(answer, function)

    async def _exchange(self, functions: Sequence[Function], entity: str) -> tuple[Answer, float]:
        session = await self._sessions.current(entity)
        try:
            return await self._send(session.url, session.id, functions)
        except Trouble as trouble:
            if not trouble.session:
                raise
        self._sessions.discard(session)
        session = await self._sessions.current(entity)
        try:
            return await self._send(session.url, session.id, functions)
        except Trouble as trouble:
            if not trouble.session:
                raise
            error = trouble.error()
            self._sessions.stop(entity, error)
            raise error from trouble

    async def _log_in(self, entity: str) -> Session:
        body = etree.Element("getAPISession")
        if entity:
            add(body, "locationid", entity, self.scrub)
        who = self._credentials
        login = Login(who.user_id, who.company_id, who.user_password)
        function = Function("session", body)
        try:
            answer, _ = await self._send(who.url, login, [function])
        except Trouble as trouble:
            if trouble.meaning is errors.SESSION:
                trouble.meaning = errors.LOGIN
            raise trouble.error() from trouble
        try:
            return self._opened(_only_result(answer, function), entity)
        except SyncError as error:
            if entity != who.entity_id and error.kind in (Kind.DATA, Kind.BUG, Kind.CONFIG):
                message = f"Intacct opens no session in entity {entity}: {error.message}"
                advice = "Check the entity in Intacct, and that the API user may work in it."
                raise SyncError(Kind.CONFIG, "entity_refused", message, advice, vendor=error.vendor) from error
            if error.kind in (Kind.DATA, Kind.BUG):  # said of a login it is the set-up, not a record, that is wrong
                raise SyncError(Kind.CONFIG, "login_impossible", error.message, vendor=error.vendor) from error
            raise

    def _opened(self, result: Result, entity: str) -> Session:
        """The session a login answered with, if its entity and address are the ones we can accept."""
        api = result.data.find("api") if result.data is not None else None
        session_id = text_of(api, "sessionid")
        if session_id is None:
            raise to_error(errors.UNREADABLE, None)
        self._session_ids.append(session_id)
        place = text_of(api, "locationid") or ""
        if entity and place and place != entity:
            raise SyncError(Kind.CONFIG, "wrong_entity", f"Intacct opened the session in {place}, not in {entity}.")
        url = text_of(api, "endpoint") or self._credentials.url
        try:
            self._http.check_url(url)
        except ForbiddenHost as forbidden:
            raise SyncError(
                Kind.AUTH,
                "session_endpoint_refused",
                f"Intacct named a session address we do not call: {forbidden}.",
                "Check the gateway address of the connection and the allowed hosts.",
            ) from forbidden
        return Session(session_id, url, entity)

    async def _send(self, url: str, signed_by: Login | str, functions: Sequence[Function]) -> tuple[Answer, float]:
        paused = self._throttle.retry_after
        if paused is not None:
            raise Trouble(errors.RATE, retry_after=paused)
        who = self._credentials
        control = Control(who.sender_id, who.sender_password, f"tandem-{next(self._numbers)}")
        explain = self._explain and functions[0].writes
        content = build_request(control, signed_by, functions, self.scrub, explain=explain)
        async with self._slots.hold(System.INTACCT, self._lane):
            started = self._clock.now()
            try:
                reply = await self._post(url, content)
                answer = understand(reply, self._hide)
            except Trouble as trouble:
                trouble.seconds = (self._clock.now() - started).total_seconds()
                if trouble.meaning is errors.RATE:
                    self._throttle.refused(trouble.retry_after)
                raise
            seconds = (self._clock.now() - started).total_seconds()
        self._throttle.answered()
        return answer, seconds

    async def _post(self, url: str, content: bytes) -> Reply:
        headers = {"Content-Type": "application/xml; charset=UTF-8"}
        try:
            async with asyncio.timeout(self._deadline):
                reply = await self._http.send("POST", url, headers=headers, content=content)
        except NotSent as unsent:
            raise Trouble(errors.UNREACHABLE) from unsent
        except (Lost, TimeoutError) as lost:
            self.usage.calls += 1
            raise Trouble(errors.LOST) from lost
        except ForbiddenHost as forbidden:
            raise Trouble(errors.FORBIDDEN) from forbidden
        self.usage.calls += 1
        return reply

    def _hide(self, text: str) -> str:
        secrets = (self._credentials.sender_password, self._credentials.user_password, *self._session_ids)
        for secret in secrets:
            if len(secret) >= _SHORTEST_SECRET:
                text = text.replace(secret, "***")
        return text


def _only_result(answer: Answer, function: Function) -> Result:
    """The result of a request with one function; SyncError unless it is there and says `success`."""
    result = answer.results[0] if len(answer.results) == 1 else None
    if result is None or result.control_id != function.control_id:
        raise to_error(errors.UNREADABLE, None)
    if result.status == SUCCESS:
        return result
    if result.status not in ("failure", "aborted"):
        raise to_error(errors.UNREADABLE, None)
    meaning, fault = classify(Place.RESULT, result.faults)
    raise to_error(meaning, fault)
