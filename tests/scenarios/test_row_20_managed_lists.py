"""Row 20: lists are Intacct's. They arrive, follow, are flagged when gone; edits in Salesforce are put right."""

from collections.abc import Callable

import pytest
from sqlmodel import select

from app.domain.merge import Direction
from app.domain.records import System
from app.objects import CATALOGUE
from app.services import changes, configuration
from app.services.turns import Pace
from app.store.session import Sessions
from app.store.tables import Operation
from tests.scenarios.listed import shown, switch_on
from tests.simulated import BreakableTransport, House, build_house

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


async def test_only_selected_accounts_come_and_a_deselected_one_is_flagged(house: House) -> None:
    account = "ia_crm__Intacct_Account__c"
    await switch_on(house, gl_account={"selection": ["1000", "4000..4999", "9100"]})
    await house.poll()
    assert shown(house, account, "ia_crm__Account_No__c", "ia_crm__Statistical__c", "ia_crm__Status__c") == [
        ("1000", False, "Active"),
        ("4000", False, "Active"),
        ("4100", False, "Active"),
        ("9100", True, "Active"),
    ]
    async with house.context.begin() as session:
        left = (await session.exec(select(Operation).where(Operation.reason == "not_selected"))).all()
    assert len(left) == 3
    await configuration.change(
        house.context, house.connection.id, objects={"gl_account": {"selection": ["4000..4999"]}}
    )
    await house.poll()
    statuses = dict(shown(house, account, "ia_crm__Account_No__c", "ia_crm__Status__c"))
    assert statuses == {"1000": "Inactive", "4000": "Active", "4100": "Active", "9100": "Inactive"}


async def test_journals_of_both_kinds_come_by_symbol(house: House) -> None:
    await switch_on(house, gl_journal={"selection": ["GJ", "SJ"]})
    await house.poll()
    rows = shown(house, "ia_crm__Intacct_Journal__c", "ia_crm__Symbol__c", "ia_crm__Statistical__c")
    assert rows == [("GJ", False), ("SJ", True)]


def look_up(house: House) -> None:
    """Make the term of accounts a look-up, as an org may have it."""
    field = {"name": "ia_crm__Term__c", "type": "reference", "references": ["ia_crm__AR_Term__c"]}
    house.salesforce.state.change_schema({"name": "Account", "fields": [field]})
    house.clock.advance(3600)  # until nobody remembers the former description


async def test_look_up_to_a_list_becomes_the_name_in_intacct_and_comes_back_as_a_look_up(house: House) -> None:
    look_up(house)
    await switch_on(house, "term")
    await house.poll()
    terms = {record["Name"]: record["Id"] for record in house.salesforce.state.records("ia_crm__AR_Term__c")}
    (account,) = house.seed("Account", {"Name": "Acme", "ia_crm__Term__c": terms["Net 30"]})
    (done,) = await house.sync("account", account)
    assert (done.result, house.ia("CUSTOMER")[0]["TERMNAME"]) == ("created", "Net 30"), done.message
    await house.edit_intacct("CUSTOMER", house.ia("CUSTOMER")[0]["RECORDNO"], {"TERMNAME": "Net 15"})
    await house.poll()
    assert house.sf("Account", account)["ia_crm__Term__c"] == terms["Net 15"]


async def test_plain_text_stays_plain_text(house: House) -> None:
    (account,) = house.seed("Account", {"Name": "Acme", "ia_crm__Term__c": "Net 30"})
    (done,) = await house.sync("account", account)
    assert (done.result, house.ia("CUSTOMER")[0]["TERMNAME"]) == ("created", "Net 30"), done.message


async def test_list_that_is_off_is_named_in_the_error(house: House) -> None:
    look_up(house)
    (term,) = house.seed("ia_crm__AR_Term__c", {"Name": "Net 30"})
    (account,) = house.seed("Account", {"Name": "Acme", "ia_crm__Term__c": term})
    (done,) = await house.sync("account", account)
    assert (done.result, done.reason) == ("failed", "reference_not_enabled")
    assert "ia_crm__Term__c names term" in done.message
    assert house.ia("CUSTOMER") == []


async def test_unknown_value_is_looked_for_once_then_told(house: House) -> None:
    look_up(house)
    await switch_on(house, "term")
    (term,) = house.seed("ia_crm__AR_Term__c", {"Name": "Net 777"})
    (account,) = house.seed("Account", {"Name": "Acme", "ia_crm__Term__c": term})
    (done,) = await house.sync("account", account)
    assert (done.result, done.reason) == ("blocked", "reference_not_synced")
    assert f"ia_crm__Term__c names term {term}" in done.message
    assert house.ia("CUSTOMER") == []


async def test_value_that_nobody_has_linked_yet_is_found_on_the_way(house: House) -> None:
    look_up(house)
    await switch_on(house, "term")
    (term,) = house.seed("ia_crm__AR_Term__c", {"Name": "Net 30"})
    (account,) = house.seed("Account", {"Name": "Acme", "ia_crm__Term__c": term})
    (done,) = await house.sync("account", account)
    assert (done.result, house.ia("CUSTOMER")[0]["TERMNAME"]) == ("created", "Net 30"), done.message


async def customers(house: House, *terms: str) -> list[str]:
    """Accounts in step whose customers then get a term each, which Salesforce has not got."""
    look_up(house)
    await switch_on(house, "term")
    await house.poll()
    ids = house.seed("Account", *({"Name": f"Acme {number}"} for number in range(len(terms))))
    await house.sync("account", *ids)
    twins = {row["NAME"]: row["RECORDNO"] for row in house.ia("CUSTOMER")}
    house.seed_intacct("ARTERM", *({"NAME": name, "STATUS": "active"} for name in sorted({*terms} - {"Net 30"})))
    await switch_on(house, term={"enabled": False})  # its feed says nothing meanwhile
    for number, name in enumerate(terms):
        await house.edit_intacct("CUSTOMER", twins[f"Acme {number}"], {"TERMNAME": name})
    return ids


async def test_value_of_intacct_that_salesforce_lacks_is_brought_and_shown(house: House) -> None:
    (account,) = await customers(house, "Net 45")
    await switch_on(house, "term")
    await house.sync("account", account, direction=Direction.FROM_INTACCT, origin="intacct")
    terms = {record["Name"]: record["Id"] for record in house.salesforce.state.records("ia_crm__AR_Term__c")}
    assert house.sf("Account", account)["ia_crm__Term__c"] == terms["Net 45"]


async def test_the_list_is_asked_once_for_a_whole_batch(house: House) -> None:
    accounts = await customers(house, *["Net 45", "Net 50"] * 4)
    await switch_on(house, "term")
    wire: BreakableTransport = house.context.backends.wires[System.INTACCT]  # type: ignore[attr-defined]
    before = len(wire.sent)
    await house.sync("account", *accounts, direction=Direction.FROM_INTACCT, origin="intacct")
    asked = [body for body in wire.sent[before:] if b"<object>ARTERM</object>" in body and b"<query>" in body]
    assert len(asked) == 2  # which record number each value has; then the values themselves
    shown_terms = {house.sf("Account", account)["ia_crm__Term__c"] for account in accounts}
    assert len(shown_terms) == 2
    assert None not in shown_terms


async def test_edit_of_a_record_brings_the_value_by_the_feed(house: House) -> None:
    (account,) = await customers(house, "Net 45")
    await switch_on(house, "term")
    await changes.poll_object(house.context, house.connection, CATALOGUE["account"], Pace(0, 0))
    await house.drain()
    assert house.sf("Account", account)["ia_crm__Term__c"] is not None


async def test_value_that_its_list_has_not_is_told_by_field_and_value_and_nothing_is_emptied(house: House) -> None:
    (account,) = await customers(house, "Net 45")
    (known,) = [r["Id"] for r in house.salesforce.state.records("ia_crm__AR_Term__c") if r["Name"] == "Net 30"]
    await house.edit("Account", account, ia_crm__Term__c=known)
    (gone,) = [row["RECORDNO"] for row in house.ia("ARTERM") if row["NAME"] == "Net 45"]
    house.intacct.state.company.tables["ARTERM"].remove(int(gone), house.clock.now())
    await switch_on(house, "term")
    (done,) = await house.sync("account", account)
    assert (done.state, done.result, done.reason) == ("done", "failed", "list_value_unknown")
    assert all(word in done.message for word in ("TERMNAME", "'Net 45'", "ia_crm__Term__c"))
    assert house.sf("Account", account)["ia_crm__Term__c"] == known
    async with house.context.begin() as session:
        tries = (await session.exec(select(Operation).where(Operation.object == "term"))).all()
    assert all(one.reason != "gone_from_intacct" for one in tries)


async def test_value_that_cannot_be_brought_blocks_the_record_until_it_arrives(house: House) -> None:
    (account,) = await customers(house, "Net 45")
    await switch_on(house, "term")
    one, other = house.seed("ia_crm__AR_Term__c", {"Name": "Net 45"}, {"Name": "Net 45"})
    (done,) = await house.sync("account", account, direction=Direction.FROM_INTACCT, origin="intacct")
    assert (done.result, done.reason) == ("blocked", "list_value_not_synced"), done.message
    house.salesforce.state.delete({"object": "ia_crm__AR_Term__c", "ids": [other]})
    (term,) = [row["RECORDNO"] for row in house.ia("ARTERM") if row["NAME"] == "Net 45"]
    await house.sync("term", f"#{term}", direction=Direction.FROM_INTACCT, origin="intacct")
    assert house.sf("Account", account)["ia_crm__Term__c"] == one
