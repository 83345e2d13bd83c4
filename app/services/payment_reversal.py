"""Asking that a posted payment be taken back in Intacct. The reversal itself is a write of an ordinary run.

Never automatic: somebody asks, with a date and a reason. A payment is reversed once.
"""

from datetime import date

from app.domain.errors import Kind, SyncError
from app.domain.payments import PaymentState
from app.domain.records import Lane
from app.objects import CATALOGUE
from app.services import intake
from app.services.configuration import known
from app.services.context import Context
from app.services.payment_book import REVERSAL
from app.store import connections
from app.store import payments as store
from app.store.payment_tables import Payment

UNDER_WAY = ("asked", "reversing", "held")


def paying() -> str:
    """The name of the object whose records are payments."""
    return next(declared.name for declared in CATALOGUE.values() if declared.pays is not None)


async def reverse(
    context: Context,
    connection_id: str,
    payment_id: str,
    on: date,
    description: str,
    by: str,
    correlation_id: str = "",
) -> Payment | None:
    """Ask for the reversal of a payment on a date; its operation is queued in the same transaction.

    None when the connection has no such payment. Raises SyncError CONFLICT `payment_not_posted`, `payment_reversed`,
    `reversal_under_way`, and DATA `reversal_too_early` for a date before the payment was received.
    """
    async with context.begin() as session:
        connection = known(await connections.get(session, connection_id))
        payment = await store.by_id(session, connection_id, payment_id, lock=True)
        if payment is None:
            return None
        _check(payment, on)
        payment.reversal, payment.updated_at = "asked", context.clock.now()
        payment.content = {
            **payment.content,
            REVERSAL: {"on": on.isoformat(), "description": description[:1000], "by": by},
        }
        [item] = await intake.wish(
            context,
            connection,
            paying(),
            [str(payment.salesforce_id)],
            origin="button",
            correlation_id=correlation_id,
            requested_by=by or None,
            session=session,
        )
        payment.operation_id = item.operation_id
    await context.bell.ring(connection_id, Lane.INTERACTIVE)
    return payment


def _check(payment: Payment, on: date) -> None:
    if payment.state != PaymentState.POSTED or payment.salesforce_id is None:
        said = f"The payment is {payment.state}; only one that stands in Intacct can be reversed."
        raise SyncError(Kind.CONFLICT, "payment_not_posted", said, "Cancel it instead, if it is not to be posted.")
    if payment.reversal == "reversed":
        said = "The payment was reversed already."
        raise SyncError(Kind.CONFLICT, "payment_reversed", said, "There is nothing to reverse.")
    if payment.reversal in UNDER_WAY:
        said = f"The reversal of the payment is {payment.reversal}."
        raise SyncError(Kind.CONFLICT, "reversal_under_way", said, "Wait for its end, or decide on its operation.")
    if on < payment.received_on:
        said = f"The payment was received on {payment.received_on}, after {on}."
        raise SyncError(Kind.DATA, "reversal_too_early", said, "Name a later date.", field="on")
