"""The error log as runs keep it: opened, repeated, closed, and gathered into groups, in the transaction of the run.

Reading it, and closing by hand, is the business of `error_log` and `error_groups`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.domain.decisions import STRENGTH, Result, Settlement
from app.domain.errors import SyncError
from app.domain.fingerprints import fingerprint
from app.services.context import Context
from app.store import error_groups
from app.store.mass_tables import ErrorGroup
from app.store.tables import ErrorLog, Operation


@dataclass(slots=True)
class _Seen:
    """What one run saw of one cause."""

    row: ErrorLog
    opened: list[str]
    times: int = 0


async def keep_errors(
    context: Context,
    session: AsyncSession,
    connection_id: str,
    settled: Sequence[tuple[Operation, Settlement]],
    now: datetime,
) -> None:
    """Open, repeat or close error-log rows: one open row per cause and record, closed by the next success."""
    by_record: dict[tuple[str, str], list[ErrorLog]] = {}
    for name in sorted({row.object for row, _ in settled}):
        ids = [row.record_id for row, _ in settled if row.object == name]
        found = await session.exec(
            select(ErrorLog).where(
                ErrorLog.connection_id == connection_id,
                ErrorLog.object == name,
                col(ErrorLog.record_id).in_(ids),
                col(ErrorLog.resolved_at).is_(None),
            )
        )
        for error in found:
            by_record.setdefault((error.object, error.record_id), []).append(error)
    seen: dict[str, _Seen] = {}
    for row, said in settled:
        known = by_record.get((row.object, row.record_id), [])
        if said.error is not None:
            _log(context, session, row, said, known, now, seen)
        elif said.result in STRENGTH or (said.result is Result.SKIPPED):
            for error in known:
                error.resolved_at, error.resolved_by = now, row.id
    if seen:
        await session.flush()
        await _gather(context, session, connection_id, seen, now)


def _log(
    context: Context,
    session: AsyncSession,
    row: Operation,
    said: Settlement,
    known: Sequence[ErrorLog],
    now: datetime,
    seen: dict[str, _Seen],
) -> None:
    error = said.error
    assert error is not None
    mark = fingerprint(row.object, error, said.blocked_on)
    same = next((entry for entry in known if entry.fingerprint == mark), None)
    for other in known:
        if other is not same:
            other.resolved_at, other.resolved_by = now, row.id  # another cause took its place
    opened = same is None
    if same is None:
        same = _fresh(context, row, error, mark, now)
        session.add(same)
    vendor, blocked = error.vendor, said.blocked_on
    same.occurrences, same.last_seen, same.operation_id = same.occurrences + 1, now, row.id
    same.message, same.intacct_id = error.message, said.intacct_id or row.intacct_id
    same.blocked_object, same.blocked_id = (blocked.object, blocked.record_id) if blocked else (None, None)
    if vendor is not None:
        same.vendor = {
            "system": vendor.system,
            "code": vendor.code,
            "text": vendor.text,
            "supportId": vendor.support_id,
            "httpStatus": vendor.http_status,
        }
    cause = seen.setdefault(mark, _Seen(same, []))
    cause.times += 1
    if opened:
        cause.opened.append(same.id)


def _fresh(context: Context, row: Operation, error: SyncError, mark: str, now: datetime) -> ErrorLog:
    return ErrorLog(
        id=context.new_id(),
        connection_id=row.connection_id,
        object=row.object,
        record_id=row.record_id,
        operation_id=row.id,
        kind=error.kind,
        code=error.code,
        message=error.message,
        advice=error.advice,
        field=error.field,
        fingerprint=mark,
        occurrences=0,
        first_seen=now,
        last_seen=now,
    )


async def _gather(
    context: Context, session: AsyncSession, connection_id: str, seen: dict[str, _Seen], now: datetime
) -> None:
    """Count what was seen into the groups of its causes; a cause whose last error had been closed has come back."""
    fresh = [_group(context, seen[mark].row, now) for mark in sorted(seen)]
    made = await error_groups.insert(session, fresh)
    groups = await error_groups.lock(session, connection_id, sorted(seen))
    new = [error_id for cause in seen.values() for error_id in cause.opened]
    elsewhere = await error_groups.open_besides(session, connection_id, sorted(seen), new)
    for group in groups:
        cause = seen[group.fingerprint]
        group.occurrences += cause.times
        group.last_seen = now
        group.message, group.advice = cause.row.message, cause.row.advice
        if cause.opened and group.id not in made and group.fingerprint not in elsewhere:
            group.regressions += 1


def _group(context: Context, row: ErrorLog, now: datetime) -> ErrorGroup:
    return ErrorGroup(
        id=context.new_id(),
        connection_id=row.connection_id,
        fingerprint=row.fingerprint,
        object=None if row.blocked_id else row.object,
        kind=row.kind,
        code=row.code,
        message=row.message,
        advice=row.advice,
        field=row.field,
        blocked_object=row.blocked_object,
        blocked_id=row.blocked_id,
        first_seen=now,
        last_seen=now,
    )
