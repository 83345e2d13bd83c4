"""The bell and the worker it wakes, over a real queue server."""

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from signal import Signals
from typing import Any

import pytest
from arq.connections import RedisSettings, create_pool
from arq.worker import Worker, func
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from app import telemetry
from app.domain.records import Lane
from app.jobs import (
    DRAIN,
    QUEUES,
    WORKER_RETRIES,
    ArqBell,
    WakeWorker,
    deserialize,
    redis_settings,
    serialize,
    wake_list,
)
from tests.queues import QueueServer
from workers.main import options

pytestmark = pytest.mark.process
LANE = Lane.INTERACTIVE
Job = Callable[..., Awaitable[None]]


class Heard:
    """A job that remembers its rings."""

    def __init__(self) -> None:
        self.rings: list[tuple[str, str]] = []
        self.at: list[float] = []
        self._changed = asyncio.Event()

    async def drain(self, _ctx: dict[str, Any], connection_id: str, lane: str) -> None:
        self.at.append(time.perf_counter())
        self.rings.append((connection_id, lane))
        self._changed.set()

    async def times(self, number: int, seconds: float = 10) -> None:
        async with asyncio.timeout(seconds):
            while len(self.rings) < number:
                self._changed.clear()
                await self._changed.wait()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@asynccontextmanager
async def working(url: str, job: Job, **changes: Any) -> AsyncIterator[WakeWorker]:
    """A worker in this loop, ended when the block ends."""

    worker = WakeWorker({DRAIN: job}, **{**options(url, LANE), "handle_signals": False, **changes})
    running = asyncio.create_task(worker.async_run())
    try:
        yield worker
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await worker.close()


async def idle(worker: WakeWorker) -> None:
    """Wait until nothing runs and all bookkeeping is done."""
    async with asyncio.timeout(15):
        while worker.tasks:
            await asyncio.gather(*worker.tasks.values(), return_exceptions=True)
            await asyncio.sleep(0)


@asynccontextmanager
async def ringing(url: str, **changes: Any) -> AsyncIterator[ArqBell]:
    bell = ArqBell(url, **changes)
    try:
        yield bell
    finally:
        await bell.aclose()


async def test_a_ring_starts_work_within_milliseconds(queue_url: str, heard: Heard) -> None:
    """The ordinary tick of arq comes after half a second; the wake must beat it by far."""
    delays = []
    async with working(queue_url, heard.drain), ringing(queue_url) as bell:
        await bell.ring("c", LANE)
        await heard.times(1)
        for number in range(2, 12):
            await asyncio.sleep(0)
            began = time.perf_counter()
            await bell.ring("c", LANE)
            await heard.times(number)
            delays.append(heard.at[-1] - began)
    assert sorted(delays)[len(delays) // 2] < 0.05
    assert heard.rings[0] == ("c", "interactive")


async def test_equal_rings_are_all_heard(queue_url: str, heard: Heard) -> None:
    """A job id that repeated would be dropped while the first one runs: the wish that came then would wait."""
    async with working(queue_url, heard.drain), ringing(queue_url) as bell:
        await asyncio.gather(*(bell.ring("c", LANE) for _ in range(20)))
        await heard.times(20)


async def test_rings_of_another_lane_are_not_heard(queue_url: str, heard: Heard) -> None:
    async with working(queue_url, heard.drain), ringing(queue_url) as bell:
        await bell.ring("bulk", Lane.BULK)
        await bell.ring("here", LANE)
        await heard.times(1)
    assert heard.rings == [("here", "interactive")]


async def test_rings_before_a_worker_came_are_heard_when_it_comes(queue_url: str, heard: Heard) -> None:
    async with ringing(queue_url) as bell:
        await bell.ring("c", LANE)
    async with working(queue_url, heard.drain):
        await heard.times(1)


async def test_wakes_do_not_pile_up_while_nobody_listens(queue_url: str) -> None:
    async with ringing(queue_url) as bell, Redis.from_url(queue_url) as client:
        for _ in range(60):
            await bell.ring("c", LANE)
        waking: Any = client.llen(wake_list(QUEUES[LANE]))
        assert await waking <= 50
        assert await client.zcard(QUEUES[LANE]) == 60


async def test_nothing_of_a_finished_job_is_kept(queue_url: str, heard: Heard) -> None:
    async with working(queue_url, heard.drain) as worker, ringing(queue_url) as bell:
        await bell.ring("c", LANE)
        await heard.times(1)
        await idle(worker)
        async with Redis.from_url(queue_url) as client:
            left = await client.keys("arq:*")
    assert left == []


async def test_a_job_that_breaks_does_not_end_the_worker(queue_url: str, heard: Heard) -> None:
    async def breaks_once(ctx: dict[str, Any], *ids: Any) -> None:
        await heard.drain(ctx, *ids)
        if len(heard.rings) == 1:
            raise RuntimeError("broken")

    async with working(queue_url, breaks_once), ringing(queue_url) as bell:
        await bell.ring("c", LANE)
        await heard.times(1)
        await bell.ring("c", LANE)
        await heard.times(2)


async def test_a_job_that_cannot_be_read_does_not_end_the_worker(queue_url: str, heard: Heard) -> None:
    async with working(queue_url, heard.drain), ringing(queue_url) as bell, Redis.from_url(queue_url) as client:
        await client.set("arq:job:forged", b"\x80\x04cos\nsystem\n")  # the start of a pickle: must not be run
        await client.zadd(QUEUES[LANE], {"forged": 1})
        await bell.ring("c", LANE)
        await heard.times(1)
    assert heard.rings == [("c", "interactive")]


async def test_a_bell_without_a_server_never_raises_and_is_counted() -> None:
    before = telemetry.BELLS_LOST._value.get()
    async with ringing("redis://127.0.0.1:1", ring_seconds=0.5) as bell:
        await bell.ring("c", LANE)
        assert not await bell.reachable()
    assert telemetry.BELLS_LOST._value.get() == before + 1


async def test_a_bell_that_lost_its_server_never_raises_and_rings_again_later(
    own_queue: QueueServer, heard: Heard
) -> None:
    async with ringing(own_queue.url) as bell:
        await bell.ring("c", LANE)
        own_queue.kill()
        await bell.ring("c", LANE)
        own_queue.start()
        await bell.ring("c", LANE)
        assert await bell.reachable()


@pytest.mark.parametrize("retries", [WORKER_RETRIES, 0])
async def test_a_worker_outlives_a_killed_server_and_hears_again(
    own_queue: QueueServer, heard: Heard, retries: int
) -> None:
    """Also one that is away for longer than the client's own retries last."""
    settings = redis_settings(own_queue.url, retries)
    async with working(own_queue.url, heard.drain, redis_settings=settings), ringing(own_queue.url) as bell:
        await bell.ring("before", LANE)
        await heard.times(1)
        own_queue.kill()
        await bell.ring("meanwhile", LANE)
        own_queue.start()
        async with asyncio.timeout(15):
            while ("after", "interactive") not in heard.rings:
                await bell.ring("after", LANE)
                await asyncio.sleep(0.05)


async def test_a_job_at_work_while_the_server_is_killed_runs_to_its_end_once(own_queue: QueueServer) -> None:
    begun, go_on, ended = asyncio.Event(), asyncio.Event(), []

    async def long(_ctx: dict[str, Any], *ids: Any) -> None:
        begun.set()
        await go_on.wait()
        ended.append(ids)

    async with working(own_queue.url, long) as worker, ringing(own_queue.url) as bell:
        await bell.ring("c", LANE)
        await asyncio.wait_for(begun.wait(), 10)
        own_queue.kill()
        own_queue.start()
        go_on.set()
        await idle(worker)
    assert ended == [("c", "interactive")]


async def test_places_are_not_lost_when_the_server_is_away(own_queue: QueueServer, heard: Heard) -> None:
    """arq counts a place before it asks the server; a worker that lost one per outage would starve in the end."""
    worker = WakeWorker(
        {DRAIN: heard.drain}, **{**options(own_queue.url, LANE), "handle_signals": False, "max_jobs": 1}
    )
    worker._pool = await create_pool(RedisSettings(port=own_queue.port))
    own_queue.kill()
    for _ in range(3):
        with pytest.raises(RedisConnectionError):
            await worker.start_jobs([b"ghost"])
    assert worker.job_counter == 0
    await worker.close()


async def test_an_idle_worker_ends_when_asked(queue_url: str, heard: Heard) -> None:
    worker = WakeWorker({DRAIN: heard.drain}, **{**options(queue_url, LANE), "handle_signals": False})
    running = asyncio.create_task(worker.async_run())
    async with ringing(queue_url) as bell:
        await bell.ring("c", LANE)
        await heard.times(1)
    worker.handle_sig_wait_for_completion(Signals.SIGTERM)
    assert worker.stopping.is_set()
    async with asyncio.timeout(5):
        with suppress(asyncio.CancelledError):
            await running
    await worker.close()


async def test_a_worker_that_was_asked_to_end_finishes_its_job_and_takes_no_other(queue_url: str) -> None:
    begun, go_on, ended = asyncio.Event(), asyncio.Event(), []

    async def drain(_ctx: dict[str, Any], *ids: Any) -> None:
        begun.set()
        await go_on.wait()
        ended.append(ids)

    async with AsyncExitStack() as stack:
        bell = await stack.enter_async_context(ringing(queue_url))
        worker = WakeWorker({DRAIN: drain}, **{**options(queue_url, LANE), "handle_signals": False})
        running = asyncio.create_task(worker.async_run())
        await bell.ring("first", LANE)
        await asyncio.wait_for(begun.wait(), 10)
        worker.handle_sig_wait_for_completion(Signals.SIGTERM)
        await bell.ring("second", LANE)
        go_on.set()
        async with asyncio.timeout(10):
            with suppress(asyncio.CancelledError):
                await running
        await worker.close()
    assert ended == [("first", "interactive")]


def test_a_job_survives_the_wire() -> None:
    job: dict[str, Any] = {"t": None, "f": DRAIN, "a": ("c", "bulk"), "k": {}, "et": 1_700_000_000_000}
    assert deserialize(serialize(job)) == {**job, "a": ["c", "bulk"]}


def test_an_exception_in_a_record_becomes_text() -> None:
    assert deserialize(serialize({"r": ValueError("x")})) == {"r": "ValueError('x')"}


async def test_the_private_names_we_build_on_are_still_there(heard: Heard) -> None:
    """WakeWorker takes the place of `Worker.main`; these are the names it needs of arq 0.28."""
    job: Any = heard.drain
    worker: Any = Worker([func(job, name=DRAIN)], queue_name="q", handle_signals=False)
    for name in ("_pool", "redis_settings", "job_serializer", "expires_extra_ms", "job_counter", "max_jobs", "tasks"):
        assert hasattr(worker, name), name
    for name in ("_poll_iteration", "start_jobs", "_release_sem_dec_counter_on_complete"):
        assert callable(getattr(worker, name)), name
    assert list(inspect.signature(Worker.handle_sig_wait_for_completion).parameters) == ["self", "signum"]
    assert worker.poll_delay_s == 0.5
    assert worker.allow_pick_jobs is True
