"""Row 34: twins proposed by id or name; linked, created, copied field by field; reviewed records hidden on demand."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import select

from app.domain.conditions import EVERYTHING, Compare, Condition, Operator
from app.domain.errors import SyncError
from app.domain.records import System
from app.objects import CATALOGUE
from app.services import hand_links, match_tool
from app.services.match_tool import Matches
from app.store.session import Sessions
from app.store.tables import Binding, Decision
from tests.simulated import House, build_house

ACCOUNT = CATALOGUE["account"]
ID = "ia_crm__IntacctID__c"


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """A house with one offline connection."""
    return await build_house(sessions, new_id)


async def shown(house: House, where: Condition = EVERYTHING, **more: Any) -> Matches:
    """A page of the tool."""
    given: dict[str, Any] = {"after": "", "size": 25} | more
    return await match_tool.matches(house.context, house.connection, ACCOUNT, where, **given)


async def link(house: House, account: str, key: str) -> None:
    """Link by hand."""
    await hand_links.link(house.context, house.connection, ACCOUNT, account, key, "key-1")


async def copy(house: House, account: str, to: System, *fields: str) -> None:
    """Copy by hand, and run what follows."""
    given: dict[str, Any] = {"by": "key-1", "requested_by": None, "correlation_id": "c"}
    await hand_links.copy_fields(house.context, house.connection, ACCOUNT, account, fields, to, **given)
    await house.drain()


def customer(house: House, name: str, number: str, **more: Any) -> str:
    """A customer's record number."""
    (made,) = house.seed_intacct("CUSTOMER", {"CUSTOMERID": number, "NAME": name, **more})
    return str(made["RECORDNO"])


async def test_twins_are_proposed_by_id_and_by_name(house: House) -> None:
    by_id, by_name = customer(house, "Other name", "C-1"), customer(house, "Bolt", "C-2")
    first, second, third = house.seed("Account", {"Name": "Acme", ID: "C-1"}, {"Name": "Bolt"}, {"Name": "Cord"})
    page = await shown(house)
    twins = {one.record_id: [(twin.key, twin.by) for twin in one.twins] for one in page.records}
    assert twins == {first: [(by_id, "CUSTOMERID")], second: [(by_name, "NAME")], third: []}
    assert (page.salesforce_unlinked, page.intacct_unlinked, page.next_after) == (3, 2, None)


async def test_linking_makes_two_records_one_and_tells_who_did_it(house: House) -> None:
    key = customer(house, "Bolt", "C-2")
    (account,) = house.seed("Account", {"Name": "Bolt"})
    await link(house, account, key)
    assert (await shown(house)).records == ()
    async with house.context.begin() as session:
        bound = (await session.exec(select(Binding))).one()
        told = (await session.exec(select(Decision))).one()
    assert (bound.intacct_key, bound.intacct_id, bound.how) == (key, "C-2", "byHand")
    assert told.reason == "linked_by_hand"
    assert "key-1" in told.message
    (done,) = await house.sync("account", account)
    assert (done.result, len(house.ia("CUSTOMER"))) == ("updated", 1)
    assert house.sf("Account", account)[ID] == "C-2"


async def test_a_taken_twin_is_shown_as_taken_and_refused(house: House) -> None:
    key = customer(house, "Bolt", "C-2")
    first, second = house.seed("Account", {"Name": "Bolt"}, {"Name": "Bolt"})
    await link(house, first, key)
    (left,) = (await shown(house)).records
    assert [twin.taken_by for twin in left.twins] == [first]
    with pytest.raises(SyncError) as refused:
        await link(house, second, key)
    assert refused.value.code == "twin_taken"


@pytest.mark.parametrize(("key", "code"), [("999999", "record_missing"), (None, "already_linked")])
async def test_what_cannot_be_linked_is_refused(house: House, key: str | None, code: str) -> None:
    there = customer(house, "Bolt", "C-2")
    (account,) = house.seed("Account", {"Name": "Bolt"})
    await link(house, account, there)
    with pytest.raises(SyncError) as refused:
        await link(house, account, key or customer(house, "Cord", "C-3"))
    assert refused.value.code == code


async def test_a_record_without_a_twin_is_created_by_its_sync(house: House) -> None:
    (account,) = house.seed("Account", {"Name": "Cord"})
    await house.sync("account", account)
    assert ((await shown(house)).records, len(house.ia("CUSTOMER"))) == ((), 1)


async def test_chosen_fields_are_copied_to_salesforce(house: House) -> None:
    key = customer(house, "Bolt Ltd", "C-2", RESALENO="there")
    (account,) = house.seed("Account", {"Name": "Bolt", "ia_crm__Resale_Number__c": "here"})
    await link(house, account, key)
    await copy(house, account, System.SALESFORCE, "ia_crm__Resale_Number__c")
    assert house.sf("Account", account)["ia_crm__Resale_Number__c"] == "there"
    (stands,) = house.ia("CUSTOMER")
    assert (stands["RESALENO"], stands["NAME"]) == ("there", "Bolt")  # a field not named follows its rule


async def test_chosen_fields_are_copied_to_intacct(house: House) -> None:
    key = customer(house, "Bolt", "C-2", RESALENO="there")
    (account,) = house.seed("Account", {"Name": "Bolt"})
    await link(house, account, key)
    await copy(house, account, System.INTACCT, "ia_crm__Resale_Number__c")
    assert (house.ia("CUSTOMER")[0]["RESALENO"] or None) is None


@pytest.mark.parametrize(
    ("name", "to", "code"),
    [
        ("Nope__c", System.INTACCT, "field_not_mapped"),
        ("ia_crm__Credit_Limit__c", System.INTACCT, "rule_forbids"),
        ("ParentId", System.SALESFORCE, "rule_forbids"),
    ],
)
async def test_a_field_that_may_not_be_copied_is_refused_by_its_name(
    house: House, name: str, to: System, code: str
) -> None:
    key = customer(house, "Bolt", "C-2")
    (account,) = house.seed("Account", {"Name": "Bolt"})
    await link(house, account, key)
    with pytest.raises(SyncError) as refused:
        await copy(house, account, to, name)
    assert (refused.value.code, refused.value.field) == (code, name)


async def test_reviewed_records_are_hidden_unless_asked_for(house: House) -> None:
    first, second = house.seed("Account", {"Name": "Acme"}, {"Name": "Bolt"})
    await hand_links.review(house.context, house.connection.id, "account", first, "key-1", done=True)
    assert [one.record_id for one in (await shown(house)).records] == [second]
    both = (await shown(house, with_reviewed=True)).records
    assert [(one.record_id, one.reviewed) for one in both] == [(first, True), (second, False)]
    await hand_links.review(house.context, house.connection.id, "account", first, "key-1", done=False)
    assert len((await shown(house)).records) == 2


async def test_pages_lead_on_and_filters_narrow(house: House) -> None:
    ids = house.seed("Account", *[{"Name": f"A{n}", "BillingCity": "Reno" if n % 2 else "Oslo"} for n in range(5)])
    after, seen = "", []
    while True:
        page = await shown(house, after=after, size=2)
        seen += [one.record_id for one in page.records]
        if page.next_after is None:
            break
        after = page.next_after
    assert seen == ids
    reno = await shown(house, Compare("BillingCity", Operator.EQ, ("Reno",)))
    assert [one.record_id for one in reno.records] == [ids[1], ids[3]]
