"""Reads: finding records by values and walking a change feed, page by page, by key and never by offset.

Offset pages overlap and leave gaps (intacct-api.md 1.2), so each page asks for what lies behind the last key of the one
before. A page that contradicts this is an error, not fewer rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Protocol

from app.backends.intacct import reverse
from app.backends.intacct.dialect import (
    LARGEST_PAGE,
    LONGEST_LIST,
    Condition,
    Query,
    compare,
    either,
    every,
    from_wire,
    one_of,
    pick,
    timestamp,
)
from app.backends.intacct.filters import spell
from app.backends.intacct.gateway import Gateway
from app.backends.intacct.inner import Inner, joined, split
from app.backends.intacct.schema import Schemas
from app.backends.intacct.xml import Unreadable
from app.domain import conditions
from app.domain.errors import Kind, SyncError
from app.domain.records import Record

KEY, MODIFIED, CREATED = "RECORDNO", "WHENMODIFIED", "WHENCREATED"
_LIST_BYTES = 300_000


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one query in its order, and whether the vendor says or a full page suggests that more follow."""

    records: list[Record]
    more: bool


class Pages(Protocol):
    """What finding and the feed need of a reader of either API."""

    async def types(self, kind: str) -> Mapping[str, str]:
        """See `Schemas.types`."""
        ...

    async def count(self, kind: str, where: Condition) -> int:
        """How many rows there are."""
        ...

    async def page(
        self, kind: str, fields: Sequence[str], where: Condition, order: tuple[str, ...], page_size: int
    ) -> Page:
        """One page in ascending order of the fields of `order`."""
        ...


async def find(
    pages: Pages, kind: str, any_of: Mapping[str, Sequence[str]], fields: Sequence[str], page_size: int
) -> list[Record]:
    """See `Backend.find`. Each record once, although several values may lead to it; in RECORDNO order per query."""
    found: dict[str, Record] = {}
    for where in _alternatives(any_of):
        after: str | None = None
        while True:
            behind = (compare("greaterthan", KEY, after),) if after else ()
            page = await pages.page(kind, fields, every(where, *behind), (KEY,), page_size)
            if after and not ascending([Record(kind, after, {}), *page.records]):
                raise broken(kind, "a page begins before the end of the one before")
            found.update((record.key, record) for record in page.records)
            if not page.more:
                break
            after = page.records[-1].key
    return list(found.values())


async def select(
    pages: Pages, kind: str, where: conditions.Condition, fields: Sequence[str], *, after: str, size: int
) -> list[Record]:
    """See `Backend.select`: pages by RECORDNO until `size` rows are there."""
    meant = spell(where, await pages.types(kind))
    found: list[Record] = []
    while len(found) < size:
        behind = (compare("greaterthan", KEY, after),) if after else ()
        page = await pages.page(kind, fields, every(meant, *behind), (KEY,), min(size - len(found), LARGEST_PAGE))
        if after and not ascending([Record(kind, after, {}), *page.records]):
            raise broken(kind, "a page begins before the end of the one before")
        found += page.records
        if not page.more:
            break
        after = page.records[-1].key
    return found


class Reader:
    """Queries of one gateway, with values typed by the company's own schema."""

    def __init__(self, gateway: Gateway, schemas: Schemas, page_size: int) -> None:
        self._gateway = gateway
        self._schemas = schemas
        self._page_size = page_size
        self._inner = Inner(gateway)

    async def find(self, kind: str, any_of: Mapping[str, Sequence[str]], fields: Sequence[str]) -> list[Record]:
        """See `Backend.find`."""
        reached = await reverse.reached(self.find, kind, any_of)
        return await find(self, kind, reached, fields, self._page_size)

    async def select(
        self, kind: str, where: conditions.Condition, fields: Sequence[str], *, after: str, size: int
    ) -> list[Record]:
        """See `Backend.select`."""
        return await select(self, kind, where, fields, after=after, size=size)

    async def types(self, kind: str) -> Mapping[str, str]:
        """See `Schemas.types`."""
        return await self._schemas.types(kind)

    async def count(self, kind: str, where: Condition) -> int:
        """How many rows there are, in one transaction, whatever their number."""
        query = Query(kind, (), where, (), 1, count=KEY)
        try:
            result = await self._gateway.read(query.element(self._gateway.scrub))
            said = next((text for row in result.rows() for name, text in row.items() if name.endswith(f".{KEY}")), None)
        except Unreadable as unreadable:
            raise broken(kind, str(unreadable)) from unreadable
        if said is None or not said.strip().isdigit():
            raise broken(kind, "a count was asked for and none came")
        return int(said)

    async def page(
        self, kind: str, fields: Sequence[str], where: Condition, order: tuple[str, ...], page_size: int
    ) -> Page:
        """One page, one transaction. Raises SyncError TRANSIENT when the page is out of order or lacks keys."""
        types = await self._schemas.types(kind)
        kept = [name for name in (MODIFIED, CREATED) if name in types or (not types and name == MODIFIED)]
        near, far = reverse.split(kind, fields)
        plain, inner = split(near)
        asked = {name.upper(): name for name in (*plain, KEY, *kept, *order)}
        query = Query(kind, tuple(asked.values()), where, order, page_size)
        try:
            result = await self._gateway.read(query.element(self._gateway.scrub))
            records = [_record(kind, row, plain, types) for row in result.rows()]
        except SyncError as error:
            if error.code == "unknown_field":
                self._schemas.forget(kind)
            raise
        except Unreadable as unreadable:
            raise broken(kind, str(unreadable)) from unreadable
        remaining = result.number("numremaining")
        if remaining and not records:
            raise broken(kind, "rows are announced but none came")
        if order == (KEY,) and not ascending(records):
            raise broken(kind, "the rows are not in RECORDNO order")
        if inner and records:
            more = await self._inner.read(kind, [record.key for record in records], inner)
            records = [joined(one, more.get(one.key), inner) for one in records]
        if far and records:
            records = await reverse.joined(self.find, records, far)
        return Page(records, more=bool(remaining) or (remaining is None and len(records) >= query.page_size))


def _alternatives(any_of: Mapping[str, Sequence[str]]) -> list[Condition]:
    """The filters that together cover `any_of`: lists of at most 1000 values, as many to a query as fit its size."""
    filters: list[list[Condition]] = []
    room = 0
    for name, values in any_of.items():
        for part in _lists([value for value in dict.fromkeys(values) if value]):
            size = sum(map(_size, part))
            if size > room:
                filters.append([])
                room = _LIST_BYTES
            filters[-1].append(one_of(name, part))
            room -= size
    return [either(*parts) for parts in filters]


def _lists(values: Sequence[str]) -> Iterator[list[str]]:
    part: list[str] = []
    filled = 0
    for value in values:
        if part and (len(part) == LONGEST_LIST or filled + _size(value) > _LIST_BYTES):
            yield part
            part, filled = [], 0
        part.append(value)
        filled += _size(value)
    if part:
        yield part


def _size(value: str) -> int:
    """Bytes of a value in a filter, tags and escapes included."""
    return len(value.encode("utf-8", "replace")) + 4 * sum(map(value.count, "&<>")) + len("<value></value>")


def _record(kind: str, row: Mapping[str, str | None], fields: Sequence[str], types: Mapping[str, str]) -> Record:
    key = row.get(KEY)
    if not key:
        raise Unreadable("a row came without its RECORDNO")
    values = {}
    for name in fields:
        present, raw = pick(row, name)
        if present:
            values[name] = from_wire(raw, types.get(name.upper()))
    return Record(kind, key, values, timestamp(row.get(MODIFIED)) or _created(row, types))


def _created(row: Mapping[str, str | None], types: Mapping[str, str]) -> datetime | None:
    """WHENCREATED stands in for a null WHENMODIFIED; on documents it is the document's date and proves nothing."""
    return timestamp(row.get(CREATED)) if types.get(CREATED) == "TIMESTAMP" else None


def ascending(records: Sequence[Record]) -> bool:
    """Whether the record numbers grow from each record to the next."""
    keys = [int(record.key) for record in records if record.key.isascii() and record.key.isdigit()]
    return all(left < right for left, right in pairwise(keys))


def broken(kind: str, why: str) -> SyncError:
    """The error of a page that contradicts itself or what was asked; another try may do."""
    return SyncError(Kind.TRANSIENT, "page_unreliable", f"Intacct's page of {kind} cannot be trusted: {why}.")
