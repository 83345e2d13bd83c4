"""Checklist row 5: after the first creation no Salesforce change reaches Intacct, whatever brings it (product.md R1).

One guard for both objects and every origin; an edit in Intacct still comes back.
"""

from collections.abc import Callable

import pytest

from app.domain.merge import Direction
from app.services import configuration, unlinking
from app.simulators.faults import parse_faults
from app.store.session import Sessions
from app.store.tables import Connection
from tests.simulated import House, build_house

ORIGINS = ("button", "massTool", "flow", "apex", "schedule", "cascade")
KINDS = {"account": ("Account", "CUSTOMER", "Phone"), "contact": ("Contact", "CONTACT", "Phone")}


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """An empty house with sync only once for both objects."""
    built = await build_house(sessions, new_id)
    once = {name: {"syncOnlyOnce": True} for name in KINDS}
    await configuration.change(built.context, built.connection.id, objects=once)
    async with built.context.begin() as session:
        built.connection = await session.get_one(Connection, built.connection.id)
    return built


def seed(house: House, name: str) -> str:
    """A record of the object, not synced yet."""
    values = {"Name": "Acme", "Phone": "1"} if name == "account" else {"LastName": "Byron", "Phone": "1"}
    return house.seed(KINDS[name][0], values)[0]


def phone(house: House, name: str) -> object:
    """The phone number that stands in Intacct."""
    (twin,) = [r for r in house.ia(KINDS[name][1]) if name == "account" or r["CONTACTNAME"] == "Byron"]
    return twin["DISPLAYCONTACT"]["PHONE1"] if name == "account" else twin["PHONE1"]


async def created(house: House, name: str) -> str:
    """A record that was created in Intacct and edited in Salesforce since."""
    record_id = seed(house, name)
    (done,) = await house.sync(name, record_id)
    assert done.result == "created", done.message
    await house.edit(KINDS[name][0], record_id, Phone="2")
    return record_id


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("name", KINDS)
async def test_no_origin_carries_a_later_change(house: House, name: str, origin: str) -> None:
    record_id = await created(house, name)
    (done,) = await house.sync(name, record_id, origin=origin)
    assert (done.result, done.reason) == ("skipped", "sync_only_once")
    assert phone(house, name) == "1"


@pytest.mark.parametrize("name", KINDS)
async def test_an_edit_in_intacct_still_comes_back(house: House, name: str) -> None:
    record_id = await created(house, name)
    twin = next(r for r in house.ia(KINDS[name][1]) if name == "account" or r["CONTACTNAME"] == "Byron")
    field = "DISPLAYCONTACT.FAX" if name == "account" else "FAX"
    await house.edit_intacct(KINDS[name][1], str(twin["RECORDNO"]), {field: "77"})
    await house.poll()
    assert house.sf(KINDS[name][0], record_id)["Fax"] == "77"
    assert phone(house, name) == "1"


@pytest.mark.parametrize("name", KINDS)
async def test_a_record_that_was_unlinked_and_linked_again_stays_once(house: House, name: str) -> None:
    record_id = await created(house, name)
    await unlinking.unlink(house.context, house.connection.id, name, record_id, "an admin")
    (done,) = await house.sync(name, record_id)
    assert (done.result, done.reason) == ("skipped", "sync_only_once")
    (again,) = await house.sync(name, record_id, origin="flow")
    assert (again.reason, phone(house, name)) == ("sync_only_once", "1")


async def test_a_record_that_was_unlinked_from_a_lost_twin_makes_no_second_one(house: House) -> None:
    record_id = await created(house, "account")
    await unlinking.unlink(house.context, house.connection.id, "account", record_id, "an admin")
    house.intacct.state.reset()
    (done,) = await house.sync("account", record_id)
    assert (done.result, done.reason, house.ia("CUSTOMER")) == ("skipped", "sync_only_once", [])


async def test_a_first_creation_that_failed_half_way_is_finished(house: House) -> None:
    for fault in parse_faults([{"kind": "lock_error", "match": "create:CUSTOMER", "times": 1}]):
        house.intacct.state.faults.add(fault)
    record_id = seed(house, "account")
    (first,) = await house.wish("account", [record_id])
    await house.drain()
    await house.edit("Account", record_id, Phone="2")
    await house.pass_time(30)
    done = await house.operation(str(first.operation_id))
    assert (done.result, phone(house, "account")) == ("created", "2")


async def test_a_wish_from_intacct_does_not_ask_the_guard(house: House) -> None:
    record_id = await created(house, "account")
    (done,) = await house.sync("account", record_id, origin="intacct", direction=Direction.FROM_INTACCT)
    assert (done.result, phone(house, "account")) == ("unchanged", "1")
