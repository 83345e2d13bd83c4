"""The reconciliation of a period as it is sent, and as a spreadsheet."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from app.api.schemas.model import In, Out
from app.api.schemas.operations import Absent
from app.api.schemas.payment_wishes import Day
from app.api.schemas.payments import shown
from app.domain.reconciling import Difference, Totals
from app.domain.spreadsheets import sheet
from app.services.reconciliation import Reconciliation

DifferenceCode = Literal[
    "not_known_here",
    "not_linked_here",
    "duplicate",
    "missing_in_intacct",
    "amount_differs",
    "currency_differs",
    "customer_differs",
    "receipt_date_differs",
    "state_differs",
    "reversed_here_only",
    "reversed_there_only",
]

HEADER = (
    "code",
    "paymentId",
    "externalId",
    "salesforceId",
    "intacctKey",
    "documentNumber",
    "currencyHere",
    "amountHere",
    "currencyInIntacct",
    "amountInIntacct",
    "here",
    "inIntacct",
)


class ReconciliationQuery(In):
    """The period, by the day of receipt; both days count. At most 366 days and 20,000 payments."""

    received_from: Annotated[Day, Field(description="The first day.")]
    received_to: Annotated[Day, Field(description="The last day.")]
    format: Annotated[Literal["json", "csv"] | Absent, Field(description="csv: a spreadsheet.")] = None


class TotalsOut(Out):
    """Both sides of one currency. Reversed is part of posted."""

    currency_code: str
    posted_here: str
    reversed_here: str
    payments_here: int
    posted_in_intacct: str
    reversed_in_intacct: str
    payments_in_intacct: int


class DifferenceOut(Out):
    """One thing in which a payment is not the same on both sides."""

    code: DifferenceCode
    payment_id: str | None
    external_id: str | None
    salesforce_id: str | None
    intacct_key: str | None
    document_number: str | None
    currency_here: str | None
    amount_here: str | None
    currency_in_intacct: str | None
    amount_in_intacct: str | None
    value_here: Annotated[str, Field(description="What differs, as our books have it.")]
    value_in_intacct: Annotated[str, Field(description="The same, as Intacct has it.")]


class ReconciliationOut(Out):
    """Payments received in a period, here and in Intacct."""

    first_day: date
    last_day: date
    holds: Annotated[bool, Field(description="Whether both sides have the same payments, to the cent.")]
    totals: list[TotalsOut]
    differences: Annotated[list[DifferenceOut], Field(description="The first 2,000 of them.")]
    difference_count: int
    correlation_id: str


def reconciliation_out(found: Reconciliation, correlation_id: str) -> ReconciliationOut:
    """A reconciliation as it is sent."""
    return ReconciliationOut(
        first_day=found.first,
        last_day=found.last,
        holds=found.holds,
        totals=[_totals(one) for one in found.totals],
        differences=[_difference(one) for one in found.differences],
        difference_count=found.number,
        correlation_id=correlation_id,
    )


def reconciliation_sheet(found: Reconciliation) -> str:
    """The differences as comma-separated values; harmless to open."""
    return sheet(HEADER, _rows(found))


def _rows(found: Reconciliation) -> Iterator[list[str]]:
    for one in found.differences:
        yield [str(value or "") for name, value in _difference(one) if name != "correlation_id"]


def _totals(one: Totals) -> TotalsOut:
    return TotalsOut(
        currency_code=one.currency,
        posted_here=shown(one.posted_here, one.currency),
        reversed_here=shown(one.reversed_here, one.currency),
        payments_here=one.number_here,
        posted_in_intacct=shown(one.posted_there, one.currency),
        reversed_in_intacct=shown(one.reversed_there, one.currency),
        payments_in_intacct=one.number_there,
    )


def _difference(one: Difference) -> DifferenceOut:
    ours, theirs = one.ours, one.theirs
    key = theirs.key if theirs else (ours.key if ours else "")
    return DifferenceOut.model_validate(
        {
            "code": one.code,
            "payment_id": ours.payment_id if ours else None,
            "external_id": ours.external_id if ours else None,
            "salesforce_id": (ours.salesforce_id if ours else "") or None,
            "intacct_key": key or None,
            "document_number": (theirs.document if theirs else "") or None,
            "currency_here": ours.currency if ours else None,
            "amount_here": shown(ours.amount, ours.currency) if ours else None,
            "currency_in_intacct": theirs.currency if theirs else None,
            "amount_in_intacct": shown(theirs.amount, theirs.currency) if theirs else None,
            "value_here": one.here,
            "value_in_intacct": one.there,
        }
    )
