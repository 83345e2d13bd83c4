"""Telling an edit made on one side from our own write coming back. Pure."""

from collections.abc import Mapping

from app.domain.declaration import Rule
from app.domain.mapping import from_intacct, from_salesforce
from app.domain.merge import Base, blank
from app.domain.plan import Plan
from app.domain.records import Record, salesforce_id
from app.domain.transforms import plain


def is_inactive(record: Record) -> bool:
    """Whether Intacct shows the record as inactive, in either API's spelling."""
    return any(
        str(record.values.get(name) or "").lower() == "inactive" for name in record.values if name.upper() == "STATUS"
    )


def made_from(plan: Plan, record: Record) -> str | None:
    """The Salesforce record that an Intacct record was made from, by its link field; None where that names none."""
    try:
        return salesforce_id(str(record.values.get(plan.link_field or "") or ""))
    except ValueError:
        return None


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


def edited_in_salesforce(plan: Plan, record: Record, base: Base, twins: Mapping[tuple[str, str], str]) -> bool:
    """Whether a row that may go to Intacct holds something other than what both sides last agreed on.

    `twins` are as for `mapping.from_salesforce`. A gap that a default fills changes nothing.
    """
    rows = [row for row in plan.rows if row.rule is not Rule.FROM_INTACCT or plan.object.source_wins]
    found = from_salesforce(rows, record.values, twins)
    if found.problems:
        return True  # a value nobody can carry is news: the run says what is wrong with it
    filled = {row.id for row in rows if row.default is not None}
    return any(
        plain(value) != base.get(row_id, plain(None))
        for row_id, value in found.values.items()
        if not (row_id in filled and blank(value))
    )
