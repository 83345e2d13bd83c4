"""What was spent at the vendors, per day and lane: counted where requests leave, stored after each run."""

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from app import telemetry
from app.domain.records import Errand, Lane, System
from app.services.context import Context, Pair
from app.store.tables import Spending
from app.store.upsert import insert_absent
from app.sync.ports import Usage


async def note_spending(
    context: Context, connection_id: str, account: Lane | Errand, pair: Pair
) -> tuple[Usage, Usage]:
    """Add what both clients have spent since the last call, on the account of a lane, or of an errand of its own.

    Answers it: Salesforce's, Intacct's.
    """
    spent = {System.SALESFORCE: pair.salesforce.take_usage(), System.INTACCT: pair.intacct.take_usage()}
    for system, usage in spent.items():
        telemetry.CALLS.labels(system, account).inc(usage.calls)
    telemetry.TRANSACTIONS.labels(account).inc(spent[System.INTACCT].transactions)
    async with context.begin() as session:
        for system, usage in spent.items():
            if usage.calls or usage.transactions:
                await _add(context, session, connection_id, account, system, usage)
    return spent[System.SALESFORCE], spent[System.INTACCT]


async def _add(
    context: Context, session: AsyncSession, connection_id: str, account: str, system: System, usage: Usage
) -> None:
    day = context.clock.now().date().isoformat()
    row = Spending(id=context.new_id(), connection_id=connection_id, system=system, lane=account, day=day)
    unique = ("connection_id", "system", "lane", "day")
    await insert_absent(session, Spending.__table__, [row.model_dump()], unique=unique)  # type: ignore[attr-defined]
    query = select(Spending).where(
        Spending.connection_id == connection_id,
        Spending.system == system,
        Spending.lane == account,
        Spending.day == day,
    )
    kept = (await session.exec(query.with_for_update())).one()
    kept.calls += usage.calls
    kept.transactions += usage.transactions
