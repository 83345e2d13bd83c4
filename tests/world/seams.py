"""Backends in which something is not as it should be, or smaller than it is: they pass the rest on. No course here."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from app.domain.records import Record
from app.sync.ports import ChangePage, Position


class Through:
    """A backend that passes everything on; whoever inherits from it changes one verb."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class Poisoned(Through):
    """A Salesforce client under which a run with certain records breaks, as by a defect of ours (F29)."""

    def __init__(self, inner: Any, poison: Collection[str]) -> None:
        super().__init__(inner)
        self._poison = poison

    async def find(
        self, kind: str, any_of: Mapping[str, Sequence[str]], fields: Sequence[str], **more: Any
    ) -> list[Record]:
        """Breaks for the poison."""
        if not set(any_of.get("Id", ())).isdisjoint(self._poison):
            raise ZeroDivisionError("a record nobody thought of")
        found: list[Record] = await self._inner.find(kind, any_of, fields, **more)
        return found


class SmallPages(Through):
    """A feed in pages of a few rows, so that one timestamp goes over several pages (F20)."""

    def __init__(self, inner: Any, size: int) -> None:
        super().__init__(inner)
        self._size = size

    async def changes(
        self, kind: str, since: Position, until: datetime, fields: Sequence[str], page_size: int
    ) -> ChangePage:
        """See `Backend.changes`."""
        page: ChangePage = await self._inner.changes(kind, since, until, fields, min(page_size, self._size))
        return page
