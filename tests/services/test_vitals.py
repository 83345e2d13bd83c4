"""Backlog and lag as metrics."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

import pytest

from app import telemetry
from app.services import vitals
from app.services.context import Context
from app.store.session import Sessions
from app.store.tables import Connection, Operation
from tests.fakes import START, FakeClock, ListBell, PlainVault


@pytest.fixture
async def context(sessions: Sessions, clock: FakeClock, new_id: Callable[[], str]) -> Context:
    async with sessions() as session, session.begin():
        session.add(Connection(id="c", name="default", environment="offline", created_at=START, updated_at=START))
    return Context(sessions, clock, ListBell(), PlainVault(), cast("Any", None), new_id)


async def add(context: Context, lane: str, state: str, waited: float) -> None:
    identifier = context.new_id()
    async with context.begin() as session:
        session.add(
            Operation(
                id=identifier,
                connection_id="c",
                object="account",
                record_id=identifier,
                direction="toIntacct",
                lane=lane,
                origin="apex",
                correlation_id="x",
                state=state,
                due_at=START - timedelta(seconds=waited),
                created_at=START,
            )
        )


def shown(name: str, **labels: str) -> float | None:
    return telemetry.REGISTRY.get_sample_value(name, labels)


async def test_live_operations_are_counted_by_lane_and_state(context: Context) -> None:
    await add(context, "bulk", "queued", 0)
    await add(context, "bulk", "queued", 0)
    await add(context, "interactive", "held", 0)
    await add(context, "bulk", "done", 0)
    await vitals.observe(context)
    assert shown("tandem_operations_live", lane="bulk", state="queued") == 2
    assert shown("tandem_operations_live", lane="interactive", state="held") == 1
    assert shown("tandem_operations_live", lane="interactive", state="queued") == 0


async def test_the_oldest_due_operation_of_a_lane_tells_its_lag(context: Context) -> None:
    await add(context, "bulk", "queued", 30)
    await add(context, "bulk", "waiting", 90)
    await add(context, "bulk", "running", 500)
    await add(context, "interactive", "waiting", -60)
    await vitals.observe(context)
    assert shown("tandem_oldest_due_seconds", lane="bulk") == 90
    assert shown("tandem_oldest_due_seconds", lane="interactive") == 0
