"""Customer payments (ARPYMT): what a payment must satisfy, what posting it does to invoices, and its reversal.

Called by the writer for each ARPYMT it has stored, with its details. The money itself moves in `balances`; texts of
refusals are ours (model, U-23).
"""

from datetime import date
from decimal import Decimal

from app.simulators.intacct import errors
from app.simulators.intacct.balances import CENT, NONE, PAYMENT, Split, keep, take_back
from app.simulators.intacct.cashbook import POSTED, REVERSED
from app.simulators.intacct.company import USER_RECORDNO, Company
from app.simulators.intacct.errors import Refused, VendorError
from app.simulators.intacct.payment_details import apply_detail, check_details, details_of, invoice_of
from app.simulators.intacct.periods import check_open
from app.simulators.intacct.tables import Values

DETAIL = "ARPYMTDETAIL"
TARGETS = ("FINANCIALENTITY", "PRBATCH", "UNDEPOSITEDACCOUNTNO")
OVERPAYMENT, APPLIED = "rp", "ro"
APPLICATION = "_APPLICATION"
"""Hidden member of a payment without money, which applies a credit only."""

SPLIT = "_SPLIT"
"""Hidden member of a posted detail: where its money went, so that it can be taken back exactly."""


def label(company: Company, name: str) -> str:
    """The company's word for a state of a payment."""
    return str(company.knobs["arpymt_state_labels"].get(name, name))


def check_payment(company: Company, row: Values) -> list[VendorError]:
    """Hold a payment that was just written to the rules, and post it unless it is to stay a draft.

    A record that came with its state (only the control plane can) stays as it is.
    """
    if row.get("_POSTED") or row.get("RECORDTYPE") in (OVERPAYMENT, APPLIED):
        return [errors.refused(f"Payment {row['RECORDNO']} is completed and cannot be changed")]
    if row["STATE"] not in (None, label(company, "Draft")):
        return []
    draft = row["ACTION"] == "Draft" or (row["ACTION"] is None and row["STATE"] is not None)
    row = {**row, "ACTION": None, "STATE": label(company, "Draft"), "BASECURR": row["BASECURR"] or "USD"}
    row["RECORDTYPE"] = company.knobs["arpymt_record_type"] or None
    row["AUWHENCREATED"] = row["AUWHENCREATED"] or company.now()
    row["PAYMENTDATE"] = row["PAYMENTDATE"] or company.now().date()
    details = details_of(company, row["RECORDNO"])
    problems = [] if row.get(APPLICATION) else _header(company, row)
    if not details:
        problems.append(errors.missing_required("ARPYMTDETAILS"))
    if problems:
        return problems
    if row["CURRENCY"] is None:
        row["CURRENCY"] = next((found.get("CURRENCY") for d in details if (found := invoice_of(company, d))), "USD")
    problems = check_details(company, row, details)
    if problems:
        return problems
    row |= _totals(row, details)
    company.tables[PAYMENT].put(row, company.clock.now())
    return [] if draft else _post(company, row, details)


def _header(company: Company, row: Values) -> list[VendorError]:
    problems = [errors.missing_required(name) for name in ("PAYMENTMETHOD", "RECEIPTDATE") if row[name] is None]
    if row["CURRENCY"] is None and company.knobs["arpymt_currency_required"]:
        problems.append(errors.missing_required("CURRENCY"))
    problems += _one_of(row, TARGETS)
    problems += _one_of(row, ("CUSTOMERID", "PAYERNAME"))
    if row["EXCH_RATE_TYPE_ID"] is not None and row["EXCHANGE_RATE"] is not None:
        problems.append(errors.exclusive(("EXCH_RATE_TYPE_ID", "EXCHANGE_RATE")))
    bank = company.tables["CHECKINGACCOUNT"].first("BANKACCOUNTID", row["FINANCIALENTITY"])
    if bank is not None and bank["STATUS"] != "active":
        problems.append(errors.refused(f"Account {row['FINANCIALENTITY']} is inactive", "FINANCIALENTITY"))
    if row["PRBATCH"] is not None:
        summary = company.tables["ARPYMTBATCH"].first("BATCH_TITLE", row["PRBATCH"])
        if summary is None or summary["STATE"] != "open":
            problems.append(errors.invalid_reference("AR payment summary", row["PRBATCH"], "PRBATCH"))
    if row["OVERPAYMENTAMOUNT"] is not None and row["OVERPAYMENTAMOUNT"] < 0:
        problems.append(errors.bad_format("OVERPAYMENTAMOUNT", "OVERPAYMENTAMOUNT"))
    return problems + check_open(company, row["RECEIPTDATE"], "RECEIPTDATE")


def _one_of(row: Values, names: tuple[str, ...]) -> list[VendorError]:
    said = [name for name in names if row[name] is not None]
    if not said:
        return [errors.missing_required(" or ".join(names))]
    return [errors.exclusive(tuple(said))] if len(said) > 1 else []


def _totals(row: Values, details: list[Values]) -> Values:
    """What the payment comes to: the cash of its details and the overpayment; as given when currencies are crossed."""
    cash = sum((detail["TRX_PAYMENTAMOUNT"] or NONE for detail in details), NONE) + (row["OVERPAYMENTAMOUNT"] or NONE)
    base = (cash * (row["EXCHANGE_RATE"] or Decimal(1))).quantize(CENT)
    if row.get("_CROSSED"):
        cash = row["TRX_AMOUNTTOPAY"] or cash
        base = row.get("AMOUNTTOPAY") if row.get("AMOUNTTOPAY") is not None else row.get("AMOUNTOPAY")
    return {"TRX_TOTALENTERED": cash, "TOTALENTERED": base, "TRX_TOTALDUE": NONE, "TOTALDUE": NONE}


# -- posting ----------------------------------------------------------------------------------------------------------


def _post(company: Company, row: Values, details: list[Values]) -> list[VendorError]:
    try:
        for detail in details:
            split = apply_detail(company, row, detail)
            stored = {**detail, SPLIT: split, "PAYMENTAMOUNT": detail["TRX_PAYMENTAMOUNT"], "CURRENCY": row["CURRENCY"]}
            stored["STATE"] = "Complete"
            company.tables[DETAIL].put(stored, company.clock.now())
            _note_applied(company, row, detail)
    except Refused as refused:
        return refused.errors
    row |= {"STATE": label(company, "Complete"), "WHENPAID": row["PAYMENTDATE"], "_POSTED": True}
    company.tables[PAYMENT].put(row, company.clock.now())
    if row["OVERPAYMENTAMOUNT"]:
        _overpayment(company, row, details)
    _book(company, row, details, POSTED)
    return []


def _overpayment(company: Company, row: Values, details: list[Values]) -> None:
    """The excess becomes a record of its own, open until it is applied."""
    table = company.tables[PAYMENT]
    invoice = invoice_of(company, details[0]) or {}
    excess = dict.fromkeys(row) | {
        "RECORDNO": table.next_number(),
        "RECORDTYPE": OVERPAYMENT,
        "PARENTPAYMENTKEY": row["RECORDNO"],
        "CUSTOMERID": row["CUSTOMERID"] or invoice.get("CUSTOMERID"),
        "STATE": label(company, "Complete"),
        "TRX_TOTALENTERED": row["OVERPAYMENTAMOUNT"],
        "AUWHENCREATED": company.now(),
        "WHENCREATED": company.now(),
        "CREATEDBY": USER_RECORDNO,
        "_POSTED": True,
    }
    copied = ("OVERPAYMENTLOCATIONID", "OVERPAYMENTDEPARTMENTID", "CURRENCY", "BASECURR", "RECEIPTDATE", "DESCRIPTION")
    keep(company, PAYMENT, excess | {name: row[name] for name in copied})


def _note_applied(company: Company, row: Values, detail: Values) -> None:
    """An overpayment that a detail used leaves a record of RECORDTYPE `ro` behind."""
    if detail["OVERPAYMENTKEY"] is None:
        return
    table = company.tables[PAYMENT]
    said = {
        "RECORDNO": table.next_number(),
        "RECORDTYPE": APPLIED,
        "PARENTPAYMENTKEY": detail["OVERPAYMENTKEY"],
        "STATE": label(company, "Complete"),
        "TRX_TOTALENTERED": detail["TRX_POSTEDOVERPAYMENTAMOUNT"],
        "TRX_TOTALPAID": detail["TRX_POSTEDOVERPAYMENTAMOUNT"],
        "AUWHENCREATED": company.now(),
        "WHENCREATED": company.now(),
        "CREATEDBY": USER_RECORDNO,
        "_POSTED": True,
        "_BY": row["RECORDNO"],
    }
    copied = ("CUSTOMERID", "CURRENCY", "BASECURR", "RECEIPTDATE")
    keep(company, PAYMENT, dict.fromkeys(row) | said | {name: row[name] for name in copied})


def _book(company: Company, row: Values, details: list[Values], what: str) -> None:
    money: dict[str, Decimal] = {}
    for detail in details:
        customer = row["CUSTOMERID"] or str((invoice_of(company, detail) or {}).get("CUSTOMERID") or "")
        money[customer] = money.get(customer, NONE) + (detail["TRX_PAYMENTAMOUNT"] or NONE)
    first = next(iter(money), row["CUSTOMERID"] or "")
    money[first] = money.get(first, NONE) + row["TRX_TOTALENTERED"] - sum(money.values(), NONE)
    for customer, amount in money.items():
        company.cashbook.enter(company.clock.now(), what, row, customer, amount)


# -- reversal and removal ---------------------------------------------------------------------------------------------


def check_removal(company: Company, row: Values) -> list[VendorError]:
    """Only a draft is deleted."""
    if row["STATE"] == label(company, "Draft"):
        return []
    return [errors.refused(f"Payment {row['RECORDNO']} is completed and cannot be deleted")]


def reverse(company: Company, number: int, day: date | None, description: str | None) -> Values:
    """Take a completed payment back: every balance as it was before. Refused for drafts, and a second time."""
    row = company.tables[PAYMENT].get(number)
    if row is None or row.get("RECORDTYPE") in (OVERPAYMENT, APPLIED):
        raise Refused(errors.not_found("AR payment", str(number)))
    if row["STATE"] != label(company, "Complete"):
        raise Refused(errors.refused(f"Payment {number} is {row['STATE']} and cannot be reversed"))
    if day is None:
        raise Refused(errors.missing_required("datereversed"))
    problems = check_open(company, day, "datereversed")
    if row["RECEIPTDATE"] is not None and day < row["RECEIPTDATE"]:
        problems.append(errors.refused("datereversed is before the payment", "datereversed"))
    children = [found for key in _children(company, number) if (found := company.tables[PAYMENT].get(key))]
    if any(child["TRX_TOTALENTERED"] != child["TRX_TOTALDUE"] for child in children):
        problems.append(errors.refused(f"The overpayment of payment {number} was applied"))
    if problems:
        raise Refused(*problems)
    details = details_of(company, number)
    for detail in reversed(details):
        split: Split = detail.get(SPLIT) or []
        take_back(company, split)
        company.tables[DETAIL].put({**detail, SPLIT: [], "STATE": "Reversed"}, company.clock.now())
    gone = {"STATE": label(company, "Reversed"), "REVERSALDATE": day, "WHENMODIFIED": company.now()}
    if any(detail["OVERPAYMENTKEY"] for detail in details):
        children += [row for row in company.tables[PAYMENT].rows() if row.get("_BY") == number]
    for child in children:
        company.tables[PAYMENT].put(
            {**child, **gone, "TRX_TOTALDUE": NONE, "TOTALDUE": NONE, "TRX_TOTALENTERED": NONE, "TOTALENTERED": NONE},
            company.clock.now(),
        )
    row = {**row, **gone, "MODIFIEDBY": USER_RECORDNO, "DESCRIPTION": description or row["DESCRIPTION"]}
    company.tables[PAYMENT].put(row, company.clock.now())
    _book(company, row, details, REVERSED)
    return row


def _children(company: Company, number: int) -> list[int]:
    return company.tables[PAYMENT].find("PARENTPAYMENTKEY", number)
