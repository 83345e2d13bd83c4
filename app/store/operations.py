"""Queries over operations and what belongs to them. Opens no transaction and decides nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, or_, text
from sqlalchemy.orm import Mapped
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.store.columns import among
from app.store.tables import LIVE, UNSETTLED, Decision, Intent, Operation
from app.store.upsert import insert_absent

_TABLE: Table = Operation.__table__  # type: ignore[attr-defined]
_LIVE_WHERE = text("state IN ('queued', 'running', 'waiting', 'held')")


@dataclass(frozen=True, slots=True)
class OperationFilter:
    """What a list of operations is narrowed to; None leaves a column open. `since` counts in, `until` does not."""

    object: str | None = None
    record_id: str | None = None
    state: str | None = None
    result: str | None = None
    origin: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def insert_live(session: AsyncSession, rows: Sequence[Operation]) -> set[str]:
    """Insert the operations whose record has no live one; the ids that went in."""
    return await insert_absent(
        session,
        _TABLE,
        [row.model_dump() for row in rows],
        unique=("connection_id", "object", "record_id"),
        where=_LIVE_WHERE,
    )


async def lock_live(
    session: AsyncSession, connection_id: str, object_name: str, record_ids: Sequence[str]
) -> dict[str, Operation]:
    """The live operations of the records, by record id, locked until the transaction ends."""
    if not record_ids:
        return {}
    found = await session.exec(
        select(Operation)
        .where(
            Operation.connection_id == connection_id,
            Operation.object == object_name,
            col(Operation.record_id).in_(record_ids),
            among(Operation.state, LIVE),
        )
        .order_by(col(Operation.record_id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.record_id: row for row in found}


async def live_of(session: AsyncSession, connection_id: str, object_name: str, record_id: str) -> Operation | None:
    """The live operation of one record, unlocked."""
    found = await session.exec(
        select(Operation).where(
            Operation.connection_id == connection_id,
            Operation.object == object_name,
            Operation.record_id == record_id,
            among(Operation.state, LIVE),
        )
    )
    return found.first()


async def all_live(session: AsyncSession, connection_id: str) -> list[Operation]:
    """All live operations of a connection, locked until the transaction ends."""
    query = select(Operation).where(Operation.connection_id == connection_id, among(Operation.state, LIVE))
    query = query.order_by(col(Operation.object), col(Operation.record_id)).with_for_update()
    return list(await session.exec(query.execution_options(populate_existing=True)))


async def unsettled(session: AsyncSession, operation_ids: Sequence[str]) -> set[str]:
    """Those of the operations with a write whose outcome is not known."""
    found = await session.exec(
        select(Intent.operation_id)
        .where(col(Intent.operation_id).in_(operation_ids), among(Intent.state, UNSETTLED))
        .distinct()
    )
    return set(found)


async def get(session: AsyncSession, connection_id: str, operation_id: str, *, lock: bool = False) -> Operation | None:
    """One operation of the connection."""
    query = select(Operation).where(Operation.connection_id == connection_id, Operation.id == operation_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.exec(query)).first()


async def several(session: AsyncSession, connection_id: str, operation_ids: Sequence[str]) -> dict[str, Operation]:
    """Operations of the connection by id; unknown ids are left out."""
    found = await session.exec(
        select(Operation)
        .where(Operation.connection_id == connection_id, col(Operation.id).in_(operation_ids))
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in found}


async def page(
    session: AsyncSession,
    connection_id: str,
    wanted: OperationFilter,
    after: tuple[datetime, str] | None,
    size: int,
) -> list[Operation]:
    """Up to `size` operations, newest first, after the place (created_at, id)."""
    conditions = [Operation.connection_id == connection_id, *_conditions(wanted)]
    if after is not None:
        conditions.append(before_place(col(Operation.created_at), col(Operation.id), after))
    found = await session.exec(
        select(Operation)
        .where(*conditions)
        .order_by(col(Operation.created_at).desc(), col(Operation.id).desc())
        .limit(size)
    )
    return list(found)


async def decisions_of(session: AsyncSession, connection_id: str, operation_id: str) -> list[Decision]:
    """What the runs of one operation decided, oldest first."""
    found = await session.exec(
        select(Decision)
        .where(Decision.connection_id == connection_id, Decision.operation_id == operation_id)
        .order_by(col(Decision.at), col(Decision.run))
    )
    return list(found)


async def decisions_about(
    session: AsyncSession, connection_id: str, object_name: str, record_id: str, size: int
) -> list[Decision]:
    """The newest decisions about one record, newest first."""
    found = await session.exec(
        select(Decision)
        .where(
            Decision.connection_id == connection_id,
            Decision.object == object_name,
            Decision.record_id == record_id,
        )
        .order_by(col(Decision.at).desc(), col(Decision.run).desc())
        .limit(size)
    )
    return list(found)


async def intents_of(session: AsyncSession, connection_id: str, operation_id: str) -> list[Intent]:
    """The writes an operation promised, oldest first."""
    found = await session.exec(
        select(Intent)
        .where(Intent.connection_id == connection_id, Intent.operation_id == operation_id)
        .order_by(col(Intent.created_at), col(Intent.id))
    )
    return list(found)


def before_place(moment: Mapped[datetime], key: Mapped[str], place: tuple[datetime, str]) -> ColumnElement[bool]:
    """Rows after `place` in a list that runs from the newest (moment, key) to the oldest."""
    at, last = place
    return or_(moment < at, and_(moment == at, key < last))


def _conditions(wanted: OperationFilter) -> list[Any]:
    exact = {
        Operation.object: wanted.object,
        Operation.record_id: wanted.record_id,
        Operation.state: wanted.state,
        Operation.result: wanted.result,
        Operation.origin: wanted.origin,
    }
    conditions: list[Any] = [column == value for column, value in exact.items() if value is not None]
    if wanted.since is not None:
        conditions.append(col(Operation.created_at) >= wanted.since)
    if wanted.until is not None:
        conditions.append(col(Operation.created_at) < wanted.until)
    return conditions
