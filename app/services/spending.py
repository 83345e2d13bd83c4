"""What was spent at the vendors, per day and lane: counted where requests leave, stored after each run."""

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from app import telemetry
from app.domain.records import Lane, System
from app.services.context import Context, Pair
from app.store.tables import Spending
from app.store.upsert import insert_absent
from app.sync.ports import Usage


async def note_spending(context: Context, connection_id: str, lane: Lane, pair: Pair) -> tuple[Usage, Usage]:
    """Add what both clients have spent since the last call, and answer it: Salesforce's, Intacct's."""
    spent = {System.SALESFORCE: pair.salesforce.take_usage(), System.INTACCT: pair.intacct.take_usage()}
    for system, usage in spent.items():
        telemetry.CALLS.labels(system, lane).inc(usage.calls)
    telemetry.TRANSACTIONS.labels(lane).inc(spent[System.INTACCT].transactions)
    async with context.begin() as session:
        for system, usage in spent.items():
            if usage.calls or usage.transactions:
                await _add(context, session, connection_id, lane, system, usage)
    return spent[System.SALESFORCE], spent[System.INTACCT]


async def _add(
    context: Context, session: AsyncSession, connection_id: str, lane: Lane, system: System, usage: Usage
) -> None:
    day = context.clock.now().date().isoformat()
    row = Spending(id=context.new_id(), connection_id=connection_id, system=system, lane=lane, day=day)
    unique = ("connection_id", "system", "lane", "day")
    await insert_absent(session, Spending.__table__, [row.model_dump()], unique=unique)  # type: ignore[attr-defined]
    query = select(Spending).where(
        Spending.connection_id == connection_id,
        Spending.system == system,
        Spending.lane == lane,
        Spending.day == day,
    )
    kept = (await session.exec(query.with_for_update())).one()
    kept.calls += usage.calls
    kept.transactions += usage.transactions
