"""Queries over intents and leases. No transaction of their own."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.store.columns import among
from app.store.tables import UNSETTLED, Intent, Operation

_TABLE: Table = Intent.__table__  # type: ignore[attr-defined]


async def held_leases(
    session: AsyncSession, fences: Iterable[tuple[str, int]], now: datetime, *, lock: bool = False
) -> dict[str, Operation]:
    """Of the given (operation, fence) pairs those whose lease still stands, by operation id."""
    wanted = dict(fences)
    query = select(Operation).where(col(Operation.id).in_(list(wanted)), Operation.state == "running")
    rows = (await session.exec(query.with_for_update() if lock else query)).all()
    return {
        row.id: row
        for row in rows
        if row.fence == wanted[row.id] and row.lease_until is not None and row.lease_until > now
    }


async def unsettled(
    session: AsyncSession, connection_id: str, object_name: str, record_ids: Sequence[str]
) -> list[Intent]:
    """Intents of the given records whose outcome is not known, oldest first."""
    query = (
        select(Intent)
        .where(
            Intent.connection_id == connection_id,
            Intent.object == object_name,
            col(Intent.salesforce_id).in_(record_ids),
            among(Intent.state, UNSETTLED),
        )
        .order_by(col(Intent.created_at), col(Intent.id))
    )
    return list((await session.exec(query)).all())


async def creating(session: AsyncSession, connection_id: str, object_name: str) -> bool:
    """Whether the object has a create whose outcome is not known."""
    query = select(Intent.id).where(
        Intent.connection_id == connection_id,
        Intent.object == object_name,
        Intent.action == "create",
        among(Intent.state, UNSETTLED),
    )
    return (await session.exec(query.limit(1))).first() is not None


async def open_creates(session: AsyncSession, connection_id: str, object_name: str) -> list[Intent]:
    """Creates of the object whose outcome is not known."""
    query = select(Intent).where(
        Intent.connection_id == connection_id,
        Intent.object == object_name,
        Intent.action == "create",
        among(Intent.state, UNSETTLED),
    )
    return list((await session.exec(query)).all())


async def of_documents(session: AsyncSession, connection_id: str, op_keys: Sequence[str]) -> list[Intent]:
    """All intents for the given documents."""
    query = select(Intent).where(Intent.connection_id == connection_id, col(Intent.op_key).in_(op_keys))
    return list((await session.exec(query)).all())


async def by_ids(session: AsyncSession, ids: Sequence[str]) -> dict[str, Intent]:
    """Intents by id."""
    rows = (await session.exec(select(Intent).where(col(Intent.id).in_(ids)))).all()
    return {row.id: row for row in rows}


async def insert(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """New intents, in one statement; a second open one for a document breaks the unique index."""
    if rows:
        connection = await session.connection()
        await connection.execute(_TABLE.insert(), [dict(row) for row in rows])
