"""Brings a database to the schema of this version. The only module that runs Alembic; no table is described here.

Everything happens on one connection and in one transaction: a migration that fails leaves nothing behind, on both
engines. On PostgreSQL an advisory lock lets several starting processes take turns.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.store.session import open_engine

ROOT = Path(__file__).resolve().parents[2]
"""The checkout: Tandem is installed editable, so `alembic.ini` and `alembic/` stand beside `app/`."""

_LOCK = 7_346_192_051
"""Number of the advisory lock: arbitrary, but the same in every version of Tandem."""

Step = Callable[[Config], object]


def database_url() -> str:
    """The database of Alembic's own command line: DATABASE_URL. Raises RuntimeError when it is not set."""
    url = os.environ.get("DATABASE_URL")
    if not url:
        raise RuntimeError("DATABASE_URL is not set; alembic needs sqlite+aiosqlite:///... or postgresql+asyncpg://...")
    return url


async def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at `url` up to `revision`. Does nothing when it is there already."""
    await apply(url, lambda config: command.upgrade(config, revision))


async def downgrade(url: str, revision: str) -> None:
    """Take the database at `url` back to `revision` ("base": no tables)."""
    await apply(url, lambda config: command.downgrade(config, revision))


async def check(url: str) -> None:
    """Raises alembic.util.CommandError when the tables in the code and those of the database differ."""
    await apply(url, command.check)


async def apply(url: str, step: Step) -> None:
    """Run one Alembic command against `url`, under the lock, in one transaction."""

    def work(connection: Connection) -> None:
        config = Config(str(ROOT / "alembic.ini"))
        config.attributes["connection"] = connection
        step(config)

    await on_connection(url, work)


async def on_connection(url: str, work: Callable[[Connection], None]) -> None:
    """Run `work` on one connection fit for migrations. Raises FileNotFoundError without the folder of migrations."""
    if not (ROOT / "alembic").is_dir():
        raise FileNotFoundError(f"no migrations beside the package: {ROOT / 'alembic'} is missing; install with pip -e")
    engine = _engine(url)
    try:
        async with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            await connection.run_sync(work)
            if engine.dialect.name == "sqlite":
                _refuse_orphans((await connection.exec_driver_sql("PRAGMA foreign_key_check")).all())
    finally:
        await engine.dispose()


def _engine(url: str) -> AsyncEngine:
    engine = open_engine(url, pool_size=1)
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _forget_foreign_keys)
    return engine


def _forget_foreign_keys(connection: Any, _record: Any) -> None:
    # SQLite alters a table by replacing it; with foreign keys on, dropping the old one would empty its children
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys=OFF")
    cursor.close()


def _refuse_orphans(rows: Any) -> None:
    if rows:
        raise RuntimeError(f"the migration would leave {len(rows)} rows whose parent is missing; nothing was changed")
