"""The worker's side of mass runs: records are selected and wished page by page, a page and its position in one commit.

Runs by the clock, in any number of processes at once: a lease keeps them apart, and a page whose position has moved
meanwhile is dropped. A process that dies loses nothing but a page that was not committed.
"""

import logging
from datetime import timedelta

from app.domain.errors import Kind, SyncError
from app.domain.records import Lane
from app.objects import CATALOGUE
from app.services import intake
from app.services.context import Context
from app.services.intake import Origin
from app.services.mass_runs import PENDING, tallied
from app.services.selections import PAGE, selection_of, wanted_of
from app.services.spending import note_spending
from app.store import connections, mass
from app.store.mass_tables import MassItem, MassRun
from app.store.tables import Connection

LOG = logging.getLogger("tandem.mass")

LEASE = timedelta(seconds=60)
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
        if row.state != mass.SELECTING:
            counts = tallied((await mass.tally(session, [row.id]))[row.id])
            if not counts[PENDING]:
                joined = (await mass.joined(session, [row.id])).get(row.id, 0)
                row.results, row.finished_at = {**counts, "joined": joined}, now
                row.state = "done" if row.state == "running" else row.state
            return
        connection = await connections.get(session, connection_id)
        assert connection is not None
        row.lease_until = now + LEASE
    try:
        await _select(context, connection, row, pages, size)
    except SyncError as trouble:
        LOG.warning("mass_run_stopped", extra={"run": run_id, "code": trouble.code, "error": trouble.message})
        await _stopped(context, connection_id, run_id, trouble)
        return
    async with context.begin() as session:
        row = await mass.get(session, connection_id, run_id, lock=True)
        if row is not None:
            row.lease_until = None


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
        row.selected, row.lease_until = row.selected + len(fresh), now + LEASE
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
        if row is None or row.state != mass.SELECTING:
            return
        row.reason, row.message = trouble.code, f"{trouble.message} {trouble.advice}"
        row.lease_until = now + max(LEASE, timedelta(seconds=trouble.retry_after or 0))
        if trouble.kind not in PASSING:
            row.state, row.selected_at, row.lease_until = "failed", now, None
