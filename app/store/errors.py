"""Queries over the error log. One open row per cause and record; nothing is committed here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, text
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from app.store.operations import before_place
from app.store.tables import ErrorLog
from app.store.upsert import insert_absent

_TABLE: Table = ErrorLog.__table__  # type: ignore[attr-defined]
_OPEN_WHERE = text("resolved_at IS NULL")


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


async def report(session: AsyncSession, row: ErrorLog) -> None:
    """Add an error, or count up the open one with the same cause on the same record."""
    inserted = await insert_absent(
        session,
        _TABLE,
        [row.model_dump()],
        unique=("connection_id", "object", "record_id", "fingerprint"),
        where=_OPEN_WHERE,
    )
    if inserted:
        return
    fresh = ("intacct_id", "operation_id", "message", "advice", "vendor", "blocked_object", "blocked_id", "last_seen")
    await session.exec(
        update(ErrorLog)
        .where(
            col(ErrorLog.connection_id) == row.connection_id,
            col(ErrorLog.object) == row.object,
            col(ErrorLog.record_id) == row.record_id,
            col(ErrorLog.fingerprint) == row.fingerprint,
            col(ErrorLog.resolved_at).is_(None),
        )
        .values(occurrences=ErrorLog.occurrences + 1, **{name: getattr(row, name) for name in fresh})
        .execution_options(synchronize_session=False)
    )


async def close(
    session: AsyncSession,
    connection_id: str,
    object_name: str,
    record_ids: Sequence[str],
    now: datetime,
    by: str,
    *,
    but: str | None = None,
) -> int:
    """Resolve what is open on the records, except the fingerprint `but`; how many there were."""
    conditions = [
        col(ErrorLog.connection_id) == connection_id,
        col(ErrorLog.object) == object_name,
        col(ErrorLog.record_id).in_(record_ids),
        col(ErrorLog.resolved_at).is_(None),
    ]
    if but is not None:
        conditions.append(col(ErrorLog.fingerprint) != but)
    closed = await session.exec(
        update(ErrorLog)
        .where(*conditions)
        .values(resolved_at=now, resolved_by=by)
        .execution_options(synchronize_session=False)
    )
    return closed.rowcount


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
