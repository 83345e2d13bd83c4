"""Queries over connections. Secrets stay sealed here."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.store.tables import Connection


async def get(session: AsyncSession, connection_id: str, *, lock: bool = False) -> Connection | None:
    """One connection by id."""
    query = select(Connection).where(Connection.id == connection_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.exec(query)).first()


async def everyone(session: AsyncSession) -> list[Connection]:
    """All connections by name."""
    return list(await session.exec(select(Connection).order_by(col(Connection.name))))
