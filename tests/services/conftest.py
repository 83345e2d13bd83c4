"""A context on both databases with one stored connection."""

from collections.abc import Callable

import pytest

from app.services.context import Context
from app.store.session import Sessions
from app.store.tables import Connection
from tests.fakes import FakeClock, ListBell
from tests.houses import OnePair, make_connection, make_context


@pytest.fixture
def backends() -> OnePair:
    """Two complete systems that hold nothing."""
    return OnePair()


@pytest.fixture
def context(
    sessions: Sessions, clock: FakeClock, bell: ListBell, backends: OnePair, new_id: Callable[[], str]
) -> Context:
    """Fakes around a real database."""
    return make_context(sessions, clock=clock, bell=bell, backends=backends, new_id=new_id)


@pytest.fixture
async def home(context: Context) -> Connection:
    """The connection `default`, stored."""
    connection = make_connection()
    async with context.begin() as session:
        session.add(connection)
    return connection
