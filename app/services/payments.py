"""Payments asked about: lists, one with its history, and the money equation. Nothing is changed here."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.payments import IN_FLIGHT, Equation, PaymentState, equations
from app.services.context import Context
from app.services.paging import Page, cut, place_of
from app.store import operations, payment_lists
from app.store import payments as store
from app.store.payment_lists import PaymentFilter
from app.store.payment_tables import Payment, PaymentDetail, PaymentEntry
from app.store.tables import Decision, Operation


@dataclass(frozen=True, slots=True)
class PaymentHistory:
    """One payment with its details, its ledger, and the operation that brings it to Intacct with its decisions."""

    payment: Payment
    details: Sequence[PaymentDetail]
    entries: Sequence[PaymentEntry]
    operation: Operation | None
    decisions: Sequence[Decision]


@dataclass(frozen=True, slots=True)
class Balanced:
    """The equation of one currency, from the ledger, and whether the rows themselves say the same."""

    equation: Equation
    rows_agree: bool

    @property
    def holds(self) -> bool:
        """Whether every unit received is accounted for, twice over."""
        return self.equation.holds and self.rows_agree


async def listed(
    context: Context, connection_id: str, wanted: PaymentFilter, cursor: str | None, size: int
) -> Page[Payment]:
    """A page of payments, newest first."""
    async with context.begin() as session:
        rows = await payment_lists.page(session, connection_id, wanted, place_of(cursor), size + 1)
    return cut(rows, size, lambda row: (row.created_at, row.id))


async def details_of(context: Context, payments: Sequence[Payment]) -> dict[str, list[PaymentDetail]]:
    """Details of payments of one connection, by payment."""
    async with context.begin() as session:
        return await store.details_of(session, [row.id for row in payments])


async def get(context: Context, connection_id: str, payment_id: str) -> PaymentHistory | None:
    """One payment of the connection with its history; None when there is none."""
    async with context.begin() as session:
        row = await store.by_id(session, connection_id, payment_id)
        if row is None:
            return None
        details = await store.details_of(session, [row.id])
        entries = await store.entries_of(session, row.id)
        operation = await operations.get(session, connection_id, row.operation_id) if row.operation_id else None
        decisions = await operations.decisions_of(session, connection_id, operation.id) if operation else []
    return PaymentHistory(row, details.get(row.id, []), entries, operation, decisions)


async def balance(context: Context, connection_id: str) -> list[Balanced]:
    """The money equation of every currency, ledger and rows read in one transaction."""
    async with context.begin() as session:
        entries = await store.summed_entries(session, connection_id)
        rows = await store.summed_rows(session, connection_id)
    return [Balanced(equation, _same(equation, rows)) for equation in equations(entries)]


def _same(equation: Equation, rows: dict[tuple[str, str], int]) -> bool:
    """Whether the rows sum up to what the ledger says, state by state."""

    def of(*states: PaymentState) -> int:
        return sum(rows.get((equation.currency, state.value), 0) for state in states)

    return (
        of(*IN_FLIGHT) == equation.in_flight
        and of(PaymentState.POSTED) == equation.posted
        and of(PaymentState.REJECTED) == equation.rejected
        and of(PaymentState.HELD) == equation.held
        and of(PaymentState.CANCELLED) == equation.cancelled
    )
