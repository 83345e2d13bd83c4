"""Queries over groups of errors. What is open is counted in the error log itself. No transaction of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Subquery, case, update
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.store.mass_tables import ErrorGroup
from app.store.operations import before_place
from app.store.tables import ErrorLog
from app.store.upsert import insert_absent

OPEN, IGNORED, RESOLVED, REGRESSED = "open", "ignored", "resolved", "regressed"
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class GroupFilter:
    """What a list of groups is narrowed to; None leaves a column open."""

    object: str | None = None
    kind: str | None = None
    code: str | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A group with what the error log holds of it: open records, and how many of them came in the last two days."""

    group: ErrorGroup
    records: int
    last_day: int
    day_before: int


async def insert(session: AsyncSession, rows: Sequence[ErrorGroup]) -> set[str]:
    """Store groups whose cause is new; the ids that went in."""
    table: Any = ErrorGroup.__table__  # type: ignore[attr-defined]
    return await insert_absent(
        session, table, [row.model_dump() for row in rows], unique=("connection_id", "fingerprint")
    )


async def lock(session: AsyncSession, connection_id: str, fingerprints: Sequence[str]) -> list[ErrorGroup]:
    """The groups of the causes, in the order of their fingerprints, locked until the transaction ends."""
    query = (
        select(ErrorGroup)
        .where(ErrorGroup.connection_id == connection_id, col(ErrorGroup.fingerprint).in_(fingerprints))
        .order_by(col(ErrorGroup.fingerprint))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(await session.exec(query))


async def open_besides(
    session: AsyncSession, connection_id: str, fingerprints: Sequence[str], error_ids: Sequence[str]
) -> set[str]:
    """Those of the causes that have an open error other than the given ones."""
    query = (
        select(ErrorLog.fingerprint)
        .where(
            ErrorLog.connection_id == connection_id,
            col(ErrorLog.fingerprint).in_(fingerprints),
            col(ErrorLog.resolved_at).is_(None),
            col(ErrorLog.id).not_in(error_ids),
        )
        .distinct()
    )
    return set(await session.exec(query))


async def get(session: AsyncSession, connection_id: str, group_id: str, now: datetime) -> Standing | None:
    """One group of the connection."""
    query = _standing(connection_id, now).where(ErrorGroup.id == group_id)
    row = (await session.exec(query)).first()
    return _row(row) if row is not None else None


async def page(
    session: AsyncSession,
    connection_id: str,
    wanted: GroupFilter,
    now: datetime,
    after: tuple[datetime, str] | None,
    size: int,
) -> list[Standing]:
    """Up to `size` groups, the last seen first, after the place (last_seen, id)."""
    counts = _counts(connection_id, now)
    query = _standing(connection_id, now, counts)
    exact = {ErrorGroup.object: wanted.object, ErrorGroup.kind: wanted.kind, ErrorGroup.code: wanted.code}
    query = query.where(*(column == value for column, value in exact.items() if value is not None))
    if wanted.state is not None:
        query = query.where(*_in_state(wanted.state, counts, now))
    if after is not None:
        query = query.where(before_place(col(ErrorGroup.last_seen), col(ErrorGroup.id), after))
    order = (col(ErrorGroup.last_seen).desc(), col(ErrorGroup.id).desc())
    return [_row(row) for row in await session.exec(query.order_by(*order).limit(size))]


async def open_errors(
    session: AsyncSession, connection_id: str, fingerprint: str, after: str, size: int
) -> list[ErrorLog]:
    """Up to `size` open errors of a cause behind the id `after`, in the order of their ids."""
    query = (
        select(ErrorLog)
        .where(
            ErrorLog.connection_id == connection_id,
            ErrorLog.fingerprint == fingerprint,
            col(ErrorLog.resolved_at).is_(None),
            col(ErrorLog.id) > after,
        )
        .order_by(col(ErrorLog.id))
        .limit(size)
    )
    return list(await session.exec(query))


async def resolve(session: AsyncSession, connection_id: str, fingerprint: str, now: datetime, by: str) -> int:
    """Close every open error of a cause; how many."""
    done = await session.exec(
        update(ErrorLog)
        .where(
            col(ErrorLog.connection_id) == connection_id,
            col(ErrorLog.fingerprint) == fingerprint,
            col(ErrorLog.resolved_at).is_(None),
        )
        .values(resolved_at=now, resolved_by=by)
        .execution_options(synchronize_session=False)
    )
    return done.rowcount


def state_of(standing: Standing, now: datetime) -> str:
    """Resolved when nothing is open; else ignored for a while, regressed when it has come back, or open."""
    if not standing.records:
        return RESOLVED
    if standing.group.ignored_until is not None and standing.group.ignored_until > now:
        return IGNORED
    return REGRESSED if standing.group.regressions else OPEN


def _in_state(state: str, counts: Subquery, now: datetime) -> list[Any]:
    """The same in the database."""
    if state == RESOLVED:
        return [counts.c.records.is_(None)]
    ignored = func.coalesce(col(ErrorGroup.ignored_until) > now, False)
    there = counts.c.records.is_not(None)
    if state == IGNORED:
        return [there, ignored]
    returned = col(ErrorGroup.regressions) > 0
    return [there, ~ignored, returned if state == REGRESSED else ~returned]


def _counts(connection_id: str, now: datetime) -> Subquery:
    first = col(ErrorLog.first_seen)
    return (
        select(
            ErrorLog.fingerprint,
            func.count().label("records"),
            func.sum(case((first > now - DAY, 1), else_=0)).label("last_day"),
            func.sum(case(((first <= now - DAY) & (first > now - 2 * DAY), 1), else_=0)).label("day_before"),
        )
        .where(ErrorLog.connection_id == connection_id, col(ErrorLog.resolved_at).is_(None))
        .group_by(col(ErrorLog.fingerprint))
        .subquery()
    )


def _standing(connection_id: str, now: datetime, counts: Subquery | None = None) -> Any:
    counted = _counts(connection_id, now) if counts is None else counts
    return (
        select(ErrorGroup, counted.c.records, counted.c.last_day, counted.c.day_before)
        .join(counted, counted.c.fingerprint == col(ErrorGroup.fingerprint), isouter=True)
        .where(ErrorGroup.connection_id == connection_id)
    )


def _row(row: Any) -> Standing:
    group, records, last_day, day_before = row
    return Standing(group, records or 0, int(last_day or 0), int(day_before or 0))
