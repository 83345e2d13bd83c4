"""How commits reach the disk."""

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.store.session import Sessions, hasty

ASK = {"sqlite": "PRAGMA synchronous", "postgresql": "SHOW synchronous_commit"}
HASTY = {"sqlite": "1", "postgresql": "off"}
DURABLE_SQLITE = "2"


async def test_hasty_commits_do_not_wait_for_the_disk(sessions: Sessions) -> None:
    name, said = await _asked(hasty(sessions))
    assert said == HASTY[name]


async def test_a_hasty_commit_leaves_the_others_as_they_were(sessions: Sessions) -> None:
    ordinary: AsyncEngine = sessions.kw["bind"]
    before = await _asked(ordinary)
    assert [await _asked(engine) for engine in (hasty(sessions), hasty(sessions), ordinary)][-1] == before


@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
async def test_ordinary_commits_on_sqlite_wait_for_the_disk(sessions: Sessions) -> None:
    assert await _asked(sessions.kw["bind"]) == ("sqlite", DURABLE_SQLITE)


async def _asked(engine: AsyncEngine) -> tuple[str, str]:
    async with engine.begin() as connection:
        name = connection.dialect.name
        return name, str((await connection.execute(text(ASK[name]))).scalar())
