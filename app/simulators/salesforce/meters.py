"""Counters of what was asked of the org since the last reset. No limits, no behaviour."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Meters:
    """`calls` are data calls that count towards limits; `requests` is everything that reached the simulator."""

    requests: int = 0
    calls: int = 0
    rows_read: int = 0
    concurrency: int = 0
    concurrency_high_water: int = 0
    by_verb: Counter[str] = field(default_factory=Counter)
    by_tag: Counter[str] = field(default_factory=Counter)
    by_status: Counter[int] = field(default_factory=Counter)
    written: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    def enter(self) -> None:
        """A request begins."""
        self.requests += 1
        self.concurrency += 1
        self.concurrency_high_water = max(self.concurrency_high_water, self.concurrency)

    def leave(self) -> None:
        """A request ends."""
        self.concurrency -= 1

    def describe(self) -> dict[str, Any]:
        """The counters as plain data."""
        return {
            "requests": self.requests,
            "calls": self.calls,
            "by_verb": dict(self.by_verb),
            "by_tag": dict(self.by_tag),
            "by_status": {str(status): n for status, n in self.by_status.items()},
            "concurrency": self.concurrency,
            "concurrency_high_water": self.concurrency_high_water,
            "writes": sum(self.written.values()),
            "written": dict(self.written),
            "rows_read": self.rows_read,
            "faults": dict(self.faults),
        }
