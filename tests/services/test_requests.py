"""What became of a request id."""

from app.services import intake, requests
from app.services.context import Context
from app.services.intake import RETENTION
from app.store.tables import Connection, Operation
from tests.fakes import FakeClock
from tests.houses import ACCOUNT


async def ask(context: Context, home: Connection, *ids: str) -> str | None:
    [first, *_] = await intake.wish(context, home, "account", ids, origin="apex", correlation_id="c", request_id="k-1")
    return first.operation_id


async def test_a_request_shows_its_items_as_they_stand_now(context: Context, home: Connection) -> None:
    operation_id = await ask(context, home, ACCOUNT, "nonsense")
    async with context.begin() as session:
        row = await session.get_one(Operation, operation_id)
        row.state, row.result = "done", "created"
    known = await requests.get(context, home.id, "k-1")
    assert known is not None
    assert [item.result for item in known.items] == ["created", "failed"]
    assert known.over


async def test_a_request_under_way_is_not_over(context: Context, home: Connection) -> None:
    await ask(context, home, ACCOUNT)
    known = await requests.get(context, home.id, "k-1")
    assert known is not None
    assert not known.over


async def test_an_expired_request_is_forgotten(context: Context, home: Connection, clock: FakeClock) -> None:
    await ask(context, home, ACCOUNT)
    clock.advance(RETENTION.total_seconds())
    assert await requests.get(context, home.id, "k-1") is None


async def test_another_connections_request_is_none(context: Context, home: Connection) -> None:
    await ask(context, home, ACCOUNT)
    assert await requests.get(context, "c-other", "k-1") is None
