"""The functions a formula may call. Each is total over its arguments or raises Failed, and bounds what it makes.

Nothing here reads a clock, a file or a record: the same values give the same result on every machine.
"""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from app.domain.conversions import LONGEST_NUMBER, text_of
from app.domain.transforms import Unfit

LONGEST_TEXT = 10_000
"""Characters of any text that goes in or comes out."""

DIGITS = 10
"""Most digits behind the point to round to."""


class Failed(Exception):
    """The value cannot be had. The message says why, in the words of the formula."""


def text(value: object) -> str:
    """Any value as text; an empty text for nothing. Raises Failed when it is too long."""
    if isinstance(value, str):
        made: str | None = value
    elif value is None or isinstance(value, bool | Decimal | date):
        try:
            made = text_of(value)
        except Unfit as unfit:
            raise Failed(f"a value {unfit}") from unfit
    else:
        raise Failed("a part of it is no value")
    if made is not None and len(made) > LONGEST_TEXT:
        raise Failed(f"a text is longer than {LONGEST_TEXT} characters")
    return made or ""


def number(value: object) -> Decimal:
    """A number, or the number a text holds. Raises Failed for anything else and for one that is too large."""
    try:
        made = value if isinstance(value, Decimal) else Decimal(text(value).strip())
    except ArithmeticError as wrong:
        raise Failed(f"{text(value)[:40]!r} is not a number") from wrong
    if not made.is_finite() or (made and abs(made.adjusted()) > LONGEST_NUMBER):
        raise Failed("a number is too large")
    return made


def equal(left: object, right: object) -> bool:
    """Whether two values are the same; an empty text and nothing are."""
    return (None if left == "" else left) == (None if right == "" else right)


def _whole(value: object) -> int:
    made = number(value)
    if made != made.to_integral_value():
        raise Failed("a position is a whole number")
    return max(0, min(int(made), LONGEST_TEXT))


def _concat(*parts: object) -> str:
    return text("".join(text(part) for part in parts[:50]))


def _mid(value: object, start: object, length: object) -> str:
    first = max(_whole(start), 1) - 1
    return text(value)[first : first + _whole(length)]


def _right(value: object, length: object) -> str:
    said, size = text(value), _whole(length)
    return said[len(said) - min(size, len(said)) :]


def _replace(value: object, old: object, new: object) -> str:
    said, sought, put = text(value), text(old), text(new)
    if not sought:
        return said
    if len(said) + said.count(sought) * (len(put) - len(sought)) > LONGEST_TEXT:
        raise Failed(f"a text is longer than {LONGEST_TEXT} characters")
    return said.replace(sought, put)


def _cased(value: str) -> str:
    return text(value)  # some letters grow when their case changes


def _before(value: object, mark: object) -> str:
    return text(value).partition(text(mark))[0] if text(mark) else text(value)


def _after(value: object, mark: object) -> str:
    return text(value).partition(text(mark))[2] if text(mark) else ""


def _coalesce(*values: object) -> object:
    return next((value for value in values if value not in (None, "")), None)


def _if(condition: object, then: object, otherwise: object = None) -> object:
    return then if condition else otherwise


def _round(value: object, digits: object = Decimal(0)) -> Decimal:
    places = min(_whole(digits), DIGITS)
    made = number(value)
    if made.adjusted() + places >= 27:
        raise Failed("a number is too large to be rounded")
    return made.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


FUNCTIONS: Mapping[str, Callable[..., object]] = {
    "concat": _concat,
    "upper": lambda value: _cased(text(value).upper()),
    "lower": lambda value: _cased(text(value).lower()),
    "trim": lambda value: " ".join(text(value).split()),
    "left": lambda value, length: text(value)[: _whole(length)],
    "right": _right,
    "mid": _mid,
    "replace": _replace,
    "before": _before,
    "after": _after,
    "contains": lambda value, part: text(part) in text(value),
    "starts": lambda value, part: text(value).startswith(text(part)),
    "length": lambda value: Decimal(len(text(value))),
    "blank": lambda value: value in (None, ""),
    "coalesce": _coalesce,
    "if": _if,
    "number": number,
    "text": text,
    "round": _round,
    "year": lambda value: Decimal(_day(value).year),
    "month": lambda value: Decimal(_day(value).month),
    "day": lambda value: Decimal(_day(value).day),
}
"""By name, in small letters; a formula may write them in any case (`IF` only in capitals, `if` is no name)."""


def _day(value: object) -> date:
    if not isinstance(value, date):
        raise Failed("a part of it is no date")
    return value
