"""Queries over mapping versions. No transaction of their own."""

from collections.abc import Sequence

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from app.store.tables import MappingVersion

DRAFT, ACTIVE, RETIRED = "draft", "active", "retired"


def _of(connection_id: str, object_name: str) -> SelectOfScalar[MappingVersion]:
    return select(MappingVersion).where(
        MappingVersion.connection_id == connection_id, MappingVersion.object == object_name
    )


async def in_state(
    session: AsyncSession, connection_id: str, object_name: str, state: str, *, lock: bool = False
) -> MappingVersion | None:
    """The draft, or the active version; there is at most one of each."""
    query = _of(connection_id, object_name).where(MappingVersion.state == state)
    return (await session.exec(query.with_for_update() if lock else query)).one_or_none()


async def numbered(session: AsyncSession, connection_id: str, object_name: str, number: int) -> MappingVersion | None:
    """A version by its number."""
    return (await session.exec(_of(connection_id, object_name).where(MappingVersion.number == number))).one_or_none()


async def newest(
    session: AsyncSession, connection_id: str, object_name: str, below: int | None, size: int
) -> Sequence[MappingVersion]:
    """Versions from the newest to the oldest, from below a number on."""
    query = _of(connection_id, object_name)
    if below is not None:
        query = query.where(MappingVersion.number < below)
    return (await session.exec(query.order_by(col(MappingVersion.number).desc()).limit(size))).all()


async def next_number(session: AsyncSession, connection_id: str, object_name: str) -> int:
    """The number after the highest there ever was."""
    query = select(func.max(MappingVersion.number)).where(
        MappingVersion.connection_id == connection_id, MappingVersion.object == object_name
    )
    return ((await session.exec(query)).one() or 0) + 1
