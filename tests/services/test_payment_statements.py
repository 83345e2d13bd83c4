"""Payments of one batch share their statements: more of them ask the database no more questions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event

from app.domain.payment_wish import PaymentWish, WishedDetail
from app.domain.records import Lane
from app.services import payment_delivery, payment_intake
from app.services.payment_intake import Asked
from app.store.session import Sessions
from tests.scenarios.till import Till
from tests.simulated import build_house

ASKED = Asked("massTool", "correlation", "a key")
AMOUNT = Decimal("10.00")


@pytest.fixture
async def till(sessions: Sessions, new_id: Callable[[], str]) -> Till:
    return await Till(await build_house(sessions, new_id)).opened()


@contextmanager
def asked(sessions: Sessions) -> Iterator[list[str]]:
    """The questions put to the database meanwhile."""
    said: list[str] = []

    def note(_: Any, __: Any, statement: str, *rest: Any) -> None:
        if statement.startswith("SELECT"):
            said.append(statement)

    engine = sessions.kw["bind"].sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def posted(till: Till, mark: str, count: int) -> int:
    """Hand payments in and bring them to their end; how many questions that took."""
    wishes = [
        PaymentWish(
            f"{mark}-{number}",
            "USD",
            AMOUNT,
            date(2026, 2, 1),
            "EFT",
            (WishedDetail(AMOUNT, till.invoice()),),
            account_id=till.account,
        )
        for number in range(count)
    ]
    with asked(till.house.context.sessions) as said:
        by = replace(ASKED, correlation_id=mark)
        await payment_intake.take(till.house.context, till.house.connection, wishes, by)
        await payment_delivery.deliver(till.house.context, till.house.connection.id, Lane.BULK)
        await till.house.drain()
    return len(said)


async def test_more_payments_of_a_batch_ask_no_more_questions(till: Till) -> None:
    await posted(till, "first", 2)
    few, many = await posted(till, "few", 12), await posted(till, "many", 36)
    assert {row.state for row in (await till.rows()).values()} == {"posted"}
    assert many - few <= 4
