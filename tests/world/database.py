"""A SQLite database without threads: each statement is an await point, run in place. One connection for everybody."""

import asyncio
import sqlite3
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import aiosqlite
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker
from sqlmodel.ext.asyncio.session import AsyncSession

from app.store.session import Sessions, open_engine
from tests.world.stage import BEGIN, END, STATEMENT, Stage


class _InPlace:
    """Stands where aiosqlite has the queue to its thread."""

    def put_nowait(self, job: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
        """Run the job now."""
        future, work = job
        result = work()
        if future is not None:
            future.set_result(result)


class ThreadlessConnection(aiosqlite.Connection):
    """aiosqlite's connection with its thread left out. The dead cannot execute anything; closing always works."""

    def __init__(self, path: Path, stage: Stage) -> None:
        super().__init__(lambda: sqlite3.connect(path, isolation_level=None, check_same_thread=False), 64)
        self._stage = stage
        self._tx = _InPlace()  # type: ignore[assignment]

    def __await__(self) -> Generator[Any, None, aiosqlite.Connection]:
        self._connection = self._connector()
        if False:  # a generator that never yields: opening takes no time
            yield
        return self

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self._connection is None:
            raise ValueError("Connection closed")
        name = getattr(fn, "__name__", "")
        if name in ("execute", "executemany", "commit"):
            await self._stage.at(STATEMENT, _shape(args[0]) if args else name)
            await asyncio.sleep(0)
            self._stage.check()
        elif name != "rollback":
            self._stage.check()
        return fn(*args, **kwargs)

    async def close(self) -> None:
        """Close; what was not committed is rolled back."""
        self.shut()

    def stop(self) -> None:
        """Close, from a finaliser or by the pool."""
        self.shut()

    def shut(self) -> None:
        """Close now."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _shape(statement: str) -> str:
    words = statement.split(None, 3)
    return " ".join(words[:3]) if words[:1] != ["SELECT"] else "SELECT " + statement.rpartition("FROM ")[2][:24].strip()


class StagedSession(AsyncSession):
    """A session whose beginning and end are points of the stage: a process may be stopped there."""

    def __init__(self, *args: Any, stage: Stage, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stage = stage

    async def __aenter__(self) -> "StagedSession":
        await self._stage.at(BEGIN)
        await super().__aenter__()
        return self

    async def __aexit__(self, *how: Any) -> None:
        await super().__aexit__(*how)
        if how[0] is None:
            await self._stage.at(END)


def open_database(path: Path, stage: Stage) -> tuple[AsyncEngine, Sessions]:
    """An engine on a file, and its sessions."""

    async def connect() -> Any:
        return await ThreadlessConnection(path, stage)

    engine = open_engine(f"sqlite+aiosqlite:///{path}", creator=connect)
    event.listen(engine.sync_engine, "connect", _fast)
    return engine, async_sessionmaker(engine, class_=StagedSession, expire_on_commit=False, stage=stage)


def _fast(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=OFF")  # processes die here, machines do not
    cursor.close()
