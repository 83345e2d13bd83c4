"""Queries over decisions about records. No transaction of their own."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.store.operations import before_place
from app.store.tables import Decision, Operation

IDS_PER_QUERY = 500


async def latest(
    session: AsyncSession, connection_id: str, object_name: str, record_ids: Sequence[str]
) -> dict[str, Decision]:
    """The newest decision about each of the records that has one."""
    found: dict[str, Decision] = {}
    for start in range(0, len(record_ids), IDS_PER_QUERY):
        some = record_ids[start : start + IDS_PER_QUERY]
        mine = (
            Decision.connection_id == connection_id,
            Decision.object == object_name,
            col(Decision.record_id).in_(some),
        )
        newest = select(Decision.record_id, func.max(col(Decision.at)).label("at")).where(*mine)
        last = newest.group_by(col(Decision.record_id)).subquery()
        rows = await session.exec(
            select(Decision)
            .join(last, (col(Decision.record_id) == last.c.record_id) & (col(Decision.at) == last.c.at))
            .where(*mine)
            .order_by(col(Decision.run))
        )
        found |= {row.record_id: row for row in rows}
    return found


async def page_about(
    session: AsyncSession,
    connection_id: str,
    object_name: str,
    record_ids: Sequence[str],
    after: tuple[datetime, str] | None,
    size: int,
) -> list[tuple[Decision, Operation | None]]:
    """Up to `size` decisions about one record under any of its keys, newest first, each with its operation.

    The operation is None once it is no longer kept.
    """
    conditions: list[Any] = [
        Decision.connection_id == connection_id,
        Decision.object == object_name,
        col(Decision.record_id).in_(record_ids),
    ]
    if after is not None:
        conditions.append(before_place(col(Decision.at), col(Decision.id), after))
    found = await session.exec(
        select(Decision).where(*conditions).order_by(col(Decision.at).desc(), col(Decision.id).desc()).limit(size)
    )
    rows = list(found)
    owners = await session.exec(
        select(Operation).where(
            Operation.connection_id == connection_id, col(Operation.id).in_({row.operation_id for row in rows})
        )
    )
    known = {row.id: row for row in owners}
    return [(row, known.get(row.operation_id)) for row in rows]
