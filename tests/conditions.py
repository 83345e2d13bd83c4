"""What a condition means, said once more in plain Python: backends are held to it, doubles answer by it.

Text is compared without regard to case, as Salesforce does. No test stands here.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from app.domain.conditions import VALUELESS, AllOf, AnyOf, Condition, Operator
from app.domain.records import Value


def holds(condition: Condition, values: Mapping[str, Value]) -> bool:
    """Whether a record with these values is meant."""
    if isinstance(condition, AllOf):
        return all(holds(part, values) for part in condition.parts)
    if isinstance(condition, AnyOf):
        return any(holds(part, values) for part in condition.parts)
    return _holds(condition.operator, values.get(condition.field), condition.values)


def _holds(operator: Operator, found: Value, wanted: tuple[Value, ...]) -> bool:
    empty = found is None or found == ""
    if operator in VALUELESS:
        return empty is (operator is Operator.IS_EMPTY)
    if empty:
        return operator in (Operator.NE, Operator.NOT_IN)
    here = _plain(found)
    there = [Decimal(str(v)) if isinstance(here, Decimal) else _plain(v) for v in wanted]
    if operator in (Operator.EQ, Operator.IN):
        return here in there
    if operator in (Operator.NE, Operator.NOT_IN):
        return here not in there
    if operator in (Operator.CONTAINS, Operator.STARTS_WITH):
        text, part = str(here), str(there[0])
        return text.startswith(part) if operator is Operator.STARTS_WITH else part in text
    order = (here > there[0]) - (here < there[0])
    outcome: dict[str, bool] = {"lt": order < 0, "le": order <= 0, "gt": order > 0, "ge": order >= 0}
    return outcome[operator]


def _plain(value: Value) -> Any:
    if isinstance(value, str):
        return value.casefold()
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
