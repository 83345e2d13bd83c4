"""Amounts: the digits of each currency, half up, and minor units without loss."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.money import exponent, from_minor, rounded, to_minor
from tests.domain.strategies import amounts, many

currencies = st.sampled_from([None, "USD", "EUR", "JPY", "KWD", "CLF", "KRW", "TND", "ZZZ"])


@pytest.mark.parametrize(
    ("currency", "digits"),
    [("USD", 2), ("EUR", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3), ("TND", 3), ("CLF", 4), (None, 2), ("ZZZ", 2)],
)
def test_digits_of_a_currency(currency: str | None, digits: int) -> None:
    assert exponent(currency) == digits


@pytest.mark.parametrize(
    ("amount", "currency", "result"),
    [
        ("1.005", "USD", "1.01"),
        ("1.004999", "USD", "1.00"),
        ("-1.005", "USD", "-1.01"),
        ("100.5", "JPY", "101"),
        ("100.4999", "JPY", "100"),
        ("99.5", "JPY", "100"),
        ("1.0005", "KWD", "1.001"),
        ("1.0004", "KWD", "1.000"),
        ("1.00005", "CLF", "1.0001"),
        ("2.5", None, "2.50"),
    ],
)
def test_rounding_is_half_up_at_the_digits_of_the_currency(amount: str, currency: str | None, result: str) -> None:
    assert str(rounded(Decimal(amount), currency)) == result


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [("12.34", "USD", 1234), ("12", "JPY", 12), ("1.234", "KWD", 1234), ("-0.01", "EUR", -1), ("12.340", "USD", 1234)],
)
def test_minor_units(amount: str, currency: str, units: int) -> None:
    assert to_minor(Decimal(amount), currency) == units
    assert from_minor(units, currency) == Decimal(amount)


@pytest.mark.parametrize(("amount", "currency"), [("1.001", "USD"), ("0.5", "JPY"), ("1.0001", "KWD")])
def test_more_digits_than_the_currency_has_are_refused_and_not_rounded(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match=f"more digits than {currency}"):
        to_minor(Decimal(amount), currency)


@many
@given(amounts, currencies)
def test_any_rounded_amount_survives_minor_units(amount: Decimal, currency: str | None) -> None:
    value = rounded(amount, currency)
    assert from_minor(to_minor(value, currency), currency) == value


@many
@given(amounts, currencies)
def test_rounding_twice_is_rounding_once(amount: Decimal, currency: str | None) -> None:
    assert rounded(rounded(amount, currency), currency) == rounded(amount, currency)
