"""Queries over payments and the only way their ledger grows. No transaction of their own.

A row and its ledger change together, here and nowhere else: `add`, `add_absent`, `move`, `amend` and `turn`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Executable, Table, delete, func
from sqlalchemy import select as columns
from sqlalchemy.dialects.postgresql import insert as insert_postgres
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.domain.payments import Entry, PaymentState, may_move
from app.store.payment_tables import InvoiceInFlight, Payment, PaymentDetail, PaymentEntry
from app.store.tables import Connection
from app.store.upsert import insert_absent

NewId = Callable[[], str]

CHUNK = 500
"""Invoices per statement."""


def add(
    session: AsyncSession,
    payment: Payment,
    details: Sequence[PaymentDetail],
    new_id: NewId,
    *,
    note: str = "",
    by: str = "",
) -> None:
    """A payment that has become known, with the first line of its ledger."""
    session.add(payment)
    session.add_all(details)
    _enter(session, payment, new_id, payment.created_at, None, payment.amount, note=note, by=by)


async def add_absent(
    session: AsyncSession, given: Sequence[tuple[Payment, Sequence[PaymentDetail]]], new_id: NewId, *, by: str = ""
) -> set[str]:
    """Add the payments whose external id is free; the ids that went in. The unique index decides who was first.

    A payment that another open transaction is adding is waited for. All are of one connection and source.
    """
    ordered = sorted(given, key=lambda pair: pair[0].external_id)
    for payment, _ in ordered:
        payment.entries = 1
    table: Table = Payment.__table__  # type: ignore[attr-defined]
    unique = ("connection_id", "source", "external_id")
    added = await insert_absent(session, table, [payment.model_dump() for payment, _ in ordered], unique=unique)
    for payment, details in ordered:
        if payment.id in added:
            session.add_all(details)
            session.add(_entry(payment, new_id, payment.created_at, None, payment.amount, by=by))
    return added


def move(
    session: AsyncSession,
    payment: Payment,
    after: PaymentState,
    new_id: NewId,
    now: datetime,
    *,
    reason: str = "",
    message: str = "",
    field: str = "",
    note: str = "",
    by: str = "",
) -> None:
    """Move a payment to another state, or tell why it stays where it is.

    The caller holds the row's lock. Raises ValueError when the payment may not go there: a defect of the caller.
    """
    payment.reason, payment.message, payment.field = reason[:60], message[:1000], field[:120]
    payment.updated_at = now
    before = PaymentState(payment.state)
    if before is after:
        return
    if not may_move(before, after):
        raise ValueError(f"payment {payment.id} may not go from {before} to {after}")
    payment.state = after.value
    if after is PaymentState.POSTED:
        payment.posted_at = now
    _enter(session, payment, new_id, now, before, payment.amount, note=note, by=by)


def amend(session: AsyncSession, payment: Payment, amount: int, new_id: NewId, now: datetime, *, note: str) -> None:
    """The amount of a payment, which was not posted yet, is another one now."""
    difference = amount - payment.amount
    if not difference:
        return
    if payment.state == PaymentState.POSTED:
        raise ValueError(f"payment {payment.id} is posted; its amount stands")
    payment.amount, payment.updated_at = amount, now
    _enter(session, payment, new_id, now, PaymentState(payment.state), difference, note=note)


def turn(session: AsyncSession, payment: Payment, new_id: NewId, now: datetime, *, note: str = "") -> None:
    """A posted payment was reversed in Intacct; told once."""
    if payment.reversal == "reversed":
        return
    payment.reversal, payment.updated_at = "reversed", now
    _enter(session, payment, new_id, now, PaymentState.POSTED, payment.amount, note=note, reversal=True)


def _enter(
    session: AsyncSession,
    payment: Payment,
    new_id: NewId,
    now: datetime,
    before: PaymentState | None,
    amount: int,
    *,
    note: str = "",
    by: str = "",
    reversal: bool = False,
) -> None:
    payment.entries += 1
    session.add(_entry(payment, new_id, now, before, amount, note=note, by=by, reversal=reversal))


def _entry(
    payment: Payment,
    new_id: NewId,
    now: datetime,
    before: PaymentState | None,
    amount: int,
    *,
    note: str = "",
    by: str = "",
    reversal: bool = False,
) -> PaymentEntry:
    return PaymentEntry(
        id=new_id(),
        connection_id=payment.connection_id,
        payment_id=payment.id,
        number=payment.entries,
        before=before.value if before else None,
        after=payment.state,
        reversal=reversal,
        currency=payment.currency,
        amount=amount,
        reason=payment.reason,
        note=note[:1000],
        by=by[:120],
        at=now,
    )


async def by_salesforce_ids(
    session: AsyncSession, connection_id: str, ids: Iterable[str], *, lock: bool = False
) -> dict[str, Payment]:
    """Payments by the id of their Salesforce record."""
    wanted = sorted(set(ids))
    query = select(Payment).where(Payment.connection_id == connection_id, col(Payment.salesforce_id).in_(wanted))
    query = query.order_by(col(Payment.id))
    rows = (await session.exec(query.with_for_update() if lock else query)).all()
    return {str(row.salesforce_id): row for row in rows}


async def by_id(session: AsyncSession, connection_id: str, payment_id: str, *, lock: bool = False) -> Payment | None:
    """One payment of the connection."""
    query = select(Payment).where(Payment.connection_id == connection_id, Payment.id == payment_id)
    return (await session.exec(query.with_for_update() if lock else query)).first()


async def by_external_ids(
    session: AsyncSession, connection_id: str, source: str, external_ids: Iterable[str]
) -> dict[str, Payment]:
    """Payments of one source by their external id."""
    query = select(Payment).where(
        Payment.connection_id == connection_id,
        Payment.source == source,
        col(Payment.external_id).in_(sorted(set(external_ids))),
    )
    return {row.external_id: row for row in await session.exec(query)}


async def details_of(session: AsyncSession, payment_ids: Iterable[str]) -> dict[str, list[PaymentDetail]]:
    """Details by payment, in their order."""
    found: dict[str, list[PaymentDetail]] = {}
    query = select(PaymentDetail).where(col(PaymentDetail.payment_id).in_(sorted(set(payment_ids))))
    for row in await session.exec(query.order_by(col(PaymentDetail.payment_id), col(PaymentDetail.position))):
        found.setdefault(row.payment_id, []).append(row)
    return found


async def entries_of(session: AsyncSession, payment_id: str) -> list[PaymentEntry]:
    """The ledger of one payment, oldest first."""
    query = select(PaymentEntry).where(PaymentEntry.payment_id == payment_id).order_by(col(PaymentEntry.number))
    return list((await session.exec(query)).all())


async def summed_entries(session: AsyncSession, connection_id: str) -> list[Entry]:
    """The whole ledger of a connection, lines of one kind summed up: what `domain.payments.equations` takes."""
    kinds = (
        col(PaymentEntry.currency),
        col(PaymentEntry.before),
        col(PaymentEntry.after),
        col(PaymentEntry.reversal),
    )
    query = (
        columns(*kinds, func.sum(col(PaymentEntry.amount)))
        .where(col(PaymentEntry.connection_id) == connection_id)
        .group_by(*kinds)
    )
    return [
        Entry(currency, int(amount), PaymentState(before) if before else None, PaymentState(after), reversal)
        for currency, before, after, reversal, amount in await _rows(session, query)
    ]


async def summed_rows(session: AsyncSession, connection_id: str) -> dict[tuple[str, str], int]:
    """What the rows themselves say: minor units by (currency, state). Must agree with the ledger."""
    query = (
        columns(col(Payment.currency), col(Payment.state), func.sum(col(Payment.amount)))
        .where(col(Payment.connection_id) == connection_id)
        .group_by(col(Payment.currency), col(Payment.state))
    )
    return {(currency, state): int(amount) for currency, state, amount in await _rows(session, query)}


async def take_all(
    session: AsyncSession, connection_id: str, wants: Mapping[str, Sequence[str]], new_id: NewId, now: datetime
) -> dict[str, dict[str, str]]:
    """Take invoices for many payments, by payment id, in their order: all that one wants, or none.

    Answers those that got none: the invoices another payment has, each with its id. Two callers cannot lock each other
    out: all insert in the order of the invoices.
    """
    mine: dict[str, str] = {}
    clashes: dict[str, dict[str, str]] = {}
    for payment_id, invoices in wants.items():
        if taken := {invoice: mine[invoice] for invoice in invoices if invoice in mine}:
            clashes[payment_id] = taken
        else:
            mine |= dict.fromkeys(invoices, payment_id)
    connection = await session.connection()
    insert = insert_sqlite if connection.dialect.name == "sqlite" else insert_postgres
    ordered = sorted(mine)
    for start in range(0, len(ordered), CHUNK):
        values = [
            {"id": new_id(), "connection_id": connection_id, "invoice": one, "payment_id": mine[one], "taken_at": now}
            for one in ordered[start : start + CHUNK]
        ]
        await connection.execute(insert(InvoiceInFlight).values(values).on_conflict_do_nothing())
    lost: set[str] = set()
    for invoice, holder in (await holders(session, connection_id, ordered)).items():
        if holder != mine[invoice]:
            clashes.setdefault(mine[invoice], {})[invoice] = holder
            lost.add(mine[invoice])
    await give_back(session, lost)
    return clashes


async def holders(session: AsyncSession, connection_id: str, invoices: Sequence[str]) -> dict[str, str]:
    """Which payment each of the invoices is being paid by, where one is."""
    found: dict[str, str] = {}
    for start in range(0, len(invoices), CHUNK):
        query = select(InvoiceInFlight.invoice, InvoiceInFlight.payment_id).where(
            InvoiceInFlight.connection_id == connection_id,
            col(InvoiceInFlight.invoice).in_(invoices[start : start + CHUNK]),
        )
        found |= dict((await session.exec(query)).all())
    return found


async def by_ids(
    session: AsyncSession, connection_id: str, ids: Iterable[str], *, lock: bool = False
) -> dict[str, Payment]:
    """Payments of the connection by id, locked in the order of their ids."""
    query = select(Payment).where(Payment.connection_id == connection_id, col(Payment.id).in_(sorted(set(ids))))
    query = query.order_by(col(Payment.id))
    return {row.id: row for row in await session.exec(query.with_for_update() if lock else query)}


async def give_back(session: AsyncSession, payment_ids: Iterable[str]) -> None:
    """The invoices of payments that are not being posted any more."""
    ids = sorted(set(payment_ids))
    if ids:
        await session.exec(delete(InvoiceInFlight).where(col(InvoiceInFlight.payment_id).in_(ids)))


async def _rows(session: AsyncSession, query: Executable) -> list[Any]:
    """Plain rows of a query over columns."""
    await session.flush()
    return list((await (await session.connection()).execute(query)).all())


async def claim_undelivered(
    session: AsyncSession, connection_id: str, size: int, now: datetime, lease: timedelta
) -> list[Payment]:
    """Up to `size` payments that are due to be delivered and nobody delivers, now under a lease and a fresh fence."""
    query = (
        select(Payment)
        .where(
            Payment.connection_id == connection_id,
            col(Payment.due_at) <= now,
            col(Payment.lease_until).is_(None) | (col(Payment.lease_until) <= now),
        )
        .order_by(col(Payment.due_at), col(Payment.id))
        .limit(size)
        .with_for_update(skip_locked=True)
    )
    rows = list(await session.exec(query))
    for row in rows:
        row.lease_until, row.fence, row.attempts = now + lease, row.fence + 1, row.attempts + 1
    return rows


async def undelivered_due(session: AsyncSession, now: datetime) -> list[str]:
    """Connections, switched on, with payments that are due to be delivered and nobody delivers."""
    query = (
        select(Payment.connection_id)
        .join(Connection, col(Connection.id) == col(Payment.connection_id))
        .where(
            col(Connection.enabled),
            col(Payment.due_at) <= now,
            col(Payment.lease_until).is_(None) | (col(Payment.lease_until) <= now),
        )
        .distinct()
        .order_by(col(Payment.connection_id))
    )
    return list(await session.exec(query))
