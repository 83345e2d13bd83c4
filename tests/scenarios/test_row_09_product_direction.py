"""Checklist row 9: products come from Intacct by default, each once; the other direction is an option."""

from collections.abc import Callable
from typing import Any

import pytest

from app.objects import CATALOGUE
from app.services import changes
from app.store.session import Sessions
from app.store.tables import Connection
from tests.simulated import House, build_house

ITEM = {"ITEMID": "I-1", "NAME": "Widget", "ITEMTYPE": "Non-Inventory (Sales only)", "BASEPRICE": "12.50"}


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """A house that syncs products."""
    made = await build_house(sessions, new_id)
    await options(made, enabled=True)
    return made


async def options(house: House, **said: Any) -> None:
    """Set options of products."""
    async with house.context.begin() as session:
        row = await session.get_one(Connection, house.connection.id)
        row.options = {"objects": {"product": said}}
        house.connection = row


async def test_every_active_item_becomes_one_product(house: House) -> None:
    house.seed_intacct("ITEM", ITEM, {**ITEM, "ITEMID": "I-2", "NAME": "Old", "STATUS": "inactive"})
    await house.poll()
    (product,) = house.salesforce.state.records("Product2")
    assert (product["ProductCode"], product["Name"], product["IsActive"]) == ("I-1", "Widget", True)
    assert float(product["ia_crm__Base_Price__c"]) == 12.5
    assert product["ia_crm__Intacct_Sync_Status__c"] == "OK"
    await house.poll()
    assert len(house.salesforce.state.records("Product2")) == 1


async def test_edit_of_the_item_comes_and_edit_of_the_product_stays(house: House) -> None:
    (item,) = house.seed_intacct("ITEM", ITEM)
    await house.poll()
    (product,) = house.salesforce.state.records("Product2")
    await house.edit("Product2", product["Id"], Description="by hand")
    await house.sync("product", product["Id"])
    assert house.ia("ITEM")[0]["EXTENDED_DESCRIPTION"] == ""
    await house.edit_intacct("ITEM", item["RECORDNO"], {"NAME": "Widget Two"})
    await house.poll()
    assert house.sf("Product2", product["Id"])["Name"] == "Widget Two"


async def test_first_run_links_by_code_and_name(house: House) -> None:
    (there,) = house.seed("Product2", {"ProductCode": "I-1", "Name": "Widget"})
    house.seed_intacct("ITEM", ITEM)
    await house.poll()
    (product,) = house.salesforce.state.records("Product2")
    assert (product["Id"], float(product["ia_crm__Base_Price__c"])) == (there, 12.5)


async def test_duplicate_products_are_reported_not_guessed(house: House) -> None:
    house.seed("Product2", *[{"ProductCode": "I-1", "Name": "Widget"}] * 2)
    house.seed_intacct("ITEM", ITEM)
    await house.poll()
    assert len(house.salesforce.state.records("Product2")) == 2
    assert all(p["ia_crm__Base_Price__c"] is None for p in house.salesforce.state.records("Product2"))


async def test_other_direction_makes_items_from_products(house: House) -> None:
    await options(house, enabled=True, direction="toIntacct")
    (product,) = house.seed("Product2", {"ProductCode": "P-9", "Name": "Gadget", "IsActive": True})
    (done,) = await house.sync("product", product)
    assert done.result == "created", done.message
    (item,) = house.ia("ITEM")
    assert (item["ITEMID"], item["NAME"], item["ITEMTYPE"]) == ("P-9", "Gadget", "Non-Inventory (Sales only)")


async def test_object_that_is_not_enabled_is_skipped_with_the_reason(house: House) -> None:
    await options(house, enabled=False)
    house.seed_intacct("ITEM", ITEM)
    (product,) = house.seed("Product2", {"ProductCode": "P-9", "Name": "Gadget"})
    (done,) = await house.sync("product", product)
    assert (done.result, done.reason) == ("skipped", "object_not_enabled")
    assert "default/product" not in await house.poll()


async def test_second_reading_of_what_arrived_writes_nothing(house: House) -> None:
    """Not even the copy of the record's own id, which nobody knew when the record was made."""
    house.seed_intacct("ITEM", {"ITEMID": "I-9", "NAME": "Quiet", "ITEMTYPE": "Kit", "STATUS": "active"})
    await house.poll()
    before = len(house.salesforce.state.org.ledger)
    await changes.resync(house.context, house.connection, CATALOGUE["product"])
    await house.poll()
    assert len(house.salesforce.state.org.ledger) == before
