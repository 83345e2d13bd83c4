"""How names, values and filters are spelt in REST v1. Pure; no sending.

The house speaks of RECORDNO and WHENMODIFIED; REST of `key` and `audit.modifiedDateTime` (intacct-api.md 9.2). Filters
come as the conditions of the XML dialect, whose values are XML text, and are spelt anew here.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from app.backends.intacct.dialect import Condition, from_wire, timestamp
from app.domain.records import Value
from app.sync.ports import Action, FieldInfo, Schema, Write

KEY, MODIFIED, CREATED = "key", "audit.modifiedDateTime", "audit.createdDateTime"
LARGEST_PAGE = 4000
_NAMES = {"RECORDNO": KEY, "WHENMODIFIED": MODIFIED, "WHENCREATED": CREATED}
_OPERATORS = {
    "equalto": "$eq",
    "notequalto": "$ne",
    "lessthan": "$lt",
    "lessthanorequalto": "$lte",
    "greaterthan": "$gt",
    "greaterthanorequalto": "$gte",
    "in": "$in",
    "notin": "$notIn",
}
_FORMATS = {"date": "DATE", "date-time": "TIMESTAMP"}
_TYPES = {"boolean": "BOOLEAN", "integer": "INTEGER", "number": "DECIMAL"}


def name_of(name: str) -> str:
    """The REST name of a field the house asks for."""
    return _NAMES.get(name.upper(), name)


def from_json(value: Any, datatype: str | None) -> Value:
    """The canonical value of a JSON value; empty text is None. Structures, which no field we ask for has, are text."""
    if value is None or isinstance(value, bool):
        return value
    return from_wire(str(value), datatype)


def to_json(value: Value) -> Any:
    """A value as it goes out: amounts as text, so that no float ever touches them. ValueError as in the XML dialect."""
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("a number that is not finite cannot be sent")
        return format(value, "f")
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a timestamp without a zone cannot be sent")
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else value


def body_of(write: Write) -> dict[str, Any]:
    """The JSON of a create or update; dotted names become objects. ValueError for what cannot be written."""
    if write.lines is not None:
        raise ValueError("documents with lines are not written over REST")
    if write.action is Action.UPDATE and not write.key:
        raise ValueError("an update needs the key of its record")
    body: dict[str, Any] = {}
    names = [name_of(name) for name in write.values]
    for name, value in zip(names, write.values.values(), strict=True):
        if any(other.startswith(f"{name}.") for other in names):
            raise ValueError(f"{name} cannot both have a value and contain others")
        *parents, last = name.split(".")
        place = body
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = to_json(value)
    return body


def filters_of(where: Condition, described: Mapping[str, FieldInfo]) -> dict[str, Any]:
    """`filters` and `filterExpression` of a query; `described` by upper-case name. ValueError for what REST lacks."""
    leaves: list[dict[str, Any]] = []
    expression = _expression(where, described, leaves)
    return {"filters": leaves, "filterExpression": expression if len(leaves) > 1 else "and"}


def _expression(where: Condition, described: Mapping[str, FieldInfo], leaves: list[dict[str, Any]]) -> str:
    if where.parts:
        parts = [_expression(part, described, leaves) for part in where.parts]
        return f"({f' {where.operator} '.join(parts)})"
    name = name_of(where.field)
    known = described.get(name.upper())
    name, datatype = (known.name, known.type) if known else (name, None)
    if where.operator in ("isnull", "isnotnull"):
        leaves.append({"$eq" if where.operator == "isnull" else "$ne": {name: None}})
    elif where.operator == "like":
        text = where.values[0]
        leaves.append({"$contains" if text.startswith("%") else "$startsWith": {name: text.strip("%")}})
    elif where.operator not in _OPERATORS:
        raise ValueError(f"REST has no operator {where.operator}")
    else:
        values = [_spelt(value, datatype) for value in where.values]
        several = where.operator in ("in", "notin")
        leaves.append({_OPERATORS[where.operator]: {name: values if several else values[0]}})
    return str(len(leaves))


def _spelt(text: str, datatype: str | None) -> Any:
    """An XML filter value in JSON: dates and moments ISO, booleans as such, all else as text."""
    if datatype == "BOOLEAN":
        return text == "true"
    moment = timestamp(text) if datatype in ("DATE", "TIMESTAMP") else None
    if moment is None:
        return text
    return to_json(moment) if datatype == "TIMESTAMP" else moment.date().isoformat()


def schema_of(kind: str, model: Mapping[str, Any]) -> Schema:
    """The model service's description as the house's: fields of groups and references under dotted names."""
    fields: dict[str, FieldInfo] = {}
    _collect(fields, "", model.get("fields"))
    for part in ("groups", "refs"):
        inner = model.get(part)
        for name, members in inner.items() if isinstance(inner, dict) else ():
            _collect(fields, f"{name}.", members.get("fields") if isinstance(members, dict) else None)
    return Schema(kind, fields)


def _collect(fields: dict[str, FieldInfo], prefix: str, described: Any) -> None:
    for name, members in described.items() if isinstance(described, dict) else ():
        if isinstance(members, dict):
            fields[prefix + name] = _field(prefix + name, members)


def _field(name: str, members: Mapping[str, Any]) -> FieldInfo:
    form, kind = str(members.get("format") or ""), str(members.get("type") or "")
    decimal = "DECIMAL" if form.startswith("decimal") else "TEXT"
    words = members.get("enum")
    writable = members.get("readOnly") is not True
    return FieldInfo(
        name=name,
        type=_FORMATS.get(form) or _TYPES.get(kind, decimal),
        required=members.get("required") is True,
        createable=writable,
        updateable=writable and members.get("mutable") is not False,
        custom="::" in name,
        values=tuple(word for word in words if isinstance(word, str)) if isinstance(words, list) else (),
    )
