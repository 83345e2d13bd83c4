"""Checklist row 1: an account becomes one customer, hears its id, and a repeat makes no second one."""

from collections.abc import Callable

import pytest

from app.store.session import Sessions
from tests.simulated import House, build_house

ACME = {
    "Name": "Acme & Sons",
    "Phone": "+1 775 555 0100",
}


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """An empty house."""
    return await build_house(sessions, new_id)


async def test_account_becomes_one_customer_and_hears_of_it(house: House) -> None:
    (account,) = house.seed("Account", ACME)
    (done,) = await house.sync("account", account)
    assert (done.state, done.result) == ("done", "created"), (done.reason, done.message)
    (customer,) = house.ia("CUSTOMER")
    assert customer["NAME"] == "Acme & Sons"
    assert customer["SFDC_ID"] == account
    stands = house.sf("Account", account)
    assert stands["ia_crm__IntacctID__c"] == customer["CUSTOMERID"] == done.intacct_id
    assert stands["ia_crm__Intacct_Sync_Status__c"] == "OK"
    assert stands["ia_crm__Intacct_Sync_Errors__c"] is None
    assert stands["ia_crm__Synced_With_Intacct_Date__c"]


async def test_second_sync_of_an_unchanged_account_writes_nothing(house: House) -> None:
    (account,) = house.seed("Account", ACME)
    await house.sync("account", account)
    before = (house.intacct.state.meters()["records_written"], house.salesforce.state.meters()["writes"])
    (again,) = await house.sync("account", account)
    assert (again.result, again.reason) == ("unchanged", "in_step")
    assert (house.intacct.state.meters()["records_written"], house.salesforce.state.meters()["writes"]) == before


@pytest.mark.parametrize("origin", ["button", "massTool", "flow", "apex", "schedule"])
async def test_a_repeat_from_anywhere_makes_no_second_customer(house: House, origin: str) -> None:
    (account,) = house.seed("Account", ACME)
    (first,) = await house.sync("account", account)
    await house.edit("Account", account, Phone="+1 775 555 0199")
    (again,) = await house.sync("account", account, origin=origin)
    (customer,) = house.ia("CUSTOMER")
    assert (again.result, again.intacct_id) == ("updated", first.intacct_id)
    assert customer["DISPLAYCONTACT"]["PHONE1"] == "+1 775 555 0199"
