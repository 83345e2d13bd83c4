"""Values and queries in Intacct's spelling, there and back."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from app.backends.intacct.dialect import compare, either, every, from_wire, one_of, pick, to_wire, write_function
from app.backends.intacct.xml import Scrubber
from app.domain.records import Value
from app.sync.ports import Action, LineItems, Write


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        (True, "true"),
        (False, "false"),
        (Decimal("1E+5"), "100000"),
        (Decimal("-0.10"), "-0.10"),
        (7, "7"),
        (date(2026, 1, 31), "01/31/2026"),
        (datetime(2026, 1, 31, 10, 0, 5, tzinfo=UTC), "01/31/2026 10:00:05"),
        (datetime(2026, 1, 31, 1, 0, tzinfo=timezone(timedelta(hours=2))), "01/30/2026 23:00:00"),
        ("a & b", "a & b"),
    ],
)
def test_values_are_spelt_as_documented(value: Value, text: str | None) -> None:
    assert to_wire(value) == text


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), datetime(2026, 1, 1)])  # noqa: DTZ001
def test_values_that_are_not_canonical_are_not_sent(value: Value) -> None:
    with pytest.raises(ValueError, match="cannot be sent"):
        to_wire(value)


@pytest.mark.parametrize(
    ("raw", "datatype", "value"),
    [
        ("12.50", "DECIMAL", Decimal("12.50")),
        ("12.5", "CURRENCY", Decimal("12.5")),
        ("5", "INTEGER", 5),
        ("true", "BOOLEAN", True),
        ("F", "BOOLEAN", False),
        ("01/31/2026", "DATE", date(2026, 1, 31)),
        ("01/31/2026 10:00:05", "TIMESTAMP", datetime(2026, 1, 31, 10, 0, 5, tzinfo=UTC)),
        ("2026-01-31T12:00:05+02:00", "TIMESTAMP", datetime(2026, 1, 31, 10, 0, 5, tzinfo=UTC)),
        ("active", "ENUM", "active"),
        ("e\u0301", "TEXT", "é"),
        ("  x ", None, "x"),
        ("", "TEXT", None),
        (None, "DECIMAL", None),
    ],
)
def test_values_come_back_canonical(raw: str | None, datatype: str | None, value: Value) -> None:
    assert from_wire(raw, datatype) == value


@pytest.mark.parametrize("datatype", ["DECIMAL", "INTEGER", "BOOLEAN", "DATE", "TIMESTAMP", "NEWTYPE"])
def test_a_value_that_does_not_fit_its_type_passes_as_text(datatype: str) -> None:
    assert from_wire("n/a", datatype) == "n/a"


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4))
def test_numbers_survive_the_way_there_and_back(number: Decimal) -> None:
    assert from_wire(to_wire(number), "DECIMAL") == number


def function(values: dict[str, Value], action: Action = Action.CREATE, key: str | None = None) -> str:
    element = write_function(Write("CUSTOMER", action, values, "c", key), Scrubber())
    return etree.tostring(element, encoding="unicode")


def test_dotted_names_become_nested_elements_once_each() -> None:
    values: dict[str, Value] = {
        "NAME": "A & B",
        "DISPLAYCONTACT.PRINTAS": "A",
        "STATUS": "active",
        "DISPLAYCONTACT.MAILADDRESS.CITY": "Reno",
        "DISPLAYCONTACT.MAILADDRESS.ZIP": None,
    }
    assert function(values) == (
        "<create><CUSTOMER><NAME>A &amp; B</NAME><DISPLAYCONTACT><PRINTAS>A</PRINTAS>"
        "<MAILADDRESS><CITY>Reno</CITY><ZIP/></MAILADDRESS></DISPLAYCONTACT><STATUS>active</STATUS></CUSTOMER></create>"
    )


def test_recordno_stands_first_in_an_update() -> None:
    text = function({"NAME": "A", "RECORDNO": "9"}, Action.UPDATE, "17")
    assert text == "<update><CUSTOMER><RECORDNO>17</RECORDNO><NAME>A</NAME></CUSTOMER></update>"


def test_lines_of_a_document_stand_last_one_element_each() -> None:
    rows: tuple[dict[str, Value], ...] = ({"ACCOUNTNO": "4000", "TR_TYPE": "1"}, {"ACCOUNTNO": "1000"})
    lines = LineItems("ENTRIES.GLENTRY", rows, ("a", "b"))
    write = Write("GLBATCH", Action.CREATE, {"JOURNAL": "GJ"}, "c", lines=lines)
    assert etree.tostring(write_function(write, Scrubber()), encoding="unicode") == (
        "<create><GLBATCH><JOURNAL>GJ</JOURNAL><ENTRIES><GLENTRY><ACCOUNTNO>4000</ACCOUNTNO><TR_TYPE>1</TR_TYPE>"
        "</GLENTRY><GLENTRY><ACCOUNTNO>1000</ACCOUNTNO></GLENTRY></ENTRIES></GLBATCH></create>"
    )


@pytest.mark.parametrize("name", ["ENTRIES", "ENTRIES.GLENTRY"])
def test_lines_do_not_share_their_element_with_a_field(name: str) -> None:
    lines = LineItems("ENTRIES.GLENTRY", ({"ACCOUNTNO": "4000"},), ("a",))
    with pytest.raises(ValueError, match="ENTRIES cannot both"):
        write_function(Write("GLBATCH", Action.CREATE, {name: "1"}, "c", lines=lines), Scrubber())


@pytest.mark.parametrize(
    "values", [{"A": "1", "A.B": "2"}, {"A.B": "2", "A": "1"}, {"A B": "1"}, {"<x>": "1"}, {"": "1"}, {"A..B": "1"}]
)
def test_names_that_make_no_record_are_refused(values: dict[str, Value]) -> None:
    with pytest.raises(ValueError, match=r"."):
        function(values)


def test_an_update_without_a_key_is_refused() -> None:
    with pytest.raises(ValueError, match="RECORDNO"):
        function({"NAME": "A"}, Action.UPDATE)


def test_single_parts_stand_without_and_or_or() -> None:
    only = compare("isnull", "X")
    assert every(only) is only
    assert either(only) is only


def test_one_value_is_compared_and_several_are_listed() -> None:
    assert one_of("A", ["1"]).operator == "equalto"
    assert one_of("A", ["1", "2"]).operator == "in"


def test_an_empty_parent_element_holds_its_children() -> None:
    assert pick({"DISPLAYCONTACT": None}, "displaycontact.email1") == (True, None)
    assert pick({"NAME": "A"}, "DISPLAYCONTACT.EMAIL1") == (False, None)
