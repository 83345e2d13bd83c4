"""The org that each test gets."""

from collections.abc import AsyncIterator

import pytest

from tests.simulators.salesforce.bench import Bench, make_bench


@pytest.fixture
async def org() -> AsyncIterator[Bench]:
    """A fresh org with every switch off."""
    bench = await make_bench()
    yield bench
    await bench.http.aclose()
