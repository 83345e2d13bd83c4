"""The Intacct entity of a new customer or item: chosen in Salesforce, kept by Intacct, and shown as Intacct has it."""

from collections.abc import Callable
from typing import Any

import pytest

from app.store.session import Sessions
from tests.scenarios.listed import switch_on
from tests.simulated import House, build_house

ENTITY = "ia_crm__Intacct_Entity__c"
KINDS = {"account": ("Account", "CUSTOMER"), "product": ("Product2", "ITEM")}
BOTH = pytest.mark.parametrize("name", KINDS)


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """A house whose entities stand in Salesforce, and whose products go to Intacct."""
    made = await build_house(sessions, new_id)
    await switch_on(made, "location", account={}, product={"direction": "toIntacct"})
    await made.poll()
    return made


def entity(house: House, location_id: str) -> str:
    """The Salesforce record of an entity."""
    rows = house.salesforce.state.records(ENTITY)
    return next(str(one["Id"]) for one in rows if one["ia_crm__Intacct_Entity_ID__c"] == location_id)


def seed(house: House, name: str, chosen: str | None) -> str:
    """A record that names an entity, or none."""
    values: dict[str, Any] = {"Name": "Acme", ENTITY: chosen}
    if name == "product":
        values |= {"ProductCode": "I-1", "IsActive": True}
    return house.seed(KINDS[name][0], values)[0]


def owner(house: House, name: str) -> Any:
    """The entity the one twin stands in; None is the top level."""
    (twin,) = house.ia(KINDS[name][1])
    return twin["MEGAENTITYID"] or None


@BOTH
async def test_record_is_made_in_the_entity_it_names_and_keeps_it(house: House, name: str) -> None:
    made = seed(house, name, entity(house, "E200"))
    (done,) = await house.sync(name, made)
    assert done.result == "created", done.message
    assert owner(house, name) == "E200"
    (again,) = await house.sync(name, made)
    assert (again.result, house.sf(KINDS[name][0], made)[ENTITY]) == ("unchanged", entity(house, "E200"))


@BOTH
async def test_with_the_option_the_record_is_made_at_top_level_and_says_so(house: House, name: str) -> None:
    await switch_on(house, **{name: {"createAtTopLevel": True}})
    made = seed(house, name, entity(house, "E200"))
    (done,) = await house.sync(name, made)
    assert done.result == "created", done.message
    assert (owner(house, name), house.sf(KINDS[name][0], made)[ENTITY]) == (None, None)


@BOTH
async def test_entity_chosen_later_moves_nothing_and_waits_for_nothing(house: House, name: str) -> None:
    made = seed(house, name, None)
    await house.sync(name, made)
    (unknown,) = house.seed(ENTITY, {"Name": "Entity three", "ia_crm__Intacct_Entity_ID__c": "E300"})
    await house.edit(KINDS[name][0], made, **{ENTITY: unknown, "Name": "Acme Two"})
    (done,) = await house.sync(name, made)
    assert done.result == "updated", done.message
    assert (owner(house, name), house.ia(KINDS[name][1])[0]["NAME"]) == (None, "Acme Two")


async def test_address_contacts_of_an_account_in_an_entity_serve_it(house: House) -> None:
    made = seed(house, "account", entity(house, "E200"))
    await house.edit("Account", made, BillingCity="Reno")
    (done,) = await house.sync("account", made)
    assert done.result == "created", done.message
    (twin,) = house.ia("CUSTOMER")
    assert twin["BILLTO"]["CONTACTNAME"] == f"B_{twin['CUSTOMERID']}"
