"""The error log: what went wrong, on which record, how often, and what to do. One open row per cause and record.

Errors are reported and closed inside the transaction that settles an operation; a person may close one by hand.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from app.domain.decisions import Reference
from app.domain.errors import SyncError
from app.services.context import Context
from app.services.paging import Page, cut, place_of
from app.store import errors
from app.store.errors import ErrorFilter
from app.store.tables import ErrorLog, Operation

_VARIABLE = (
    (re.compile(r"\[Support ID:[^\]]*\]", re.I), ""),
    (re.compile(r"'[^']*'|\"[^\"]*\""), "?"),
    (re.compile(r"\b[0-9A-Za-z]*[0-9][0-9A-Za-z.,:/-]*\b"), "#"),
    (re.compile(r"\s+"), " "),
)
"""What differs between two messages with one cause: support ids, quoted names, ids, amounts, dates."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Trouble:
    """An error of one record, to be logged."""

    operation: Operation
    error: SyncError
    blocked_on: Reference | None = None
    intacct_id: str | None = None


def fingerprint(object_name: str, error: SyncError) -> str:
    """The same for the same cause, whatever ids, amounts and names its message holds (reliability.md 14)."""
    text = error.message
    for pattern, stands_for in _VARIABLE:
        text = pattern.sub(stands_for, text)
    vendor = error.vendor.code if error.vendor and error.vendor.code else ""
    parts = (object_name, error.kind, error.code, vendor, error.field or "", text.strip().lower())
    return sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


async def report(context: Context, session: AsyncSession, trouble: Trouble) -> str:
    """Log an error in the caller's transaction, counting up an open one with the same cause; its fingerprint."""
    of, error, now = trouble.operation, trouble.error, context.clock.now()
    mark = fingerprint(of.object, error)
    blocked = trouble.blocked_on
    row = ErrorLog(
        id=context.new_id(),
        connection_id=of.connection_id,
        object=of.object,
        record_id=of.record_id,
        intacct_id=trouble.intacct_id or of.intacct_id,
        operation_id=of.id,
        kind=error.kind,
        code=_storable(error.code)[:60],
        message=_storable(error.message),
        advice=_storable(error.advice),
        field=_storable(error.field)[:255] if error.field else None,
        vendor=_vendor(error),
        fingerprint=mark,
        blocked_object=blocked.object if blocked else None,
        blocked_id=blocked.record_id if blocked else None,
        first_seen=now,
        last_seen=now,
    )
    await errors.report(session, row)
    return mark


async def close(
    context: Context,
    session: AsyncSession,
    operation: Operation,
    *,
    but: str | None = None,
) -> int:
    """Resolve the record's open errors in the caller's transaction: all, or all but the cause `but` that remains."""
    return await errors.close(
        session,
        operation.connection_id,
        operation.object,
        [operation.record_id],
        context.clock.now(),
        operation.id,
        but=but,
    )


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


def _storable(text: str) -> str:
    """Text both databases can keep; what a vendor wrote is not to be trusted with that."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _vendor(error: SyncError) -> dict[str, Any] | None:
    fault = error.vendor
    if fault is None:
        return None
    return {
        "system": fault.system,
        "code": _storable(fault.code) if fault.code else None,
        "text": _storable(fault.text) if fault.text else None,
        "supportId": _storable(fault.support_id) if fault.support_id else None,
        "httpStatus": fault.http_status,
    }
