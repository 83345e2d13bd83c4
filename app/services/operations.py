"""Operations asked about, tried again, cancelled, waited for. Running them is the runner's business."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from app.domain.decisions import Result
from app.domain.errors import Kind, SyncError
from app.domain.records import Lane
from app.objects import CATALOGUE
from app.services import intake, payment_ends
from app.services.budget import Stops, stops_of
from app.services.context import Context
from app.services.intake import Wish
from app.services.items import OVER, STOPPED, Item, item_of
from app.services.paging import Page, cut, place_of
from app.store import connections, operations
from app.store.operations import OperationFilter
from app.store.tables import Connection, Decision, Intent, Operation

UNSUCCESSFUL = (Result.FAILED, Result.BLOCKED, Result.CONFLICTED)
CANCELLABLE = ("queued", "waiting", "held")
FIRST_LOOK, LONGEST_LOOK = 0.025, 0.05
"""Seconds between looks at rows that are waited for."""


@dataclass(frozen=True, slots=True)
class History:
    """One operation with what its runs decided and what they promised to Intacct, and what keeps it from being run."""

    operation: Operation
    decisions: Sequence[Decision]
    intents: Sequence[Intent]
    stops: Stops


@dataclass(frozen=True, slots=True)
class Listed(Page[Operation]):
    """A page of operations, and what keeps those that are due from being run."""

    stops: Stops


@dataclass(frozen=True, slots=True)
class Synced:
    """What became of a wish so far; `over` when nothing more happens to any of its items by itself."""

    items: tuple[Item, ...]
    replayed: bool
    over: bool


async def get(context: Context, connection_id: str, operation_id: str) -> History | None:
    """One operation of the connection with its history; None when there is none."""
    async with context.begin() as session:
        row = await operations.get(session, connection_id, operation_id)
        return await _history(context, session, row) if row is not None else None


async def listed(
    context: Context, connection_id: str, wanted: OperationFilter, cursor: str | None, size: int
) -> Listed:
    """A page of operations, newest first."""
    async with context.begin() as session:
        rows = await operations.page(session, connection_id, wanted, place_of(cursor), size + 1)
        stops = await stops_of(session, connection_id, context.clock.now())
    page = cut(rows, size, _place)
    return Listed(page.rows, page.next_cursor, stops)


async def sync(
    context: Context, connection: Connection, asked: Wish, *, request_id: str | None, seconds: float
) -> Synced:
    """Accept a wish and wait up to `seconds` for its end. See `intake.accept`.

    A repeat under the same request id gets the first answer; when it waits, the same operations as they stand then.
    """
    acceptance = await intake.accept(context, connection, asked, request_id=request_id)
    items = acceptance.items
    if seconds:
        items = await wait(context, connection.id, items, seconds)
    return Synced(items, acceptance.replayed, over(items))


async def retry(context: Context, connection_id: str, operation_id: str, correlation_id: str) -> History | None:
    """Try again now. What went well, or was skipped, becomes a new wish; the answer is then the new operation.

    An unclear outcome is looked up again before anything is sent. Raises SyncError CONFLICT `operation_running`.
    None when the connection has no such operation.
    """
    async with context.begin() as session:
        await payment_ends.require_decision(session, connection_id, operation_id)
        target = await retry_in(context, session, connection_id, operation_id, correlation_id)
        if target is None:
            return None
        history = await _history(context, session, target)
    await context.bell.ring(connection_id, Lane(history.operation.lane))
    return history


async def retry_in(
    context: Context, session: AsyncSession, connection_id: str, operation_id: str, correlation_id: str
) -> Operation | None:
    """The same within a caller's transaction, who rings afterwards; the operation that is due now."""
    row = await operations.get(session, connection_id, operation_id, lock=True)
    if row is None:
        return None
    if row.state == "running":
        raise _running("Wait for the end of the run, then retry.")
    return await _again(context, session, row, correlation_id)


async def cancel(context: Context, connection_id: str, operation_id: str) -> History | None:
    """Give up what is not running; a cancelled operation stays cancelled. None when there is no such operation.

    Raises SyncError CONFLICT `operation_running` or `operation_over`.
    """
    async with context.begin() as session:
        await payment_ends.require_decision(session, connection_id, operation_id)
        row = await operations.get(session, connection_id, operation_id, lock=True)
        if row is None:
            return None
        if row.state == "done":
            raise SyncError(Kind.CONFLICT, "operation_over", "The operation is over.", "There is nothing to cancel.")
        if row.state in CANCELLABLE and CATALOGUE[row.object].pays is not None:
            await payment_ends.cancel(context, session, row)
        await cancel_in(context, session, connection_id, operation_id)
        return await _history(context, session, row)


async def cancel_in(context: Context, session: AsyncSession, connection_id: str, operation_id: str) -> Operation | None:
    """The same within a caller's transaction; one that is over stays as it is. Raises CONFLICT `operation_running`."""
    row = await operations.get(session, connection_id, operation_id, lock=True)
    if row is not None and row.state == "running":
        raise _running("Wait for the end of the run.")
    if row is not None and row.state in CANCELLABLE:
        row.state, row.due_at, row.finished_at = "cancelled", None, context.clock.now()
        row.reason, row.message = "cancelled", "Cancelled on request."
        await session.flush()
    return row


async def wait(context: Context, connection_id: str, items: Sequence[Item], seconds: float) -> tuple[Item, ...]:
    """The items as their operations stand once all are over, held, or cannot be in `seconds`; else after that time."""
    if any(item.reason in STOPPED for item in items):
        return tuple(items)  # nothing runs meanwhile
    ids = sorted({item.operation_id for item in items if item.operation_id is not None})
    deadline = context.clock.now() + timedelta(seconds=seconds)
    pause = FIRST_LOOK
    while True:
        async with context.begin() as session:
            rows = await operations.several(session, connection_id, ids)
        if not any(_moving(row, deadline) for row in rows.values()) or context.clock.now() >= deadline:
            return tuple(_renewed(item, rows) for item in items)
        await context.clock.sleep(pause)
        pause = min(pause * 1.25, LONGEST_LOOK)


async def present(context: Context, connection_id: str, items: Sequence[Item]) -> tuple[Item, ...]:
    """The items as their operations stand now."""
    return await wait(context, connection_id, items, 0)


def over(items: Sequence[Item]) -> bool:
    """Whether nothing more happens to any of them by itself."""
    return all(item.state in (*OVER, "held") for item in items)


async def _again(context: Context, session: AsyncSession, row: Operation, correlation_id: str) -> Operation:
    if row.state in ("queued", "waiting", "held"):
        if row.state == "held":  # only who sees that it is held decides that it may be sent
            await _reopen_looks(context, session, row)
        _requeue(row, context.clock.now())
    elif row.state == "cancelled" or row.result in UNSUCCESSFUL:
        living = await operations.live_of(session, row.connection_id, row.object, row.record_id)
        if living is not None:
            return await _wished(context, session, row, correlation_id)
        _requeue(row, context.clock.now())
        row.result, row.finished_at, row.attempts = None, None, 0
    else:
        return await _wished(context, session, row, correlation_id)
    await session.flush()
    return row


async def _wished(context: Context, session: AsyncSession, row: Operation, correlation_id: str) -> Operation:
    """A new wish for the record of an operation that is over; it may be taken in by a live one."""
    connection = await connections.get(session, row.connection_id)
    assert isinstance(connection, Connection)
    [item] = await intake.wish(
        context,
        connection,
        row.object,
        [row.record_id],
        origin=row.origin,
        correlation_id=correlation_id,
        direction=row.direction,
        requested_by=row.requested_by,
        session=session,
    )
    made = await operations.get(session, row.connection_id, str(item.operation_id))
    assert made is not None
    return made


def _requeue(row: Operation, now: datetime) -> None:
    row.state, row.due_at, row.waits_for, row.waits_on = "queued", now, [], None


async def _reopen_looks(context: Context, session: AsyncSession, row: Operation) -> None:
    """A held write is looked up once more and, when it is not there, sent again: a person has decided so."""
    now = context.clock.now()
    for intent in await operations.intents_of(session, row.connection_id, row.id):
        if intent.state == "held":
            note = {"at": now.isoformat(), "state": "released", "note": "a person asked for it to be sent if absent"}
            intent.state, intent.next_look_at, intent.trail = "released", now, [*intent.trail, note]


async def _history(context: Context, session: AsyncSession, row: Operation) -> History:
    return History(
        row,
        await operations.decisions_of(session, row.connection_id, row.id),
        await operations.intents_of(session, row.connection_id, row.id),
        await stops_of(session, row.connection_id, context.clock.now()),
    )


def _moving(row: Operation, deadline: datetime) -> bool:
    """Whether the operation may come to its end, or to a stop, before the deadline."""
    if row.state == "waiting":
        return row.due_at is not None and row.due_at <= deadline
    return row.state in ("queued", "running")


def _renewed(item: Item, rows: dict[str, Operation]) -> Item:
    row = rows.get(item.operation_id or "")
    return item if row is None else item_of(row, joined=item.joined)


def _running(advice: str) -> SyncError:
    return SyncError(Kind.CONFLICT, "operation_running", "The operation is running.", advice)


def _place(row: Operation) -> tuple[datetime, str]:
    return row.created_at, row.id
