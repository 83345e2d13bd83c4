"""Sales documents as Intacct's legacy functions want them: order of elements, three-part dates, numbers of lines."""

from datetime import date
from decimal import Decimal

import pytest
from lxml import etree

from app.backends.intacct.dialect import write_function
from app.backends.intacct.xml import Scrubber
from app.domain.records import Value
from app.sync.ports import Action, LineItems, Write

LINES = LineItems("SODOCUMENTENTRIES.SODOCUMENTENTRY", ({"MEMO": "m", "QUANTITY": Decimal(2), "ITEMID": "I1"},), ("a",))


def tags(element: etree._Element) -> list[str]:
    return [str(child.tag) for child in element]


def test_create_emits_the_documented_order_whatever_the_order_of_the_values() -> None:
    values: dict[str, Value] = {
        "EXTERNALID": "X",
        "TERM.NAME": "Net 30",
        "SFDC_ID": "own",
        "CUSTVENDID": "C1",
        "BILLTO.CONTACTNAME": "Ann",
        "WHENCREATED": date(2026, 3, 5),
        "DOCPARID": "Sales Order",
    }
    element = write_function(Write("SODOCUMENT", Action.CREATE, values, "c", lines=LINES), Scrubber())
    assert (element.tag, tags(element)) == (
        "create_sotransaction",
        [
            "transactiontype",
            "datecreated",
            "customerid",
            "termname",
            "billto",
            "externalid",
            "customfields",
            "sotransitems",
        ],
    )
    assert [element.findtext(f"datecreated/{part}") for part in ("year", "month", "day")] == ["2026", "03", "05"]
    assert element.findtext("billto/contactname") == "Ann"
    assert element.findtext("customfields/customfield/customfieldname") == "SFDC_ID"
    (line,) = element.iterfind("sotransitems/sotransitem")
    assert tags(line) == ["itemid", "quantity", "memo"]


def test_update_is_keyed_by_docid_and_counts_lines_from_one() -> None:
    rows: tuple[dict[str, Value], ...] = ({"QUANTITY": Decimal(3)}, {"ITEMID": "I2", "QUANTITY": Decimal(1)})
    lines = LineItems(LINES.path, rows, ("a", "b"), numbers=(0, 2), known=2)
    values: dict[str, Value] = {
        "ORIGDOCDATE": None,
        "WHENDUE": date(2026, 4, 1),
        "PONUMBER": "R",
        "DOCID": "Sales Order-SO1",
    }
    element = write_function(Write("SODOCUMENT", Action.UPDATE, values, "c", "17", lines=lines), Scrubber())
    assert (element.tag, element.get("key")) == ("update_sotransaction", "Sales Order-SO1")
    assert tags(element) == ["referenceno", "datedue", "origdocdate", "updatesotransitems"]
    changed, new = element.iterfind("updatesotransitems/*")
    assert (changed.tag, changed.get("line_num"), new.tag, new.get("line_num")) == (
        "updatesotransitem",
        "1",
        "sotransitem",
        None,
    )


@pytest.mark.parametrize("values", [{"PONUMBER": "R"}, {"DOCID": "D", "CUSTVENDID": "C2"}])
def test_update_without_key_or_of_what_cannot_change_is_refused(values: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"DOCID|CUSTVENDID"):
        write_function(Write("SODOCUMENT", Action.UPDATE, values, "c", "17"), Scrubber())
