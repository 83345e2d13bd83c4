"""Queries over payments for their reconciliation: by keys, by ids, and the posted ones of a period page by page."""

from collections.abc import Iterable, Sequence
from datetime import date

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.domain.payments import PaymentState
from app.store.payment_tables import Payment

CHUNK = 500


async def by_intacct_keys(session: AsyncSession, connection_id: str, keys: Iterable[str]) -> dict[str, Payment]:
    """Payments by the record number of their ARPYMT."""
    wanted = sorted(set(keys))
    found: dict[str, Payment] = {}
    for start in range(0, len(wanted), CHUNK):
        query = select(Payment).where(
            Payment.connection_id == connection_id, col(Payment.intacct_key).in_(wanted[start : start + CHUNK])
        )
        found |= {str(row.intacct_key): row for row in await session.exec(query)}
    return found


async def by_documents(session: AsyncSession, connection_id: str, documents: Iterable[str]) -> dict[str, Payment]:
    """Payments by their id, which is the DOCNUMBER of those without a reference of their own."""
    wanted = sorted(set(documents))
    found: dict[str, Payment] = {}
    for start in range(0, len(wanted), CHUNK):
        query = select(Payment).where(
            Payment.connection_id == connection_id, col(Payment.id).in_(wanted[start : start + CHUNK])
        )
        found |= {row.id: row for row in await session.exec(query)}
    return found


async def posted(
    session: AsyncSession, connection_id: str, first: date, last: date, after: str, size: int
) -> Sequence[Payment]:
    """Up to `size` posted payments received in the period, both days included, in the order of their ids."""
    query = (
        select(Payment)
        .where(
            Payment.connection_id == connection_id,
            Payment.state == PaymentState.POSTED.value,
            col(Payment.received_on) >= first,
            col(Payment.received_on) <= last,
            col(Payment.id) > after,
        )
        .order_by(col(Payment.id))
        .limit(size)
    )
    return (await session.exec(query)).all()
