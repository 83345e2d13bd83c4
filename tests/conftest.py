"""What every test may ask for: both databases, a clock that jumps, ids in a row."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from app.store.session import Sessions, open_engine, session_maker
from tests import databases
from tests.databases import PostgresServer
from tests.fakes import FakeClock, ListBell, PlainVault, sequential_ids
from tests.threadless import sharing, threadless_engine
from tests.world.told import pytest_terminal_summary

__all__ = ["pytest_terminal_summary"]  # pytest finds its hooks by name

ENGINES = ["sqlite", "postgres"]

WITH_THREADS = Path(__file__).parent / "store"
"""Tests of the store itself keep the real connection with its thread."""


@pytest.fixture
def clock() -> FakeClock:
    """Stands at `fakes.START` until moved."""
    return FakeClock()


@pytest.fixture
def new_id() -> Callable[[], str]:
    """`id-000001`, `id-000002`... anew in each test."""
    return sequential_ids()


@pytest.fixture
def bell() -> ListBell:
    """Remembers its rings."""
    return ListBell()


@pytest.fixture
def vault() -> PlainVault:
    """Seals by writing down."""
    return PlainVault()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    return databases.migrated_file(tmp_path_factory.mktemp("template") / "template.db")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL server for the whole run; skips, with the reason, where there is none."""
    reason = databases.why_no_postgres()
    if reason:
        pytest.skip(reason)
    with databases.postgres_server() as server:
        yield server


@pytest.fixture(params=ENGINES)
def engine_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a migrated, empty database of this test alone: once on SQLite, once on PostgreSQL."""
    if request.param == "sqlite":
        with databases.copied_file(request.getfixturevalue("sqlite_template")) as path:
            yield databases.sqlite_url(path)
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        with server.database() as url:
            yield url


@pytest.fixture(params=ENGINES)
def blank_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without any table: once on SQLite, once on PostgreSQL."""
    if request.param == "sqlite":
        yield databases.sqlite_url(tmp_path / "blank.db")
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        with server.database(empty=True) as url:
            yield url


@pytest.fixture
async def sessions(request: pytest.FixtureRequest, engine_url: str) -> AsyncIterator[Sessions]:
    """Sessions on a migrated database, once per engine; SQLite without threads, but for the tests of the store."""
    url = make_url(engine_url)
    in_place = url.get_backend_name() == "sqlite" and not request.node.path.is_relative_to(WITH_THREADS)
    engine = threadless_engine(Path(str(url.database))) if in_place else sharing(open_engine(engine_url))
    yield session_maker(engine)
    await _end_others()
    await engine.dispose()


async def _end_others() -> None:
    """End what a test left running, so that each connection goes back to the pool before the loop is gone.

    A cancelled task hands the closing of its connection to a task of its own, which must come to its end unhindered.
    """
    for grace in (0.02, 0.2, 2.0):
        left = asyncio.all_tasks() - {asyncio.current_task()}
        if not left:
            return
        _, stuck = await asyncio.wait(left, timeout=grace)
        for task in stuck:
            task.cancel()
        await asyncio.wait(stuck or left, timeout=grace)
