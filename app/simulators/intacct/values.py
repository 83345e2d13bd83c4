"""Field values: from the wire's text to Python and back, in the API user's zone and format.

Stored forms: str, int, Decimal, bool, date, aware UTC datetime, None for empty. No schema rules beyond form.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from app.simulators.intacct.schema import FieldSpec

ROUNDING = {"half up": ROUND_HALF_UP, "half even": ROUND_HALF_EVEN}
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?(?: ?([AaPp][Mm]))?")
_MAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]+")


@dataclass(frozen=True)
class Formatting:
    """How the API user reads and writes dates: IANA zone, `/mdY` style date format, 12 or 24 hour clock."""

    zone: str = "GMT"
    date_format: str = "/mdY"
    clock: int = 24
    rounding: str = "half up"

    def date_text(self, day: date) -> str:
        """`day` in the user's format."""
        parts = {"m": f"{day.month:02}", "d": f"{day.day:02}", "Y": f"{day.year:04}", "y": f"{day.year % 100:02}"}
        return self.date_format[0].join(parts[letter] for letter in self.date_format[1:])

    def read_date(self, text: str) -> date:
        """The day `text` says in the user's format. ValueError if it says none."""
        parts = text.split(self.date_format[0])
        if len(parts) != 3 or not all(p.isascii() and p.isdigit() for p in parts):
            raise ValueError(f"'{text}' is not a date")
        found = dict(zip(self.date_format[1:], map(int, parts), strict=True))
        return date(found["Y"] if "Y" in found else 2000 + found["y"], found["m"], found["d"])

    def timestamp_text(self, instant: datetime) -> str:
        """`instant` as local date and time of the user."""
        local = instant if self.zone == "GMT" else instant.astimezone(ZoneInfo(self.zone))
        if self.clock == 24:
            return f"{self.date_text(local)} {local.hour:02}:{local.minute:02}:{local.second:02}"
        hour = local.hour % 12 or 12
        half = "AM" if local.hour < 12 else "PM"
        return f"{self.date_text(local)} {hour:02}:{local.minute:02}:{local.second:02} {half}"

    def read_timestamp(self, text: str) -> datetime:
        """The instant `text` names on the user's clock; the first of two in the ambiguous autumn hour."""
        day_text, _, clock_text = text.partition(" ")
        moment = time()
        if clock_text:
            match = _TIME.fullmatch(clock_text)
            if match is None:
                raise ValueError(f"'{text}' is not a date and time")
            hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
            if match[4]:
                hour = hour % 12 + (12 if match[4].upper() == "PM" else 0)
            moment = time(hour, minute, second)
        local = datetime.combine(self.read_date(day_text), moment, ZoneInfo(self.zone))
        return local.astimezone(UTC)


def parse(spec: FieldSpec, text: str, how: Formatting) -> Any:
    """The stored value of `text` for the field; None for an empty text. ValueError if the form is wrong."""
    if text == "":
        return None
    return _PARSERS.get(spec.type, _text)(spec, text.strip() if spec.type != "TEXT" else text, how)


def render(spec: FieldSpec, value: Any, how: Formatting) -> str:
    """The wire's text of a stored value. A boolean never set reads as `false`, as the vendor documents."""
    if spec.type == "BOOLEAN":
        return "true" if value else "false"
    if value is None:
        return ""
    if isinstance(value, datetime):
        return how.timestamp_text(value)
    if isinstance(value, date):
        return how.date_text(value)
    return str(value)


def _text(_: FieldSpec, text: str, __: Formatting) -> str:
    return text


def _integer(_: FieldSpec, text: str, __: Formatting) -> int:
    return int(text)


def _decimal(spec: FieldSpec, text: str, how: Formatting) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"'{text}' is not a number") from None
    if not number.is_finite():
        raise ValueError(f"'{text}' is not a number")
    return number if spec.scale is None else number.quantize(Decimal(1).scaleb(-spec.scale), ROUNDING[how.rounding])


def _boolean(_: FieldSpec, text: str, __: Formatting) -> bool:
    word = text.lower()
    if word not in ("true", "false", "t", "f"):
        raise ValueError(f"'{text}' is not true or false")
    return word in ("true", "t")


def _date(_: FieldSpec, text: str, how: Formatting) -> date:
    return how.read_date(text)


def _timestamp(_: FieldSpec, text: str, how: Formatting) -> datetime:
    return how.read_timestamp(text)


_PARSERS = {
    "INTEGER": _integer,
    "DECIMAL": _decimal,
    "PERCENT": _decimal,
    "BOOLEAN": _boolean,
    "DATE": _date,
    "TIMESTAMP": _timestamp,
}


def is_mail(text: str) -> bool:
    """Whether every comma-separated part of `text` looks like an e-mail address."""
    return all(_MAIL.fullmatch(part.strip()) for part in text.split(","))
