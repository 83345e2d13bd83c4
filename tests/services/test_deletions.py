"""Records deleted in Intacct: said on linked records, flagged on what Intacct owns, never deleted in Salesforce."""

from collections.abc import Callable

import pytest
from sqlmodel import select

from app.services import deletions, health
from app.services.changes import poll
from app.services.turns import Pace
from app.simulators.intacct.writing import Author, Writer
from app.store.session import Sessions
from app.store.tables import Connection, Operation
from tests.simulated import House, build_house

ITEM = {"ITEMID": "I-1", "NAME": "Widget", "ITEMTYPE": "Non-Inventory (Sales only)"}
HOURS = 3600


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """A house that syncs accounts, products and terms."""
    made = await build_house(sessions, new_id)
    async with made.context.begin() as session:
        row = await session.get_one(Connection, made.connection.id)
        row.options = {"objects": {name: {"enabled": True} for name in ("product", "term")}}
        made.connection = row
    return made


def remove(house: House, kind: str, recordno: str) -> None:
    """Delete a record in Intacct as a user does: it leaves a row in the audit history."""
    company = house.intacct.state.company
    Writer(company, Author("clerk")).delete(company.schemas[kind], recordno)
    company.journal.forget()


async def linked_account(house: House) -> tuple[str, str]:
    """An account with its customer, two hours old: its id and the customer's RECORDNO."""
    (account,) = house.seed("Account", {"Name": "Acme"})
    (done,) = await house.sync("account", account)
    assert done.result == "created"
    house.clock.advance(3 * HOURS)
    return account, str(done.intacct_key)


async def operations(house: House, record_id: str) -> list[Operation]:
    """All operations of a record."""
    async with house.context.begin() as session:
        query = select(Operation).where(Operation.record_id == record_id)
        return list(await session.exec(query))


async def test_deleted_customer_is_told_on_the_account(house: House) -> None:
    account, recordno = await linked_account(house)
    remove(house, "CUSTOMER", recordno)
    await house.poll()
    row = house.sf("Account", account)
    assert row["ia_crm__Intacct_Sync_Status__c"] == "Error"
    assert "deleted" in row["ia_crm__Intacct_Sync_Errors__c"]
    assert not row["IsDeleted"]
    last = (await operations(house, account))[-1]
    assert (last.result, last.reason) == ("conflicted", "deleted_in_intacct")


async def test_deletion_is_acted_upon_once(house: House) -> None:
    account, recordno = await linked_account(house)
    remove(house, "CUSTOMER", recordno)
    for _ in range(3):
        await house.poll()
    assert len(await operations(house, account)) == 2


async def test_deleted_item_is_flagged_and_not_deleted(house: House) -> None:
    (item,) = house.seed_intacct("ITEM", ITEM)
    await house.poll()
    house.clock.advance(3 * HOURS)
    remove(house, "ITEM", item["RECORDNO"])
    await house.poll()
    (product,) = house.salesforce.state.records("Product2")
    assert (product["IsActive"], product["IsDeleted"], product["ProductCode"]) == (False, False, "I-1")
    last = (await operations(house, product["Id"]))[-1]
    assert last.result == "updated"


async def test_deleted_entry_of_a_managed_list_is_flagged(house: House) -> None:
    (term,) = house.seed_intacct("ARTERM", {"NAME": "Net 99"})
    await house.poll()
    house.clock.advance(3 * HOURS)
    remove(house, "ARTERM", term["RECORDNO"])
    await house.poll()
    rows = {row["Name"]: row["ia_crm__Status__c"] for row in house.salesforce.state.records("ia_crm__AR_Term__c")}
    assert rows["Net 99"] == "Inactive"


@pytest.mark.parametrize("form", ["RECORDNO", "RECORDNO--REC", "CUSTOMERID"])
async def test_deletion_is_found_whatever_the_history_calls_the_record(house: House, form: str) -> None:
    house.intacct.state.configure({"audit_objectkey_map": {"CUSTOMER": form}})
    account, recordno = await linked_account(house)
    remove(house, "CUSTOMER", recordno)
    await house.poll()
    assert house.sf("Account", account)["ia_crm__Intacct_Sync_Status__c"] == "Error"


async def test_one_query_serves_all_objects(house: House) -> None:
    await house.poll()
    tags = house.intacct.state.meters()["by_tag"]
    assert tags["query:AUDITHISTORY"] == 1
    assert tags["query:CUSTOMER"] >= 1


async def test_without_the_permission_readiness_says_so_and_nothing_fails(house: House) -> None:
    account, recordno = await linked_account(house)
    house.intacct.state.configure({"audit_permission": False})
    remove(house, "CUSTOMER", recordno)
    assert "default/account" in await house.poll()
    checks = {check.name: check for check in (await health.readiness(house.context, house.connection.id)).checks}
    assert not checks["deletions"].ok
    assert not checks["deletions"].required
    house.intacct.state.configure({"audit_permission": True})
    await house.poll()
    assert house.sf("Account", account)["ia_crm__Intacct_Sync_Status__c"] == "Error"
    checks = {check.name: check for check in (await health.readiness(house.context, house.connection.id)).checks}
    assert "deletions" not in checks


async def test_deletion_of_a_stranger_concerns_nobody(house: House) -> None:
    (customer,) = house.seed_intacct("CUSTOMER", {"CUSTOMERID": "X-1", "NAME": "Stranger"})
    await house.poll()
    remove(house, "CUSTOMER", customer["RECORDNO"])
    assert await deletions.poll(house.context, house.connection, [], Pace(0, 0)) == 0
    await poll(house.context)
    async with house.context.begin() as session:
        assert list(await session.exec(select(Operation).where(Operation.object == "account"))) == []
