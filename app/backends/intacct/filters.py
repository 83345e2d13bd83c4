"""Condition trees as filters of `query`, with values in Intacct's spelling. Pure; no sending."""

from collections.abc import Callable, Mapping

from app.backends.intacct import dialect
from app.domain.conditions import AllOf, AnyOf, Compare, Condition, Family, Operator, invalid, typed
from app.domain.errors import Kind, SyncError

FAMILIES: dict[str, Family] = {
    "BOOLEAN": Family.BOOLEAN,
    "CURRENCY": Family.NUMBER,
    "DATE": Family.DATE,
    "DECIMAL": Family.NUMBER,
    "INTEGER": Family.NUMBER,
    "PERCENT": Family.NUMBER,
    "TIMESTAMP": Family.MOMENT,
}
"""By DATATYPE of `lookup`; anything else is text."""

KEY = "RECORDNO"


def spell(condition: Condition, types: Mapping[str, str]) -> dialect.Condition:
    """The filter. `types` by upper-case name, empty where nothing is known; dotted names are left to Intacct.

    Raises SyncError DATA `condition_invalid`, CONFIG `unknown_field` for a field the object does not have.
    """
    if isinstance(condition, AllOf):
        return dialect.every(*[spell(part, types) for part in condition.parts] or [dialect.compare("isnotnull", KEY)])
    if isinstance(condition, AnyOf):
        return dialect.either(*[spell(part, types) for part in condition.parts] or [dialect.compare("isnull", KEY)])
    name = condition.field.upper()
    if types and name not in types and "." not in name:
        message, advice = f"Intacct has no field {condition.field} here.", "Correct the name of the field."
        raise SyncError(Kind.CONFIG, "unknown_field", message, advice, field=condition.field)
    one = typed(condition, FAMILIES.get(types.get(name, ""), Family.TEXT))
    return _SPELLED[one.operator](name, one)


def _simple(word: str) -> Callable[[str, Compare], dialect.Condition]:
    return lambda name, one: dialect.compare(word, name, *one.values)


def _or_empty(word: str) -> Callable[[str, Compare], dialect.Condition]:
    """As in SQL, Intacct's negations leave empty fields out; ours hold for them."""
    return lambda name, one: dialect.either(dialect.compare(word, name, *one.values), dialect.compare("isnull", name))


def _like(name: str, one: Compare) -> dialect.Condition:
    """`like` with its wildcards: no way to take them literally is documented (intacct-api.md 3.2)."""
    text = str(one.values[0])
    if "%" in text or "_" in text:
        raise invalid(one.field, "Intacct cannot look for the characters % and _ inside a text.")
    return dialect.compare("like", name, f"%{text}%" if one.operator is Operator.CONTAINS else f"{text}%")


_SPELLED: dict[Operator, Callable[[str, Compare], dialect.Condition]] = {
    Operator.EQ: _simple("equalto"),
    Operator.NE: _or_empty("notequalto"),
    Operator.LT: _simple("lessthan"),
    Operator.LE: _simple("lessthanorequalto"),
    Operator.GT: _simple("greaterthan"),
    Operator.GE: _simple("greaterthanorequalto"),
    Operator.IN: _simple("in"),
    Operator.NOT_IN: _or_empty("notin"),
    Operator.CONTAINS: _like,
    Operator.STARTS_WITH: _like,
    Operator.IS_EMPTY: _simple("isnull"),
    Operator.IS_FILLED: _simple("isnotnull"),
}
