"""The change feed: positions in (WHENMODIFIED, RECORDNO) order and the queries that continue from them.

WHENMODIFIED has a granularity of one second and may be null (intacct-api.md 6.1). Overlap, look-back and
de-duplication are the caller's: here a position is continued exactly.

Positions this module makes and understands, by their key:

    ""           the start of a scan: rows without WHENMODIFIED first, then everything from `modified_at` on
    "null:17"    among the rows without WHENMODIFIED, RECORDNO 17 was the last one read
    "0"          everything from `modified_at` on, that second included; the rows without WHENMODIFIED are done
    "8123"       everything up to `modified_at`, and within that second up to RECORDNO 8123
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from app.backends.intacct.dialect import LARGEST_PAGE, Condition, compare, either, every
from app.backends.intacct.reading import CREATED, KEY, MODIFIED, Page, Pages
from app.domain.errors import Kind, SyncError
from app.domain.records import Record
from app.sync.ports import ChangePage, Position

_NULL = "null:"
_SECOND = timedelta(seconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class CursorStrategy(StrEnum):
    """How a full page of one second is continued; which one a live company serves better is unknown (U-18)."""

    TWO_QUERIES = "two_queries"
    COMPOSITE = "composite"


class Feed:
    """Change pages of one gateway; at most two queries a page, one as a rule."""

    def __init__(self, reader: Pages, strategy: CursorStrategy) -> None:
        self._reader = reader
        self._strategy = strategy

    async def changes(
        self, kind: str, since: Position, until: datetime, fields: Sequence[str], page_size: int
    ) -> ChangePage:
        """See `Backend.changes`."""
        size = min(max(page_size, 1), LARGEST_PAGE)
        start, end = _whole(since.modified_at), _whole(until)
        key = since.key
        if key == "" or key.startswith(_NULL):
            page = await self._nulls(kind, start, end, fields, size, key.removeprefix(_NULL))
            if page.records:
                then = f"{_NULL}{page.records[-1].key}" if page.more else "0"
                return ChangePage(page.records, Position(start, then), done=False, undated=True)
            key = "0"
        if start > end:
            return ChangePage([], since, done=True)
        if key != "0" and self._strategy is CursorStrategy.TWO_QUERIES:
            return await self._within_second(kind, start, key, end, fields, size)
        page = await self._query(kind, fields, _from(start, key), end, size)
        return self._close(page, Position(since.modified_at) if since.key.startswith(_NULL) else since)

    async def changed(self, kind: str, since: datetime, until: datetime) -> int:
        """See `Backend.changed`."""
        start, end = _whole(since), _whole(until)
        window = every(compare("greaterthanorequalto", MODIFIED, start), compare("lessthanorequalto", MODIFIED, end))
        return await self._reader.count(kind, window)

    async def _nulls(
        self, kind: str, start: datetime, end: datetime, fields: Sequence[str], size: int, after: str
    ) -> Page:
        """Rows without WHENMODIFIED, bounded by WHENCREATED where that is the moment of creation."""
        parts = [compare("isnull", MODIFIED)]
        if (await self._reader.types(kind)).get(CREATED) == "TIMESTAMP":
            window = every(compare("greaterthanorequalto", CREATED, start), compare("lessthanorequalto", CREATED, end))
            parts.append(either(window, compare("isnull", CREATED)))
        if after:
            parts.append(compare("greaterthan", KEY, after))
        return await self._reader.page(kind, fields, every(*parts), (KEY,), size)

    async def _within_second(
        self, kind: str, second: datetime, key: str, end: datetime, fields: Sequence[str], size: int
    ) -> ChangePage:
        """The rest of one second by RECORDNO; when nothing is left of it, the page behind it."""
        rest = every(compare("equalto", MODIFIED, second), compare("greaterthan", KEY, key))
        page = await self._reader.page(kind, fields, rest, (KEY,), size)
        if page.records:
            last = page.records[-1].key
            if page.more:
                return ChangePage(page.records, Position(second, last), done=False)
            if second >= end:
                return ChangePage(page.records, Position(second, last), done=True)
            return ChangePage(page.records, Position(second + _SECOND, "0"), done=False)
        behind = await self._query(kind, fields, compare("greaterthan", MODIFIED, second), end, size)
        return self._close(behind, Position(second, key))

    async def _query(self, kind: str, fields: Sequence[str], bound: Condition, end: datetime, size: int) -> Page:
        where = every(bound, compare("lessthanorequalto", MODIFIED, end))
        page = await self._reader.page(kind, fields, where, (MODIFIED, KEY), size)
        moments = [_moment(record) for record in page.records]
        if any(left > right for left, right in pairwise(moments)):
            raise SyncError(
                Kind.TRANSIENT, "page_unreliable", f"Intacct's page of {kind} is not in the order asked for."
            )
        return page

    def _close(self, page: Page, before: Position) -> ChangePage:
        """The page with the position after it.

        A second that a full page may have cut is left for the next page, which then needs one query only; a page
        filled by a single second is continued inside it.
        """
        if not page.records:
            return ChangePage([], before, done=True)
        last = page.records[-1]
        if not page.more:
            return ChangePage(page.records, Position(_moment(last), last.key), done=True)
        complete = [record for record in page.records if _moment(record) < _moment(last)]
        if complete and self._strategy is CursorStrategy.TWO_QUERIES:
            return ChangePage(complete, Position(_moment(last), "0"), done=False)
        return ChangePage(page.records, Position(_moment(last), last.key), done=False)


def _from(start: datetime, key: str) -> Condition:
    if key == "0":
        return compare("greaterthanorequalto", MODIFIED, start)
    inside = every(compare("equalto", MODIFIED, start), compare("greaterthan", KEY, key))
    return either(compare("greaterthan", MODIFIED, start), inside)


def _whole(moment: datetime) -> datetime:
    return max(moment, _EPOCH).astimezone(UTC).replace(microsecond=0)


def _moment(record: Record) -> datetime:
    if record.modified_at is None:
        raise SyncError(
            Kind.TRANSIENT,
            "page_unreliable",
            f"{record.kind} {record.key} came in a change page without a change time.",
        )
    return record.modified_at
