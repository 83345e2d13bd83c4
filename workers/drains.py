"""How many batches one process runs at once, and what happens to rings that come faster than that.

Knows nothing of the queue and nothing of what a batch does.
"""

import asyncio
from collections.abc import Awaitable, Callable

from app.domain.records import Lane

Work = Callable[[str, Lane], Awaitable[bool]]
"""Bring one batch of a connection's lane in step; True when more may be due."""

LIMIT = {Lane.INTERACTIVE: 8, Lane.BULK: 3}
"""Batches at once in one process, unless the settings say otherwise."""


class Drains:
    """At most `limit` at once. Rings for a connection that already waits for its turn are one ring.

    The merge loses nothing: who waits has not looked yet, and will find what the later ring was for.
    """

    def __init__(self, work: Work, limit: int, stopping: asyncio.Event) -> None:
        self._work = work
        self._places = asyncio.Semaphore(limit)
        self._stopping = stopping
        self._waiting: set[tuple[str, Lane]] = set()

    async def drain(self, connection_id: str, lane: Lane) -> int:
        """Work until nothing is due, or until the process is asked to end; answers the batches done.

        Batches that are not begun are left to another process: the rows are the truth.
        """
        key = (connection_id, lane)
        if key in self._waiting or self._stopping.is_set():
            return 0
        self._waiting.add(key)
        try:
            await self._places.acquire()
        finally:
            self._waiting.discard(key)
        try:
            return await self._batches(connection_id, lane)
        finally:
            self._places.release()

    async def _batches(self, connection_id: str, lane: Lane) -> int:
        done = 0
        while not self._stopping.is_set():
            done += 1
            if not await self._work(connection_id, lane):
                break
        return done
