"""Checklist row 8: an account with addresses only gets contacts of its own, which never come back and never follow."""

from collections.abc import Callable
from typing import Any

import pytest

from app.services import configuration
from app.store.session import Sessions
from app.store.tables import Connection
from tests.simulated import House, build_house


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """An empty house."""
    return await build_house(sessions, new_id)


ACME = {
    "Name": "Acme",
    "BillingStreet": "1 Road\nSuite 2",
    "BillingCity": "Reno",
    "BillingState": "NV",
    "BillingPostalCode": "89501",
    "BillingCountry": "United States",
    "ShippingCity": "Elko",
}


async def synced(house: House, values: dict[str, str] = ACME) -> str:
    """An account that is in step."""
    (account,) = house.seed("Account", values)
    (done,) = await house.sync("account", account)
    assert done.result == "created", done.message
    return account


def made(house: House, letter: str) -> list[dict[str, Any]]:
    """The contacts made from billing (B) or shipping (S) addresses."""
    return [one for one in house.ia("CONTACT") if one["CONTACTNAME"].startswith(f"{letter}_")]


async def test_each_address_makes_a_contact_that_is_named_in_its_role(house: House) -> None:
    await synced(house)
    (customer,), (bill,), (ship,) = house.ia("CUSTOMER"), made(house, "B"), made(house, "S")
    assert bill["CONTACTNAME"] == customer["BILLTO"]["CONTACTNAME"] == f"B_{customer['CUSTOMERID']}"
    assert ship["CONTACTNAME"] == customer["SHIPTO"]["CONTACTNAME"] == f"S_{customer['CUSTOMERID']}"
    address = bill["MAILADDRESS"]
    assert (address["ADDRESS1"], address["ADDRESS2"], address["CITY"]) == ("1 Road", "Suite 2", "Reno")
    assert ship["MAILADDRESS"]["CITY"] == "Elko"


async def test_an_address_that_is_empty_makes_none(house: House) -> None:
    await synced(house, {"Name": "Acme", "BillingCity": "Reno"})
    assert (len(made(house, "B")), made(house, "S")) == (1, [])


async def test_supplied_id_needs_no_second_write_for_its_contacts(house: House) -> None:
    (account,) = house.seed(
        "Account", {"Name": "Acme", "ia_crm__IntacctID__c": "M-77", "BillingCity": "Reno", "ShippingCity": "Elko"}
    )
    await house.sync("account", account)
    assert house.intacct.state.meters()["records_written"] == 3


async def test_it_never_comes_to_salesforce(house: House) -> None:
    account = await synced(house)
    await house.poll()
    await house.edit_intacct("CONTACT", str(made(house, "B")[0]["RECORDNO"]), {"MAILADDRESS.CITY": "Sparks"})
    await house.poll()
    stands = house.sf("Account", account)
    assert house.salesforce.state.records("Contact") == []
    assert (stands["ia_crm__Bill_to_Contact__c"], stands["ia_crm__Ship_to_Contact__c"]) == (None, None)
    assert (stands["BillingCity"], stands["ShippingCity"]) == ("Reno", "Elko")


async def test_a_later_edit_of_the_address_is_not_propagated(house: House) -> None:
    account = await synced(house)
    await house.edit("Account", account, BillingCity="Sparks", ShippingCity="Wells")
    (done,) = await house.sync("account", account)
    assert done.result == "unchanged", done.message
    assert made(house, "B")[0]["MAILADDRESS"]["CITY"] == "Reno"
    assert made(house, "S")[0]["MAILADDRESS"]["CITY"] == "Elko"


async def test_an_address_that_is_filled_in_later_makes_none(house: House) -> None:
    account = await synced(house, {"Name": "Acme", "BillingCity": "Reno"})
    await house.edit("Account", account, ShippingCity="Elko", Phone="1")
    (done,) = await house.sync("account", account)
    assert (done.result, made(house, "S")) == ("updated", [])


async def test_off_no_contact_is_made(house: House) -> None:
    objects = {"account": {"createAddressContacts": False}}
    await configuration.change(house.context, house.connection.id, objects=objects)
    async with house.context.begin() as session:
        house.connection = await session.get_one(Connection, house.connection.id)
    await synced(house)
    assert made(house, "B") + made(house, "S") == []
