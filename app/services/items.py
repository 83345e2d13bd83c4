"""How an operation looks to the one who asked for it: one flat item per record. No query, no HTTP."""

from dataclasses import dataclass, replace

from app.domain.decisions import Result
from app.store.tables import Operation

OVER = ("done", "cancelled")
"""States in which nothing more happens without a new wish."""

SWITCHED_OFF = "sync_switched_off"
"""Reason of an item that waits for the connection's master switch."""

BUDGET_USED_UP = "budget_used_up"
"""Reason of an item that waits for a new month, or for an owner who lets the connection spend more."""

STOPPED = {
    SWITCHED_OFF: "Synchronisation is switched off for this connection; the record follows when it is switched on.",
    BUDGET_USED_UP: "The Intacct transactions of this month are used up as far as this lane may; the record follows "
    "with the new month, a higher monthlyTransactions, or spendBeyondEntitlement.",
}
"""What is said of an item that is accepted and not begun."""

TROUBLE = (Result.FAILED, Result.BLOCKED, Result.CONFLICTED, Result.HELD)
"""Results whose reason is the code of an error."""


@dataclass(frozen=True, slots=True)
class Item:
    """What became, or is to become, of one record that was asked for.

    `operation_id` is None when the wish was refused; `record_id` is then the text as given. `joined`: an
    operation that was there already took the wish in. `retryable`: it is tried again by itself.
    """

    operation_id: str | None
    object: str
    record_id: str
    state: str
    result: str | None
    reason: str | None
    message: str
    intacct_id: str | None
    error_code: str | None
    retryable: bool
    joined: bool = False


def item_of(row: Operation, *, joined: bool = False) -> Item:
    """The item of an operation as it stands."""
    return Item(
        operation_id=row.id,
        object=row.object,
        record_id=row.record_id,
        state=row.state,
        result=row.result,
        reason=row.reason,
        message=row.message,
        intacct_id=row.intacct_id,
        error_code=row.reason if row.result in TROUBLE else None,
        retryable=row.state == "waiting",
        joined=joined,
    )


def stopped(item: Item, reason: str | None) -> Item:
    """The item of a wish that is accepted, and not begun for now if there is a reason."""
    if reason is None or item.state not in ("queued", "waiting"):
        return item
    return replace(item, reason=reason, message=STOPPED[reason])


def malformed(object_name: str, given: str, message: str) -> Item:
    """The item of an id that cannot be one."""
    return refused(object_name, given, "record_id_malformed", f"{message[:1].upper()}{message[1:]}.")


def refused(object_name: str, given: str, code: str, message: str) -> Item:
    """The item of a wish that no operation is made of."""
    return Item(
        operation_id=None,
        object=object_name,
        record_id=given,
        state="done",
        result=Result.FAILED,
        reason=code,
        message=message,
        intacct_id=None,
        error_code=code,
        retryable=False,
    )
