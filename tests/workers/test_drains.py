"""How many batches run at once, and what becomes of rings that come faster."""

import asyncio

import pytest

from app.domain.records import Lane
from workers.drains import Drains

BULK = Lane.BULK


class Desk:
    """Work that stays until released, and knows how much is due."""

    def __init__(self, due: int = 0, *, held: bool = True) -> None:
        self.due = due
        self.begun: list[str] = []
        self.inside = 0
        self.most = 0
        self._gate = asyncio.Event()
        if not held:
            self._gate.set()

    async def work(self, connection_id: str, _lane: Lane) -> bool:
        self.begun.append(connection_id)
        self.inside += 1
        self.most = max(self.most, self.inside)
        await self._gate.wait()
        self.inside -= 1
        self.due -= 1
        return self.due > 0

    def release(self) -> None:
        self._gate.set()


@pytest.fixture
def stopping() -> asyncio.Event:
    return asyncio.Event()


async def settled() -> None:
    """Everybody who can go on has gone on."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_drain_works_until_nothing_is_due(stopping: asyncio.Event) -> None:
    desk = Desk(due=3, held=False)
    assert await Drains(desk.work, 2, stopping).drain("c", BULK) == 3


async def test_no_more_batches_at_once_than_allowed(stopping: asyncio.Event) -> None:
    desk = Desk()
    drains = Drains(desk.work, 2, stopping)
    tasks = [asyncio.create_task(drains.drain(f"c{n}", BULK)) for n in range(5)]
    await settled()
    assert len(desk.begun) == 2
    desk.release()
    await asyncio.gather(*tasks)
    assert (len(desk.begun), desk.most) == (5, 2)


async def test_rings_for_a_connection_that_waits_already_are_one(stopping: asyncio.Event) -> None:
    desk = Desk()
    drains = Drains(desk.work, 1, stopping)
    tasks = [asyncio.create_task(drains.drain("c", BULK)) for _ in range(10)]
    await settled()
    desk.release()
    await asyncio.gather(*tasks)
    assert desk.begun == ["c", "c"]


async def test_a_ring_during_work_is_followed_by_another_look(stopping: asyncio.Event) -> None:
    desk = Desk()
    drains = Drains(desk.work, 1, stopping)
    first = asyncio.create_task(drains.drain("c", BULK))
    await settled()
    second = asyncio.create_task(drains.drain("c", BULK))
    await settled()
    desk.release()
    await asyncio.gather(first, second)
    assert desk.begun == ["c", "c"]


async def test_nothing_is_begun_once_the_process_was_asked_to_end(stopping: asyncio.Event) -> None:
    desk = Desk(due=100)
    drains = Drains(desk.work, 1, stopping)
    tasks = [asyncio.create_task(drains.drain(name, BULK)) for name in ("at work", "waiting")]
    await settled()
    stopping.set()
    desk.release()
    assert await asyncio.gather(*tasks) == [1, 0]
    assert await drains.drain("late", BULK) == 0
    assert desk.begun == ["at work"]


@pytest.mark.parametrize("which", ["at work", "waiting"])
async def test_a_cancelled_drain_gives_its_place_back(stopping: asyncio.Event, which: str) -> None:
    desk = Desk()
    drains = Drains(desk.work, 1, stopping)
    tasks = {name: asyncio.create_task(drains.drain(name, BULK)) for name in ("at work", "waiting")}
    await settled()
    tasks.pop(which).cancel()
    desk.release()
    await asyncio.gather(*tasks.values())
    assert await drains.drain(which, BULK) == 1


async def test_work_that_breaks_gives_its_place_back(stopping: asyncio.Event) -> None:
    calls: list[str] = []

    async def breaks(connection_id: str, _lane: Lane) -> bool:
        calls.append(connection_id)
        raise RuntimeError("broken")

    drains = Drains(breaks, 1, stopping)
    for _ in range(3):
        with pytest.raises(RuntimeError):
            await drains.drain("c", BULK)
    assert len(calls) == 3
