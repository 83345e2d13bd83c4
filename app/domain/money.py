"""Amounts of money: Decimal with a currency, stored as integer minor units, rounded half up. Never a float."""

from decimal import ROUND_HALF_UP, Decimal

_EXPONENTS = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}


def exponent(currency: str | None) -> int:
    """Digits behind the point in `currency` (ISO 4217); 2 for an unknown or absent one."""
    return _EXPONENTS.get(currency or "", 2)


def rounded(amount: Decimal, currency: str | None = None) -> Decimal:
    """`amount` with the currency's digits, half up."""
    return amount.quantize(Decimal(1).scaleb(-exponent(currency)), rounding=ROUND_HALF_UP)


def to_minor(amount: Decimal, currency: str | None = None) -> int:
    """Whole minor units. Raises ValueError when `amount` has more digits than the currency."""
    exact = amount.scaleb(exponent(currency))
    if exact != exact.to_integral_value():
        raise ValueError(f"{amount} has more digits than {currency or 'the currency'} allows")
    return int(exact)


def from_minor(units: int, currency: str | None = None) -> Decimal:
    """The inverse of `to_minor`."""
    return Decimal(units).scaleb(-exponent(currency))
