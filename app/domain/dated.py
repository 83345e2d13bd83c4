"""Dated rows that live inside their Intacct record: one of them is in force, and a write sends them all together. Pure.

Intacct has no write for a single row: what a write leaves out of the list is gone. So every row that was read goes
along as it was, and a list that holds anything we could not send back is never written.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.domain.records import Value

Row = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class DatedRows:
    """How the rows of a record are rewritten.

    `path` are the elements of list and row, `starts` the field with a row's first day. `first` is what the first row of
    a record holds besides what is mapped. `keeps` are the fields of a row that go back as they were read; `bars` those
    which, filled and not zero, leave a list to Intacct, as does anything that has parts of its own (tiers).
    """

    path: str
    starts: str
    first: Mapping[str, Value]
    keeps: tuple[str, ...]
    bars: tuple[str, ...]

    @property
    def start_name(self) -> str:
        """The first day of the row in force, as a field of the record."""
        return f"{self.path}.{self.starts}"

    def apart(self, values: Mapping[str, Value]) -> tuple[dict[str, Value], dict[str, Value]]:
        """The values of the record itself, and those of its row by the row's own names."""
        head = f"{self.path}."
        inner = {name.removeprefix(head): value for name, value in values.items() if name.startswith(head)}
        return {name: value for name, value in values.items() if not name.startswith(head)}, inner

    def barred(self, rows: Iterable[Row]) -> bool:
        """Whether the list is Intacct's alone."""
        return any(
            value not in (None, "", "0", 0) and ("." in name or name in self.bars)
            for row in rows
            for name, value in row.items()
        )

    def rewritten(self, rows: Sequence[Row], started: Value, changed: Row) -> tuple[Row, ...]:
        """All rows by their first days, the one that began at `started` with its changes.

        Without one in force there is a new first row: it begins before all that are still to come.
        """
        kept = [{name: row[name] for name in (self.starts, *self.keeps) if row.get(name) is not None} for row in rows]
        if started is None:
            return ({**self.first, **changed}, *kept)
        place = next(n for n, row in enumerate(kept) if row.get(self.starts) == started)
        kept[place] = {**kept[place], **changed}
        return tuple(kept)
