"""What our own links tell about the payments of a batch: whom and what they name, and what is known to be wrong.

No vendor is asked: facts about an invoice are what both sides last agreed on, and what is not known is judged later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from sqlmodel.ext.asyncio.session import AsyncSession

from app.domain.payment_wish import PaymentWish, Rules
from app.domain.problems import Problem
from app.domain.transforms import decimal
from app.store import bindings
from app.store.tables import Binding


@dataclass(slots=True)
class Known:
    """Links of what the wishes of a batch name: Salesforce ids by (object, Intacct id), and links by Salesforce id."""

    salesforce: dict[tuple[str, str], str] = field(default_factory=dict)
    links: dict[tuple[str, str], Binding] = field(default_factory=dict)


async def look_up(session: AsyncSession, connection_id: str, wishes: Sequence[PaymentWish]) -> Known:
    """Everything the wishes name, looked up with at most two queries per object."""
    by_id: dict[str, set[str]] = {"account": set(), "invoice": set()}
    by_name: dict[str, set[str]] = {name: set() for name in ("account", "invoice", *_LISTS)}
    for wish in wishes:
        by_id["account"] |= {wish.account_id} if wish.account_id else set()
        by_name["account"] |= {wish.customer_id} if wish.customer_id else set()
        by_id["invoice"] |= {detail.invoice_id for detail in wish.details if detail.invoice_id}
        by_name["invoice"] |= {detail.document_id for detail in wish.details if detail.document_id}
        for name, value in listed(wish).items():
            by_name[name].add(value)
    known = Known()
    found: list[Binding] = []
    for name, values in by_id.items():
        found += await bindings.by_salesforce_id(session, connection_id, name, sorted(values))
    for name, values in by_name.items():
        found += await bindings.by_intacct_id(session, connection_id, name, sorted(values))
    for row in found:
        known.links[row.object, row.salesforce_id] = row
        known.salesforce[row.object, row.intacct_id] = row.salesforce_id
    return known


_LISTS: Mapping[str, tuple[str, str]] = {
    "location": ("location_unknown", "overpayment.locationId"),
    "department": ("department_unknown", "overpayment.departmentId"),
    "exchange_rate_type": ("exchange_rate_type_unknown", "exchangeRateType"),
}


def listed(wish: PaymentWish) -> dict[str, str]:
    """Values of managed lists that a wish names, by object."""
    excess = wish.overpayment
    named = {
        "location": excess.location_id if excess else None,
        "department": excess.department_id if excess else None,
        "exchange_rate_type": wish.exchange_rate_type,
    }
    return {name: value for name, value in named.items() if value}


def against_known(wish: PaymentWish, rules: Rules, known: Known) -> list[Problem]:
    """What is wrong with a wish as far as our own links tell."""
    problems = []
    if wish.customer_id and ("account", wish.customer_id) not in known.salesforce:
        said = f"No account is linked to customer {wish.customer_id}."
        problems.append(Problem("customer_unknown", "customerId", said))
    for name, value in listed(wish).items():
        if (name, value) not in known.salesforce:
            code, place = _LISTS[name]
            problems.append(Problem(code, place, f"{value} is not known here."))
    for number in range(len(wish.details)):
        problems += _against_invoice(wish, number, rules, known)
    return problems


def _against_invoice(wish: PaymentWish, number: int, rules: Rules, known: Known) -> list[Problem]:
    detail, place = wish.details[number], f"details.{number}"
    invoice_id = detail.invoice_id or known.salesforce.get(("invoice", detail.document_id or ""))
    if invoice_id is None and detail.document_id is None:
        return []  # said already
    if invoice_id is None:
        said = f"No invoice is linked to document {detail.document_id}."
        return [Problem("invoice_unknown", f"{place}.documentId", said)]
    link = known.links.get(("invoice", invoice_id))
    if link is None:
        return []
    facts, problems = _facts(link), []
    currency, total = facts.get("CURRENCY"), decimal(facts.get("TRX_TOTALENTERED"))
    if currency and currency != wish.currency and not rules.cross_currency:
        said = f"The invoice is in {currency}, the payment in {wish.currency}."
        problems.append(Problem("payment_currency_differs", "currencyCode", said))
    customer = customer_of(wish, known)
    if customer and facts.get("CUSTOMERID") and facts["CUSTOMERID"] != customer:
        said = f"The invoice belongs to customer {facts['CUSTOMERID']}, the payment to {customer}."
        problems.append(Problem("invoice_of_other_customer", place, said))
    if isinstance(total, Decimal) and detail.amount > total and currency in (None, wish.currency):
        said = f"{detail.amount} is more than the whole invoice, {total}."
        problems.append(Problem("overpayment", f"{place}.amount", said))
    return problems


def _facts(link: Binding) -> dict[str, str]:
    """What both sides last agreed on about an invoice, by Intacct field: what rows are called by in a base."""
    named = {name: link.base.get(name) for name in ("CURRENCY", "TRX_TOTALENTERED", "CUSTOMERID")}
    return {name: str(value) for name, value in named.items() if value is not None}


def customer_of(wish: PaymentWish, known: Known) -> str | None:
    if wish.customer_id:
        return wish.customer_id
    link = known.links.get(("account", wish.account_id or ""))
    return link.intacct_id if link else None
