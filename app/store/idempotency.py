"""Queries over callers' request keys. The unique index decides who was first; nothing is committed here."""

from datetime import datetime
from typing import Any

from sqlalchemy import Table
from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from app.store.tables import IdempotencyKey
from app.store.upsert import insert_absent

_TABLE: Table = IdempotencyKey.__table__  # type: ignore[attr-defined]


async def reserve(session: AsyncSession, row: IdempotencyKey) -> IdempotencyKey:
    """The row that holds the key: `row` itself when the key was free or expired, else the one that was first.

    A key that another open transaction is taking is waited for, so the answer of the first is complete when read.
    """
    while True:
        if await insert_absent(session, _TABLE, [row.model_dump()], unique=("connection_id", "scope", "key")):
            return row
        first = await find(session, row.connection_id, row.scope, row.key, lock=True)
        if first is None:
            continue  # purged between the two statements
        if first.expires_at > row.created_at:
            return first
        await session.delete(first)
        await session.flush()


async def find(
    session: AsyncSession, connection_id: str, scope: str, key: str, *, lock: bool = False
) -> IdempotencyKey | None:
    """The row of one key."""
    query = select(IdempotencyKey).where(
        IdempotencyKey.connection_id == connection_id, IdempotencyKey.scope == scope, IdempotencyKey.key == key
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.exec(query)).first()


async def keep(session: AsyncSession, row_id: str, answer: dict[str, Any]) -> None:
    """Store the first answer under the reserved key."""
    await session.exec(update(IdempotencyKey).where(col(IdempotencyKey.id) == row_id).values(answer=answer))


async def purge(session: AsyncSession, now: datetime) -> int:
    """Forget expired keys; how many there were."""
    gone = await session.exec(delete(IdempotencyKey).where(col(IdempotencyKey.expires_at) <= now))
    return gone.rowcount
