"""A side that is read and never written: what the engine works with when it only shows what it would do.

Reads pass through. Writes are kept as they would leave and answered like confirmed ones, under a stand-in for the key
the vendor would give. It is handed a `Reading`, so there is nothing in here that could send one. Asks no store.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.conditions import Condition
from app.domain.errors import SyncError
from app.domain.records import Record, Value
from app.sync.ports import (
    Action,
    ChangePage,
    Deletion,
    Identity,
    Outcome,
    Position,
    Reading,
    Schema,
    Usage,
    Verdict,
    Write,
)

STAND_IN = "(new-"
"""How every stand-in begins; no key and no natural id of either vendor does."""


@dataclass(frozen=True, slots=True)
class DryWrite:
    """A write that was not sent, and its text. `exact`: nothing in it is known only once an earlier one was sent."""

    write: Write
    text: str
    exact: bool


class DryBackend:
    """Implements `Backend` over one side. One per run: `written` are its writes, in order.

    `requests` counts the calls they would have been, `withheld` the reads of what would only then be there.
    """

    def __init__(self, side: Reading) -> None:
        self._side = side
        self.system = side.system
        self.written: list[DryWrite] = []
        self.requests = 0
        self.withheld = 0
        self._made: dict[str, Write] = {}

    async def find(
        self,
        kind: str,
        any_of: Mapping[str, Sequence[str]],
        fields: Sequence[str],
        *,
        include_deleted: bool = False,
    ) -> list[Record]:
        """See `Reading.find`. A record that would have been made holds what was written to it and nothing else."""
        asked = {name: [value for value in values if value not in self._made] for name, values in any_of.items()}
        made = [value for values in any_of.values() for value in values if value in self._made]
        if made and not any(asked.values()):
            self.withheld += 1
        found = await self._side.find(kind, asked, fields, include_deleted=include_deleted)
        return found + [self._remembered(key, fields) for key in made if self._made[key].kind == kind]

    def _remembered(self, key: str, fields: Sequence[str]) -> Record:
        write = self._made[key]
        values: dict[str, Value] = {name: write.values[name] for name in fields if name in write.values}
        return Record(write.kind, key, values)

    def chunks(self, writes: Sequence[Write]) -> list[list[Write]]:
        """See `Reading.chunks`."""
        return self._side.chunks(writes)

    def render(self, write: Write) -> str:
        """See `Reading.render`."""
        return self._side.render(write)

    async def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """Keep the writes and confirm them; what could not even be built is rejected, as it would be."""
        self.requests += 1
        return [self._keep(write) for write in writes]

    def _keep(self, write: Write) -> Outcome:
        try:
            text = self._side.render(write)
        except SyncError as wrong:
            return Outcome(Verdict.REJECTED, error=wrong)
        self.written.append(DryWrite(write, text, STAND_IN not in text))
        if write.action is not Action.CREATE:
            return Outcome(Verdict.CONFIRMED, key=write.key, created=False)
        key = f"{STAND_IN}{len(self._made) + 1})"
        self._made[key] = write
        return Outcome(Verdict.CONFIRMED, key=key, created=True)

    async def changes(
        self, kind: str, since: Position, until: datetime, fields: Sequence[str], page_size: int
    ) -> ChangePage:
        """See `Reading.changes`."""
        return await self._side.changes(kind, since, until, fields, page_size)

    async def select(
        self, kind: str, where: Condition, fields: Sequence[str], *, after: str, size: int
    ) -> list[Record]:
        """See `Reading.select`."""
        return await self._side.select(kind, where, fields, after=after, size=size)

    async def count(self, kind: str, where: Condition) -> int:
        """See `Reading.count`."""
        return await self._side.count(kind, where)

    async def changed(self, kind: str, since: datetime, until: datetime) -> int:
        """See `Reading.changed`."""
        return await self._side.changed(kind, since, until)

    async def deletes(self, kinds: Sequence[str], since: datetime, until: datetime) -> list[Deletion]:
        """See `Reading.deletes`."""
        return await self._side.deletes(kinds, since, until)

    async def describe(self, kind: str) -> Schema:
        """See `Reading.describe`."""
        return await self._side.describe(kind)

    async def identity(self) -> Identity:
        """See `Reading.identity`."""
        return await self._side.identity()

    def take_usage(self) -> Usage:
        """See `Reading.take_usage`."""
        return self._side.take_usage()
