"""What was really done: one entry for each record an executed write function wrote, so that tests can prove "once"."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from app.simulators.intacct.tables import Journal


@dataclass(frozen=True)
class Entry:
    """One written record. `values` holds what was sent, nested as in the request."""

    seq: int
    at: str
    function: str
    object: str
    controlid: str
    recordno: int
    values: dict[str, Any]


class Ledger:
    """Entries in the order of execution; a rolled back write leaves none, and no number is given twice."""

    def __init__(self, journal: Journal) -> None:
        self._entries: list[Entry] = []
        self._journal = journal
        self._seq = 0

    def __len__(self) -> int:
        return len(self._entries)

    def write(
        self, at: datetime, function: str, kind: str, controlid: str, recordno: int, values: dict[str, Any]
    ) -> None:
        """Note a written record; taken back when its write is."""
        self._seq += 1
        self._entries.append(Entry(self._seq, at.isoformat(), function, kind, controlid, recordno, values))
        self._journal.add(self._take_back)

    def _take_back(self) -> None:
        self._entries.pop()

    def describe(self, after: int = 0) -> list[dict[str, Any]]:
        """The entries as plain data, without the first `after`."""
        return [asdict(entry) for entry in self._entries[after:]]
