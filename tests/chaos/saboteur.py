"""Who hurts a running installation, by a seed: kills, pauses, wiped queues, cut lines, lost replies, slow vendors."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

import httpx
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.cli.stack import Stack
from tests.chaos.proxy import Proxy

WORKERS = ("worker-bulk", "worker-interactive")
INTACCT_FAULTS = ("reset_after", "http_502", "http_503", "truncated", "empty")
Deed = Callable[[], Awaitable[None]]


class Saboteur:
    """Strikes every `pause` seconds or so until told to stop; `deeds` counts what was done."""

    def __init__(self, stack: Stack, proxies: Mapping[str, Proxy], seed: int, pause: tuple[float, float]) -> None:
        self._stack, self._proxies, self._pause = stack, proxies, pause
        self._random = random.Random(seed)
        self._stopped = asyncio.Event()
        self._asleep: set[str] = set()
        self.deeds: Counter[str] = Counter()

    async def work(self) -> None:
        """Hurt until `stop`."""
        deeds: list[tuple[str, Deed]] = [
            ("SIGKILL of a worker", self._kill_worker),
            ("SIGKILL of the API", self._kill_api),
            ("SIGKILL of the queue server", self._kill_queue),
            ("SIGSTOP of a worker", self._pause_worker),
            ("queue wiped", self._wipe),
            ("lines cut", self._cut),
            ("replies of Intacct lost", self._lose("intacct")),
            ("replies of Salesforce lost", self._lose("salesforce")),
            ("lines silent", self._silence),
            ("vendor slow", self._slow),
        ]
        while not self._stopped.is_set():
            name, deed = self._random.choice(deeds)
            self.deeds[name] += 1
            await deed()
            await self._rest(self._random.uniform(*self._pause))

    async def stop(self) -> None:
        """No more of it; whoever was paused goes on."""
        self._stopped.set()
        for name in sorted(self._asleep):
            self._stack.kill(name, signal.SIGCONT)
        for proxy in self._proxies.values():
            proxy.losing, proxy.delay = False, 0.0

    async def _rest(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopped.wait(), seconds)
        except TimeoutError:
            return

    async def _kill_worker(self) -> None:
        self._kill(self._random.choice(WORKERS))

    async def _kill_api(self) -> None:
        self._kill("api")

    async def _kill_queue(self) -> None:
        self._kill("valkey")

    def _kill(self, name: str) -> None:
        if name in self._stack.pids:
            self._stack.kill(name, signal.SIGKILL)

    async def _pause_worker(self) -> None:
        """Now and then for longer than its lease."""
        name = self._random.choice(WORKERS)
        if name not in self._stack.pids:
            return
        self._stack.kill(name, signal.SIGSTOP)
        self._asleep.add(name)
        await self._rest(self._random.choice((0.5, 2.0, 7.0)))
        if name in self._stack.pids:
            self._stack.kill(name, signal.SIGCONT)
        self._asleep.discard(name)

    async def _wipe(self) -> None:
        try:
            async with Redis.from_url(self._stack.settings.redis_url or "", socket_connect_timeout=1) as queue:
                await queue.flushall()
        except (RedisError, OSError):
            return  # it may be dead at this moment

    async def _cut(self) -> None:
        self._random.choice(sorted(self._proxies.items()))[1].cut()

    def _lose(self, name: str) -> Deed:
        async def losing() -> None:
            self._proxies[name].losing = True
            await self._rest(self._random.uniform(0.1, 0.8))
            self._proxies[name].losing = False

        return losing

    async def _silence(self) -> None:
        self._random.choice(sorted(self._proxies.items()))[1].silence()

    async def _slow(self) -> None:
        proxy = self._proxies[self._random.choice(("intacct", "salesforce"))]
        proxy.delay = self._random.uniform(0.2, 2.0)
        await self._rest(self._random.uniform(0.5, 3.0))
        proxy.delay = 0.0


async def answered(ask: Callable[[], Awaitable[httpx.Response]], patience: float) -> httpx.Response:
    """The first complete answer that is no server error: a caller who repeats the same request until it is heard."""
    async with asyncio.timeout(patience):
        while True:
            try:
                answer = await ask()
            except httpx.HTTPError:
                await asyncio.sleep(0.2)
                continue
            if answer.status_code < 500 and answer.status_code not in (409, 429):
                return answer
            await asyncio.sleep(0.2)
