"""Checklist row 39: a disconnect erases configuration and links, keeps records; a new start makes no duplicates."""

from collections.abc import Callable

import pytest
from sqlmodel import select

from app.domain.errors import SyncError
from app.services import configuration, unlinking
from app.store.session import Sessions
from app.store.tables import Binding, Connection, Decision, Operation
from tests.simulated import House, build_house


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """A house with one account in step, one option set, and one wish waiting."""
    built = await build_house(sessions, new_id)
    objects = {"account": {"createAddressContacts": False}}
    await configuration.change(built.context, built.connection.id, objects=objects)
    (account,) = built.seed("Account", {"Name": "Acme"})
    (done,) = await built.sync("account", account)
    assert done.result == "created", done.message
    return built


async def read(house: House) -> Connection:
    """The connection as it stands."""
    async with house.context.begin() as session:
        house.connection = await session.get_one(Connection, house.connection.id, populate_existing=True)
    return house.connection


async def test_configuration_and_links_go_and_records_and_history_stay(house: House) -> None:
    await unlinking.disconnect(house.context, house.connection.id)
    connection = await read(house)
    assert (connection.enabled, connection.options, connection.pins) == (False, {}, {})
    async with house.context.begin() as session:
        assert list(await session.exec(select(Binding))) == []
        assert [row.result for row in await session.exec(select(Decision))] == ["created"]
    assert (len(house.ia("CUSTOMER")), len(house.salesforce.state.records("Account"))) == (1, 1)


async def test_a_new_start_matches_anew_without_duplicates(house: House) -> None:
    await unlinking.disconnect(house.context, house.connection.id)
    await configuration.change(house.context, house.connection.id, sync_enabled=True)
    await read(house)
    (account,) = house.salesforce.state.records("Account")
    (done,) = await house.sync("account", account["Id"])
    assert (done.result, done.reason) == ("updated", "linked_by_link_key")
    assert len(house.ia("CUSTOMER")) == 1


async def test_what_waits_is_cancelled(house: House) -> None:
    (account,) = house.seed("Account", {"Name": "Bolt"})
    (item,) = await house.wish("account", [account])
    await unlinking.disconnect(house.context, house.connection.id)
    waited = await house.operation(str(item.operation_id))
    assert (waited.state, waited.reason) == ("cancelled", "disconnected")


async def test_it_is_refused_while_a_record_is_being_synced(house: House) -> None:
    (account,) = house.seed("Account", {"Name": "Bolt"})
    (item,) = await house.wish("account", [account])
    async with house.context.begin() as session:
        (await session.get_one(Operation, str(item.operation_id))).state = "running"
    with pytest.raises(SyncError, match="being synced"):
        await unlinking.disconnect(house.context, house.connection.id)
    assert (await read(house)).enabled
