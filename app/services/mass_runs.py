"""Mass runs: counted, started, watched, cancelled. What selects their records stands in `mass_steps`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

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
from app.store import mass
from app.store.mass_tables import MassRun
from app.store.tables import Connection

TOLERANCE, SHARE = 10, 0.05
"""Records, and part of the confirmed number, by which the count may have moved between confirming and starting."""

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
    return _cost(selection, await _counted(context, selection))


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
) -> Progress:
    """Begin a run over the records of the filter, whose number somebody has seen and confirmed.

    Raises SyncError CONFLICT `count_moved` when there are now many more or fewer, `mass_run_active` while another run
    is still selecting records of the object, PERMISSION `user_not_named` or `user_not_mapped` by the user access list.
    """
    refusal = user_refusal(connection, Origin.MASS_TOOL, requested_by)
    if refusal is not None:
        raise SyncError(Kind.PERMISSION, *refusal, "Name a user who may have records synced.")
    found = await _counted(context, await selection_of(context, connection, declared, wanted))
    if abs(found - confirmed) > max(TOLERANCE, int(confirmed * SHARE)):
        message = f"{confirmed} records were confirmed, but the filter finds {found} now."
        raise SyncError(Kind.CONFLICT, "count_moved", message, "Count again, look at the number, and start with it.")
    row = MassRun(
        id=context.new_id(),
        connection_id=connection.id,
        object=declared.name,
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


async def get(context: Context, connection_id: str, run_id: str) -> Progress | None:
    """One run of the connection; None when there is none."""
    async with context.begin() as session:
        row = await mass.get(session, connection_id, run_id)
        return (await _progress(session, [row]))[0] if row is not None else None


async def listed(
    context: Context, connection_id: str, object_name: str | None, cursor: str | None, size: int
) -> Page[Progress]:
    """A page of runs, newest first."""
    async with context.begin() as session:
        rows = await mass.page(session, connection_id, object_name, place_of(cursor), size + 1)
        return cut(await _progress(session, rows), size, _place)


async def cancel(context: Context, connection_id: str, run_id: str) -> Progress | None:
    """Select no more, and give up what the run has queued and nobody has begun or hurried since.

    What runs is finished; a write whose outcome is unclear is still looked up. None when there is no such run. Raises
    SyncError CONFLICT `mass_run_over`.
    """
    async with context.begin() as session:
        row = await mass.get(session, connection_id, run_id, lock=True)
        if row is None:
            return None
        if row.state not in mass.STOPPABLE:
            raise SyncError(Kind.CONFLICT, "mass_run_over", "The mass run is over.", "There is nothing to cancel.")
        now = context.clock.now()
        await mass.cancel_queued(session, row.id, now)
        row.state, row.selected_at = "cancelled", row.selected_at or now
        row.reason, row.message, row.lease_until = "cancelled", "Cancelled on request.", None
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


async def _counted(context: Context, selection: Selection) -> int:
    try:
        return await selection.count()
    finally:
        await note_spending(context, selection.connection.id, Lane.BULK, selection.pair)


def _cost(selection: Selection, records: int) -> Count:
    """A record is one write, each contact made of an address one more, and 200 records are read by one query."""
    writes = 1 + len(selection.plan.companions)
    return Count(records, records * writes + -(-records // 200))


async def _progress(session: AsyncSession, rows: Sequence[MassRun]) -> list[Progress]:
    """Runs with their numbers: kept ones of those that are over, counted ones of the others."""
    moving = [row.id for row in rows if row.finished_at is None]
    found = await mass.tally(session, moving) if moving else {}
    joined = await mass.joined(session, moving) if moving else {}
    return [
        Progress(row, tallied(found[row.id]), joined.get(row.id, 0))
        if row.finished_at is None
        else Progress(row, {word: row.results.get(word, 0) for word in WORDS}, row.results.get("joined", 0))
        for row in rows
    ]


def _place(progress: Progress) -> tuple[datetime, str]:
    return progress.run.created_at, progress.run.id
