"""What the general ledger demands of a journal entry: known journal and accounts, two balanced lines, numbers, a place.

Texts of refusals are ours (model); the vendor's are not documented.
"""

from collections import defaultdict
from decimal import Decimal

from app.simulators.intacct.company import Company
from app.simulators.intacct.errors import VendorError
from app.simulators.intacct.tables import Values

SIGNS = (1, -1)


def check_entry(company: Company, entry: Values) -> list[VendorError]:
    """Hold a GLBATCH, whose lines are written, to the rules of its journal; number a new one."""
    statistical = bool(company.tables["STATJOURNAL"].find("SYMBOL", entry["JOURNAL"]))
    if not statistical and not company.tables["JOURNAL"].find("SYMBOL", entry["JOURNAL"]):
        return [_refusal(f"Invalid Journal '{entry['JOURNAL']}' specified", "JOURNAL")]
    table = company.tables["GLENTRY"]
    lines = [row for number in table.find("BATCHNO", entry["RECORDNO"]) if (row := table.get(number))]
    problems = _lines(company, lines, statistical=statistical)
    if not statistical and not problems:
        problems = _balance(lines)
    if problems:
        return problems
    for line in lines:
        table.put({**line, "AMOUNT": line["TRX_AMOUNT"]}, company.clock.now())
    if entry.get("BATCHNO") is None:
        taken = [row["BATCHNO"] or 0 for row in company.tables["GLBATCH"].rows() if row["JOURNAL"] == entry["JOURNAL"]]
        company.tables["GLBATCH"].put({**entry, "BATCHNO": 1 + max(taken, default=0)}, company.clock.now())
    return []


def _lines(company: Company, lines: list[Values], *, statistical: bool) -> list[VendorError]:
    accounts = company.tables["STATACCOUNT" if statistical else "GLACCOUNT"]
    problems = []
    if len(lines) < (1 if statistical else 2):
        problems.append(_refusal("A journal entry needs at least two lines", "ENTRIES"))
    for line in lines:
        account = accounts.first("ACCOUNTNO", line["ACCOUNTNO"])
        if account is None:
            problems.append(_refusal(f"Invalid Account '{line['ACCOUNTNO']}' specified for ACCOUNTNO", "ACCOUNTNO"))
        elif account.get("STATUS") == "inactive":
            problems.append(_refusal(f"Account '{line['ACCOUNTNO']}' is inactive", "ACCOUNTNO"))
        if line["TR_TYPE"] not in SIGNS:
            problems.append(_refusal(f"'{line['TR_TYPE']}' is not a valid value for TR_TYPE", "TR_TYPE"))
        if line["TRX_AMOUNT"] < 0:
            problems.append(_refusal("TRX_AMOUNT must be an absolute amount", "TRX_AMOUNT"))
        if company.knobs["gl_location_required"] and not line.get("LOCATION"):
            problems.append(_refusal("Required field LOCATION is missing", "LOCATION"))
    return problems


def _balance(lines: list[Values]) -> list[VendorError]:
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for line in lines:
        sums[line.get("CURRENCY") or ""][0 if line["TR_TYPE"] == 1 else 1] += line["TRX_AMOUNT"]
    return [
        _refusal(f"The entry does not balance: debits {debit}, credits {credit} {currency}".strip(), "ENTRIES")
        for currency, (debit, credit) in sorted(sums.items())
        if debit != credit
    ]


def _refusal(text: str, field: str) -> VendorError:
    return VendorError("BL01001973", text, field=field)
