"""A whole house in one process: services, engine and real clients, both simulators behind the ASGI transport.

Time is the fake clock's on all sides. No assertion and no fixture stands here.
"""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import httpx

from app.backends.http import HttpClient, HttpPolicy
from app.backends.intacct.auth import IntacctCredentials, RestCredentials
from app.backends.intacct.client import IntacctBackend, IntacctOptions
from app.backends.pool import LocalSlots
from app.backends.salesforce.auth import SalesforceCredentials
from app.backends.salesforce.client import SalesforceBackend
from app.bootstrap.connected import LONG_SCHEMA_SECONDS
from app.domain.records import Errand, Lane, System, Value
from app.services import building, changes, intake, runner, sweeper
from app.services.context import Context, Pair
from app.services.items import Item
from app.simulators.clock import SimClock
from app.simulators.intacct.app import IntacctSimulator
from app.simulators.intacct.app import create_simulator as create_intacct
from app.simulators.salesforce.app import SalesforceSimulator
from app.simulators.salesforce.app import create_simulator as create_salesforce
from app.simulators.salesforce.flags import OrgFlags
from app.simulators.wire import Dropped
from app.store.session import Sessions
from app.store.tables import Connection, Operation
from app.sync.ports import Action, Write
from tests.fakes import FakeClock, ListBell, PlainVault

SALESFORCE_URL = "http://127.0.0.1:8101"
INTACCT_URL = "http://127.0.0.1:8102/ia/xml/xmlgw.phtml"
REST_URL = "http://127.0.0.1:8102/ia/api/v1"
SHORTEST_STEP, LONGEST_STEP = 5.0, 60.0


class PatientClock(FakeClock):
    """Short waits jump, as in every fake clock; long ones (a lease being kept) last until somebody moves the hands."""

    def __init__(self) -> None:
        super().__init__()
        self._sleepers: list[tuple[datetime, asyncio.Event]] = []

    async def sleep(self, seconds: float) -> None:
        """Jump, or wait for `advance`."""
        if seconds < 10:
            await super().sleep(seconds)
            await asyncio.sleep(0)
            return
        woken = asyncio.Event()
        self._sleepers.append((self.now() + timedelta(seconds=seconds), woken))
        await woken.wait()

    def advance(self, seconds: float) -> None:
        """Move on, and wake who has slept long enough."""
        super().advance(seconds)
        due = [one for one in self._sleepers if one[0] <= self.now()]
        self._sleepers = [one for one in self._sleepers if one not in due]
        for _, woken in due:
            woken.set()


class BreakableTransport(httpx.AsyncBaseTransport):
    """In-process transport that turns a simulator's dropped connection into the error a socket would give.

    `sent` are the bodies of all requests, as bytes.
    """

    def __init__(self, app: Any) -> None:
        self._inner = httpx.ASGITransport(app=app)
        self.sent: list[bytes] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer, or lose the answer."""
        self.sent.append(await request.aread())
        try:
            return await self._inner.handle_async_request(request)
        except Dropped as dropped:
            raise httpx.ReadError("connection reset", request=request) from dropped


class SimulatedBackends:
    """The `Backends` port: one client per lane and errand, for the one connection there is."""

    def __init__(self, salesforce: Any, intacct: Any, clock: FakeClock, seed: int = 0) -> None:
        policy = HttpPolicy(allowed_hosts=(), allow_loopback=True)
        self.wires = {
            System.SALESFORCE: BreakableTransport(salesforce),
            System.INTACCT: BreakableTransport(intacct),
        }
        self._clients = {system: HttpClient(policy, wire) for system, wire in self.wires.items()}
        self._clock, self._seed = clock, seed
        self._slots = LocalSlots({System.SALESFORCE: 5, System.INTACCT: 2})
        self._pairs: dict[tuple[Lane, Errand], Pair] = {}

    def of(self, connection: Connection, lane: Lane, errand: Errand = Errand.SYNC) -> Pair:
        """See `Backends.of`."""
        if (lane, errand) not in self._pairs:
            self._pairs[lane, errand] = Pair(self._salesforce(lane), self._intacct(lane, errand))
        return self._pairs[lane, errand]

    def _salesforce(self, lane: Lane) -> SalesforceBackend:
        credentials = SalesforceCredentials(login_url=SALESFORCE_URL, client_id="client", client_secret="secret")
        jitter = random.Random(self._seed).random
        http = self._clients[System.SALESFORCE]
        return SalesforceBackend(credentials, http, self._slots, self._clock, lane, jitter=jitter)

    def _intacct(self, lane: Lane, errand: Errand) -> IntacctBackend:
        credentials = IntacctCredentials(
            sender_id="sender",
            sender_password="secret",
            company_id="demo",
            user_id="api",
            user_password="secret",
            url=INTACCT_URL,
            rest=RestCredentials("client", "secret", "api@demo", url=REST_URL),
        )
        rng = random.Random(self._seed)
        http, options = self._clients[System.INTACCT], IntacctOptions()
        if errand is not Errand.SYNC:
            options = replace(options, schema_seconds=LONG_SCHEMA_SECONDS)
        return IntacctBackend(credentials, http, self._slots, self._clock, lane, rng=rng, options=options)


@dataclass
class House:
    """Everything a scenario touches. `drain` plays the workers until nothing is due."""

    context: Context
    connection: Connection
    salesforce: SalesforceSimulator
    intacct: IntacctSimulator
    clock: FakeClock
    bell: ListBell = field(default_factory=ListBell)

    def seed(self, kind: str, *records: Mapping[str, Any]) -> list[str]:
        """Insert Salesforce records; their ids."""
        made = self.salesforce.state.seed({kind: [dict(record) for record in records]})
        return [str(record["Id"]) for record in made[kind]]

    def seed_intacct(self, kind: str, *records: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Insert Intacct records; the records with their keys."""
        return self.intacct.state.seed({kind: [dict(record) for record in records]})[kind]

    def sf(self, kind: str, record_id: str) -> dict[str, Any]:
        """One Salesforce record as it stands."""
        return next(r for r in self.salesforce.state.records(kind) if r["Id"] == record_id)

    def ia(self, kind: str) -> list[dict[str, Any]]:
        """All Intacct records of a kind."""
        return self.intacct.state.records(kind)

    async def edit(self, kind: str, record_id: str, **values: Value) -> None:
        """Edit a Salesforce record over the wire, as a user would, two seconds later."""
        await self._edit(System.SALESFORCE, Write(kind, Action.UPDATE, values, "by hand", record_id))

    async def edit_intacct(self, kind: str, recordno: str, values: Mapping[str, Value]) -> None:
        """Edit an Intacct record over the wire, as a user would, two seconds later."""
        await self._edit(System.INTACCT, Write(kind, Action.UPDATE, values, f"by hand {self.clock.now()}", recordno))

    async def _edit(self, system: System, write: Write) -> None:
        self.clock.advance(2)
        pair = self.context.backends.of(self.connection, Lane.INTERACTIVE)
        backend = pair.salesforce if system is System.SALESFORCE else pair.intacct
        (outcome,) = await backend.write([write])
        if outcome.error is not None:
            raise outcome.error

    async def wish(self, name: str, ids: Sequence[str], *, origin: str = "button", **more: Any) -> list[Item]:
        """Ask for records to be brought in step."""
        given = {"origin": origin, "correlation_id": "test", **more}
        return await intake.wish(self.context, self.connection, name, ids, **given)

    async def drain(self) -> int:
        """Run both lanes until neither has anything due; how many operations were run."""
        total = 0
        while ran := await runner.drain(self.context, self.connection.id, Lane.INTERACTIVE) + await runner.drain(
            self.context, self.connection.id, Lane.BULK
        ):
            total += ran
        return total

    async def sync(self, name: str, *ids: str, **more: Any) -> list[Operation]:
        """Wish, drain, and answer the operations as they ended."""
        items = await self.wish(name, ids, **more)
        await self.drain()
        return [await self.operation(str(item.operation_id)) for item in items]

    async def operation(self, operation_id: str) -> Operation:
        """One operation as it stands."""
        async with self.context.begin() as session:
            return await session.get_one(Operation, operation_id, populate_existing=True)

    async def pass_time(self, seconds: float) -> None:
        """Let time pass in steps, with the sweeper and the workers at it; longer ones as long as nothing happens."""
        left, step = seconds, SHORTEST_STEP
        while left > 0:
            step = min(left, step)
            self.clock.advance(step)
            left -= step
            put_back = await sweeper.sweep(self.context)
            await building.finish_left(self.context)
            busy = put_back + await self.drain()
            step = SHORTEST_STEP if busy else min(2 * step, LONGEST_STEP)

    async def poll(self) -> dict[str, changes.Counts]:
        """Read the Intacct feeds, a second later, and bring what they found in step."""
        self.clock.advance(1)
        counts = await changes.poll(self.context)
        await self.drain()
        return counts


async def build_house(
    sessions: Sessions, new_id: Callable[[], str], *, flags: OrgFlags | None = None, **settings: Any
) -> House:
    """A house over a migrated, empty database, with one offline connection."""
    clock = PatientClock()
    sim_clock = SimClock(lambda: clock.now().timestamp())
    salesforce, intacct = create_salesforce(sim_clock, flags=flags), create_intacct(sim_clock)
    bell = ListBell()
    backends = SimulatedBackends(salesforce, intacct, clock)
    context = Context(sessions, clock, bell, PlainVault(), backends, new_id)
    connection = Connection(
        id=new_id(),
        name="default",
        environment="offline",
        settings={"intacct": {"company_id": "demo"}, **settings},
        created_at=clock.now(),
        updated_at=clock.now(),
    )
    async with context.begin() as session:
        session.add(connection)
    return House(context, connection, salesforce, intacct, clock, bell)
