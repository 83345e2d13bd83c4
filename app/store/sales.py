"""Queries over transaction definitions. No transaction of their own."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.store.sales_tables import TransactionDefinition


async def definitions(session: AsyncSession, connection_id: str) -> list[TransactionDefinition]:
    """All definitions a connection uses, by name."""
    query = select(TransactionDefinition).where(TransactionDefinition.connection_id == connection_id)
    return list(await session.exec(query.order_by(col(TransactionDefinition.name))))


async def definition(
    session: AsyncSession, connection_id: str, name: str, *, lock: bool = False
) -> TransactionDefinition | None:
    """One definition by its name."""
    query = select(TransactionDefinition).where(
        TransactionDefinition.connection_id == connection_id, TransactionDefinition.name == name
    )
    return (await session.exec(query.with_for_update() if lock else query)).first()
