"""What is added up is counted once and never lost, however many add at the same time. Both engines."""

import asyncio
from collections.abc import Callable
from typing import Any

from sqlmodel import select

from app.store.session import Sessions
from app.store.tables import Connection, Spending
from app.store.upsert import add_up
from tests.fakes import START

UNIQUE, SUMS = ("connection_id", "system", "lane", "day"), ("calls", "transactions")


async def test_many_who_add_at_once_add_up(sessions: Sessions, new_id: Callable[[], str]) -> None:
    async with sessions() as session, session.begin():
        session.add(Connection(id="c", name="default", environment="offline", created_at=START, updated_at=START))

    def row(system: str, calls: int, transactions: int) -> dict[str, Any]:
        return {
            "id": new_id(),
            "connection_id": "c",
            "system": system,
            "lane": "bulk",
            "day": "2026-03-04",
            "calls": calls,
            "transactions": transactions,
        }

    async def add(number: int) -> None:
        rows = [row("intacct", 1, number), row("salesforce", 2, 0)]
        async with sessions() as session, session.begin():
            await add_up(session, Spending.__table__, rows, unique=UNIQUE, sums=SUMS)  # type: ignore[attr-defined]

    await asyncio.gather(*(add(number) for number in range(10)))
    async with sessions() as session:
        found = {one.system: (one.calls, one.transactions) for one in await session.exec(select(Spending))}
    assert found == {"intacct": (10, 45), "salesforce": (20, 0)}
