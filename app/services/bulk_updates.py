"""Bulk updates: the same values given to every record a filter finds, in Salesforce. A mass run with another purpose.

Counted and previewed first, then started, watched and cancelled as a mass run. What writes stands in `bulk_steps`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.declaration import SyncedObject
from app.domain.records import Lane
from app.services import mass_runs
from app.services.bulk_values import Assignments, Given, Planned, assignments_of
from app.services.context import Context
from app.services.mass_runs import Progress
from app.services.selections import Selection, Wanted, selection_of
from app.services.spending import note_spending
from app.store import mass, mass_edits
from app.store.mass_tables import MassEdit
from app.store.tables import Connection

MOST_SHOWN = 50
"""Records of one page of a preview."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """How many records an update concerns, some of them with what would change, and where the next ones begin."""

    records: int
    planned: Sequence[Planned]
    behind: str | None


async def count(
    context: Context, connection: Connection, declared: SyncedObject, wanted: Wanted, given: Sequence[Given]
) -> int:
    """How many records the filter finds now. Raises SyncError for a filter or values that cannot be had."""
    selection, _ = await _checked(context, connection, declared, wanted, given, 1)
    return await mass_runs.counted(context, selection)


async def preview(
    context: Context,
    connection: Connection,
    declared: SyncedObject,
    wanted: Wanted,
    given: Sequence[Given],
    *,
    after: str,
    size: int,
) -> Outlook:
    """The count, and a page of records with what would change. Writes nothing. Raises what `count` raises."""
    selection = await selection_of(context, connection, declared, wanted, size)
    place = after if wanted.failed else after.replace("e:", "r:", 1)
    try:
        assignments = await assignments_of(selection.plan, selection.pair, given)
        found, behind = await selection.records(place, assignments.fields)
        total = await selection.count()
    finally:
        await note_spending(context, connection.id, Lane.BULK, selection.pair)
    return Outlook(total, [assignments.plan(record) for record in found], behind)


async def start(
    context: Context,
    connection: Connection,
    declared: SyncedObject,
    wanted: Wanted,
    given: Sequence[Given],
    *,
    confirmed: int,
    by: str,
    requested_by: str | None,
    correlation_id: str,
) -> Progress:
    """Begin an update over the records of the filter, whose number somebody has seen and confirmed.

    Raises what `count` and `mass_runs.start` raise.
    """
    await _checked(context, connection, declared, wanted, given, 1)
    return await mass_runs.start(
        context,
        connection,
        declared,
        wanted,
        confirmed=confirmed,
        by=by,
        requested_by=requested_by,
        correlation_id=correlation_id,
        changes=[one.plain() for one in given],
    )


async def edits(
    context: Context, connection_id: str, run_id: str, *, result: str | None, after: str, size: int
) -> tuple[list[MassEdit], str | None] | None:
    """A page of the records of an update, and the id the next page begins behind; None when there is no such run."""
    async with context.begin() as session:
        if await mass.get(session, connection_id, run_id, purpose=mass.UPDATE) is None:
            return None
        rows = await mass_edits.page(session, run_id, result, after, size + 1)
    return rows[:size], rows[size - 1].record_id if len(rows) > size else None


async def _checked(
    context: Context,
    connection: Connection,
    declared: SyncedObject,
    wanted: Wanted,
    given: Sequence[Given],
    size: int,
) -> tuple[Selection, Assignments]:
    """Filter and values made concrete and asked for once, so that a field nobody has is found before the start."""
    selection = await selection_of(context, connection, declared, wanted, size)
    try:
        assignments = await assignments_of(selection.plan, selection.pair, given)
        await selection.records("", assignments.fields)
    finally:
        await note_spending(context, connection.id, Lane.BULK, selection.pair)
    return selection, assignments
