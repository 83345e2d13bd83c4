"""A line to the queue that died without a word: no reset, no answer, as after a fail-over or behind a firewall."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from app.domain.records import Lane
from app.jobs import DRAIN, ArqBell, WakeWorker
from tests.queues import QueueServer
from workers.main import options

pytestmark = pytest.mark.process


class Relay:
    """A relay before a server whose present lines can be made silent; later lines work."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._passing = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> str:
        """Its address."""
        self._passing.set()
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def silence(self) -> None:
        """From now on nothing passes on the lines that exist."""
        self._passing.clear()
        self._passing = asyncio.Event()
        self._passing.set()

    async def close(self) -> None:
        """Cut everything."""
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, away = await asyncio.open_connection("127.0.0.1", self._port)
        for source, target in ((reader, away), (there, writer)):
            task = asyncio.create_task(self._pass_on(source, target, self._passing))
            self._tasks.add(task)

    async def _pass_on(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, passing: asyncio.Event
    ) -> None:
        try:
            while data := await source.read(65536):
                await passing.wait()
                target.write(data)
                await target.drain()
        except ConnectionError:
            pass  # either end may go at any time
        finally:
            target.close()
            with suppress(ConnectionError):
                await target.wait_closed()


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[QueueServer]:
    server = QueueServer(tmp_path / "queue")
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def relay(queue: QueueServer) -> AsyncIterator[Relay]:
    between = Relay(queue.port)
    yield between
    await between.close()


async def test_a_worker_whose_line_went_silent_hears_the_next_ring(queue: QueueServer, relay: Relay) -> None:
    heard = asyncio.Queue[str]()

    async def drain(_ctx: dict[str, Any], connection_id: str, _lane: str) -> None:
        heard.put_nowait(connection_id)

    settings = options(await relay.open(), Lane.BULK)
    worker = WakeWorker({DRAIN: drain}, silence_seconds=0.5, **{**settings, "handle_signals": False})
    bell = ArqBell(queue.url)
    working = asyncio.create_task(worker.async_run())
    try:
        await bell.ring("before", Lane.BULK)
        assert await asyncio.wait_for(heard.get(), 10) == "before"
        relay.silence()
        await bell.ring("after", Lane.BULK)
        assert await asyncio.wait_for(heard.get(), 10) == "after"
    finally:
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
        await worker.close()
        await bell.aclose()
