"""The migrations lead from nothing to the tables of the code, and back, on both engines."""

import asyncio
from datetime import datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import inspect, text
from sqlmodel import SQLModel

from app.store import migrations
from app.store.session import open_engine

VERSIONS = migrations.ROOT / "alembic" / "versions"


async def table_names(url: str) -> set[str]:
    engine = open_engine(url)
    async with engine.connect() as connection:
        names = await connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))
    await engine.dispose()
    return names


async def execute(url: str, *statements: str) -> None:
    engine = open_engine(url)
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()


async def test_upgrade_makes_every_table(blank_url: str) -> None:
    await migrations.upgrade(blank_url)
    assert await table_names(blank_url) == {*SQLModel.metadata.tables, "alembic_version"}


async def test_up_down_and_up_again(blank_url: str) -> None:
    await migrations.upgrade(blank_url)
    await migrations.downgrade(blank_url, "base")
    assert await table_names(blank_url) == {"alembic_version"}
    await migrations.upgrade(blank_url)
    assert "operation" in await table_names(blank_url)


async def test_upgrading_twice_changes_nothing(engine_url: str) -> None:
    before = await table_names(engine_url)
    await migrations.upgrade(engine_url)
    assert await table_names(engine_url) == before


async def test_the_migrations_give_exactly_the_tables_of_the_code(engine_url: str) -> None:
    await migrations.check(engine_url)


async def test_a_column_the_migrations_do_not_know_is_noticed(engine_url: str) -> None:
    await execute(engine_url, "ALTER TABLE operation ADD COLUMN forgotten INTEGER")
    with pytest.raises(CommandError, match="forgotten"):
        await migrations.check(engine_url)


async def test_processes_that_start_together_take_turns(blank_url: str) -> None:
    await asyncio.gather(*(migrations.upgrade(blank_url) for _ in range(3)))
    await migrations.check(blank_url)


async def test_a_step_that_fails_leaves_nothing_behind(blank_url: str) -> None:
    def break_off(config: Config) -> None:
        command.upgrade(config, "head")
        raise RuntimeError("pulled the plug")

    with pytest.raises(RuntimeError, match="pulled the plug"):
        await migrations.apply(blank_url, break_off)
    assert await table_names(blank_url) == set()


async def test_rows_without_their_parent_stop_a_migration_of_sqlite(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'orphans.db'}"
    await migrations.upgrade(url)

    def orphan(config: Config) -> None:
        config.attributes["connection"].exec_driver_sql(
            "INSERT INTO slot (id, connection_id, system, number) VALUES ('s', 'gone', 'intacct', 1)"
        )

    with pytest.raises(RuntimeError, match="parent is missing"):
        await migrations.apply(url, orphan)
    engine = open_engine(url)
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM slot"))).scalar_one() == 0
    await engine.dispose()


async def test_the_command_line_says_which_setting_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(RuntimeError, match="DATABASE_URL is not set"):
        migrations.database_url()


@pytest.mark.parametrize("path", sorted(VERSIONS.glob("*.py")), ids=lambda path: path.stem)
def test_each_migration_is_named_by_date_and_subject(path: Path) -> None:
    day, _, subject = path.stem.partition("_")
    assert datetime.strptime(f"{day} +0000", "%Y%m%d %z").year >= 2026
    assert subject
