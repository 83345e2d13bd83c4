"""What is old and over is removed, batch by batch: closed errors, decisions, operations, finished mass runs.

Never: what lives, the newest decision of a record and its operation, and any promised write. A promise is the proof
that a document was made, and the number by which the next one gets a control id of its own.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, exists, tuple_
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from app.domain.connection_options import RETENTION
from app.services.configuration import option_of
from app.services.context import Context
from app.store.columns import among
from app.store.mass_tables import ErrorGroup, MassEdit, MassItem, MassRun
from app.store.tables import UNSETTLED, Connection, Decision, ErrorLog, Intent, Operation

BATCH = 500
BATCHES = 40
"""Batches of each kind in one run; the rest waits for the next."""


async def purge(context: Context, *, size: int = BATCH, batches: int = BATCHES) -> int:
    """Remove what is older than each connection keeps it; how many rows."""
    async with context.begin() as session:
        connections = list(await session.exec(select(Connection)))
    removed = 0
    for connection in connections:
        days = option_of(connection, RETENTION)
        assert isinstance(days, int)
        before = context.clock.now() - timedelta(days=days)
        for table, old in _OLD:
            removed += await _purge(context, table, old(connection.id, before), size, batches)
    return removed


async def _purge(context: Context, table: Any, old: Any, size: int, batches: int) -> int:
    keys = list(table.__table__.primary_key.columns)
    removed = 0
    for _ in range(batches):
        async with context.begin() as session:
            found = (await session.exec(select(*keys).where(*old).limit(size))).all()
            if found:
                chosen = [tuple(one) if len(keys) > 1 else (one,) for one in found]
                await session.exec(delete(table).where(tuple_(*keys).in_(chosen)))
        removed += len(found)
        if len(found) < size:
            break
    return removed


def _errors(connection_id: str, before: datetime) -> list[Any]:
    return [ErrorLog.connection_id == connection_id, col(ErrorLog.resolved_at) < before]


def _decisions(connection_id: str, before: datetime) -> list[Any]:
    newer = aliased(Decision)
    outdated = exists().where(
        col(newer.connection_id) == connection_id,
        col(newer.object) == col(Decision.object),
        col(newer.record_id) == col(Decision.record_id),
        col(newer.at) > col(Decision.at),
    )
    return [Decision.connection_id == connection_id, col(Decision.at) < before, outdated]


def _operations(connection_id: str, before: datetime) -> list[Any]:
    """Those that are over, whose decisions are gone, and whose writes are settled."""
    told = exists().where(col(Decision.operation_id) == col(Operation.id))
    open_write = exists().where(col(Intent.operation_id) == col(Operation.id), among(Intent.state, UNSETTLED))
    over = col(Operation.state).in_(("done", "cancelled"))
    return [Operation.connection_id == connection_id, over, col(Operation.finished_at) < before, ~told, ~open_write]


def _of_runs(table: type[MassItem] | type[MassEdit]) -> Callable[[str, datetime], list[Any]]:
    """Records of runs that are over."""

    def old(connection_id: str, before: datetime) -> list[Any]:
        over = select(MassRun.id).where(MassRun.connection_id == connection_id, col(MassRun.finished_at) < before)
        return [table.connection_id == connection_id, col(table.run_id).in_(over)]

    return old


def _runs(connection_id: str, before: datetime) -> list[Any]:
    items = exists().where(col(MassItem.run_id) == col(MassRun.id))
    edits = exists().where(col(MassEdit.run_id) == col(MassRun.id))
    return [MassRun.connection_id == connection_id, col(MassRun.finished_at) < before, ~items, ~edits]


def _groups(connection_id: str, before: datetime) -> list[Any]:
    errors = exists().where(
        col(ErrorLog.connection_id) == connection_id, col(ErrorLog.fingerprint) == col(ErrorGroup.fingerprint)
    )
    return [ErrorGroup.connection_id == connection_id, col(ErrorGroup.last_seen) < before, ~errors]


_OLD: tuple[tuple[Any, Callable[[str, datetime], list[Any]]], ...] = (
    (ErrorLog, _errors),
    (ErrorGroup, _groups),
    (Decision, _decisions),
    (Operation, _operations),
    (MassItem, _of_runs(MassItem)),
    (MassEdit, _of_runs(MassEdit)),
    (MassRun, _runs),
)
"""In this order: what refers to something goes before it."""
