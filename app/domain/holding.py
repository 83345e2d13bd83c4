"""Whether a record that was read meets a condition: the tree of `conditions` applied to canonical values. Pure.

The same words mean the same as in a query: `ne` and `notIn` hold for empty fields, orders never do, case is ignored.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from app.domain.conditions import AllOf, Compare, Condition, Family, Operator, typed
from app.domain.records import Value


def holds(condition: Condition, values: Mapping[str, Value]) -> bool:
    """Whether `values` (which has every field of the condition) meets it.

    Raises SyncError DATA `condition_invalid` where a value does not fit the field's type.
    """
    if isinstance(condition, Compare):
        return _compared(condition, values.get(condition.field))
    meets = (holds(part, values) for part in condition.parts)
    return all(meets) if isinstance(condition, AllOf) else any(meets)


def _compared(one: Compare, value: Value) -> bool:
    if one.operator is Operator.IS_EMPTY or one.operator is Operator.IS_FILLED:
        return (value in (None, "")) is (one.operator is Operator.IS_EMPTY)
    if value is None:
        return one.operator in (Operator.NE, Operator.NOT_IN)
    one = replace(one, operator=_SINGLE.get(one.operator, one.operator)) if len(one.values) == 1 else one
    wanted = [_folded(item) for item in typed(one, _family(value)).values]
    return _TESTS[one.operator](_folded(value), wanted)


def _family(value: Value) -> Family:
    """By the type in which the backend gave the value; ids are text here, compared without regard to case."""
    for kind, family in _FAMILIES:
        if isinstance(value, kind):
            return family
    return Family.TEXT


def _folded(value: Value) -> Any:
    return value.casefold() if isinstance(value, str) else value


_SINGLE = {Operator.IN: Operator.EQ, Operator.NOT_IN: Operator.NE}
"""A list of one, which also fits fields that take no lists."""

_FAMILIES: tuple[tuple[type | tuple[type, ...], Family], ...] = (
    (bool, Family.BOOLEAN),
    ((int, Decimal), Family.NUMBER),
    (datetime, Family.MOMENT),
    (date, Family.DATE),
)

_TESTS: dict[Operator, Callable[[Any, list[Any]], bool]] = {
    Operator.EQ: lambda value, wanted: value == wanted[0],
    Operator.NE: lambda value, wanted: value != wanted[0],
    Operator.LT: lambda value, wanted: value < wanted[0],
    Operator.LE: lambda value, wanted: value <= wanted[0],
    Operator.GT: lambda value, wanted: value > wanted[0],
    Operator.GE: lambda value, wanted: value >= wanted[0],
    Operator.IN: lambda value, wanted: value in wanted,
    Operator.NOT_IN: lambda value, wanted: value not in wanted,
    Operator.CONTAINS: lambda value, wanted: wanted[0] in value,
    Operator.STARTS_WITH: lambda value, wanted: value.startswith(wanted[0]),
}
