"""Rows of one object kind in memory: versions, indexes, running numbers, and the journal that undoes writes.

Knows nothing of XML, of functions or of who may see what.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.simulators.intacct.schema import ObjectSchema

Values = dict[str, Any]
KEEP = timedelta(hours=1)


class Journal:
    """Undo steps of the writes since a mark, newest last."""

    def __init__(self) -> None:
        self._steps: list[Callable[[], None]] = []

    def add(self, undo: Callable[[], None]) -> None:
        """Remember how to take the write back that was just made."""
        self._steps.append(undo)

    def mark(self) -> int:
        """A point to roll back to."""
        return len(self._steps)

    def rollback(self, mark: int) -> None:
        """Take back every write since `mark`."""
        while len(self._steps) > mark:
            self._steps.pop()()

    def forget(self) -> None:
        """Commit: nothing before now can be taken back."""
        self._steps.clear()


@dataclass(slots=True)
class Numbers:
    """The RECORDNO given last, of one object or of several that share it."""

    last: int = 0


@dataclass(slots=True)
class Version:
    """A row as committed at an instant; `values` is None once deleted. Values are replaced, never changed."""

    values: Values | None
    committed: datetime
    previous: "Version | None"

    def at(self, cut: datetime) -> Values | None:
        """The row as it was visible at `cut`."""
        version: Version | None = self
        while version is not None and version.committed > cut:
            version = version.previous
        return version.values if version is not None else None


class Table:
    """All rows of an object, by RECORDNO, with hash indexes on the indexed fields."""

    def __init__(self, schema: ObjectSchema, journal: Journal, numbers: Numbers | None = None) -> None:
        self.schema, self._journal = schema, journal
        self._numbers = numbers or Numbers()
        self._rows: dict[int, Version] = {}
        self._gone: dict[int, Version] = {}
        self._indexes: dict[str, dict[Any, dict[int, None]]] = {}
        self.index_fields()

    def __len__(self) -> int:
        return len(self._rows)

    def index_fields(self) -> None:
        """Build the index of each field that is marked for it and has none yet; drop those of vanished fields."""
        wanted = {name for name, spec in self.schema.fields.items() if spec.indexed}
        for name in set(self._indexes) - wanted:
            del self._indexes[name]
        for name in wanted - set(self._indexes):
            index = self._indexes[name] = {}
            for number, version in self._rows.items():
                if version.values and version.values.get(name) is not None:
                    index.setdefault(version.values[name], {})[number] = None

    def indexed(self, name: str) -> bool:
        """Whether `find` on the field is a look-up and not a scan."""
        return name == "RECORDNO" or name in self._indexes

    def next_number(self) -> int:
        """A RECORDNO never given before, not even to a row that was rolled back."""
        self._numbers.last += 1
        return self._numbers.last

    def get(self, number: int) -> Values | None:
        """The present row, or None."""
        version = self._rows.get(number)
        return version.values if version is not None else None

    def find(self, name: str, value: Any) -> list[int]:
        """RECORDNOs of the rows whose field equals `value`, in order of RECORDNO."""
        if name == "RECORDNO":
            return [value] if value in self._rows else []
        if name in self._indexes:
            return sorted(self._indexes[name].get(value, ()))
        return [n for n, v in self._rows.items() if v.values and v.values.get(name) == value]

    def first(self, name: str, value: Any) -> Values | None:
        """The first row whose field equals `value`, or None."""
        numbers = self.find(name, value)
        return self.get(numbers[0]) if numbers else None

    def rows(self, cut: datetime | None = None) -> Iterator[Values]:
        """Every row, as it was at `cut` if given."""
        if cut is None:
            for version in self._rows.values():
                if version.values is not None:
                    yield version.values
            return
        for version in [*self._rows.values(), *self._gone.values()]:
            values = version.at(cut)
            if values is not None:
                yield values

    def put(self, values: Values, at: datetime) -> None:
        """Insert or replace the row `values["RECORDNO"]`."""
        number = values["RECORDNO"]
        self._numbers.last = max(self._numbers.last, number)
        old = self._rows.get(number)
        self._set(number, Version(values, at, _recent(old, at)))
        self._journal.add(lambda: self._set(number, old))

    def remove(self, number: int, at: datetime) -> None:
        """Delete the row."""
        old = self._rows[number]
        self._set(number, None)
        self._gone = {n: v for n, v in self._gone.items() if at - v.committed < KEEP}
        self._gone[number] = Version(None, at, old)

        def undo() -> None:
            self._gone.pop(number, None)
            self._set(number, old)

        self._journal.add(undo)

    def _set(self, number: int, version: Version | None) -> None:
        old = self._rows.pop(number, None) if version is None else self._rows.get(number)
        if version is not None:
            self._rows[number] = version
        before = (old.values if old else None) or {}
        after = (version.values if version else None) or {}
        for name, index in self._indexes.items():
            was, now = before.get(name), after.get(name)
            if was == now:
                continue
            if was is not None:
                index[was].pop(number, None)
                if not index[was]:
                    del index[was]
            if now is not None:
                index.setdefault(now, {})[number] = None


def _recent(old: Version | None, at: datetime) -> Version | None:
    """The chain of versions a read lag may still need to show."""
    if old is not None and at - old.committed > KEEP:
        return Version(old.values, old.committed, None)
    return old
