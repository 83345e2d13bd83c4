"""Accounts receivable as Order Entry needs it: a document posts a transaction, an edit takes it back and posts anew.

The sides that meet here: `sales` calls, and everything about invoices and payments themselves lies behind.
"""

from collections.abc import Sequence

from app.simulators.intacct import balances, errors
from app.simulators.intacct.balances import ADJUSTMENT, INVOICE
from app.simulators.intacct.company import USER_RECORDNO, Company
from app.simulators.intacct.errors import VendorError
from app.simulators.intacct.tables import Values

FROM_ORDER_ENTRY = "8.SO"
COPIED = ("ITEMID", "LOCATIONID", "DEPARTMENTID", "CLASSID", "PROJECTID", "CUSTOMERID", "EMPLOYEEID", "REVRECTEMPLATE")


def post_invoice(
    company: Company, document: Values, lines: Sequence[Values], subtotals: Sequence[Values], *, user: str
) -> int:
    """Post the AR transaction of a document and answer its RECORDNO, which was never used before.

    A definition of class Adjustment makes an ARADJUSTMENT, any other an ARINVOICE; all share one sequence.
    """
    definition = company.tables["SODOCUMENTPARAMS"].first("DOCID", document["DOCPARID"]) or {}
    kind = ADJUSTMENT if definition.get("DOCCLASS") == "Adjustment" else INVOICE
    number = company.tables[kind].next_number()
    now, total = company.now(), document["TRX_TOTAL"]
    known = company.schemas[kind].fields
    values: Values = {name: None for name, spec in known.items() if not spec.via}
    said = {
        "RECORDNO": number,
        "RECORDTYPE": "ri" if kind == INVOICE else "ra",
        "RECORDID": document["DOCNO"],
        "DOCNUMBER": document["PONUMBER"],
        "CUSTOMERID": document["CUSTVENDID"],
        "STATE": balances.label(company, "Posted"),
        "TERMNAME": document["TERM.NAME"],
        "WHENCREATED": document["WHENCREATED"],
        "AUWHENCREATED": now,
        "WHENPOSTED": document["WHENPOSTED"] or document["WHENCREATED"],
        "WHENDUE": document["WHENDUE"],
        "MODULEKEY": FROM_ORDER_ENTRY,
        "CURRENCY": document["CURRENCY"],
        "BASECURR": document["BASECURR"],
        "EXCHANGE_RATE": document["EXCHRATE"],
        "TRX_TOTALENTERED": total if kind == INVOICE else -total,
        "EXTERNALID": document["EXTERNALID"],
        "MEGAENTITYID": document["MEGAENTITYID"],
        "CREATEDBY": USER_RECORDNO,
    }
    balances.keep(company, kind, values | {name: said[name] for name in said if name in values})
    if kind == INVOICE:
        _items(company, number, [*lines, *subtotals])
    if company.knobs["oe_edit_audit_rows"]:
        company.audit("create", company.schemas[kind], {"RECORDNO": number, **said}, user, now)
    return number


def _items(company: Company, number: int, rows: Sequence[Values]) -> None:
    table, known = company.tables["ARINVOICEITEM"], company.schemas["ARINVOICEITEM"].fields
    for place, row in enumerate(rows, 1):
        values: Values = {name: None for name, spec in known.items() if not spec.via}
        said = {name: row.get(name) for name in COPIED}
        said |= {"RECORDNO": table.next_number(), "RECORDKEY": number, "LINE_NO": place}
        said |= {"AMOUNT": row["TOTAL"], "TRX_AMOUNT": row["TOTAL"], "WHENMODIFIED": company.now()}
        said["ENTRYDESCRIPTION"] = row.get("MEMO") or row.get("DESCRIPTION") or row.get("ITEMDESC")
        table.put(values | {name: said[name] for name in said if name in values}, company.clock.now())


def has_payments(company: Company, number: int) -> bool:
    """Whether money of a payment that stands is applied to the AR invoice with this RECORDNO."""
    table = company.tables["ARPYMTDETAIL"]
    details = [row for key in table.find("RECORDKEY", number) if (row := table.get(key))]
    return any(row.get("_SPLIT") for row in details)


def move_payments(company: Company, old: int, new: int) -> None:
    """What was paid of an invoice that is made anew is paid of the new one. Refused when that comes to less."""
    table = company.tables["ARPYMTDETAIL"]
    for key in table.find("RECORDKEY", old):
        detail = table.get(key)
        if detail is None or not detail.get("_SPLIT"):
            continue
        kept = [part for part in detail["_SPLIT"] if part[0] not in (INVOICE, balances.ITEM)]
        amount = sum((part[3] for part in detail["_SPLIT"] if part[0] == INVOICE and part[1] == old), balances.NONE)
        split = balances.settle(company, new, amount, None, company.now().date())
        table.put({**detail, "RECORDKEY": new, "ENTRYKEY": None, "_SPLIT": [*kept, *split]}, company.clock.now())


def remove_invoice(company: Company, number: int, *, user: str) -> None:
    """Delete the AR transaction with this RECORDNO, with its lines; its number is never given again."""
    for kind in (INVOICE, ADJUSTMENT):
        row = company.tables[kind].get(number)
        if row is None:
            continue
        if kind == INVOICE:
            balances.forget(company, row)
            for item in balances.items_of(company, number):
                company.tables["ARINVOICEITEM"].remove(item["RECORDNO"], company.clock.now())
        company.tables[kind].remove(number, company.clock.now())
        if company.knobs["oe_edit_audit_rows"]:
            company.audit("delete", company.schemas[kind], row, user, company.now())


def check_removal(company: Company, row: Values) -> list[VendorError]:
    """What forbids to delete an AR invoice by itself; one that may go takes its amount out of the customer's."""
    number = row["RECORDNO"]
    if row["MODULEKEY"] == FROM_ORDER_ENTRY:
        return [errors.refused(f"Invoice {number} comes from Order Entry and is changed there")]
    if has_payments(company, number):
        return [errors.refused(f"Invoice {number} has payments applied and cannot be deleted")]
    balances.forget(company, row)
    return []
