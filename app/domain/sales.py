"""Rows of sales documents and their lines, shared by the objects that carry them (product.md 3.3, intacct-api.md 4.3).

Names of Intacct fields are those that are read; what their elements are called in a write, the client knows.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.domain.declaration import Field, Mark, Option, Rule
from app.domain.problems import Problem
from app.domain.records import Value
from app.domain.transforms import (
    Amount,
    Canonical,
    Day,
    Identifier,
    Pick,
    Quantity,
    Reference,
    Text,
    Transform,
    Truth,
    decimal,
)

TO, FROM, BOTH = Rule.TO_INTACCT, Rule.FROM_INTACCT, Rule.BIDIRECTIONAL
FIXED, FORMULA = Mark.FIXED, Mark.FORMULA
TERM, DUE, COUNT = "ia_crm__Term__c", "ia_crm__Due_Date__c", "ia_crm__Line_Count__c"
USAGE_PRICED, SOURCE_LINE = "ia_crm__Usage_Priced__c", "ia_crm__Source_Line__c"
SOURCE_KEY = "ia_crm__Source_Line__r.ia_crm__Intacct_Line_Key__c"
CLOSED_STATES = {"G": "in progress", "C": "converted", "P": "partly converted"}
STATES = Pick(
    (
        ("S", "Submitted"),
        ("A", "Approved"),
        ("X", "Partly approved"),
        ("R", "Declined"),
        ("I", "Draft"),
        ("O", "Pending"),
        ("D", "Closed"),
        ("G", "In progress"),
        ("C", "Converted"),
        ("P", "Partly converted"),
    )
)

LINE_PRICES = Option(
    "priceSource",
    "salesforce",
    "Which side prices the lines of a document. salesforce: the line's price goes to Intacct. intacct: Intacct finds "
    "the price and it comes back. Items priced by usage are always priced by Intacct.",
    ("intacct", "salesforce"),
)
QUOTE_AMOUNT = Option(
    "updateQuoteAmount",
    False,
    "The value of a quote is written to its opportunity: to Amount, or to Quote Amount where the opportunity has "
    "products, since Salesforce adds those up itself.",
)
QUOTE_WITH_TAX = Option(
    "quoteAmountWithTax", False, "The amount of the opportunity includes tax and other subtotals. Off: lines only."
)
ORDER_REPLACES = Option(
    "orderReplacesQuote", False, "When an order changes, its amount replaces that of the quote on the opportunity."
)
ONE_TO_ONE = Option(
    "oneToOne", False, "An opportunity has at most one document of each transaction definition; a second is refused."
)


def _row(intacct: str, name: str, via: Transform, rule: Rule = BOTH, mark: Mark = Mark.FREE, **more: Any) -> Field:
    return Field(intacct, f"ia_crm__{name}__c", rule, via, mark, **more)


def _to(intacct: str, name: str, other: str, rule: Rule = BOTH, **more: Any) -> Field:
    return replace(_row(intacct, name, Reference(), rule, **more), refers_to=other)


HEADER = (
    _row("DOCPARID", "Document_Type", Identifier(80), mark=FIXED, required=True, once=True),
    _to("CUSTVENDID", "Account", "account", mark=FIXED, required=True, once=True),
    _row("WHENCREATED", "Document_Date", Day(), mark=FIXED, required=True),
    Field("CURRENCY", "CurrencyIsoCode", BOTH, Identifier(3), FIXED, once=True),
    Field("DOCNO", "Name", FROM, Identifier(45), FIXED),
    _to("CREATEDFROM", "Converted_From", "sales_document", once=True, mark=FIXED),
    _row("WHENPOSTED", "GL_Posting_Date", Day(), TO),
    _row("WHENDUE", "Due_Date", Day()),
    _to("BILLTO.CONTACTNAME", "Bill_to", "contact"),
    _to("SHIPTO.CONTACTNAME", "Ship_to", "contact"),
    _to("EXCHRATETYPES.NAME", "Exchange_Rate_Type", "exchange_rate_type"),
    _row("EXCHRATEDATE", "Exchange_Rate_Date", Day()),
    _to("TERM.NAME", "Term", "term"),
    _row("PONUMBER", "Reference_Number", Text(120)),
    _row("CUSTOMERPONUMBER", "Customer_PO_Number", Text(45)),
    _row("MESSAGE", "Message", Text(1000)),
    _row("SHIPVIA", "Shipping_Method", Text(80)),
    _row("SHIPPEDDATE", "Ship_Date", Day()),
    _to("PROJECTID", "Project", "project"),
    _to("MEGAENTITYID", "Intacct_Entity", "location", FROM),
    _row("STATE", "State", STATES, FROM, FORMULA),
    _row("TRX_SUBTOTAL", "Subtotal", Amount(), FROM, FORMULA),
    _row("TRX_TOTAL", "Total", Amount(), FROM, FORMULA),
    _row("PRRECORDKEY", "AR_Record_Key", Identifier(40), FROM, FORMULA),
)
"""The header of a document. PRRECORDKEY is another one after each edit of a document that posts to AR."""

LINE = (
    _row("ITEMID", "Item", Identifier(30), mark=FIXED, required=True),
    _row("QUANTITY", "Quantity", Quantity(), mark=FIXED, required=True),
    _row("LINE_NO", "Line_Number", Quantity(), FROM, FIXED),
    _row("UNIT", "Unit", Identifier(80)),
    _row("PRICE", "Price", Quantity()),
    _row("DISCOUNTPERCENT", "Discount_Percent", Quantity()),
    _row("ITEMDESC", "Description", Text(1000)),
    _row("MEMO", "Memo", Text(1000)),
    _row("TAXABLE", "Taxable", Truth()),
    _row("WAREHOUSE.LOCATION_NO", "Site", Identifier(40)),
    _to("REVRECTEMPLATE", "Revenue_Recognition_Template", "revenue_template_oe"),
    _row("REVRECSTARTDATE", "Start_Date", Day()),
    _row("REVRECENDDATE", "End_Date", Day()),
    _to("LOCATIONID", "Intacct_Location", "location"),
    _to("DEPARTMENTID", "Department", "department"),
    _to("CLASSID", "Class", "classification"),
    _to("PROJECTID", "Project", "project"),
    _to("EMPLOYEEID", "Employee", "employee"),
    Field("SOURCE_DOCLINEKEY", SOURCE_KEY, TO, Identifier(20), FIXED, once=True),
    _row("TRX_VALUE", "Extended_Price", Amount(), FROM, FORMULA),
)
"""One line of a document."""


def shown_only(rows: Iterable[Field]) -> tuple[Field, ...]:
    """The rows of a read-only mirror: all come from Intacct; the source of a conversion is its document id as text."""
    kept = [row for row in rows if row.rule is not TO]
    return tuple(
        replace(row, rule=FROM, once=False, required=False, refers_to=None, via=Identifier(140))
        if row.intacct == "CREATEDFROM"
        else replace(row, rule=FROM, once=False, required=False)
        for row in kept
    )


def sound(
    header: Mapping[str, Value], lines: Sequence[Mapping[str, Canonical]], options: Mapping[str, object]
) -> list[Problem]:
    """What is wrong with a document before it is sent: no lines, no due date, a source line Intacct does not have."""
    problems = list(_lines(lines))
    expected = decimal(header.get(COUNT))
    if expected is not None and len(lines) < expected:
        said = f"The document has {len(lines)} lines, {expected} were built; it is sent when all of them are there."
        problems.append(Problem("lines_missing", COUNT, said))
    elif not lines:
        problems.append(Problem("lines_missing", COUNT, "The document has no lines."))
    if not header.get(TERM) and not header.get(DUE):
        problems.append(Problem("due_date_missing", DUE, f"{DUE} and {TERM} are both empty; one of them is needed."))
    return problems


def _lines(lines: Sequence[Mapping[str, Canonical]]) -> Iterator[Problem]:
    for number, line in enumerate(lines, 1):
        if line.get(SOURCE_LINE) and not line.get("SOURCE_DOCLINEKEY"):
            said = f"Line {number}: the source line is not in Intacct; sync its document first."
            yield Problem("source_line_not_synced", SOURCE_LINE, said)


def priced_by_intacct(options: Mapping[str, object], line: Mapping[str, Value]) -> frozenset[str]:
    """The price of a line is Intacct's by option, and always where the item is priced by usage."""
    intacct = options.get(LINE_PRICES.name) == "intacct" or bool(line.get(USAGE_PRICED))
    return frozenset({"PRICE"}) if intacct else frozenset()


def takes_no_edits(values: Mapping[str, Value]) -> str | None:
    """Why Intacct changes a document no more: it is in progress or converted [documented]."""
    word = CLOSED_STATES.get(str(values.get("STATE")))
    return (
        f"The document is {word} in Intacct, which takes no more changes of it; change what it became."
        if word
        else None
    )
