"""A clock that stands until a test moves it: who sleeps stays asleep, and a test can wait for somebody to fall asleep.

Unlike `FakeClock`, whose sleepers wake at once, this one is for things that run beside the test. No test stands here.
"""

import asyncio
import heapq
from datetime import datetime, timedelta
from itertools import count

from tests.fakes import START


class StandingClock:
    """The `Clock` port; `advance` wakes those whose time has come."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self._numbers = count()
        self._asleep: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._changed = asyncio.Event()

    def now(self) -> datetime:
        """The present instant."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Stay until the clock was moved far enough."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._asleep, (self._now + timedelta(seconds=seconds), next(self._numbers), turn))
        self._changed.set()
        await turn

    @property
    def sleepers(self) -> int:
        """How many are asleep."""
        return sum(1 for _, _, turn in self._asleep if not turn.done())

    async def asleep(self, number: int) -> None:
        """Wait until at least `number` are asleep. Fails after five real seconds."""
        async with asyncio.timeout(5):
            while self.sleepers < number:
                self._changed.clear()
                await self._changed.wait()

    def advance(self, seconds: float) -> None:
        """Move on, waking whoever's time has come."""
        self._now += timedelta(seconds=seconds)
        while self._asleep and self._asleep[0][0] <= self._now:
            _, _, turn = heapq.heappop(self._asleep)
            if not turn.done():
                turn.set_result(None)
