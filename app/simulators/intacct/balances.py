"""What is owed: the totals of invoices, adjustments and advances, their state, and what a customer owes in all.

Every change of a balance goes through `keep`, so that the invariants of SIM-69 hold after each operation. Who may pay
what is decided in `payments`.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from app.simulators.intacct import errors
from app.simulators.intacct.company import USER_RECORDNO, Company
from app.simulators.intacct.errors import Refused, VendorError
from app.simulators.intacct.tables import Values
from app.simulators.intacct.values import ROUNDING

INVOICE, ITEM, ADJUSTMENT, ADVANCE, PAYMENT = "ARINVOICE", "ARINVOICEITEM", "ARADJUSTMENT", "ARADVANCE", "ARPYMT"
NONE, CENT = Decimal("0.00"), Decimal("0.01")
COUNTED = "_COUNTED"
"""Hidden member of an invoice: what it adds to its customer's TOTALDUE."""

Split = list[tuple[str, int, int | None, Decimal]]
"""Where an amount went: kind and RECORDNO of the record, RECORDNO of its line or None, and how much of it."""


def label(company: Company, name: str) -> str:
    """The company's word for a state of an invoice."""
    return str(company.knobs["arinvoice_state_labels"].get(name, name))


def is_open(company: Company, row: Values) -> bool:
    """Whether the invoice is posted and not reversed, so that it counts and may be paid."""
    return row.get("STATE") not in (None, label(company, "Draft"), label(company, "Reversed"))


def due(row: Values) -> Decimal:
    """What is open of the record, in its own currency."""
    found = row.get("TRX_TOTALDUE")
    return NONE if found is None else found


def in_base(company: Company, row: Values, amount: Decimal) -> Decimal:
    """An amount of the record's currency in the company's."""
    return (amount * (row.get("EXCHANGE_RATE") or Decimal(1))).quantize(
        CENT, ROUNDING[company.knobs["amount_rounding"]]
    )


def keep(company: Company, kind: str, row: Values, *, day: date | None = None) -> Values:
    """Store a record whose TRX_TOTALENTERED and TRX_TOTALPAID say all: open amounts, twins, state and paid date follow.

    `day` is the date of the payment that changes it.
    """
    entered, paid = row.get("TRX_TOTALENTERED") or NONE, row.get("TRX_TOTALPAID") or NONE
    left = entered - paid
    row = {**row, "TRX_TOTALENTERED": entered, "TRX_TOTALPAID": paid, "TRX_TOTALDUE": left}
    row |= {"TOTALENTERED": in_base(company, row, entered), "TOTALDUE": in_base(company, row, left)}
    row["TOTALPAID"] = row["TOTALENTERED"] - row["TOTALDUE"]
    row |= {"WHENMODIFIED": company.now(), "MODIFIEDBY": USER_RECORDNO}
    if kind == INVOICE:
        if is_open(company, row):
            row["STATE"] = label(company, "Paid" if not left else "Partially Paid" if paid else "Posted")
            row["WHENPAID"] = None if left else (row.get("WHENPAID") or day or company.now().date())
        _count(company, row)
    company.tables[kind].put(row, company.clock.now())
    return row


def void(company: Company, row: Values) -> Values:
    """Store an invoice as reversed: nothing of it is due, and the customer does not owe it any more."""
    row = {**row, "STATE": label(company, "Reversed"), "WHENMODIFIED": company.now(), "MODIFIEDBY": USER_RECORDNO}
    row |= dict.fromkeys(("TOTALDUE", "TRX_TOTALDUE", "TOTALPAID", "TRX_TOTALPAID"), NONE)
    _count(company, row)
    company.tables[INVOICE].put(row, company.clock.now())
    return row


def forget(company: Company, row: Values) -> None:
    """An invoice that goes takes its open amount out of the customer's."""
    _change_customer(company, row.get("CUSTOMERID"), -(row.get(COUNTED) or NONE))


def _count(company: Company, row: Values) -> None:
    counts = row["TOTALDUE"] if is_open(company, row) else NONE
    _change_customer(company, row.get("CUSTOMERID"), counts - (row.get(COUNTED) or NONE))
    row[COUNTED] = counts


def _change_customer(company: Company, name: str | None, change: Decimal) -> None:
    customer = company.tables["CUSTOMER"].first("CUSTOMERID", name) if name is not None and change else None
    if customer is not None:
        moved = {**customer, "TOTALDUE": (customer.get("TOTALDUE") or NONE) + change}
        if company.knobs["customer_due_moves_whenmodified"]:
            moved["WHENMODIFIED"] = company.now()
        company.tables["CUSTOMER"].put(moved, company.clock.now())


def adopt(company: Company, row: Values) -> list[VendorError]:
    """Make a record whole that was written as it is, by its total or by its lines alone: twins, state, customer."""
    row, items = dict(row), items_of(company, row["RECORDNO"])
    for name in ("TOTALENTERED", "TOTALPAID"):
        if row.get(f"TRX_{name}") is None:
            row[f"TRX_{name}"] = row.get(name)
    if row["TRX_TOTALENTERED"] is None:
        row["TRX_TOTALENTERED"] = sum((item["TRX_AMOUNT"] or NONE for item in items), NONE) if items else due(row)
    if row["TRX_TOTALPAID"] is None and row.get("TRX_TOTALDUE") is not None:
        row["TRX_TOTALPAID"] = row["TRX_TOTALENTERED"] - row["TRX_TOTALDUE"]
    row["STATE"] = row["STATE"] or label(company, "Posted")
    row["CURRENCY"], row["BASECURR"] = row.get("CURRENCY") or "USD", row.get("BASECURR") or "USD"
    row["MODULEKEY"] = row["MODULEKEY"] or "4.AR"
    keep(company, INVOICE, row)
    return []


# -- paying and taking back -------------------------------------------------------------------------------------------


def items_of(company: Company, number: int) -> list[Values]:
    """The lines of an invoice in their order."""
    table = company.tables[ITEM]
    found = [row for key in table.find("RECORDKEY", number) if (row := table.get(key))]
    return sorted(found, key=lambda row: row.get("LINE_NO") or 0)


def settle(company: Company, number: int, amount: Decimal, entry: int | None, day: date) -> Split:
    """Pay an amount of the invoice: of the line `entry`, or of its lines in order until the amount is used up.

    Refused when more than what is open would be paid.
    """
    row = company.tables[INVOICE].get(number)
    assert row is not None
    if amount > due(row):
        raise Refused(errors.overpaid(number, due(row), amount))
    items = items_of(company, number)
    if entry is not None:
        items = [item for item in items if item["RECORDNO"] == entry]
        if not items or amount > _left(items[0]):
            raise Refused(errors.overpaid(number, _left(items[0]) if items else NONE, amount, line=entry))
    split: Split = []
    rest = amount
    for item in items:
        part = min(rest, max(_left(item), NONE))
        if part:
            _pay_item(company, item, part)
            split.append((ITEM, item["RECORDNO"], number, part))
            rest -= part
    keep(company, INVOICE, {**row, "TRX_TOTALPAID": (row.get("TRX_TOTALPAID") or NONE) + amount}, day=day)
    return [*split, (INVOICE, number, None, amount)]


def use(company: Company, kind: str, number: int, amount: Decimal, day: date) -> Split:
    """Use an amount of a record without lines (a credit, an advance, an overpayment, a debit memo), up to its rest."""
    row = company.tables[kind].get(number)
    assert row is not None
    if amount > abs(due(row)):
        raise Refused(errors.overpaid(number, abs(due(row)), amount))
    signed = amount if due(row) > 0 else -amount
    keep(company, kind, {**row, "TRX_TOTALPAID": (row.get("TRX_TOTALPAID") or NONE) + signed}, day=day)
    return [(kind, number, None, signed)]


def take_back(company: Company, split: Sequence[tuple[str, int, int | None, Decimal]]) -> None:
    """Undo what `settle` and `use` did, to the cent. Records that are gone are left out."""
    for kind, number, _, amount in split:
        row = company.tables[kind].get(number)
        if row is None:
            continue
        if kind == ITEM:
            _pay_item(company, row, -amount)
        else:
            keep(company, kind, {**row, "TRX_TOTALPAID": (row.get("TRX_TOTALPAID") or NONE) - amount})


def _left(item: Values) -> Decimal:
    left: Decimal = (item.get("TRX_AMOUNT") or NONE) - (item.get("TRX_TOTALPAID") or NONE)
    return left


def _pay_item(company: Company, item: Values, amount: Decimal) -> None:
    paid = (item.get("TRX_TOTALPAID") or NONE) + amount
    changed = {**item, "TRX_TOTALPAID": paid, "TOTALPAID": paid, "WHENMODIFIED": company.now()}
    company.tables[ITEM].put(changed, company.clock.now())
