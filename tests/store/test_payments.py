"""Payments and their ledger change together; an invoice is paid by one payment at a time. Both engines."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy.exc import IntegrityError

from app.domain.payments import PaymentState, equations
from app.store import payments as store
from app.store.payment_tables import Payment
from app.store.session import Sessions
from app.store.tables import Connection
from tests.fakes import START

S = PaymentState
NewId = Callable[[], str]


@pytest.fixture(autouse=True)
async def connections(sessions: Sessions) -> None:
    async with sessions() as session, session.begin():
        for name in ("one", "two"):
            home = Connection(id=name, name=name, environment="offline", created_at=START, updated_at=START)
            session.add(home)


def payment(name: str, amount: int = 5000, *, connection: str = "one") -> Payment:
    return Payment(
        id=f"{connection}-{name}",
        connection_id=connection,
        source="api",
        external_id=name,
        state=S.RECEIVED.value,
        currency="EUR",
        amount=amount,
        received_on=date(2026, 3, 4),
        created_at=START,
        updated_at=START,
    )


async def kept(sessions: Sessions, row: Payment, new_id: NewId) -> None:
    async with sessions() as session, session.begin():
        store.add(session, row, [], new_id)


async def test_the_ledger_replayed_says_what_the_rows_say(sessions: Sessions, new_id: NewId) -> None:
    async with sessions() as session, session.begin():
        rows = [payment(str(n), 100 * n) for n in range(1, 6)]
        for row in rows:
            store.add(session, row, [], new_id)
        for row, after in zip(rows, [S.POSTING, S.REJECTED, S.HELD, S.CANCELLED], strict=False):
            store.move(session, row, after, new_id, START)
        store.amend(session, rows[4], 777, new_id, START, note="edited in Salesforce")
        store.move(session, rows[0], S.POSTED, new_id, START)
        store.turn(session, rows[0], new_id, START)
        store.turn(session, rows[0], new_id, START)
        [equation] = equations(await store.summed_entries(session, "one"))
        by_row = await store.summed_rows(session, "one")
    assert equation.holds
    assert (equation.received, equation.in_flight, equation.posted) == (100 + 200 + 300 + 400 + 777, 777, 100)
    assert (equation.rejected, equation.held, equation.cancelled, equation.reversed) == (200, 300, 400, 100)
    assert by_row == {
        ("EUR", "posted"): 100,
        ("EUR", "rejected"): 200,
        ("EUR", "held"): 300,
        ("EUR", "cancelled"): 400,
        ("EUR", "received"): 777,
    }


async def test_a_forbidden_move_changes_neither_row_nor_ledger(sessions: Sessions, new_id: NewId) -> None:
    async with sessions() as session, session.begin():
        row = payment("p")
        store.add(session, row, [], new_id)
        store.move(session, row, S.POSTED, new_id, START)
        with pytest.raises(ValueError, match="may not go from posted to cancelled"):
            store.move(session, row, S.CANCELLED, new_id, START)
        assert (row.state, len(await store.entries_of(session, row.id))) == ("posted", 2)


async def test_one_external_id_is_one_payment_per_connection(sessions: Sessions, new_id: NewId) -> None:
    async with sessions() as session, session.begin():
        store.add(session, payment("same"), [], new_id)
        store.add(session, payment("same", connection="two"), [], new_id)
    again = payment("same")
    again.id = "another"
    with pytest.raises(IntegrityError):
        await kept(sessions, again, new_id)


async def test_an_invoice_is_paid_by_one_payment_at_a_time(sessions: Sessions, new_id: NewId) -> None:
    async with sessions() as session, session.begin():
        first, second, foreign = payment("1"), payment("2"), payment("1", connection="two")
        for row in (first, second, foreign):
            store.add(session, row, [], new_id)
        await session.flush()
        one, two = {first.id: ["a", "b"]}, {second.id: ["b", "c"]}
        connection = first.connection_id
        assert await store.take_all(session, connection, one, new_id, START) == {}
        assert await store.take_all(session, connection, one, new_id, START) == {}
        assert await store.take_all(session, foreign.connection_id, {foreign.id: ["a"]}, new_id, START) == {}
        assert await store.take_all(session, connection, two, new_id, START) == {second.id: {"b": first.id}}
        assert await store.holders(session, connection, ["a", "b", "c"]) == {"a": first.id, "b": first.id}
        await store.give_back(session, [first.id])
        assert await store.take_all(session, connection, {**two, **one}, new_id, START) == {first.id: {"b": second.id}}
