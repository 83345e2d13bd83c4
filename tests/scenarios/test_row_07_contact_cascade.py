"""Checklist row 7: bill-to and ship-to contacts go with their account, stand in their role, and follow later edits."""

from collections.abc import Callable

import pytest

from app.store.session import Sessions
from tests.simulated import House, build_house


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """An empty house."""
    return await build_house(sessions, new_id)


async def both(house: House) -> tuple[str, str]:
    """The bill-to and the ship-to contact of an account that was synced alone."""
    bill, ship = house.seed("Contact", {"FirstName": "Ada", "LastName": "Byron"}, {"LastName": "Babbage"})
    look_ups = {"ia_crm__Bill_to_Contact__c": bill, "ia_crm__Ship_to_Contact__c": ship}
    (account,) = house.seed("Account", {"Name": "Acme", **look_ups})
    (done,) = await house.sync("account", account)
    assert done.result == "created", done.message
    return bill, ship


async def test_each_contact_is_made_and_stands_in_its_role(house: House) -> None:
    bill, ship = await both(house)
    (customer,) = house.ia("CUSTOMER")
    assert customer["BILLTO"]["CONTACTNAME"] == "Ada Byron"
    assert customer["SHIPTO"]["CONTACTNAME"] == "Babbage"
    names = [house.sf("Contact", one)["ia_crm__Intacct_Contact_Name__c"] for one in (bill, ship)]
    assert names == ["Ada Byron", "Babbage"]


async def test_a_contact_makes_the_address_of_its_role_unnecessary(house: House) -> None:
    (contact,) = house.seed("Contact", {"FirstName": "Ada", "LastName": "Byron", "Email": "ada@acme.test"})
    (account,) = house.seed("Account", {"Name": "Acme", "ia_crm__Bill_to_Contact__c": contact, "BillingCity": "Reno"})
    (done,) = await house.sync("account", account)
    assert done.result == "created", done.message
    (customer,) = house.ia("CUSTOMER")
    assert customer["BILLTO"]["CONTACTNAME"] == "Ada Byron"
    assert house.sf("Contact", contact)["ia_crm__Intacct_Contact_Name__c"] == "Ada Byron"
    assert not [c for c in house.ia("CONTACT") if c["CONTACTNAME"].startswith("B_")]


async def test_a_contact_in_both_roles_is_made_once(house: House) -> None:
    (contact,) = house.seed("Contact", {"LastName": "Byron"})
    look_ups = {"ia_crm__Bill_to_Contact__c": contact, "ia_crm__Ship_to_Contact__c": contact}
    (account,) = house.seed("Account", {"Name": "Acme", **look_ups})
    await house.sync("account", account)
    (customer,) = house.ia("CUSTOMER")
    assert customer["BILLTO"]["CONTACTNAME"] == customer["SHIPTO"]["CONTACTNAME"] == "Byron"
    assert [one["CONTACTNAME"] for one in house.ia("CONTACT")].count("Byron") == 1


async def test_a_later_edit_of_the_contact_reaches_intacct(house: House) -> None:
    bill, _ = await both(house)
    await house.edit("Contact", bill, Email="ada@acme.test", MailingCity="Reno")
    (done,) = await house.sync("contact", bill)
    assert done.result == "updated", done.message
    (contact,) = [one for one in house.ia("CONTACT") if one["CONTACTNAME"] == "Ada Byron"]
    assert (contact["EMAIL1"], contact["MAILADDRESS"]["CITY"]) == ("ada@acme.test", "Reno")


async def test_another_contact_takes_the_role_over(house: House) -> None:
    await both(house)
    (account,) = house.salesforce.state.records("Account")
    (other,) = house.seed("Contact", {"LastName": "Lovelace"})
    await house.edit("Account", account["Id"], ia_crm__Bill_to_Contact__c=other)
    await house.sync("account", account["Id"])
    (customer,) = house.ia("CUSTOMER")
    assert (customer["BILLTO"]["CONTACTNAME"], customer["SHIPTO"]["CONTACTNAME"]) == ("Lovelace", "Babbage")
