"""Payment terms: when something is due."""

from datetime import date, timedelta

from app.simulators.intacct.company import Company


def due_date(company: Company, term: str, day: date) -> date:
    """The day on which a document of `day` is due by the term: so many days later as it says, or as its name does."""
    row = company.tables["ARTERM"].first("NAME", term) or {}
    days = "".join(filter(str.isdigit, str(row.get("DUEDATE") or row.get("NAME") or "")))
    return day + timedelta(days=int(days or 0))
