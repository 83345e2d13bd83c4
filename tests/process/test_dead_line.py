"""A line to the queue that died without a word: no reset, no answer, as after a fail-over or behind a firewall."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from app.domain.records import Lane
from app.jobs import DRAIN, ArqBell, WakeWorker
from tests.chaos.proxy import Proxy
from tests.queues import QueueServer
from workers.main import options

pytestmark = pytest.mark.process


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[QueueServer]:
    server = QueueServer(tmp_path / "queue")
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def proxy(queue: QueueServer) -> AsyncIterator[Proxy]:
    between = Proxy(lambda: queue.port)
    yield between
    await between.close()


async def test_a_worker_whose_line_went_silent_hears_the_next_ring(queue: QueueServer, proxy: Proxy) -> None:
    heard = asyncio.Queue[str]()

    async def drain(_ctx: dict[str, Any], connection_id: str, _lane: str) -> None:
        heard.put_nowait(connection_id)

    settings = options(f"redis://127.0.0.1:{await proxy.open()}", Lane.BULK)
    worker = WakeWorker({DRAIN: drain}, silence_seconds=0.5, **{**settings, "handle_signals": False})
    bell = ArqBell(queue.url)
    working = asyncio.create_task(worker.async_run())
    try:
        await bell.ring("before", Lane.BULK)
        assert await asyncio.wait_for(heard.get(), 10) == "before"
        proxy.silence()
        await bell.ring("after", Lane.BULK)
        assert await asyncio.wait_for(heard.get(), 10) == "after"
    finally:
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
        await worker.close()
        await bell.aclose()
