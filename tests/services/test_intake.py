"""Wishes become operations, once per record, whatever arrives at the same time."""

import asyncio
from typing import Any

import pytest
from sqlmodel import col, select

from app.domain.errors import SyncError
from app.domain.records import Lane, salesforce_id
from app.services import intake
from app.services.context import Context
from app.services.items import Item
from app.store.tables import Connection, IdempotencyKey, Intent, Operation
from tests.fakes import START, FakeClock, ListBell
from tests.houses import ACCOUNT, OTHER_ACCOUNT, account_id, make_connection

MIXED_CASE = salesforce_id("001Aa0000bCdEfG")


async def wish(context: Context, home: Connection, *ids: str, **given: Any) -> list[Item]:
    asked = {"origin": "button", "correlation_id": "c-1"} | given
    return await intake.wish(context, home, "account", ids, **asked)


async def all_operations(context: Context) -> list[Operation]:
    async with context.begin() as session:
        return list(await session.exec(select(Operation).order_by(col(Operation.created_at), col(Operation.id))))


async def change(context: Context, operation_id: str | None, **values: Any) -> None:
    async with context.begin() as session:
        row = await session.get_one(Operation, operation_id)
        for name, value in values.items():
            setattr(row, name, value)


async def open_outcome(context: Context, home: Connection, operation_id: str | None) -> None:
    async with context.begin() as session:
        session.add(
            Intent(
                id="intent-1",
                connection_id=home.id,
                operation_id=str(operation_id),
                object="account",
                salesforce_id=ACCOUNT,
                op_key="k",
                revision=1,
                control_id="k-1",
                kind="CUSTOMER",
                action="create",
                request_hash="0",
                fence=1,
                state="ambiguous",
                sent_at=START,
                created_at=START,
            )
        )


async def test_a_wish_is_a_queued_row_and_one_ring(context: Context, home: Connection, bell: ListBell) -> None:
    [item] = await wish(context, home, ACCOUNT, requested_by="005", correlation_id="c-9")
    [row] = await all_operations(context)
    assert (row.id, row.state, row.record_id, row.due_at) == (item.operation_id, "queued", ACCOUNT, START)
    assert (row.direction, row.origin, row.requested_by, row.correlation_id) == ("toIntacct", "button", "005", "c-9")
    assert bell.rings == [(home.id, Lane.INTERACTIVE)]


async def test_both_forms_of_an_id_are_one_record(context: Context, home: Connection) -> None:
    short, long = await wish(context, home, MIXED_CASE[:15], MIXED_CASE)
    assert short.operation_id == long.operation_id
    assert short.record_id == MIXED_CASE


async def test_items_come_in_the_order_of_the_request(context: Context, home: Connection) -> None:
    wanted = [account_id(n) for n in (7, 3, 9, 1)]
    assert [item.record_id for item in await wish(context, home, *wanted)] == wanted


async def test_a_malformed_id_fails_alone(context: Context, home: Connection) -> None:
    good, bad, last = await wish(context, home, ACCOUNT, "nonsense", OTHER_ACCOUNT)
    assert (bad.operation_id, bad.record_id, bad.error_code) == (None, "nonsense", "record_id_malformed")
    assert good.operation_id
    assert last.operation_id
    assert len(await all_operations(context)) == 2


async def test_only_malformed_ids_ring_nobody(context: Context, home: Connection, bell: ListBell) -> None:
    await wish(context, home, "nonsense")
    assert bell.rings == []


@pytest.mark.parametrize(
    ("origin", "count", "lane"),
    [
        ("button", 10, Lane.INTERACTIVE),
        ("flow", 1, Lane.INTERACTIVE),
        ("apex", 11, Lane.BULK),
        ("massTool", 1, Lane.BULK),
        ("schedule", 1, Lane.BULK),
        ("intacct", 1, Lane.BULK),
        ("cascade", 1, Lane.BULK),
    ],
)
async def test_the_lane_follows_from_origin_and_number(
    context: Context, home: Connection, origin: str, count: int, lane: Lane
) -> None:
    await wish(context, home, *(account_id(n) for n in range(count)), origin=origin)
    assert {row.lane for row in await all_operations(context)} == {lane}


async def test_a_cascade_goes_in_the_lane_of_its_parent(context: Context, home: Connection) -> None:
    [parent] = await wish(context, home, ACCOUNT)
    [child] = await wish(context, home, OTHER_ACCOUNT, origin="cascade", parent_id=parent.operation_id)
    rows = {row.id: row for row in await all_operations(context)}
    assert rows[str(child.operation_id)].lane == Lane.INTERACTIVE


async def test_a_second_wish_joins_the_queued_operation(context: Context, home: Connection) -> None:
    [first] = await wish(context, home, ACCOUNT)
    [second] = await wish(context, home, ACCOUNT)
    assert (second.operation_id, second.joined) == (first.operation_id, True)
    assert not first.joined


async def test_a_wish_for_intacct_widens_one_from_intacct(context: Context, home: Connection) -> None:
    await wish(context, home, ACCOUNT, direction="fromIntacct", origin="intacct")
    await wish(context, home, ACCOUNT)
    [row] = await all_operations(context)
    assert (row.direction, row.lane) == ("toIntacct", Lane.INTERACTIVE)


async def test_a_wish_from_intacct_narrows_nothing(context: Context, home: Connection) -> None:
    await wish(context, home, ACCOUNT)
    await wish(context, home, ACCOUNT, direction="fromIntacct", origin="intacct")
    [row] = await all_operations(context)
    assert (row.direction, row.lane) == ("toIntacct", Lane.INTERACTIVE)


async def test_a_wish_hurries_what_waits_for_time(
    context: Context, home: Connection, clock: FakeClock, bell: ListBell
) -> None:
    [item] = await wish(context, home, ACCOUNT)
    bell.take()
    clock.advance(5)
    await change(context, item.operation_id, state="waiting", due_at=START.replace(hour=23))
    [again] = await wish(context, home, ACCOUNT)
    [row] = await all_operations(context)
    assert (row.state, row.due_at, again.state) == ("queued", clock.now(), "queued")
    assert bell.rings == [(home.id, Lane.INTERACTIVE)]


async def test_a_wish_does_not_hurry_the_look_up_of_an_outcome(context: Context, home: Connection) -> None:
    [item] = await wish(context, home, ACCOUNT)
    later = START.replace(hour=23)
    await change(context, item.operation_id, state="waiting", due_at=later)
    await open_outcome(context, home, item.operation_id)
    await wish(context, home, ACCOUNT)
    [row] = await all_operations(context)
    assert (row.state, row.due_at) == ("waiting", later)


async def test_a_wish_does_not_hurry_what_waits_for_another_record(context: Context, home: Connection) -> None:
    [item] = await wish(context, home, ACCOUNT)
    later = START.replace(hour=23)
    await change(context, item.operation_id, state="waiting", due_at=later, waits_on="contact/003")
    await wish(context, home, ACCOUNT)
    [row] = await all_operations(context)
    assert (row.state, row.due_at) == ("waiting", later)


async def test_a_wish_during_a_run_asks_for_another_run(context: Context, home: Connection, bell: ListBell) -> None:
    [item] = await wish(context, home, ACCOUNT)
    bell.take()
    await change(context, item.operation_id, state="running")
    [again] = await wish(context, home, ACCOUNT)
    [row] = await all_operations(context)
    assert (row.again, row.again_direction, again.operation_id) == (True, "toIntacct", item.operation_id)
    assert (again.state, bell.rings) == ("running", [])


async def test_two_wishes_during_a_run_keep_the_wider_direction(context: Context, home: Connection) -> None:
    [item] = await wish(context, home, ACCOUNT)
    await change(context, item.operation_id, state="running")
    await wish(context, home, ACCOUNT)
    await wish(context, home, ACCOUNT, direction="fromIntacct", origin="intacct")
    [row] = await all_operations(context)
    assert row.again_direction == "toIntacct"


async def test_a_held_operation_stays_held(context: Context, home: Connection, bell: ListBell) -> None:
    [item] = await wish(context, home, ACCOUNT)
    bell.take()
    await change(context, item.operation_id, state="held", due_at=None)
    [again] = await wish(context, home, ACCOUNT)
    [row] = await all_operations(context)
    assert (row.state, row.due_at, again.state, bell.rings) == ("held", None, "held", [])


async def test_after_the_end_a_wish_is_a_new_operation(context: Context, home: Connection) -> None:
    [item] = await wish(context, home, ACCOUNT)
    await change(context, item.operation_id, state="done", result="created")
    [again] = await wish(context, home, ACCOUNT)
    assert again.operation_id != item.operation_id


async def test_connections_do_not_meet(context: Context, home: Connection) -> None:
    neighbour = make_connection("neighbour")
    async with context.begin() as session:
        session.add(neighbour)
    [here] = await wish(context, home, ACCOUNT, request_id="k")
    [there] = await wish(context, neighbour, ACCOUNT, request_id="k")
    assert here.operation_id != there.operation_id


async def test_fifty_equal_requests_have_one_effect_and_one_answer(context: Context, home: Connection) -> None:
    answers = await asyncio.gather(*(_accept(context, home, "k-1") for _ in range(50)))
    assert len(await all_operations(context)) == 1
    assert len({answer.items for answer in answers}) == 1
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * 49


async def test_fifty_requests_without_a_key_share_one_operation(context: Context, home: Connection) -> None:
    answers = await asyncio.gather(*(wish(context, home, ACCOUNT) for _ in range(50)))
    assert len({item.operation_id for [item] in answers}) == 1
    assert len(await all_operations(context)) == 1


async def test_crossing_lists_do_not_lock_each_other_out(context: Context, home: Connection) -> None:
    ids = [account_id(n) for n in range(20)]
    await asyncio.gather(*(wish(context, home, *(ids if n % 2 else reversed(ids))) for n in range(20)))
    assert len(await all_operations(context)) == 20


async def _accept(context: Context, home: Connection, key: str, *ids: str) -> intake.Acceptance:
    asked = intake.Wish("account", ids or (ACCOUNT,), "apex", context.new_id())
    return await intake.accept(context, home, asked, request_id=key)


async def test_a_repeat_gets_the_first_answer_although_things_moved_on(context: Context, home: Connection) -> None:
    first = await _accept(context, home, "k-1")
    await change(context, first.items[0].operation_id, state="done", result="created")
    again = await _accept(context, home, "k-1")
    assert (again.items, again.replayed) == (first.items, True)
    assert len(await all_operations(context)) == 1


async def test_a_key_used_for_something_else_is_refused(context: Context, home: Connection) -> None:
    await _accept(context, home, "k-1")
    with pytest.raises(SyncError) as caught:
        await _accept(context, home, "k-1", OTHER_ACCOUNT)
    assert caught.value.code == "request_id_reused"
    assert len(await all_operations(context)) == 1


async def test_two_keys_for_one_record_meet_in_one_operation(context: Context, home: Connection) -> None:
    one, two = await _accept(context, home, "k-1"), await _accept(context, home, "k-2")
    assert one.items[0].operation_id == two.items[0].operation_id
    assert not two.replayed


async def test_an_expired_key_counts_as_new(context: Context, home: Connection, clock: FakeClock) -> None:
    first = await _accept(context, home, "k-1")
    await change(context, first.items[0].operation_id, state="done", result="created")
    clock.advance(intake.RETENTION.total_seconds())
    again = await _accept(context, home, "k-1")
    assert not again.replayed
    assert again.items[0].operation_id != first.items[0].operation_id


async def test_a_key_and_its_work_are_stored_together_or_not_at_all(context: Context, home: Connection) -> None:
    stray = make_connection("never-stored")
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        await _accept(context, stray, "k-1")
    async with context.begin() as session:
        assert (await session.exec(select(IdempotencyKey))).all() == []
    assert await all_operations(context) == []


async def test_a_wish_within_a_transaction_shares_its_fate_and_does_not_ring(
    context: Context, home: Connection, bell: ListBell
) -> None:
    async with context.sessions() as session:
        await wish(context, home, ACCOUNT, session=session)
        await session.rollback()
    assert await all_operations(context) == []
    assert bell.rings == []


async def test_a_lost_ring_leaves_the_row(context: Context, home: Connection, bell: ListBell) -> None:
    bell.deaf = True
    await wish(context, home, ACCOUNT)
    assert len(await all_operations(context)) == 1


async def test_a_switched_off_connection_accepts_and_says_so(context: Context, home: Connection) -> None:
    home.enabled = False
    [item] = await wish(context, home, ACCOUNT)
    assert (item.state, item.reason) == ("queued", "sync_switched_off")
    assert len(await all_operations(context)) == 1
