"""Telling an edit made in Intacct from our own write coming back. Pure."""

from collections.abc import Mapping

from app.domain.declaration import Rule
from app.domain.mapping import from_intacct
from app.domain.merge import Base, blank
from app.domain.plan import Plan
from app.domain.records import Record
from app.domain.transforms import plain


def is_inactive(record: Record) -> bool:
    """Whether Intacct shows the record as inactive, in either API's spelling."""
    return any(
        str(record.values.get(name) or "").lower() == "inactive" for name in record.values if name.upper() == "STATUS"
    )


def edited(plan: Plan, record: Record, base: Base, known: Mapping[str, set[str]], *, every_row: bool = False) -> bool:
    """Whether a row that may come back holds something other than what both sides last agreed on.

    `known` holds, per object, natural ids that have a Salesforce twin (see `mapping.from_intacct`). `every_row`
    compares rows that only go to Intacct as well. An empty value of a row with a default changes nothing.
    """
    rows = [row for row in plan.rows if every_row or row.rule is not Rule.TO_INTACCT]
    found = from_intacct(rows, plan.as_shown(record.values), known)
    if found.problems and not every_row:
        return True  # a value nobody can carry is news: the run says what is wrong with it
    kept = {row.id for row in rows if row.default is not None and not every_row}
    return any(
        plain(value) != base.get(row_id, plain(None))
        for row_id, value in found.values.items()
        if not (row_id in kept and blank(value))
    )
