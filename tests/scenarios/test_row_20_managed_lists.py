"""Row 20: lists are Intacct's. They arrive, follow, are flagged when gone; edits in Salesforce are put right."""

from collections.abc import Callable

import pytest

from app.objects import CATALOGUE
from app.services import changes
from app.store.session import Sessions
from tests.scenarios.listed import shown, switch_on
from tests.simulated import House, build_house

DEPARTMENT, ENTITY, VALUE = "ia_crm__Department__c", "ia_crm__Intacct_Entity__c", "ia_crm__Intacct_List_Value__c"
SMALL = (
    "customer_type",
    "territory",
    "project_type",
    "product_line",
    "contract_type",
    "renewal_template",
    "unit_of_measure",
)


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """A house with one department that has arrived."""
    made = await build_house(sessions, new_id)
    await switch_on(made, "department")
    made.seed_intacct("DEPARTMENT", {"DEPARTMENTID": "D1", "TITLE": "Sales", "STATUS": "active"})
    await made.poll()
    return made


def department(house: House) -> dict[str, object]:
    """The department as Salesforce shows it."""
    (record,) = house.salesforce.state.records(DEPARTMENT)
    return record


async def test_change_in_intacct_comes_and_an_inactive_value_is_flagged(house: House) -> None:
    (there,) = house.ia("DEPARTMENT")
    await house.edit_intacct("DEPARTMENT", there["RECORDNO"], {"TITLE": "Sales and Service", "STATUS": "inactive"})
    await house.poll()
    assert (department(house)["Name"], department(house)["ia_crm__Status__c"]) == ("Sales and Service", "Inactive")


async def test_edit_in_salesforce_is_not_carried_and_resync_repairs_it(house: House) -> None:
    await house.edit(DEPARTMENT, str(department(house)["Id"]), Name="Marketing")
    (done,) = await house.sync("department", str(department(house)["Id"]))
    assert house.ia("DEPARTMENT")[0]["TITLE"] == "Sales", done.message
    await house.edit(DEPARTMENT, str(department(house)["Id"]), Name="Marketing")
    await changes.resync(house.context, house.connection, CATALOGUE["department"])
    await house.poll()
    assert (department(house)["Name"], house.ia("DEPARTMENT")[0]["TITLE"]) == ("Sales", "Sales")


async def test_value_made_in_salesforce_never_reaches_intacct(house: House) -> None:
    (made,) = house.seed(DEPARTMENT, {"Name": "Ours", "ia_crm__Department_ID__c": "D9"})
    (done,) = await house.sync("department", made)
    assert (done.result, done.reason, len(house.ia("DEPARTMENT"))) == ("skipped", "never_created_in_intacct", 1)


async def test_deleted_value_is_flagged_inactive_by_a_resync_and_stays(house: House) -> None:
    house.intacct.state.company.tables["DEPARTMENT"].remove(1, house.clock.now())
    await changes.resync(house.context, house.connection, CATALOGUE["department"])
    await house.poll()
    assert (department(house)["Name"], department(house)["ia_crm__Status__c"]) == ("Sales", "Inactive")


async def test_entities_and_locations_share_an_object_and_no_entity_comes_twice(house: House) -> None:
    await switch_on(house, "location")
    house.seed_intacct("LOCATION", {"LOCATIONID": "NYC", "NAME": "New York", "STATUS": "active", "PARENTID": "E100"})
    await house.poll()
    assert shown(house, ENTITY, "ia_crm__Intacct_Entity_ID__c", "Name", "ia_crm__Is_Entity__c") == [
        ("E100", "Entity one", True),
        ("E200", "Entity two", True),
        ("NYC", "New York", False),
    ]
    keys = {record["ia_crm__Intacct_Key__c"] for record in house.salesforce.state.records(ENTITY)}
    assert keys == {"LOCATIONENTITY:1", "LOCATIONENTITY:2", "LOCATION:3"}


async def test_small_lists_share_an_object_and_their_record_numbers_never_meet(house: House) -> None:
    await switch_on(house, *SMALL)
    house.seed_intacct("TERRITORY", {"TERRITORYID": "N", "NAME": "North", "STATUS": "active"})
    await house.poll()
    rows = shown(house, VALUE, "ia_crm__List__c", "Name")
    assert len(rows) == len(set(rows)) == 10
    assert {("Customer type", "Retail"), ("Territory", "North"), ("Unit of measure", "Hour")} < set(rows)
    await house.poll()
    assert len(house.salesforce.state.records(VALUE)) == 10


async def test_value_of_one_list_is_never_taken_for_one_of_another(house: House) -> None:
    (known,) = house.seed(VALUE, {"Name": "Support", "ia_crm__List__c": "Contract type"})
    await switch_on(house, "project_type")
    await house.poll()
    assert house.sf(VALUE, known)["ia_crm__Intacct_Key__c"] is None
    assert ("Project type", "Support") in shown(house, VALUE, "ia_crm__List__c", "Name")


async def test_value_that_stands_in_salesforce_is_linked_not_made_again(house: House) -> None:
    (known,) = house.seed(VALUE, {"Name": "Support", "ia_crm__List__c": "Project type"})
    await switch_on(house, "project_type")
    await house.poll()
    assert house.sf(VALUE, known)["ia_crm__Status__c"] == "Active"
    assert len(shown(house, VALUE, "Name")) == 2
