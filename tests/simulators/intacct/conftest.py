"""A fresh company per test, in process, on a clock that stands still until the test moves it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest

from app.simulators.clock import SimClock
from app.simulators.intacct.app import IntacctSimulator, create_simulator
from tests.simulators.intacct.gate import Gate

START = datetime(2026, 1, 31, 10, 0, 0, tzinfo=UTC)


@pytest.fixture
def sim_clock() -> SimClock:
    """Stands at 31 January 2026, 10:00 GMT."""
    clock = SimClock()
    clock.set(START)
    clock.freeze()
    clock.set(START)
    return clock


@pytest.fixture
def sim(sim_clock: SimClock) -> IntacctSimulator:
    """The simulator itself."""
    return create_simulator(sim_clock, seed=7)


@pytest.fixture
async def gate(sim: IntacctSimulator) -> AsyncIterator[Gate]:
    """A way in, signed in by a login in every request."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(sim), base_url="http://intacct.test") as http:
        yield Gate(sim, http)
