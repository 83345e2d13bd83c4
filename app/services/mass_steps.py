"""The worker's side of mass runs: records are selected and wished page by page, a page and its position in one commit.

Runs by the clock, in any number of processes at once: a lease keeps them apart, and a page whose position has moved
meanwhile is dropped. A process that dies loses nothing but a page that was not committed.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from app.domain.errors import Kind, SyncError
from app.domain.records import Lane
from app.objects import CATALOGUE
from app.services import bulk_steps, intake
from app.services.context import Context
from app.services.intake import Origin
from app.services.mass_runs import LEASE, PENDING, numbers
from app.services.selections import PAGE, selection_of, wanted_of
from app.services.spending import note_spending
from app.store import connections, mass
from app.store.mass_tables import MassItem, MassRun
from app.store.tables import Connection

LOG = logging.getLogger("tandem.mass")

REST = timedelta(seconds=60)
"""How long a run rests at least after trouble."""

PAGES = 20
"""Pages of one run before the next run has its turn."""

PASSING = (Kind.TRANSIENT, Kind.RATE_LIMITED, Kind.AUTH)
"""Kinds of trouble after which a selection goes on later; after any other the run fails."""


async def advance(context: Context, *, pages: int = PAGES, size: int = PAGE) -> int:
    """Take each run that is not over up to `pages` pages of `size` records further; how many were looked at."""
    async with context.begin() as session:
        found = await mass.unfinished(session, context.clock.now())
    for connection_id, run_id in found:
        await _advance(context, connection_id, run_id, pages, size)
    return len(found)


async def _advance(context: Context, connection_id: str, run_id: str, pages: int, size: int) -> None:
    now = context.clock.now()
    async with context.begin() as session:
        row = await mass.get(session, connection_id, run_id, lock=True)
        if row is None or row.finished_at is not None or (row.lease_until is not None and row.lease_until > now):
            return
        if row.state != mass.SELECTING and await _rests(session, row, now):
            return
        connection = await connections.get(session, connection_id)
        assert connection is not None
        row.lease_until = now + LEASE[row.purpose]
    try:
        if row.purpose == mass.UPDATE:
            await bulk_steps.advance(context, connection, CATALOGUE[row.object], row, pages, size)
        else:
            await _select(context, connection, row, pages, size)
    except SyncError as trouble:
        LOG.warning("mass_run_stopped", extra={"run": run_id, "code": trouble.code, "error": trouble.message})
        await _stopped(context, connection_id, run_id, trouble)
        return
    async with context.begin() as session:
        row = await mass.get(session, connection_id, run_id, lock=True)
        if row is not None:
            row.lease_until = None


async def _rests(session: AsyncSession, row: MassRun, now: datetime) -> bool:
    """Whether there is nothing to be done for a run that selects no more; it ends when nothing of it is open."""
    found = (await numbers(session, [row]))[row.id]
    if found[PENDING]:
        return row.purpose != mass.UPDATE
    row.results, row.finished_at = found, now
    row.state = "done" if row.state == "running" else row.state
    if row.purpose == mass.UPDATE and row.state == "done":
        row.message = summary(row.selected, found)
    return True


def summary(selected: int, found: Mapping[str, int]) -> str:
    """What became of an update, as its result message."""
    parts = (f"{found['updated']} updated", f"{found['unchanged']} had the values already", f"{found['failed']} failed")
    return f"{selected} records: {', '.join(parts)}."


async def _select(context: Context, connection: Connection, row: MassRun, pages: int, size: int) -> None:
    selection = await selection_of(context, connection, CATALOGUE[row.object], wanted_of(row.wanted), size)
    position = row.position
    try:
        for _ in range(pages):
            ids, behind = await selection.page(position)
            if not await _place(context, connection, row.id, position, ids, behind):
                return
            if ids:
                await context.bell.ring(connection.id, Lane.BULK)
            if behind is None:
                return
            position = behind
    finally:
        await note_spending(context, connection.id, Lane.BULK, selection.pair)


async def _place(
    context: Context, connection: Connection, run_id: str, position: str, ids: list[str], behind: str | None
) -> bool:
    """Wish a page and move on, in one transaction; False when the run was cancelled or somebody else was faster."""
    now = context.clock.now()
    async with context.begin() as session:
        row = await mass.get(session, connection.id, run_id, lock=True)
        if row is None or row.state != mass.SELECTING or row.position != position:
            return False
        known = await mass.known(session, run_id, ids)
        fresh = [record_id for record_id in ids if record_id not in known]
        if fresh:
            items = await intake.wish(
                context,
                connection,
                row.object,
                fresh,
                origin=Origin.MASS_TOOL,
                correlation_id=row.correlation_id,
                requested_by=row.requested_by,
                session=session,
            )
            session.add_all(
                MassItem(
                    run_id=run_id,
                    record_id=item.record_id,
                    connection_id=connection.id,
                    operation_id=str(item.operation_id),
                    joined=item.joined,
                )
                for item in items
            )
        row.selected, row.lease_until = row.selected + len(fresh), now + LEASE[mass.SYNC]
        row.reason, row.message = None, ""
        if behind is None:
            row.state, row.selected_at = "running", now
        else:
            row.position = behind
    return True


async def _stopped(context: Context, connection_id: str, run_id: str, trouble: SyncError) -> None:
    """Note why a selection stopped; it goes on after a while, or has failed."""
    now = context.clock.now()
    async with context.begin() as session:
        row = await mass.get(session, connection_id, run_id, lock=True)
        if row is None or row.finished_at is not None:
            return
        looked_after = row.purpose == mass.UPDATE  # its last records are asked for again, whatever its state
        if row.state != mass.SELECTING and not looked_after:
            return
        passes = trouble.kind in PASSING
        rest = now + max(REST, timedelta(seconds=trouble.retry_after or 0))
        row.lease_until = rest if passes or looked_after else None
        if row.state in mass.STOPPABLE:
            row.reason, row.message = trouble.code, f"{trouble.message} {trouble.advice}"
            if not passes:
                row.state, row.selected_at = "failed", row.selected_at or now
