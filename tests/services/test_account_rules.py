"""The rules around accounts and contacts, each shown against both simulators on both databases."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import col, select

from app.services.unlinking import forget_links
from app.simulators.faults import parse_faults
from app.store.session import Sessions
from app.store.tables import ErrorLog, Operation
from tests.simulated import House, build_house


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """An empty house."""
    return await build_house(sessions, new_id)


async def open_errors(house: House) -> list[ErrorLog]:
    """Open error-log rows, oldest first."""
    async with house.context.begin() as session:
        query = select(ErrorLog).where(col(ErrorLog.resolved_at).is_(None)).order_by(col(ErrorLog.first_seen))
        return list(await session.exec(query))


async def operations(house: House, record_id: str) -> list[Operation]:
    """All operations of a record."""
    async with house.context.begin() as session:
        query = select(Operation).where(Operation.record_id == record_id).order_by(col(Operation.id))
        return list(await session.exec(query))


async def test_parent_account_goes_first_and_is_named_on_the_customer(house: House) -> None:
    (parent,) = house.seed("Account", {"Name": "Parent"})
    (child,) = house.seed("Account", {"Name": "Child", "ParentId": parent})
    (done,) = await house.sync("account", child)
    assert (done.state, done.result) == ("done", "created"), done.message
    by_name = {customer["NAME"]: customer for customer in house.ia("CUSTOMER")}
    assert by_name["Child"]["PARENTID"] == by_name["Parent"]["CUSTOMERID"]
    (cascade,) = await operations(house, parent)
    assert (cascade.origin, cascade.result, cascade.parent_id) == ("cascade", "created", done.id)


async def test_failed_reference_blocks_and_its_later_success_brings_the_record(house: House) -> None:
    (contact,) = house.seed("Contact", {"LastName": "Byron", "ia_crm__Email_2__c": "ada@acme.test", "Email": "a@b.co"})
    (account,) = house.seed("Account", {"Name": "Acme", "ia_crm__Bill_to_Contact__c": contact})
    plan(house, {"kind": "lock_error", "match": "create:CONTACT", "times": 100})
    items = await house.wish("account", [account])
    await house.drain()
    assert (await house.operation(str(items[0].operation_id))).state == "waiting"
    house.intacct.state.faults.reset()
    await house.pass_time(60)
    done = await house.operation(str(items[0].operation_id))
    assert (done.state, done.result) == ("done", "created"), done.message
    assert await open_errors(house) == []


def plan(house: House, *faults: dict[str, Any]) -> None:
    """Plan faults at Intacct."""
    for fault in parse_faults(faults):
        house.intacct.state.faults.add(fault)


async def test_success_clears_status_and_error_log(house: House) -> None:
    house.intacct.state.configure({"sequences": {"CUSTOMER": False}})
    (account,) = house.seed("Account", {"Name": "Acme"})
    await house.sync("account", account)
    house.intacct.state.configure({"sequences": {"CUSTOMER": True}})
    (done,) = await house.sync("account", account)
    assert done.result == "created"
    assert await open_errors(house) == []
    stands = house.sf("Account", account)
    assert (stands["ia_crm__Intacct_Sync_Status__c"], stands["ia_crm__Intacct_Sync_Errors__c"]) == ("OK", None)


async def test_first_run_on_a_populated_company_links_by_name_and_makes_no_duplicate(house: House) -> None:
    house.seed_intacct("CUSTOMER", {"NAME": "Acme", "CUSTOMERID": "OLD-1"})
    (account,) = house.seed("Account", {"Name": "Acme"})
    (done,) = await house.sync("account", account)
    assert (done.result, done.reason, done.intacct_id) == ("updated", "linked_by_name", "OLD-1")
    (customer,) = house.ia("CUSTOMER")
    assert customer["SFDC_ID"] == account


async def test_two_customers_of_one_name_are_reported_not_guessed(house: House) -> None:
    house.seed_intacct("CUSTOMER", {"NAME": "Acme", "CUSTOMERID": "A"}, {"NAME": "Acme", "CUSTOMERID": "B"})
    (account,) = house.seed("Account", {"Name": "Acme"})
    (done,) = await house.sync("account", account)
    assert (done.result, done.reason) == ("conflicted", "ambiguous_match")
    assert "A, B" in done.message
    assert len(house.ia("CUSTOMER")) == 2


async def test_id_on_the_account_wins_over_the_name(house: House) -> None:
    house.seed_intacct("CUSTOMER", {"NAME": "Acme", "CUSTOMERID": "A"}, {"NAME": "Acme", "CUSTOMERID": "B"})
    (account,) = house.seed("Account", {"Name": "Acme", "ia_crm__IntacctID__c": "B"})
    (done,) = await house.sync("account", account)
    assert (done.result, done.intacct_id) == ("updated", "B")


async def test_copied_account_does_not_steal_the_customer(house: House) -> None:
    (first,) = house.seed("Account", {"Name": "Acme"})
    (done,) = await house.sync("account", first)
    (copy,) = house.seed("Account", {"Name": "Acme", "ia_crm__IntacctID__c": done.intacct_id})
    (refused,) = await house.sync("account", copy)
    assert (refused.result, refused.reason) == ("conflicted", "id_taken")
    assert len(house.ia("CUSTOMER")) == 1


async def edit_customer(house: House, **values: str) -> None:
    """Edit the one customer there is, as a user of Intacct would."""
    (customer,) = house.ia("CUSTOMER")
    await house.edit_intacct("CUSTOMER", customer["RECORDNO"], values)


async def test_own_write_coming_back_is_unchanged_and_no_operation(house: House) -> None:
    (account,) = house.seed("Account", {"Name": "Acme", "BillingCity": "Reno"})
    await house.sync("account", account)
    counts = await house.poll()
    assert counts["default/account"].plain() == {"seen": 1, "unlinked": 0, "unchanged": 1, "wished": 0, "new": 0}
    assert len(await operations(house, account)) == 1


async def test_field_changed_on_both_sides_goes_to_the_newest_and_is_told(house: House) -> None:
    (account,) = house.seed("Account", {"Name": "Acme", "Phone": "1"})
    await house.sync("account", account)
    await edit_customer(house, **{"DISPLAYCONTACT.PHONE1": "2"})
    house.clock.advance(5)
    await house.edit("Account", account, Phone="3")
    (done,) = await house.sync("account", account)
    assert done.result == "updated"
    assert house.ia("CUSTOMER")[0]["DISPLAYCONTACT"]["PHONE1"] == "3"


async def test_deleted_account_is_skipped_with_the_reason(house: House) -> None:
    (account,) = house.seed("Account", {"Name": "Acme"})
    house.salesforce.state.delete({"object": "Account", "ids": [account]})
    (done,) = await house.sync("account", account)
    assert (done.result, done.reason) == ("skipped", "deleted_in_salesforce")


async def test_namesakes_get_contacts_of_their_own(house: House) -> None:
    first, second = house.seed("Contact", {"LastName": "Smith"}, {"LastName": "Smith"})
    one, two = await house.sync("contact", first, second)
    assert {one.result, two.result} == {"created"}
    names = {house.sf("Contact", i)["ia_crm__Intacct_Contact_Name__c"] for i in (first, second)}
    assert len(names) == 2
    assert "Smith" in names


async def test_late_read_of_an_older_version_never_comes_back_to_salesforce(house: House) -> None:
    (account,) = house.seed("Account", {"Name": "Acme"})
    await house.sync("account", account)
    house.clock.advance(700)
    await house.edit("Account", account, Name="Acme Two")
    plan(house, {"kind": "read_lag", "seconds": 600})
    await house.sync("account", account)
    (again,) = await house.sync("account", account)
    assert (again.state, again.reason) == ("waiting", "late_read")
    assert house.sf("Account", account)["Name"] == "Acme Two"
    await house.pass_time(1500)
    done = await house.operation(again.id)
    assert (done.state, done.result) == ("done", "unchanged")
    assert house.ia("CUSTOMER")[0]["NAME"] == house.sf("Account", account)["Name"] == "Acme Two"


async def test_record_that_is_not_visible_yet_is_waited_for(house: House) -> None:
    plan(house, {"kind": "read_lag", "seconds": 600})
    (account,) = house.seed("Account", {"Name": "Acme"})
    (first,) = await house.sync("account", account)
    assert first.result == "created"
    (again,) = await house.sync("account", account)
    assert (again.state, again.reason) == ("waiting", "not_visible_yet")
    await house.pass_time(1500)
    assert (await house.operation(again.id)).result == "updated"  # what Intacct owns has come back now
    assert len(house.ia("CUSTOMER")) == 1


async def test_answer_without_a_status_is_looked_up_at_once(house: House) -> None:
    plan(house, {"kind": "no_status", "match": "create:CUSTOMER", "times": 1})
    (account,) = house.seed("Account", {"Name": "Acme"})
    (done,) = await house.sync("account", account)
    assert done.result == "created"
    assert len(house.ia("CUSTOMER")) == 1


@pytest.mark.parametrize("kind", ["reset_after_commit", "truncated", "timeout_after_commit"])
async def test_lost_answer_to_a_create_is_looked_up_and_makes_one_customer(house: House, kind: str) -> None:
    plan(house, {"kind": kind, "match": "create:CUSTOMER", "times": 1})
    (account,) = house.seed("Account", {"Name": "Acme"})
    (held,) = await house.sync("account", account)
    assert (held.state, held.result, held.reason) == ("waiting", "held", "outcome_unknown")
    assert house.sf("Account", account)["ia_crm__Intacct_Sync_Status__c"] == "In Process"
    await house.pass_time(30)
    done = await house.operation(held.id)
    assert (done.state, done.result) == ("done", "created"), done.message
    assert len(house.ia("CUSTOMER")) == 1
    assert house.sf("Account", account)["ia_crm__Intacct_Sync_Status__c"] == "OK"


async def test_create_that_never_arrived_goes_out_again_only_after_the_whole_ladder(house: House) -> None:
    plan(house, {"kind": "reset_before_commit", "match": "create:CUSTOMER", "times": 1})
    (account,) = house.seed("Account", {"Name": "Acme"})
    (held,) = await house.sync("account", account)
    await house.pass_time(900)
    assert house.ia("CUSTOMER") == []
    assert (await house.operation(held.id)).reason == "outcome_unknown"
    await house.pass_time(120)
    assert (await house.operation(held.id)).result == "created"
    assert len(house.ia("CUSTOMER")) == 1


async def test_record_number_that_is_linked_already_is_told_at_once(house: House) -> None:
    (first,) = house.seed("Account", {"Name": "Before the restore"})
    await house.sync("account", first)
    house.intacct.state.reset()  # Intacct went back in time and numbers its records anew
    (second,) = house.seed("Account", {"Name": "After the restore"})
    (done,) = await house.sync("account", second)
    assert (done.result, done.reason) == ("conflicted", "already_linked")
    assert [error.code for error in await open_errors(house)] == ["already_linked"]
    assert house.sf("Account", second)["ia_crm__Intacct_Sync_Status__c"] == "Error"


async def test_company_that_starts_empty_is_matched_anew(house: House) -> None:
    (account,) = house.seed("Account", {"Name": "Acme"})
    await house.sync("account", account)
    house.intacct.state.reset()
    await forget_links(house.context, "offline")
    (done,) = await house.sync("account", account)
    assert (done.result, len(house.ia("CUSTOMER"))) == ("created", 1), done.message
