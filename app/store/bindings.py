"""Queries over links. No transaction of their own."""

from collections.abc import Sequence

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.store.tables import Binding


async def by_salesforce_id(
    session: AsyncSession, connection_id: str, object_name: str, ids: Sequence[str]
) -> list[Binding]:
    """Links of the given Salesforce records."""
    return await _where(session, connection_id, object_name, Binding.salesforce_id, ids)


async def by_intacct_id(
    session: AsyncSession, connection_id: str, object_name: str, ids: Sequence[str]
) -> list[Binding]:
    """Links by natural id in Intacct."""
    return await _where(session, connection_id, object_name, Binding.intacct_id, ids)


async def by_intacct_key(
    session: AsyncSession, connection_id: str, object_name: str, keys: Sequence[str]
) -> list[Binding]:
    """Links by RECORDNO."""
    return await _where(session, connection_id, object_name, Binding.intacct_key, keys)


async def _where(
    session: AsyncSession, connection_id: str, object_name: str, column: str, values: Sequence[str]
) -> list[Binding]:
    if not values:
        return []
    query = select(Binding).where(
        Binding.connection_id == connection_id, Binding.object == object_name, col(column).in_(values)
    )
    return list((await session.exec(query)).all())
