"""SOQL built by functions that quote and type every value, so that no value can become structure (salesforce-api.md 9).

Conditions are strings made only here; names are checked, values are quoted. No requests.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from app.backends.salesforce.wire import datetime_text, decimal_text
from app.domain.records import Value, salesforce_id

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*){0,5}")
_OPERATORS = frozenset({"=", "!=", "<", ">", "<=", ">="})
_ESCAPES = {"\\": "\\\\", "'": "\\'", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
LONGEST_TEXT = 4000


def path(name: str) -> str:
    """A field, object or parent path (up to five parents up). Raises ValueError for anything else."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name[:80]!r} is not a field or object name")
    return name


def literal(value: Value) -> str:
    """A value as SOQL writes it: text quoted, dates, datetimes, numbers and booleans bare, None as null.

    Raises ValueError for text longer than 4,000 characters or not encodable, naive datetimes and endless numbers.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return datetime_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | Decimal):
        return decimal_text(Decimal(value))
    return _quoted(value)


def typed_literal(text: str, field_type: str) -> str:
    """A search key given as text, as the literal of a field of this describe type.

    Raises ValueError when no record can have it: not an id, not a number, blank (`= ''` would match empty fields).
    """
    if not text.strip():
        raise ValueError("a blank value matches nothing")
    try:
        return literal(_TYPED.get(field_type, str)(text))
    except InvalidOperation as wrong:
        raise ValueError("not a number") from wrong


def compare(name: str, operator: str, value: Value) -> str:
    """`Name = 'x'`; a null test for None. Raises ValueError for an operator outside the subset."""
    if operator not in _OPERATORS:
        raise ValueError(f"{operator!r} is not a comparison")
    return f"{path(name)} {operator} {literal(value)}"


def one_of(name: str, literals: Sequence[str]) -> str:
    """`Name IN (...)` of literals made by this module. Raises ValueError for none: `IN ()` is not SOQL."""
    return f"{path(name)} IN {_listed(literals)}"


def none_of(name: str, literals: Sequence[str]) -> str:
    """`Name NOT IN (...)`, which holds for empty fields too. Raises ValueError for none."""
    return f"{path(name)} NOT IN {_listed(literals)}"


def like(name: str, text: str, *, anywhere: bool) -> str:
    """Text that begins with `text`, or has it anywhere; wildcards in it are taken literally. Text fields only."""
    quoted = _quoted(text)[1:-1].replace("%", "\\%").replace("_", "\\_")
    return f"{path(name)} LIKE '{'%' if anywhere else ''}{quoted}%'"


def either(conditions: Sequence[str]) -> str:
    """Alternatives; in parentheses, so that AND and OR never meet at one level."""
    return conditions[0] if len(conditions) == 1 else f"({' OR '.join(conditions)})"


def both(conditions: Sequence[str]) -> str:
    """Conditions that must all hold, in parentheses for the same reason."""
    return conditions[0] if len(conditions) == 1 else f"({' AND '.join(conditions)})"


def select(
    fields: Sequence[str], kind: str, where: str | None = None, order: Sequence[str] = (), limit: int | None = None
) -> str:
    """A whole query. `where` comes from this module's functions; names are checked here."""
    columns = ",".join(path(field) for field in fields)
    text = f"SELECT {columns} FROM {path(kind)}"  # noqa: S608 - names are checked, values are quoted
    if where:
        text += f" WHERE {where}"
    if order:
        text += f" ORDER BY {','.join(path(field) for field in order)}"
    return text if limit is None else f"{text} LIMIT {limit:d}"


def count(kind: str, where: str) -> str:
    """How many records satisfy `where`; the answer is the page's total size."""
    return f"SELECT COUNT() FROM {path(kind)} WHERE {where}"  # noqa: S608 - names are checked, values are quoted


def _listed(literals: Sequence[str]) -> str:
    if not literals:
        raise ValueError("an empty list matches nothing and must not be asked for")
    return f"({','.join(literals)})"


def _quoted(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise ValueError("the text is too long for a query")
    text.encode()
    escaped = "".join(_ESCAPES.get(char) or (char if char >= " " else f"\\u{ord(char):04x}") for char in text)
    return f"'{escaped}'"


def _boolean(text: str) -> bool:
    word = text.strip().lower()
    if word not in ("true", "false"):
        raise ValueError("neither true nor false")
    return word == "true"


_TYPED: dict[str, Callable[[str], Value]] = {
    "id": salesforce_id,
    "reference": salesforce_id,
    "boolean": _boolean,
    "int": Decimal,
    "double": Decimal,
    "currency": Decimal,
    "percent": Decimal,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
}
