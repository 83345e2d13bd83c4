"""The simulators' clock: real, shifted, frozen, or driven by a test. Nothing else in a simulator asks for the time."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class SimClock:
    """Tells the simulated time as an aware UTC datetime.

    `source` gives seconds since the epoch; a test on a virtual clock hands in its own.
    """

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._offset = timedelta()
        self._frozen: datetime | None = None

    def now(self) -> datetime:
        """The simulated instant."""
        if self._frozen is not None:
            return self._frozen
        return datetime.fromtimestamp(self._source(), UTC) + self._offset

    def advance(self, seconds: float) -> None:
        """Move forward (or back, with a negative number) by `seconds`; a frozen clock stays frozen."""
        step = timedelta(seconds=seconds)
        if self._frozen is not None:
            self._frozen += step
        else:
            self._offset += step

    def set(self, instant: datetime) -> None:
        """Jump to `instant` and keep running (or stay frozen there)."""
        if self._frozen is not None:
            self._frozen = instant
        else:
            self._offset += instant - self.now()

    def freeze(self) -> None:
        """Stop at the present instant."""
        self._frozen = self.now()

    def run(self) -> None:
        """Go on from the present instant."""
        if self._frozen is not None:
            instant, self._frozen = self._frozen, None
            self._offset = timedelta()
            self.set(instant)

    def reset(self) -> None:
        """Back to the source's own time."""
        self._offset, self._frozen = timedelta(), None
