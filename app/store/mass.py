"""Queries over mass runs and the records they selected. Opens no transaction and decides nothing."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, text, update
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.store.columns import among
from app.store.mass_tables import MassItem, MassRun
from app.store.operations import before_place
from app.store.tables import UNSETTLED, Connection, Intent, Operation
from app.store.upsert import insert_absent

SYNC, UPDATE = "sync", "update"
"""What a run is for: wishing for its records, or giving them other values."""

SELECTING = "selecting"
STOPPABLE = (SELECTING, "running")
_SELECTING_WHERE = text("state = 'selecting'")


async def insert(session: AsyncSession, row: MassRun) -> bool:
    """Store a new run, unless another one is still selecting records of the object; whether it went in."""
    made = await insert_absent(
        session,
        MassRun.__table__,  # type: ignore[attr-defined]
        [row.model_dump()],
        unique=("connection_id", "object"),
        where=_SELECTING_WHERE,
    )
    return bool(made)


async def get(
    session: AsyncSession, connection_id: str, run_id: str, *, purpose: str | None = None, lock: bool = False
) -> MassRun | None:
    """One run of the connection, whatever it is for unless that is said."""
    query = select(MassRun).where(MassRun.connection_id == connection_id, MassRun.id == run_id)
    if purpose is not None:
        query = query.where(MassRun.purpose == purpose)
    if lock:
        query = query.with_for_update()
    return (await session.exec(query.execution_options(populate_existing=True))).first()


async def page(
    session: AsyncSession,
    connection_id: str,
    purpose: str,
    object_name: str | None,
    after: tuple[datetime, str] | None,
    size: int,
) -> list[MassRun]:
    """Up to `size` runs for one purpose, newest first, after the place (created_at, id)."""
    query = select(MassRun).where(MassRun.connection_id == connection_id, MassRun.purpose == purpose)
    if object_name is not None:
        query = query.where(MassRun.object == object_name)
    if after is not None:
        query = query.where(before_place(col(MassRun.created_at), col(MassRun.id), after))
    order = (col(MassRun.created_at).desc(), col(MassRun.id).desc())
    return list(await session.exec(query.order_by(*order).limit(size)))


async def unfinished(session: AsyncSession, now: datetime) -> list[tuple[str, str]]:
    """(connection id, run id) of runs of enabled connections that are not over and that nobody is at work on."""
    query = (
        select(MassRun.connection_id, MassRun.id)
        .join(Connection, col(Connection.id) == col(MassRun.connection_id))
        .where(
            col(Connection.enabled),
            col(MassRun.finished_at).is_(None),
            col(MassRun.lease_until).is_(None) | (col(MassRun.lease_until) <= now),
        )
        .order_by(col(MassRun.created_at), col(MassRun.id))
    )
    return [(connection_id, run_id) for connection_id, run_id in await session.exec(query)]


async def known(session: AsyncSession, run_id: str, record_ids: Sequence[str]) -> set[str]:
    """Those of the records that the run has selected before."""
    query = select(MassItem.record_id).where(MassItem.run_id == run_id, col(MassItem.record_id).in_(record_ids))
    return set(await session.exec(query))


async def tally(session: AsyncSession, run_ids: Sequence[str]) -> dict[str, dict[tuple[str | None, str | None], int]]:
    """Per run: how many of its records have an operation in each (state, result); (None, None) where it is gone."""
    query = (
        select(MassItem.run_id, Operation.state, Operation.result, func.count())
        .join(Operation, col(Operation.id) == col(MassItem.operation_id), isouter=True)
        .where(col(MassItem.run_id).in_(run_ids))
        .group_by(col(MassItem.run_id), col(Operation.state), col(Operation.result))
    )
    found: dict[str, dict[tuple[str | None, str | None], int]] = {run_id: {} for run_id in run_ids}
    for run_id, state, result, number in await session.exec(query):
        found[run_id][state, result] = number
    return found


async def joined(session: AsyncSession, run_ids: Sequence[str]) -> dict[str, int]:
    """Per run: records whose operation was there before."""
    query = (
        select(MassItem.run_id, func.count())
        .where(col(MassItem.run_id).in_(run_ids), col(MassItem.joined))
        .group_by(col(MassItem.run_id))
    )
    return dict((await session.exec(query)).all())


async def cancel_open(session: AsyncSession, connection_id: str, now: datetime, reason: str, why: str) -> None:
    """Cancel the runs of a connection that are selecting or running. Their operations are the caller's, after this."""
    query = select(MassRun).where(MassRun.connection_id == connection_id, col(MassRun.state).in_(STOPPABLE))
    for row in await session.exec(query.order_by(col(MassRun.id)).with_for_update()):
        row.state, row.selected_at, row.lease_until = "cancelled", row.selected_at or now, None
        row.reason, row.message = reason, why


async def cancel_queued(session: AsyncSession, run_id: str, now: datetime) -> int:
    """Cancel the operations a run has started and that nobody has begun, hurried or left unclear; how many."""
    own = select(MassItem.operation_id).where(MassItem.run_id == run_id, ~col(MassItem.joined))
    unclear = exists().where(col(Intent.operation_id) == col(Operation.id), among(Intent.state, UNSETTLED))
    done = await session.exec(
        update(Operation)
        .where(
            col(Operation.id).in_(own),
            col(Operation.state).in_(("queued", "waiting")),
            col(Operation.lane) == "bulk",
            ~unclear,
        )
        .values(
            state="cancelled",
            due_at=None,
            waits_on=None,
            finished_at=now,
            reason="cancelled",
            message="Cancelled with its mass run.",
        )
        .execution_options(synchronize_session=False)
    )
    return done.rowcount
