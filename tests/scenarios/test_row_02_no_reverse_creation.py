"""Checklist row 2: a customer made in Intacct makes no account, whatever brings it (product.md 2.2 no. 1)."""

from collections.abc import Callable

import pytest

from app.domain.merge import Direction
from app.objects import CATALOGUE
from app.services import changes
from app.services.events import Notice, receive
from app.store.session import Sessions
from tests.simulated import House, build_house


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """A house with one customer that Salesforce has never heard of."""
    made = await build_house(sessions, new_id)
    made.seed_intacct("CUSTOMER", {"NAME": "Only there", "CUSTOMERID": "X"})
    return made


async def test_the_feed_counts_it_as_not_linked(house: House) -> None:
    counts = await house.poll()
    assert counts["default/account"].unlinked == 1
    assert house.salesforce.state.records("Account") == []


async def test_a_later_edit_in_intacct_brings_none_either(house: House) -> None:
    await house.poll()
    await house.edit_intacct("CUSTOMER", house.ia("CUSTOMER")[0]["RECORDNO"], {"NAME": "Still only there"})
    counts = await house.poll()
    assert counts["default/account"].unlinked == 1
    assert house.salesforce.state.records("Account") == []


async def test_a_resync_of_all_customers_brings_none(house: House) -> None:
    await changes.resync(house.context, house.connection, CATALOGUE["account"])
    counts = await house.poll()
    assert counts["default/account"].unlinked == 1
    assert house.salesforce.state.records("Account") == []


@pytest.mark.parametrize("event", ["created", "updated"])
async def test_an_event_brings_none(house: House, event: str) -> None:
    (customer,) = house.ia("CUSTOMER")
    notice = Notice("webhook", "CUSTOMER", str(customer["RECORDNO"]), "X", event, marks=(event,))
    received = await receive(house.context, house.connection, notice)
    await house.drain()
    assert received.outcome == "notLinked"
    assert house.salesforce.state.records("Account") == []


async def test_a_wish_for_an_account_takes_no_record_number_of_intacct(house: House) -> None:
    (customer,) = house.ia("CUSTOMER")
    key = str(customer["RECORDNO"])
    (item,) = await house.wish("account", [key], origin="intacct", direction=Direction.FROM_INTACCT)
    await house.drain()
    assert (item.operation_id, item.reason) == (None, "record_id_malformed")
    assert house.salesforce.state.records("Account") == []
