"""Reads over the query service, by key and never by `start`, so that no endless `next` can be followed; and the feed.

A page that does not lead beyond the one before is an error, not fewer rows.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from app.backends.intacct import reading
from app.backends.intacct.dialect import Condition, compare, timestamp
from app.backends.intacct.feed import CursorStrategy, Feed
from app.backends.intacct.reading import Page, ascending, broken
from app.backends.intacct.rest.dialect import (
    CREATED,
    KEY,
    LARGEST_PAGE,
    MODIFIED,
    filters_of,
    from_json,
    name_of,
    schema_of,
)
from app.backends.intacct.rest.gateway import RestGateway
from app.backends.intacct.schema import Schemas
from app.domain import conditions
from app.domain.errors import Kind, SyncError
from app.domain.records import Record
from app.sync.ports import ChangePage, Position, Schema

_ALL = "all:"


class RestReader:
    """Queries of one gateway, with values typed by the model service."""

    def __init__(self, gateway: RestGateway, schemas: Schemas, page_size: int) -> None:
        self._gateway = gateway
        self._schemas = schemas
        self._page_size = page_size

    async def find(self, kind: str, any_of: Mapping[str, Sequence[str]], fields: Sequence[str]) -> list[Record]:
        """See `Backend.find`."""
        return await reading.find(self, kind, any_of, fields, self._page_size)

    async def select(
        self, kind: str, where: conditions.Condition, fields: Sequence[str], *, after: str, size: int
    ) -> list[Record]:
        """See `Backend.select`."""
        return await reading.select(self, kind, where, fields, after=after, size=size)

    async def types(self, kind: str) -> Mapping[str, str]:
        """See `Schemas.types`."""
        return await self._schemas.types(kind)

    async def count(self, kind: str, where: Condition) -> int:
        """How many records there are, in one transaction."""
        answer = await self._ask(kind, [KEY], where, (), 1)
        total = _meta(answer).get("totalCount")
        if type(total) is not int:
            raise broken(kind, "a count was asked for and none came")
        return total

    async def page(
        self, kind: str, fields: Sequence[str], where: Condition, order: tuple[str, ...], page_size: int
    ) -> Page:
        """One page, one transaction. Raises SyncError TRANSIENT when the page is out of order or lacks keys."""
        types = await self.types(kind)
        kept = [name for name in (MODIFIED, CREATED) if name.upper() in types]
        known = {name.upper(): name for name in (await self._schemas.describe(kind)).fields}
        spelt = {name: known.get(name_of(name).upper(), name_of(name)) for name in fields}
        names = list(dict.fromkeys([*spelt.values(), KEY, *kept]))
        size = min(max(page_size, 1), LARGEST_PAGE)
        answer = await self._ask(kind, names, where, order, size)
        rows = answer.get("ia::result")
        if not isinstance(rows, list) or len(rows) > size:
            raise broken(kind, "the answer holds no rows, or more than were asked for")
        records = [_record(kind, row, spelt, types) for row in rows]
        more = _meta(answer).get("next") is not None
        if more and not records:
            raise broken(kind, "rows are announced but none came")
        if tuple(map(name_of, order)) == (KEY,) and not ascending(records):
            raise broken(kind, "the rows are not in the order of their keys")
        return Page(records, more)

    async def _ask(
        self, kind: str, names: Sequence[str], where: Condition, order: tuple[str, ...], size: int
    ) -> dict[str, Any]:
        try:
            await self.types(kind)  # which settles for nothing where nothing may be described
            fields = (await self._schemas.describe(kind)).fields
            filters = filters_of(where, {name.upper(): info for name, info in fields.items()})
        except ValueError as wrong:
            raise SyncError(Kind.BUG, "query_impossible", f"{kind} cannot be asked for: {wrong}.") from wrong
        body = {
            "object": kind,
            "fields": list(names),
            **filters,
            "filterParameters": {"includePrivate": True, "caseSensitiveComparison": True},
            "orderBy": [{name_of(name): "asc"} for name in order],
            "start": 1,
            "size": size,
        }
        try:
            answer = await self._gateway.read("POST", "services/core/query", body)
        except SyncError as error:
            if error.code == "unknown_field":
                self._schemas.forget(kind)
            raise
        if not isinstance(answer, dict):
            raise broken(kind, "the answer is no object")
        return answer


class RestFeed:
    """Change pages. Objects without an audit group are read whole each time: nothing tells what changed in them."""

    def __init__(self, reader: RestReader, strategy: CursorStrategy) -> None:
        self._reader = reader
        self._dated = Feed(reader, strategy)

    async def changes(
        self, kind: str, since: Position, until: datetime, fields: Sequence[str], page_size: int
    ) -> ChangePage:
        """See `Backend.changes`. Every record that has a modification time has it from its creation."""
        if await self._has_audit(kind):
            key = "0" if since.key == "" or since.key.startswith(_ALL) else since.key
            return await self._dated.changes(kind, Position(since.modified_at, key), until, fields, page_size)
        after = since.key.removeprefix(_ALL) if since.key.startswith(_ALL) else "0"
        page = await self._reader.page(
            kind, fields, compare("greaterthan", "RECORDNO", after), ("RECORDNO",), page_size
        )
        if page.more:
            return ChangePage(page.records, Position(since.modified_at, f"{_ALL}{page.records[-1].key}"), False, True)
        return ChangePage(page.records, Position(until), done=True, undated=True)

    async def changed(self, kind: str, since: datetime, until: datetime) -> int:
        """See `Backend.changed`; none of an object without modification times."""
        return await self._dated.changed(kind, since, until) if await self._has_audit(kind) else 0

    async def _has_audit(self, kind: str) -> bool:
        return MODIFIED.upper() in await self._reader.types(kind)


class Models:
    """The model service: what an object looks like."""

    def __init__(self, gateway: RestGateway) -> None:
        self._gateway = gateway

    async def look_up(self, kind: str) -> Schema:
        """The fields of `kind`. Raises SyncError CONFIG when the company does not offer it."""
        answer = await self._gateway.read("GET", f"services/core/model?name={quote(kind, safe='')}")
        model = answer.get("ia::result") if isinstance(answer, dict) else None
        schema = schema_of(kind, model if isinstance(model, dict) else {})
        if not schema.fields:
            raise SyncError(Kind.CONFIG, "unknown_object", f"Intacct describes no fields of {kind}.")
        return schema


def _record(kind: str, row: Any, spelt: Mapping[str, str], types: Mapping[str, str]) -> Record:
    """The record of a row. `spelt`: the names fields were asked by, and how REST spells them."""
    key = row.get(KEY) if isinstance(row, dict) else None
    if not isinstance(key, str | int) or isinstance(key, bool) or not str(key):
        raise broken(kind, "a row has no key")
    values = {n: from_json(row[theirs], types.get(theirs.upper())) for n, theirs in spelt.items() if theirs in row}
    stamp = row.get(MODIFIED) or row.get(CREATED)
    return Record(kind, str(key), values, timestamp(stamp) if isinstance(stamp, str) else None)


def _meta(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    meta = answer.get("ia::meta")
    return meta if isinstance(meta, dict) else {}
