"""The books of payments over the store: the engine's PaymentBook port, and the same read only for a preview.

Each call is one short transaction. What the end of a run means for a payment is decided in `payment_ends`.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession

from app.domain.decisions import Result
from app.domain.errors import Kind, SyncError
from app.domain.payments import PaymentSource, PaymentState
from app.services.context import Context
from app.store import journal
from app.store import payments as store
from app.store.payment_tables import Payment, PaymentDetail
from app.store.upsert import collided
from app.sync.book import Admitted, Asked, Fact, Refused, Reversal
from app.sync.writing import LEASE_LOST

TRIES = 4
SHORTLY, LATER = timedelta(seconds=2), timedelta(minutes=1)
"""When a payment asks again for an invoice: another one is being posted to it, or is held for a person."""

DIFFERS = "differs_from_accepted"
UNDELIVERED = "payment_not_delivered"
REVERSAL = "reversal"
"""The member of a payment's content that holds what its reversal is to be."""

_S = PaymentState


class SqlPaymentBook:
    """The books of one connection."""

    def __init__(self, context: Context, connection_id: str) -> None:
        self._context, self._connection_id = context, connection_id

    async def admit(self, asked: Sequence[Asked]) -> dict[str, Admitted]:
        """See `PaymentBook.admit`. Two workers may make or take the same rows at once: then once more."""
        for left in reversed(range(TRIES)):
            try:
                return await self._admit(asked)
            except DBAPIError as error:
                if not left or not collided(error):
                    raise
        raise AssertionError("the last try returns or raises")

    async def _admit(self, asked: Sequence[Asked]) -> dict[str, Admitted]:
        now = self._context.clock.now()
        async with self._context.begin() as session:
            fences = ((one.claim.operation_id, one.claim.fence) for one in asked)
            held = await journal.held_leases(session, fences, now)
            rows = await _known(session, self._connection_id, asked, lock=True)
            details = await store.details_of(session, (row.id for row in rows.values()))
            out: dict[str, Admitted] = {}
            going: dict[str, tuple[Asked, Payment]] = {}
            for one in asked:
                row = rows.get(one.salesforce_id)
                if one.claim.operation_id not in held:
                    out[one.salesforce_id] = Admitted(row.id if row else "", Refused(Result.FAILED, LEASE_LOST))
                    continue
                refused = None if row is None else judged(row, details.get(row.id, ()), one, now)
                row = await self._entered(session, row, one, details, now, take_over=refused is None)
                out[one.salesforce_id] = Admitted(row.id, refused)
                if refused is None and one.ready:
                    going[row.id] = (one, row)
            await session.flush()
            await self._take(session, going, out, now)
        return out

    async def _entered(
        self,
        session: AsyncSession,
        row: Payment | None,
        one: Asked,
        details: Mapping[str, Sequence[PaymentDetail]],
        now: datetime,
        *,
        take_over: bool,
    ) -> Payment:
        """The row of a payment: made when it is new, amended when it was edited in Salesforce where it was born."""
        if row is None:
            row = _new(self._context, self._connection_id, one, PaymentSource.SALESFORCE, one.salesforce_id, now)
            store.add(session, row, _details(self._context, row, one), self._context.new_id, note="found in Salesforce")
            return row
        if undelivered(row):
            return row
        row.salesforce_id, row.operation_id, row.due_at = one.salesforce_id, one.claim.operation_id, None
        if take_over and row.source == PaymentSource.SALESFORCE:
            await self._amend(session, row, one, details.get(row.id, ()), now)
        return row

    async def _amend(
        self, session: AsyncSession, row: Payment, one: Asked, known: Sequence[PaymentDetail], now: datetime
    ) -> None:
        if row.currency != one.currency:
            store.amend(session, row, 0, self._context.new_id, now, note=f"is in {one.currency} now")
            row.currency = one.currency
        store.amend(session, row, one.amount, self._context.new_id, now, note="edited in Salesforce")
        row.customer, row.received_on, row.content = _customer(one), one.received_on, dict(one.content)
        if [(detail.invoice, detail.amount) for detail in known] != list(one.shares):
            for detail in known:
                await session.delete(detail)
            await session.flush()
            session.add_all(_details(self._context, row, one))

    async def _take(
        self,
        session: AsyncSession,
        going: Mapping[str, tuple[Asked, Payment]],
        out: dict[str, Admitted],
        now: datetime,
    ) -> None:
        """Give each payment its invoices and let it go, or say for whom it waits."""
        if not going:
            return
        await store.give_back(session, (key for key, (_, row) in going.items() if row.state != _S.RECEIVED))
        wants = {key: sorted({invoice for invoice, _ in one.shares}) for key, (one, _) in going.items()}
        clashes = await store.take_all(session, self._connection_id, wants, self._context.new_id, now)
        others = {holder for clash in clashes.values() for holder in clash.values()}
        ahead = await store.by_ids(session, self._connection_id, others)
        for key, (one, row) in going.items():
            if key not in clashes:
                store.move(session, row, _S.POSTING, self._context.new_id, now)
                continue
            refused = in_flight(clashes[key], ahead, now)
            out[one.salesforce_id] = Admitted(row.id, refused)
            waits = {"reason": refused.error.code, "message": refused.error.message}
            store.move(session, row, _S.RECEIVED, self._context.new_id, now, **waits)

    async def note(self, facts: Sequence[Fact]) -> dict[str, Reversal]:
        """See `PaymentBook.note`."""
        for left in reversed(range(TRIES)):
            try:
                return await self._note(facts)
            except DBAPIError as error:
                if not left or not collided(error):
                    raise
        raise AssertionError("the last try returns or raises")

    async def _note(self, facts: Sequence[Fact]) -> dict[str, Reversal]:
        now, new_id = self._context.clock.now(), self._context.new_id
        async with self._context.begin() as session:
            rows = await _known(session, self._connection_id, [fact.asked for fact in facts], lock=True)
            for fact in facts:
                one, row = fact.asked, rows.get(fact.asked.salesforce_id)
                if row is None:
                    source = PaymentSource.INTACCT if fact.born_there else PaymentSource.SALESFORCE
                    external_id = fact.intacct_key if fact.born_there else one.salesforce_id
                    row = _new(self._context, self._connection_id, one, source, external_id, now)
                    store.add(session, row, _details(self._context, row, one), new_id, note="found in Intacct")
                    await session.flush()
                if row.state != _S.POSTED:
                    store.move(session, row, _S.POSTED, new_id, now, note="stands in Intacct")
                    await store.give_back(session, [row.id])
                row.intacct_key = row.intacct_key or fact.intacct_key
                rows[one.salesforce_id] = row
                if fact.reversed:
                    store.turn(session, row, new_id, now, note="reversed in Intacct")
        return {
            key: Reversal(row.id, date.fromisoformat(asked["on"]), str(asked["description"]))
            for key, row in rows.items()
            if row.reversal in ("asked", "reversing") and (asked := row.content.get(REVERSAL))
        }


class DryPaymentBook:
    """The books of one connection for a run that writes nothing: what `admit` would say, without taking anything."""

    def __init__(self, context: Context, connection_id: str) -> None:
        self._context, self._connection_id = context, connection_id

    async def admit(self, asked: Sequence[Asked]) -> dict[str, Admitted]:
        """See `PaymentBook.admit`. A payment without a row goes by its Salesforce id."""
        now = self._context.clock.now()
        async with self._context.begin() as session:
            rows = await _known(session, self._connection_id, asked)
            details = await store.details_of(session, (row.id for row in rows.values()))
            invoices = sorted({invoice for one in asked for invoice, _ in one.shares})
            taken = await store.holders(session, self._connection_id, invoices)
            ahead = await store.by_ids(session, self._connection_id, taken.values())
        out: dict[str, Admitted] = {}
        for one in asked:
            row = rows.get(one.salesforce_id)
            refused = judged(row, details.get(row.id, ()), one, now) if row else None
            clash = {i: taken[i] for i, _ in one.shares if i in taken and (row is None or taken[i] != row.id)}
            if refused is None and clash:
                refused = in_flight(clash, ahead, now)
            out[one.salesforce_id] = Admitted(row.id if row else one.salesforce_id, refused)
        return out

    async def note(self, facts: Sequence[Fact]) -> dict[str, Reversal]:
        """Nothing is entered, and nothing is foreseen of reversals."""
        return {}


async def _known(
    session: AsyncSession, connection_id: str, asked: Sequence[Asked], *, lock: bool = False
) -> dict[str, Payment]:
    """The rows of the payments, by Salesforce id; one that was delivered and not noted yet is known by its key."""
    rows = await store.by_salesforce_ids(session, connection_id, [one.salesforce_id for one in asked], lock=lock)
    keys = {one.key: one.salesforce_id for one in asked if one.key and one.salesforce_id not in rows}
    for key, row in (await store.by_ids(session, connection_id, keys, lock=lock) if keys else {}).items():
        if row.salesforce_id is None:
            rows[keys[key]] = row
    return rows


def undelivered(row: Payment) -> bool:
    """Whether a payment taken over the API is not whole in Salesforce yet: `payment_delivery` brings it there."""
    return row.source == PaymentSource.API and row.salesforce_id is None and row.state in (_S.RECEIVED, _S.REJECTED)


def judged(row: Payment, details: Sequence[PaymentDetail], one: Asked, now: datetime) -> Refused | None:
    """Why a payment that is in the books may not be sent; None when it may."""
    state = PaymentState(row.state)
    if state is _S.CANCELLED:
        said = f"The payment {row.id} was cancelled before it was posted."
        return Refused(Result.SKIPPED, SyncError(Kind.DATA, "payment_cancelled", said, "Enter a new payment."))
    if state is _S.POSTED:
        said = f"The payment {row.id} stands in Intacct as record {row.intacct_key}; its link to it was ended."
        return Refused(Result.CONFLICTED, SyncError(Kind.CONFLICT, "posted_before", said, "Link the two records."))
    if undelivered(row):
        said = f"The payment {row.id} is not delivered to Salesforce yet; its lines may not all be there."
        if state is _S.REJECTED:
            return Refused(Result.FAILED, SyncError(Kind.DATA, UNDELIVERED, said, "Retry the payment."))
        error = SyncError(Kind.DEPENDENCY, UNDELIVERED, said, "Nothing to do: it follows by itself.")
        return Refused(Result.BLOCKED, error, now + SHORTLY)
    if row.source == PaymentSource.API and (parts := differences(row, details, one)):
        said = f"The payment differs from the one that was accepted in {', '.join(parts)}."
        advice = "Put the record right as it was accepted, then retry; or cancel the payment and ask for a new one."
        return Refused(Result.HELD, SyncError(Kind.DATA, DIFFERS, said, advice))
    return None


def differences(row: Payment, details: Sequence[PaymentDetail], one: Asked) -> list[str]:
    """In what the Salesforce record of a payment is not what was accepted."""
    same = {
        "amount": (row.currency, row.amount) == (one.currency, one.amount),
        "receipt date": row.received_on == one.received_on,
        "invoices": sorted((d.invoice, d.amount) for d in details) == sorted(one.shares),
        "customer": row.customer in ("", one.account, one.customer),
    }
    return [name for name, alike in same.items() if not alike]


def in_flight(clash: Mapping[str, str], ahead: Mapping[str, Payment], now: datetime) -> Refused:
    """The answer to a payment whose invoices another one has."""
    invoice, holder = next(iter(sorted(clash.items())))
    row = ahead.get(holder)
    held = row is not None and row.state == _S.HELD
    what = "is held for a person" if held else "is being posted"
    said = f"Payment {holder} on invoice {invoice} {what}; this one waits for it."
    error = SyncError(Kind.DEPENDENCY, "invoice_in_flight", said, "Nothing to do: it follows by itself.")
    return Refused(Result.BLOCKED, error, now + (LATER if held else SHORTLY))


def _customer(one: Asked) -> str:
    return one.customer or one.account


def _new(
    context: Context, connection_id: str, one: Asked, source: PaymentSource, external_id: str, now: datetime
) -> Payment:
    return Payment(
        id=context.new_id(),
        connection_id=connection_id,
        source=source.value,
        external_id=external_id,
        state=_S.RECEIVED.value,
        customer=_customer(one),
        currency=one.currency,
        amount=one.amount,
        received_on=one.received_on,
        content=dict(one.content),
        salesforce_id=one.salesforce_id,
        operation_id=one.claim.operation_id,
        created_at=now,
        updated_at=now,
    )


def _details(context: Context, row: Payment, one: Asked) -> list[PaymentDetail]:
    return [
        PaymentDetail(
            id=context.new_id(),
            connection_id=row.connection_id,
            payment_id=row.id,
            position=position,
            invoice=invoice,
            amount=amount,
        )
        for position, (invoice, amount) in enumerate(one.shares, 1)
    ]
