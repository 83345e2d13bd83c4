"""Value maps, points in time and described types: what crosses, what does not, and that the way back agrees."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.conversions import Instant, Worded, from_side, text_of, typed
from app.domain.records import System, Value
from app.domain.transforms import Identifier, Text, Unfit
from tests.domain.strategies import many

HERE, THERE = System.SALESFORCE, System.INTACCT
SWAPPED = Worded((("A", "B"), ("B", "A")), Identifier(10))
SIZES = Worded((("L", "large"), ("L", "huge"), ("S", "small")), Identifier(10))
LISTS = Worded((("P", "Print"), ("E", "E-Mail")), Identifier(10), many=True)
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_a_map_may_swap_two_words() -> None:
    assert (from_side(SWAPPED, "A", HERE), from_side(SWAPPED, "A", THERE)) == ("B", "A")
    assert SWAPPED.salesforce("A", None) == "B"


def test_words_are_found_in_any_case_and_written_as_mapped() -> None:
    assert from_side(SIZES, " Large ", HERE) == "L"
    assert from_side(SIZES, "l", THERE) == "L"


def test_of_several_words_the_first_returns_unless_another_stands_there() -> None:
    assert SIZES.salesforce("L", "small") == "large"
    assert SIZES.salesforce("L", "huge") == "huge"
    assert SIZES.salesforce("L", "of no meaning") == "large"


@pytest.mark.parametrize(("value", "side"), [("S", HERE), ("small", THERE), ("tiny", HERE)])
def test_a_word_of_the_other_side_or_of_none_is_unmapped(value: str, side: System) -> None:
    with pytest.raises(Unfit, match=f"'{value}' is not in the value map"):
        from_side(SIZES, value, side)


def test_a_long_list_of_words_is_not_named_in_full() -> None:
    words = Worded(tuple((str(n), f"w{n}") for n in range(40)), Identifier(10))
    with pytest.raises(Unfit, match=r"w11, \.\.\.$"):
        from_side(words, "none", HERE)


def test_lists_are_mapped_word_by_word_in_the_order_of_the_map() -> None:
    assert from_side(LISTS, "E-Mail;Print", HERE) == "P#~#E" == from_side(LISTS, "E#~#P", THERE)
    assert LISTS.salesforce("P#~#E", None) == "Print;E-Mail"
    assert (from_side(LISTS, "", HERE), LISTS.salesforce(None, "Print")) == (None, None)


def test_a_word_without_a_pair_on_the_way_back_is_named() -> None:
    with pytest.raises(Unfit, match="no word for Intacct's 'X'"):
        SIZES.salesforce("X", None)


@pytest.mark.parametrize(
    "value",
    [
        NOON,
        "2026-03-01T12:00:00Z",
        NOON.replace(microsecond=999),
        NOON.astimezone(timezone(timedelta(hours=-5))),
        "2026-03-01T07:00:00-05:00",
    ],
    ids=str,
)
def test_an_instant_is_utc_to_the_second(value: Value) -> None:
    assert Instant().canonical(value) == NOON
    assert Instant().salesforce(NOON, value) == value


@pytest.mark.parametrize(
    "value", ["soon", "2026-03-01T12:00:00", NOON.replace(tzinfo=None), "0001-01-01T00:00:00+23:59"]
)
def test_what_is_no_point_in_time_is_unfit(value: Value) -> None:
    with pytest.raises(Unfit):
        Instant().canonical(value)


@pytest.mark.parametrize(
    ("value", "field_type", "expected"),
    [
        ("7", "int", 7),
        (Decimal("7.0"), "int", 7),
        ("7.5", "double", Decimal("7.5")),
        (Decimal("5.0"), "string", "5"),
        (Decimal("1E+3"), "string", "1000"),
        (True, "string", "true"),
        ("yes", "boolean", True),
        (None, "boolean", False),
        (None, "double", None),
        (date(2026, 3, 1), "string", "2026-03-01"),
        ("2026-03-01", "date", date(2026, 3, 1)),
        (NOON, "date", date(2026, 3, 1)),
        (date(2026, 3, 1), "datetime", datetime(2026, 3, 1, tzinfo=UTC)),
        ("a#~#b", "multipicklist", "a;b"),
        (Decimal("5.0"), "", Decimal("5.0")),
        (Decimal("5.0"), None, Decimal("5.0")),
    ],
)
def test_values_take_the_type_of_their_field(value: Value, field_type: str | None, expected: Value) -> None:
    made = typed(value, field_type)
    assert (made, type(made)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("value", "field_type"), [("7.5", "int"), ("many", "double"), ("soon", "date"), (Decimal("1E+99"), "string")]
)
def test_a_value_that_its_field_cannot_hold_is_unfit(value: Value, field_type: str) -> None:
    with pytest.raises(Unfit):
        typed(value, field_type)


def test_numbers_and_boxes_become_text_before_they_are_cut_or_mapped() -> None:
    assert from_side(Text(3), Decimal("12.50"), HERE) == "12."
    assert from_side(Worded((("7", "yes"),), Text(5)), Decimal("7.0"), THERE) == "7"


@many
@given(st.decimals(allow_nan=True, allow_infinity=True))
def test_any_number_is_written_short_or_refused(number: Decimal) -> None:
    try:
        assert len(text_of(number) or "") < 120
    except Unfit:
        assert not number.is_finite() or abs(number.adjusted()) > 40
