"""Checklist row 9: products come from Intacct by default, each once; the other direction is an option."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlmodel import col, select

from app.objects import CATALOGUE
from app.services import changes
from app.store.session import Sessions
from app.store.tables import Connection, Operation
from tests.services.test_deletions import remove
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


async def ended(house: House) -> Sequence[Operation]:
    """All operations on products."""
    async with house.context.begin() as session:
        return (await session.exec(select(Operation).where(col(Operation.object) == "product"))).all()


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


async def test_product_with_the_code_and_another_name_is_a_conflict_not_a_second_one(house: House) -> None:
    (there,) = house.seed("Product2", {"ProductCode": "I-1", "Name": "Gizmo"})
    house.seed_intacct("ITEM", ITEM)
    await house.poll()
    assert [p["Id"] for p in house.salesforce.state.records("Product2")] == [there]
    (done,) = await ended(house)
    assert (done.result, done.reason) == ("conflicted", "agrees_in_part")
    assert f"{there} (I-1, Gizmo)" in done.message


async def test_conflict_of_a_product_ends_once_both_names_agree(house: House) -> None:
    (there,) = house.seed("Product2", {"ProductCode": "I-1", "Name": "Gizmo"})
    (item,) = house.seed_intacct("ITEM", ITEM)
    await house.poll()
    await house.edit("Product2", there, Name="widget")
    await house.edit_intacct("ITEM", item["RECORDNO"], {"NAME": "Widget", "BASEPRICE": "13"})
    await house.poll()
    (product,) = house.salesforce.state.records("Product2")
    assert (product["Id"], product["Name"], float(product["ia_crm__Base_Price__c"])) == (there, "Widget", 13.0)


async def test_product_linked_to_another_item_keeps_its_code_to_itself(house: House) -> None:
    (item,) = house.seed_intacct("ITEM", ITEM)
    await house.poll()
    remove(house, "ITEM", item["RECORDNO"])
    house.seed_intacct("ITEM", {**ITEM, "NAME": "Widget again"})
    await house.poll()
    assert len(house.salesforce.state.records("Product2")) == 1


@pytest.mark.parametrize(("others", "products"), [(1, 2), (2, 2)])
async def test_name_that_several_products_bear_is_a_conflict(house: House, others: int, products: int) -> None:
    house.seed("Product2", *({"ProductCode": f"X-{n}", "Name": "Widget"} for n in range(others)))
    house.seed_intacct("ITEM", ITEM)
    await house.poll()
    assert len(house.salesforce.state.records("Product2")) == products
    (done,) = await ended(house)
    assert done.result == ("created" if others == 1 else "conflicted")


async def test_other_direction_links_by_code_and_name(house: House) -> None:
    await options(house, enabled=True, direction="toIntacct")
    (product,) = house.seed("Product2", {"ProductCode": "I-1", "Name": "Widget", "IsActive": True})
    house.seed_intacct("ITEM", ITEM)
    (done,) = await house.sync("product", product)
    assert (done.result, done.reason) == ("updated", "linked_by_itemid")
    assert len(house.ia("ITEM")) == 1


@pytest.mark.parametrize("items", [[("P-9", "Gizmo")], [("A-1", "Gadget"), ("A-2", "Gadget")]])
async def test_other_direction_neither_links_nor_creates_on_half_a_match(
    house: House, items: list[tuple[str, str]]
) -> None:
    await options(house, enabled=True, direction="toIntacct")
    house.seed_intacct("ITEM", *({**ITEM, "ITEMID": code, "NAME": name} for code, name in items))
    (product,) = house.seed("Product2", {"ProductCode": "P-9", "Name": "Gadget", "IsActive": True})
    (done,) = await house.sync("product", product)
    assert (done.result, done.reason) == ("conflicted", "agrees_in_part")
    assert all(f"ITEM ({code}, {name})" in done.message for code, name in items)
    assert [(item["ITEMID"], item["NAME"]) for item in house.ia("ITEM")] == items


async def test_same_name_under_one_other_code_is_another_item(house: House) -> None:
    await options(house, enabled=True, direction="toIntacct")
    house.seed_intacct("ITEM", {**ITEM, "NAME": "Gadget"})
    (product,) = house.seed("Product2", {"ProductCode": "P-9", "Name": "Gadget", "IsActive": True})
    (done,) = await house.sync("product", product)
    assert (done.result, len(house.ia("ITEM"))) == ("created", 2)


async def test_edit_of_another_field_reaches_an_item_whose_updates_need_the_name(house: House) -> None:
    await options(house, enabled=True, direction="toIntacct")
    (product,) = house.seed("Product2", {"ProductCode": "P-9", "Name": "Gadget", "IsActive": True})
    await house.sync("product", product)
    await house.edit("Product2", product, Description="by hand")
    (done,) = await house.sync("product", product)
    assert done.result == "updated", done.message
    (item,) = house.ia("ITEM")
    assert (item["NAME"], item["EXTENDED_DESCRIPTION"]) == ("Gadget", "by hand")


async def test_name_an_update_takes_along_is_the_one_intacct_has(house: House) -> None:
    await options(house, enabled=True, direction="toIntacct")
    (product,) = house.seed("Product2", {"ProductCode": "P-9", "Name": "Gadget", "IsActive": True})
    await house.sync("product", product)
    (item,) = house.ia("ITEM")
    await house.edit_intacct("ITEM", item["RECORDNO"], {"NAME": "Renamed there"})
    await house.edit("Product2", product, Description="by hand")
    (done,) = await house.sync("product", product)
    assert done.result == "updated", done.message
    (item,) = house.ia("ITEM")
    assert (item["NAME"], item["EXTENDED_DESCRIPTION"]) == ("Renamed there", "by hand")


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
