"""The master switch and the options, changed in part and by declared names only."""

import pytest

from app.domain.errors import SyncError
from app.domain.records import Lane
from app.objects import CATALOGUE
from app.services import configuration
from app.services.context import Context
from app.store.tables import Connection
from tests.fakes import ListBell


async def test_options_that_were_never_set_have_their_default(context: Context, home: Connection) -> None:
    known = await configuration.read(context, home.id)
    assert known.sync_enabled
    assert known.objects == {
        name: {option.name: option.default for option in declared.options} for name, declared in CATALOGUE.items()
    }


async def test_a_change_leaves_the_rest(context: Context, home: Connection) -> None:
    await configuration.change(context, home.id, objects={"account": {"syncOnlyOnce": True}})
    known = await configuration.change(context, home.id, objects={"account": {"addNewAccounts": False}})
    assert known.objects["account"]["syncOnlyOnce"] is True
    assert known.objects["account"]["addNewAccounts"] is False
    assert known.objects["contact"]["syncOnlyOnce"] is False


async def test_a_change_is_stored_where_plans_look_for_it(context: Context, home: Connection) -> None:
    await configuration.change(context, home.id, objects={"account": {"syncOnlyOnce": True}})
    async with context.begin() as session:
        row = await session.get_one(Connection, home.id)
    assert row.options == {"objects": {"account": {"syncOnlyOnce": True}}}


@pytest.mark.parametrize(
    ("objects", "code", "field"),
    [
        ({"subscription": {}}, "unknown_object", "subscription"),
        ({"account": {"syncTwice": True}}, "unknown_option", "account.syncTwice"),
        ({"account": {"syncOnlyOnce": "yes"}}, "option_invalid", "account.syncOnlyOnce"),
        ({"account": {"customerIdSource": "guess"}}, "option_invalid", "account.customerIdSource"),
    ],
)
async def test_what_is_not_declared_is_refused_by_name(
    context: Context, home: Connection, objects: dict[str, dict[str, object]], code: str, field: str
) -> None:
    with pytest.raises(SyncError) as caught:
        await configuration.change(context, home.id, sync_enabled=False, objects=objects)
    assert (caught.value.code, caught.value.field) == (code, field)
    assert (await configuration.read(context, home.id)).sync_enabled


async def test_a_change_counts_the_version_up_and_no_change_does_not(context: Context, home: Connection) -> None:
    first = await configuration.change(context, home.id, sync_enabled=False)
    second = await configuration.change(context, home.id, sync_enabled=False)
    assert (first.version, second.version) == (2, 2)


async def test_a_change_made_from_an_old_version_is_refused(context: Context, home: Connection) -> None:
    await configuration.change(context, home.id, sync_enabled=False, version=1)
    with pytest.raises(SyncError, match="version is 2"):
        await configuration.change(context, home.id, sync_enabled=True, version=1)


async def test_switching_on_rings_for_what_waited(context: Context, home: Connection, bell: ListBell) -> None:
    await configuration.change(context, home.id, sync_enabled=False)
    assert bell.take() == []
    await configuration.change(context, home.id, sync_enabled=True)
    assert bell.take() == [(home.id, lane) for lane in Lane]
    await configuration.change(context, home.id, sync_enabled=True)
    assert bell.take() == []
