"""Totals of documents over their lines: what each parent computes, which lines concern it. Nothing is stored."""

from collections.abc import Callable, Iterator
from typing import Any

from app.simulators.salesforce.org import Org
from app.simulators.salesforce.store import Values

Totals = Callable[[Org, Values], dict[str, Any]]


def lines(org: Org, kind: str, link: str, parent: Values) -> Iterator[Values]:
    """The living lines of a parent."""
    schema = org.catalogue.find(kind)
    if schema is not None:
        table = org.store.table(schema)
        for record_id in table.with_value(schema.all_fields[link], parent["Id"]):
            yield table.rows[record_id].values


def amount(rows: Iterator[Values], name: str) -> float:
    """The sum of a money field, to the cent."""
    return round(sum(v.get(name) or 0.0 for v in rows), 2)


def opportunity(org: Org, values: Values) -> dict[str, Any]:
    """Amount follows the lines once there are any."""
    own = list(lines(org, "OpportunityLineItem", "OpportunityId", values))
    total = amount(iter(own), "TotalPrice") if own else values.get("Amount")
    expected = round(total * (values.get("Probability") or 0.0) / 100, 2) if total is not None else None
    return {"Amount": total, "HasOpportunityLineItem": bool(own), "ExpectedRevenue": expected}


def order(org: Org, values: Values) -> dict[str, Any]:
    """The order's amount."""
    return {"TotalAmount": amount(lines(org, "OrderItem", "OrderId", values), "TotalPrice")}


def invoice(org: Org, values: Values) -> dict[str, Any]:
    """Net, tax, gross and what is still open."""
    own = list(lines(org, "InvoiceLine", "InvoiceId", values))
    net, tax = amount(iter(own), "LineAmount"), amount(iter(own), "TaxAmount")
    applied = [v for v in lines(org, "PaymentLineInvoice", "InvoiceId", values) if counts(v)]
    gross = round(net + tax, 2)
    balance = round(gross - amount(iter(applied), "Amount"), 2)
    return {"TotalAmount": net, "TotalTaxAmount": tax, "TotalAmountWithTax": gross, "Balance": balance}


def credit_memo(org: Org, values: Values) -> dict[str, Any]:
    """What a credit memo is worth."""
    own = list(lines(org, "CreditMemoLine", "CreditMemoId", values))
    total = round(amount(iter(own), "ChargeAmount") + amount(iter(own), "TaxAmount"), 2)
    return {"TotalAmount": total, "Balance": total}


def counts(line: Values) -> bool:
    """Whether a payment line is in force."""
    return line["Type"] == "Applied" and not line["HasBeenUnapplied"]


def payment(org: Org, values: Values) -> dict[str, Any]:
    """What of a payment is applied and what is left."""
    applied = amount((v for v in lines(org, "PaymentLineInvoice", "PaymentId", values) if counts(v)), "Amount")
    return {"TotalApplied": applied, "Balance": round((values.get("Amount") or 0.0) - applied, 2)}


def gift(org: Org, values: Values) -> dict[str, Any]:
    """A gift less its refunds."""
    refunds = (v for v in lines(org, "GiftRefund", "GiftTransactionId", values) if v["Status"] == "Completed")
    back = amount(refunds, "Amount")
    return {"RefundedAmount": back, "CurrentAmount": round((values.get("OriginalAmount") or 0.0) - back, 2)}


TOTALS: dict[str, Totals] = {
    "CreditMemo": credit_memo,
    "GiftTransaction": gift,
    "Invoice": invoice,
    "Opportunity": opportunity,
    "Order": order,
    "Payment": payment,
}
# line object: (reference field, parent object) whose totals it moves
PARENTS: dict[str, tuple[tuple[str, str], ...]] = {
    "CreditMemoLine": (("CreditMemoId", "CreditMemo"),),
    "GiftRefund": (("GiftTransactionId", "GiftTransaction"),),
    "InvoiceLine": (("InvoiceId", "Invoice"),),
    "OpportunityLineItem": (("OpportunityId", "Opportunity"),),
    "OrderItem": (("OrderId", "Order"),),
    "PaymentLineInvoice": (("InvoiceId", "Invoice"), ("PaymentId", "Payment")),
}
