"""Mappings that run by the clock find what is in no entry yet, and nothing else."""

from collections.abc import Callable

import pytest

from app.services import building_schedule
from app.simulators.salesforce.flags import OrgFlags
from app.store.session import Sessions
from tests.scenarios.ledger import Ledger
from tests.simulated import build_house


@pytest.fixture
async def ledger(sessions: Sessions, new_id: Callable[[], str]) -> Ledger:
    """An NPSP org."""
    return await Ledger(await build_house(sessions, new_id, flags=OrgFlags(kind="npsp"))).opened()


def gift(ledger: Ledger, amount: float, *, paid: bool = True) -> None:
    """An opportunity with one payment."""
    won = {"Name": "Gift", "StageName": "Closed Won", "CloseDate": "2026-03-01"}
    (opportunity,) = ledger.house.seed("Opportunity", won)
    payment = {"npe01__Opportunity__c": opportunity, "npe01__Payment_Amount__c": amount, "npe01__Paid__c": paid}
    ledger.house.seed("npe01__OppPayment__c", payment)


async def run(ledger: Ledger) -> int:
    """One turn of the clock, and the workers after it."""
    built = await building_schedule.run_due(ledger.house.context)
    await ledger.house.drain()
    return built


async def test_marked_mapping_takes_each_paid_payment_once(ledger: Ledger) -> None:
    await ledger.mapped("Payments", scheduled=True)
    gift(ledger, 10)
    gift(ledger, 20, paid=False)
    assert (await run(ledger), await run(ledger)) == (1, 0)
    gift(ledger, 30)
    assert await run(ledger) == 1
    assert [amount for account, _, amount in ledger.posted() if account == "1000"] == ["10.00", "30.00"]


async def test_other_mappings_do_not_run_by_the_clock(ledger: Ledger) -> None:
    await ledger.mapped("Payments")
    gift(ledger, 10)
    assert (await run(ledger), ledger.posted()) == (0, [])


async def test_mapping_that_cannot_run_does_not_stop_the_others(ledger: Ledger) -> None:
    await ledger.mapped("Payments", name="A broken one", scheduled=True, debit_field="Nowhere__c")
    await ledger.mapped("Payments", scheduled=True)
    gift(ledger, 10)
    assert await run(ledger) == 1
