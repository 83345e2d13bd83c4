"""Checklist row 6: by option new accounts become customers by themselves; older ones do not (product.md 4.1)."""

from collections.abc import Callable

import pytest

from app.services import configuration
from app.store.session import Sessions
from app.store.tables import Connection
from tests.simulated import House, build_house


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """An empty house."""
    return await build_house(sessions, new_id)


async def add_new(house: House, *, on: bool) -> None:
    """Switch the option, as an administrator does, ten seconds later."""
    house.clock.advance(10)
    await configuration.change(house.context, house.connection.id, objects={"account": {"addNewAccounts": on}})
    async with house.context.begin() as session:
        house.connection = await session.get_one(Connection, house.connection.id)
    house.clock.advance(10)


@pytest.mark.parametrize("origin", ["flow", "schedule"])
async def test_off_a_new_account_stays_in_salesforce(house: House, origin: str) -> None:
    await add_new(house, on=False)
    (account,) = house.seed("Account", {"Name": "Acme"})
    (done,) = await house.sync("account", account, origin=origin)
    assert (done.reason, house.ia("CUSTOMER")) == ("add_new_off", [])


async def test_on_a_new_account_goes_by_itself(house: House) -> None:
    await add_new(house, on=False)
    await add_new(house, on=True)
    (account,) = house.seed("Account", {"Name": "Acme"})
    (done,) = await house.sync("account", account, origin="flow")
    assert done.result == "created", done.message


async def test_on_an_account_from_before_is_not_filled_in(house: House) -> None:
    await add_new(house, on=False)
    (account,) = house.seed("Account", {"Name": "Acme"})
    await add_new(house, on=True)
    (done,) = await house.sync("account", account, origin="schedule")
    assert (done.reason, house.ia("CUSTOMER")) == ("not_new", [])


@pytest.mark.parametrize("origin", ["button", "massTool", "apex"])
async def test_on_demand_any_account_goes(house: House, origin: str) -> None:
    await add_new(house, on=False)
    (account,) = house.seed("Account", {"Name": "Acme"})
    (done,) = await house.sync("account", account, origin=origin)
    assert done.result == "created", done.message


async def test_the_checkbox_is_a_demand(house: House) -> None:
    await add_new(house, on=False)
    (account,) = house.seed("Account", {"Name": "Acme", "ia_crm__Sync_with_Intacct__c": True})
    (done,) = await house.sync("account", account, origin="flow")
    assert done.result == "created", done.message
