"""A payment as a caller hands it in, and everything that can be known to be wrong with it without asking anybody.

Codes are those of the same rules at posting. Amounts are Decimal in units of the currency. No vendor, no storage.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from app.domain.money import to_minor
from app.domain.problems import Problem
from app.domain.records import salesforce_id

METHODS = ("Printed Check", "Cash", "EFT", "Credit Card", "Online Charge Card", "Online ACH Debit")
"""Payment methods of an AR payment (intacct-api.md 4.5)."""

ADVICE: Mapping[str, str] = {
    "amount_not_positive": "Send amounts above zero; money given back is a reversal, not a payment.",
    "too_many_digits": "Round the amount to what the currency has, as it was paid.",
    "details_do_not_add_up": "The amounts of the details, and of an overpayment, must be the amount of the payment.",
    "invoice_named_twice": "Name each invoice once, with the sum that is paid of it.",
    "deposit_account_invalid": "Name a bank account or an undeposited funds account, not both.",
    "deposit_account_missing": "Name a bank account or an undeposited funds account, or set one for the connection.",
    "payment_currency_differs": "Pay an invoice in its own currency, or allow payments in other currencies by option.",
    "base_amount_missing": "Send baseAmount and either exchangeRate or exchangeRateType, not both.",
    "overpayment": "Pay no more than is due, or allow overpayments by option and send the excess as overpayment.",
    "overpayment_spread": "An overpayment concerns one invoice of one customer.",
    "overpayment_needs_location": "Send locationId and departmentId with an overpayment.",
    "customer_unclear": "Name the customer by accountId or by customerId, not by both.",
    "invoice_unclear": "Name each invoice by invoiceId or by documentId, not by both.",
    "record_id_malformed": "Send the id as Salesforce shows it.",
    "customer_unknown": "Sync the account first, or correct the id.",
    "invoice_unknown": "Wait until the invoice has arrived from Intacct, or correct the id.",
    "invoice_of_other_customer": "Pay invoices of the payment's own customer.",
    "location_unknown": "Name a location that Intacct has.",
    "department_unknown": "Name a department that Intacct has.",
    "exchange_rate_type_unknown": "Name an exchange rate type that Intacct has.",
    "external_id_reused": "Use a new externalId for another payment; repeat a payment unchanged.",
}
"""What to do, by code."""


@dataclass(frozen=True, slots=True)
class WishedDetail:
    """What is paid of one invoice, named by its Salesforce id or by its document id in Intacct."""

    amount: Decimal
    invoice_id: str | None = None
    document_id: str | None = None


@dataclass(frozen=True, slots=True)
class WishedExcess:
    """What is paid beyond the invoice, and where in Intacct it is kept."""

    amount: Decimal
    location_id: str | None = None
    department_id: str | None = None


@dataclass(frozen=True, slots=True)
class PaymentWish:
    """One payment to be taken in. `external_id` is the caller's name for it, for ever."""

    external_id: str
    currency: str
    amount: Decimal
    received_on: date
    method: str
    details: tuple[WishedDetail, ...]
    account_id: str | None = None
    customer_id: str | None = None
    payment_date: date | None = None
    bank_account_id: str | None = None
    undeposited_funds_account: str | None = None
    reference: str | None = None
    description: str | None = None
    base_amount: Decimal | None = None
    exchange_rate: Decimal | None = None
    exchange_rate_type: str | None = None
    overpayment: WishedExcess | None = None

    def content(self) -> dict[str, Any]:
        """The payment in plain form, without its external id: what tells one body from another."""
        said: dict[str, Any] = {
            name: _plain(getattr(self, name))
            for name in self.__slots__
            if name not in ("external_id", "details", "overpayment") and getattr(self, name) is not None
        }
        said["details"] = [_members(detail) for detail in self.details]
        if self.overpayment is not None:
            said["overpayment"] = _members(self.overpayment)
        return said


@dataclass(frozen=True, slots=True)
class Rules:
    """What the connection allows. `deposit` tells whether it names a default deposit account.

    `only_currency` is the currency of an org that has one; empty where it has several, or is not known yet.
    """

    cross_currency: bool = False
    overpayment: bool = False
    deposit: bool = False
    only_currency: str = ""


def wrong(wish: PaymentWish, rules: Rules) -> list[Problem]:
    """Everything that is wrong with a wish in itself, in the caller's field names."""
    return [
        *_customer(wish),
        *_amounts(wish),
        *_invoices(wish),
        *_deposit(wish, rules),
        *_currency(wish, rules),
        *_excess(wish, rules),
    ]


def _amounts(wish: PaymentWish) -> Iterator[Problem]:
    places = [("amount", wish.amount)]
    places += [(f"details.{number}.amount", detail.amount) for number, detail in enumerate(wish.details)]
    if wish.overpayment is not None:
        places.append(("overpayment.amount", wish.overpayment.amount))
    bad = False
    for field, amount in places:
        if amount <= 0:
            bad = True
            yield Problem("amount_not_positive", field, f"{amount} is not above zero.")
            continue
        try:
            to_minor(amount, wish.currency)
        except ValueError as error:
            bad = True
            yield Problem("too_many_digits", field, f"{error}.")
    total = sum((amount for field, amount in places[1:]), Decimal(0))
    if not bad and total != wish.amount:
        said = f"The details sum up to {total}, the payment is {wish.amount} {wish.currency}."
        yield Problem("details_do_not_add_up", "amount", said)


def _customer(wish: PaymentWish) -> Iterator[Problem]:
    if (wish.account_id is None) == (wish.customer_id is None):
        yield Problem("customer_unclear", "accountId", "The customer is not named, or named twice.")
    elif wish.account_id is not None and not is_salesforce_id(wish.account_id):
        yield Problem("record_id_malformed", "accountId", "No record can have this id.")


def _invoices(wish: PaymentWish) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, detail in enumerate(wish.details):
        place, name = f"details.{number}", detail.invoice_id or detail.document_id or ""
        if (detail.invoice_id is None) == (detail.document_id is None):
            yield Problem("invoice_unclear", f"{place}.invoiceId", "The invoice is not named, or named twice.")
            continue
        if detail.invoice_id is not None and not is_salesforce_id(detail.invoice_id):
            yield Problem("record_id_malformed", f"{place}.invoiceId", "No record can have this id.")
        if name in seen:
            yield Problem("invoice_named_twice", place, f"Invoice {name} is named twice.")
        seen.add(name)


def _deposit(wish: PaymentWish, rules: Rules) -> Iterator[Problem]:
    named = [wish.bank_account_id, wish.undeposited_funds_account]
    if all(named):
        yield Problem("deposit_account_invalid", "bankAccountId", "Two places are named for the money to go.")
    elif not any(named) and not rules.deposit:
        yield Problem("deposit_account_missing", "bankAccountId", "No place is named for the money to go.")


def _currency(wish: PaymentWish, rules: Rules) -> Iterator[Problem]:
    if rules.only_currency and wish.currency != rules.only_currency:
        said = f"The org has one currency, {rules.only_currency}, and cannot hold a payment in {wish.currency}."
        yield Problem("payment_currency_differs", "currencyCode", said)
    crossing = [wish.base_amount, wish.exchange_rate, wish.exchange_rate_type]
    if not any(value is not None for value in crossing):
        return
    if not rules.cross_currency:
        said = "Payments in another currency than the invoice's are not allowed for this connection."
        yield Problem("payment_currency_differs", "baseAmount", said)
    elif wish.base_amount is None or (wish.exchange_rate is None) == (wish.exchange_rate_type is None):
        yield Problem("base_amount_missing", "baseAmount", "Base amount or exchange rate is missing, or two are.")


def _excess(wish: PaymentWish, rules: Rules) -> Iterator[Problem]:
    if wish.overpayment is None:
        return
    if not rules.overpayment:
        yield Problem("overpayment", "overpayment", "Overpayments are not allowed for this connection.")
    elif len(wish.details) != 1:
        yield Problem("overpayment_spread", "overpayment", "The overpayment is spread over several invoices.")
    elif not (wish.overpayment.location_id and wish.overpayment.department_id):
        said = "It is not said where in Intacct the excess is kept."
        yield Problem("overpayment_needs_location", "overpayment.locationId", said)


_SENT_AS = {
    "currency": "currencyCode",
    "received_on": "receivedOn",
    "account_id": "accountId",
    "customer_id": "customerId",
    "payment_date": "paymentDate",
    "bank_account_id": "bankAccountId",
    "undeposited_funds_account": "undepositedFundsAccount",
    "base_amount": "baseAmount",
    "exchange_rate": "exchangeRate",
    "exchange_rate_type": "exchangeRateType",
}


def differing(kept: Mapping[str, Any], sent: Mapping[str, Any]) -> Sequence[str]:
    """Members in which two contents differ, by the names under which they are sent."""
    return [_SENT_AS.get(name, name) for name in sorted({*kept, *sent}) if kept.get(name) != sent.get(name)]


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return value.isoformat() if isinstance(value, date) else value


def _members(part: WishedDetail | WishedExcess) -> dict[str, Any]:
    return {name: _plain(getattr(part, name)) for name in part.__slots__ if getattr(part, name) is not None}


def is_salesforce_id(text: str) -> bool:
    """Whether a text can be a Salesforce id."""
    try:
        salesforce_id(text)
    except ValueError:
        return False
    return True
