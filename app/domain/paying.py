"""The rules of a payment, and where a document that is one says what. Pure; knows no storage and no wire.

Each rule has a code, a message and an advice of its own (docs/decisions.md); the same rules hold where payments are
taken in and where they are posted. The limits are those of the 2025-R2 release unless an option lifts them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.domain.errors import Kind, SyncError
from app.domain.money import exponent
from app.domain.problems import Problem
from app.domain.records import Value
from app.domain.transforms import Canonical

Completion = Callable[[Mapping[str, Canonical], Mapping[str, object]], Mapping[str, Value]]
"""Header values by row id and options of the object: Intacct fields the write needs besides. Raises SyncError."""


@dataclass(frozen=True, slots=True)
class Pays:
    """A document that is a payment: the row ids under which it says what, and where its invoices are found.

    `whole` is Intacct's field for the amount of one in another currency than its invoices. `invoice` and `paid` are
    rows of its lines; `number` and `document` are Salesforce fields of a line that tell the
    invoice's record number and the DOCID of the sales document it was made from. `invoices` is Intacct's kind,
    `invoice_object` our object of them. `key` is
    the Salesforce field that bears our payment id where the payment came by the API. `state` is the row that says what
    became of it; `part_of` is filled on records that Intacct makes beside a payment. `fills` are Intacct fields that
    `complete` gives a value where Salesforce has none; the value returns to Salesforce.
    """

    customer: str
    currency: str
    amount: str
    whole: str
    received: str
    base: str
    rates: tuple[str, str]
    over: str
    over_places: tuple[str, str]
    state: str
    invoice: str
    paid: str
    number: str
    document: str
    key: str
    complete: Completion
    part_of: str
    invoices: str = "ARINVOICE"
    invoice_object: str = "invoice"
    fills: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """What the connection allows beyond the default, and the currency of a payment that names none."""

    cross_currency: bool = False
    overpayment: bool = False
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class Share:
    """What a payment pays of one invoice, which is named by its Salesforce id."""

    invoice: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Money:
    """A payment as the rules see it. `base` and `rated` belong to one in another currency than its invoices.

    `over` is the excess that is to stay as a credit, `placed` whether location and department are given for it.
    """

    customer: str
    currency: str
    amount: Decimal
    received_on: date
    shares: tuple[Share, ...]
    base: Decimal | None = None
    rated: int = 0
    over: Decimal | None = None
    placed: bool = False


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice as Intacct has it at this moment. `due` is in its own currency."""

    key: str
    customer: str
    currency: str | None
    due: Decimal
    state: str


ADVICE: dict[str, str] = {
    "no_details": "Add a line for each invoice that is paid.",
    "amount_not_positive": "Enter an amount above zero; money that goes back is no payment.",
    "too_many_digits": "Enter the amount with the digits its currency has.",
    "details_do_not_add_up": "Make the amounts of the lines add up to the amount of the payment.",
    "overpayment": "Lower the amount to what is due, or take the rest as a payment of its own.",
    "overpayment_spread": "Put the excess into a payment of one invoice.",
    "overpayment_needs_location": "Name location and department of the overpayment.",
    "payment_currency_differs": "Take the payment in the currency of its invoices, or switch allowCrossCurrency on.",
    "two_currencies": "Make one payment for the invoices of each currency.",
    "base_amount_missing": "Enter the amount in the base currency, and either an exchange rate or its type.",
    "invoice_of_other_customer": "Name an invoice of the payment's customer, or correct the customer.",
    "invoice_not_found": "Sync the invoice first, or name another one.",
    "invoice_not_open": "Name an open invoice.",
    "invoice_reversed": "The invoice was reversed in Intacct: name the one that took its place.",
    "deposit_account_missing": "Name a bank account or an account of undeposited funds, or set a default by option.",
    "deposit_account_invalid": "Name exactly one active bank account, undeposited funds account or summary of Intacct.",
    "payment_method_invalid": "Use one of the payment methods that Intacct has.",
    "invoice_moved": "Nothing to do: the invoice is read anew and the payment tried again.",
}
"""What to do, by the code of the rule that was broken."""


def problem_error(problem: Problem, field: str, kind: Kind = Kind.DATA) -> SyncError:
    """A broken rule as an error; `field` is the user's name for what `problem.field` (a row id) says."""
    return SyncError(kind, problem.code, problem.message, ADVICE.get(problem.code, ""), field=field)


def unsound(money: Money, pays: Pays, limits: Limits) -> list[Problem]:
    """What is wrong with a payment whatever its invoices are; fields are row ids."""
    digits = exponent(money.currency)
    amounts = [(pays.amount, money.amount, "The payment")]
    amounts += [(pays.paid, s.amount, f"Line {n}") for n, s in enumerate(money.shares, 1)]
    amounts += [(pays.over, money.over, "The overpayment")] if money.over is not None else []
    found = [
        Problem("amount_not_positive", field, f"{what}: the amount {amount} is not above zero.")
        for field, amount, what in amounts
        if amount <= 0
    ]
    found += [
        Problem("too_many_digits", field, f"{what}: {amount} has more than {digits} digits after the point.")
        for field, amount, what in amounts
        if too_exact(amount, money.currency)
    ]
    if not money.shares:
        found.append(Problem("no_details", pays.invoice, "The payment names no invoice."))
    if money.over is not None and not limits.overpayment:
        said = "The payment has an overpayment, which the connection does not allow."
        found.append(Problem("overpayment", pays.over, said))
    if found or (limits.cross_currency and money.base is not None):
        return found  # a payment in two currencies adds up only by its rate
    return _sum(money, pays)


def too_exact(amount: Decimal, currency: str) -> bool:
    """Whether an amount has more digits than its currency."""
    exact = amount.scaleb(exponent(currency))
    return exact != exact.to_integral_value()


def _sum(money: Money, pays: Pays) -> list[Problem]:
    total = sum((share.amount for share in money.shares), money.over or Decimal(0))
    if total == money.amount:
        return []
    said = f"The lines come to {total} {money.currency}, the payment to {money.amount} {money.currency}."
    return [Problem("details_do_not_add_up", pays.amount, said)]


def breach(money: Money, invoices: Mapping[str, Invoice], pays: Pays, limits: Limits) -> Problem | None:
    """The first rule a sound payment breaks with its invoices, which are by Salesforce id; one that is absent is not in
    Intacct. The caller sees to it that no other payment in flight counts on the same balance."""
    for number, share in enumerate(money.shares, 1):
        problem = _of_share(number, share, invoices.get(share.invoice), money, pays)
        if problem is not None:
            return problem
    return _of_currencies(money, list(invoices.values()), pays, limits) or _of_balances(money, invoices, pays)


def _of_share(number: int, share: Share, invoice: Invoice | None, money: Money, pays: Pays) -> Problem | None:
    if invoice is None:
        said = f"Line {number}: Intacct has no invoice {share.invoice}."
        return Problem("invoice_not_found", pays.invoice, said)
    if invoice.customer != money.customer:
        said = f"Line {number}: the invoice is of customer {invoice.customer}, the payment of {money.customer}."
        return Problem("invoice_of_other_customer", pays.invoice, said)
    if is_reversed(invoice.state):
        return Problem("invoice_reversed", pays.invoice, f"Line {number}: the invoice is {invoice.state}.")
    if is_draft(invoice.state) or invoice.due <= 0:
        said = f"Line {number}: the invoice is {invoice.state}, nothing is due of it."
        return Problem("invoice_not_open", pays.invoice, said)
    return None


def _of_currencies(money: Money, invoices: Sequence[Invoice], pays: Pays, limits: Limits) -> Problem | None:
    theirs = sorted({invoice.currency or money.currency for invoice in invoices})
    if len(theirs) > 1:
        return Problem("two_currencies", pays.currency, f"The invoices are in {' and '.join(theirs)}.")
    if theirs == [money.currency]:
        return next(iter(_sum(money, pays)), None)
    said = f"The payment is in {money.currency}, its invoices are in {theirs[0]}."
    if not limits.cross_currency:
        return Problem("payment_currency_differs", pays.currency, said)
    if money.base is None or money.rated != 1:
        return Problem("base_amount_missing", pays.base, said)
    return None


def _of_balances(money: Money, invoices: Mapping[str, Invoice], pays: Pays) -> Problem | None:
    paid: dict[str, Decimal] = {}
    for share in money.shares:
        paid[share.invoice] = paid.get(share.invoice, Decimal(0)) + share.amount
    for name, amount in paid.items():
        due = invoices[name].due
        if amount > due:
            said = f"{amount} is to be paid of an invoice of which {due} is due."
            return Problem("overpayment", pays.paid, said)
    if money.over is None:
        return None
    if len(paid) > 1:
        return Problem("overpayment_spread", pays.over, f"The excess belongs to {len(paid)} invoices; it may to one.")
    if not money.placed:
        said = "The overpayment names no location or no department."
        return Problem("overpayment_needs_location", pays.over_places[0], said)
    return None


_BLAMED: dict[str, str] = {
    "FINANCIALENTITY": "deposit_account_invalid",
    "UNDEPOSITEDACCOUNTNO": "deposit_account_invalid",
    "PRBATCH": "deposit_account_invalid",
    "PAYMENTMETHOD": "payment_method_invalid",
}


def explained(error: SyncError) -> SyncError:
    """What a refusal of a payment by Intacct means, where the field it names says more than the refusal.

    An invoice that is not there any more was made anew between our reading and Intacct's: it is read again.
    """
    field = (error.field or "").upper()
    if field == "RECORDKEY" and error.code in ("reference_not_found", "record_not_found"):
        kind, code = Kind.TRANSIENT, "invoice_moved"
    elif error.code == "more_than_open" or (field == "TRX_PAYMENTAMOUNT" and error.code == "refused"):
        kind, code = Kind.DATA, "overpayment"
    elif field in _BLAMED and error.code != "period_closed":
        kind, code = Kind.DATA, _BLAMED[field]
    else:
        return error
    return SyncError(kind, code, error.message, ADVICE[code], field=error.field, vendor=error.vendor)


def is_reversed(state: object) -> bool:
    """Whether a payment or invoice was taken back, by Intacct's word for its state (words differ, U-22)."""
    return "revers" in str(state or "").lower() or "void" in str(state or "").lower()


def is_draft(state: object) -> bool:
    """Whether it was not posted yet."""
    return str(state or "").lower() in ("draft", "d")
