"""Places on the wire: never more than there are, interactive first, none lost."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.backends.pool import LocalSlots
from app.domain.records import Lane, System

SF, IN = System.SALESFORCE, System.INTACCT


class House:
    """Callers that hold a place until they are told to leave."""

    def __init__(self, capacity: int) -> None:
        self.slots = LocalSlots({SF: capacity, IN: capacity})
        self.inside: list[str] = []
        self.entered: list[str] = []
        self.doors: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def _visit(self, name: str, lane: Lane, system: System) -> None:
        async with self.slots.hold(system, lane):
            self.inside.append(name)
            self.entered.append(name)
            try:
                await self.doors[name].wait()
            finally:
                self.inside.remove(name)

    async def comes(self, name: str, lane: Lane = Lane.INTERACTIVE, system: System = SF) -> None:
        self.doors[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._visit(name, lane, system))
        await self.settle()

    async def leaves(self, name: str) -> None:
        self.doors[name].set()
        await self.tasks.pop(name)
        await self.settle()

    async def gives_up(self, name: str) -> None:
        task = self.tasks.pop(name)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await self.settle()

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)


async def test_no_more_get_in_than_there_are_places() -> None:
    house = House(2)
    for name in "abc":
        await house.comes(name)
    assert house.inside == ["a", "b"]
    await house.leaves("a")
    assert house.inside == ["b", "c"]
    await house.leaves("b")
    await house.leaves("c")


async def test_interactive_callers_go_before_bulk_ones() -> None:
    house = House(1)
    await house.comes("first", Lane.BULK)
    await house.comes("bulk", Lane.BULK)
    await house.comes("person", Lane.INTERACTIVE)
    await house.leaves("first")
    await house.leaves("person")
    await house.leaves("bulk")
    assert house.entered == ["first", "person", "bulk"]


async def test_one_lane_is_served_in_order() -> None:
    house = House(1)
    for name in "abc":
        await house.comes(name, Lane.BULK)
    for name in "abc":
        await house.leaves(name)
    assert house.entered == ["a", "b", "c"]


async def test_the_two_systems_have_their_own_places() -> None:
    house = House(1)
    await house.comes("a", system=SF)
    await house.comes("b", system=IN)
    assert house.inside == ["a", "b"]
    await house.leaves("a")
    await house.leaves("b")


async def test_a_waiter_that_gives_up_takes_no_place() -> None:
    house = House(1)
    for name in "abc":
        await house.comes(name)
    await house.gives_up("b")
    await house.leaves("a")
    assert house.inside == ["c"]
    await house.leaves("c")


async def test_a_holder_that_is_cancelled_gives_its_place_back() -> None:
    house = House(1)
    await house.comes("a")
    await house.comes("b")
    await house.gives_up("a")
    assert house.inside == ["b"]
    await house.leaves("b")


async def test_a_turn_given_to_a_cancelled_waiter_goes_to_the_next() -> None:
    house = House(1)
    for name in "abc":
        await house.comes(name)
    house.doors["a"].set()
    await asyncio.sleep(0)  # a leaves and hands its turn to b in this step, before b runs
    await house.gives_up("b")
    assert house.inside == ["c"]
    await house.leaves("c")


@given(st.lists(st.tuples(st.sampled_from(["comes", "leaves", "gives up"]), st.integers(0, 9), st.booleans())))
def test_no_place_is_ever_lost_or_doubled(moves: list[tuple[str, int, bool]]) -> None:
    async def play() -> None:
        house = House(2)
        for number, (move, pick, bulk) in enumerate(moves):
            waiting = [name for name in house.tasks if name not in house.inside]
            if move == "comes":
                await house.comes(str(number), Lane.BULK if bulk else Lane.INTERACTIVE)
            elif move == "leaves" and house.inside:
                await house.leaves(house.inside[pick % len(house.inside)])
            elif move == "gives up" and waiting:
                await house.gives_up(waiting[pick % len(waiting)])
            assert len(house.inside) == min(2, len(house.tasks))
        while house.inside:
            await house.leaves(house.inside[0])
        assert house.tasks == {}

    asyncio.run(play())
