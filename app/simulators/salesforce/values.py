"""Field values: what a write may carry, and the one form in which each is stored (the form of the wire). No records."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from app.simulators.salesforce.errors import Refusal, refuse
from app.simulators.salesforce.ids import normalise
from app.simulators.salesforce.schema import Field

EMAIL = re.compile(r"[^@\s,;<>()]+@[^@\s,;<>()]+\.[^@\s,;<>().]{2,}")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
DATETIME = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,6})\d*)?(Z|[+-]\d{2}:?\d{2})")


def stamp(instant: datetime) -> str:
    """A datetime as Salesforce writes it: UTC, whole seconds with `.000`, offset without colon."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def parse_stamp(text: str) -> datetime | None:
    """An aware datetime from ISO 8601 with a zone (`Z`, `+01:00`, `+0100`), or None."""
    if not (match := DATETIME.fullmatch(text)):
        return None
    zone = match[3] if match[3] == "Z" or ":" in match[3] else f"{match[3][:3]}:{match[3][3:]}"
    try:
        return datetime.fromisoformat(match[1] + zone.replace("Z", "+00:00"))
    except ValueError:
        return None


def is_date(text: str) -> bool:
    """Whether `text` is a calendar day as `YYYY-MM-DD`."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return DATE.fullmatch(text) is not None


def _unreadable(made: Field, value: Any, kind: str = "") -> Refusal:
    return refuse("JSON_PARSER_ERROR/value", type=kind or made.type, value=value, fields=[made.name])


def _text(made: Field, value: Any) -> str | None:
    if not isinstance(value, str):
        raise _unreadable(made, value, "string")
    kept = value.strip()
    if made.length and len(kept) > made.length:
        raise refuse("STRING_TOO_LONG", label=made.label, value=kept, length=made.length, fields=[made.name])
    return kept or None


def _email(made: Field, value: Any) -> str | None:
    kept = _text(made, value)
    if kept is not None and not EMAIL.fullmatch(kept):
        raise refuse("INVALID_EMAIL_ADDRESS", label=made.label, value=kept, fields=[made.name])
    return kept


def _choice(made: Field, value: Any) -> str | None:
    kept = _text(made, value)
    if kept is None or not made.restricted:
        return kept
    spelled = {v.casefold(): v for v in made.values}.get(kept.casefold())
    if spelled is None:
        raise refuse("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", label=made.label, value=kept, fields=[made.name])
    return spelled


def _choices(made: Field, value: Any) -> str | None:
    kept = _text(made, value)
    if kept is None:
        return None
    chosen = list(dict.fromkeys(part.strip() for part in kept.split(";") if part.strip()))
    foreign = [c for c in chosen if c not in made.values]
    if foreign and made.restricted:
        raise refuse("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", label=made.label, value=kept, fields=[made.name])
    return ";".join([v for v in made.values if v in chosen] + foreign) or None


def _boolean(made: Field, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise _unreadable(made, value)


def _number(made: Field, value: Any) -> float | int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _unreadable(made, value, "double")
    if value == "":
        return None
    try:
        exact = Decimal(str(value))
        rounded = exact.quantize(Decimal(1).scaleb(-made.scale), ROUND_HALF_UP)
    except InvalidOperation:
        raise _unreadable(made, value, "int" if made.type == "int" else "double") from None
    if not exact.is_finite():
        raise _unreadable(made, value, "double")
    if made.precision and abs(rounded) >= Decimal(10) ** (made.precision - made.scale):
        raise refuse("NUMBER_OUTSIDE_VALID_RANGE", label=made.label, value=value, fields=[made.name])
    return int(rounded) if made.type == "int" else float(rounded)


def _date(made: Field, value: Any) -> str | None:
    if value == "":
        return None
    if not isinstance(value, str) or not is_date(value):
        raise _unreadable(made, value)
    return value


def _datetime(made: Field, value: Any) -> str | None:
    if value == "":
        return None
    instant = parse_stamp(value) if isinstance(value, str) else None
    if instant is None:
        raise _unreadable(made, value)
    return stamp(instant)


def _reference(made: Field, value: Any) -> str | None:
    if value == "":
        return None
    record_id = normalise(value)
    if record_id is None:
        raise refuse("MALFORMED_ID", label=made.label, value=value, fields=[made.name])
    return record_id


Reader = Callable[[Field, Any], str | float | bool | None]
READERS: dict[str, Reader] = {
    "boolean": _boolean,
    "currency": _number,
    "date": _date,
    "datetime": _datetime,
    "double": _number,
    "email": _email,
    "int": _number,
    "multipicklist": _choices,
    "percent": _number,
    "picklist": _choice,
    "id": _reference,
    "reference": _reference,
}


def read_value(made: Field, value: Any) -> Any:
    """The stored form of a value given in a write. Refuses what the field cannot hold; null is never refused here."""
    if value is None:
        return False if made.type == "boolean" else None
    reader: Reader = READERS.get(made.type, _text)
    return reader(made, value)
