"""One request to REST v1 and its answer: tokens, places on the wire, pauses, one renewal, retries of reads.

The only module of this package that sends. It knows statuses and error bodies, not what a request is about.
"""

import asyncio
import itertools
import json
import random
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from app.backends.http import ForbiddenHost, HttpClient, Lost, NotSent, Reply
from app.backends.intacct import errors
from app.backends.intacct.auth import RestCredentials, Session, Sessions
from app.backends.intacct.pace import Throttle
from app.backends.intacct.rest.auth import FORM, bearer, encoded, opened, token_form
from app.backends.intacct.rest.errors import has_error, understand
from app.backends.intacct.retrying import RETRIED, RetryTimes, wait_before
from app.backends.intacct.trouble import Trouble, retry_after
from app.domain.errors import Kind, SyncError
from app.domain.records import Lane, System
from app.sync.ports import Clock, Slots, Usage

CACHED: Final = "x-ia-idempotency-cached-date"
_SHORTEST_SECRET: Final = 6


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer of success. `body` is parsed JSON with numbers as int or Decimal, None when it was empty."""

    status: int
    body: Any
    seconds: float


class RestTrouble(Trouble):
    """No success. `before`: refused by the gateway in front, so that nothing was tried and no answer was kept."""

    before = False


class RestGateway:
    """REST v1 of one company. See the module for what it takes care of."""

    def __init__(
        self,
        credentials: RestCredentials,
        http: HttpClient,
        slots: Slots,
        clock: Clock,
        lane: Lane,
        *,
        rng: random.Random,
        throttle: Throttle,
        retry: RetryTimes,
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
        self._deadline = deadline
        self._tokens_seen: deque[str] = deque(maxlen=8)
        self._sessions = Sessions(self._log_in, clock)
        self.usage = Usage()

    async def read(self, method: str, path: str, body: object = None) -> Any:
        """The JSON of a reading request. Raises SyncError.

        Trouble that passes is retried with full jitter through the clock, without keeping a place meanwhile.
        """
        for attempt in itertools.count(1):
            try:
                answer = await self._exchange(method, path, body, "")
            except RestTrouble as trouble:
                error = trouble.error()
                wait = wait_before(self._retry, self._rng, attempt, error)
                if wait is None:
                    raise error from trouble
                await self._clock.sleep(wait)
            except SyncError as error:
                wait = wait_before(self._retry, self._rng, attempt, error) if error.kind in RETRIED else None
                if wait is None:
                    raise
                await self._clock.sleep(wait)
            else:
                self.usage.transactions += 1
                return answer.body
        raise AssertionError("unreachable")  # pragma: no cover

    async def write(self, method: str, path: str, body: object, key: str) -> Answer:
        """One writing request under an Idempotency-Key. Raises RestTrouble, or SyncError when no token was to be had.

        Repeated only after the token was refused, which proves that nothing was tried.
        """
        return await self._exchange(method, path, body, key)

    async def pause(self) -> None:
        """A short wait before a lost write is asked for again."""
        await self._clock.sleep(self._rng.uniform(self._retry.first / 2, self._retry.first))

    async def _exchange(self, method: str, path: str, body: object, key: str) -> Answer:
        entity = self._credentials.entity_id
        session = await self._sessions.current(entity)
        try:
            return await self._send(session, method, path, body, key)
        except RestTrouble as trouble:
            if not trouble.session:
                raise
        self._sessions.discard(session)
        session = await self._sessions.current(entity)
        try:
            return await self._send(session, method, path, body, key)
        except RestTrouble as trouble:
            if not trouble.session:
                raise
            error = trouble.error()
            self._sessions.stop(entity, error)
            raise error from trouble

    async def _log_in(self, entity: str) -> Session:
        who = self._credentials
        try:
            answer = await self._post_for(FORM, "POST", "oauth2/token", token_form(who))
        except RestTrouble as trouble:
            if trouble.meaning is errors.RATE or trouble.meaning.unclear:
                raise trouble.error() from trouble
            raise SyncError(
                Kind.AUTH,
                "client_refused",
                f"Intacct's REST API refused the login: {trouble.error().message}",
                "Check the REST client id and its secret, the user's name and the company id of the connection.",
                vendor=trouble.error().vendor,
            ) from trouble
        session = opened(answer.body if isinstance(answer.body, dict) else {}, who.url, entity, self._clock.now())
        self._tokens_seen.append(session.id)
        return session

    async def _send(self, session: Session, method: str, path: str, body: object, key: str) -> Answer:
        headers = bearer(session)
        if body is not None:
            headers["Content-Type"] = "application/json"
        if key:
            headers["Idempotency-Key"] = key
        return await self._post_for(headers, method, path, encoded(body) if body is not None else None)

    async def _post_for(self, headers: Mapping[str, str], method: str, path: str, content: bytes | None) -> Answer:
        paused = self._throttle.retry_after
        if paused is not None:
            raise _trouble(errors.RATE, retry_after=paused, before=True)
        async with self._slots.hold(System.INTACCT, self._lane):
            started = self._clock.now()
            try:
                reply = await self._reply(method, path, headers, content)
                answer = self._accepted(reply, (self._clock.now() - started).total_seconds())
            except RestTrouble as trouble:
                trouble.seconds = (self._clock.now() - started).total_seconds()
                if trouble.meaning is errors.RATE:
                    self._throttle.refused(trouble.retry_after)
                raise
        self._throttle.answered()
        return answer

    async def _reply(self, method: str, path: str, headers: Mapping[str, str], content: bytes | None) -> Reply:
        url = f"{self._credentials.url.rstrip('/')}/{path}"
        try:
            async with asyncio.timeout(self._deadline):
                reply = await self._http.send(method, url, headers=headers, content=content)
        except NotSent as unsent:
            raise _trouble(errors.UNREACHABLE, before=True) from unsent
        except (Lost, TimeoutError) as lost:
            self.usage.calls += 1
            raise _trouble(errors.LOST) from lost
        except ForbiddenHost as forbidden:
            raise _trouble(errors.FORBIDDEN, before=True) from forbidden
        self.usage.calls += 1
        return reply

    def _accepted(self, reply: Reply, seconds: float) -> Answer:
        """The answer if its status and its body say success; RestTrouble otherwise."""
        try:
            body = json.loads(reply.body, parse_float=Decimal) if reply.body else None
        except (ValueError, RecursionError):
            body = None
            if reply.status < 300:
                raise _trouble(errors.UNREADABLE, status=reply.status) from None
        if reply.status in (200, 201) and not has_error(body):
            return Answer(reply.status, body, seconds)
        if reply.status < 300:
            raise _trouble(errors.UNREADABLE, status=reply.status)
        refusal = understand(reply.status, body, self._hide)
        trouble = _trouble(refusal.meaning, status=reply.status, before=refusal.before)
        trouble.fault, trouble.session = refusal.fault, refusal.session
        trouble.retry_after = retry_after(reply.headers)
        raise trouble

    def _hide(self, text: str) -> str:
        for secret in (self._credentials.client_secret, *self._tokens_seen):
            if len(secret) >= _SHORTEST_SECRET:
                text = text.replace(secret, "***")
        return text


def _trouble(
    meaning: errors.Meaning, *, status: int | None = None, retry_after: float | None = None, before: bool = False
) -> RestTrouble:
    trouble = RestTrouble(meaning, status=status, retry_after=retry_after)
    trouble.before = before
    return trouble
