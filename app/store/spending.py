"""Queries over what was spent at the vendors. No transaction of their own."""

from datetime import datetime, timedelta

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.domain.records import System
from app.store.tables import Spending


async def month(session: AsyncSession, connection_id: str, system: System, at: datetime) -> dict[str, tuple[int, int]]:
    """Calls and transactions of the calendar month (UTC) so far, by account."""
    return await _by_account(session, connection_id, system, at.date().replace(day=1).isoformat())


async def week(session: AsyncSession, connection_id: str, system: System, at: datetime) -> dict[str, tuple[int, int]]:
    """Calls and transactions of the last seven days, today included, by account."""
    return await _by_account(session, connection_id, system, (at - timedelta(days=6)).date().isoformat())


async def _by_account(
    session: AsyncSession, connection_id: str, system: System, since: str
) -> dict[str, tuple[int, int]]:
    found = await session.exec(
        select(Spending.lane, func.sum(col(Spending.calls)), func.sum(col(Spending.transactions)))
        .where(Spending.connection_id == connection_id, Spending.system == system, col(Spending.day) >= since)
        .group_by(Spending.lane)
    )
    return {account: (int(calls or 0), int(transactions or 0)) for account, calls, transactions in found}
