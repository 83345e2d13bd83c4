"""Periodic tasks: at once, then after their pause; one that breaks goes on; an end that waits for what runs."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest

from app import telemetry
from app.config import Settings, load_settings
from app.services.context import Context
from tests.clocks import StandingClock
from tests.fakes import ListBell, PlainVault, sequential_ids
from workers.schedules import TASKS, Schedules, Task


@pytest.fixture
def settings() -> Settings:
    return load_settings(mode="offline", sweep_seconds=5, poll_seconds=60)


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def context(clock: StandingClock) -> Context:
    nothing = cast("Any", None)  # the tasks of these tests ask for no database and no vendor
    return Context(nothing, clock, ListBell(), PlainVault(), nothing, sequential_ids())


def task(name: str, seconds: float, run: Callable[[], Awaitable[object]]) -> Task:
    return Task(name, lambda _: seconds, lambda _context, _settings: run())


async def test_a_task_runs_at_once_and_then_after_each_pause(
    context: Context, settings: Settings, clock: StandingClock
) -> None:
    runs = []

    async def run() -> None:
        runs.append(clock.now())

    schedules = Schedules(context, settings, [task("t", 5, run)])
    await clock.asleep(1)
    clock.advance(4.9)
    assert len(runs) == 1
    clock.advance(0.1)
    await clock.asleep(1)
    assert [(at - runs[0]).total_seconds() for at in runs] == [0, 5]
    await schedules.close()


async def test_a_task_that_breaks_is_counted_and_runs_again(
    context: Context, settings: Settings, clock: StandingClock
) -> None:
    runs = []

    async def run() -> None:
        runs.append(1)
        raise RuntimeError("broken")

    before = telemetry.TASK_FAILURES.labels("breaks")._value.get()
    schedules = Schedules(context, settings, [task("breaks", 5, run)])
    await clock.asleep(1)
    clock.advance(5)
    await clock.asleep(1)
    await schedules.close()
    assert len(runs) == 2
    assert telemetry.TASK_FAILURES.labels("breaks")._value.get() == before + 2


async def test_a_long_task_does_not_hold_up_the_others(
    context: Context, settings: Settings, clock: StandingClock
) -> None:
    runs, go_on = [], asyncio.Event()

    async def quick() -> None:
        runs.append(1)

    schedules = Schedules(context, settings, [task("long", 5, go_on.wait), task("quick", 5, quick)])
    for _ in range(3):
        await clock.asleep(1)
        clock.advance(5)
    assert len(runs) == 3
    go_on.set()
    await schedules.close()


async def test_the_end_waits_for_what_runs_and_begins_nothing(
    context: Context, settings: Settings, clock: StandingClock
) -> None:
    begun, go_on, ended = asyncio.Event(), asyncio.Event(), []

    async def long() -> None:
        begun.set()
        await go_on.wait()
        ended.append(1)

    schedules = Schedules(context, settings, [task("long", 5, long)])
    await begun.wait()
    closing = asyncio.create_task(schedules.close())
    await asyncio.sleep(0)
    assert not closing.done()
    go_on.set()
    await closing
    assert ended == [1]
    assert clock.sleepers == 0


def test_the_table_takes_its_pauses_from_the_settings(settings: Settings) -> None:
    pauses = {entry.name: entry.seconds(settings) for entry in TASKS}
    assert pauses == {
        "sweep": 5,
        "poll_changes": 10,
        "mass_runs": 2,
        "finish_builds": 5,
        "run_journal_mappings": 3600,
        "purge_requests": 600,
        "purge_hints": 600,
        "retention": 3600,
        "verify": 900,
        "observe": 15,
    }
