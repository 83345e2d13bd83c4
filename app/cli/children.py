"""Child processes and their supervision: started, watched, started again after a pause, and ended in good order.

Knows nothing of what the children do. A child is deaf to the terminal's Ctrl-C, because the supervisor decides the
order of stopping, and on Linux it is told to end when the supervisor dies.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 10.0
STEADY_SECONDS = 30.0
"""A child that lived this long is started again without the pause its earlier failures earned."""

READY_SECONDS = 60.0
READY_STEP = 0.03
HOPELESS = 3
"""A child that ended so often before it was ready once will not become so."""

LOG_BYTES = 10_000_000
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None

Announce = Callable[[str], None]


class ChildError(Exception):
    """A process did not come up. The text is one sentence, and the end of its log."""


@dataclass(frozen=True, slots=True)
class Program:
    """What is run: `ready` answers whether it works by now, `grace` is seconds from SIGTERM to SIGKILL."""

    name: str
    argv: tuple[str, ...]
    ready: Callable[[], Awaitable[bool]]
    grace: float = 10.0
    environment: Mapping[str, str] = field(default_factory=dict)


class Child:
    """One supervised process. Its output goes to a log file."""

    def __init__(self, program: Program, log: Path, announce: Announce) -> None:
        self.program = program
        self._log = log
        self._announce = announce
        self._process: asyncio.subprocess.Process | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        """The process id, or None while there is no process."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self) -> None:
        """Start it and see to it that it stays. Returns at once; see `ready`."""
        await self._spawn()
        self._watcher = asyncio.create_task(self._watch())

    async def ready(self, seconds: float = READY_SECONDS) -> None:
        """Wait until it works. Raises ChildError when it does not within `seconds`, or keeps ending."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not (self.pid is not None and await self.program.ready()):
            if self.restarts >= HOPELESS:
                raise ChildError(f"{self.program.name} keeps ending.\n{self.last_words()}")
            if asyncio.get_running_loop().time() > deadline:
                raise ChildError(f"{self.program.name} was not ready within {seconds:.0f} s.\n{self.last_words()}")
            await asyncio.sleep(READY_STEP)

    async def stop(self) -> None:
        """SIGTERM, wait for `grace` seconds, SIGKILL. Safe to call more than once."""
        self._stopping.set()
        process = self._process
        if process is not None and process.returncode is None:
            _signal(process.pid, signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), self.program.grace)
            except TimeoutError:
                self._announce(f"{self.program.name} does not end by itself and is killed")
                _signal(process.pid, signal.SIGKILL)
                await process.wait()
        if self._watcher is not None:
            await self._watcher

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process, for tests of what happens then. Does nothing while there is no process."""
        if self.pid is not None:
            _signal(self.pid, number)

    def last_words(self, lines: int = 12) -> str:
        """The end of its log."""
        if not self._log.exists():
            return ""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])

    async def _spawn(self) -> None:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        if self._log.exists() and self._log.stat().st_size > LOG_BYTES:
            self._log.replace(self._log.with_suffix(".old.log"))
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.program.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.program.environment},
                start_new_session=True,  # deaf to the terminal's Ctrl-C
                preexec_fn=die_with_parent(),
            )

    async def _watch(self) -> None:
        loop, pause = asyncio.get_running_loop(), FIRST_PAUSE
        while True:
            began = loop.time()
            assert self._process is not None
            code = await self._process.wait()
            if self._stopping.is_set():
                return
            if loop.time() - began > STEADY_SECONDS:
                pause = FIRST_PAUSE
            self.restarts += 1
            self._announce(f"{self.program.name} ended ({_cause(code)}) and is started again in {pause:g} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
                return
            pause = min(pause * 2, LONGEST_PAUSE)
            await self._spawn()


def die_with_parent() -> Callable[[], None] | None:
    """What a new process runs before its program, so that it ends when we do; None where the system cannot.

    Must be used from the main thread: the kernel follows the thread that started the child.
    """
    if _LIBC is None:
        return None
    libc, parent = _LIBC, os.getpid()

    def ask_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # we died in between
            os._exit(1)

    return ask_kernel


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _cause(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
