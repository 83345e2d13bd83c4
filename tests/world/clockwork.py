"""Time that costs nothing: an event loop that jumps to its next timer instead of waiting for it. No product in here."""

import asyncio
import math
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
"""The first instant of every world."""


class Deadlock(AssertionError):
    """Nothing is ready and no timer is set: without time passing, nothing can ever happen again."""


class _NeverWaits(selectors.BaseSelector):
    """Answers at once; the time it was asked to wait is handed to the clock."""

    def __init__(self, loop: "VirtualLoop") -> None:
        self._loop = loop
        self._keys: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """Remember; nothing will ever be ready."""
        number = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        key = self._keys[fileobj] = selectors.SelectorKey(fileobj, number, events, data)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        """Forget."""
        return self._keys.pop(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Nothing is ready; instead the clock has moved on by `timeout`. Raises Deadlock when there is none."""
        if timeout is None:
            raise Deadlock("nothing is ready and no timer is set")
        if timeout > 0:
            self._loop.jump(timeout)
        return []

    def get_map(self) -> Any:
        """What is registered."""
        return self._keys


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is a number of its own, from 0."""

    def __init__(self) -> None:
        self._number = 0.0
        super().__init__(_NeverWaits(self))

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._number

    def jump(self, seconds: float) -> None:
        """Let time pass; at least by the smallest step there is, so that no timer is approached for ever."""
        self._number = max(self._number + seconds, math.nextafter(self._number, math.inf))

    def instant(self) -> datetime:
        """The virtual instant as a date."""
        return START + timedelta(seconds=self._number)


def run_virtual(make: Coroutine[Any, Any, T], loop: VirtualLoop) -> T:
    """Run a coroutine to its end on `loop`, end what it left behind, and close the loop."""
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(make)
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        loop.close()
