"""One batch: claimed, company called for when it is full, run, measured."""

from collections.abc import Callable

import pytest
from sqlmodel import col, select

from app import telemetry
from app.domain.errors import Kind, SyncError
from app.domain.records import Errand, Lane
from app.services import runner
from app.services.context import Context, Pair
from app.store.session import Sessions
from app.store.tables import Connection, Operation
from tests.fakes import START, FakeClock, ListBell, PlainVault
from workers.batches import Batches

LANE = Lane.INTERACTIVE


class Refusing:
    """A connection that cannot be opened: every run ends at once, with a reason."""

    def of(self, connection: Connection, lane: Lane, errand: Errand = Errand.SYNC) -> Pair:
        raise SyncError(Kind.CONFIG, "connection_incomplete", "The connection lacks everything")


@pytest.fixture
async def context(sessions: Sessions, clock: FakeClock, bell: ListBell, new_id: Callable[[], str]) -> Context:
    async with sessions() as session, session.begin():
        session.add(Connection(id="c", name="default", environment="offline", created_at=START, updated_at=START))
    return Context(sessions, clock, bell, PlainVault(), Refusing(), new_id)


async def due(context: Context, number: int) -> None:
    async with context.begin() as session:
        for _ in range(number):
            identifier = context.new_id()
            session.add(
                Operation(
                    id=identifier,
                    connection_id="c",
                    object="account",
                    record_id=identifier,
                    direction="toIntacct",
                    lane=LANE.value,
                    origin="apex",
                    correlation_id="x",
                    state="queued",
                    due_at=START,
                    created_at=START,
                )
            )


async def left(context: Context) -> int:
    async with context.begin() as session:
        return len((await session.exec(select(Operation).where(col(Operation.state) == "queued"))).all())


async def test_nothing_due_is_no_batch(context: Context, bell: ListBell) -> None:
    assert await Batches(context).one("c", LANE) is False
    assert bell.rings == []


async def test_a_batch_is_run_and_measured(context: Context, bell: ListBell) -> None:
    await due(context, 3)
    labels = {"object": "account", "lane": "interactive"}
    before = telemetry.REGISTRY.get_sample_value("tandem_run_seconds_count", labels) or 0
    assert await Batches(context).one("c", LANE) is True
    assert await left(context) == 0
    assert telemetry.REGISTRY.get_sample_value("tandem_run_seconds_count", labels) == before + 1
    assert bell.rings == []


async def test_a_full_batch_calls_for_company_first(context: Context, bell: ListBell) -> None:
    await due(context, runner.BATCH[LANE] + 1)
    assert await Batches(context).one("c", LANE) is True
    assert bell.rings == [("c", LANE)]
    assert await left(context) == 1
