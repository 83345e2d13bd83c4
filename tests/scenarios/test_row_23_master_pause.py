"""Checklist row 23: switched off nothing moves either way and nothing is lost; switched on again the work resumes."""

from collections.abc import Callable

import pytest

from app.services import configuration
from app.services.events import Notice, receive
from app.store.session import Sessions
from app.store.tables import Connection
from tests.simulated import House, SimulatedBackends, build_house


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """A house with one account in step, switched off."""
    made = await build_house(sessions, new_id)
    (account,) = made.seed("Account", {"Name": "Acme", "Phone": "1"})
    (done,) = await made.sync("account", account)
    assert done.result == "created", done.message
    await made.poll()
    await switch(made, on=False)
    return made


async def switch(house: House, *, on: bool) -> None:
    """Turn the master switch."""
    await configuration.change(house.context, house.connection.id, sync_enabled=on)
    async with house.context.begin() as session:
        house.connection = await session.get_one(Connection, house.connection.id, populate_existing=True)


def traffic(house: House) -> int:
    """Requests to either system so far."""
    backends = house.context.backends
    assert isinstance(backends, SimulatedBackends)
    return sum(len(wire.sent) for wire in backends.wires.values())


async def test_off_nothing_is_asked_of_either_side(house: House) -> None:
    (account,) = house.salesforce.state.records("Account")
    house.seed("Account", {"Name": "Bolt"})
    before = traffic(house)
    (waiting,) = await house.sync("account", account["Id"])
    await house.poll()
    await house.pass_time(600)
    assert (traffic(house), (await house.operation(waiting.id)).state) == (before, "queued")


@pytest.mark.parametrize("origin", ["button", "massTool", "flow", "apex", "schedule"])
async def test_on_again_what_was_wished_meanwhile_is_done(house: House, origin: str) -> None:
    (account,) = house.seed("Account", {"Name": "Bolt"})
    (waiting,) = await house.sync("account", account, origin=origin)
    assert (waiting.state, len(house.ia("CUSTOMER"))) == ("queued", 1)
    await switch(house, on=True)
    await house.drain()
    assert (await house.operation(waiting.id)).result == "created"


async def test_on_again_edits_in_intacct_of_meanwhile_come(house: House) -> None:
    (account,), (customer,) = house.salesforce.state.records("Account"), house.ia("CUSTOMER")
    await house.edit_intacct("CUSTOMER", str(customer["RECORDNO"]), {"DISPLAYCONTACT.FAX": "77"})
    notice = Notice("webhook", "CUSTOMER", key=str(customer["RECORDNO"]), event="updated", marks=("one",))
    assert (await receive(house.context, house.connection, notice)).outcome == "switchedOff"
    await house.poll()
    assert house.sf("Account", account["Id"])["Fax"] is None
    await switch(house, on=True)
    await house.poll()
    assert house.sf("Account", account["Id"])["Fax"] == "77"
