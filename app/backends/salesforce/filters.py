"""Condition trees as SOQL: every name comes from the org's own description, every value is quoted by its field's type.

Pure: the columns are looked up before. No requests.
"""

from collections.abc import Mapping

from app.backends.salesforce import soql
from app.backends.salesforce.schemas import Column
from app.domain.conditions import AllOf, AnyOf, Compare, Condition, Family, Operator, invalid, typed

FAMILIES: dict[str, Family] = {
    "boolean": Family.BOOLEAN,
    "currency": Family.NUMBER,
    "date": Family.DATE,
    "datetime": Family.MOMENT,
    "double": Family.NUMBER,
    "id": Family.ID,
    "int": Family.NUMBER,
    "percent": Family.NUMBER,
    "reference": Family.ID,
}
"""By describe type; anything else is text."""

_SIGNS = {
    Operator.EQ: "=",
    Operator.NE: "!=",
    Operator.LT: "<",
    Operator.LE: "<=",
    Operator.GT: ">",
    Operator.GE: ">=",
}
_NONE = "Id = null"
_ALL = "Id != null"


def spell(condition: Condition, columns: Mapping[str, Column]) -> str:
    """The WHERE condition. `columns` by the field names of the tree. Raises SyncError DATA `condition_invalid`."""
    if isinstance(condition, AllOf):
        return soql.both([spell(part, columns) for part in condition.parts] or [_ALL])
    if isinstance(condition, AnyOf):
        return soql.either([spell(part, columns) for part in condition.parts] or [_NONE])
    column = columns[condition.field]
    one = typed(condition, FAMILIES.get(column.type, Family.TEXT))
    try:
        return _comparison(column.name, one)
    except ValueError as wrong:
        raise invalid(one.field, f"{one.field} cannot be compared: {wrong}.") from wrong


def _comparison(name: str, one: Compare) -> str:
    """One comparison. SOQL's `!=` and `NOT IN` hold for empty fields, as ours do (salesforce-api.md 9)."""
    match one.operator:
        case Operator.IS_EMPTY:
            return soql.compare(name, "=", None)
        case Operator.IS_FILLED:
            return soql.compare(name, "!=", None)
        case Operator.IN:
            return soql.one_of(name, [soql.literal(value) for value in one.values])
        case Operator.NOT_IN:
            return soql.none_of(name, [soql.literal(value) for value in one.values])
        case Operator.CONTAINS | Operator.STARTS_WITH:
            return soql.like(name, str(one.values[0]), anywhere=one.operator is Operator.CONTAINS)
        case _:
            return soql.compare(name, _SIGNS[one.operator], one.values[0])
