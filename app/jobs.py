"""What producers and workers agree on: queue names, job names, the bell. Alone in knowing that the queue is arq.

A job carries ids only, as msgpack: who can write to the queue can make a worker look at rows, no more. Job ids never
repeat, because arq drops a job whose id it remembers. Nothing here knows what a job does.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from signal import Signals
from typing import Any
from uuid import uuid4

import msgspec
from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.worker import Worker, func
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from app import telemetry
from app.domain.records import Lane

DRAIN = "drain"
"""Job: bring in step whatever is due. Arguments: connection id, lane."""

QUEUES = {Lane.INTERACTIVE: "tandem:interactive", Lane.BULK: "tandem:bulk"}

EXPIRY_MS = 7 * 24 * 3600 * 1000
"""How long an unheard ring is kept."""

RING_SECONDS = 1.0
"""How long a ring may take: its caller has committed and wants to answer. The sweeper makes good what is lost."""

WORKER_RETRIES = 20
RINGER_RETRIES = 2
PAUSE_SECONDS = 0.5

SILENCE_SECONDS = 5.0
"""A server that says nothing for so long, beyond what it was asked to wait, is gone: a line may die without a word."""

_WAKES_KEPT = 50

Handler = Callable[..., Awaitable[None]]
"""What does a job: called with the worker's `ctx` and the job's arguments."""

_log = telemetry.log("jobs")


def wake_list(queue: str) -> str:
    """The list on which a worker of `queue` sleeps."""
    return f"{queue}:wake"


def serialize(job: dict[str, Any]) -> bytes:
    """A job, or the record of a failed one, as msgpack; exceptions become their repr."""
    return msgspec.msgpack.encode(job, enc_hook=repr)


def deserialize(data: bytes) -> dict[str, Any]:
    """The opposite of `serialize`. Raises msgspec.DecodeError for anything else than a map."""
    return msgspec.msgpack.decode(data, type=dict[str, Any])


def redis_settings(url: str, retries: int = WORKER_RETRIES) -> RedisSettings:
    """Where the queue is, with reconnecting that outlives a restart of the server."""
    settings = RedisSettings.from_dsn(url)
    settings.retry = Retry(ExponentialBackoff(cap=1, base=0.05), retries)
    settings.retry_on_error = [RedisConnectionError, RedisTimeoutError, OSError]
    settings.retry_on_timeout = True
    return settings


class ArqBell:
    """Rings workers through the queue. Connects when first rung; a ring that fails is logged and counted."""

    def __init__(self, url: str, ring_seconds: float = RING_SECONDS) -> None:
        self._settings = redis_settings(url, RINGER_RETRIES)
        self._settings.conn_retries = 0
        self._ring_seconds = ring_seconds
        self._connecting = asyncio.Lock()
        self._pool: ArqRedis | None = None

    async def ring(self, connection_id: str, lane: Lane) -> None:
        """Wake a worker of the lane. Never raises."""
        try:
            await asyncio.wait_for(self._ring(connection_id, lane), self._ring_seconds)
        except (RedisError, OSError, TimeoutError) as failure:
            telemetry.BELLS_LOST.inc()
            _log.warning("bell_lost", connection=connection_id, lane=lane.value, cause=type(failure).__name__)

    async def reachable(self) -> bool:
        """Whether the queue answers, for readiness. Never raises."""
        try:
            await asyncio.wait_for((await self._connected()).ping(), self._ring_seconds)
        except (RedisError, OSError, TimeoutError):
            return False
        return True

    async def aclose(self) -> None:
        """Let go of the connections."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.aclose(close_connection_pool=True)

    async def _ring(self, connection_id: str, lane: Lane) -> None:
        pool, queue = await self._connected(), QUEUES[lane]
        await pool.enqueue_job(DRAIN, connection_id, lane.value, _job_id=uuid4().hex, _queue_name=queue)
        async with pool.pipeline(transaction=False) as pipe:
            pipe.rpush(wake_list(queue), 1)
            pipe.ltrim(wake_list(queue), -_WAKES_KEPT, -1)
            await pipe.execute()

    async def _connected(self) -> ArqRedis:
        async with self._connecting:  # many may ring at once before there is a connection
            if self._pool is None:
                self._pool = await create_pool(self._settings, job_serializer=serialize, expires_extra_ms=EXPIRY_MS)
            return self._pool


class WakeWorker(Worker):
    """An arq worker that sleeps on a list instead of polling (a ring starts work within milliseconds), and that
    outlives an absent server: it pauses and goes on. `stopping` is set when the process was asked to end.

    `handlers` are coroutine functions by job name, `options` are arq's own. Built on private names of arq 0.28, which
    is in maintenance; a test holds them.
    """

    def __init__(
        self, handlers: Mapping[str, Handler], silence_seconds: float = SILENCE_SECONDS, **options: Any
    ) -> None:
        functions = [func(handler, name=name) for name, handler in handlers.items()]  # type: ignore[arg-type]
        super().__init__(functions, job_serializer=serialize, job_deserializer=deserialize, **options)
        self.stopping = asyncio.Event()
        self._silence_seconds = silence_seconds
        self._closing: asyncio.Task[None] | None = None

    async def main(self) -> None:
        """Work until cancelled."""
        if self._pool is None:
            self._pool = await create_pool(
                self.redis_settings,
                job_serializer=self.job_serializer,
                job_deserializer=self.job_deserializer,
                default_queue_name=self.queue_name,
                expires_extra_ms=self.expires_extra_ms,
            )
        self.ctx["redis"] = self.pool
        if self.on_startup:
            await self.on_startup(self.ctx)
        while True:
            try:
                async with self._lines_watched():
                    await self._turn()
            except (RedisError, OSError) as failure:
                _log.warning("queue_away", queue=self.queue_name, cause=type(failure).__name__)
                await asyncio.sleep(PAUSE_SECONDS)

    async def start_jobs(self, job_ids: list[bytes]) -> None:
        """As arq does, giving back the place that arq counts before it asks a server that turns out to be away."""
        try:
            await super().start_jobs(job_ids)
        except (RedisError, OSError):
            self._release_sem_dec_counter_on_complete()
            raise

    def handle_sig_wait_for_completion(self, signum: Signals) -> None:
        """Asked to end: nothing new is begun, what runs is finished."""
        self.stopping.set()
        super().handle_sig_wait_for_completion(signum)

    async def close(self) -> None:
        """Cut off what still runs and let go of the queue, also when its server is away."""
        for task in self.tasks.values():
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
        if self._pool is not None:
            with suppress(RedisError, OSError):
                await self.pool.delete(self.health_check_key)
            await self.pool.aclose(close_connection_pool=True)
            self._pool = None

    @asynccontextmanager
    async def _lines_watched(self) -> AsyncIterator[None]:
        """Cut all lines to the server whenever the body takes longer than any answer may.

        Cut from outside: the client's own time-outs lose cancellations on Python 3.11, and so a request to end. Closing
        is not to be cancelled: who waits for the same line to close would be cancelled with it.
        """

        async def cut() -> None:
            while True:
                await asyncio.sleep(self.poll_delay_s + self._silence_seconds)
                _log.warning("queue_silent", queue=self.queue_name)
                self._closing = asyncio.create_task(self.pool.connection_pool.disconnect())
                await asyncio.shield(self._closing)

        watch = asyncio.create_task(cut())
        try:
            yield
        finally:
            watch.cancel()

    async def _turn(self) -> None:
        await self._poll_iteration()
        if self.job_counter >= self.max_jobs or not self.allow_pick_jobs:
            await asyncio.sleep(0.01)
            return
        wake: Any = self.pool.blpop([wake_list(self.queue_name)], timeout=self.poll_delay_s)  # type: ignore[arg-type]
        if await wake:  # the client's types know whole seconds only; the server takes fractions
            await self.pool.delete(wake_list(self.queue_name))
