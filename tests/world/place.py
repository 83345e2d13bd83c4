"""One world: both simulators, the network, the database file, the bell, and the lives that act on them.

A life is one incarnation of a process: killed, it loses everything in memory; its successor gets new clients and a new
name over the same file. What happens when is decided elsewhere.
"""

import asyncio
import atexit
import contextvars
import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, cast

from app.backends.intacct.client import IntacctBackend
from app.backends.salesforce.client import SalesforceBackend
from app.domain.payments import PAYMENTS_GRANT
from app.domain.records import Lane, System
from app.services import changes, intake, payment_delivery, runner, sweeper
from app.services.context import Context, Pair
from app.services.items import Item
from app.simulators.clock import SimClock
from app.simulators.intacct.app import create_simulator as create_intacct
from app.simulators.intacct.records import Draft
from app.simulators.intacct.writing import Author, Writer
from app.simulators.salesforce.app import create_simulator as create_salesforce
from app.simulators.salesforce.flags import OrgFlags
from app.store.tables import Connection
from app.sync.ports import Backend
from tests.databases import migrated_file
from tests.fakes import PlainVault, sequential_ids
from tests.world.bell import WorldBell
from tests.world.clients import LifeBackends
from tests.world.clockwork import START, VirtualLoop
from tests.world.database import open_database
from tests.world.seams import Poisoned, SmallPages
from tests.world.stage import ACTOR, SLEEP, Stage
from tests.world.wire import ToldPlan, Weather, WorldTransport

CONNECTION, CLONE = "connection-1", "connection-2"
PERSON = Author("person")


class Habits:
    """What differs between the product and a mutant of it: each seam in its proper form."""

    ladder: tuple[float, ...] = (5.0, 30.0, 120.0, 960.0)
    lease_seconds: float = 60.0
    without: tuple[str, ...] = ()
    """Indexes that are taken away."""

    def intacct(self, backend: IntacctBackend, rng: random.Random) -> Backend:
        """The Intacct side as the engine gets it."""
        return backend

    def salesforce(self, backend: SalesforceBackend) -> Backend:
        """The Salesforce side as the engine gets it."""
        return backend

    async def sweep(self, context: Context) -> None:
        """One round of the sweeper."""
        await sweeper.sweep(context)

    async def accept(self, context: Context, connection: Connection, asked: intake.Wish, request_id: str) -> list[Item]:
        """The caller's request, as far as its answer."""
        return list((await intake.accept(context, connection, asked, request_id=request_id)).items)


class WorldClock:
    """The `Clock` port on virtual time; waking up is a point of the stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def now(self) -> datetime:
        """The virtual instant."""
        return self._stage.loop.instant()

    async def sleep(self, seconds: float) -> None:
        """Let others act for so long."""
        await asyncio.sleep(seconds)
        await self._stage.at(SLEEP)


@dataclass
class Life:
    """One incarnation of an actor and the task it lives in."""

    name: str
    task: "asyncio.Task[Any]"


@dataclass
class Hits:
    """What went wrong, how often, and which operations it hit."""

    kinds: Counter[str] = field(default_factory=Counter)
    operations: set[str] = field(default_factory=set)


@cache
def _template() -> Path:
    folder = mkdtemp(prefix="tandem-world-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return migrated_file(Path(folder) / "template.db")


def prepare_template() -> None:
    """Migrate the file every world starts from; to be called outside of any event loop."""
    _template()


class World:
    """Everything there is. `rng` is the one source of randomness; `loop` the one source of time."""

    def __init__(
        self,
        seed: int,
        loop: VirtualLoop,
        folder: Path,
        *,
        habits: Habits | None = None,
        options: Mapping[str, Any] | None = None,
        flags: OrgFlags | None = None,
        cloned: bool = False,
        print_line: Callable[[str], None] | None = None,
    ) -> None:
        self.seed, self.loop, self.rng = seed, loop, random.Random(seed)
        self.habits = habits or Habits()
        self.stage = Stage(loop, print_line)
        self.clock = WorldClock(self.stage)
        self.hits = Hits()
        self.weather = Weather(random.Random(f"weather-{seed}"), self.hit)
        self.bell = WorldBell(self.stage, random.Random(f"bell-{seed}"))
        self.crashes: list[str] = []
        self.pace = 15.0
        self.page = 1000
        self.poison: set[str] = set()
        self.after_step: Callable[[], None] = lambda: None
        self.new_id = sequential_ids("x")
        self._lives: dict[str, Life] = {}
        self._births: Counter[str] = Counter()
        self.path = folder / f"world-{seed}.db"
        shutil.copyfile(_template(), self.path)
        self.engine, self.sessions = open_database(self.path, self.stage)
        self.look = sqlite3.connect(self.path)
        for index in self.habits.without:
            self.look.execute(f"DROP INDEX {index}")
        self._simulate(flags, cloned)
        self.connection = Connection(
            id=CONNECTION,
            name="default",
            environment="offline",
            settings={"intacct": {"company_id": "demo"}},
            options={"objects": dict(options or {})},
            created_at=START - timedelta(minutes=1),
            updated_at=START,
        )

    def _simulate(self, flags: OrgFlags | None, cloned: bool) -> None:
        clock = SimClock(lambda: START.timestamp() + self.loop.time())
        self.salesforce, self.intacct = create_salesforce(clock, self.seed, flags), create_intacct(clock, self.seed)
        for state in (self.salesforce.state, self.intacct.state):
            state.faults = ToldPlan(self.seed, self.hit)
            state.reset()
        self.sides = self.salesforce, self.intacct
        self.clone = (create_salesforce(clock, self.seed, flags), create_intacct(clock, self.seed)) if cloned else None

    @property
    def cloned_connection(self) -> Connection:
        """The connection of a sandbox that was cloned from the org, ids and all (F26)."""
        return Connection(**{**self.connection.model_dump(), "id": CLONE, "name": "clone"})

    # --- what lives here --------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Store the connection, and that of the clone."""
        async with self.context("world").begin() as session:
            session.add(Connection(**self.connection.model_dump()))
            if self.clone is not None:
                session.add(Connection(**self.cloned_connection.model_dump()))

    async def close(self) -> None:
        """Let go of the file."""
        self.look.close()
        await self.engine.dispose()

    def transport(self, simulator: Any) -> WorldTransport:
        """A new way to a simulator."""
        return WorldTransport(simulator, self.stage, self.weather, lambda: self.after_step())

    def _ways(self) -> dict[tuple[str, System], WorldTransport]:
        """New ways to all simulators there are."""
        sides = {CONNECTION: self.sides, CLONE: self.clone}
        both = (System.SALESFORCE, System.INTACCT)
        return {
            (name, system): self.transport(simulator)
            for name, pair in sides.items()
            if pair is not None
            for system, simulator in zip(both, pair, strict=True)
        }

    def _fitted(self, salesforce: SalesforceBackend, intacct: IntacctBackend, rng: random.Random) -> Pair:
        """The clients of one life as the engine gets them: by habit, with poison, in pages."""
        here = cast(Backend, Poisoned(self.habits.salesforce(salesforce), self.poison))
        there = cast(Backend, SmallPages(self.habits.intacct(intacct, rng), self.page))
        return Pair(here, there)

    def context(self, name: str) -> Context:
        """The services' surroundings for one life, with clients of its own."""
        return Context(
            sessions=self.sessions,
            clock=self.clock,
            bell=self.bell,
            vault=PlainVault(),
            backends=LifeBackends(self.clock, random.Random(f"{name}-{self.seed}"), self._ways(), self._fitted),
            new_id=self.new_id,
            worker=name,
            ladder=self.habits.ladder,
            lease_seconds=self.habits.lease_seconds,
        )

    def bear(self, role: str, make: Callable[[Context], Coroutine[Any, Any, Any]]) -> Life:
        """Start a new incarnation of `role`, with surroundings of its own."""
        self._births[role] += 1
        context = self.context(f"{role}.{self._births[role]}")
        return self.bear_in(role, context, make(context))

    def bear_in(self, role: str, context: Context, deed: Coroutine[Any, Any, Any]) -> Life:
        """Let `deed` be done in the name of the surroundings given."""
        surroundings = contextvars.copy_context()
        surroundings.run(ACTOR.set, context.worker)
        life = Life(context.worker, self.loop.create_task(deed, context=surroundings))
        self._lives[role] = life
        return life

    async def kill(self, role: str) -> None:
        """End the present incarnation of `role` on the spot; nothing it holds in memory survives."""
        life = self._lives[role]
        self.stage.bury(life.name)
        life.task.cancel()
        with suppress(asyncio.CancelledError):
            await life.task

    async def retire(self, role: str) -> None:
        """End a life for good."""
        await self.kill(role)
        del self._lives[role]

    async def close_lives(self) -> None:
        """End everybody, so that nothing acts while the world is taken down."""
        for role in list(self._lives):
            if not self._lives[role].task.done():
                await self.retire(role)

    def is_busy(self, role: str) -> bool:
        """Whether the present incarnation of `role` holds an operation."""
        life = self._lives[role]
        query = "SELECT 1 FROM operation WHERE worker = ? AND state = 'running' LIMIT 1"
        return self.look.execute(query, (life.name,)).fetchone() is not None

    def freeze(self, role: str, seconds: float) -> None:
        """Stop the present incarnation of `role` for so long."""
        self.stage.freeze(self._lives[role].name, seconds)

    # --- what they do -----------------------------------------------------------------------------------------------

    async def work(self, context: Context, lane: Lane) -> None:
        """A worker's life: wait for the bell, drain, again."""
        while True:
            await self.bell.wait(lane)
            await self.guarded(self._drain(context, lane))
            if self.clone is not None:
                await self.guarded(runner.drain(context, CLONE, lane))

    async def _drain(self, context: Context, lane: Lane) -> None:
        """What a worker does on a ring: payments that were handed in go first."""
        if PAYMENTS_GRANT in self.connection.settings:
            while await payment_delivery.deliver(context, CONNECTION, lane):
                pass
        await runner.drain(context, CONNECTION, lane)

    async def sweep(self, context: Context) -> None:
        """A sweeper's life."""
        while True:
            await context.clock.sleep(self.pace)
            await self.guarded(self.habits.sweep(context))

    async def poll(self, context: Context, every: float) -> None:
        """A change poller's life."""
        while True:
            await context.clock.sleep(every)
            await self.guarded(changes.poll(context))

    async def ask(self, context: Context, name: str, ids: Sequence[str], origin: str, request_id: str) -> list[Item]:
        """A caller's request; an answer that never comes is a CancelledError.

        A clone sends the same at the same time, by its own connection.
        """
        asked = intake.Wish(name, tuple(ids), origin, request_id)
        if self.clone is not None and name in ("account", "contact"):
            self.hits.kinds["cloned"] += 1
            await intake.accept(context, self.cloned_connection, asked, request_id=request_id)
        return await self.habits.accept(context, self.connection, asked, request_id)

    async def guarded(self, work: Coroutine[Any, Any, Any]) -> None:
        """What a process does with an exception of a job: report it and live on."""
        try:
            await work
        except Exception as crash:
            self.stage.note("exception", repr(crash)[:200])
            self.crashes.append(f"{ACTOR.get()}: {crash!r}"[:300])

    # --- people -----------------------------------------------------------------------------------------------------

    def edit_salesforce(self, kind: str, record_id: str, **values: Any) -> None:
        """Somebody in the org changes a record."""
        self.salesforce.state.seed({kind: [{"Id": record_id, **values}]})

    def edit_intacct(self, kind: str, number: int, **values: str) -> None:
        """Somebody in the company changes a record."""
        company = self.intacct.state.company
        named = {name.replace("__", "."): value for name, value in values.items()}
        Writer(company, PERSON).update(company.schemas[kind], Draft({"RECORDNO": str(number), **named}))
        company.journal.forget()

    def link(self, name: str, salesforce_id: str, intacct_key: str, intacct_id: str) -> None:
        """Two records that were brought together before the story begins."""
        at = START.strftime("%Y-%m-%d %H:%M:%S.%f")
        values = (self.new_id(), CONNECTION, name, salesforce_id, intacct_key, intacct_id, at, at)
        columns = "id, connection_id, object, salesforce_id, intacct_key, intacct_id, created_at, updated_at"
        rest = "base, todo, doubt, how"
        marks = ", ".join("?" * len(values))
        self.look.execute(
            f"INSERT INTO binding ({columns}, {rest}) VALUES ({marks}, '{{}}', '[]', '{{}}', 'matched')", values
        )
        self.look.commit()

    # --- looking ----------------------------------------------------------------------------------------------------

    def hit(self, kind: str) -> None:
        """A fault struck on behalf of the present actor."""
        self._hit(kind, ACTOR.get())

    def hit_role(self, role: str, kind: str) -> None:
        """A fault struck the present incarnation of `role`."""
        self._hit(kind, self._lives[role].name)

    def strike(self, kind: str) -> None:
        """Somebody who is no part of the house did something."""
        self.hits.kinds[kind] += 1
        self.stage.note("mischief", kind)

    def _hit(self, kind: str, actor: str) -> None:
        """Count a fault, and the operations that it met."""
        self.hits.kinds[kind] += 1
        self.stage.note("fault", kind)
        query = "SELECT id FROM operation WHERE worker = ? AND state = 'running'"
        self.hits.operations.update(row[0] for row in self.look.execute(query, (actor,)))

    def rows(self, query: str, *given: Any) -> list[dict[str, Any]]:
        """Committed rows, read beside the product."""
        cursor = self.look.execute(query, given)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def live(self) -> int:
        """Operations that are not over and wait for nobody, and payments that were not delivered yet."""
        operations = "SELECT count(*) FROM operation WHERE state IN ('queued', 'running', 'waiting')"
        payments = "SELECT count(*) FROM payment WHERE due_at IS NOT NULL"
        count: int = self.look.execute(f"SELECT ({operations}) + ({payments})").fetchone()[0]
        return count

    async def rest(self, seconds: float, step: float = 20.0) -> bool:
        """Let time pass until nothing is under way; False when that takes longer than `seconds`."""
        until = self.loop.time() + seconds
        while self.loop.time() < until:
            if self.live() == 0:
                return True
            await asyncio.sleep(step)
        return self.live() == 0

    @property
    def writes(self) -> int:
        """Records our clients have written so far, on both sides."""
        return len(self.intacct.state.ledger) + len(self.salesforce.state.org.ledger)
