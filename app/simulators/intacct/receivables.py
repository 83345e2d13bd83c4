"""Accounts receivable as Order Entry needs it: a document posts a transaction, an edit takes it back and posts anew.

The sides that meet here: `sales` calls, and everything about invoices and payments themselves lies behind.
"""

from collections.abc import Sequence
from decimal import Decimal

from app.simulators.intacct.company import USER_RECORDNO, Company
from app.simulators.intacct.tables import Values

INVOICE, ADJUSTMENT = "ARINVOICE", "ARADJUSTMENT"
FROM_ORDER_ENTRY = "8.SO"
COPIED = ("ITEMID", "LOCATIONID", "DEPARTMENTID", "CLASSID", "PROJECTID", "CUSTOMERID", "EMPLOYEEID", "REVRECTEMPLATE")


def post_invoice(
    company: Company, document: Values, lines: Sequence[Values], subtotals: Sequence[Values], *, user: str
) -> int:
    """Post the AR transaction of a document and answer its RECORDNO, which was never used before.

    A definition of class Adjustment makes an ARADJUSTMENT, any other an ARINVOICE; both count in one sequence.
    """
    definition = company.tables["SODOCUMENTPARAMS"].first("DOCID", document["DOCPARID"]) or {}
    kind = ADJUSTMENT if definition.get("DOCCLASS") == "Adjustment" else INVOICE
    number = max(company.tables[INVOICE].next_number(), company.tables[ADJUSTMENT].next_number())
    now, total, none = company.now(), document["TRX_TOTAL"], Decimal("0.00")
    known = company.schemas[kind].fields
    values: Values = {name: None for name, spec in known.items() if not spec.via}
    said = {
        "RECORDNO": number,
        "RECORDTYPE": "ri" if kind == INVOICE else "ra",
        "RECORDID": document["DOCNO"],
        "DOCNUMBER": document["PONUMBER"],
        "CUSTOMERID": document["CUSTVENDID"],
        "STATE": "Posted",
        "TERMNAME": document["TERM.NAME"],
        "WHENCREATED": document["WHENCREATED"],
        "AUWHENCREATED": now,
        "WHENPOSTED": document["WHENPOSTED"] or document["WHENCREATED"],
        "WHENDUE": document["WHENDUE"],
        "MODULEKEY": FROM_ORDER_ENTRY,
        "CURRENCY": document["CURRENCY"],
        "BASECURR": document["BASECURR"],
        "EXTERNALID": document["EXTERNALID"],
        "MEGAENTITYID": document["MEGAENTITYID"],
        "WHENMODIFIED": now,
        "CREATEDBY": USER_RECORDNO,
        "MODIFIEDBY": USER_RECORDNO,
    }
    said |= dict.fromkeys(("TOTALENTERED", "TOTALDUE", "TRX_TOTALENTERED", "TRX_TOTALDUE"), total)
    said |= dict.fromkeys(("TOTALPAID", "TRX_TOTALPAID"), none)
    company.tables[kind].put(values | {name: said[name] for name in said if name in values}, company.clock.now())
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
    """Whether a payment is applied to the AR invoice with this RECORDNO."""
    return bool(company.tables["ARPYMTDETAIL"].find("RECORDKEY", number))


def remove_invoice(company: Company, number: int, *, user: str) -> None:
    """Delete the AR transaction with this RECORDNO, with its lines; its number is never given again."""
    for kind in (INVOICE, ADJUSTMENT):
        row = company.tables[kind].get(number)
        if row is None:
            continue
        for item in company.tables["ARINVOICEITEM"].find("RECORDKEY", number) if kind == INVOICE else ():
            company.tables["ARINVOICEITEM"].remove(item, company.clock.now())
        company.tables[kind].remove(number, company.clock.now())
        if company.knobs["oe_edit_audit_rows"]:
            company.audit("delete", company.schemas[kind], row, user, company.now())
