"""The month's budget as it is sent."""

from typing import Annotated, Literal

from pydantic import Field

from app.api.schemas.model import Out
from app.services.budget import Budget
from app.sync.budget import Step

WORDS: dict[Step, Literal["free", "inform", "stretchPolls", "stopBackfill", "stop"]] = {
    Step.FREE: "free",
    Step.INFORM: "inform",
    Step.STRETCH_POLLS: "stretchPolls",
    Step.STOP_BACKFILL: "stopBackfill",
    Step.STOP: "stop",
}


class AccountView(Out):
    """What was spent on one account this month."""

    name: Annotated[str, Field(description="interactive, bulk, poll (looking for changes), or verify (counting).")]
    transactions: Annotated[int, Field(description="What Intacct bills.")]
    intacct_calls: int
    salesforce_calls: int


class BudgetView(Out):
    """The month so far."""

    monthly_transactions: Annotated[int, Field(description="The entitlement, as the options of the connection say.")]
    billed: Annotated[bool, Field(description="Whether anybody counts: nothing is stopped for simulators.")]
    used_transactions: int
    forecast_transactions: Annotated[
        int, Field(description="At the end of the month, should the coming days be like the last seven.")
    ]
    step: Annotated[
        Literal["free", "inform", "stretchPolls", "stopBackfill", "stop"],
        Field(description="Reached at 0, 50, 80, 90 and 100 percent."),
    ]
    waiting_lanes: Annotated[list[str], Field(description="Lanes whose work is not begun at present.")]
    accounts: list[AccountView]
    correlation_id: str


def budget_out(known: Budget, correlation_id: str) -> BudgetView:
    """The budget as it is sent."""
    return BudgetView(
        monthly_transactions=known.entitlement.monthly,
        billed=known.entitlement.billed,
        used_transactions=known.used,
        forecast_transactions=known.forecast,
        step=WORDS[known.step],
        waiting_lanes=list(known.waiting),
        accounts=[
            AccountView(
                name=one.name,
                transactions=one.transactions,
                intacct_calls=one.intacct_calls,
                salesforce_calls=one.salesforce_calls,
            )
            for one in known.accounts
        ],
        correlation_id=correlation_id,
    )
