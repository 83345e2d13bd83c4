"""Checklist row 36: merged accounts. The winner takes the customer over, or keeps its own; nothing is made (2.3)."""

from collections.abc import Callable

import pytest

from app.services import configuration, records
from app.store.session import Sessions
from tests.simulated import House, build_house


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """An empty house."""
    return await build_house(sessions, new_id)


async def accounts(house: House, *synced: bool) -> list[str]:
    """Accounts, some of them customers."""
    made = house.seed("Account", *({"Name": f"Acme {n}"} for n, _ in enumerate(synced, 1)))
    for account in (one for one, wanted in zip(made, synced, strict=True) if wanted):
        (done,) = await house.sync("account", account)
        assert done.result == "created", done.message
    house.clock.advance(10)
    return made


def merge(house: House, winner: str, loser: str) -> None:
    """Merge two accounts as a user does in Salesforce."""
    house.salesforce.state.merge({"object": "Account", "winner": winner, "losers": [loser]})


async def twin(house: House, account: str) -> str | None:
    """The customer an account is linked to."""
    known = await records.explain(house.context, house.connection.id, "account", account)
    return known.binding.intacct_id if known.binding else None


async def test_the_winner_takes_the_customer_of_the_loser_when_it_is_synced(house: House) -> None:
    winner, loser = await accounts(house, False, True)
    customer = await twin(house, loser)
    merge(house, winner, loser)
    (done,) = await house.sync("account", winner)
    assert done.result == "updated", done.message
    assert (await twin(house, winner), await twin(house, loser)) == (customer, None)
    assert house.sf("Account", winner)["ia_crm__IntacctID__c"] == customer
    assert [c["SFDC_ID"] for c in house.ia("CUSTOMER")] == [winner]


async def test_the_loser_hands_its_customer_on_and_the_winner_follows(house: House) -> None:
    winner, loser = await accounts(house, False, True)
    customer = await twin(house, loser)
    merge(house, winner, loser)
    (done,) = await house.sync("account", loser, origin="schedule")
    assert (done.result, done.reason) == ("skipped", "merged_in_salesforce")
    assert str(customer) in done.message
    assert (await twin(house, winner), len(house.ia("CUSTOMER"))) == (customer, 1)
    assert house.sf("Account", winner)["ia_crm__IntacctID__c"] == customer


async def test_a_winner_with_a_customer_keeps_it_and_the_other_stays_reachable(house: House) -> None:
    winner, loser = await accounts(house, True, True)
    mine, theirs = await twin(house, winner), await twin(house, loser)
    merge(house, winner, loser)
    (done,) = await house.sync("account", loser)
    assert (done.reason, await twin(house, winner)) == ("merged_in_salesforce", mine)
    known = await records.explain(house.context, house.connection.id, "account", winner)
    assert [(row.salesforce_id, row.intacct_id, row.why) for row in known.former] == [(loser, theirs, "merged")]
    assert len(house.ia("CUSTOMER")) == 2


async def test_an_old_record_of_the_loser_comes_back_to_the_winner(house: House) -> None:
    winner, loser = await accounts(house, True, True)
    theirs = str(await twin(house, loser))
    merge(house, winner, loser)
    await house.sync("account", loser)
    await configuration.change(house.context, house.connection.id, objects={"project": {"enabled": True}})
    project = {"PROJECTID": "P1", "NAME": "Old", "PROJECTCATEGORY": "Contract", "CUSTOMERID": theirs}
    house.seed_intacct("PROJECT", project)
    await house.poll()
    (arrived,) = house.salesforce.state.records("ia_crm__Project__c")
    assert arrived["ia_crm__Account__c"] == winner
