"""One call to one org: token, place on the wire, quota, 401 replay; and the retries of reads. Knows no objects.

Writes are sent once. Only a 401 lets them go again, because it proves that nothing was executed.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

from app.backends.http import ForbiddenHost, HttpClient, Lost, NotSent, Reply
from app.backends.salesforce.auth import SalesforceCredentials, Session, Token
from app.backends.salesforce.errors import (
    ENDLESS_LOGIN,
    FOREIGN_HOST,
    QUOTA,
    REPEATED_READS,
    UNREACHABLE,
    failure,
    make,
)
from app.backends.salesforce.gate import Gate
from app.backends.salesforce.options import SalesforceOptions
from app.domain.errors import SyncError
from app.domain.records import Lane, System
from app.sync.ports import Clock, Slots, Usage

Read = TypeVar("Read")

URI_AND_HEADERS = 16_384
"""Bytes Salesforce takes for address plus headers (salesforce-api.md 3.2)."""
HEADROOM = 1_024
"""Bytes kept free for what the HTTP library adds and for a new token that is longer than the present one."""


@dataclass(frozen=True, slots=True)
class Org:
    """What all lanes of one org share in this process. `jitter` gives numbers from 0 to 1."""

    credentials: SalesforceCredentials
    http: HttpClient
    slots: Slots
    clock: Clock
    options: SalesforceOptions
    session: Session
    gate: Gate
    jitter: Callable[[], float]


class Caller:
    """Sends the calls of one lane."""

    def __init__(self, org: Org, lane: Lane) -> None:
        self._org = org
        self._lane = lane
        self._usage = Usage()

    @property
    def data_path(self) -> str:
        """`/services/data/v64.0`."""
        return f"/services/data/v{quote(self._org.credentials.api_version, safe='.')}"

    async def token(self, stale: Token | None = None) -> Token:
        """The session's token; see `Session.token`."""
        return await self._org.session.token(self._login, stale)

    async def room(self) -> int:
        """Bytes left for path and query after address and headers. Logs in if needed."""
        token = await self.token()
        headers = {**self._headers(token), "Sforce-Query-Options": "batchSize=2000", "Host": token.instance_url}
        spent = sum(len(name) + len(value) + 4 for name, value in headers.items())
        return URI_AND_HEADERS - HEADROOM - spent - len(token.instance_url)

    async def get(self, path: str, read: Callable[[Reply], Read], headers: Mapping[str, str] | None = None) -> Read:
        """What `read` makes of the answer (status 200 or 304); it raises SyncError for a body that was cut short.

        Transient trouble is retried a few times. Raises SyncError.
        """
        options = self._org.options
        for attempt in range(1, options.read_attempts + 1):
            try:
                return read(await self._read_once(path, headers))
            except SyncError as trouble:
                wait = self._pause_before_retry(trouble, attempt)
                if trouble.code not in REPEATED_READS or wait is None:
                    raise
            await self._org.clock.sleep(wait)
        raise AssertionError("the last attempt either returns or raises")

    async def exchange(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, content: bytes | None = None
    ) -> Reply:
        """One call, any complete answer except 401. SyncError: nothing was executed. Lost: nobody knows."""
        self._org.gate.check(self._lane)
        token = await self.token()
        reply = await self._call(token, method, path, headers, content)
        if reply.status == 401 and not _endless(reply):
            token = await self.token(stale=token)
            reply = await self._call(token, method, path, headers, content)
        if reply.status == 401:
            raise failure(_without(token, reply), self._org.clock.now())
        return reply if reply.status < 400 else _without(token, reply)

    def quota_exhausted(self) -> float:
        """Pause the org, as a row of an answer said that its calls are used up; answers the seconds."""
        return self._org.gate.pause()

    def take_usage(self) -> Usage:
        """Calls of this lane since the last time."""
        usage, self._usage = self._usage, Usage()
        return usage

    async def _read_once(self, path: str, headers: Mapping[str, str] | None) -> Reply:
        try:
            reply = await self.exchange("GET", path, headers)
        except Lost as lost:
            raise make(UNREACHABLE, f"Salesforce gave no complete answer ({lost})") from lost
        if reply.status in (200, 304):
            return reply
        error = failure(reply, self._org.clock.now())
        if error.code == QUOTA.code:
            error.retry_after = self._org.options.quota_pause
        raise error

    def _pause_before_retry(self, trouble: SyncError, attempt: int) -> float | None:
        options = self._org.options
        if attempt >= options.read_attempts:
            return None
        if trouble.retry_after is not None:
            return trouble.retry_after if trouble.retry_after <= options.longest_delay else None
        longest = min(options.first_delay * 2.0 ** (attempt - 1), options.longest_delay)
        return longest * (0.5 + self._org.jitter() / 2)

    async def _call(
        self, token: Token, method: str, path: str, headers: Mapping[str, str] | None, content: bytes | None
    ) -> Reply:
        sent = {**self._headers(token), **(headers or {})}
        if content is not None:
            sent["Content-Type"] = "application/json"
        admitted = self._org.gate.admit(self._lane)
        reply = await self._send(method, token.instance_url + path, sent, content, admitted)
        self._org.gate.read(reply.headers)
        if reply.status == 403 and failure(reply, self._org.clock.now()).code == QUOTA.code:
            self._org.gate.pause()
        else:
            self._org.gate.answered()
        return reply

    async def _login(self, method: str, url: str, headers: dict[str, str], content: bytes) -> Reply:
        return await self._send(method, url, headers, content, nullcontext())  # logins are not of the org's quota

    async def _send(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        content: bytes | None,
        admitted: AbstractContextManager[None],
    ) -> Reply:
        async with self._org.slots.hold(System.SALESFORCE, self._lane):
            with admitted:
                self._usage.calls += 1
                try:
                    return await self._org.http.send(method, url, headers=headers, content=content)
                except NotSent as unsent:
                    self._usage.calls -= 1
                    raise make(UNREACHABLE, f"Salesforce cannot be reached ({unsent})") from unsent
                except ForbiddenHost as forbidden:
                    self._usage.calls -= 1
                    raise make(FOREIGN_HOST, f"Nothing was sent: {forbidden}") from forbidden

    def _headers(self, token: Token) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {token.secret}",
            "Sforce-Call-Options": f"client={quote(self._org.credentials.client_name, safe='')}",
            "Accept": "application/json",
        }


def _endless(reply: Reply) -> bool:
    text = reply.body.decode("utf-8", "replace").lower()
    return any(part in text for part in ENDLESS_LOGIN)


def _without(token: Token, reply: Reply) -> Reply:
    """The answer without our own token, which gateways like to quote in error pages."""
    return Reply(reply.status, reply.headers, reply.body.replace(token.secret.encode(), b"***"))
