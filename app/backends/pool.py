"""Places on the wire within one process: at most `capacity` requests at once, interactive ones first.

For one process only; a connection served by several processes shares its places through the store instead.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from app.domain.records import Lane, System


class LocalSlots:
    """The `Slots` port for a single process."""

    def __init__(self, capacity: dict[System, int]) -> None:
        self._free = dict(capacity)
        self._waiting: dict[System, dict[Lane, deque[asyncio.Future[None]]]] = {
            system: {Lane.INTERACTIVE: deque(), Lane.BULK: deque()} for system in capacity
        }

    def hold(self, system: System, lane: Lane) -> AbstractAsyncContextManager[None]:
        """See `Slots.hold`. A cancelled waiter gives its turn on."""
        return self._hold(system, lane)

    @asynccontextmanager
    async def _hold(self, system: System, lane: Lane) -> AsyncIterator[None]:
        await self._acquire(system, lane)
        try:
            yield
        finally:
            self._release(system)

    async def _acquire(self, system: System, lane: Lane) -> None:
        if self._free[system] > 0:
            self._free[system] -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[system][lane].append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._release(system)
            raise

    def _release(self, system: System) -> None:
        for lane in (Lane.INTERACTIVE, Lane.BULK):
            queue = self._waiting[system][lane]
            while queue:
                turn = queue.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        self._free[system] += 1
