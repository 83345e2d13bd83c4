"""`IntacctBackend`: the `Backend` port spoken to Sage Intacct, over the XML gateway or REST v1 by kind.

A thin front: each method is one of the specialists beside it (writing, reading, feed, schema, gateway), or their
counterparts in `rest/` for kinds with a `/` in their name.
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from urllib.parse import urlsplit

from lxml import etree

from app.backends.http import HttpClient
from app.backends.intacct.audit import Audit
from app.backends.intacct.auth import IntacctCredentials
from app.backends.intacct.feed import CursorStrategy, Feed
from app.backends.intacct.filters import spell
from app.backends.intacct.gateway import Gateway
from app.backends.intacct.pace import Speed, Throttle
from app.backends.intacct.reading import Reader
from app.backends.intacct.rest.client import RestSide
from app.backends.intacct.retrying import RetryTimes
from app.backends.intacct.reverse import described
from app.backends.intacct.schema import Lookup, Schemas
from app.backends.intacct.union import Union, is_union, members, of_unions
from app.backends.intacct.writing import Writer
from app.backends.intacct.xml import add, flatten
from app.domain.conditions import Condition
from app.domain.errors import Kind, SyncError
from app.domain.records import Lane, Record, System
from app.sync.ports import (
    ChangePage,
    Clock,
    Deletion,
    Identity,
    Outcome,
    Position,
    Schema,
    Slots,
    Usage,
    Verdict,
    Write,
)

_NO_OFFSET = re.compile(r"(?:GMT|UTC)?\s*(?:[+-]?\s*0{1,2}(?::?00)?)?", re.IGNORECASE)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class IntacctOptions:
    """Settings that no vendor page decides (intacct-api.md 3.6, 6.1, 8, 13; reliability.md 13).

    `page_size` rows of a find page (1 to 2000), `most_functions` and `most_bytes` of a request, `target_seconds` a
    request should take, of which `overhead_seconds` do not depend on its functions, `concurrency` the hint to start
    with, `explain` asks for `additionalinfo` beside errors of writes, `deadline` seconds after which an answer is given
    up even if it still trickles in (the vendor's own cut comes after 15 minutes), `schema_seconds` how long a
    description is believed: each one is billed.
    """

    page_size: int = 2000
    most_functions: int = 50
    most_bytes: int = 400_000
    target_seconds: float = 10.0
    overhead_seconds: float = 0.5
    concurrency: int = 2
    cursor: CursorStrategy = CursorStrategy.TWO_QUERIES
    explain: bool = False
    deadline: float = 600.0
    schema_seconds: float = 900.0
    retry: RetryTimes = field(default_factory=RetryTimes)


class IntacctBackend:
    """One company, at top level or in one entity. Implements `app.sync.ports.Backend`."""

    system = System.INTACCT

    def __init__(
        self,
        credentials: IntacctCredentials,
        http: HttpClient,
        slots: Slots,
        clock: Clock,
        lane: Lane,
        *,
        rng: random.Random,
        options: IntacctOptions | None = None,
    ) -> None:
        chosen = options or IntacctOptions()
        self._credentials = credentials
        self._throttle = Throttle(clock, chosen.concurrency)
        self._gateway = Gateway(
            credentials,
            http,
            slots,
            clock,
            lane,
            rng=rng,
            throttle=self._throttle,
            retry=chosen.retry,
            explain=chosen.explain,
            deadline=chosen.deadline,
        )
        speed = Speed(chosen.overhead_seconds, chosen.target_seconds)
        self._writer = Writer(self._gateway, speed, most=chosen.most_functions, most_bytes=chosen.most_bytes)
        self._schemas = Schemas(Lookup(self._gateway).look_up, clock, chosen.schema_seconds)
        self._reader = Reader(self._gateway, self._schemas, chosen.page_size)
        self._feed = Feed(self._reader, chosen.cursor)
        self._audit = Audit(self._reader)
        self._rest = None
        if credentials.rest is not None:
            self._rest = RestSide(
                credentials.rest,
                http,
                slots,
                clock,
                lane,
                rng=rng,
                throttle=self._throttle,
                retry=chosen.retry,
                deadline=chosen.deadline,
                speed=speed,
                page_size=chosen.page_size,
                most_bytes=chosen.most_bytes,
                schema_seconds=chosen.schema_seconds,
                cursor=chosen.cursor,
            )
        self._union = Union(self)

    @property
    def retry_after(self) -> float | None:
        """Seconds until Intacct wants to hear from us again after a rate refusal, or None."""
        return self._throttle.retry_after

    @property
    def concurrency(self) -> int:
        """How many requests at once seem welcome: halved at each rate refusal, slowly recovering."""
        return self._throttle.concurrency

    @property
    def scrubbed(self) -> int:
        """Characters that XML forbids and that were taken out of texts so far."""
        return self._gateway.scrub.removed

    async def find(
        self,
        kind: str,
        any_of: Mapping[str, Sequence[str]],
        fields: Sequence[str],
        *,
        include_deleted: bool = False,
    ) -> list[Record]:
        """See `Backend.find`. Intacct keeps no deleted records, so `include_deleted` changes nothing."""
        if is_union(kind):
            return await self._union.find(kind, any_of, fields)
        reader = self._over_rest().reader if is_rest(kind) else self._reader
        return await reader.find(kind, any_of, fields)

    def chunks(self, writes: Sequence[Write]) -> list[list[Write]]:
        """See `Backend.chunks`: at most 50 functions, 400 kB, and about 10 s as measured so far.

        Each is for one API and one entity.
        """
        chunks: list[list[Write]] = []
        for (over_rest, _), run in groupby(writes, lambda write: (is_rest(write.kind), write.entity)):
            writer = self._rest.writer if over_rest and self._rest else self._writer
            chunks += writer.chunks(list(run))
        return chunks

    def render(self, write: Write) -> str:
        """See `Reading.render`: the function element, or the request over REST; no envelope and no credentials."""
        return self._over_rest().writer.render(write) if is_rest(write.kind) else self._writer.render(write)

    async def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """See `Backend.write`. `returned` names are upper case; a repeat refused by uniqueid is AMBIGUOUS."""
        if not writes or not is_rest(writes[0].kind):
            return await self._writer.write(writes)
        try:
            return await self._over_rest().writer.write(writes)
        except SyncError as missing:
            return [Outcome(Verdict.NOT_SENT, error=missing) for _ in writes]

    async def changes(
        self, kind: str, since: Position, until: datetime, fields: Sequence[str], page_size: int
    ) -> ChangePage:
        """See `Backend.changes`. A position with an empty key starts a scan and includes rows never modified."""
        if is_union(kind):
            return await self._union.changes(kind, since, until, fields, page_size)
        feed = self._over_rest().feed if is_rest(kind) else self._feed
        return await feed.changes(kind, since, until, fields, page_size)

    async def select(
        self, kind: str, where: Condition, fields: Sequence[str], *, after: str, size: int
    ) -> list[Record]:
        """See `Backend.select`. One billed transaction per 2,000 rows."""
        if is_union(kind):
            return await self._union.select(kind, where, fields, after=after, size=size)
        reader = self._over_rest().reader if is_rest(kind) else self._reader
        return await reader.select(kind, where, fields, after=after, size=size)

    async def count(self, kind: str, where: Condition) -> int:
        """See `Backend.count`. One billed transaction."""
        if is_union(kind):
            return await self._union.count(kind, where)
        reader = self._over_rest().reader if is_rest(kind) else self._reader
        return await reader.count(kind, spell(where, await reader.types(kind)))

    async def changed(self, kind: str, since: datetime, until: datetime) -> int:
        """See `Backend.changed`. Rows without WHENMODIFIED are not counted."""
        if is_union(kind):
            return await self._union.changed(kind, since, until)
        feed = self._over_rest().feed if is_rest(kind) else self._feed
        return await feed.changed(kind, since, until)

    async def deletes(self, kinds: Sequence[str], since: datetime, until: datetime) -> list[Deletion]:
        """See `Backend.deletes`, from the audit history, which the user needs View on custom reports for."""
        found = await self._audit.deletes([one for kind in kinds for one in members(kind)], since, until)
        return of_unions(kinds, found)

    async def describe(self, kind: str) -> Schema:
        """See `Backend.describe`."""
        if is_union(kind):
            return await self._union.describe(kind)
        schemas = self._over_rest().schemas if is_rest(kind) else self._schemas
        return described(await schemas.describe(kind))

    async def identity(self) -> Identity:
        """See `Backend.identity`.

        Also raises SyncError CONFIG `user_formatting` when the API user's zone or formats are not the ones in which
        this client reads and writes dates (intacct-api.md 3.8).
        """
        await self._check_formatting()
        host = (urlsplit(self._credentials.url).hostname or "").lower()
        return Identity(
            System.INTACCT,
            account=self._credentials.company_id,
            user=self._credentials.user_id,
            environment="offline" if host in _LOOPBACK else None,
        )

    def take_usage(self) -> Usage:
        """See `Backend.take_usage`. Counts as section 8 of the wire reference bills: a written record and a page 1."""
        spent, self._gateway.usage = self._gateway.usage, Usage()
        if self._rest is not None:
            more, self._rest.gateway.usage = self._rest.gateway.usage, Usage()
            spent = Usage(spent.calls + more.calls, spent.transactions + more.transactions)
        return spent

    def _over_rest(self) -> RestSide:
        if self._rest is None:
            raise SyncError(
                Kind.CONFIG,
                "rest_not_configured",
                "The connection has no client id and secret for Intacct's REST API, which this object needs.",
                "Register an application with Sage and set intacct.rest_client_id and intacct_rest_client_secret.",
            )
        return self._rest

    async def _check_formatting(self) -> None:
        body = etree.Element("readUserFormatting")
        add(body, "userId", self._credentials.user_id, self._gateway.scrub)
        try:
            result = await self._gateway.read(body)
        except SyncError as error:
            if error.kind in (Kind.AUTH, Kind.TRANSIENT, Kind.RATE_LIMITED) or error.code in _LOGIN_FAILURES:
                raise
            return  # the user may not read its own formatting: nothing can be said against it
        row = flatten(result.data) if result.data is not None else {}
        said = {name.rpartition(".")[2]: text or "" for name, text in row.items()}
        wrong = [fix for name, (fits, fix) in _FORMATTING.items() if name in said and not fits(said[name])]
        if wrong:
            raise SyncError(
                Kind.CONFIG,
                "user_formatting",
                f"The Intacct user {self._credentials.user_id} writes dates in another way than this service.",
                f"Set the user's preferences in Intacct: {', '.join(wrong)}.",
            )


def is_rest(kind: str) -> bool:
    """Whether an object goes over REST v1: its kind is an application and a name, as in `order-entry/price-list`."""
    return "/" in kind


_LOGIN_FAILURES = ("login_impossible", "wrong_entity", "gateway_forbidden", "gateway_not_found", "redirect_refused")
_FORMATTING: dict[str, tuple[Callable[[str], bool], str]] = {
    "GMTOFFSET": (lambda text: _NO_OFFSET.fullmatch(text.strip()) is not None, "time zone GMT"),
    "DATEFORMAT": (lambda text: text == "/mdY", "date format MM/DD/YYYY"),
    "CLOCK": (lambda text: text == "24", "24-hour clock"),
}
"""What `readUserFormatting` must say, and what to set otherwise. An element that is missing says nothing."""
