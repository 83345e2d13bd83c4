"""What was spent at the vendors, per day and lane: counted where requests leave, stored after each run."""

from typing import Any

from app import telemetry
from app.domain.records import Errand, Lane, System
from app.services.context import Context, Pair
from app.store.tables import Spending
from app.store.upsert import add_up
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
    rows = [
        _row(context, connection_id, account, system, usage)
        for system, usage in spent.items()
        if usage.calls or usage.transactions
    ]
    if not rows:
        return spent[System.SALESFORCE], spent[System.INTACCT]
    async with context.begin() as session:
        unique, sums = ("connection_id", "system", "lane", "day"), ("calls", "transactions")
        await add_up(session, Spending.__table__, rows, unique=unique, sums=sums)  # type: ignore[attr-defined]
    return spent[System.SALESFORCE], spent[System.INTACCT]


def _row(context: Context, connection_id: str, account: str, system: System, usage: Usage) -> dict[str, Any]:
    day = context.clock.now().date().isoformat()
    row = Spending(id=context.new_id(), connection_id=connection_id, system=system, lane=account, day=day)
    row.calls, row.transactions = usage.calls, usage.transactions
    return row.model_dump()
