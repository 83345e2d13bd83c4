"""A SQLite connection without a thread: each statement runs in place, and is a point at which others get their turn.

aiosqlite hands every statement to a thread of the connection and back; in tests those hand-overs cost more than the
statements, and their order is chance. The real thread is used where processes are (tests/process, the demo) and by the
tests of the store. No test stands here.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import aiosqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from app.store.session import open_engine

POINTS = ("execute", "executemany", "commit")
"""Work that takes time in the real thing; the rest only reads what has arrived."""


class _InPlace:
    """Stands where aiosqlite has the queue to its thread."""

    def put_nowait(self, job: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
        """Run the job now."""
        future, work = job
        result = work()
        if future is not None:
            future.set_result(result)


class ThreadlessConnection(aiosqlite.Connection):
    """aiosqlite's connection with its thread left out."""

    def __init__(self, path: Path) -> None:
        super().__init__(lambda: sqlite3.connect(path, isolation_level=None, check_same_thread=False), 64)
        self._tx = _InPlace()  # type: ignore[assignment]

    def __await__(self) -> Generator[Any, None, aiosqlite.Connection]:
        self._connection = self._connector()
        if False:  # a generator that never yields: opening takes no time
            yield
        return self

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self._connection is None:
            raise ValueError("Connection closed")
        await self.reach(getattr(fn, "__name__", ""), *args)
        return fn(*args, **kwargs)

    async def reach(self, name: str, *args: Any) -> None:
        """Let others act before a statement."""
        if name in POINTS:
            await asyncio.sleep(0)

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


def threadless_engine(path: Path) -> AsyncEngine:
    """An engine on a SQLite file, without threads."""

    async def connect() -> Any:
        return await ThreadlessConnection(path)

    return sharing(open_engine(f"sqlite+aiosqlite:///{path}", creator=connect))


_first: dict[str, AsyncEngine] = {}


def sharing(engine: AsyncEngine) -> AsyncEngine:
    """The engine, with the dialect and the compiled statements of the first one of its kind in this process.

    Compiling a statement takes longer than SQLite takes to run it, and each test has an engine of its own.
    """
    first = _first.setdefault(engine.dialect.name, engine)
    if first is not engine:
        ours, theirs = engine.sync_engine, first.sync_engine
        ours.dialect = ours.pool._dialect = theirs.dialect
        ours._compiled_cache = theirs._compiled_cache
    return engine
