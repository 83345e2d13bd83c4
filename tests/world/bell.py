"""A bell that may be deaf, stutter or be late; workers wait at it. The rows do not depend on it."""

import asyncio
import random
from collections import deque
from dataclasses import dataclass

from app.domain.records import Lane
from tests.world.stage import RING, Stage


@dataclass(frozen=True, slots=True)
class BellFaults:
    """Shares of rings that are lost, doubled, delayed (by up to `seconds`)."""

    lost: float = 0.0
    doubled: float = 0.0
    delayed: float = 0.0
    seconds: float = 60.0


class WorldBell:
    """Implements `services.context.Bell`, and `wait` for workers."""

    def __init__(self, stage: Stage, rng: random.Random) -> None:
        self.faults = BellFaults()
        self.rung = self.lost = self.doubled = self.delayed = 0
        self._stage, self._rng = stage, rng
        self._rings: dict[Lane, int] = dict.fromkeys(Lane, 0)
        self._waiting: dict[Lane, deque[asyncio.Future[None]]] = {lane: deque() for lane in Lane}

    async def ring(self, connection_id: str, lane: Lane) -> None:
        """See `Bell.ring`."""
        await self._stage.at(RING, lane)
        self.rung += 1
        draw = self._rng.random()
        if draw < self.faults.lost:
            self.lost += 1
            return
        draw -= self.faults.lost
        if draw < self.faults.doubled:
            self.doubled += 1
            self._strike(lane)
        elif draw < self.faults.doubled + self.faults.delayed:
            self.delayed += 1
            delay = self._rng.uniform(0.0, self.faults.seconds)
            self._stage.loop.call_later(delay, self._strike, lane)
            return
        self._strike(lane)

    def _strike(self, lane: Lane) -> None:
        self._rings[lane] += 1
        while self._waiting[lane]:
            turn = self._waiting[lane].popleft()
            if not turn.done():
                turn.set_result(None)
                return

    async def wait(self, lane: Lane) -> None:
        """Take one ring, now or when it comes. Rings nobody has taken are remembered."""
        while not self._rings[lane]:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting[lane].append(turn)
            await turn
        self._rings[lane] -= 1
