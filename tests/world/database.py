"""The database of a world: SQLite without threads, each statement a point of the stage; one connection for all."""

import asyncio
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker
from sqlmodel.ext.asyncio.session import AsyncSession

from app.store.session import Sessions, open_engine
from tests.threadless import POINTS, ThreadlessConnection, sharing
from tests.world.stage import BEGIN, END, STATEMENT, Stage


class StagedConnection(ThreadlessConnection):
    """A connection whose statements are points of the stage. The dead cannot execute anything; closing always works."""

    def __init__(self, path: Path, stage: Stage) -> None:
        super().__init__(path)
        self._stage = stage

    async def reach(self, name: str, *args: Any) -> None:
        """Be at a point of the stage before a statement; the dead get no further, but for rolling back."""
        if name in POINTS:
            await self._stage.at(STATEMENT, _shape(args[0]) if args else name)
            await asyncio.sleep(0)
        if name != "rollback":
            self._stage.check()


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
        return await StagedConnection(path, stage)

    engine = sharing(open_engine(f"sqlite+aiosqlite:///{path}", creator=connect))
    event.listen(engine.sync_engine, "connect", _fast)
    return engine, async_sessionmaker(engine, class_=StagedSession, expire_on_commit=False, stage=stage)


def _fast(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=OFF")  # processes die here, machines do not
    cursor.close()
