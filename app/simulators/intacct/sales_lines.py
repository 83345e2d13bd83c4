"""Lines of sales transactions: read in order, held to their item's units, priced, and counted as conversions.

No headers are written here and nothing is posted.
"""

from datetime import date
from decimal import Decimal
from typing import Any

from app.simulators.intacct import errors
from app.simulators.intacct.company import Company
from app.simulators.intacct.errors import VendorError
from app.simulators.intacct.fieldcheck import check_fields, defaults
from app.simulators.intacct.ordered import check_order, texts_of
from app.simulators.intacct.records import Element, children
from app.simulators.intacct.sales_shapes import LINE_FIELDS
from app.simulators.intacct.tables import Values
from app.simulators.intacct.values import ROUNDING

LINE = "SODOCUMENTENTRY"
UNMODELLED = ("linesubtotals", "itemdetails", "paymenttaxcapture", "customfields")
CENT = Decimal("0.01")
HUNDRED = Decimal(100)


def lines_of(company: Company, document: Values) -> list[Values]:
    """The lines of a document in their order."""
    table = company.tables[LINE]
    found = [row for number in table.find("DOCHDRNO", document["RECORDNO"]) if (row := table.get(number))]
    return sorted(found, key=lambda row: row["LINE_NO"])


def read_line(
    company: Company, document: Values, element: Element, order: tuple[str, ...], old: Values | None
) -> tuple[Values, list[VendorError]]:
    """A line as it is to be stored, `old` with what is sent; and every problem found."""
    check_order(company, element, order)
    schema = company.schemas[LINE]
    checked = check_fields(company, schema, texts_of(company, element, LINE_FIELDS, UNMODELLED), trusted=True)
    problems = checked.problems
    problems += [
        errors.refused(f"{child.tag} is not available in this company", str(child.tag))
        for child in children(element)
        if child.tag in UNMODELLED and children(child)
    ]
    blank: Values = {name: None for name, spec in schema.fields.items() if not spec.via}
    line = {**blank, **defaults(schema), **(old or {}), **checked.values}
    missing = [name for name in ("ITEMID", "QUANTITY") if line[name] is None]
    problems += [errors.missing_required(name.lower()) for name in missing]
    if company.knobs["oe_location_required"] and line["LOCATIONID"] is None:
        problems.append(errors.bad_format("line: location is required", "locationid"))
    item = company.tables["ITEM"].first("ITEMID", line["ITEMID"])
    if item is not None and not missing:
        problems += _unit(company, line, item)
        line["ITEMDESC"] = line["ITEMDESC"] or item.get("SODESCRIPTION") or item["NAME"]
        _price(company, document, line, item)
    return line, problems


def _unit(company: Company, line: Values, item: Values) -> list[VendorError]:
    """The unit must be one of the item's group; without a group it may be any. The first one if none is sent."""
    units = [row["NAME"] for row in company.tables["UOM"].rows()]
    if item.get("UOMGRP"):
        units = [row["NAME"] for row in company.tables["UOM"].rows() if row.get("UOMGRP") == item["UOMGRP"]]
    line["UNIT"] = line["UNIT"] or next(iter(units), None)
    return [] if line["UNIT"] in units else [errors.missing_unit(str(line["UNIT"]), line["ITEMID"])]


def _price(company: Company, document: Values, line: Values, item: Values) -> None:
    """The price that was sent, else that of the price list, else the item's own; and what the line comes to."""
    if line["PRICE"] is None:
        line["PRICE"] = _listed(company, document, line) or item.get("BASEPRICE") or Decimal(0)
    part = (HUNDRED - (line["DISCOUNTPERCENT"] or Decimal(0))) / HUNDRED
    line["TRX_PRICE"] = line["PRICE"]
    line["TOTAL"] = line["TRX_VALUE"] = rounded(company, line["QUANTITY"] * line["PRICE"] * part)


def _listed(company: Company, document: Values, line: Values) -> Decimal | None:
    listed, quantity, day = document.get("VSOEPRICELIST"), line["QUANTITY"], document["WHENCREATED"]
    for entry in company.tables["SOPRICELISTENTRY"].rows():
        low, high = entry.get("QTYMIN"), entry.get("QTYMAX")
        if (
            (entry["PRICELISTID"], entry["ITEMID"]) == (listed, line["ITEMID"])
            and entry["STATUS"] == "active"
            and _within(day, entry["DATEFROM"], entry["DATETO"])
            and (low is None or low <= quantity)
            and (high is None or quantity <= high)
            and entry.get("CURRENCY") in (None, document.get("CURRENCY"))
        ):
            value: Decimal = entry["VALUE"]
            return value
    return None


def _within(day: date, first: date | None, last: date | None) -> bool:
    return (first is None or first <= day) and (last is None or day <= last)


def rounded(company: Company, amount: Decimal) -> Decimal:
    """An amount of money, to the cent."""
    return amount.quantize(CENT, ROUNDING[company.knobs["amount_rounding"]])


def count_conversions(company: Company, source_id: str) -> list[VendorError]:
    """Bring a converted document up to date with the lines made from it: quantities, then its state.

    (model) All quantity converted: C; a part: P; nothing any more: pending. More than there is, is refused.
    """
    headers, table = company.tables["SODOCUMENT"], company.tables[LINE]
    source = headers.first("DOCID", source_id)
    if source is None:
        return []
    lines = lines_of(company, source)
    for line in lines:
        used = sum((_quantity(table.get(n)) for n in table.find("SOURCE_DOCLINEKEY", line["RECORDNO"])), Decimal(0))
        if used > line["QUANTITY"]:
            left = line["QUANTITY"] - (line["QTY_CONVERTED"] or 0)
            return [errors.refused(f"Only {left} of line {line['RECORDNO']} can still be converted", "quantity")]
        if used != (line["QTY_CONVERTED"] or 0):
            table.put({**line, "QTY_CONVERTED": used, "WHENMODIFIED": company.now()}, company.clock.now())
    open_lines = [line for line in lines_of(company, source) if (line["QTY_CONVERTED"] or 0) < line["QUANTITY"]]
    begun = any(line["QTY_CONVERTED"] for line in lines_of(company, source))
    state = "C" if begun and not open_lines else "P" if begun else "O" if source["STATE"] in "CP" else source["STATE"]
    if state != source["STATE"]:
        headers.put({**source, "STATE": state, "WHENMODIFIED": company.now()}, company.clock.now())
    return []


def _quantity(row: Values | None) -> Any:
    return row["QUANTITY"] if row is not None else Decimal(0)
