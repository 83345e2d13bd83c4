"""Records that follow one another in time and stand for one record on the other side: dated prices. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from app.domain.records import Record, Value

Group = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stages:
    """How stages are told apart: Intacct fields.

    `of` together name the record they are stages of (siblings are asked for by the first one); `starts` and `ends` are
    the days from and to which a stage holds, both included, empty for open.
    """

    of: tuple[str, ...]
    starts: str
    ends: str

    def group(self, record: Record) -> Group:
        """What the record is a stage of."""
        return tuple(str(record.values.get(name) or "") for name in self.of)

    def holds(self, record: Record, today: date) -> bool:
        """Whether `today` lies between the start and the end of a stage."""
        starts, ends = (_day(record.values.get(name)) for name in (self.starts, self.ends))
        return (starts is None or starts <= today) and (ends is None or today <= ends)

    def in_force(self, records: Iterable[Record], today: date) -> dict[Group, Record]:
        """Per group the stage that counts: of those that hold, the one that started last; then the newest record."""
        chosen: dict[Group, Record] = {}
        for record in records:
            if self.holds(record, today):
                rival = chosen.get(self.group(record))
                if rival is None or self._rank(record) > self._rank(rival):
                    chosen[self.group(record)] = record
        return chosen

    def _rank(self, record: Record) -> tuple[date, int, str]:
        return _day(record.values.get(self.starts)) or date.min, len(record.key), record.key


def _day(value: Value) -> date | None:
    return value if isinstance(value, date) else None
