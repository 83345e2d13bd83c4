"""Salesforce ids in their 18-character form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.records import salesforce_id
from tests.domain.strategies import many

KNOWN = [
    # examples of Salesforce's REST API Developer Guide; the first also stands in salesforce-api.md 3.3
    ("001xx0000000001", "001xx0000000001AAA"),
    ("001D000000IRFma", "001D000000IRFmaIAH"),
    ("001D000000K0fXO", "001D000000K0fXOIAZ"),
    ("001D000000INjVe", "001D000000INjVeIAL"),
    ("a00D0000008pQSN", "a00D0000008pQSNIA2"),
]


@pytest.mark.parametrize(("short", "long"), KNOWN)
def test_fifteen_characters_get_their_check_suffix(short: str, long: str) -> None:
    assert salesforce_id(short) == long


@pytest.mark.parametrize("long", [long for _, long in KNOWN])
def test_eighteen_characters_stay(long: str) -> None:
    assert salesforce_id(long) == long


@pytest.mark.parametrize("long", [long for _, long in KNOWN])
def test_suffix_in_small_letters_is_put_right(long: str) -> None:
    assert salesforce_id(long[:15] + long[15:].lower()) == long


@pytest.mark.parametrize("wrong", ["001D000000IRFmaIAA", "001D000000IRFmaAAA", "001d000000irfmaIAH"])
def test_suffix_that_does_not_fit_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        salesforce_id(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "001D000000IRFm",
        "001D000000IRFmaI",
        "001D000000IRFmaIA",
        "001D000000IRFmaIAHX",
        "001D000000IRF-a",
        "001D000000IRF a",
        "001D000000IRFmä",
        "００１D000000IRFma",
    ],
)
def test_what_is_not_fifteen_or_eighteen_letters_and_digits_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="15 or 18"):
        salesforce_id(wrong)


@many
@given(st.text("abcXYZ019", min_size=15, max_size=15))
def test_long_form_of_any_id_is_stable_and_begins_with_the_short_one(short: str) -> None:
    long = salesforce_id(short)
    assert long[:15] == short
    assert len(long) == 18
    assert salesforce_id(long) == long


@many
@given(st.text("abcXYZ019", min_size=15, max_size=15), st.integers(0, 14))
def test_id_with_one_letter_in_the_wrong_case_is_refused(short: str, place: int) -> None:
    long = salesforce_id(short)
    swapped = long[:place] + long[place].swapcase() + long[place + 1 :]
    if swapped != long:
        with pytest.raises(ValueError, match="do not fit"):
            salesforce_id(swapped)
