"""Accounting periods: nothing is posted, changed or reversed in a period that is closed. A date, and no tables."""

from datetime import date

from app.simulators.intacct import errors
from app.simulators.intacct.company import Company
from app.simulators.intacct.errors import VendorError


def check_open(company: Company, day: date | None, field: str) -> list[VendorError]:
    """The refusal of a date before the books are open (knob `books_open_from`, ISO; empty: all periods are open)."""
    first = company.knobs["books_open_from"]
    if first and day is not None and day < date.fromisoformat(first):
        return [errors.closed_period(day.isoformat(), field)]
    return []
