"""Places in a list, as text a caller hands back. A page is asked for one row longer, to know whether more follow."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

Row = TypeVar("Row")
Place = tuple[datetime, str]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CURSOR = r"^[0-9]{1,16}-[A-Za-z0-9-]{1,36}$"
"""What a cursor looks like. Every text of this form is a place, so none has to be refused."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows of a list and the cursor of the next page, None on the last."""

    rows: Sequence[Row]
    next_cursor: str | None


def place_of(cursor: str | None) -> Place | None:
    """The place a cursor names: microseconds since 1970 and the id of the last row seen."""
    if cursor is None:
        return None
    micros, _, key = cursor.partition("-")
    return _EPOCH + timedelta(microseconds=int(micros)), key


def cut(rows: Sequence[Row], size: int, place: Callable[[Row], Place]) -> Page[Row]:
    """A page of `size` out of up to `size` + 1 rows."""
    if len(rows) <= size:
        return Page(rows, None)
    at, key = place(rows[size - 1])
    return Page(rows[:size], f"{(at - _EPOCH) // timedelta(microseconds=1)}-{key}")
