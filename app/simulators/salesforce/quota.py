"""The rolling 24-hour count of API calls. It counts; whoever asks decides what to refuse."""

from collections import deque
from datetime import datetime, timedelta

from app.simulators.clock import SimClock

WINDOW = timedelta(hours=24)
SLOT = timedelta(minutes=1)


class Quota:
    """Calls of the last 24 hours, kept by the minute."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock
        self._slots: deque[tuple[datetime, int]] = deque()
        self._used = 0

    def used(self) -> int:
        """Calls counted within the window that ends now."""
        horizon = self._clock.now() - WINDOW
        while self._slots and self._slots[0][0] <= horizon:
            self._used -= self._slots.popleft()[1]
        return self._used

    def count(self, calls: int = 1) -> None:
        """Count `calls` made now."""
        now = self._clock.now()
        if self._slots and now - self._slots[-1][0] < SLOT:
            began, known = self._slots[-1]
            self._slots[-1] = (began, known + calls)
        else:
            self._slots.append((now, calls))
        self._used += calls

    def set(self, used: int) -> None:
        """Pretend that `used` calls were made just now and none before."""
        self._slots.clear()
        self._used = 0
        if used:
            self.count(used)
