"""Tables of payments: each payment that became known, its details, its ledger, and which invoices are being paid.

Amounts are whole minor units of the payment's currency. `payment_entry` is only ever added to: what it sums up to must
be what the rows say (`domain.payments.Equation`).
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Index, UniqueConstraint
from sqlmodel import Field

from app.store.columns import empty, json_column, partial
from app.store.tables import Row

_UNDELIVERED = "due_at IS NOT NULL"


class Payment(Row, table=True):
    """One payment. `content` is what was asked for, in plain form; it is complete for those that came by the API.

    `external_id` is the caller's, the Salesforce id of a payment taken there, or Intacct's record number of one
    recorded there: unique per connection and source. `request_hash` tells another body under the same external id.
    `salesforce_id` is its `ia_crm__AR_Payment__c`, empty until delivered; `intacct_key` its ARPYMT. `reversal` is the
    state of its reversal: none, asked, reversing, held or reversed. `due_at` and `lease_until` are for those still to
    be delivered to Salesforce. `entries` is how many lines its ledger has. `proposal` is a decision on a held one that
    waits for a second person.
    """

    __tablename__ = "payment"
    __table_args__ = (
        UniqueConstraint("connection_id", "source", "external_id"),
        UniqueConstraint("connection_id", "salesforce_id"),
        UniqueConstraint("connection_id", "intacct_key"),
        Index("ix_payment_recent", "connection_id", "created_at", "id"),
        Index("ix_payment_state", "connection_id", "state", "currency"),
        Index("ix_payment_received_on", "connection_id", "received_on"),
        partial("ix_payment_undelivered", "connection_id", "due_at", where=_UNDELIVERED),
    )
    id: str = Field(primary_key=True, max_length=36)
    connection_id: str = Field(foreign_key="connection.id", max_length=36)
    source: str = Field(max_length=12)
    external_id: str = Field(max_length=255)
    request_hash: str = Field(default="", max_length=64)
    state: str = Field(max_length=12)
    reason: str = Field(default="", max_length=60)
    message: str = Field(default="", max_length=1000)
    field: str = Field(default="", max_length=120)
    customer: str = Field(default="", max_length=120)
    currency: str = Field(max_length=3)
    amount: int = Field(sa_column=Column(BigInteger, nullable=False))
    received_on: date
    content: dict[str, Any] = Field(default_factory=empty, sa_column=Column(json_column(), nullable=False))
    salesforce_id: str | None = Field(default=None, max_length=18)
    intacct_key: str | None = Field(default=None, max_length=40)
    operation_id: str | None = Field(default=None, max_length=36)
    reversal: str = Field(default="none", max_length=12)
    proposal: dict[str, Any] = Field(default_factory=empty, sa_column=Column(json_column(), nullable=False))
    requested_by: str | None = Field(default=None, max_length=120)
    correlation_id: str = Field(default="", max_length=64)
    entries: int = 0
    attempts: int = 0
    fence: int = 0
    due_at: datetime | None = None
    lease_until: datetime | None = None
    created_at: datetime
    updated_at: datetime
    posted_at: datetime | None = None


class PaymentDetail(Row, table=True):
    """What a payment pays of one invoice. `invoice` names it lastingly: its Salesforce id. `invoice_key` is the record
    number of the ARINVOICE it was posted to, which may not exist any more."""

    __tablename__ = "payment_detail"
    __table_args__ = (
        UniqueConstraint("payment_id", "position"),
        Index("ix_payment_detail_invoice", "connection_id", "invoice"),
    )
    id: str = Field(primary_key=True, max_length=36)
    connection_id: str = Field(foreign_key="connection.id", max_length=36)
    payment_id: str = Field(foreign_key="payment.id", max_length=36)
    position: int
    invoice: str = Field(max_length=120)
    amount: int = Field(sa_column=Column(BigInteger, nullable=False))
    invoice_key: str | None = Field(default=None, max_length=40)


class PaymentEntry(Row, table=True):
    """One line of the ledger of a payment, never changed: see `domain.payments.Entry`. `number` counts within it."""

    __tablename__ = "payment_entry"
    __table_args__ = (
        UniqueConstraint("payment_id", "number"),
        Index("ix_payment_entry_at", "connection_id", "at"),
    )
    id: str = Field(primary_key=True, max_length=36)
    connection_id: str = Field(foreign_key="connection.id", max_length=36)
    payment_id: str = Field(foreign_key="payment.id", max_length=36)
    number: int
    before: str | None = Field(default=None, max_length=12)
    after: str = Field(max_length=12)
    reversal: bool = False
    currency: str = Field(max_length=3)
    amount: int = Field(sa_column=Column(BigInteger, nullable=False))
    reason: str = Field(default="", max_length=60)
    note: str = Field(default="", max_length=1000)
    by: str = Field(default="", max_length=120)
    at: datetime


class InvoiceInFlight(Row, table=True):
    """An invoice that a payment is being posted to: one payment at a time, by the unique constraint."""

    __tablename__ = "invoice_in_flight"
    __table_args__ = (UniqueConstraint("connection_id", "invoice"),)
    id: str = Field(primary_key=True, max_length=36)
    connection_id: str = Field(foreign_key="connection.id", max_length=36)
    invoice: str = Field(max_length=120)
    payment_id: str = Field(foreign_key="payment.id", index=True, max_length=36)
    taken_at: datetime
