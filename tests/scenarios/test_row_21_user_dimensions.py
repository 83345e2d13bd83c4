"""Row 21: only the dimensions that are selected come, all into one object, with type, entity and id."""

from collections.abc import Callable

import pytest

from app.services import configuration
from app.store.session import Sessions
from app.store.tables import Connection
from tests.scenarios.listed import shown, switch_on
from tests.simulated import House, build_house

DIMENSION = "ia_crm__Intacct_User_Dimension__c"
TYPE, ID, STATUS = "ia_crm__Type__c", "ia_crm__Intacct_Id__c", "ia_crm__Status__c"


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """A house that syncs entities, and of the two dimensions of the company the funds."""
    made = await build_house(sessions, new_id)
    made.seed_intacct("UDD_FUND", {"ID": "F-300", "NAME": "Of entity one", "MEGAENTITYID": "E100"})
    await switch_on(made, "location", user_dimension={"dimensions": ["UDD_FUND"]})
    await made.poll()
    return made


async def choose(house: House, *names: str) -> None:
    """Select dimensions as an administrator does, and let the feeds be read."""
    await configuration.change(
        house.context, house.connection.id, objects={"user_dimension": {"dimensions": list(names)}}
    )
    async with house.context.begin() as session:
        house.connection = await session.get_one(Connection, house.connection.id)
    await house.poll()


async def test_only_the_selected_dimension_comes_with_type_entity_and_id(house: House) -> None:
    rows = shown(house, DIMENSION, TYPE, ID, "Name", STATUS)
    assert rows == [
        ("UDD_FUND", "F-100", "Unrestricted", "Active"),
        ("UDD_FUND", "F-200", "Building", "Active"),
        ("UDD_FUND", "F-300", "Of entity one", "Active"),
    ]
    (entity,) = (r for r in house.salesforce.state.records("ia_crm__Intacct_Entity__c") if r["Name"] == "Entity one")
    assert [e for i, e in shown(house, DIMENSION, ID, "ia_crm__Intacct_Entity__c") if e] == [entity["Id"]], ID


async def test_same_ids_in_two_dimensions_stay_two_records(house: House) -> None:
    house.seed_intacct("UDD_GRANT", {"ID": "F-100", "NAME": "A grant with the id of a fund"})
    await choose(house, "UDD_FUND", "UDD_GRANT")
    rows = [row for row in shown(house, DIMENSION, TYPE, ID) if row[1] == "F-100"]
    assert rows == [("UDD_FUND", "F-100"), ("UDD_GRANT", "F-100")]
    assert len(house.salesforce.state.records(DIMENSION)) == 6


async def test_dimension_that_is_no_longer_selected_is_marked_inactive(house: House) -> None:
    await choose(house, "UDD_GRANT")
    assert set(shown(house, DIMENSION, TYPE, STATUS)) == {("UDD_FUND", "Inactive"), ("UDD_GRANT", "Active")}


async def test_hidden_is_salesforces_own(house: House) -> None:
    record = house.salesforce.state.records(DIMENSION)[0]
    await house.edit(DIMENSION, record["Id"], ia_crm__Hidden__c=True)
    (done,) = await house.sync("user_dimension", record["Id"])
    assert (done.result, house.sf(DIMENSION, record["Id"])["ia_crm__Hidden__c"]) == ("unchanged", True)
