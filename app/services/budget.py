"""What a connection has spent at Intacct this month, what it may still spend, and who has to wait because of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from app.domain.connection_options import MONTHLY_TRANSACTIONS, POLL_PERCENT, SPEND_BEYOND
from app.domain.records import Errand, Lane, System
from app.services.configuration import known, option_of
from app.services.context import Context
from app.services.items import BUDGET_USED_UP, SWITCHED_OFF
from app.store import connections, spending
from app.store.tables import Connection, Operation
from app.sync.budget import Entitlement, Step, forecast

ACCOUNTS = (Lane.INTERACTIVE.value, Lane.BULK.value, Errand.POLL.value)
"""On whose account a call goes: the lanes of syncing, looking for changes."""


@dataclass(frozen=True, slots=True)
class Account:
    """What one account has spent this month."""

    name: str
    transactions: int
    intacct_calls: int
    salesforce_calls: int


@dataclass(frozen=True, slots=True)
class Budget:
    """The month as it stands. `forecast` is its end, should the coming days be like the last seven."""

    entitlement: Entitlement
    used: int
    forecast: int
    accounts: tuple[Account, ...]

    @property
    def step(self) -> Step:
        """How far the entitlement is used."""
        return self.entitlement.step(self.used)

    @property
    def waiting(self) -> tuple[str, ...]:
        """The lanes that may not begin work at present."""
        return tuple(lane.value for lane in Lane if not self.entitlement.admits(lane, self.used))


def entitlement_of(connection: Connection) -> Entitlement:
    """What the connection's options say. A connection to simulators is not billed."""
    monthly, percent = option_of(connection, MONTHLY_TRANSACTIONS), option_of(connection, POLL_PERCENT)
    assert isinstance(monthly, int)
    assert isinstance(percent, int)
    billed = connection.environment != "offline"
    return Entitlement(monthly, percent, beyond=bool(option_of(connection, SPEND_BEYOND)), billed=billed)


async def used(session: AsyncSession, connection_id: str, at: datetime) -> dict[str, int]:
    """Intacct transactions of the month so far, by account."""
    spent = await spending.month(session, connection_id, System.INTACCT, at)
    return {account: transactions for account, (_, transactions) in spent.items()}


async def admitted(session: AsyncSession, connection: Connection, lane: Lane, at: datetime) -> bool:
    """Whether work of a lane may begin now."""
    entitlement = entitlement_of(connection)
    if not entitlement.billed:
        return True
    return entitlement.admits(lane, sum((await used(session, connection.id, at)).values()))


@dataclass(frozen=True, slots=True)
class Stops:
    """What keeps work from being begun at the time `at`: a reason per lane, none where work is begun."""

    at: datetime
    by_lane: Mapping[str, str] = field(default_factory=dict)

    def of(self, row: Operation) -> str | None:
        """What an operation waits for whose own time has come."""
        due = row.state in ("queued", "waiting") and row.due_at is not None and row.due_at <= self.at
        return self.by_lane.get(row.lane) if due else None


async def stops(session: AsyncSession, connection: Connection, at: datetime) -> Stops:
    """Why the runner does not begin work of a lane: the master switch, or the transactions of the month."""
    if not connection.enabled:
        return Stops(at, dict.fromkeys((lane.value for lane in Lane), SWITCHED_OFF))
    entitlement = entitlement_of(connection)
    if not entitlement.billed:
        return Stops(at)
    total = sum((await used(session, connection.id, at)).values())
    return Stops(at, {lane.value: BUDGET_USED_UP for lane in Lane if not entitlement.admits(lane, total)})


async def stops_of(session: AsyncSession, connection_id: str, at: datetime) -> Stops:
    """The same for the connection of that id; nothing for an unknown one."""
    connection = await connections.get(session, connection_id)
    return Stops(at) if connection is None else await stops(session, connection, at)


async def read(context: Context, connection_id: str) -> Budget:
    """The present month."""
    now = context.clock.now()
    async with context.begin() as session:
        connection = known(await connections.get(session, connection_id))
        spent = {system: await spending.month(session, connection_id, system, now) for system in System}
        week = await spending.week(session, connection_id, System.INTACCT, now)
    intacct, salesforce = spent[System.INTACCT], spent[System.SALESFORCE]
    names = dict.fromkeys([*ACCOUNTS, *sorted({*intacct, *salesforce})])
    accounts = tuple(
        Account(name, intacct.get(name, (0, 0))[1], intacct.get(name, (0, 0))[0], salesforce.get(name, (0, 0))[0])
        for name in names
    )
    total = sum(account.transactions for account in accounts)
    last_week = sum(transactions for _, transactions in week.values())
    return Budget(entitlement_of(connection), total, forecast(total, last_week, now), accounts)
