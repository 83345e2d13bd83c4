"""Values, paths and JSON as Salesforce's REST API wants them (salesforce-api.md 3). No requests, no SOQL."""

import json
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

from app.domain.records import Value, salesforce_id

LONGEST_NUMBER = 40
"""Digits before or after the point; Salesforce's own numbers end at 18. Keeps 1E+999999 from filling the memory."""


def segment(text: str) -> str:
    """One path segment, percent-encoded. Raises ValueError for empty, `.` and `..`: they name other resources."""
    if text in ("", ".", ".."):
        raise ValueError("an empty or dotted name cannot stand in an address")
    return quote(text, safe="")


def parse_json(body: bytes) -> Any:
    """Decoded JSON with exact decimals. Raises ValueError for anything that is not JSON, NaN included."""
    try:
        return json.loads(body, parse_float=_exact, parse_constant=_no_constant)
    except RecursionError as deep:
        raise ValueError("the JSON is nested too deeply") from deep


def object_text(members: Mapping[str, Value | Mapping[str, str]]) -> str:
    """A JSON object as text; decimals keep their digits. Raises ValueError for a value that has no JSON form."""
    return "{" + ",".join(f"{json.dumps(name)}:{_json_text(value)}" for name, value in members.items()) + "}"


def decimal_text(number: Decimal) -> str:
    """Plain digits without exponent. Raises ValueError for NaN, infinity and numbers no field can hold."""
    if not number.is_finite() or abs(number.adjusted()) > LONGEST_NUMBER:
        raise ValueError("the number is not finite or far too large")
    return format(number, "f")


def datetime_text(instant: datetime) -> str:
    """`2026-01-31T08:15:30Z`, with milliseconds where there are any. Raises ValueError for a naive datetime."""
    if instant.tzinfo is None:
        raise ValueError("a datetime without zone has no meaning")
    utc = instant.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="milliseconds" if utc.microsecond >= 1000 else "seconds") + "Z"


def decode(value: Any, field_type: str) -> Value:
    """A wire value as the canonical value of its describe type. Raises ValueError when the two do not fit."""
    if value is None:
        return None
    try:
        return _DECODERS.get(field_type, _text)(value)
    except (TypeError, InvalidOperation, OverflowError) as wrong:
        raise ValueError(f"{type(value).__name__} where {field_type} was expected") from wrong


def _exact(text: str) -> Decimal:
    number = Decimal(text)
    decimal_text(number)
    return number


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _json_text(value: Value | Mapping[str, str]) -> str:
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, datetime):
        return f'"{datetime_text(value)}"'
    if isinstance(value, date):
        return f'"{value.isoformat()}"'
    return json.dumps(dict(value) if isinstance(value, Mapping) else value, allow_nan=False)


def _text(value: Any) -> Value:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | Decimal):
        return _decimal(value)
    if not isinstance(value, str):
        raise TypeError
    return unicodedata.normalize("NFC", value.replace("\r\n", "\n")).strip() or None


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool):
        raise TypeError
    return Decimal(decimal_text(Decimal(value)))


def _int(value: Any) -> int:
    number = _decimal(value)
    if number != int(number):
        raise TypeError
    return int(number)


def _date(value: Any) -> date:
    return date.fromisoformat(value)


def _datetime(value: Any) -> datetime:
    instant = datetime.fromisoformat(value)
    if instant.tzinfo is None:
        raise TypeError
    return instant.astimezone(UTC)


def _id(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return salesforce_id(value)


_DECODERS: dict[str, Callable[[Any], Value]] = {
    "boolean": _bool,
    "int": _int,
    "double": _decimal,
    "currency": _decimal,
    "percent": _decimal,
    "date": _date,
    "datetime": _datetime,
    "id": _id,
    "reference": _id,
}
