"""What the end of a run means for a payment: its row moves in the transaction that settles the operation.

A payment whose write is not settled never leaves `posting` or `held`, whatever else the run ended with: its invoices
stay its own until it is known what became of it. Opens no transaction.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from app.domain.decisions import STRENGTH, Result, Settlement
from app.domain.errors import Kind, SyncError
from app.domain.merge import Direction
from app.domain.payments import PaymentState
from app.domain.records import Lane
from app.objects import CATALOGUE
from app.services import intake
from app.services.context import Context
from app.services.payment_rules import FOUR_EYES, OBJECT, option
from app.services.planning import enabled
from app.store import connections, journal, operations
from app.store import payments as store
from app.store.bindings import by_salesforce_id
from app.store.payment_tables import Payment, PaymentDetail
from app.store.tables import Connection, Operation

_S = PaymentState
DELETED = "deleted_in_salesforce"


async def follow(
    context: Context,
    session: AsyncSession,
    connection_id: str,
    ended: Sequence[tuple[Operation, Settlement]],
    now: datetime,
) -> list[tuple[Operation, Payment]]:
    """Move the payments of operations of one object that ended a run; those that are in no book are passed over.

    Answers those that changed what is due of their invoices: posted by this run, or reversed.
    """
    ids = [row.record_id for row, _ in ended]
    payments = await store.by_salesforce_ids(session, connection_id, ids, lock=True)
    if not payments:
        return []
    changed: list[tuple[Operation, Payment]] = []
    open_ids = {i.salesforce_id for i in await journal.unsettled(session, connection_id, ended[0][0].object, ids)}
    paid = [payments[row.record_id].id for row, said in ended if said.paid and row.record_id in payments]
    details = await store.details_of(session, paid) if paid else {}
    free: list[str] = []
    for row, said in ended:
        payment = payments.get(row.record_id)
        if payment is None:
            continue
        payment.operation_id = row.id
        if payment.state == _S.POSTED:
            _follow_reversal(context, session, payment, said, unclear=row.record_id in open_ids, now=now)
            changed += [(row, payment)] if said.turned else []
            continue
        after = _after(payment, said, unclear=row.record_id in open_ids)
        stands = after is _S.POSTED
        if stands:
            payment.intacct_key = said.intacct_key
            _note_invoices(details.get(payment.id, ()), said)
            changed.append((row, payment))
        why = {} if stands else {"reason": said.reason, "message": said.message, "field": _field(said)}
        store.move(session, payment, after, context.new_id, now, **why)
        if after not in (_S.POSTING, _S.HELD):
            free.append(payment.id)
    await store.give_back(session, free)
    return changed


async def refresh(
    context: Context, session: AsyncSession, connection: Connection, changed: Sequence[tuple[Operation, Payment]]
) -> None:
    """Have Salesforce show at once what is due of the invoices of payments a person waits for; else the feed does."""
    waited = {payment.id: row for row, payment in changed if row.lane == Lane.INTERACTIVE}
    details = await store.details_of(session, waited) if waited else {}
    for payment_id, row in waited.items():
        declared = CATALOGUE[row.object]
        name = declared.pays.invoice_object if declared.pays else ""
        if not enabled(connection, CATALOGUE[name]):
            return
        invoices = sorted({detail.invoice for detail in details.get(payment_id, ())})
        linked = sorted(one.salesforce_id for one in await by_salesforce_id(session, connection.id, name, invoices))
        origin = {"origin": "cascade", "correlation_id": row.correlation_id, "parent_id": row.id}
        if linked:
            direction = Direction.FROM_INTACCT
            await intake.wish(context, connection, name, linked, session=session, direction=direction, **origin)


def _after(payment: Payment, said: Settlement, *, unclear: bool) -> PaymentState:
    """Where a payment is after a run. One that is linked stands in Intacct, whatever else was wrong."""
    before = PaymentState(payment.state)
    waits = said.again_at is not None or bool(said.waits_for)
    if said.intacct_key is not None:
        return _S.POSTED
    if before is _S.CANCELLED:
        return before
    if unclear and before is _S.REJECTED:
        return before  # a person has said no; only that it is found standing changes that
    if unclear:
        held = before is _S.HELD or not waits
        return _S.HELD if held else _S.POSTING
    if said.result is Result.HELD:
        return before if waits else _S.HELD
    if said.result is Result.SKIPPED and said.reason != DELETED:
        return _S.RECEIVED if before is _S.POSTING else before
    if waits or said.result is Result.BLOCKED:
        return before if before is _S.HELD else _S.RECEIVED
    return _S.REJECTED


def _field(said: Settlement) -> str:
    return (said.error.field or "") if said.error else ""


def _follow_reversal(
    context: Context, session: AsyncSession, payment: Payment, said: Settlement, *, unclear: bool, now: datetime
) -> None:
    """Where the reversal of a posted payment is after a run; one that was refused is told and may be asked anew."""
    waits = said.again_at is not None or bool(said.waits_for)
    if said.turned:
        store.turn(session, payment, context.new_id, now, note="reversed in Intacct")
        store.move(session, payment, _S.POSTED, context.new_id, now)
        return
    if payment.reversal not in ("asked", "reversing", "held"):
        return
    if unclear:
        payment.reversal = "reversing" if waits else "held"
    elif waits or said.result in STRENGTH:
        payment.reversal = "asked"
    else:
        payment.reversal = "none"
    why = {"reason": said.reason, "message": said.message, "field": _field(said)}
    store.move(session, payment, _S.POSTED, context.new_id, now, **why)


def _note_invoices(details: Sequence[PaymentDetail], said: Settlement) -> None:
    """Remember under which record numbers the invoices were paid, where the run knows."""
    numbers = dict(said.paid)
    for detail in details:
        detail.invoice_key = numbers.get(detail.invoice, detail.invoice_key)


async def require_decision(session: AsyncSession, connection_id: str, operation_id: str) -> None:
    """Raises SyncError CONFLICT `payment_decision_needed` for the operation of a held payment on which two people have
    to decide: no other door leads round them."""
    row = await operations.get(session, connection_id, operation_id)
    if row is None or row.object != OBJECT or row.state != "held":
        return
    connection = await connections.get(session, connection_id)
    found = await store.by_salesforce_ids(session, connection_id, [row.record_id])
    payment = found.get(row.record_id)
    if connection is not None and payment is not None and payment.state == _S.HELD and option(connection, FOUR_EYES):
        said = f"Payment {payment.id} is held, and two people decide on it."
        advice = f"Release or reject it: POST /v1/payments/{payment.id}/release or /reject."
        raise SyncError(Kind.CONFLICT, "payment_decision_needed", said, advice)


async def cancel(context: Context, session: AsyncSession, row: Operation, by: str = "") -> None:
    """Give up the payment of an operation that is being cancelled.

    Raises SyncError CONFLICT `payment_unclear` while its outcome is being looked up. One that is held for a person is
    given up although it may stand; should it be found there, it is posted after all.
    """
    payments = await store.by_salesforce_ids(session, row.connection_id, [row.record_id], lock=True)
    payment = payments.get(row.record_id)
    if payment is None or payment.state in (_S.POSTED, _S.CANCELLED):
        return
    now = context.clock.now()
    unclear = await journal.unsettled(session, row.connection_id, row.object, [row.record_id])
    for intent in unclear:
        if intent.state == "released":  # nobody wants it sent any more
            intent.state = "held"
    if payment.state == _S.POSTING:
        if unclear:
            said = "The payment may stand in Intacct; its outcome is being looked up."
            raise SyncError(Kind.CONFLICT, "payment_unclear", said, "Wait until that is known, then cancel.")
        store.move(session, payment, _S.RECEIVED, context.new_id, now)
    store.move(session, payment, _S.CANCELLED, context.new_id, now, reason="cancelled", note="on request", by=by)
    await store.give_back(session, [payment.id])
