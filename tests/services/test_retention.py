"""Retention: what is old and over goes, batch by batch; what lives, what is newest and what was promised stays."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import SQLModel, select

from app.services import retention
from app.services.context import Context
from app.store.mass_tables import ErrorGroup, MassEdit, MassItem, MassRun
from app.store.tables import Connection, Decision, ErrorLog, Intent, Operation
from tests.fakes import FakeClock
from tests.houses import account_id
from tests.store import rows


@pytest.fixture
def old(clock: FakeClock) -> datetime:
    """Two hundred days ago."""
    return clock.now() - timedelta(days=200)


def decision(context: Context, home: Connection, at: datetime, number: int = 1, **given: Any) -> Decision:
    columns: dict[str, Any] = {"operation_id": "op", "run": 1, "object": "account", "result": "updated", "reason": "r"}
    return Decision(
        id=context.new_id(), connection_id=home.id, record_id=account_id(number), at=at, **(columns | given)
    )


async def keep(context: Context, *given: SQLModel) -> None:
    async with context.begin() as session:
        for row in given:
            session.add(row)
            await session.flush()


async def left(context: Context, table: Any) -> int:
    async with context.begin() as session:
        return len(list(await session.exec(select(table))))


async def test_closed_errors_go_and_open_ones_stay(
    context: Context, home: Connection, old: datetime, clock: FakeClock
) -> None:
    for number, resolved in enumerate([old, None, clock.now()]):
        given = {"record_id": account_id(number), "last_seen": old, "resolved_at": resolved}
        await keep(context, rows.error(context.new_id, home, **given))
    assert await retention.purge(context) == 1
    assert await left(context, ErrorLog) == 2


async def test_a_group_goes_with_its_last_error(context: Context, home: Connection, old: datetime) -> None:
    for mark in ("gone", "f" * 64):
        group: dict[str, Any] = {"fingerprint": mark, "kind": "data", "code": "c", "message": "m"}
        given: dict[str, Any] = {"connection_id": home.id, "first_seen": old, "last_seen": old}
        await keep(context, ErrorGroup(id=context.new_id(), **group, **given))
    await keep(context, rows.error(context.new_id, home, last_seen=old))
    await retention.purge(context)
    assert await left(context, ErrorGroup) == 1


async def test_the_newest_decision_of_a_record_stays_however_old(
    context: Context, home: Connection, old: datetime
) -> None:
    given = [decision(context, home, old - timedelta(days=n)) for n in range(3)]
    await keep(context, *given, decision(context, home, old, number=2))
    await retention.purge(context)
    async with context.begin() as session:
        assert {row.at for row in await session.exec(select(Decision))} == {old}
    assert await left(context, Decision) == 2


async def test_operations_go_when_they_are_over_and_nothing_is_told_of_them(
    context: Context, home: Connection, old: datetime
) -> None:
    def one(number: int, **given: Any) -> Operation:
        return rows.operation(context.new_id, home, record_id=account_id(number), created_at=old, **given)

    told = one(1, state="done", finished_at=old)
    unclear = one(2, state="done", finished_at=old)
    gone = one(3, state="done", finished_at=old)
    live = [one(number, state=state) for number, state in enumerate(("queued", "running", "waiting", "held"), 4)]
    promised = rows.intent(context.new_id, home, operation_id=unclear.id, state="ambiguous")
    await keep(context, told, unclear, gone, *live, promised, decision(context, home, old, operation_id=told.id))
    await retention.purge(context)
    async with context.begin() as session:
        ids = set(await session.exec(select(Operation.id)))
    assert ids == {told.id, unclear.id, *(row.id for row in live)}


async def test_promised_writes_stay_for_ever(context: Context, home: Connection, old: datetime) -> None:
    gone = rows.operation(context.new_id, home, state="done", finished_at=old)
    await keep(
        context, gone, rows.intent(context.new_id, home, operation_id=gone.id, state="confirmed", settled_at=old)
    )
    await retention.purge(context)
    assert (await left(context, Operation), await left(context, Intent)) == (0, 1)


async def test_finished_mass_runs_go_with_their_records(context: Context, home: Connection, old: datetime) -> None:
    for number, finished in enumerate([old, None]):
        run = MassRun(id=context.new_id(), connection_id=home.id, object="account", state="done", confirmed=1,
                      created_by="k", correlation_id="c", created_at=old, finished_at=finished)  # fmt: skip
        item = MassItem(run_id=run.id, record_id=account_id(number), connection_id=home.id, operation_id="op")
        edit = MassEdit(run_id=run.id, record_id=account_id(number), connection_id=home.id, result="updated")
        await keep(context, run, item, edit)
    await retention.purge(context)
    assert [await left(context, table) for table in (MassRun, MassItem, MassEdit)] == [1, 1, 1]


async def test_batches_are_small_and_many(context: Context, home: Connection, old: datetime) -> None:
    await keep(context, *[decision(context, home, old - timedelta(days=n)) for n in range(8)])
    assert await retention.purge(context, size=2, batches=2) == 4
    assert await retention.purge(context, size=2, batches=2) == 3
    assert await retention.purge(context) == 0


async def test_the_connection_says_how_long(context: Context, home: Connection, old: datetime) -> None:
    async with context.begin() as session:
        (await session.get_one(Connection, home.id)).options = {"connection": {"retentionDays": 365}}
    await keep(context, rows.error(context.new_id, home, last_seen=old, resolved_at=old))
    assert await retention.purge(context) == 0
