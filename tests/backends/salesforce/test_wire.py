"""Values and paths on the wire."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.backends.salesforce import wire
from app.domain.records import Value


@pytest.mark.parametrize("text", ["", ".", ".."])
def test_a_segment_that_names_another_resource_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="dotted"):
        wire.segment(text)


@pytest.mark.parametrize(
    ("text", "encoded"),
    [("C/1", "C%2F1"), ("a b", "a%20b"), ("100%", "100%25"), ("x#y?z", "x%23y%3Fz"), ("é", "%C3%A9"), ("a+b", "a%2Bb")],
)
def test_a_segment_is_encoded_whole(text: str, encoded: str) -> None:
    assert wire.segment(text) == encoded


def test_a_decimal_keeps_its_digits_on_the_wire() -> None:
    assert wire.object_text({"Amount": Decimal("12345678901234567.80")}) == '{"Amount":12345678901234567.80}'


@given(st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text()))
def test_every_plain_object_reads_back(members: dict[str, Value]) -> None:
    assert json.loads(wire.object_text(members)) == members


def test_dates_and_datetimes_are_iso_in_utc() -> None:
    instant = datetime(2026, 1, 31, 8, 15, 30, 123456, tzinfo=UTC)
    assert json.loads(wire.object_text({"d": date(2026, 1, 31), "t": instant})) == {
        "d": "2026-01-31",
        "t": "2026-01-31T08:15:30.123Z",
    }


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), datetime(2026, 1, 1)])  # noqa: DTZ001
def test_a_value_without_wire_form_is_refused(value: Value) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        wire.object_text({"x": value})


@pytest.mark.parametrize(
    ("value", "field_type", "expected"),
    [
        (None, "currency", None),
        (10, "currency", Decimal("10")),
        (Decimal("1E+3"), "double", Decimal("1000")),
        (Decimal("7.0"), "int", 7),
        (True, "boolean", True),
        ("2026-01-31", "date", date(2026, 1, 31)),
        ("2026-01-31T08:15:30.000+0000", "datetime", datetime(2026, 1, 31, 8, 15, 30, tzinfo=UTC)),
        ("2026-01-31T09:15:30.000+0100", "datetime", datetime(2026, 1, 31, 8, 15, 30, tzinfo=UTC)),
        ("001000000000001", "id", "001000000000001AAA"),
        (" Cafe\u0301 \r\nTwo ", "textarea", "Café \nTwo"),
        ("   ", "string", None),
    ],
)
def test_a_value_is_decoded_by_its_type(value: Any, field_type: str, expected: Value) -> None:
    decoded = wire.decode(value, field_type)
    assert (decoded, type(decoded)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("value", "field_type"),
    [
        ("true", "boolean"),
        (True, "double"),
        (Decimal("1.5"), "int"),
        ("31.01.2026", "date"),
        (5, "date"),
        ("2026-01-31T08:15:30", "datetime"),
        ("short", "id"),
        ({"street": "x"}, "address"),
    ],
)
def test_a_value_that_does_not_fit_its_type_is_refused(value: Any, field_type: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        wire.decode(value, field_type)


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a":', b'{"a":NaN}', b"[" * 100_000, b'{"a":1e999999}', b"\xff"])
def test_json_that_is_none_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        wire.parse_json(body)


def test_json_numbers_are_exact() -> None:
    assert wire.parse_json(b'{"a":0.10}') == {"a": Decimal("0.10")}
