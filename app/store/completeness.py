"""Queries for the completeness equation: what we know of given records, and the last results. Nothing is committed."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.store.columns import among
from app.store.feed_tables import Completeness
from app.store.tables import LIVE, Binding, ErrorLog, Operation

KEYS_PER_QUERY = 500


async def links(
    session: AsyncSession, connection_id: str, object_name: str, keys: Sequence[str], *, by_intacct_key: bool
) -> dict[str, str]:
    """Salesforce ids by the given keys, of those that are linked: by RECORDNO, or the Salesforce ids themselves."""
    column = col(Binding.intacct_key) if by_intacct_key else col(Binding.salesforce_id)
    found: dict[str, str] = {}
    for some in _parts(keys):
        query = select(column, Binding.salesforce_id).where(
            Binding.connection_id == connection_id, Binding.object == object_name, column.in_(some)
        )
        found |= dict((await session.exec(query)).all())
    return found


async def in_error(session: AsyncSession, connection_id: str, object_name: str, ids: Sequence[str]) -> set[str]:
    """Those of the records that have an open error."""
    return await _among(session, ErrorLog, connection_id, object_name, ids, col(ErrorLog.resolved_at).is_(None))


async def under_way(session: AsyncSession, connection_id: str, object_name: str, ids: Sequence[str]) -> set[str]:
    """Those of the records that have an operation which is not over."""
    return await _among(session, Operation, connection_id, object_name, ids, among(Operation.state, LIVE))


async def last(session: AsyncSession, connection_id: str, object_name: str | None = None) -> list[Completeness]:
    """The last results of a connection, of all objects or of one."""
    query = select(Completeness).where(Completeness.connection_id == connection_id)
    if object_name is not None:
        query = query.where(Completeness.object == object_name)
    return list(await session.exec(query.order_by(col(Completeness.object), col(Completeness.system))))


async def _among(
    session: AsyncSession,
    table: type[ErrorLog] | type[Operation],
    connection_id: str,
    object_name: str,
    ids: Sequence[str],
    holds: Any,
) -> set[str]:
    found: set[str] = set()
    for some in _parts(ids):
        query = select(table.record_id).where(
            table.connection_id == connection_id, table.object == object_name, col(table.record_id).in_(some), holds
        )
        found |= set(await session.exec(query))
    return found


def _parts(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    return (keys[start : start + KEYS_PER_QUERY] for start in range(0, len(keys), KEYS_PER_QUERY))
