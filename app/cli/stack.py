"""The whole installation as one object: queue server, simulators, API and workers, started and stopped in good order.

`async with Stack(settings) as stack:` is what `tandem up`, the demo and the process tests use. In production mode only
API and workers are started; the embedded parts belong to offline work.
"""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.cli import valkey
from app.cli.children import Announce, Child, ChildError, Program
from app.config import Settings, SettingsError
from app.domain.records import Lane
from app.jobs import QUEUES

ROOT = Path(__file__).resolve().parents[2]
"""Where `app` and `workers` are found, also by children of a process that runs elsewhere."""

WORKER_GRACE = 30.0
"""Longer than a worker needs to finish its current batches (`workers.main.FINISH_SECONDS`)."""

HEALTH_SUFFIX = ":health-check"
PORTS = ("port", "salesforce_sim_port", "intacct_sim_port")


class _FirstStart(msgspec.Struct, rename="camel"):
    connection_id: str
    admin_key: str | None = None


class Stack:
    """A running installation.

    Ports of 0 in the settings are replaced by free ones. After the start: `settings` are what the children use, `url`,
    `salesforce_url` and `intacct_url` where they listen, `admin_key` the key when it is fixed or was made just now.
    """

    def __init__(self, settings: Settings, announce: Announce = lambda _: None) -> None:
        self._given = settings
        self._announce = announce
        self._directory = settings.data_dir.absolute()
        self._children: dict[str, Child] = {}
        self._locks = ExitStack()
        self.settings = settings
        self.admin_key: str | None = settings.admin_key.get_secret_value() if settings.admin_key else None

    @property
    def url(self) -> str:
        """The API's address."""
        return f"http://127.0.0.1:{self.settings.port}"

    @property
    def salesforce_url(self) -> str:
        """The Salesforce simulator's address."""
        return f"http://127.0.0.1:{self.settings.salesforce_sim_port}"

    @property
    def intacct_url(self) -> str:
        """The Intacct simulator's address."""
        return f"http://127.0.0.1:{self.settings.intacct_sim_port}"

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by name: valkey, salesforce, intacct, api, worker-interactive, worker-bulk."""
        return {name: child.pid for name, child in self._children.items() if child.pid is not None}

    @property
    def restarts(self) -> dict[str, int]:
        """How often each process was started again."""
        return {name: child.restarts for name, child in self._children.items()}

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a process a signal; the supervisor starts it again when it ends. KeyError for an unknown name."""
        self._children[name].send(number)

    async def ready(self, name: str) -> None:
        """Wait until a process works (again). Raises ChildError, or KeyError for an unknown name."""
        await self._children[name].ready()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as cleanup:
            cleanup.push_async_callback(self._stop)
            await self._start()
            cleanup.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def _start(self) -> None:
        self._locks.enter_context(valkey.owned(self._directory))
        self._fresh_metrics()
        self._choose_ports()
        first: list[Program] = []
        if self.settings.redis_url is None:
            port = valkey.free_port()
            first.append(self._valkey(port))
            self._with(redis_url=f"redis://127.0.0.1:{port}")
        if not self.settings.production:
            first += simulator_programs(self.settings, self._environment())
        started = ", ".join(["database", *(program.name for program in first)])
        self._announce(f"Starting {started} ...")
        await _together(self._migrate(), *(self._launch(program) for program in first))
        await self._forget_workers()
        later = [self._api(), *(self._worker(lane) for lane in Lane)]
        self._announce(f"Starting {', '.join(program.name for program in later)} ...")
        await _together(*(self._launch(program) for program in later))

    async def _stop(self) -> None:
        """Last in, first out by groups: nothing accepts, then nothing works, then nobody is called, then no queue."""
        for group in (("api",), tuple(f"worker-{lane.value}" for lane in Lane), ("salesforce", "intacct"), ("valkey",)):
            await asyncio.gather(*(self._children[name].stop() for name in group if name in self._children))
        self._locks.close()

    async def _launch(self, program: Program) -> None:
        child = Child(program, self._directory / "logs" / f"{program.name}.log", self._announce)
        self._children[program.name] = child
        await child.start()
        await child.ready()

    async def _migrate(self) -> None:
        """In a process of its own, as in production; it says what a first start made."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app.cli", "migrate", "--json"),
            *([] if self.settings.production else ["--empty-simulators"]),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **self._environment()},
        )
        try:
            answer, trouble = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode != 0:
            raise ChildError(f"The database could not be prepared.\n{trouble.decode(errors='replace')[-2000:]}")
        made = msgspec.json.decode(answer, type=_FirstStart)
        self.admin_key = self.admin_key or made.admin_key

    def _choose_ports(self) -> None:
        names = PORTS[:1] if self._given.production else PORTS
        for name in names:
            port = getattr(self.settings, name)
            if port == 0:
                self._with(**{name: valkey.free_port()})
            elif not valkey.is_free(port):
                raise SettingsError(f"Port {port} is in use: choose another one with TANDEM_{name.upper()}.")

    def _with(self, **changes: object) -> None:
        # `model_copy` keeps the mode: a queue of our own does not make this production
        self.settings = self.settings.model_copy(update={"mode": self._given.settled_mode, **changes})

    def _environment(self) -> dict[str, str]:
        metrics = str(self._directory / "metrics")
        return {**self.settings.environment(), **_paths(), "PROMETHEUS_MULTIPROC_DIR": metrics}

    def _fresh_metrics(self) -> None:
        directory = self._directory / "metrics"
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)

    def _valkey(self, port: int) -> Program:
        directory = self._directory / "valkey"
        directory.mkdir(exist_ok=True, mode=0o700)
        if valkey.remove_stale(directory):
            self._announce("Ended a queue server that an earlier run had left behind.")
        return valkey.program(directory, port)

    def _api(self) -> Program:
        argv = (sys.executable, "-m", "app.cli", "api")
        return Program("api", argv, _answering(f"{self.url}/health"), 15.0, self._environment())

    def _worker(self, lane: Lane) -> Program:
        argv = (sys.executable, "-m", "workers.main", lane.value)
        return Program(f"worker-{lane.value}", argv, self._working(lane), WORKER_GRACE, self._environment())

    def _working(self, lane: Lane) -> Callable[[], Awaitable[bool]]:
        async def ready() -> bool:
            try:
                async with self._queue() as queue:
                    return bool(await queue.exists(QUEUES[lane] + HEALTH_SUFFIX))
            except (RedisError, OSError):
                return False

        return ready

    async def _forget_workers(self) -> None:
        """Signs of life of an earlier run, kept by the queue, are not signs of ours."""
        if not self.settings.production:
            async with self._queue() as queue:
                await queue.delete(*(name + HEALTH_SUFFIX for name in QUEUES.values()))

    def _queue(self) -> Redis:
        queue: Redis = Redis.from_url(self.settings.redis_url or "", socket_connect_timeout=1, socket_timeout=2)
        return queue


class Simulators:
    """Both simulators alone, for work on something that calls them."""

    def __init__(self, settings: Settings, announce: Announce = lambda _: None) -> None:
        logs = settings.data_dir.absolute() / "logs"
        programs = simulator_programs(settings, _paths())
        self._children = [Child(program, logs / f"{program.name}.log", announce) for program in programs]
        self.salesforce_url = f"http://127.0.0.1:{settings.salesforce_sim_port}"
        self.intacct_url = f"http://127.0.0.1:{settings.intacct_sim_port}"

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as cleanup:
            for child in self._children:
                await child.start()
                cleanup.push_async_callback(child.stop)
            await _together(*(child.ready() for child in self._children))
            cleanup.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*(child.stop() for child in self._children))


def simulator_programs(settings: Settings, environment: Mapping[str, str]) -> list[Program]:
    """How both simulators are run, on the ports of the settings."""
    ports = {"salesforce": settings.salesforce_sim_port, "intacct": settings.intacct_sim_port}
    return [
        Program(
            name,
            (sys.executable, "-m", "app.simulators", name, "--port", str(port)),
            _answering(f"http://127.0.0.1:{port}/_sim/clock"),
            grace=5.0,
            environment=environment,
        )
        for name, port in ports.items()
    ]


def _paths() -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))}


async def _together(*work: Coroutine[Any, Any, None]) -> None:
    """All at once; the first failure ends the others and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for one in work:
                group.create_task(one)
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures


def _answering(url: str) -> Callable[[], Awaitable[bool]]:
    async def ready() -> bool:
        async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
            try:
                return (await client.get(url)).is_success
            except httpx.HTTPError:
                return False

    return ready
