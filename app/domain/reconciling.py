"""Payments here held against payments in Intacct: which of them differ, in what, and the sums of both sides. Pure.

Amounts are whole minor units of the payment's currency. Nothing is matched by amount or name: a payment of Intacct is
ours by its record number, or by our payment id in its DOCNUMBER.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from app.domain.payments import PaymentState


@dataclass(frozen=True, slots=True)
class Ours:
    """A payment as our books have it. `customer` is Intacct's id, empty where that is not known."""

    payment_id: str
    external_id: str
    salesforce_id: str
    key: str
    customer: str
    currency: str
    amount: int
    state: str
    reversed: bool
    received_on: date


@dataclass(frozen=True, slots=True)
class Theirs:
    """A payment as Intacct has it. `state` is Intacct's word: Draft, Complete, Reversed."""

    key: str
    document: str
    customer: str
    currency: str
    amount: int
    state: str
    received_on: date | None

    @property
    def posted(self) -> bool:
        """Whether it is in Intacct's books; a draft is not."""
        return self.state.lower() not in ("draft", "d")

    @property
    def reversed(self) -> bool:
        """Whether it was taken back there."""
        return self.state.lower() in ("reversed", "v", "void", "voided")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which a payment is not the same on both sides; `here` and `there` are the two values as text."""

    code: str
    ours: Ours | None
    theirs: Theirs | None
    here: str
    there: str


@dataclass(slots=True)
class Totals:
    """Both sides of one currency. Reversed is part of posted."""

    currency: str
    posted_here: int = 0
    reversed_here: int = 0
    number_here: int = 0
    posted_there: int = 0
    reversed_there: int = 0
    number_there: int = 0


@dataclass(slots=True)
class Tally:
    """The sums of both sides, by currency, while pages are read."""

    by_currency: dict[str, Totals] = field(default_factory=dict)

    def here(self, one: Ours) -> None:
        """Add a posted payment of ours."""
        totals = self.by_currency.setdefault(one.currency, Totals(one.currency))
        totals.number_here += 1
        totals.posted_here += one.amount
        totals.reversed_here += one.amount if one.reversed else 0

    def there(self, one: Theirs) -> None:
        """Add a payment of Intacct; a draft counts nowhere."""
        if one.posted:
            totals = self.by_currency.setdefault(one.currency, Totals(one.currency))
            totals.number_there += 1
            totals.posted_there += one.amount
            totals.reversed_there += one.amount if one.reversed else 0


def compared(ours: Ours, theirs: Theirs) -> list[Difference]:
    """In what one payment differs between the sides."""
    found: list[tuple[str, str, str]] = []
    if ours.currency != theirs.currency:
        found.append(("currency_differs", ours.currency, theirs.currency))
    elif ours.amount != theirs.amount:
        found.append(("amount_differs", "", ""))
    if ours.customer and ours.customer != theirs.customer:
        found.append(("customer_differs", ours.customer, theirs.customer))
    if theirs.received_on is not None and ours.received_on != theirs.received_on:
        found.append(("receipt_date_differs", ours.received_on.isoformat(), theirs.received_on.isoformat()))
    if ours.state != PaymentState.POSTED or not theirs.posted:
        found.append(("state_differs", ours.state, theirs.state))
    elif ours.reversed and not theirs.reversed:
        found.append(("reversed_here_only", "reversed", theirs.state))
    elif theirs.reversed and not ours.reversed:
        found.append(("reversed_there_only", ours.state, theirs.state))
    return [Difference(code, ours, theirs, here, there) for code, here, there in found]


def matched(theirs: Theirs, by_key: Ours | None, by_document: Ours | None) -> list[Difference]:
    """What one payment of Intacct says about our books: `by_key` is the payment that bears its record number,
    `by_document` the one whose id stands in its DOCNUMBER."""
    if by_key is not None:
        return compared(by_key, theirs)
    if by_document is None:
        return [Difference("not_known_here", None, theirs, "", theirs.state)]
    if by_document.key:
        return [Difference("duplicate", by_document, theirs, by_document.key, theirs.key)]
    return [Difference("not_linked_here", by_document, theirs, by_document.state, theirs.state)]


def missing(ours: Sequence[Ours], there: dict[str, Theirs]) -> list[Difference]:
    """What is wrong with posted payments of ours that Intacct did not show in the period; `there` are those it has
    outside of it."""
    found: list[Difference] = []
    for one in ours:
        theirs = there.get(one.key)
        if theirs is None:
            found.append(Difference("missing_in_intacct", one, None, one.state, ""))
        else:
            found += compared(one, theirs)
    return found
