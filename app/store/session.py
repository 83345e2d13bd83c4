"""Engines and sessions for both databases. The only module that knows which database is underneath.

SQLite: WAL, one writer, BEGIN IMMEDIATE, `synchronous=FULL` because a lost intent is a possible duplicate.
PostgreSQL: asyncpg.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import Connection as SyncConnection
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

Sessions = async_sessionmaker[AsyncSession]

_DURABLE = "FULL"
_HASTY = "hasty"


def open_engine(
    url: str, *, pool_size: int = 10, creator: Callable[[], Awaitable[Any]] | None = None, poolclass: Any = None
) -> AsyncEngine:
    """An engine for `url` (`sqlite+aiosqlite:///...` or `postgresql+asyncpg://...`).

    `creator` and `poolclass` are the seam for a database connection without threads.
    """
    if not url.startswith("sqlite"):
        engine = create_async_engine(url, pool_size=pool_size, max_overflow=0, pool_pre_ping=True)
        event.listen(engine.sync_engine, "begin", _begin_postgres)
        return engine
    extra: dict[str, Any] = {"async_creator": creator} if creator else {}
    if poolclass is not None:
        extra["poolclass"] = poolclass
    engine = create_async_engine(url, pool_size=1, max_overflow=0, pool_timeout=60, **extra)
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_immediate)
    return engine


def session_maker(engine: AsyncEngine) -> Sessions:
    """Sessions whose objects stay readable after commit."""
    return async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)


def hasty(sessions: Sessions) -> AsyncEngine:
    """The sessions' engine for rows that a power cut may take back, such as leases: commits do not wait for the disk.

    Nothing is lost when only the process ends, and what is committed later in the ordinary way takes these along.
    """
    engine: AsyncEngine = sessions.kw["bind"]
    return engine.execution_options(**{_HASTY: True})


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we send BEGIN ourselves
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", f"synchronous={_DURABLE}", "foreign_keys=ON", "busy_timeout=15000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: SyncConnection) -> None:
    synchronous = "NORMAL" if connection.get_execution_options().get(_HASTY) else _DURABLE
    if connection.info.get("synchronous", _DURABLE) != synchronous:
        connection.exec_driver_sql(f"PRAGMA synchronous={synchronous}")
        connection.info["synchronous"] = synchronous
    connection.exec_driver_sql("BEGIN IMMEDIATE")  # no SQLITE_BUSY when a read turns into a write


def _begin_postgres(connection: SyncConnection) -> None:
    if connection.get_execution_options().get(_HASTY):
        connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")
