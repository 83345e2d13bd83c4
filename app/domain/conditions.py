"""Which records are meant: a tree of comparisons in the users' field names, free of any query language.

Backends spell it out for their vendor and say which fields exist and of what family they are. No field is known here.

    ne and notIn   hold for empty fields too
    lt le gt ge    never hold for empty fields
    contains       and startsWith take their text literally; whether case counts is the vendor's habit
    AllOf(())      every record
    AnyOf(())      none
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from app.domain.errors import Kind, SyncError
from app.domain.records import Value, salesforce_id

MOST_COMPARISONS = 600
MOST_VALUES = 100
"""Values of one comparison."""
MOST_LEVELS = 6
LONGEST_VALUE = 255
_LARGEST_EXPONENT = 30


class Operator(StrEnum):
    """How a field is compared."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    IN = "in"
    NOT_IN = "notIn"
    CONTAINS = "contains"
    STARTS_WITH = "startsWith"
    IS_EMPTY = "isEmpty"
    IS_FILLED = "isFilled"


LISTS = (Operator.IN, Operator.NOT_IN)
VALUELESS = (Operator.IS_EMPTY, Operator.IS_FILLED)


class Family(StrEnum):
    """What a field holds, as far as comparing goes."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    MOMENT = "moment"
    ID = "id"


@dataclass(frozen=True, slots=True)
class Compare:
    """A field, an operator and its values: one, several for `in` and `notIn`, none for the tests of emptiness.

    A value is canonical, or text, which the backend reads by the type of the field.
    """

    field: str
    operator: Operator
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds."""

    parts: tuple["Condition", ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple["Condition", ...] = ()


Condition = Compare | AllOf | AnyOf
EVERYTHING = AllOf()


def comparisons(condition: Condition) -> Iterator[Compare]:
    """All comparisons of a tree, from left to right."""
    if isinstance(condition, Compare):
        yield condition
        return
    for part in condition.parts:
        yield from comparisons(part)


def check(condition: Condition) -> None:
    """Whether the tree is small enough and every comparison has the values its operator wants.

    Raises SyncError DATA `condition_invalid` with the field to blame.
    """
    if _levels(condition) > MOST_LEVELS:
        raise invalid("", f"A filter has at most {MOST_LEVELS} levels.")
    every = list(comparisons(condition))
    if len(every) > MOST_COMPARISONS:
        raise invalid("", f"A filter has at most {MOST_COMPARISONS} comparisons.")
    for one in every:
        least, most = _ROOM.get(one.operator, (1, 1))
        if not least <= len(one.values) <= most:
            wanted = f"{least}" if least == most else f"{least} to {most}"
            raise invalid(one.field, f"{one.operator} takes {wanted} values, not {len(one.values)}.")
        if any(value is None or (isinstance(value, str) and not value.strip()) for value in one.values):
            raise invalid(one.field, "A value is empty; to look for empty fields use isEmpty.")


def typed(one: Compare, family: Family) -> Compare:
    """The comparison with canonical values. Raises SyncError DATA `condition_invalid` for what does not fit."""
    if one.operator not in _FITTING[family]:
        raise invalid(one.field, f"{one.field} holds {_READ[family][2]}, so {one.operator} does not apply.")
    try:
        return replace(one, values=tuple(_value(family, value) for value in one.values))
    except (ValueError, KeyError, InvalidOperation) as wrong:
        raise invalid(one.field, f"A value for {one.field} is not {_READ[family][2]}.") from wrong


def invalid(field: str, message: str) -> SyncError:
    """A comparison that cannot be asked, by the user's field name."""
    return SyncError(Kind.DATA, "condition_invalid", message, "Correct the filter and ask again.", field=field or None)


_ROOM = {
    Operator.IN: (1, MOST_VALUES),
    Operator.NOT_IN: (1, MOST_VALUES),
    Operator.IS_EMPTY: (0, 0),
    Operator.IS_FILLED: (0, 0),
}


_EQUAL = frozenset({Operator.EQ, Operator.NE, Operator.IN, Operator.NOT_IN, *VALUELESS})
_ORDERED = _EQUAL | {Operator.LT, Operator.LE, Operator.GT, Operator.GE}
_FITTING = {
    Family.TEXT: frozenset(Operator),
    Family.NUMBER: _ORDERED,
    Family.DATE: _ORDERED,
    Family.MOMENT: _ORDERED,
    Family.ID: _EQUAL,
    Family.BOOLEAN: frozenset({Operator.EQ, Operator.NE}),
}


def _boolean(text: str) -> bool:
    return {"true": True, "false": False}[text.strip().lower()]


def _number(text: str) -> Decimal:
    number = Decimal(text.strip())
    if not number.is_finite() or abs(number.adjusted()) > _LARGEST_EXPONENT:
        raise ValueError
    return number


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is None:
        raise ValueError
    return moment


def _text(text: str) -> str:
    if len(text) > LONGEST_VALUE or any(char < " " or "\ud800" <= char <= "\udfff" for char in text):
        raise ValueError
    return text


_READ: dict[Family, tuple[Callable[[str], Value], type | tuple[type, ...], str]] = {
    Family.TEXT: (_text, str, f"text of at most {LONGEST_VALUE} characters on one line"),
    Family.NUMBER: (_number, (int, Decimal), "a number"),
    Family.BOOLEAN: (_boolean, bool, "true or false"),
    Family.DATE: (lambda text: date.fromisoformat(text.strip()), date, "a date such as 2026-01-31"),
    Family.MOMENT: (_moment, datetime, "a time with its zone such as 2026-01-31T08:00:00Z"),
    Family.ID: (lambda text: salesforce_id(text.strip()), str, "a Salesforce id"),
}


def _value(family: Family, value: Value) -> Value:
    read, types, _ = _READ[family]
    if isinstance(value, str):
        return read(value)
    if not isinstance(value, types) or isinstance(value, bool) is not (family is Family.BOOLEAN):
        raise ValueError
    return value


def _levels(condition: Condition) -> int:
    if isinstance(condition, Compare):
        return 1
    return 1 + max(map(_levels, condition.parts), default=0)
