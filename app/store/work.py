"""Queries of the worker's side: claiming what is due, waking what waits, finding what was left behind."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.store.columns import among
from app.store.tables import LIVE, Connection, Operation

DUE = ("queued", "waiting")


async def claim(
    session: AsyncSession, connection_id: str, lane: str, size: int, now: datetime, lease: timedelta, worker: str
) -> list[Operation]:
    """Up to `size` due operations of one object and direction, now running under a lease and a fresh fence.

    Oldest due first. Rows another worker holds are passed over.
    """
    due = (
        Operation.connection_id == connection_id,
        Operation.lane == lane,
        among(Operation.state, DUE),
        col(Operation.due_at) <= now,
    )
    order = (col(Operation.due_at), col(Operation.id))
    first = (
        await session.exec(select(Operation).where(*due).order_by(*order).limit(1).with_for_update(skip_locked=True))
    ).first()
    if first is None:
        return []
    same = (Operation.object == first.object, Operation.direction == first.direction)
    rows = list(
        await session.exec(
            select(Operation).where(*due, *same).order_by(*order).limit(size).with_for_update(skip_locked=True)
        )
    )
    for row in rows:
        row.state, row.fence, row.worker = "running", row.fence + 1, worker
        row.lease_until = now + lease
        row.started_at = row.started_at or now
        row.waits_on = None
    return rows


async def renew(session: AsyncSession, fences: Sequence[tuple[str, int]], now: datetime, lease: timedelta) -> int:
    """Prolong leases that have not passed; how many."""
    renewed = 0
    for fence in {fence for _, fence in fences}:
        ids = [operation_id for operation_id, own in fences if own == fence]
        done = await session.exec(
            update(Operation)
            .where(
                col(Operation.id).in_(ids),
                col(Operation.fence) == fence,
                col(Operation.state) == "running",
                col(Operation.lease_until) > now,
            )
            .values(lease_until=now + lease)
        )
        renewed += done.rowcount
    return renewed


async def live_among(
    session: AsyncSession, connection_id: str, records: Collection[tuple[str, str]]
) -> dict[tuple[str, str], Operation]:
    """Live operations of the given (object, record) pairs."""
    found: dict[tuple[str, str], Operation] = {}
    for name in sorted({name for name, _ in records}):
        ids = sorted(record_id for other, record_id in records if other == name)
        rows = await session.exec(
            select(Operation).where(
                Operation.connection_id == connection_id,
                Operation.object == name,
                col(Operation.record_id).in_(ids),
                among(Operation.state, LIVE),
            )
        )
        found |= {(row.object, row.record_id): row for row in rows}
    return found


async def wake(session: AsyncSession, connection_id: str, finished: Collection[str], now: datetime) -> list[Operation]:
    """Make due whatever waits on one of the finished records ("object/record")."""
    if not finished:
        return []
    rows = list(
        await session.exec(
            select(Operation)
            .where(
                Operation.connection_id == connection_id,
                Operation.state == "waiting",
                col(Operation.waits_on).in_(sorted(finished)),
            )
            .with_for_update()
        )
    )
    for row in rows:
        row.due_at, row.waits_on = now, None
    return rows


async def expired(session: AsyncSession, now: datetime, size: int) -> list[Operation]:
    """Running operations whose lease has passed."""
    query = (
        select(Operation)
        .where(Operation.state == "running", col(Operation.lease_until) <= now)
        .order_by(col(Operation.lease_until))
        .limit(size)
        .with_for_update(skip_locked=True)
    )
    return list(await session.exec(query))


async def lanes_due(session: AsyncSession, now: datetime) -> list[tuple[str, str]]:
    """(connection id, lane) pairs of enabled connections that have something due."""
    query = (
        select(Operation.connection_id, Operation.lane)
        .join(Connection, col(Connection.id) == col(Operation.connection_id))
        .where(col(Connection.enabled), among(Operation.state, DUE), col(Operation.due_at) <= now)
        .distinct()
        .order_by(col(Operation.connection_id), col(Operation.lane))
    )
    return [(connection_id, lane) for connection_id, lane in await session.exec(query)]


async def forgotten(session: AsyncSession, size: int) -> list[Operation]:
    """Operations that wait for a record nobody works on any more (its operation was cancelled)."""
    query = (
        select(Operation)
        .where(Operation.state == "waiting", col(Operation.waits_on).is_not(None))
        .order_by(col(Operation.created_at))
        .limit(size)
        .with_for_update(skip_locked=True)
    )
    waiting = list(await session.exec(query))
    left = []
    for connection_id in sorted({row.connection_id for row in waiting}):
        rows = [row for row in waiting if row.connection_id == connection_id]
        asked = {(name, record_id) for row in rows for name, record_id in [str(row.waits_on).split("/")]}
        live = await live_among(session, connection_id, asked)
        left += [row for row in rows if tuple(str(row.waits_on).split("/")) not in live]
    return left
