"""The tables keep what they are given and refuse what must never be, on both engines."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel, select

from app.store.session import Sessions
from app.store.tables import LIVE, UNSETTLED, Connection, Decision, Operation, Slot
from tests.fakes import START
from tests.store import rows

NewId = Callable[[], str]


async def stored(sessions: Sessions, *given: SQLModel) -> None:
    async with sessions() as session, session.begin():
        for row in given:
            session.add(row)
            await session.flush()


@pytest.fixture
async def home(sessions: Sessions, new_id: NewId) -> Connection:
    """A stored connection that the other rows belong to."""
    connection = rows.connection(new_id)
    await stored(sessions, connection)
    return connection


async def test_json_comes_back_as_it_went_in(sessions: Sessions, new_id: NewId) -> None:
    settings = {"salesforce": {"login_url": "https://login.example"}, "list": [1, 2.5, None, True, "Ünïcode ’"]}
    row = rows.connection(new_id, settings=settings)
    await stored(sessions, row)
    async with sessions() as session:
        assert (await session.exec(select(Connection.settings).where(Connection.id == row.id))).one() == settings


async def test_an_instant_of_another_zone_comes_back_in_utc(sessions: Sessions, new_id: NewId) -> None:
    evening = datetime(2026, 3, 29, 23, 30, 0, 123456, tzinfo=timezone(timedelta(hours=-7)))
    row = rows.connection(new_id, created_at=evening)
    await stored(sessions, row)
    async with sessions() as session:
        read = (await session.exec(select(Connection.created_at).where(Connection.id == row.id))).one()
    assert read == evening
    assert read.tzinfo == UTC


async def test_instants_are_ordered_by_the_database(sessions: Sessions, home: Connection, new_id: NewId) -> None:
    for minutes in (3, 1, 2):
        at = START + timedelta(minutes=minutes)
        await stored(sessions, rows.operation(new_id, home, state="done", created_at=at, message=str(minutes)))
    async with sessions() as session:
        query = select(Operation.message).where(Operation.created_at > START + timedelta(minutes=1))
        assert list(await session.exec(query.order_by(text("created_at")))) == ["2", "3"]


async def test_a_naive_instant_is_refused(sessions: Sessions, new_id: NewId) -> None:
    naive = START.replace(tzinfo=None)
    with pytest.raises(Exception, match=r"(?i)naive|timezone|tzinfo"):
        await stored(sessions, rows.connection(new_id, created_at=naive))


@pytest.mark.parametrize("state", LIVE)
async def test_a_record_has_one_live_operation(sessions: Sessions, home: Connection, new_id: NewId, state: str) -> None:
    await stored(sessions, rows.operation(new_id, home, state=state))
    with pytest.raises(IntegrityError):
        await stored(sessions, rows.operation(new_id, home))


@pytest.mark.parametrize("state", ["done", "cancelled"])
async def test_a_record_has_any_number_of_operations_that_are_over(
    sessions: Sessions, home: Connection, new_id: NewId, state: str
) -> None:
    await stored(sessions, *(rows.operation(new_id, home, state=state) for _ in range(2)))
    await stored(sessions, rows.operation(new_id, home))


async def test_the_same_record_lives_in_two_connections(sessions: Sessions, home: Connection, new_id: NewId) -> None:
    other = rows.connection(new_id)
    await stored(sessions, other, rows.operation(new_id, home), rows.operation(new_id, other))


@pytest.mark.parametrize("state", UNSETTLED)
async def test_a_document_has_one_unsettled_intent(
    sessions: Sessions, home: Connection, new_id: NewId, state: str
) -> None:
    await stored(sessions, rows.intent(new_id, home, state=state))
    with pytest.raises(IntegrityError):
        await stored(sessions, rows.intent(new_id, home, revision=2))


async def test_after_a_rejection_the_next_revision_may_be_promised(
    sessions: Sessions, home: Connection, new_id: NewId
) -> None:
    await stored(sessions, rows.intent(new_id, home, state="rejected"))
    await stored(sessions, rows.intent(new_id, home, revision=2))


async def test_a_control_id_is_never_given_twice(sessions: Sessions, home: Connection, new_id: NewId) -> None:
    await stored(sessions, rows.intent(new_id, home, state="confirmed", control_id="same"))
    with pytest.raises(IntegrityError):
        await stored(sessions, rows.intent(new_id, home, revision=2, control_id="same"))


async def test_a_cause_has_one_open_error_per_record(sessions: Sessions, home: Connection, new_id: NewId) -> None:
    await stored(sessions, rows.error(new_id, home))
    with pytest.raises(IntegrityError):
        await stored(sessions, rows.error(new_id, home))


async def test_a_cause_that_was_resolved_may_come_again(sessions: Sessions, home: Connection, new_id: NewId) -> None:
    await stored(sessions, rows.error(new_id, home, resolved_at=START))
    await stored(sessions, rows.error(new_id, home))


async def test_a_row_of_an_unknown_connection_is_refused(sessions: Sessions, new_id: NewId) -> None:
    with pytest.raises(IntegrityError):
        await stored(sessions, Slot(id=new_id(), connection_id="nowhere", system="intacct", number=1))


async def test_a_connection_with_rows_cannot_be_deleted(sessions: Sessions, home: Connection, new_id: NewId) -> None:
    await stored(sessions, rows.operation(new_id, home))
    with pytest.raises(IntegrityError):
        async with sessions() as session, session.begin():
            await session.delete(await session.get_one(Connection, home.id))


async def test_a_transaction_that_fails_leaves_nothing(sessions: Sessions, home: Connection, new_id: NewId) -> None:
    decision = Decision(
        id=new_id(),
        connection_id=home.id,
        operation_id="op-1",
        run=1,
        object="account",
        record_id="001000000000001AAA",
        result="created",
        reason="created",
        at=START,
    )
    with pytest.raises(IntegrityError):
        await stored(sessions, decision, rows.operation(new_id, home), rows.operation(new_id, home))
    async with sessions() as session:
        assert (await session.exec(select(Decision))).all() == []
