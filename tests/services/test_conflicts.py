"""Both sides edited in the same second: who wins, that both edits travel where they can, and that it ends there."""

from collections.abc import Callable

import pytest

from app.domain.declaration import Policy
from app.domain.mappings import RowChange
from app.domain.records import Lane, Value
from app.services import configuration
from app.store.session import Sessions
from app.store.tables import Connection
from app.sync.ports import Action, Write
from tests.mappings import in_force
from tests.simulated import House, build_house


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """A house that polls accounts on both sides."""
    made = await build_house(sessions, new_id)
    await configuration.change(made.context, made.connection.id, objects={"account": {"pollSalesforce": True}})
    async with made.context.begin() as session:
        made.connection = await session.get_one(Connection, made.connection.id, populate_existing=True)
    return made


async def linked(house: House, policy: Policy | None = None) -> str:
    """An account in step, its name under a policy; everything is quiet."""
    if policy is not None:
        await in_force(house, "account", RowChange("NAME", policy=policy), RowChange("TAXID", policy=policy))
    (account,) = house.seed("Account", {"Name": "Acme", "ia_crm__Tax_ID__c": "T-0"})
    (done,) = await house.sync("account", account)
    assert done.result == "created", done.message
    house.clock.advance(3600)
    await house.poll()
    return account


async def both_edit(house: House, account: str, here: dict[str, Value], there: dict[str, Value]) -> None:
    """Edit both sides over the wire, in one second."""
    house.clock.advance(60)
    pair = house.context.backends.of(house.connection, Lane.INTERACTIVE)
    before = house.clock.now().replace(microsecond=0)
    recordno = str(house.ia("CUSTOMER")[0]["RECORDNO"])
    (first,) = await pair.salesforce.write([Write("Account", Action.UPDATE, here, "here", account)])
    (second,) = await pair.intacct.write([Write("CUSTOMER", Action.UPDATE, there, f"there {before}", recordno)])
    assert (first.error, second.error) == (None, None)
    assert house.clock.now().replace(microsecond=0) == before


async def cycle(house: House) -> int:
    """Read all feeds and sync what they found, a minute later; how many writes the two sides took."""
    before = writes(house)
    house.clock.advance(60)
    await house.poll()
    return writes(house) - before


def writes(house: House) -> int:
    """Records written on both sides so far."""
    return len(house.intacct.state.ledger.describe()) + len(house.salesforce.state.org.ledger)


def shown(house: House, account: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """Name and tax id in Salesforce, and in Intacct."""
    here, there = house.sf("Account", account), house.ia("CUSTOMER")[0]
    return (here["Name"], here["ia_crm__Tax_ID__c"]), (there["NAME"], there["TAXID"])


@pytest.mark.parametrize(
    ("policy", "winner"),
    [(None, "There"), (Policy.NEWEST, "There"), (Policy.SALESFORCE, "Here"), (Policy.INTACCT, "There")],
)
async def test_one_field_edited_on_both_sides_goes_to_the_winner_and_rests(
    house: House, policy: Policy | None, winner: str
) -> None:
    account = await linked(house, policy)
    await both_edit(house, account, {"Name": "Here"}, {"NAME": "There"})
    moved = await cycle(house)
    assert shown(house, account) == ((winner, "T-0"), (winner, "T-0"))
    assert 1 <= moved <= 2  # the loser, and what Salesforce is told about it
    assert (await cycle(house), await cycle(house)) == (0, 0)


@pytest.mark.parametrize("policy", list(Policy))
async def test_two_fields_edited_on_both_sides_travel_both_and_rest(house: House, policy: Policy) -> None:
    account = await linked(house, policy)
    await both_edit(house, account, {"Name": "Here"}, {"TAXID": "T-1"})
    await cycle(house)
    assert shown(house, account) == (("Here", "T-1"), ("Here", "T-1"))
    assert (await cycle(house), await cycle(house)) == (0, 0)


async def test_the_same_edit_on_both_sides_writes_nothing(house: House) -> None:
    account = await linked(house)
    await both_edit(house, account, {"Name": "Same"}, {"NAME": "Same"})
    assert [await cycle(house) for _ in range(3)] == [0, 0, 0]


async def test_a_later_edit_of_the_loser_wins_again(house: House) -> None:
    account = await linked(house)
    await both_edit(house, account, {"Name": "Here"}, {"NAME": "There"})
    await cycle(house)
    await house.edit("Account", account, Name="Here again")
    await cycle(house)
    assert shown(house, account)[1][0] == "Here again"
    assert (await cycle(house), await cycle(house)) == (0, 0)
