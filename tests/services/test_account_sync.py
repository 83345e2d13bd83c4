"""An account becomes a customer, with the id, status and date on the account, exactly once (both databases)."""

from collections.abc import Callable

import pytest

from app.store.session import Sessions
from tests.simulated import House, build_house

ACME = {
    "Name": "Acme & Sons",
    "Phone": "+1 775 555 0100",
    "BillingStreet": "1 Road\nSuite 2",
    "BillingCity": "Reno",
    "BillingState": "NV",
    "BillingPostalCode": "89501",
    "BillingCountry": "United States",
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


async def test_address_makes_a_bill_to_contact_that_is_named_on_the_customer(house: House) -> None:
    (account,) = house.seed("Account", ACME)
    await house.sync("account", account)
    (customer,) = house.ia("CUSTOMER")
    name = f"B_{customer['CUSTOMERID']}"
    assert customer["BILLTO"]["CONTACTNAME"] == name
    contact = next(c for c in house.ia("CONTACT") if c["CONTACTNAME"] == name)
    assert contact["MAILADDRESS"]["ADDRESS1"] == "1 Road"
    assert contact["MAILADDRESS"]["ADDRESS2"] == "Suite 2"
    assert contact["MAILADDRESS"]["CITY"] == "Reno"
    assert not [c for c in house.ia("CONTACT") if c["CONTACTNAME"].startswith("S_")]
    assert house.sf("Account", account)["ia_crm__Bill_to_Contact__c"] is None
