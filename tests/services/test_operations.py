"""Operations listed, tried again, cancelled; histories told."""

from typing import Any

import pytest

from app.domain.errors import SyncError
from app.domain.records import Lane
from app.services import intake, operations
from app.services.context import Context
from app.services.operations import History
from app.store.operations import OperationFilter
from app.store.tables import Connection, Decision, Intent, Operation
from tests.fakes import START, FakeClock, ListBell
from tests.houses import ACCOUNT, account_id

ALL = OperationFilter()


async def given(context: Context, home: Connection, state: str, **values: Any) -> str:
    """A stored operation of ACCOUNT in a state."""
    columns: dict[str, Any] = {
        "id": context.new_id(),
        "connection_id": home.id,
        "object": "account",
        "record_id": ACCOUNT,
        "direction": "toIntacct",
        "lane": "bulk",
        "origin": "apex",
        "correlation_id": "c",
        "state": state,
        "created_at": context.clock.now(),
    }
    row = Operation(**(columns | values))
    async with context.begin() as session:
        session.add(row)
    return row.id


async def given_intent(context: Context, home: Connection, operation_id: str, state: str) -> None:
    async with context.begin() as session:
        session.add(
            Intent(
                id="intent-1",
                connection_id=home.id,
                operation_id=operation_id,
                object="account",
                salesforce_id=ACCOUNT,
                op_key="k",
                revision=1,
                control_id="k-1",
                kind="CUSTOMER",
                action="create",
                request_hash="0",
                fence=1,
                state=state,
                sent_at=START,
                created_at=START,
            )
        )


async def retry(context: Context, home: Connection, operation_id: str) -> History:
    history = await operations.retry(context, home.id, operation_id, "c-retry")
    assert history is not None
    return history


@pytest.mark.parametrize(
    "before",
    [
        {"state": "done", "result": "failed"},
        {"state": "done", "result": "blocked"},
        {"state": "done", "result": "conflicted"},
        {"state": "cancelled"},
        {"state": "waiting", "due_at": START.replace(hour=23)},
        {"state": "waiting", "waits_on": "contact/003", "waits_for": ["contact/003"]},
        {"state": "held"},
        {"state": "queued", "due_at": START},
    ],
    ids=str,
)
async def test_what_did_not_succeed_is_due_again_now(
    context: Context, home: Connection, bell: ListBell, before: dict[str, Any]
) -> None:
    operation_id = await given(context, home, **before, finished_at=START, attempts=3)
    row = (await retry(context, home, operation_id)).operation
    assert (row.id, row.state, row.due_at, row.waits_on) == (operation_id, "queued", START, None)
    assert bell.rings == [(home.id, Lane.BULK)]


async def test_a_retried_end_is_no_end_any_more(context: Context, home: Connection) -> None:
    operation_id = await given(context, home, "done", result="failed", finished_at=START, attempts=3)
    row = (await retry(context, home, operation_id)).operation
    assert (row.result, row.finished_at, row.attempts) == (None, None, 0)


@pytest.mark.parametrize("result", ["created", "updated", "unchanged", "skipped"])
async def test_what_succeeded_becomes_a_new_wish(context: Context, home: Connection, result: str) -> None:
    operation_id = await given(context, home, "done", result=result)
    row = (await retry(context, home, operation_id)).operation
    assert row.id != operation_id
    assert (row.state, row.record_id, row.correlation_id) == ("queued", ACCOUNT, "c-retry")


async def test_a_failed_one_joins_the_live_one_of_its_record(context: Context, home: Connection) -> None:
    failed = await given(context, home, "done", result="failed")
    live = await given(context, home, "queued", due_at=START)
    assert (await retry(context, home, failed)).operation.id == live


async def test_a_running_one_is_not_tried_again(context: Context, home: Connection) -> None:
    operation_id = await given(context, home, "running")
    with pytest.raises(SyncError, match="running"):
        await operations.retry(context, home.id, operation_id, "c")


async def test_a_held_write_is_released(context: Context, home: Connection) -> None:
    operation_id = await given(context, home, "held")
    await given_intent(context, home, operation_id, "held")
    [intent] = (await retry(context, home, operation_id)).intents
    assert (intent.state, intent.next_look_at) == ("released", START)
    assert intent.trail[-1]["state"] == "released"


async def test_a_settled_write_stays_settled(context: Context, home: Connection) -> None:
    operation_id = await given(context, home, "held")
    await given_intent(context, home, operation_id, "confirmed")
    [intent] = (await retry(context, home, operation_id)).intents
    assert (intent.state, intent.trail) == ("confirmed", [])


@pytest.mark.parametrize("state", ["queued", "waiting", "held"])
async def test_what_does_not_run_can_be_cancelled(context: Context, home: Connection, state: str) -> None:
    operation_id = await given(context, home, state, due_at=START)
    history = await operations.cancel(context, home.id, operation_id)
    assert history is not None
    row = history.operation
    assert (row.state, row.due_at, row.finished_at, row.reason) == ("cancelled", None, START, "cancelled")


async def test_a_cancelled_record_can_be_wished_for_anew(context: Context, home: Connection) -> None:
    operation_id = await given(context, home, "queued", due_at=START)
    await operations.cancel(context, home.id, operation_id)
    [item] = await intake.wish(context, home, "account", [ACCOUNT], origin="button", correlation_id="c")
    assert item.operation_id != operation_id


@pytest.mark.parametrize(("state", "code"), [("running", "operation_running"), ("done", "operation_over")])
async def test_what_runs_or_is_over_cannot_be_cancelled(
    context: Context, home: Connection, state: str, code: str
) -> None:
    operation_id = await given(context, home, state)
    with pytest.raises(SyncError) as caught:
        await operations.cancel(context, home.id, operation_id)
    assert caught.value.code == code


async def test_cancelling_twice_changes_nothing(context: Context, home: Connection, clock: FakeClock) -> None:
    operation_id = await given(context, home, "queued", due_at=START)
    await operations.cancel(context, home.id, operation_id)
    clock.advance(60)
    history = await operations.cancel(context, home.id, operation_id)
    assert history is not None
    assert history.operation.finished_at == START


async def test_another_connections_operation_is_none(context: Context, home: Connection) -> None:
    operation_id = await given(context, home, "queued", due_at=START)
    assert await operations.get(context, "c-other", operation_id) is None
    assert await operations.retry(context, "c-other", operation_id, "c") is None
    assert await operations.cancel(context, "c-other", operation_id) is None


async def test_a_history_holds_the_decisions_in_order(context: Context, home: Connection) -> None:
    operation_id = await given(context, home, "done", result="created")
    async with context.begin() as session:
        for run in (2, 1):
            session.add(
                Decision(
                    id=context.new_id(),
                    connection_id=home.id,
                    operation_id=operation_id,
                    run=run,
                    object="account",
                    record_id=ACCOUNT,
                    result="failed" if run == 1 else "created",
                    reason="r",
                    at=START.replace(minute=run),
                )
            )
    history = await operations.get(context, home.id, operation_id)
    assert history is not None
    assert [decision.run for decision in history.decisions] == [1, 2]


async def test_pages_show_everything_once_newest_first(context: Context, home: Connection, clock: FakeClock) -> None:
    made = []
    for number in range(7):
        made.append(await given(context, home, "done", record_id=account_id(number)))
        clock.advance(number % 2)  # two at the same instant
    seen: list[str] = []
    cursor = None
    while True:
        page = await operations.listed(context, home.id, ALL, cursor, 2)
        seen += [row.id for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == made[::-1]


async def test_a_row_that_comes_between_two_pages_moves_nothing(
    context: Context, home: Connection, clock: FakeClock
) -> None:
    made = []
    for number in range(3):
        made.append(await given(context, home, "done", record_id=account_id(number)))
        clock.advance(1)
    first = await operations.listed(context, home.id, ALL, None, 2)
    await given(context, home, "done", record_id=account_id(9))
    second = await operations.listed(context, home.id, ALL, first.next_cursor, 2)
    assert [row.id for row in second.rows] == [made[0]]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (OperationFilter(object="account"), 2),
        (OperationFilter(object="contact"), 1),
        (OperationFilter(record_id=ACCOUNT), 1),
        (OperationFilter(state="done"), 2),
        (OperationFilter(result="failed"), 1),
        (OperationFilter(origin="button"), 1),
        (OperationFilter(since=START.replace(minute=1)), 2),
        (OperationFilter(until=START.replace(minute=1)), 1),
        (OperationFilter(object="account", state="queued"), 1),
    ],
    ids=str,
)
async def test_lists_are_narrowed(context: Context, home: Connection, wanted: OperationFilter, found: int) -> None:
    await given(context, home, "done", result="created")
    await given(context, home, "queued", record_id=account_id(2), origin="button", created_at=START.replace(minute=1))
    await given(context, home, "done", object="contact", result="failed", created_at=START.replace(minute=2))
    wanted = wanted if wanted.record_id is None else OperationFilter(object="account", record_id=ACCOUNT)
    assert len((await operations.listed(context, home.id, wanted, None, 50)).rows) == found
