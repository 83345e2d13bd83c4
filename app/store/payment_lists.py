"""Lists of payments: what they are narrowed to and how they are paged. No transaction of their own."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.store.payment_tables import Payment, PaymentDetail


@dataclass(frozen=True, slots=True)
class PaymentFilter:
    """What a list of payments is narrowed to; None leaves a column open. Days are receipt days, both included."""

    state: str | None = None
    source: str | None = None
    currency: str | None = None
    customer: str | None = None
    invoice: str | None = None
    external_id: str | None = None
    salesforce_id: str | None = None
    received_from: date | None = None
    received_to: date | None = None
    troubled: bool | None = None


async def page(
    session: AsyncSession, connection_id: str, wanted: PaymentFilter, after: tuple[datetime, str] | None, size: int
) -> list[Payment]:
    """Payments, newest first, from behind a place (creation time, id)."""
    query = select(Payment).where(Payment.connection_id == connection_id, *_narrowed(wanted))
    if wanted.invoice is not None:
        paying = select(PaymentDetail.payment_id).where(
            PaymentDetail.connection_id == connection_id, PaymentDetail.invoice == wanted.invoice
        )
        query = query.where(col(Payment.id).in_(paying))
    if after is not None:
        at, key = after
        earlier = and_(col(Payment.created_at) == at, col(Payment.id) < key)
        query = query.where(or_(col(Payment.created_at) < at, earlier))
    query = query.order_by(col(Payment.created_at).desc(), col(Payment.id).desc())
    return list(await session.exec(query.limit(size)))


def _narrowed(wanted: PaymentFilter) -> list[ColumnElement[bool]]:
    equal = {
        "state": wanted.state,
        "source": wanted.source,
        "currency": wanted.currency,
        "customer": wanted.customer,
        "external_id": wanted.external_id,
        "salesforce_id": wanted.salesforce_id,
    }
    found: list[ColumnElement[bool]] = [
        col(getattr(Payment, name)) == value for name, value in equal.items() if value is not None
    ]
    if wanted.received_from is not None:
        found.append(col(Payment.received_on) >= wanted.received_from)
    if wanted.received_to is not None:
        found.append(col(Payment.received_on) <= wanted.received_to)
    if wanted.troubled is not None:
        trouble = col(Payment.reason) != ""
        found.append(trouble if wanted.troubled else col(Payment.reason) == "")
    return found
