"""One seed from its first second to its last: people and trouble, then calm, then the questions.

The order: a busy time under faults, rest, three quiet cycles in which everything is wished again, and a probe for
echoes. What is asked stands in `checks`.
"""

import asyncio
import gc
import random
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from app.domain.records import Lane
from app.services import changes
from app.simulators.faults import Fault, FaultKind
from app.simulators.salesforce.flags import OrgFlags
from tests.databases import memory_folder
from tests.world import checks
from tests.world.bell import BellFaults
from tests.world.clockwork import VirtualLoop, run_virtual
from tests.world.mischief import PREVIEWER, Mischief
from tests.world.people import People
from tests.world.place import Habits, World, prepare_template
from tests.world.scenario import Scenario, draw
from tests.world.stage import REQUEST
from tests.world.trades import trade_of
from tests.world.trades.trade import Trade

T = TypeVar("T")

PATIENCE = 3 * 3600.0
"""T of invariant I4: virtual seconds after the last fault within which everything has come to an end."""

BETWEEN_CYCLES = 420.0
"""More than the look-back of the change feed, so that each cycle sees only what the one before has done."""

CYCLES = 2
"""Quiet rounds in which all is wished again; the last one must find nothing to write."""

LATE_ARRIVALS = 2
"""Further rounds where Intacct has records new to Salesforce: a feed that failed in the busy time rests a while."""
IDLE_SWEEP = 60.0
WORKERS = 2

WRITE = re.compile(r"\b(create|update|delete)#|^(PATCH|DELETE|PUT) |^POST .*(composite|sobjects)")
"""Requests that change something on the other side, by their marks."""


@dataclass
class Outcome:
    """What became of one seed."""

    seed: int
    violations: list[str] = field(default_factory=list)
    operations: int = 0
    faulted: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    results: Counter[str] = field(default_factory=Counter)
    virtual_seconds: float = 0.0
    points: int = 0
    trace_hash: str = ""

    def plain(self) -> dict[str, Any]:
        """What is counted over many seeds, as plain data."""
        return {
            "seed": self.seed,
            "operations": self.operations,
            "faulted": self.faulted,
            "faults": dict(self.faults),
            "violations": len(self.violations),
        }


def play(
    seed: int,
    *,
    habits: Habits | None = None,
    scenario: Scenario | None = None,
    print_line: Callable[[str], None] | None = None,
) -> Outcome:
    """Run the world of one seed; must be called outside of any event loop."""
    drawn = scenario or draw(seed)
    return in_world(
        seed,
        lambda world: Story(world, drawn).run(),
        cloned=drawn.cloned,
        habits=habits,
        print_line=print_line,
        trade=trade_of(seed),
    )


def in_world(
    seed: int,
    course: Callable[[World], Coroutine[Any, Any, T]],
    *,
    habits: Habits | None = None,
    print_line: Callable[[str], None] | None = None,
    options: Mapping[str, Any] | None = None,
    flags: OrgFlags | None = None,
    trade: type[Trade] | None = None,
    cloned: bool = False,
) -> T:
    """Make a world, let `course` happen in it, and clear everything away."""
    if trade is not None:
        options, flags = trade.options(seed), trade.flags
    prepare_template()
    collecting = gc.isenabled()
    gc.disable()  # a world is small and short; the collector would take a tenth of the time
    try:
        with tempfile.TemporaryDirectory(dir=memory_folder(), prefix="world-") as place:
            loop = VirtualLoop()
            asyncio.set_event_loop(loop)
            world = World(
                seed,
                loop,
                Path(place),
                habits=habits,
                print_line=print_line,
                options=options,
                flags=flags,
                cloned=cloned,
            )
            return run_virtual(course(world), loop)
    finally:
        if collecting:
            gc.enable()


class Story:
    """The course of one world."""

    def __init__(self, world: World, scenario: Scenario) -> None:
        self.world, self.scenario = world, scenario
        self.people = People(world, scenario, random.Random(f"people-{world.seed}"))
        trade = trade_of(world.seed) if scenario.trading else None
        self.trade = trade(world, self.people, random.Random(f"trades-{world.seed}")) if trade else None
        self.mischief = Mischief(world, self.people, random.Random(f"deeds-{world.seed}"))
        self.outcome = Outcome(world.seed)
        self._rng = random.Random(f"chaos-{world.seed}")
        self._watch = checks.Watch(world)
        self._reader = world.context("reader")
        self._roles: dict[str, Callable[[Any], Coroutine[Any, Any, Any]]] = {}

    async def run(self) -> Outcome:
        """Play, ask, answer."""
        world, out = self.world, self.outcome
        try:
            await self._begin()
            busy = [
                self.people.live(),
                self.mischief.live(),
                self._chaos(),
                *([self.trade.live()] if self.trade else []),
            ]
            await asyncio.gather(*busy)
            await self._calm()
            await self._ask()
        finally:
            await world.close_lives()
            out.violations += self._watch.found
            out.violations += [f"EXC {crash}" for crash in world.crashes]
            out.operations = len(world.rows("SELECT id FROM operation"))
            out.faulted = len(world.hits.operations)
            out.faults = +world.hits.kinds
            out.results = Counter(r["result"] for r in world.rows("SELECT result FROM operation"))
            out.virtual_seconds, out.points = world.loop.time(), world.stage.points
            out.trace_hash = world.stage.trace_hash
            await world.close()
        return out

    # --- the busy time ----------------------------------------------------------------------------------------------

    async def _begin(self) -> None:
        world, plan = self.world, self.scenario
        await world.open()
        world.after_step = self._watch
        world.stage.watcher = self._no_writes
        world.page = plan.page
        world.hits.kinds.update({"small_pages": int(plan.page < 10), "read_lag": int(plan.read_lag > 0)})
        world.intacct.state.configure(plan.knobs)
        self.people.settle_in()
        if self.trade:
            self.trade.settle_in()
        for fault in plan.intacct:
            world.intacct.state.faults.add(fault)
        for fault in plan.salesforce:
            world.salesforce.state.faults.add(fault)
        if plan.read_lag:
            world.intacct.state.faults.add(Fault(FaultKind.READ_LAG, times=None, seconds=plan.read_lag))
        world.weather.faults = plan.wire
        world.bell.faults = plan.bell
        world.pace = plan.sweep_every
        for lane in Lane:
            for number in range(WORKERS):
                self._roles[f"{lane.value}{number}"] = partial(world.work, lane=lane)
        self._roles["sweeper"] = lambda context: world.sweep(context)
        self._roles["poller"] = lambda context: world.poll(context, plan.poll_every)
        for role, make in self._roles.items():
            world.bear(role, make)

    async def _chaos(self) -> None:
        plan, world, rng = self.scenario, self.world, self._rng
        moments = [(rng.uniform(0, plan.active), "kill") for _ in range(plan.kills)]
        moments += [(rng.uniform(0, plan.active), "freeze") for _ in range(plan.freezes)]
        moments += [(rng.uniform(0, plan.active), "quota") for _ in range(int(plan.quota_hole))]
        for moment, what in sorted(moments):
            await asyncio.sleep(max(0.0, moment - world.loop.time()))
            if what == "quota":
                world.hits.kinds["quota_used_up"] += 1
                world.salesforce.state.configure({"quota_used": 100_000})
                continue
            role = await self._victim()
            if what == "kill":
                world.hit_role(role, "worker_killed")
                await world.kill(role)
                await asyncio.sleep(rng.uniform(0.0, 20.0))
                world.bear(role, self._roles[role])
            else:
                world.hit_role(role, "worker_frozen")
                world.freeze(role, rng.choice((70.0, 200.0, 1200.0)))

    async def _victim(self) -> str:
        """A worker, rather one that is at work; it may strike a little into the next thing it does."""
        for _ in range(20):
            busy = [role for role in self._roles if self.world.is_busy(role)]
            if busy:
                break
            await asyncio.sleep(0.5)
        for _ in range(self._rng.randint(0, 30)):
            await asyncio.sleep(0)
        return self._rng.choice(busy or list(self._roles))

    async def _calm(self) -> None:
        """All faults end; what is broken is repaired."""
        world = self.world
        world.stage.note("calm")
        world.pace = IDLE_SWEEP
        for state in (world.intacct.state, world.salesforce.state):
            state.faults.reset()
        world.salesforce.state.configure({"quota_used": 0})
        world.weather.faults = []
        world.bell.faults = BellFaults()
        await asyncio.sleep(await self.mischief.calm())

    def _no_writes(self, actor: str, kind: str, detail: str) -> None:
        """I8 and U1: a preview sends no write, nowhere."""
        if kind == REQUEST and actor.startswith(PREVIEWER) and WRITE.search(detail):
            self._watch.found.append(f"U1 a preview sent {detail}")

    # --- the questions ----------------------------------------------------------------------------------------------

    async def _ask(self) -> None:
        world, people, out = self.world, self.people, self.outcome
        await asyncio.sleep(max(0.0, world.stage.all_thawed_at - world.loop.time()) + 1.0)
        if not await world.rest(PATIENCE):
            out.violations.append(f"I4 {world.live()} operations are still live {PATIENCE / 3600:.0f} h after the calm")
        out.violations += checks.at_rest(world, people)
        if self.trade:
            await self.trade.disturb()
        if out.violations or self._watch.found:
            return
        await world.retire("poller")
        quiet: list[int] = []
        for _ in range(CYCLES + (LATE_ARRIVALS if self.trade else 0)):
            before = world.writes
            await self._cycle()
            quiet.append(world.writes - before)
        out.violations += checks.at_rest(world, people) + checks.in_step(world, people)
        if self.trade:
            out.violations += self.trade.in_step()
        if quiet[-1]:
            out.violations.append(f"I8 writes per cycle after the last edit: {quiet}")
        await self._probe_echo()

    async def _cycle(self) -> None:
        """Everything is wished again, and the feed of Intacct is read."""
        world, people = self.world, self.people
        for name, ids in (("contact", people.contacts), ("account", people.accounts)):
            await people.request(name, list(ids), "massTool")
            if not await world.rest(PATIENCE):
                self.outcome.violations.append("I4 a quiet cycle does not come to an end")
        if self.trade:
            await self.trade.wish_all()
            await world.rest(PATIENCE)
        await self._read_feed()

    async def _read_feed(self) -> None:
        world = self.world
        await asyncio.sleep(BETWEEN_CYCLES)
        await world.bear_in("reader", self._reader, changes.poll(self._reader)).task
        await world.rest(PATIENCE)

    async def _probe_echo(self) -> None:
        """One edit in Salesforce, synced: the feed then holds our own write, and must not take it for news."""
        world, people = self.world, self.people
        query = "SELECT count(*) AS n FROM operation WHERE origin = 'intacct'"
        account = people.accounts[0]
        people.change_salesforce(account)
        before = world.rows(query)[0]["n"]
        await people.request("account", [account], "button")
        await world.rest(PATIENCE)
        await asyncio.sleep(30.0)
        await world.bear_in("reader", self._reader, changes.poll(self._reader)).task
        await world.rest(PATIENCE)
        if (now := world.rows(query)[0]["n"]) != before:
            self.outcome.violations.append(f"I8 our own write came back as {now - before} edit(s) made in Intacct")
