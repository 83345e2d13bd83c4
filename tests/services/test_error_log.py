"""The error log listed and closed by hand."""

from typing import Any

import pytest

from app.services import error_log
from app.services.context import Context
from app.store.errors import ErrorFilter
from app.store.tables import Connection, ErrorLog
from tests.fakes import START, FakeClock
from tests.houses import ACCOUNT, OTHER_ACCOUNT


async def given(context: Context, home: Connection, **values: Any) -> str:
    columns: dict[str, Any] = {
        "id": context.new_id(),
        "connection_id": home.id,
        "object": "account",
        "record_id": ACCOUNT,
        "operation_id": "op",
        "kind": "data",
        "code": "too_long",
        "message": "Name is too long.",
        "fingerprint": context.new_id(),
        "first_seen": START,
        "last_seen": START,
    }
    row = ErrorLog(**(columns | values))
    async with context.begin() as session:
        session.add(row)
    return row.id


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (ErrorFilter(), 3),
        (ErrorFilter(object="contact"), 1),
        (ErrorFilter(object="account", record_id=ACCOUNT), 1),
        (ErrorFilter(kind="config"), 1),
        (ErrorFilter(code="too_long"), 2),
        (ErrorFilter(open=True), 2),
        (ErrorFilter(open=False), 1),
        (ErrorFilter(since=START.replace(minute=1)), 1),
        (ErrorFilter(until=START.replace(minute=1)), 2),
    ],
    ids=str,
)
async def test_lists_are_narrowed(context: Context, home: Connection, wanted: ErrorFilter, found: int) -> None:
    await given(context, home)
    await given(context, home, record_id=OTHER_ACCOUNT, resolved_at=START)
    await given(context, home, object="contact", kind="config", code="x", last_seen=START.replace(minute=1))
    assert len((await error_log.listed(context, home.id, wanted, None, 50)).rows) == found


async def test_pages_show_the_last_seen_first(context: Context, home: Connection) -> None:
    made = [await given(context, home, last_seen=START.replace(minute=n)) for n in (1, 3, 2)]
    first = await error_log.listed(context, home.id, ErrorFilter(), None, 2)
    second = await error_log.listed(context, home.id, ErrorFilter(), first.next_cursor, 2)
    assert [row.id for row in (*first.rows, *second.rows)] == [made[1], made[2], made[0]]
    assert second.next_cursor is None


async def test_the_related_list_of_a_record_holds_open_and_resolved_ones(context: Context, home: Connection) -> None:
    mine = {await given(context, home), await given(context, home, resolved_at=START)}
    await given(context, home, record_id=OTHER_ACCOUNT)
    rows = await error_log.about(context, home.id, "account", ACCOUNT, 50)
    assert {row.id for row in rows} == mine


async def test_a_person_closes_an_error_once(context: Context, home: Connection, clock: FakeClock) -> None:
    error_id = await given(context, home)
    await error_log.resolve(context, home.id, error_id, by="key-1")
    clock.advance(60)
    row = await error_log.resolve(context, home.id, error_id, by="key-2")
    assert row is not None
    assert (row.resolved_at, row.resolved_by) == (START, "key-1")


async def test_another_connections_error_is_none(context: Context, home: Connection) -> None:
    assert await error_log.resolve(context, "c-other", await given(context, home), by="key") is None
