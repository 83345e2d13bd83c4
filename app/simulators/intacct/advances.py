"""Advances of customers: money that came before an invoice did, open until a payment applies it."""

from app.simulators.intacct import balances, errors
from app.simulators.intacct.balances import ADVANCE, NONE
from app.simulators.intacct.cashbook import POSTED
from app.simulators.intacct.company import Company
from app.simulators.intacct.errors import VendorError
from app.simulators.intacct.periods import check_open
from app.simulators.intacct.tables import Values


def check_advance(company: Company, row: Values) -> list[VendorError]:
    """Hold an advance that was just written to the rules, and open it."""
    problems = [errors.missing_required(name) for name in ("CUSTOMERID", "RECEIPTDATE") if row[name] is None]
    if row["TRX_TOTALENTERED"] is None:
        row = {**row, "TRX_TOTALENTERED": row["TOTALENTERED"]}
    if not row["TRX_TOTALENTERED"] or row["TRX_TOTALENTERED"] < NONE:
        problems.append(errors.missing_required("TRX_TOTALENTERED"))
    problems += check_open(company, row["RECEIPTDATE"], "RECEIPTDATE")
    if problems:
        return problems
    row = {**row, "RECORDTYPE": "rr", "STATE": "Posted", "CURRENCY": row["CURRENCY"] or "USD"}
    balances.keep(company, ADVANCE, {**row, "BASECURR": row["BASECURR"] or "USD"})
    company.cashbook.enter(company.clock.now(), POSTED, row, row["CUSTOMERID"], row["TRX_TOTALENTERED"])
    return []
