"""Queue servers for the tests of workers: one for all, and one that may be killed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.queues import QueueServer


@pytest.fixture(scope="session")
def shared_queue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QueueServer]:
    server = QueueServer(tmp_path_factory.mktemp("queue"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def queue_url(shared_queue: QueueServer) -> str:
    """An empty queue."""
    async with Redis.from_url(shared_queue.url) as client:
        await client.flushall()
    return shared_queue.url


@pytest.fixture
def own_queue(tmp_path: Path) -> Iterator[QueueServer]:
    """A server this test may kill."""
    server = QueueServer(tmp_path / "queue")
    server.start()
    yield server
    server.stop()
