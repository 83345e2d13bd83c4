"""Reading records: searches by key and the change feed, as typed records in the order of the query. Writes nothing."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from app.backends.http import Reply
from app.backends.salesforce import filters, soql
from app.backends.salesforce.caller import Caller
from app.backends.salesforce.errors import (
    FIELD_MISSING,
    FOREIGN_HOST,
    OUR_REQUEST,
    PAGE_LOST,
    SCHEMA,
    TOO_LARGE,
    UNREADABLE_ROW,
    make,
    unreadable,
)
from app.backends.salesforce.schemas import Column, Schemas
from app.backends.salesforce.wire import decode, parse_json
from app.domain.conditions import Condition, comparisons, invalid
from app.domain.errors import SyncError
from app.domain.records import Record
from app.sync.ports import ChangePage, Deletion, Position

RESTARTS = 2
"""How often a query is begun again after its pages were lost on the server."""

Alternative = tuple[str, str]
"""A field's name and one literal it may equal."""


class Reader:
    """Reads with the calls of one lane."""

    def __init__(self, caller: Caller, schemas: Schemas, page_size: int) -> None:
        self._caller = caller
        self._schemas = schemas
        self._page_headers = {"Sforce-Query-Options": f"batchSize={min(max(page_size, 200), 2000)}"}

    async def find(
        self, kind: str, any_of: Mapping[str, Sequence[str]], fields: Sequence[str], include_deleted: bool
    ) -> list[Record]:
        """See `Backend.find`. A key that no record can have (a broken id, a blank) is left out of the search."""
        if not any(any_of.values()):
            return []
        columns = await self._columns(kind, [*fields, "IsDeleted"] if include_deleted else fields)
        alternatives = await self._alternatives(kind, any_of)
        resource = f"{self._caller.data_path}/{'queryAll' if include_deleted else 'query'}"
        names = await self._names(kind, columns)
        fixed = len(resource) + len("?q=") + _encoded(soql.select(names, kind, "()"))
        found: dict[str, Record] = {}
        for part in _cut(alternatives, await self._caller.room() - fixed):
            query = soql.select(names, kind, _condition(part))
            for record in await self.run(resource, query, kind, columns):
                found.setdefault(record.key, record)
        return list(found.values())

    async def changes(
        self, kind: str, since: Position, until: datetime, fields: Sequence[str], page_size: int
    ) -> ChangePage:
        """See `Backend.changes`: a keyset over (SystemModstamp, Id), as many records share one stamp."""
        columns = await self._columns(kind, fields)
        stamp = since.modified_at
        try:
            if since.key:
                same = soql.both([soql.compare("SystemModstamp", "=", stamp), soql.compare("Id", ">", since.key)])
                after = soql.either([same, soql.compare("SystemModstamp", ">", stamp)])
            else:
                after = soql.compare("SystemModstamp", ">=", stamp)
            where = soql.both([after, soql.compare("SystemModstamp", "<=", until)])
            names = await self._names(kind, columns)
            query = soql.select(names, kind, where, ("SystemModstamp", "Id"), max(page_size, 1))
        except ValueError as wrong:
            raise make(OUR_REQUEST, f"The change feed cannot be asked for: {wrong}") from wrong
        records = await self.run(f"{self._caller.data_path}/query", query, kind, columns)
        position = since
        if records and records[-1].modified_at is not None:
            position = Position(records[-1].modified_at, records[-1].key)
        return ChangePage(records, position, done=len(records) < page_size)

    async def select(
        self, kind: str, where: Condition, fields: Sequence[str], *, after: str, size: int
    ) -> list[Record]:
        """See `Backend.select`: a keyset over Id."""
        columns = await self._columns(kind, fields)
        meant = await self._meant(kind, where)
        behind = soql.both([meant, soql.compare("Id", ">", after)]) if after else meant
        query = soql.select(await self._names(kind, columns), kind, behind, ("Id",), max(size, 1))
        resource = f"{self._caller.data_path}/query"
        await self._fits(resource, query)
        return await self.run(resource, query, kind, columns)

    async def count(self, kind: str, where: Condition) -> int:
        """See `Backend.count`."""
        query = soql.count(kind, await self._meant(kind, where))
        await self._fits(f"{self._caller.data_path}/query", query)
        return await self._total(query)

    async def _meant(self, kind: str, where: Condition) -> str:
        """The condition in the org's spelling, values typed by its description."""
        columns = {}
        for one in comparisons(where):
            columns[one.field] = await self._schemas.column(kind, _checked(one.field), self._caller)
        found = {name: column for name, column in columns.items() if column is not None}
        for name in sorted(columns.keys() - found.keys()):
            raise make(FIELD_MISSING, f"{kind} has no field {name} in this org", name)
        return filters.spell(where, found)

    async def _fits(self, resource: str, query: str) -> None:
        if len(resource) + len("?q=") + _encoded(query) > await self._caller.room():
            raise invalid("", "The filter is too long for one query to Salesforce.")

    async def _total(self, query: str) -> int:
        page = await self._caller.get(f"{self._caller.data_path}/query?q={quote(query, safe='')}", _page)
        return int(page["totalSize"])

    async def changed(self, kind: str, since: datetime, until: datetime) -> int:
        """See `Backend.changed`."""
        return await self._total(soql.count(kind, _window(since, until)))

    async def deletes(self, kind: str, since: datetime, until: datetime) -> list[Deletion]:
        """See `Backend.deletes`. Losers of a merge name the record they were merged into, while they are in the bin."""
        columns = await self._columns(kind, ("IsDeleted", "MasterRecordId"))
        names = await self._names(kind, columns)
        where = soql.both([soql.compare("IsDeleted", "=", True), _window(since, until)])
        query = soql.select(names, kind, where, ("SystemModstamp", "Id"))
        found = await self.run(f"{self._caller.data_path}/queryAll", query, kind, columns)
        return [
            Deletion(kind, record.modified_at or until, key=record.key, merged_into=str(master) if master else None)
            for record in found
            for master in [record.values.get("MasterRecordId")]
        ]

    async def run(self, resource: str, query: str, kind: str, columns: Sequence[Column]) -> list[Record]:
        """All pages of a query. Raises SyncError; begins again when the server has lost the next page."""
        for restart in range(RESTARTS + 1):
            rows: dict[str, Record] = {}
            path: str | None = f"{resource}?q={quote(query, safe='')}"
            try:
                while path:
                    page = await self._caller.get(path, _page, self._page_headers)
                    for row in page["records"]:
                        record = _record(kind, row, columns)
                        rows[record.key] = record
                    path = await self._next(page)
            except SyncError as lost:
                if lost.code == SCHEMA.code:
                    self._schemas.forget(kind)
                if lost.code != PAGE_LOST.code or restart == RESTARTS:
                    raise
                continue
            return list(rows.values())
        raise AssertionError("the last restart either returns or raises")

    async def _next(self, page: dict[str, Any]) -> str | None:
        """The next page's path below the instance; refused when it names another place."""
        if page["done"]:
            return None
        link = str(page.get("nextRecordsUrl") or "")
        instance = (await self._caller.token()).instance_url
        if link.startswith(instance + "/"):
            link = link[len(instance) :]
        parts = urlsplit(link) if link.isascii() and link.isprintable() else None
        if parts is None or parts.scheme or parts.netloc or not parts.path.startswith("/services/data/"):
            raise make(FOREIGN_HOST, "Salesforce named a next page outside the org; it was not fetched")
        return link

    async def _columns(self, kind: str, fields: Sequence[str]) -> list[Column]:
        columns = [await self._schemas.column(kind, _checked(name), self._caller) for name in dict.fromkeys(fields)]
        return [column for column in columns if column is not None]

    async def _names(self, kind: str, columns: Sequence[Column]) -> list[str]:
        """What the query selects: the columns, and what every record is known by."""
        own = await self._columns(kind, ("Id", "SystemModstamp"))
        return list(dict.fromkeys(column.name for column in (*columns, *own)))

    async def _alternatives(self, kind: str, any_of: Mapping[str, Sequence[str]]) -> list[Alternative]:
        alternatives: dict[Alternative, None] = {}
        for name, values in any_of.items():
            column = await self._schemas.column(kind, _checked(name), self._caller) if values else None
            if column:
                alternatives.update(dict.fromkeys(_literals(column, values)))
        return list(alternatives)


def _window(since: datetime, until: datetime) -> str:
    return soql.both([soql.compare("SystemModstamp", ">=", since), soql.compare("SystemModstamp", "<=", until)])


def _checked(name: str) -> str:
    try:
        return soql.path(name)
    except ValueError as wrong:
        raise make(SCHEMA, f"Nothing was asked: {wrong}") from wrong


def _literals(column: Column, values: Sequence[str]) -> Iterator[Alternative]:
    for value in values:
        try:
            yield column.name, soql.typed_literal(value, column.type)
        except ValueError:  # no record can have such a value, and the whole query would be refused for it
            continue


def _encoded(text: str) -> int:
    return len(quote(text, safe=""))


def _cut(alternatives: Sequence[Alternative], room: int) -> Iterator[list[Alternative]]:
    """Parts of the alternatives whose conditions fit into `room` bytes of a percent-encoded query."""
    part: list[Alternative] = []
    spent, names = 0, set[str]()
    for name, literal in alternatives:
        cost = _encoded(literal + ",")
        fresh = _encoded(f" OR {name} IN ()")
        if part and spent + cost + (0 if name in names else fresh) > room:
            yield part
            part, spent, names = [], 0, set()
        cost += 0 if name in names else fresh
        if cost > room:
            raise make(TOO_LARGE, "The fields to be read leave no place for a search key in the address")
        part.append((name, literal))
        spent += cost
        names.add(name)
    if part:
        yield part


def _condition(part: Sequence[Alternative]) -> str:
    literals: dict[str, list[str]] = {}
    for name, literal in part:
        literals.setdefault(name, []).append(literal)
    return soql.either([soql.one_of(name, some) for name, some in literals.items()])


def _page(reply: Reply) -> dict[str, Any]:
    try:
        page = parse_json(reply.body)
    except ValueError as broken:
        raise unreadable(reply, "a page of records") from broken
    if (
        not isinstance(page, dict)
        or not isinstance(page.get("done"), bool)
        or not isinstance(page.get("records"), list)
        or not (page["done"] or page.get("nextRecordsUrl"))
    ):
        raise unreadable(reply, "a page of records")
    return page


def _record(kind: str, row: Any, columns: Sequence[Column]) -> Record:
    try:
        values = {column.asked: decode(_at(row, column), column.type) for column in columns if _has(row, column)}
        key, modified_at = decode(row["Id"], "id"), decode(row.get("SystemModstamp"), "datetime")
    except (ValueError, TypeError, KeyError, AttributeError) as wrong:
        raise make(UNREADABLE_ROW, f"A {kind} record cannot be read: {wrong}") from wrong
    if not isinstance(key, str):
        raise make(UNREADABLE_ROW, f"A {kind} record came without its Id")
    return Record(kind, key, values, modified_at if isinstance(modified_at, datetime) else None)


def _has(row: Mapping[str, Any], column: Column) -> bool:
    return column.path[0] in row


def _at(row: Mapping[str, Any], column: Column) -> Any:
    """The value at the column's path; None through an empty parent."""
    value: Any = row
    for step in column.path:
        if value is None:
            return None
        value = value[step]
    return value
