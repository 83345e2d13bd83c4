"""What people decide about payments: try again, give up before posting, release or reject a held one.

A decision on a held payment needs a note, and by option two people: the first proposes, the second confirms. Rows are
locked while it is decided, so that a decision and a run never meet half-way. Nothing is sent to a vendor here.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession

from app.domain.errors import Kind, SyncError
from app.domain.payments import PaymentState
from app.domain.records import Lane
from app.services import operations
from app.services.context import Context
from app.services.intake import TRIES
from app.services.payment_grant import require
from app.services.payment_rules import FOUR_EYES, option
from app.store import operations as stored
from app.store import payments as store
from app.store.payment_tables import Payment
from app.store.tables import Connection, Operation
from app.store.upsert import collided

RELEASE, REJECT = "release", "reject"
S = PaymentState


@dataclass(frozen=True, slots=True)
class Decider:
    """Who decides: the id and name of the API key, and the person behind it where the caller names one."""

    key_id: str
    key_name: str
    person: str | None
    correlation_id: str

    @property
    def shown(self) -> str:
        """As it stands in the ledger."""
        return f"{self.person} ({self.key_name})" if self.person else self.key_name


async def retry(context: Context, connection: Connection, payment_id: str, who: Decider) -> Payment | None:
    """Try a payment again that was received or rejected; None when there is no such payment.

    Raises SyncError CONFLICT `payment_state` for one in another state, and `operation_running`.
    """
    require(connection)

    async def act(session: AsyncSession, row: Payment) -> Operation | None:
        _expect(row, "retried", S.RECEIVED, S.REJECTED)
        if row.state == S.REJECTED:
            store.move(session, row, S.RECEIVED, context.new_id, context.clock.now(), by=who.shown, note="retried")
        if row.operation_id is None or row.salesforce_id is None:
            row.due_at, row.attempts = context.clock.now(), 0
            return None
        return await operations.retry_in(context, session, connection.id, row.operation_id, who.correlation_id)

    return await _decide(context, connection, payment_id, act)


async def cancel(context: Context, connection: Connection, payment_id: str, who: Decider, note: str) -> Payment | None:
    """Give a payment up before it is posted; None when there is no such payment.

    Raises SyncError CONFLICT `payment_state` for what may have reached Intacct, and `operation_running`.
    """

    async def act(session: AsyncSession, row: Payment) -> None:
        _expect(row, "cancelled", S.RECEIVED, S.REJECTED)
        await _stop(context, session, connection.id, row)
        said = {"reason": "cancelled", "message": "Cancelled on request.", "note": note, "by": who.shown}
        row.due_at, row.lease_until = None, None
        store.move(session, row, S.CANCELLED, context.new_id, context.clock.now(), **said)
        await store.give_back(session, [row.id])

    return await _decide(context, connection, payment_id, act)


async def decide(
    context: Context, connection: Connection, payment_id: str, word: str, who: Decider, note: str
) -> Payment | None:
    """Release a held payment (it is looked up once more and sent if it is not there) or reject it.

    With the option `fourEyes` the first call proposes and the same decision by somebody else carries it out; another
    decision replaces the proposal. None when there is no such payment. Raises SyncError CONFLICT `payment_state`,
    `second_person_needed` when the proposer confirms, and `operation_running`.
    """
    require(connection)

    async def act(session: AsyncSession, row: Payment) -> Operation | None:
        _expect(row, "decided upon", S.HELD)
        if bool(option(connection, FOUR_EYES)) and not _seconded(row, word, who):
            now = context.clock.now().isoformat()
            row.proposal = {"decision": word, "key": who.key_id, "by": who.shown, "note": note, "at": now}
            row.proposal |= {"person": who.person or ""}
            return None
        said = f"{row.proposal['by']}: {row.proposal['note']}; " if row.proposal else ""
        row.proposal = {}
        return await _carry_out(context, session, connection.id, row, word, f"{said}{who.shown}: {note}", who)

    return await _decide(context, connection, payment_id, act)


async def withdraw(context: Context, connection: Connection, payment_id: str, who: Decider) -> Payment | None:
    """Take a proposal back; None when there is no such payment. Raises SyncError CONFLICT `no_proposal`."""

    async def act(_session: AsyncSession, row: Payment) -> None:
        if not row.proposal:
            raise SyncError(Kind.CONFLICT, "no_proposal", "No decision on this payment waits for a second person.")
        row.proposal, row.updated_at = {}, context.clock.now()

    return await _decide(context, connection, payment_id, act)


async def _carry_out(
    context: Context, session: AsyncSession, connection_id: str, row: Payment, word: str, note: str, who: Decider
) -> Operation | None:
    now = context.clock.now()
    if word == RELEASE:
        await _take_invoices(context, session, row)
        store.move(session, row, S.POSTING, context.new_id, now, reason="released", note=note, by=who.shown)
        return await operations.retry_in(context, session, connection_id, row.operation_id or "", who.correlation_id)
    await _stop(context, session, connection_id, row)
    said = {"reason": "rejected_by_person", "message": "A person has decided that it is not posted."}
    store.move(session, row, S.REJECTED, context.new_id, now, **said, note=note, by=who.shown)
    await store.give_back(session, [row.id])
    return None


async def _take_invoices(context: Context, session: AsyncSession, row: Payment) -> None:
    """The invoices of a payment that may be sent: it lost them if it was rejected before. Raises CONFLICT."""
    details = await store.details_of(session, [row.id])
    wants = {row.id: sorted({detail.invoice for detail in details.get(row.id, ())})}
    now = context.clock.now()
    if clash := await store.take_all(session, row.connection_id, wants, context.new_id, now):
        invoice, holder = min(clash[row.id].items())
        message = f"Payment {holder} on invoice {invoice} is being posted, or held."
        raise SyncError(
            Kind.CONFLICT, "invoice_in_flight", message, "Release this one when that one has come to an end."
        )


async def _stop(context: Context, session: AsyncSession, connection_id: str, row: Payment) -> None:
    """Cancel what would still send the payment. Raises SyncError CONFLICT `operation_running`."""
    if row.operation_id is not None:
        await operations.cancel_in(context, session, connection_id, row.operation_id)
    live = await stored.live_of(session, connection_id, "ar_payment", row.salesforce_id or "")
    if live is not None:
        await operations.cancel_in(context, session, connection_id, live.id)


async def _decide(
    context: Context, connection: Connection, payment_id: str, act: Callable[..., object]
) -> Payment | None:
    for left in reversed(range(TRIES)):
        try:
            async with context.begin() as session:
                row = await store.by_id(session, connection.id, payment_id, lock=True)
                if row is None:
                    return None
                begun = await act(session, row)  # type: ignore[misc]  # every act is a coroutine function
                await session.flush()
                await session.refresh(row)
                undelivered = row.due_at is not None
            break
        except DBAPIError as error:  # a run that ends locks its operation first, a decision its payment
            if not left or not collided(error):
                raise
    if isinstance(begun, Operation):
        await context.bell.ring(connection.id, Lane(begun.lane))
    elif undelivered:
        await context.bell.ring(connection.id, Lane.BULK)
    return row


def _expect(row: Payment, verb: str, *states: PaymentState) -> None:
    if row.state not in states:
        allowed = " or ".join(state.value for state in states)
        message = f"The payment is {row.state}; it can be {verb} while it is {allowed}."
        raise SyncError(Kind.CONFLICT, "payment_state", message, "Read the payment again and decide anew.")


def _seconded(row: Payment, word: str, who: Decider) -> bool:
    """Whether this decision confirms the proposal of somebody else. Raises CONFLICT `second_person_needed`."""
    proposal = row.proposal
    if not proposal or proposal.get("decision") != word:
        return False
    same_person = bool(who.person) and who.person == proposal.get("person")
    if proposal.get("key") == who.key_id or same_person:
        message = f"{proposal.get('by')} has proposed this; another person has to confirm it."
        raise SyncError(Kind.CONFLICT, "second_person_needed", message, "Confirm it with another person's key.")
    return True
