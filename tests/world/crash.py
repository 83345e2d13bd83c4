"""The whole life of one record, broken off at one numbered await: killed there, or stopped there past its lease.

Exhaustive instead of random: a run without trouble counts the awaits, then each of them gets a run of its own.
"""

import asyncio
import random
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any

from app.domain.records import Lane
from app.services.items import Item
from tests.world import checks
from tests.world.people import People
from tests.world.place import Habits, World
from tests.world.scenario import Scenario
from tests.world.stage import FREEZABLE
from tests.world.story import PATIENCE, in_world
from tests.world.subjects import Subject, violations

SWEEP = 45.0


class Victim(StrEnum):
    """Whose awaits are counted."""

    WORKER = "worker"
    CALLER = "caller"


@dataclass
class Ordeal:
    """What became of one run. `points` are the victim's awaits in order, `struck` the one at which it was struck."""

    points: list[str] = field(default_factory=list)
    struck: str = ""
    violations: list[str] = field(default_factory=list)


def undergo(
    subject: Subject, victim: Victim, at: int | None = None, *, freeze: float = 0.0, habits: Habits | None = None
) -> Ordeal:
    """Live the subject's life once; strike the victim at its await number `at` (from 0), if any.

    With `freeze` it is stopped there for so many seconds, where a pause shows (`stage.FREEZABLE`); else it is killed.
    """
    ordeal = Ordeal()
    in_world(
        7,
        lambda world: _Life(world, subject, victim, at, freeze, ordeal).run(),
        habits=habits,
        options=dict(subject.options),
    )
    return ordeal


class _Life:
    def __init__(
        self, world: World, subject: Subject, victim: Victim, at: int | None, freeze: float, ordeal: Ordeal
    ) -> None:
        self.world, self.victim, self.at, self.freeze, self.ordeal = world, f"{victim}.1", at, freeze, ordeal
        self.people = People(world, Scenario(7, accounts=1, contacts=0), random.Random(7))
        self.subject = subject
        self.record_id = ""

    async def run(self) -> None:
        """From the wish to the last question."""
        world, watch = self.world, checks.Watch(self.world)
        await world.open()
        self.record_id = self.subject.settle(world, self.people)
        world.after_step, world.pace = watch, SWEEP
        world.stage.watcher = self._strike
        try:
            await self._course()
        finally:
            await world.close_lives()
            await world.close()
        self.ordeal.violations += watch.found
        self.ordeal.violations += [f"EXC {crash}" for crash in world.crashes]

    async def _course(self) -> None:
        world, people = self.world, self.people
        worker = world.bear("worker", self._work)
        world.bear("sweeper", world.sweep)
        await self._wish()
        await self._revive(worker.task)
        if self.freeze:
            world.bear("other", self._work)
        if not await world.rest(PATIENCE):
            self.ordeal.violations.append("I4 not over")
        if self.freeze:
            await asyncio.sleep(2 * self.freeze)
        await world.rest(PATIENCE)
        self.ordeal.violations += checks.at_rest(world, people) + checks.in_step(world, people)
        self.ordeal.violations += violations(self.subject, world, self.record_id)

    def _work(self, context: Any) -> Any:
        return self.world.work(context, Lane.INTERACTIVE)

    async def _wish(self) -> None:
        """Ask until an answer comes, under one request id."""
        while True:
            life = self.world.bear(
                "caller",
                lambda context: self.world.ask(context, self.subject.object, [self.record_id], "button", "request-1"),
            )
            with suppress(asyncio.CancelledError):
                items: list[Item] = await life.task
                self.people.accepted |= {str(item.operation_id): item.record_id for item in items}
                return
            await asyncio.sleep(1.0)

    async def _revive(self, task: "asyncio.Task[Any]") -> None:
        """Wait until the worker's time has come or its work is done; then there is a new one."""
        for _ in range(3):
            await asyncio.sleep(1.0)
            if task.done():
                self.world.bear("worker", self._work)
                return

    def _strike(self, actor: str, kind: str, detail: str) -> None:
        if actor != self.victim:
            return
        number = len(self.ordeal.points)
        self.ordeal.points.append(f"{kind} {detail}".strip())
        if number != self.at:
            return
        self.ordeal.struck = self.ordeal.points[-1]
        if not self.freeze:
            self.world.stage.bury(actor)
        elif kind in FREEZABLE:
            self.world.stage.freeze(actor, self.freeze)


@cache
def awaits(subject: Subject, victim: Victim) -> tuple[str, ...]:
    """The awaits of a life without trouble, in order."""
    calm = undergo(subject, victim)
    assert not calm.violations, calm.violations
    return tuple(calm.points)


def shows(point: str, freeze: float) -> bool:
    """Whether a blow at this await makes a difference: death always does, a pause not everywhere."""
    return not freeze or point.split(" ", 1)[0] in FREEZABLE


def strike_all(subject: Subject, victim: Victim, numbers: Iterable[int], freeze: float = 0.0) -> list[str]:
    """Strike at each of the awaits in a run of its own: every violation, with the await it came from."""
    broken: list[str] = []
    for number in numbers:
        ordeal = undergo(subject, victim, number, freeze=freeze)
        assert ordeal.struck, f"there is no await number {number}"
        broken += [f"{subject.name}, {victim} at {number} ({ordeal.struck}): {s}" for s in ordeal.violations]
    return broken
