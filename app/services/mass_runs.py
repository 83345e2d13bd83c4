"""Mass runs: counted, started, watched, cancelled. What selects their records stands in `mass_steps`.

A run syncs its records, or gives them other values in Salesforce (`bulk_updates`); the story is the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from app.domain.decisions import Result
from app.domain.declaration import SyncedObject
from app.domain.errors import Kind, SyncError
from app.domain.records import Lane
from app.services.context import Context
from app.services.intake import Origin
from app.services.paging import Page, cut, place_of
from app.services.selections import Selection, Wanted, selection_of
from app.services.spending import note_spending
from app.services.users import user_refusal
from app.store import mass, mass_edits
from app.store.mass_tables import MassRun
from app.store.tables import Connection

TOLERANCE, SHARE = 10, 0.05
"""Records, and part of the confirmed number, by which the count may have moved between confirming and starting."""

LEASE = {mass.SYNC: timedelta(seconds=60), mass.UPDATE: timedelta(minutes=5)}
"""How long a process may be at work on a run without a sign of life, by what the run is for: an update waits for
Salesforce in between, and nobody else may ask what became of its records while their write is on its way."""

PENDING, CANCELLED, FORGOTTEN = "pending", "cancelled", "forgotten"
WORDS = (PENDING, *(result.value for result in Result), CANCELLED, FORGOTTEN)
"""What a record of a run can be counted as: the sum over all words is the number of records selected."""


@dataclass(frozen=True, slots=True)
class Count:
    """What a run would concern: its records, and the most Intacct transactions it can cost (every record written)."""

    records: int
    most_transactions: int


@dataclass(frozen=True, slots=True)
class Progress:
    """A run as it stands. `counts` by word; `joined` of the records had an operation already."""

    run: MassRun
    counts: Mapping[str, int]
    joined: int


async def count(context: Context, connection: Connection, declared: SyncedObject, wanted: Wanted) -> Count:
    """How many records the filter finds now. Raises SyncError for a filter that cannot be asked."""
    selection = await selection_of(context, connection, declared, wanted)
    return _cost(selection, await counted(context, selection))


async def start(
    context: Context,
    connection: Connection,
    declared: SyncedObject,
    wanted: Wanted,
    *,
    confirmed: int,
    by: str,
    requested_by: str | None,
    correlation_id: str,
    changes: Sequence[Mapping[str, Any]] = (),
) -> Progress:
    """Begin a run over the records of the filter, whose number somebody has seen and confirmed.

    With `changes`, the plain forms of values, it gives them to the records; without, it syncs them. Raises SyncError
    CONFLICT `count_moved` when there are now many more or fewer, `mass_run_active` while another run is still selecting
    records of the object, PERMISSION `user_not_named` or `user_not_mapped` by the user access list.
    """
    refusal = user_refusal(connection, Origin.MASS_TOOL, requested_by)
    if refusal is not None:
        raise SyncError(Kind.PERMISSION, *refusal, "Name a user who may have records synced.")
    found = await counted(context, await selection_of(context, connection, declared, wanted))
    if abs(found - confirmed) > max(TOLERANCE, int(confirmed * SHARE)):
        message = f"{confirmed} records were confirmed, but the filter finds {found} now."
        raise SyncError(Kind.CONFLICT, "count_moved", message, "Count again, look at the number, and start with it.")
    row = MassRun(
        id=context.new_id(),
        connection_id=connection.id,
        object=declared.name,
        purpose=mass.UPDATE if changes else mass.SYNC,
        changes=[dict(one) for one in changes],
        state=mass.SELECTING,
        wanted=wanted.plain(),
        confirmed=confirmed,
        requested_by=requested_by,
        created_by=by,
        correlation_id=correlation_id,
        created_at=context.clock.now(),
    )
    async with context.begin() as session:
        if not await mass.insert(session, row):
            message = f"Another mass run is still selecting records of {declared.name}."
            advice = "Wait until it has selected its records, or cancel it."
            raise SyncError(Kind.CONFLICT, "mass_run_active", message, advice)
        [progress] = await _progress(session, [row])
    return progress


async def get(context: Context, connection_id: str, run_id: str, purpose: str = mass.SYNC) -> Progress | None:
    """One run of the connection; None when there is none for that purpose."""
    async with context.begin() as session:
        row = await mass.get(session, connection_id, run_id, purpose=purpose)
        return (await _progress(session, [row]))[0] if row is not None else None


async def listed(
    context: Context,
    connection_id: str,
    object_name: str | None,
    cursor: str | None,
    size: int,
    purpose: str = mass.SYNC,
) -> Page[Progress]:
    """A page of runs, newest first."""
    async with context.begin() as session:
        rows = await mass.page(session, connection_id, purpose, object_name, place_of(cursor), size + 1)
        return cut(await _progress(session, rows), size, _place)


async def cancel(context: Context, connection_id: str, run_id: str, purpose: str = mass.SYNC) -> Progress | None:
    """Select no more, and give up what the run has queued and nobody has begun or hurried since.

    What was updated stays so, and what runs is finished; a write whose outcome is unclear is still looked up. None when
    there is no such run. Raises SyncError CONFLICT `mass_run_over`.
    """
    async with context.begin() as session:
        row = await mass.get(session, connection_id, run_id, purpose=purpose, lock=True)
        if row is None:
            return None
        if row.state not in mass.STOPPABLE:
            raise SyncError(Kind.CONFLICT, "mass_run_over", "The mass run is over.", "There is nothing to cancel.")
        now = context.clock.now()
        await mass.cancel_queued(session, row.id, now)
        row.state, row.selected_at = "cancelled", row.selected_at or now
        row.reason, row.message = "cancelled", "Cancelled on request."
        row.lease_until = row.lease_until if row.purpose == mass.UPDATE else None  # a page of it may be on its way
        await session.flush()
        [progress] = await _progress(session, [row])
    return progress


def tallied(found: Mapping[tuple[str | None, str | None], int]) -> dict[str, int]:
    """Records by word, out of their numbers by (state, result)."""
    counts = dict.fromkeys(WORDS, 0)
    for (state, result), number in found.items():
        counts[_word(state, result)] += number
    return counts


def _word(state: str | None, result: str | None) -> str:
    if state is None:
        return FORGOTTEN
    if state == "held":
        return Result.HELD.value
    if state == "cancelled":
        return CANCELLED
    return str(result) if state == "done" else PENDING


async def counted(context: Context, selection: Selection) -> int:
    """How many records a selection finds now. Raises SyncError."""
    try:
        return await selection.count()
    finally:
        await note_spending(context, selection.connection.id, Lane.BULK, selection.pair)


def _cost(selection: Selection, records: int) -> Count:
    """A record is one write, each contact made of an address one more, and 200 records are read by one query."""
    writes = 1 + len(selection.plan.companions)
    return Count(records, records * writes + -(-records // 200))


async def numbers(session: AsyncSession, rows: Sequence[MassRun]) -> dict[str, dict[str, int]]:
    """Records of runs by word, and as `joined` those that had an operation already, counted now; by run id."""
    updates = [row.id for row in rows if row.purpose == mass.UPDATE]
    syncs = [row.id for row in rows if row.purpose != mass.UPDATE]
    found = await mass.tally(session, syncs) if syncs else {}
    joined = await mass.joined(session, syncs) if syncs else {}
    out = {run_id: {**tallied(found[run_id]), "joined": joined.get(run_id, 0)} for run_id in syncs}
    for run_id, by_result in (await mass_edits.tally(session, updates) if updates else {}).items():
        out[run_id] = {**dict.fromkeys(WORDS, 0), **by_result, PENDING: by_result.get(mass_edits.PLANNED, 0)}
    return out


async def _progress(session: AsyncSession, rows: Sequence[MassRun]) -> list[Progress]:
    """Runs with their numbers: kept ones of those that are over, counted ones of the others."""
    now = await numbers(session, [row for row in rows if row.finished_at is None])
    return [_as_counted(row, now.get(row.id, row.results)) for row in rows]


def _as_counted(row: MassRun, found: Mapping[str, int]) -> Progress:
    return Progress(row, {word: found.get(word, 0) for word in WORDS}, found.get("joined", 0))


def _place(progress: Progress) -> tuple[datetime, str]:
    return progress.run.created_at, progress.run.id
