"""Stand-ins for the ports: a clock that jumps, a bell that remembers, a vault that hides nothing, ids in a row.

They are what tests hand to services instead of patching them. No assertion and no fixture stands here.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from app.domain.records import Lane

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
"""The first instant of every fake clock: a Sunday morning."""


class FakeClock:
    """The `Clock` port with hands: `sleep` moves them on and returns at once."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self.slept: list[float] = []

    def now(self) -> datetime:
        """The present instant."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Move on by `seconds`, which are remembered in `slept`."""
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`. Raises ValueError for a step back: use `set`."""
        if seconds < 0:
            raise ValueError("time does not run backwards; use set")
        self._now += timedelta(seconds=seconds)

    def set(self, instant: datetime) -> None:
        """Jump to an aware instant, also backwards."""
        self._now = instant.astimezone(UTC)


class ListBell:
    """The `Bell` port as a list of (connection id, lane) rung; `deaf` loses every ring, as a bell may."""

    def __init__(self, *, deaf: bool = False) -> None:
        self.rings: list[tuple[str, Lane]] = []
        self.deaf = deaf

    async def ring(self, connection_id: str, lane: Lane) -> None:
        """Remember the ring."""
        if not self.deaf:
            self.rings.append((connection_id, lane))

    def take(self) -> list[tuple[str, Lane]]:
        """The rings since the last call, forgotten afterwards."""
        rings, self.rings = self.rings, []
        return rings


class PlainVault:
    """The `Vault` port without a lock: sealing is writing down as JSON."""

    def seal(self, secrets: dict[str, str]) -> str:
        """JSON with sorted keys."""
        return json.dumps(secrets, sort_keys=True)

    def open(self, sealed: str) -> dict[str, str]:
        """The secrets; empty for an empty text."""
        return {name: str(value) for name, value in json.loads(sealed).items()} if sealed else {}


def sequential_ids(prefix: str = "id") -> Callable[[], str]:
    """A source of ids that sort in the order they were made: `id-000001`, `id-000002`..."""
    count = 0

    def following() -> str:
        nonlocal count
        count += 1
        return f"{prefix}-{count:06d}"

    return following
