"""Checklist row 37: an unknown user is refused, or served by option; who is not asked (product.md 7.4)."""

from collections.abc import Callable

import pytest

from app.services import configuration, intake
from app.services.context import Context
from app.store.session import Sessions
from app.store.tables import Connection
from tests.houses import ACCOUNT, make_connection, make_context


@pytest.fixture
def context(sessions: Sessions, new_id: Callable[[], str]) -> Context:
    """Fakes around a real database."""
    return make_context(sessions, new_id=new_id)


@pytest.fixture
async def home(context: Context) -> Connection:
    """The connection `default`, stored."""
    connection = make_connection()
    async with context.begin() as session:
        session.add(connection)
    return connection


async def ask(context: Context, home: Connection, options: dict[str, object], **more: str | None) -> tuple[str, str]:
    """State and reason of one wish under the given options."""
    await configuration.change(context, home.id, options=options)
    async with context.begin() as session:
        connection = await session.get_one(Connection, home.id)
    given = {"origin": "button", "requested_by": "ann@acme.com", **more}
    (item,) = await intake.wish(context, connection, "account", [ACCOUNT], correlation_id="test", **given)  # type: ignore[arg-type]  # texts
    return item.state, item.reason or ""


async def test_an_empty_list_asks_nobody(context: Context, home: Connection) -> None:
    assert await ask(context, home, {}, requested_by=None) == ("queued", "")


async def test_a_user_on_the_list_is_served_whatever_the_case(context: Context, home: Connection) -> None:
    assert await ask(context, home, {"userAccessList": ["Ann@Acme.com"]}) == ("queued", "")


@pytest.mark.parametrize("origin", ["button", "massTool", "flow", "apex"])
async def test_a_user_who_is_not_on_the_list_is_refused(context: Context, home: Connection, origin: str) -> None:
    options: dict[str, object] = {"userAccessList": ["bob@acme.com"]}
    assert await ask(context, home, options, origin=origin) == ("done", "user_not_mapped")


async def test_a_wish_that_does_not_say_who_asks_is_refused(context: Context, home: Connection) -> None:
    options: dict[str, object] = {"userAccessList": ["bob@acme.com"]}
    assert await ask(context, home, options, requested_by=None) == ("done", "user_not_named")


@pytest.mark.parametrize("origin", ["schedule", "cascade"])
async def test_origins_without_a_user_are_not_concerned(context: Context, home: Connection, origin: str) -> None:
    options: dict[str, object] = {"userAccessList": ["bob@acme.com"]}
    assert await ask(context, home, options, origin=origin, requested_by=None) == ("queued", "")


async def test_unmapped_users_are_served_by_option(context: Context, home: Connection) -> None:
    options: dict[str, object] = {"userAccessList": ["bob@acme.com"], "syncForUnmappedUsers": True}
    assert await ask(context, home, options) == ("queued", "")


async def test_a_refused_wish_leaves_no_operation(context: Context, home: Connection) -> None:
    await ask(context, home, {"userAccessList": ["bob@acme.com"]})
    assert await ask(context, home, {"userAccessList": []}) == ("queued", "")
