"""Queries over links. No transaction of their own."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update
from sqlmodel import col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.store.link_tables import FormerLink
from app.store.tables import Binding


async def by_salesforce_id(
    session: AsyncSession, connection_id: str, object_name: str, ids: Sequence[str]
) -> list[Binding]:
    """Links of the given Salesforce records."""
    return await _where(session, connection_id, object_name, Binding.salesforce_id, ids)


async def spread(session: AsyncSession, connection_id: str, object_name: str, size: int) -> tuple[list[str], int]:
    """Up to `size` linked Salesforce records, evenly spread over all of an object, and how many there are."""
    mine = (Binding.connection_id == connection_id, Binding.object == object_name)
    linked = (await session.exec(select(func.count()).select_from(Binding).where(*mine))).one()
    place = func.row_number().over(order_by=col(Binding.salesforce_id)).label("place")
    numbered = select(Binding.salesforce_id, place).where(*mine).subquery()
    every = max(1, -(-linked // max(size, 1)))
    query = select(numbered.c.salesforce_id).where((numbered.c.place - 1) % every == 0)
    return list(await session.exec(query.order_by(numbered.c.place).limit(size))), linked


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


async def how_many(session: AsyncSession, connection_id: str, object_name: str) -> int:
    """Links of an object."""
    query = select(func.count()).where(Binding.connection_id == connection_id, Binding.object == object_name)
    return (await session.exec(query)).one()


async def former(
    session: AsyncSession, connection_id: str, object_name: str, salesforce_ids: Sequence[str]
) -> list[FormerLink]:
    """Ended links of the given Salesforce records, the newest first; those they took over in a merge included."""
    if not salesforce_ids:
        return []
    query = select(FormerLink).where(
        FormerLink.connection_id == connection_id,
        FormerLink.object == object_name,
        or_(col(FormerLink.salesforce_id).in_(salesforce_ids), col(FormerLink.successor).in_(salesforce_ids)),
    )
    return list(await session.exec(query.order_by(col(FormerLink.ended_at).desc(), col(FormerLink.id))))


async def merged_by_intacct_id(
    session: AsyncSession, connection_id: str, object_name: str, ids: Sequence[str]
) -> list[FormerLink]:
    """Ended links by natural id whose record has a successor, the oldest first."""
    if not ids:
        return []
    query = select(FormerLink).where(
        FormerLink.connection_id == connection_id,
        FormerLink.object == object_name,
        col(FormerLink.intacct_id).in_(ids),
        col(FormerLink.successor).is_not(None),
    )
    return list(await session.exec(query.order_by(col(FormerLink.ended_at), col(FormerLink.id))))


async def mark_shown(
    session: AsyncSession, connection_id: str, object_name: str, keys: Sequence[str], reading: str
) -> None:
    """Note on the links with the given RECORDNOs that a reading of the whole object showed them.

    Locked in the order in which workers write links, so that neither locks the other out.
    """
    shown = (
        select(Binding.id)
        .where(
            Binding.connection_id == connection_id, Binding.object == object_name, col(Binding.intacct_key).in_(keys)
        )
        .order_by(col(Binding.id))
        .with_for_update()
    )
    marked = update(Binding).where(col(Binding.id).in_(shown)).values(shown_in=reading)
    await session.exec(marked, execution_options={"synchronize_session": False})


async def not_shown(
    session: AsyncSession,
    connection_id: str,
    object_name: str,
    reading: str,
    began: datetime,
    after: str,
    size: int,
) -> list[str]:
    """Salesforce records, in order, those behind `after`, whose link was there when a reading `began` and not shown."""
    query = (
        select(Binding.salesforce_id)
        .where(
            Binding.connection_id == connection_id,
            Binding.object == object_name,
            col(Binding.salesforce_id) > after,
            col(Binding.created_at) <= began,
            or_(col(Binding.shown_in).is_(None), col(Binding.shown_in) != reading),
        )
        .order_by(col(Binding.salesforce_id))
        .limit(size)
    )
    return list(await session.exec(query))


async def _where(
    session: AsyncSession, connection_id: str, object_name: str, column: str, values: Sequence[str]
) -> list[Binding]:
    if not values:
        return []
    query = select(Binding).where(
        Binding.connection_id == connection_id, Binding.object == object_name, col(column).in_(values)
    )
    return list((await session.exec(query)).all())
