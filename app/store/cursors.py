"""Queries over change-feed cursors. No transaction of their own."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.store.tables import Connection, Cursor
from app.store.upsert import insert_absent


async def take(session: AsyncSession, fresh: Cursor, now: datetime, lease: timedelta, *, forced: bool) -> Cursor | None:
    """The cursor of `fresh`'s connection, object and feed under a lease, made from `fresh` if there is none yet.

    None while another worker reads the feed, or when it is not due and not `forced`.
    """
    row = await known(session, fresh.connection_id, fresh.object, fresh.feed)
    if row is not None and not forced and row.due_at is not None and row.due_at > now:
        return None  # seen without a lock: most feeds are not due most of the time
    row = await held(session, fresh)
    if row.lease_until is not None and row.lease_until > now:
        return None
    if not forced and row.due_at is not None and row.due_at > now:
        return None
    row.lease_until, row.due_at = now + lease, None
    return row


async def known(session: AsyncSession, connection_id: str, name: str, feed: str) -> Cursor | None:
    """The cursor of a feed, if it was ever read."""
    query = select(Cursor).where(Cursor.connection_id == connection_id, Cursor.object == name, Cursor.feed == feed)
    return (await session.exec(query)).one_or_none()


async def held(session: AsyncSession, fresh: Cursor) -> Cursor:
    """The cursor of `fresh`'s connection, object and feed, locked; made from `fresh` if there is none yet."""
    unique = ("connection_id", "object", "feed")
    await insert_absent(session, Cursor.__table__, [fresh.model_dump()], unique=unique)  # type: ignore[attr-defined]
    query = select(Cursor).where(
        Cursor.connection_id == fresh.connection_id, Cursor.object == fresh.object, Cursor.feed == fresh.feed
    )
    locked = query.with_for_update().execution_options(populate_existing=True)
    return (await session.exec(locked)).one()


async def of_connection(session: AsyncSession, connection_id: str) -> list[Cursor]:
    """All feeds of a connection that were ever read."""
    return list(await session.exec(select(Cursor).where(Cursor.connection_id == connection_id)))


async def rewind(session: AsyncSession, connection_id: str, names: Collection[str], feed: str, to: datetime) -> None:
    """Have one feed of each of the named objects read from `to` on once more, every record of them."""
    mine = (Cursor.connection_id == connection_id, Cursor.feed == feed)
    query = select(Cursor).where(*mine, col(Cursor.object).in_(names))
    for row in await session.exec(query.with_for_update()):
        row.position_at, row.updated_at, row.counts = to, to, {"resync": True}


async def enabled_connections(session: AsyncSession) -> list[Connection]:
    """Connections that are switched on."""
    return list(await session.exec(select(Connection).where(col(Connection.enabled)).order_by(col(Connection.name))))
