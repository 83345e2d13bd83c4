"""The details of a customer payment: what each names, how it may be mixed with others, and how it is applied.

A detail pays one invoice or debit memo, with cash and at most one credit, and may take a discount.
"""

from dataclasses import dataclass
from decimal import Decimal

from app.simulators.intacct import errors
from app.simulators.intacct.balances import (
    ADJUSTMENT,
    ADVANCE,
    INVOICE,
    ITEM,
    NONE,
    PAYMENT,
    Split,
    due,
    is_open,
    settle,
    use,
)
from app.simulators.intacct.company import Company
from app.simulators.intacct.errors import Refused, VendorError
from app.simulators.intacct.tables import Values


@dataclass(frozen=True)
class Credit:
    """A kind of credit: the detail's field that names it, its amount, and the object it is."""

    key: str
    amount: str
    object: str


CREDITS = (
    Credit("ADJUSTMENTKEY", "TRX_ADJUSTMENTAMOUNT", ADJUSTMENT),
    Credit("INLINEKEY", "TRX_INLINEAMOUNT", INVOICE),
    Credit("ADVANCEKEY", "TRX_POSTEDADVANCEAMOUNT", ADVANCE),
    Credit("OVERPAYMENTKEY", "TRX_POSTEDOVERPAYMENTAMOUNT", PAYMENT),
    Credit("NEGATIVEINVOICEKEY", "TRX_NEGATIVEINVOICEAMOUNT", INVOICE),
)


def details_of(company: Company, number: int) -> list[Values]:
    """The details of a payment in their order."""
    table = company.tables["ARPYMTDETAIL"]
    found = [row for key in table.find("PAYMENTKEY", number) if (row := table.get(key))]
    return sorted(found, key=lambda row: row["LINE_NO"] or 0)


def invoice_of(company: Company, detail: Values) -> Values | None:
    """The invoice, or debit memo, that the detail pays."""
    if detail["RECORDKEY"] is not None:
        return company.tables[INVOICE].get(detail["RECORDKEY"])
    return company.tables[ADJUSTMENT].get(detail["POSADJKEY"])


def check_details(company: Company, row: Values, details: list[Values]) -> list[VendorError]:
    """Everything wrong with the details of the payment `row`, alone and together. Notes crossed currencies in it."""
    problems = [problem for detail in details for problem in _form(detail)]
    if problems:
        return problems
    for detail in details:
        problems += _targets(company, row, detail)
    if problems:
        return problems
    paid = [found for detail in details if (found := invoice_of(company, detail))]
    problems += _currency(company, row, {str(found.get("CURRENCY")) for found in paid})
    numbers = {found["RECORDNO"] for found in paid}
    customers = {found.get("CUSTOMERID") for found in paid}
    narrow = row["OVERPAYMENTAMOUNT"] and company.knobs["overpayment_scope"] == "single_invoice_single_customer"
    if narrow and (len(numbers) > 1 or len(customers) > 1):
        problems.append(errors.refused("An overpayment needs one invoice of one customer", "OVERPAYMENTAMOUNT"))
    return problems


def _form(detail: Values) -> list[VendorError]:
    problems = []
    named = [name for name in ("RECORDKEY", "POSADJKEY") if detail[name] is not None]
    if len(named) != 1:
        names = ("RECORDKEY", "POSADJKEY")
        problems.append(errors.exclusive(names) if named else errors.missing_required("RECORDKEY or POSADJKEY"))
    credits_named = [credit for credit in CREDITS if detail[credit.key] is not None]
    if len(credits_named) > 1:
        problems.append(errors.exclusive(tuple(credit.key for credit in credits_named)))
    problems += [
        errors.missing_required(credit.amount if detail[credit.amount] is None else credit.key)
        for credit in CREDITS
        if (detail[credit.key] is None) != (detail[credit.amount] is None)
    ]
    if detail["DISCOUNTDATE"] is not None and detail["TRX_TOTALDISCOUNTTOAPPLY"] is not None:
        problems.append(errors.exclusive(("DISCOUNTDATE", "TRX_TOTALDISCOUNTTOAPPLY")))
    if detail["ENTRYKEY"] is not None and detail["RECORDKEY"] is None:
        problems.append(errors.missing_required("RECORDKEY"))
    amounts = [detail["TRX_PAYMENTAMOUNT"], detail["TRX_TOTALDISCOUNTTOAPPLY"], *(detail[c.amount] for c in CREDITS)]
    said = [amount for amount in amounts if amount is not None]
    if any(amount < 0 for amount in said) or not any(said):
        problems.append(errors.missing_required("TRX_PAYMENTAMOUNT"))
    return problems


def _targets(company: Company, row: Values, detail: Values) -> list[VendorError]:
    name = "RECORDKEY" if detail["RECORDKEY"] is not None else "POSADJKEY"
    invoice = invoice_of(company, detail)
    if invoice is None or (name == "POSADJKEY" and (invoice.get("TRX_TOTALENTERED") or NONE) < 0):
        return [errors.invalid_reference("transaction", str(detail[name]), name)]
    if name == "RECORDKEY" and not is_open(company, invoice):
        return [errors.refused(f"Invoice {invoice['RECORDNO']} is {invoice['STATE']} and cannot be paid", name)]
    problems = []
    if row["PAYERNAME"] is None and invoice.get("CUSTOMERID") != row["CUSTOMERID"]:
        problems.append(errors.refused(f"Invoice {invoice['RECORDNO']} is of another customer", name))
    if detail["ENTRYKEY"] is not None:
        item = company.tables[ITEM].get(detail["ENTRYKEY"])
        if item is None or item["RECORDKEY"] != detail["RECORDKEY"]:
            problems.append(errors.invalid_reference("invoice line", str(detail["ENTRYKEY"]), "ENTRYKEY"))
    for credit in CREDITS:
        if detail[credit.key] is not None:
            problems += _credit(company, credit, detail, invoice)
    return problems


def _credit(company: Company, credit: Credit, detail: Values, invoice: Values) -> list[VendorError]:
    number = detail[credit.key]
    found = company.tables[credit.object].get(number)
    wrong = found is None or (credit.object == PAYMENT and found["RECORDTYPE"] != "rp")
    if credit.key == "INLINEKEY":
        wrong = found is None or number != invoice["RECORDNO"]
    elif credit.object in (ADJUSTMENT, INVOICE):
        wrong = found is None or due(found) >= 0
    if wrong or found is None:
        return [errors.invalid_reference("credit", str(number), credit.key)]
    problems = []
    if found.get("CUSTOMERID") != invoice.get("CUSTOMERID"):
        problems.append(errors.refused(f"Credit {number} is of another customer", credit.key))
    if (found.get("CURRENCY") or "USD") != (invoice.get("CURRENCY") or "USD"):
        problems.append(errors.refused(f"Credit {number} is in another currency", credit.key))
    return problems


def _currency(company: Company, row: Values, currencies: set[str]) -> list[VendorError]:
    if len(currencies) > 1:
        return [errors.refused("All transactions of a payment must be in one currency", "CURRENCY")]
    row["_CROSSED"] = currencies != {row["CURRENCY"]}
    if not row["_CROSSED"]:
        return []
    if company.knobs["arpymt_cross_currency"] == "refuse":
        text = f"The payment is in {row['CURRENCY']}, its transactions are in {', '.join(currencies)}"
        return [errors.refused(text, "CURRENCY")]
    if row.get("AMOUNTTOPAY") is None and row.get("AMOUNTOPAY") is None:
        return [errors.missing_required("AMOUNTTOPAY")]
    return []


def apply_detail(company: Company, row: Values, detail: Values) -> Split:
    """Move the money of one detail: credits shrink, the invoice or debit memo is paid. Refused above what is open."""
    day, split = row["PAYMENTDATE"], Split()
    total: Decimal = detail["TRX_PAYMENTAMOUNT"] or NONE
    for credit in CREDITS:
        amount = detail[credit.amount]
        if amount and credit.key == "INLINEKEY":
            split += _inline(company, detail, amount)
        elif amount:
            split += use(company, credit.object, detail[credit.key], amount, day)
            total += amount
    total += _discount(company, detail, total)
    if not total:
        return split
    if detail["POSADJKEY"] is not None:
        return split + use(company, ADJUSTMENT, detail["POSADJKEY"], total, day)
    return split + settle(company, detail["RECORDKEY"], total, detail["ENTRYKEY"], day)


def _discount(company: Company, detail: Values, total: Decimal) -> Decimal:
    """The discount taken. By date it is all that is left, which the terms must allow."""
    if detail["TRX_TOTALDISCOUNTTOAPPLY"] is not None:
        return detail["TRX_TOTALDISCOUNTTOAPPLY"] or NONE
    invoice = invoice_of(company, detail)
    if detail["DISCOUNTDATE"] is None or invoice is None:
        return NONE
    term = company.tables["ARTERM"].first("NAME", invoice.get("TERMNAME")) or {}
    percent, days = term.get("DISCAMOUNT"), int(term.get("DISCDATE") or 0)
    age = (detail["DISCOUNTDATE"] - invoice["WHENCREATED"]).days if invoice.get("WHENCREATED") else 0
    if percent is None or age > days:
        raise Refused(errors.refused("The terms give no discount on that date", "DISCOUNTDATE"))
    discount: Decimal = (invoice["TRX_TOTALENTERED"] * percent / 100).quantize(NONE)
    if total + discount != due(invoice):
        raise Refused(errors.refused("A discount by date needs the full amount due", "DISCOUNTDATE"))
    return discount


def _inline(company: Company, detail: Values, amount: Decimal) -> Split:
    """A negative line of the invoice pays its other lines; what is due of the whole stays."""
    table, split, rest = company.tables[ITEM], Split(), amount
    rows = [row for key in table.find("RECORDKEY", detail["INLINEKEY"]) if (row := table.get(key))]
    only = detail["INLINEENTRYKEY"]
    negative = [row for row in rows if row["TRX_AMOUNT"] < 0 and only in (None, row["RECORDNO"])]
    for sign, chosen in ((-1, negative), (1, [row for row in rows if row["TRX_AMOUNT"] > 0])):
        rest = amount
        for row in chosen:
            left = abs(row["TRX_AMOUNT"] - (row.get("TRX_TOTALPAID") or NONE))
            part = min(rest, left)
            if part:
                paid = (row.get("TRX_TOTALPAID") or NONE) + sign * part
                table.put({**row, "TRX_TOTALPAID": paid, "TOTALPAID": paid}, company.clock.now())
                split.append((ITEM, row["RECORDNO"], detail["INLINEKEY"], sign * part))
                rest -= part
        if rest:
            raise Refused(errors.overpaid(detail["INLINEKEY"], amount - rest, amount))
    return split
