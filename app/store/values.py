"""Canonical values as JSON and back, types kept, so that an intent can be sent again exactly as it was."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from app.domain.records import Value

READERS: dict[str, Callable[[str], Value]] = {
    "decimal": Decimal,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
}


def encode(values: Mapping[str, Value]) -> dict[str, Any]:
    """JSON-safe form of canonical values."""
    return {name: _encode(value) for name, value in values.items()}


def decode(stored: Mapping[str, Any]) -> dict[str, Value]:
    """The inverse of `encode`."""
    return {name: _decode(value) for name, value in stored.items()}


def _encode(value: Value) -> Any:
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, datetime):
        return {"datetime": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    return value


def _decode(value: Any) -> Value:
    if not isinstance(value, dict):
        plain: Value = value  # str, bool, int or None, as written by _encode
        return plain
    ((kind, text),) = value.items()
    return READERS[kind](text)
