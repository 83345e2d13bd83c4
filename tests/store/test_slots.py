"""Places on the wire: never more than there are, interactive first, and none lost with a dead holder. Both engines."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest
from sqlmodel import select

from app.domain.records import Lane, System
from app.store.session import Sessions
from app.store.slots import LEASE, LINGER, WAITING, SqlSlots
from app.store.tables import Connection, Slot
from tests.clocks import StandingClock
from tests.fakes import START

PLACES = 2
NewSlots = Callable[..., SqlSlots]


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
async def process(sessions: Sessions, clock: StandingClock, new_id: Callable[[], str]) -> NewSlots:
    """Makes the slots of one more process."""
    async with sessions() as session, session.begin():
        session.add(Connection(id="c", name="default", environment="offline", created_at=START, updated_at=START))

    def made(name: str, places: int = PLACES) -> SqlSlots:
        return SqlSlots(sessions, clock, new_id, "c", name, {System.INTACCT: places, System.SALESFORCE: 5})

    return made


class Holder:
    """A task that asks for a place and keeps it until told to let go."""

    def __init__(self, place: AbstractAsyncContextManager[None]) -> None:
        self._place = place
        self.held = asyncio.Event()
        self.let_go = asyncio.Event()
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        async with self._place:
            self.held.set()
            await self.let_go.wait()

    async def holds(self) -> None:
        waiting = asyncio.create_task(self.held.wait())
        await asyncio.wait({waiting, self.task}, timeout=5, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self.task.done():
            await self.task  # shows what went wrong
        assert self.held.is_set()

    async def end(self) -> None:
        self.let_go.set()
        await self.task


@pytest.fixture
async def holder() -> AsyncIterator[Callable[[SqlSlots, Lane], Holder]]:
    made: list[Holder] = []

    def ask(slots: SqlSlots, lane: Lane = Lane.BULK) -> Holder:
        made.append(Holder(slots.hold(System.INTACCT, lane)))
        return made[-1]

    yield ask
    for one in made:
        one.task.cancel()
    await asyncio.gather(*(one.task for one in made), return_exceptions=True)


Ask = Callable[..., Holder]


async def held_places(sessions: Sessions) -> int:
    async with sessions() as session:
        rows = (await session.exec(select(Slot).where(Slot.system == "intacct", Slot.number > 0))).all()
    return sum(1 for row in rows if row.holder is not None)


async def full(process: NewSlots, holder: Ask) -> list[Holder]:
    holders = [holder(process(f"p{n}")) for n in range(PLACES)]
    for one in holders:
        await one.holds()
    return holders


async def woken(clock: StandingClock, waiters: int, seconds: float) -> None:
    """Let waiters try once more: they, and the renewals of the holders, sleep again afterwards."""
    await clock.asleep(waiters)
    clock.advance(seconds)


async def test_places_are_shared_by_processes_and_never_exceeded(
    process: NewSlots, holder: Ask, clock: StandingClock, sessions: Sessions
) -> None:
    holders = await full(process, holder)
    late = holder(process("late"))
    for _ in range(3):
        await woken(clock, PLACES + 1, 0.06)
    await clock.asleep(PLACES + 1)
    assert not late.held.is_set()
    assert await held_places(sessions) == PLACES
    await holders[0].end()
    clock.advance(0.06)
    await late.holds()


async def test_places_of_the_two_systems_are_apart(process: NewSlots, holder: Ask) -> None:
    await full(process, holder)
    async with asyncio.timeout(5), process("other").hold(System.SALESFORCE, Lane.BULK):
        pass


async def test_a_place_given_back_leaves_no_trace(process: NewSlots, sessions: Sessions) -> None:
    async with process("p").hold(System.INTACCT, Lane.BULK):
        assert await held_places(sessions) == 1
    assert await held_places(sessions) == 0


async def test_a_failing_holder_gives_its_place_back(process: NewSlots, sessions: Sessions) -> None:
    with pytest.raises(RuntimeError, match="broken"):
        async with process("p").hold(System.INTACCT, Lane.BULK):
            raise RuntimeError("broken")
    assert await held_places(sessions) == 0


async def test_a_cancelled_waiter_leaves_no_trace(
    process: NewSlots, holder: Ask, clock: StandingClock, sessions: Sessions
) -> None:
    holders = await full(process, holder)
    late = holder(process("late"))
    await clock.asleep(PLACES + 1)
    late.task.cancel()
    await asyncio.gather(late.task, return_exceptions=True)
    for one in holders:
        await one.end()
    assert await held_places(sessions) == 0


async def test_the_place_of_a_dead_holder_is_free_after_its_lease(
    process: NewSlots, holder: Ask, clock: StandingClock, sessions: Sessions
) -> None:
    async with sessions() as session, session.begin():
        for number in (1, 2):
            session.add(
                Slot(
                    id=f"dead-{number}",
                    connection_id="c",
                    system="intacct",
                    number=number,
                    holder="dead",
                    lane="bulk",
                    until=START + LEASE,
                )
            )
    heir = holder(process("heir"))
    await woken(clock, 1, LEASE.total_seconds() - 0.01)
    await clock.asleep(1)
    assert not heir.held.is_set()
    clock.advance(0.1)
    await heir.holds()


async def test_a_living_holder_keeps_its_place_past_the_lease(
    process: NewSlots, holder: Ask, clock: StandingClock
) -> None:
    await full(process, holder)
    for _ in range(8):
        await woken(clock, PLACES, LEASE.total_seconds() / 3)
    await clock.asleep(PLACES)
    late = holder(process("late"))
    await clock.asleep(PLACES + 1)
    assert not late.held.is_set()


async def test_an_interactive_request_goes_before_a_bulk_one_that_waited_longer(
    process: NewSlots, holder: Ask, clock: StandingClock
) -> None:
    """The bulk request wakes first, at 20 ms, and leaves the free place to the button, which wakes at 23 ms."""
    holders = await full(process, holder)
    mass = holder(process("mass"), Lane.BULK)
    await clock.asleep(PLACES + 1)
    clock.advance(0.018)
    button = holder(process("button"), Lane.INTERACTIVE)
    await clock.asleep(PLACES + 2)
    await holders[0].end()
    clock.advance(0.0025)
    await clock.asleep(PLACES + 1)
    assert not mass.held.is_set()
    clock.advance(0.005)
    await button.holds()
    assert not mass.held.is_set()


async def test_a_mark_of_waiting_that_ran_out_stays_out(
    process: NewSlots, holder: Ask, clock: StandingClock, sessions: Sessions
) -> None:
    """The button gets its place after its mark has passed; renewing its lease must not renew the mark."""
    holders = await full(process, holder)
    button = holder(process("button"), Lane.INTERACTIVE)
    await clock.asleep(PLACES + 1)
    await holders[0].end()
    clock.advance(WAITING.total_seconds() + 0.05)
    await button.holds()
    await woken(clock, PLACES, LEASE.total_seconds() / 3)
    await clock.asleep(PLACES)
    await holders[1].end()
    mass = holder(process("mass"), Lane.BULK)
    await mass.holds()


async def test_bulk_goes_on_when_the_interactive_waiter_has_died(
    process: NewSlots, holder: Ask, clock: StandingClock, sessions: Sessions
) -> None:
    await full(process, holder)
    button = holder(process("button"), Lane.INTERACTIVE)
    await clock.asleep(PLACES + 1)
    button.task.cancel()
    async with sessions() as session, session.begin():
        for row in (await session.exec(select(Slot).where(Slot.number > 0))).all():
            row.holder = None
    mass = holder(process("mass"), Lane.BULK)
    await clock.asleep(PLACES + 1)
    clock.advance(WAITING.total_seconds() + 0.05)
    await mass.holds()


async def test_fewer_places_after_a_change_of_settings_are_respected(
    process: NewSlots, holder: Ask, clock: StandingClock
) -> None:
    first = holder(process("before"))
    await first.holds()
    late = holder(process("after", places=1))
    await clock.asleep(2)
    assert not late.held.is_set()


async def test_many_at_once_stay_within_the_places(process: NewSlots, clock: StandingClock) -> None:
    slots = [process("a"), process("b"), process("c")]
    inside = most = done = 0

    async def one(number: int) -> None:
        nonlocal inside, most, done
        lane = Lane.INTERACTIVE if number % 3 == 0 else Lane.BULK
        async with slots[number % 3].hold(System.INTACCT, lane):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1
            done += 1

    everyone = asyncio.gather(*(one(number) for number in range(30)))
    async with asyncio.timeout(20):
        while not everyone.done():
            await asyncio.sleep(0)
            clock.advance(0.05)
    await everyone
    assert (done, most <= PLACES) == (30, True)


async def test_a_place_given_back_here_is_taken_here_without_waiting_for_the_next_look(
    process: NewSlots, holder: Callable[..., Holder], clock: StandingClock
) -> None:
    slots = process("one", places=1)
    first, second = holder(slots), holder(slots)
    await first.holds()
    await clock.asleep(2)  # the keeper of the lease, and who looks for a place
    await first.end()
    await second.holds()


async def test_an_interactive_place_stays_a_moment_for_the_next_request_of_its_process(
    process: NewSlots, clock: StandingClock, sessions: Sessions
) -> None:
    slots = process("button", places=1)
    async with slots.hold(System.INTACCT, Lane.INTERACTIVE):
        holder_was = await holder_of_first(sessions)
    assert await holder_of_first(sessions) == holder_was
    async with slots.hold(System.INTACCT, Lane.INTERACTIVE):
        assert await holder_of_first(sessions) == holder_was
    await clock.asleep(1)
    clock.advance(LINGER.total_seconds())
    async with asyncio.timeout(5):
        while await holder_of_first(sessions) is not None:  # noqa: ASYNC110 - the database tells of no event
            await asyncio.sleep(0)


async def test_a_lingering_place_is_given_up_to_other_processes_in_time(
    process: NewSlots, holder: Ask, clock: StandingClock
) -> None:
    async with process("button", places=1).hold(System.INTACCT, Lane.INTERACTIVE):
        pass
    mass = holder(process("mass", places=1), Lane.BULK)
    await clock.asleep(2)
    assert not mass.held.is_set()
    async with asyncio.timeout(5):
        while not mass.held.is_set():
            clock.advance(LINGER.total_seconds())
            await asyncio.sleep(0)
    await mass.holds()


async def test_a_place_parked_by_a_process_that_was_stopped_is_not_used_again(
    process: NewSlots, clock: StandingClock, sessions: Sessions
) -> None:
    """Whoever slept past the lease may have lost the place to another process: it takes one anew."""
    slots = process("button", places=1)
    async with slots.hold(System.INTACCT, Lane.INTERACTIVE):
        lost = await holder_of_first(sessions)
    await clock.asleep(1)
    clock.advance(LEASE.total_seconds() + 1)
    async with asyncio.timeout(5), slots.hold(System.INTACCT, Lane.INTERACTIVE):
        assert await holder_of_first(sessions) not in (lost, None)


async def holder_of_first(sessions: Sessions) -> str | None:
    async with sessions() as session:
        query = select(Slot).where(Slot.system == "intacct", Slot.number == 1)
        return (await session.exec(query)).one().holder
