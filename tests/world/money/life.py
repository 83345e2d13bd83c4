"""One payment's whole life, broken off at one numbered await: handed in, delivered, admitted, posted, written back,
taken back. Exhaustive: a run without trouble counts the awaits, then each of them gets a run of its own.
"""

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

from app.domain.errors import SyncError
from app.domain.records import Lane
from app.services import changes, payment_intake, payment_reversal
from app.services.payment_intake import Asked
from tests.world import checks
from tests.world.crash import SWEEP, Ordeal
from tests.world.money.books import Books, at_rest
from tests.world.money.payers import REVERSED_ON, Payers
from tests.world.money.plan import Plan
from tests.world.money.story import GRANTED, OPTIONS
from tests.world.people import People
from tests.world.place import CONNECTION, Habits, World
from tests.world.scenario import Scenario
from tests.world.stage import END, FREEZABLE
from tests.world.story import BETWEEN_CYCLES, PATIENCE, in_world

WORKER, CALLER, ASKER = "worker", "caller", "asker"
"""Whose awaits are counted: who brings the payment to its end, who hands it in, who asks for its reversal."""

ASKED = Asked("apex", "world", "a key", request_id="batch-1")
ALONE = Plan(
    Scenario(7, accounts=0, contacts=0, actions=0, trading=False),
    payers=1,
    bills=1,
    hand=1,
    deeds=0,
    several=False,
    mirrored=False,
    namesakes=False,
    closing=False,
    oe_when_paid="refuse",
    four_eyes=False,
    keyed=False,
)


def undergo(victim: str, at: int | None = None, *, freeze: float = 0.0, habits: Habits | None = None) -> Ordeal:
    """Live the life once; strike the victim at its await number `at` (from 0), if any: killed, or stopped so long."""
    ordeal = Ordeal()
    in_world(7, lambda world: _Life(world, victim, at, freeze, ordeal).run(), habits=habits, options=OPTIONS)
    return ordeal


class _Life:
    def __init__(self, world: World, victim: str, at: int | None, freeze: float, ordeal: Ordeal) -> None:
        world.connection.settings = {**world.connection.settings, **GRANTED}
        self.world, self.victim, self.at, self.freeze, self.ordeal = world, f"{victim}.1", at, freeze, ordeal
        self.people = People(world, ALONE.scenario, random.Random(7))
        self.payers = Payers(world, self.people, ALONE, random.Random(7))
        self.books = Books(world, self.payers)

    async def run(self) -> None:
        """From the request to the last question."""
        world = self.world
        await world.open()
        self.payers.settle_in()
        world.after_step, world.pace = self.books, SWEEP
        world.stage.watcher = self._strike
        guard = asyncio.ensure_future(self._guard())
        try:
            await self._course()
        finally:
            guard.cancel()
            await world.close_lives()
            await world.close()
        self.ordeal.violations += self.books.found
        self.ordeal.violations += [f"EXC {crash}" for crash in world.crashes]

    async def _guard(self) -> None:
        """Whoever died has a successor a second later; with a pause there is another worker beside."""
        world = self.world
        world.bear("sweeper", world.sweep)
        world.bear("bulk", lambda context: world.work(context, Lane.BULK))
        worker = world.bear(WORKER, self._work)
        alone = True
        while True:
            await asyncio.sleep(1.0)
            if alone and self.freeze and self.ordeal.struck:
                alone = False
                world.bear("other", self._work)
            if worker.task.done():
                worker = world.bear(WORKER, self._work)

    def _work(self, context: Any) -> Any:
        return self.world.work(context, Lane.INTERACTIVE)

    async def _course(self) -> None:
        world, offers = self.world, self.payers.offers
        wish = self.payers.wish()
        taken = await self._answered(
            CALLER, lambda context: payment_intake.take(context, world.connection, [wish], ASKED)
        )
        offers.answered(taken, [wish])
        await self._settled()
        said = (CONNECTION, taken[0].payment.id, REVERSED_ON, "bounced", "somebody")
        await self._answered(ASKER, lambda context: payment_reversal.reverse(context, *said))
        await self._settled()
        reader = world.context("reader")
        for _ in range(2):
            await asyncio.sleep(BETWEEN_CYCLES)
            await world.bear_in("reader", reader, changes.poll(reader)).task
            await self._settled()
        self.ordeal.violations += self._asked()

    async def _answered(self, role: str, ask: Callable[[Any], Any]) -> Any:
        """Ask until an answer comes; one that says that it was done already is one."""
        while True:
            life = self.world.bear(role, ask)
            with suppress(asyncio.CancelledError):
                try:
                    return await life.task
                except SyncError as refused:
                    if refused.code not in ("reversal_under_way", "payment_reversed"):
                        self.ordeal.violations.append(f"I4 {role} was refused: {refused}")
                    return None
            await asyncio.sleep(1.0)

    async def _settled(self) -> None:
        """Wait until all is over; a person decides on what is held."""
        for _ in range(3):
            if not await self.world.rest(PATIENCE):
                self.ordeal.violations.append("I4 not over")
            await asyncio.sleep(2 * self.freeze)
            if not self.payers.undecided():
                return
            await self.payers.decide_all()

    def _asked(self) -> list[str]:
        """One payment, posted once and taken back once, whatever happened; all other invariants besides."""
        sides = checks.Sides(self.world, self.people)
        questions = (checks.once, checks.intents, checks.accepted, checks.decisions, checks.told)
        found = [s for ask in questions for s in ask(sides)] + at_rest(self.books, over=True)
        words = [line.what for line in self.world.intacct.state.company.cashbook.lines]
        states = [row["state"] for row in self.world.rows("SELECT state FROM payment")]
        rejected = states == ["rejected"] and not words  # a person's word on a payment that was never sent
        if not rejected and (words, states) != (["posted", "reversed"], ["posted"]):
            found.append(f"I1 the payment is {states}, the cashbook says {words}")
        return found

    def _strike(self, actor: str, kind: str, detail: str) -> None:
        if kind == END:
            self.books.equation()
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
def awaits(victim: str) -> tuple[str, ...]:
    """The awaits of a life without trouble, in order."""
    calm = undergo(victim)
    assert not calm.violations, calm.violations
    return tuple(calm.points)


def strike_all(victim: str, numbers: Iterable[int], freeze: float = 0.0) -> Sequence[str]:
    """Strike at each of the awaits in a run of its own: every violation, with the await it came from."""
    broken: list[str] = []
    for number in numbers:
        ordeal = undergo(victim, number, freeze=freeze)
        assert ordeal.struck, f"there is no await number {number}"
        broken += [f"{victim} at {number} ({ordeal.struck}): {sentence}" for sentence in ordeal.violations]
    return broken
