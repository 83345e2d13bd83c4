"""One world of payments: people and trouble, then calm, an accountant's decisions, quiet cycles, and the questions.

The course is that of any world (`tests.world.story`); who acts and what is asked differ.
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

from app.domain.payments import PAYMENTS_GRANT
from app.services import changes
from app.services.payment_rules import FOUR_EYES
from app.simulators.salesforce.flags import OrgFlags
from tests.world import checks
from tests.world.clockwork import START
from tests.world.money.books import Books, at_rest
from tests.world.money.payers import Payers
from tests.world.money.plan import Plan, plan
from tests.world.place import Habits, World
from tests.world.stage import END
from tests.world.story import LATE_ARRIVALS, PATIENCE, Outcome, Story, in_world
from tests.world.trades.trade import Trade

GRANTED = {PAYMENTS_GRANT: {"by": "world", "reference": "world", "at": START.isoformat()}}
OPTIONS: Mapping[str, Mapping[str, object]] = {
    "ar_payment": {"enabled": True, "bankAccount": "BOA"},
    "contact": {"enabled": False},
}
BEHIND_HELD = (
    "SELECT 1 FROM operation o JOIN payment p ON p.salesforce_id = o.record_id "
    "JOIN payment_detail d ON d.payment_id = p.id JOIN invoice_in_flight f ON f.invoice = d.invoice "
    "JOIN payment h ON h.id = f.payment_id WHERE o.state = 'waiting' AND o.reason = 'invoice_in_flight' "
    "AND h.state = 'held' GROUP BY o.id"
)
"""Operations that wait for a payment which waits for a person."""

CAME_BACK = "SELECT count(*) AS n FROM operation WHERE origin = 'intacct' AND object = 'ar_payment'"
DECISIONS = 6
"""Rounds in which the accountant decides; a released payment may become unclear again no more, so two would do."""


@dataclass
class MoneyOutcome(Outcome):
    """What became of one seed. `payments` by state; `met` payment operations that a fault really hit."""

    payments: dict[str, int] = field(default_factory=dict)
    met: int = 0
    equations: int = 0


def play_money(
    seed: int,
    *,
    habits: Habits | None = None,
    drawn: Plan | None = None,
    print_line: Callable[[str], None] | None = None,
) -> MoneyOutcome:
    """Run the world of payments of one seed; must be called outside of any event loop."""
    chosen = drawn or plan(seed)
    options = {**OPTIONS, "ar_payment": {**OPTIONS["ar_payment"], FOUR_EYES: chosen.four_eyes}}
    if chosen.mirrored:
        options |= {"invoice": {"enabled": True}}
    return in_world(
        seed,
        lambda world: MoneyStory(world, chosen).run_money(),
        habits=habits,
        print_line=print_line,
        options=options,
        flags=OrgFlags(multi_currency=True) if chosen.several else None,
    )


class MoneyStory(Story):
    """The course of one world of payments."""

    def __init__(self, world: World, chosen: Plan) -> None:
        super().__init__(world, chosen.scenario)
        world.connection.settings = {**world.connection.settings, **GRANTED}
        self.plan = chosen
        self.payers = Payers(world, self.people, chosen, random.Random(f"payers-{world.seed}"))
        self.books = self._watch = Books(world, self.payers)
        self.trade = cast(Trade, self.payers)  # of a trade, the course of this world uses only its life
        self.outcome = self.money = MoneyOutcome(world.seed)

    async def run_money(self) -> MoneyOutcome:
        """Play, ask, answer."""
        await self.run()
        return self.money

    def _no_writes(self, actor: str, kind: str, detail: str) -> None:
        """After each commit the equation holds."""
        if kind == END:
            self.books.equation()

    async def _ask(self) -> None:
        world, out = self.world, self.outcome
        await asyncio.sleep(max(0.0, world.stage.all_thawed_at - world.loop.time()) + 1.0)
        await self._decided()
        out.violations += self._at_rest(over=False)
        if not out.violations and not self._watch.found:
            await self._quiet()
        self._count()

    async def _quiet(self) -> None:
        """Everything is asked for once more and the feeds are read; in the end there is nothing left to write."""
        world, out = self.world, self.outcome
        await world.retire("poller")
        await self.payers.ask_for_all()
        await self._decided()
        await self._read_feed()
        await self._probe_payment()
        wrote: list[int] = []
        while not wrote or (wrote[-1] and len(wrote) <= LATE_ARRIVALS):
            before = world.writes
            await self._read_feed()
            wrote.append(world.writes - before)
        if wrote[-1]:
            out.violations.append(f"I8 writes per quiet reading of the feeds: {wrote}")
        out.violations += self._at_rest(over=True)

    async def _probe_payment(self) -> None:
        """One more payment, posted: the feed then holds our own write, and must not take it for news."""
        world = self.world
        self.payers.pay_one_more()
        await asyncio.gather(*self.payers.pending)
        await self._rest()
        before = world.rows(CAME_BACK)[0]["n"]
        await asyncio.sleep(30.0)
        await world.bear_in("reader", self._reader, changes.poll(self._reader)).task
        await self._rest()
        if (now := world.rows(CAME_BACK)[0]["n"]) != before:
            self.outcome.violations.append(f"I8 our own payment came back as {now - before} edit(s) made in Intacct")

    async def _decided(self) -> None:
        """Let the accountant decide until nothing is held."""
        await self._rest()
        for _ in range(DECISIONS):
            if self.payers.undecided():
                await asyncio.sleep(self.plan.cautious)
                await self.payers.decide_all()
                await self._rest()

    def _at_rest(self, *, over: bool) -> list[str]:
        """What must hold for any records, but for links to invoices, which lag behind; and what must for money."""
        sides = checks.Sides(self.world, self.people)
        asked = (checks.once, checks.intents, checks.accepted, checks.decisions, checks.told)
        return [s for ask in asked for s in ask(sides)] + at_rest(self.books, over=over)

    async def _rest(self) -> None:
        """Until nothing is under way but what waits for a decision of the accountant."""
        until = self.world.loop.time() + PATIENCE
        while (live := self.world.live()) and self.world.loop.time() < until:
            if live == len(self.world.rows(BEHIND_HELD)):
                return
            await asyncio.sleep(20.0)
        if live:
            self.outcome.violations.append(
                f"I4 {self.world.live()} are not over {PATIENCE / 3600:.0f} h after the calm"
            )

    def _count(self) -> None:
        world = self.world
        met = world.hits.operations & {
            row["id"] for row in world.rows("SELECT id FROM operation WHERE object = 'ar_payment'")
        }
        states = world.rows("SELECT state, count(*) AS n FROM payment GROUP BY state")
        self.money.met, self.money.equations = len(met), self.books.checked
        self.money.payments = {row["state"]: row["n"] for row in states}
