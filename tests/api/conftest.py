"""The API in process, over a migrated database, with a key of each role and a neighbour's."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from app.main import create_app
from app.services import keys
from app.services.context import Context
from app.services.keys import Role
from app.store.session import Sessions, session_maker
from app.store.tables import Connection
from tests.databases import copied_file
from tests.fakes import FakeClock, ListBell
from tests.houses import OnePair, make_connection, make_context
from tests.threadless import threadless_engine

KEYS = {role: f"tnd_{role}_of_the_default_connection" for role in Role}
NEIGHBOUR_KEY = "tnd_admin_of_the_neighbour_connection"


@pytest.fixture
async def file_sessions(sqlite_template: Path) -> AsyncIterator[Sessions]:
    """A migrated SQLite file: enough where the database makes no difference."""
    with copied_file(sqlite_template) as path:
        engine = threadless_engine(path)
        yield session_maker(engine)
        await engine.dispose()


@pytest.fixture
def backends() -> OnePair:
    """Two complete systems that hold nothing."""
    return OnePair()


@pytest.fixture
def context(
    file_sessions: Sessions, clock: FakeClock, bell: ListBell, backends: OnePair, new_id: Callable[[], str]
) -> Context:
    """Fakes around a real database."""
    return make_context(file_sessions, clock=clock, bell=bell, backends=backends, new_id=new_id)


@pytest.fixture
async def home(context: Context) -> Connection:
    """The connection `default`, with a key of each role."""
    return await furnish(context)


@pytest.fixture
async def app(context: Context, home: Connection) -> AsyncIterator[FastAPI]:
    """The application, opened."""
    application = create_app(context)
    async with application.router.lifespan_context(application):
        yield application


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[AsyncClient]:
    """An administrator of the connection `default`."""
    async with open_client(app, KEYS[Role.ADMIN]) as client:
        yield client


@pytest.fixture
async def neighbour(app: FastAPI, context: Context) -> AsyncIterator[AsyncClient]:
    """An administrator of another connection of the same installation."""
    connection = make_connection("neighbour")
    async with context.begin() as session:
        session.add(connection)
        await session.flush()
        await keys.create(context, connection.id, "admin", Role.ADMIN, plain=NEIGHBOUR_KEY, session=session)
    async with open_client(app, NEIGHBOUR_KEY) as client:
        yield client


async def furnish(context: Context) -> Connection:
    """Store the connection `default` and a key of each role."""
    connection = make_connection()
    async with context.begin() as session:
        session.add(connection)
        await session.flush()
        for role, plain in KEYS.items():
            await keys.create(context, connection.id, role.value, role, plain=plain, session=session)
    return connection


def open_client(app: FastAPI, key: str | None) -> AsyncClient:
    """A client that presents `key`, or none."""
    headers = {"X-API-Key": key} if key else {}
    return AsyncClient(transport=ASGITransport(app=app), base_url="http://tandem", headers=headers)
