"""Checklist row 4: an edit in Intacct changes the linked record without anything done in Salesforce."""

from collections.abc import Callable
from typing import Any

import pytest

from app.services.events import Notice, receive
from app.store.session import Sessions
from tests.simulated import House, build_house


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """An empty house."""
    return await build_house(sessions, new_id)


EDITS = {"account": ("Account", "CUSTOMER", "DISPLAYCONTACT.FAX"), "contact": ("Contact", "CONTACT", "FAX")}


async def linked(house: House, name: str) -> tuple[str, dict[str, Any]]:
    """A record that is in step, and its twin."""
    kind, twin_kind, _ = EDITS[name]
    (record,) = house.seed(kind, {"Name": "Acme"} if name == "account" else {"LastName": "Byron", "Email": "a@b.co"})
    (done,) = await house.sync(name, record)
    assert done.result == "created", done.message
    return record, next(one for one in house.ia(twin_kind) if str(one["RECORDNO"]) == done.intacct_key)


@pytest.mark.parametrize("name", EDITS)
async def test_the_feed_brings_the_edit(house: House, name: str) -> None:
    record, twin = await linked(house, name)
    kind, twin_kind, field = EDITS[name]
    await house.edit_intacct(twin_kind, str(twin["RECORDNO"]), {field: "77"})
    await house.poll()
    assert house.sf(kind, record)["Fax"] == "77"


@pytest.mark.parametrize("name", EDITS)
async def test_an_event_brings_the_edit_before_the_feed_is_read(house: House, name: str) -> None:
    record, twin = await linked(house, name)
    kind, twin_kind, field = EDITS[name]
    await house.edit_intacct(twin_kind, str(twin["RECORDNO"]), {field: "77"})
    notice = Notice("webhook", twin_kind, key=str(twin["RECORDNO"]), event="updated", marks=("one",))
    assert (await receive(house.context, house.connection, notice)).outcome == "wished"
    await house.drain()
    assert house.sf(kind, record)["Fax"] == "77"


async def test_the_edit_that_came_is_not_sent_back(house: House) -> None:
    _, twin = await linked(house, "account")
    await house.edit_intacct("CUSTOMER", str(twin["RECORDNO"]), {"CREDITLIMIT": "500"})
    before = house.intacct.state.meters()["records_written"]
    await house.poll()
    await house.poll()
    assert house.intacct.state.meters()["records_written"] == before


async def test_what_salesforce_has_changed_meanwhile_stays(house: House) -> None:
    record, twin = await linked(house, "account")
    await house.edit("Account", record, Phone="1")
    await house.edit_intacct("CUSTOMER", str(twin["RECORDNO"]), {"DISPLAYCONTACT.FAX": "77"})
    await house.poll()
    stands = house.sf("Account", record)
    assert (stands["Phone"], stands["Fax"]) == ("1", "77")
