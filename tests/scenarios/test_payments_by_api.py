"""A payment that a caller hands in goes by way of Salesforce into Intacct, once, whatever is lost on the way."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from app.domain.payment_wish import PaymentWish, WishedDetail
from app.domain.records import Lane
from app.services import payment_decisions, payment_delivery, payment_intake
from app.services.payment_decisions import RELEASE, Decider
from app.services.payment_intake import Asked, Taken
from app.simulators.faults import Fault, FaultKind
from app.store.session import Sessions
from tests.scenarios.till import PAYMENT, P, Till
from tests.simulated import build_house

ASKED = Asked("apex", "correlation", "a key")
ANN = Decider("key-1", "till", "ann", "c")


@pytest.fixture
async def till(sessions: Sessions, new_id: Callable[[], str]) -> Till:
    return await Till(await build_house(sessions, new_id)).opened()


def wish(till: Till, name: str, invoice: str, amount: str) -> PaymentWish:
    paid = Decimal(amount)
    details = (WishedDetail(paid, invoice),)
    return PaymentWish(name, "USD", paid, date(2026, 2, 1), "EFT", details, account_id=till.account)


async def take(till: Till, *wishes: PaymentWish) -> tuple[Taken, ...]:
    """Hand payments in and let the workers bring them to their end."""
    taken = await payment_intake.take(till.house.context, till.house.connection, wishes, ASKED)
    await payment_delivery.deliver(till.house.context, till.house.connection.id, Lane.INTERACTIVE)
    await till.house.drain()
    await till.balanced()
    return taken


async def test_it_stands_in_intacct_once_however_often_it_is_handed_in(till: Till) -> None:
    invoice = till.invoice()
    await take(till, wish(till, "p", invoice, "60.00"))
    await take(till, wish(till, "p", invoice, "60.00"))
    (posted,) = till.house.ia("ARPYMT")
    ((salesforce_id, row),) = (await till.rows()).items()
    assert (row.state, row.intacct_key, row.source) == ("posted", str(posted["RECORDNO"]), "api")
    assert till.house.sf(PAYMENT, salesforce_id)[f"{P}Intacct_Record_No__c"] == str(posted["RECORDNO"])
    assert (till.posted(), till.due(invoice)) == (Decimal("60.00"), "40.00")


async def test_a_lost_answer_of_intacct_leaves_one_payment(till: Till) -> None:
    invoice = till.invoice()
    till.house.intacct.state.faults.add(Fault(FaultKind.RESET_AFTER_COMMIT, match="create:ARPYMT"))
    await take(till, wish(till, "p", invoice, "60.00"))
    assert [row.state for row in (await till.rows()).values()] == ["posting"]
    await till.house.pass_time(60)
    await till.balanced()
    assert [row.state for row in (await till.rows()).values()] == ["posted"]
    assert (len(till.house.ia("ARPYMT")), till.due(invoice)) == (1, "40.00")


async def test_what_never_arrived_is_held_and_goes_out_once_a_person_releases_it(till: Till) -> None:
    invoice = till.invoice()
    till.house.intacct.state.faults.add(Fault(FaultKind.RESET_BEFORE_COMMIT, match="create:ARPYMT"))
    (taken,) = await take(till, wish(till, "p", invoice, "60.00"))
    await till.house.pass_time(3600)
    assert [row.state for row in (await till.rows()).values()] == ["held"]
    assert till.house.ia("ARPYMT") == []
    assert taken.payment is not None
    connection = till.house.connection
    await payment_decisions.decide(till.house.context, connection, taken.payment.id, RELEASE, ANN, "not in Intacct")
    await till.house.drain()
    await till.balanced()
    assert [row.state for row in (await till.rows()).values()] == ["posted"]
    assert (len(till.house.ia("ARPYMT")), till.due(invoice)) == (1, "40.00")


async def test_two_payments_that_together_exceed_the_invoice_are_not_both_posted(till: Till) -> None:
    invoice = till.invoice()
    await take(till, wish(till, "a", invoice, "60.00"), wish(till, "b", invoice, "60.00"))
    await till.house.pass_time(30)
    await till.balanced()
    rows = sorted((await till.rows()).values(), key=lambda row: row.state)
    assert [(row.state, row.reason) for row in rows] == [("posted", ""), ("rejected", "overpayment")]
    assert (till.posted(), till.due(invoice)) == (Decimal("60.00"), "40.00")


async def test_one_edited_in_salesforce_before_it_was_posted_is_held(till: Till) -> None:
    invoice = till.invoice()
    await payment_intake.take(till.house.context, till.house.connection, [wish(till, "p", invoice, "60.00")], ASKED)
    await payment_delivery.deliver(till.house.context, till.house.connection.id, Lane.INTERACTIVE)
    (header,) = till.house.salesforce.state.records(PAYMENT)
    await till.house.edit(PAYMENT, header["Id"], **{f"{P}Receipt_Date__c": date(2026, 2, 2)})
    await till.house.drain()
    (row,) = (await till.rows()).values()
    assert (row.state, row.reason, till.house.ia("ARPYMT")) == ("held", "differs_from_accepted", [])
    await till.balanced()


async def test_one_rejected_and_then_edited_in_salesforce_is_held_when_it_is_asked_for_again(
    till: Till,
) -> None:
    invoice = till.invoice()
    await take(till, wish(till, "p", invoice, "60.00"), wish(till, "q", invoice, "70.00"))
    await till.house.pass_time(30)
    (late,) = [row for row in (await till.rows()).values() if row.state == "rejected"]
    await till.house.edit(PAYMENT, str(late.salesforce_id), **{f"{P}Receipt_Date__c": date(2026, 2, 2)})
    await till.pay(str(late.salesforce_id))
    row = await till.row(str(late.salesforce_id))
    assert (row.state, row.reason) == ("held", "differs_from_accepted")
