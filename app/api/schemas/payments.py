"""Payments as they are answered: amounts are decimal texts in units of the currency, never floats."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from app.api.schemas.model import Moment, Out
from app.api.schemas.payment_wishes import PaymentStateName, SourceName
from app.domain.money import from_minor
from app.domain.payment_wish import ADVICE
from app.services.paging import Page
from app.services.payment_grant import Grant
from app.services.payment_intake import Taken
from app.services.payments import Balanced, PaymentHistory
from app.store.payment_tables import Payment, PaymentDetail, PaymentEntry

ReversalName = Literal["none", "asked", "reversing", "held", "reversed"]


class PaymentProblem(Out):
    """Something that is wrong with a payment."""

    code: Annotated[str, Field(description="A stable word.")]
    field: Annotated[str, Field(description="The field to blame, as it was sent.")]
    message: str
    advice: Annotated[str, Field(description="What to do.")]


class PaymentTaken(Out):
    """What became of one payment of a request."""

    external_id: str
    payment_id: Annotated[str | None, Field(description="Null when it was refused.")]
    state: Annotated[PaymentStateName | None, Field(description="Null when it was refused.")]
    problems: list[PaymentProblem]
    replayed: Annotated[bool, Field(description="Whether it was taken in before.")]


class PaymentsTaken(Out):
    """Answers in the order of the request."""

    items: list[PaymentTaken]
    accepted: int
    refused: int
    correlation_id: str


class DetailOut(Out):
    """What is paid of one invoice."""

    position: int
    invoice_id: str
    amount: str
    invoice_key: Annotated[str | None, Field(description="Record number of the invoice in Intacct it was posted to.")]


class PaymentOut(Out):
    """One payment as it stands."""

    payment_id: str
    external_id: str
    source: SourceName
    state: PaymentStateName
    reversal: Annotated[ReversalName, Field(description="Where its reversal stands.")]
    reason: Annotated[str | None, Field(description="Why it is where it is, as a stable word.")]
    message: str
    field: str | None
    advice: str | None
    customer: str
    currency_code: str
    amount: str
    received_on: date
    salesforce_id: str | None
    intacct_key: str | None
    operation_id: str | None
    proposal: Annotated[str | None, Field(description="A decision that waits for a second person.")]
    proposed_by: str | None
    details: list[DetailOut]
    created_at: Moment
    updated_at: Moment
    posted_at: Moment | None


class PaymentPage(Out):
    """A page of payments, newest first."""

    items: list[PaymentOut]
    next_cursor: str | None
    correlation_id: str


class EntryOut(Out):
    """One line of a payment's ledger."""

    entry_number: int
    before: str | None
    after: str
    reversal: bool
    amount: str
    reason: str
    note: str
    decided_by: str
    at: Moment


class PaymentDecisionOut(Out):
    """What a run decided."""

    result: str
    reason: str
    message: str
    at: Moment


class PaymentDetailOut(PaymentOut):
    """One payment with everything that happened to it."""

    ledger: list[EntryOut]
    decisions: list[PaymentDecisionOut]
    correlation_id: str


class EquationOut(Out):
    """received = inFlight + posted + rejected + held + cancelled, of one currency, to the smallest unit."""

    currency_code: str
    received: str
    in_flight: str
    posted: str
    rejected: str
    held: str
    cancelled: str
    reversed: Annotated[str, Field(description="Part of posted that was reversed in Intacct.")]
    difference: str
    holds: Annotated[bool, Field(description="Whether ledger and rows agree and nothing is missing.")]


class EquationList(Out):
    """The money equation of every currency."""

    items: list[EquationOut]
    holds: bool
    correlation_id: str


class GrantOut(Out):
    """Whether payments are granted for the connection, by whom and since when."""

    granted: bool
    reference: str | None
    recorded_by: str | None
    recorded_at: Moment | None
    correlation_id: str


def taken_out(taken: tuple[Taken, ...], correlation_id: str) -> PaymentsTaken:
    """Answers as they are sent."""
    items = [
        PaymentTaken(
            external_id=one.external_id,
            payment_id=one.payment.id if one.payment else None,
            state=one.payment.state if one.payment else None,
            problems=[
                PaymentProblem(code=p.code, field=p.field, message=p.message, advice=ADVICE.get(p.code, ""))
                for p in one.problems
            ],
            replayed=one.replayed,
        )
        for one in taken
    ]
    accepted = sum(one.payment is not None for one in taken)
    return PaymentsTaken(items=items, accepted=accepted, refused=len(items) - accepted, correlation_id=correlation_id)


def _fields(row: Payment, details: list[PaymentDetail]) -> dict[str, Any]:
    return {
        "payment_id": row.id,
        "external_id": row.external_id,
        "source": row.source,
        "state": row.state,
        "reversal": row.reversal,
        "reason": row.reason or None,
        "message": row.message,
        "field": row.field or None,
        "advice": ADVICE.get(row.reason),
        "customer": row.customer,
        "currency_code": row.currency,
        "amount": shown(row.amount, row.currency),
        "received_on": row.received_on,
        "salesforce_id": row.salesforce_id,
        "intacct_key": row.intacct_key,
        "operation_id": row.operation_id,
        "proposal": row.proposal.get("decision"),
        "proposed_by": row.proposal.get("by"),
        "details": [
            {
                "position": detail.position,
                "invoice_id": detail.invoice,
                "amount": shown(detail.amount, row.currency),
                "invoice_key": detail.invoice_key,
            }
            for detail in details
        ],
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "posted_at": row.posted_at,
    }


def shown(units: int, currency: str) -> str:
    """Minor units as a decimal text."""
    return format(from_minor(units, currency), "f")


def page_out(page: Page[Payment], details: dict[str, list[PaymentDetail]], correlation_id: str) -> PaymentPage:
    """A page as it is sent."""
    items = [PaymentOut.model_validate(_fields(row, details.get(row.id, []))) for row in page.rows]
    return PaymentPage(items=items, next_cursor=page.next_cursor, correlation_id=correlation_id)


def detail_out(history: PaymentHistory, correlation_id: str) -> PaymentDetailOut:
    """A payment with its history as it is sent."""
    row = history.payment
    return PaymentDetailOut.model_validate(
        _fields(row, list(history.details))
        | {
            "ledger": [_entry(entry) for entry in history.entries],
            "decisions": [
                {"result": one.result, "reason": one.reason, "message": one.message, "at": one.at}
                for one in history.decisions
            ],
            "correlation_id": correlation_id,
        }
    )


def _entry(entry: PaymentEntry) -> dict[str, Any]:
    said = {name: getattr(entry, name) for name in ("before", "after", "reversal", "reason", "note")}
    return {
        **said,
        "entry_number": entry.number,
        "decided_by": entry.by,
        "amount": shown(entry.amount, entry.currency),
        "at": entry.at,
    }


def equations_out(found: list[Balanced], correlation_id: str) -> EquationList:
    """Equations as they are sent."""
    items = [
        EquationOut(
            currency_code=one.equation.currency,
            **{
                name: shown(getattr(one.equation, name), one.equation.currency)
                for name in (
                    "received",
                    "in_flight",
                    "posted",
                    "rejected",
                    "held",
                    "cancelled",
                    "reversed",
                    "difference",
                )
            },
            holds=one.holds,
        )
        for one in found
    ]
    return EquationList(items=items, holds=all(one.holds for one in found), correlation_id=correlation_id)


def grant_out(grant: Grant | None, correlation_id: str) -> GrantOut:
    """The grant as it is sent."""
    return GrantOut(
        granted=grant is not None,
        reference=grant.reference if grant else None,
        recorded_by=grant.by if grant else None,
        recorded_at=grant.at if grant else None,
        correlation_id=correlation_id,
    )
