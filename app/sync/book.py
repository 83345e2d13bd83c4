"""The port by which a run of payments keeps the books of payments: which may be sent, and which invoices are theirs.

Implemented over the store; nothing is sent to either side through it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from app.domain.decisions import Result
from app.domain.errors import SyncError
from app.sync.links import Claim


@dataclass(frozen=True, slots=True)
class Asked:
    """A payment as Salesforce has it. Amounts are whole minor units; `shares` are (Salesforce id of invoice, amount).

    `key` is our payment id where the record bears one; `account` its Salesforce account, `customer` Intacct's id of it,
    empty while that is not known. `ready`: nothing is wrong with it so far, it is to be posted.
    """

    claim: Claim
    salesforce_id: str
    key: str | None
    account: str
    customer: str
    currency: str
    amount: int
    received_on: date
    shares: tuple[tuple[str, int], ...]
    content: Mapping[str, object] = field(default_factory=dict)
    ready: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a payment may not be sent now. With `again_at` it is tried again by itself then."""

    result: Result
    error: SyncError
    again_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Admitted:
    """A payment in the books: its id, and why it may not be sent, if so. Without refusal its invoices are its own."""

    payment_id: str
    refused: Refused | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """A payment that stands in Intacct, as both sides have it. `reversed`: it was taken back there."""

    asked: Asked
    intacct_key: str
    born_there: bool
    reversed: bool


@dataclass(frozen=True, slots=True)
class Reversal:
    """A posted payment that is to be taken back in Intacct, on a date."""

    payment_id: str
    on: date
    description: str


class PaymentBook(Protocol):
    """The books of payments of one connection."""

    async def admit(self, asked: Sequence[Asked]) -> dict[str, Admitted]:
        """Enter payments that are new, note what was edited, and take the invoices of those that are ready: all of a
        payment or none. One short transaction, committed when it returns. By Salesforce id.

        An invoice that another payment has is answered with Result.BLOCKED `invoice_in_flight` and a time.
        """
        ...

    async def note(self, facts: Sequence[Fact]) -> dict[str, Reversal]:
        """Enter payments that stand in Intacct, and what was reversed there; what is in the books already stays.

        Answers, by Salesforce id, the reversals that were asked for and have not been carried out.
        """
        ...
