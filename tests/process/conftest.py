"""The installation that the tests of faults share, because a start takes longer than most of them."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.process.installation import Installation, installed


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Installation]:
    """One installation for all tests of a module."""
    async with installed(tmp_path_factory.mktemp("installation") / "data") as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def house(shared: Installation) -> AsyncIterator[Installation]:
    """The shared installation, whole and without faults before and after."""
    for name in shared.stack.pids:
        await shared.stack.ready(name)
    yield shared
    await shared.calm()
