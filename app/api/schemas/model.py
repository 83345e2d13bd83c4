"""The two kinds of schema, and the field types whose JSON Schema says exactly what they accept."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StrictBool,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel


class In(BaseModel):
    """What a caller sends."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")


class Out(BaseModel):
    """What a caller gets."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


_INSTANT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
_EARLIEST, _LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


def _instant(value: Any) -> datetime:
    """An RFC 3339 date-time, moved to UTC."""
    if not isinstance(value, str) or not re.fullmatch(_INSTANT, value, re.ASCII):
        raise ValueError("must be a date and time with an offset, such as 2026-11-22T09:00:00Z")
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except OverflowError:
        return _LATEST if value.startswith("9") else _EARLIEST


def _whole(value: Any) -> Any:
    """A whole number as JSON Schema has it: 1 and 1.0, but neither true nor text."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if type(value) is not int:
        raise ValueError("must be a whole number")
    return value


def _digits(value: Any) -> Any:
    """A whole number in a query string."""
    if isinstance(value, str) and not re.fullmatch(r"-?[0-9]{1,18}", value, re.ASCII):
        raise ValueError("must be a whole number")
    return value


Instant = Annotated[
    datetime, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"}, mode="validation")
]
Whole = BeforeValidator(_whole)
"""For an int in a body. Limits stand before it, else they are missing in the schema."""

QueryWhole = BeforeValidator(_digits)
"""For an int in a query; limits likewise."""

Version = Annotated[
    int, Field(ge=0, le=2147483647, description="The version the change was made from; another one is refused."), Whole
]
Truth = StrictBool
Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$")]
"""Text on one line, which both databases can keep."""

RequestKey = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[!#-\[\]-~]+$")]
"""A request id: visible ASCII without the double quote and the backslash."""

Moment = Annotated[
    datetime,
    PlainSerializer(lambda value: value.astimezone(UTC).isoformat().replace("+00:00", "Z"), return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]

PageSize = Annotated[int, Field(ge=1, le=200, description="Rows of a page."), QueryWhole]
