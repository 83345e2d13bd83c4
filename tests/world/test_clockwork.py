"""Virtual time: hours cost nothing, and a standstill is told at once."""

import asyncio

import pytest

from tests.world.clockwork import START, Deadlock, VirtualLoop, run_virtual


def test_an_hour_of_sleep_is_over_at_once() -> None:
    loop = VirtualLoop()

    async def sleep() -> float:
        await asyncio.sleep(3600)
        return (loop.instant() - START).total_seconds()

    assert run_virtual(sleep(), loop) == pytest.approx(3600)


def test_sleepers_wake_in_the_order_of_their_times() -> None:
    woken: list[int] = []

    async def sleep(seconds: int) -> None:
        await asyncio.sleep(seconds)
        woken.append(seconds)

    async def all_of_them() -> None:
        await asyncio.gather(*(sleep(seconds) for seconds in (50, 7, 900, 1)))

    run_virtual(all_of_them(), VirtualLoop())
    assert woken == [1, 7, 50, 900]


def test_time_out_strikes_in_virtual_time() -> None:
    loop = VirtualLoop()

    async def wait() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await asyncio.Event().wait()
        return loop.time()

    assert run_virtual(wait(), loop) == pytest.approx(30)


def test_waiting_for_nothing_is_a_deadlock() -> None:
    async def wait() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Deadlock):
        run_virtual(wait(), VirtualLoop())
