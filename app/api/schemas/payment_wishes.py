"""What callers send about payments: amounts are decimal texts in units of the currency, never floats."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema

from app.api.schemas.model import In, Line, PageSize, RequestKey
from app.api.schemas.operations import Absent, Cursor
from app.api.schemas.sync import CallerOrigin, RequestedBy, RequestId
from app.domain.payment_wish import METHODS, PaymentWish, WishedDetail, WishedExcess
from app.domain.records import salesforce_id
from app.store.payment_lists import PaymentFilter

PaymentStateName = Literal["received", "posting", "posted", "rejected", "held", "cancelled"]
SourceName = Literal["api", "salesforce", "intacct"]
_LONG = r"(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])"
_SHORT = r"(0[469]|11)-(0[1-9]|[12][0-9]|30)"
_FEBRUARY = r"02-(0[1-9]|1[0-9]|2[0-8])"
_DAY = rf"^((19|20)[0-9]{{2}}-({_LONG}|{_SHORT}|{_FEBRUARY})|20([02468][048]|[13579][26])-02-29)$"
"""The days of two centuries, and no others."""


def _day(value: Any) -> date:
    """A calendar day as YYYY-MM-DD."""
    if not isinstance(value, str) or not re.fullmatch(_DAY, value, re.ASCII):
        raise ValueError("must be a day such as 2026-03-04")
    return date.fromisoformat(value)


Day = Annotated[
    date,
    BeforeValidator(_day),
    WithJsonSchema({"type": "string", "pattern": _DAY}, mode="validation"),
]
Amount = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{1,14}(\.[0-9]{1,4})?$", max_length=19), Field(examples=["60.00"])
]
Rate = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,8}(\.[0-9]{1,12})?$", max_length=21)]
Name = Annotated[Line, Field(min_length=1, max_length=120)]
RecordKey = Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9]{15}|[A-Za-z0-9]{18})$")]
CurrencyCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Method = Literal["Printed Check", "Cash", "EFT", "Credit Card", "Online Charge Card", "Online ACH Debit"]
assert set(Method.__args__) == set(METHODS)  # type: ignore[attr-defined]  # a literal's words


class DetailIn(In):
    """What is paid of one invoice. Name it by invoiceId (Salesforce) or by documentId (Intacct), not by both."""

    invoice_id: RecordKey | None = None
    document_id: Name | None = None
    amount: Amount


class OverpaymentIn(In):
    """What is paid beyond the invoice."""

    amount: Amount
    location_id: Name | None = None
    department_id: Name | None = None


class PaymentIn(In):
    """One payment. Name the customer by accountId (Salesforce) or by customerId (Intacct), not by both."""

    external_id: Annotated[RequestKey, Field(description="Your own, unchanging name of this payment.")]
    account_id: RecordKey | None = None
    customer_id: Name | None = None
    currency_code: CurrencyCode
    amount: Amount
    received_on: Annotated[Day, Field(description="The day of posting in the general ledger.")]
    payment_date: Day | None = None
    method: Method
    bank_account_id: Name | None = None
    undeposited_funds_account: Name | None = None
    reference: Annotated[Line, Field(min_length=1, max_length=45)] | None = None
    description: Annotated[Line, Field(min_length=1, max_length=1000)] | None = None
    details: Annotated[list[DetailIn], Field(min_length=1, max_length=100)]
    base_amount: Amount | None = None
    exchange_rate: Rate | None = None
    exchange_rate_type: Name | None = None
    overpayment: OverpaymentIn | None = None


class PaymentsIn(In):
    """Up to 200 payments, each taken in or refused by itself, answered in this order."""

    payments: Annotated[list[PaymentIn], Field(min_length=1, max_length=200)]
    origin: CallerOrigin = "apex"
    requested_by: RequestedBy | None = None
    request_id: RequestId | None = None


class NoteIn(In):
    """Why; it is kept in the ledger."""

    note: Annotated[Line, Field(min_length=3, max_length=500)]
    requested_by: RequestedBy | None = None


class ReverseIn(NoteIn):
    """Why a payment is taken back, and under which day."""

    reversed_on: Annotated[Day, Field(description="Posting day of the reversal; not before the payment's.")]


class RetryIn(In):
    """Who asks."""

    requested_by: RequestedBy | None = None


class GrantIn(In):
    """On what ground payments are granted: a ticket, a letter."""

    reference: Annotated[Line, Field(min_length=1, max_length=200)]


class PaymentQuery(In):
    """What a list of payments is narrowed to."""

    state: Annotated[PaymentStateName | Absent, Field(description="Where it stands.")] = None
    source: Annotated[SourceName | Absent, Field(description="Where it became known first.")] = None
    currency_code: Annotated[CurrencyCode | Absent, Field(description="ISO 4217.")] = None
    customer: Annotated[Name | Absent, Field(description="Customer id in Intacct.")] = None
    invoice_id: Annotated[RecordKey | Absent, Field(description="Salesforce id of an invoice it pays.")] = None
    external_id: Annotated[RequestKey | Absent, Field(description="The caller's name of it.")] = None
    salesforce_id: Annotated[RecordKey | Absent, Field(description="Its record in Salesforce.")] = None
    received_from: Annotated[Day | Absent, Field(description="Receipt day, this one or later.")] = None
    received_to: Annotated[Day | Absent, Field(description="Receipt day, this one or earlier.")] = None
    has_problem: Annotated[Literal["true", "false"] | Absent, Field(description="Whether a reason is told.")] = None
    cursor: Annotated[Cursor | Absent, Field(description="nextCursor of the page before.")] = None
    page_size: PageSize = 50


def wish_of(given: PaymentIn) -> PaymentWish:
    """A payment as the service takes it; what is wrong with it is told per payment."""
    excess = given.overpayment
    return PaymentWish(
        external_id=given.external_id,
        currency=given.currency_code,
        amount=Decimal(given.amount),
        received_on=given.received_on,
        method=given.method,
        details=tuple(
            WishedDetail(Decimal(detail.amount), _eighteen(detail.invoice_id), detail.document_id)
            for detail in given.details
        ),
        account_id=_eighteen(given.account_id),
        customer_id=given.customer_id,
        payment_date=given.payment_date,
        bank_account_id=given.bank_account_id,
        undeposited_funds_account=given.undeposited_funds_account,
        reference=given.reference,
        description=given.description,
        base_amount=_number(given.base_amount),
        exchange_rate=_number(given.exchange_rate),
        exchange_rate_type=given.exchange_rate_type,
        overpayment=WishedExcess(Decimal(excess.amount), excess.location_id, excess.department_id) if excess else None,
    )


def _number(given: str | None) -> Decimal | None:
    return Decimal(given) if given is not None else None


def filter_of(query: PaymentQuery) -> PaymentFilter:
    """The filter of a query."""
    return PaymentFilter(
        state=query.state,
        source=query.source,
        currency=query.currency_code,
        customer=query.customer,
        invoice=_eighteen(query.invoice_id),
        external_id=query.external_id,
        salesforce_id=_eighteen(query.salesforce_id),
        received_from=query.received_from,
        received_to=query.received_to,
        troubled=None if query.has_problem is None else query.has_problem == "true",
    )


def _eighteen(given: str | None) -> str | None:
    """The 18-character form; an id that cannot be one stays, and names nothing."""
    try:
        return salesforce_id(given) if given is not None else None
    except ValueError:
        return given
