"""Accounts that are deleted, restored, persons, or lack a contact: each shown against both simulators."""

from collections.abc import Callable

import pytest
from sqlmodel import select

from app.services import configuration
from app.simulators.salesforce.flags import OrgFlags
from app.store.session import Sessions
from app.store.tables import Connection, Decision
from tests.simulated import House, build_house


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """An empty house."""
    return await build_house(sessions, new_id)


@pytest.fixture
async def people(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """An empty house whose org knows person accounts."""
    return await build_house(sessions, new_id, flags=OrgFlags(person_accounts=True))


def person(house: House) -> str:
    """A person account, not synced yet."""
    kinds = house.salesforce.state.records("RecordType")
    kind = next(row["Id"] for row in kinds if row["SobjectType"] == "Account" and row["IsPersonType"])
    return house.seed("Account", {"RecordTypeId": kind, "FirstName": "Ada", "LastName": "Byron"})[0]


async def choose(house: House, **options: object) -> None:
    """Set options of accounts."""
    await configuration.change(house.context, house.connection.id, objects={"account": options})
    async with house.context.begin() as session:
        house.connection = await session.get_one(Connection, house.connection.id, populate_existing=True)


async def deleted(house: House) -> str:
    """An account that was in step and is in the bin now."""
    (account,) = house.seed("Account", {"Name": "Acme"})
    await house.sync("account", account)
    house.clock.advance(10)
    house.salesforce.state.delete({"object": "Account", "ids": [account]})
    return account


def status(house: House) -> str:
    """The status of the only customer."""
    (customer,) = house.ia("CUSTOMER")
    return str(customer["STATUS"])


async def test_a_deletion_leaves_the_customer_as_it_is(house: House) -> None:
    (done,) = await house.sync("account", await deleted(house))
    assert (done.reason, status(house)) == ("deleted_in_salesforce", "active")


async def test_by_option_a_deletion_makes_the_customer_inactive_once(house: House) -> None:
    await choose(house, onDelete="inactivate")
    account = await deleted(house)
    (done,) = await house.sync("account", account)
    assert (done.result, done.reason, status(house)) == ("updated", "inactivated_in_intacct", "inactive")
    (again,) = await house.sync("account", account)
    assert again.reason == "deleted_in_salesforce"


async def test_sync_only_once_keeps_a_deletion_from_intacct(house: House) -> None:
    await choose(house, onDelete="inactivate", syncOnlyOnce=True)
    (done,) = await house.sync("account", await deleted(house))
    assert (done.reason, status(house)) == ("deleted_in_salesforce", "active")


async def test_a_restored_account_makes_its_customer_active_again(house: House) -> None:
    await choose(house, onDelete="inactivate")
    account = await deleted(house)
    await house.sync("account", account)
    house.salesforce.state.undelete({"object": "Account", "ids": [account]})
    (done,) = await house.sync("account", account)
    assert (done.result, status(house)) == ("updated", "active"), done.message


async def test_a_customer_that_a_person_made_inactive_stays_so(house: House) -> None:
    await choose(house, onDelete="inactivate")
    (account,) = house.seed("Account", {"Name": "Acme"})
    await house.sync("account", account)
    await house.edit_intacct("CUSTOMER", str(house.ia("CUSTOMER")[0]["RECORDNO"]), {"STATUS": "inactive"})
    await house.edit("Account", account, Phone="2")
    await house.sync("account", account)
    assert status(house) == "inactive"


async def test_an_edited_customer_id_is_put_back_with_a_warning(house: House) -> None:
    (account,) = house.seed("Account", {"Name": "Acme"})
    (first,) = await house.sync("account", account)
    await house.edit("Account", account, ia_crm__IntacctID__c="OTHER")
    (done,) = await house.sync("account", account)
    assert house.sf("Account", account)["ia_crm__IntacctID__c"] == first.intacct_id
    async with house.context.begin() as session:
        decision = (await session.exec(select(Decision).where(Decision.operation_id == done.id))).one()
    assert "said OTHER" in decision.warnings[0]


@pytest.mark.parametrize("contacts", [{}, {"ia_crm__Bill_to_Contact__c": True}])
async def test_an_account_without_contacts_is_refused_by_option(house: House, contacts: dict[str, bool]) -> None:
    await choose(house, requireContacts=True)
    (contact,) = house.seed("Contact", {"LastName": "Byron"})
    (account,) = house.seed("Account", {"Name": "Acme", "BillingCity": "Reno", **dict.fromkeys(contacts, contact)})
    (done,) = await house.sync("account", account)
    assert (done.result, done.reason, house.ia("CUSTOMER")) == ("failed", "contact_missing", [])


async def test_a_person_account_is_one_customer_and_its_contact_none(people: House) -> None:
    (done,) = await people.sync("account", person(people))
    assert (done.result, [c["NAME"] for c in people.ia("CUSTOMER")]) == ("created", ["Ada Byron"]), done.message
    (contact,) = people.salesforce.state.records("Contact")
    (skipped,) = await people.sync("contact", contact["Id"])
    assert (skipped.result, skipped.reason) == ("skipped", "person_account")


async def test_the_name_of_a_person_never_comes_back(people: House) -> None:
    account = person(people)
    await people.sync("account", account)
    edit = {"NAME": "A. Byron", "DISPLAYCONTACT.FAX": "77"}
    await people.edit_intacct("CUSTOMER", str(people.ia("CUSTOMER")[0]["RECORDNO"]), edit)
    await people.poll()
    shown = people.sf("Account", account)
    assert (shown["Name"], shown["Fax"]) == ("Ada Byron", "77")
