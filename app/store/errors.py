"""Queries over the error log. One open row per cause and record; nothing is committed here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.domain.records import BORN_IN_INTACCT
from app.store.operations import before_place
from app.store.tables import ErrorLog


@dataclass(frozen=True, slots=True)
class ErrorFilter:
    """What a list of errors is narrowed to; None leaves a column open. Times are those of the last occurrence."""

    object: str | None = None
    record_id: str | None = None
    kind: str | None = None
    code: str | None = None
    open: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


async def get(session: AsyncSession, connection_id: str, error_id: str) -> ErrorLog | None:
    """One error of the connection, locked until the transaction ends."""
    found = await session.exec(
        select(ErrorLog).where(ErrorLog.connection_id == connection_id, ErrorLog.id == error_id).with_for_update()
    )
    return found.first()


async def page(
    session: AsyncSession, connection_id: str, wanted: ErrorFilter, after: tuple[datetime, str] | None, size: int
) -> list[ErrorLog]:
    """Up to `size` errors, the last seen first, after the place (last_seen, id)."""
    conditions = [ErrorLog.connection_id == connection_id, *_conditions(wanted)]
    if after is not None:
        conditions.append(before_place(col(ErrorLog.last_seen), col(ErrorLog.id), after))
    found = await session.exec(
        select(ErrorLog)
        .where(*conditions)
        .order_by(col(ErrorLog.last_seen).desc(), col(ErrorLog.id).desc())
        .limit(size)
    )
    return list(found)


async def open_records(session: AsyncSession, connection_id: str, object_name: str, after: str, size: int) -> list[str]:
    """Up to `size` Salesforce ids behind `after` of records of the object with an open error, in their order."""
    query = (
        select(ErrorLog.record_id)
        .where(
            ErrorLog.connection_id == connection_id,
            ErrorLog.object == object_name,
            col(ErrorLog.record_id) > after,
            ~col(ErrorLog.record_id).startswith(BORN_IN_INTACCT),
            col(ErrorLog.resolved_at).is_(None),
        )
        .distinct()
        .order_by(col(ErrorLog.record_id))
        .limit(size)
    )
    return list(await session.exec(query))


def _conditions(wanted: ErrorFilter) -> list[Any]:
    exact = {
        ErrorLog.object: wanted.object,
        ErrorLog.record_id: wanted.record_id,
        ErrorLog.kind: wanted.kind,
        ErrorLog.code: wanted.code,
    }
    conditions: list[Any] = [column == value for column, value in exact.items() if value is not None]
    if wanted.open is not None:
        resolved = col(ErrorLog.resolved_at)
        conditions.append(resolved.is_(None) if wanted.open else resolved.is_not(None))
    if wanted.since is not None:
        conditions.append(col(ErrorLog.last_seen) >= wanted.since)
    if wanted.until is not None:
        conditions.append(col(ErrorLog.last_seen) < wanted.until)
    return conditions
