"""Row 19: templates of contracts arrive as Contract, all others are Order Entry; nothing of another kind is taken."""

from collections.abc import Callable

import pytest

from app.objects import CATALOGUE
from app.services import changes
from app.services.turns import Pace
from app.store.session import Sessions
from tests.scenarios.listed import shown, switch_on
from tests.simulated import House, build_house

TEMPLATE, TYPE = "ia_crm__Revenue_Recognition_Template__c", "ia_crm__Type__c"


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """A house with one template of contracts that has arrived."""
    made = await build_house(sessions, new_id)
    await switch_on(made, "revenue_template")
    made.seed_intacct("CONTRACTREVENUETEMPLATE", {"NAME": "Even", "METHOD": "Daily rate", "POSTINGTYPE": "Manual"})
    await made.poll()
    return made


async def test_template_of_contracts_arrives_as_contract(house: House) -> None:
    assert shown(house, TEMPLATE, "Name", TYPE, "ia_crm__Method__c") == [("Even", "Contract", "Daily rate")]


async def test_changed_type_is_put_right_by_a_resync(house: House) -> None:
    (record,) = house.salesforce.state.records(TEMPLATE)
    await house.edit(TEMPLATE, record["Id"], **{TYPE: "Order Entry"})
    await changes.resync(house.context, house.connection, CATALOGUE["revenue_template"])
    await house.poll()
    assert shown(house, TEMPLATE, TYPE) == [("Contract",)]


async def test_template_of_order_entry_with_the_same_name_stays_its_own(house: House) -> None:
    house.seed(TEMPLATE, {"Name": "Steps", TYPE: "Order Entry"})
    house.seed_intacct("CONTRACTREVENUETEMPLATE", {"NAME": "Steps"})
    await house.poll()
    assert [row for row in shown(house, TEMPLATE, "Name", TYPE) if row[0] == "Steps"] == [
        ("Steps", "Contract"),
        ("Steps", "Order Entry"),
    ]


async def test_template_of_old_without_a_type_becomes_order_entry(house: House) -> None:
    (old,) = house.seed(TEMPLATE, {"Name": "Steps"})
    await switch_on(house, "revenue_template_oe")
    house.seed_intacct("REVRECTEMPLATE", {"TEMPLATEID": "Steps", "DESCRIPTION": "In steps"})
    await house.poll()
    assert [(r["Id"], r[TYPE]) for r in house.salesforce.state.records(TEMPLATE) if r["Name"] == "Steps"] == [
        (old, "Order Entry")
    ]


async def test_template_of_old_without_a_type_becomes_contract_where_its_twin_is_one(house: House) -> None:
    (old,) = house.seed(TEMPLATE, {"Name": "Steps"})
    house.seed_intacct("CONTRACTREVENUETEMPLATE", {"NAME": "Steps"})
    await house.poll()
    assert [(r["Id"], r[TYPE]) for r in house.salesforce.state.records(TEMPLATE) if r["Name"] == "Steps"] == [
        (old, "Contract")
    ]


async def test_third_type_is_refused_by_name_and_left_as_it_is(house: House) -> None:
    free = {"name": TYPE, "label": "Type", "type": "string", "length": 40}
    house.salesforce.state.change_schema({"name": TEMPLATE, "fields": [free]})
    (record,) = house.salesforce.state.records(TEMPLATE)
    await house.edit(TEMPLATE, record["Id"], **{TYPE: "Subscription"})
    (done,) = await house.sync("revenue_template", record["Id"])
    assert (done.result, done.reason) == ("failed", "value_not_allowed")
    assert all(word in done.message for word in ("'Subscription'", "Contract", "Order Entry"))
    await changes.resync(house.context, house.connection, CATALOGUE["revenue_template"])
    await house.poll()
    assert shown(house, TEMPLATE, TYPE) == [("Subscription",)]


async def test_template_of_order_entry_is_not_linked_to_a_contract_template_by_hand(house: House) -> None:
    (other,) = house.seed(TEMPLATE, {"Name": "Steps", TYPE: "Order Entry"})
    house.seed_intacct("CONTRACTREVENUETEMPLATE", {"NAME": "Steps"})
    (done,) = await house.sync("revenue_template", other)
    assert (done.result, done.reason) == ("skipped", "other_kind")
    assert house.sf(TEMPLATE, other)[TYPE] == "Order Entry"


async def test_item_shows_its_template_of_order_entry_though_the_list_had_not_come_yet(house: House) -> None:
    house.seed_intacct("REVRECTEMPLATE", {"TEMPLATEID": "Steps", "DESCRIPTION": "In steps"})
    item = {"ITEMID": "I-1", "NAME": "Widget", "ITEMTYPE": "Kit", "DEFAULTREVRECTEMPLKEY": "Steps"}
    house.seed_intacct("ITEM", item)
    await switch_on(house, "product", "revenue_template_oe")
    await changes.poll_object(house.context, house.connection, CATALOGUE["product"], Pace(0, 0))
    await house.drain()
    (product,) = house.salesforce.state.records("Product2")
    (template,) = [row for row in house.salesforce.state.records(TEMPLATE) if row["Name"] == "Steps"]
    assert (product[TEMPLATE], template[TYPE]) == (template["Id"], "Order Entry")
