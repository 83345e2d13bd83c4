"""The error log: what went wrong, on which record, how often, and what to do. One open row per cause and record.

Here it is read, and closed by hand. Runs open, repeat and close errors when they are settled.
"""

from collections.abc import Sequence
from datetime import datetime

from app.services.context import Context
from app.services.paging import Page, cut, place_of
from app.store import errors
from app.store.errors import ErrorFilter
from app.store.tables import ErrorLog


async def listed(
    context: Context, connection_id: str, wanted: ErrorFilter, cursor: str | None, size: int
) -> Page[ErrorLog]:
    """A page of errors, the last seen first."""
    async with context.begin() as session:
        rows = await errors.page(session, connection_id, wanted, place_of(cursor), size + 1)
    return cut(rows, size, _place)


async def about(
    context: Context, connection_id: str, object_name: str, record_id: str, size: int
) -> Sequence[ErrorLog]:
    """The errors of one record, open and resolved, the last seen first: the related list."""
    async with context.begin() as session:
        return await errors.page(session, connection_id, ErrorFilter(object_name, record_id), None, size)


async def resolve(context: Context, connection_id: str, error_id: str, by: str) -> ErrorLog | None:
    """Close one error by hand; closing it again changes nothing. None when the connection has no such error.

    A cause that is still there opens a new one with the next run.
    """
    async with context.begin() as session:
        row = await errors.get(session, connection_id, error_id)
        if row is not None and row.resolved_at is None:
            row.resolved_at, row.resolved_by = context.clock.now(), by
    return row


def _place(row: ErrorLog) -> tuple[datetime, str]:
    return row.last_seen, row.id
