"""Reversal of posted payments: asked for once, carried out once, seen on both sides, whoever does it."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest

from app.domain.errors import SyncError
from app.domain.records import Lane
from app.services import operations, payment_reversal, runner, sweeper
from app.simulators.faults import Fault, FaultKind
from app.store.payment_tables import Payment
from app.store.session import Sessions
from tests.scenarios.till import PAYMENT, P, Till
from tests.services.steps import Crash, Steps, crash, stepped
from tests.simulated import build_house

DAY = date(2026, 2, 20)


@pytest.fixture
async def till(sessions: Sessions, new_id: Callable[[], str]) -> Till:
    """An open till."""
    return await Till(await build_house(sessions, new_id)).opened()


async def posted(till: Till, amount: str = "60.00") -> tuple[str, str]:
    """A posted payment: its Salesforce id and its invoice."""
    invoice = till.invoice(amount)
    payment = till.payment((invoice, amount))
    await till.pay(payment)
    return payment, invoice


async def ask(till: Till, payment: str, on: date = DAY) -> Payment:
    """Ask for a reversal."""
    house, row = till.house, await till.row(payment)
    asked = await payment_reversal.reverse(house.context, house.connection.id, row.id, on, "Bounced", "ann")
    assert asked is not None
    return asked


async def later(till: Till) -> None:
    """Time passes in leaps."""
    for _ in range(9):
        till.house.clock.advance(150)
        await sweeper.sweep(till.house.context)
        await till.house.drain()


async def test_reversal_gives_the_invoice_its_balance_back_and_salesforce_sees_it(till: Till) -> None:
    payment, invoice = await posted(till)
    assert (await ask(till, payment)).reversal == "asked"
    await till.house.drain()
    row = await till.row(payment)
    assert (row.state, row.reversal, till.due(invoice)) == ("posted", "reversed", "60.00")
    assert till.house.sf(PAYMENT, payment)[f"{P}Intacct_State__c"] == "Reversed"
    (twin,) = till.house.ia("ARPYMT")
    assert (twin["REVERSALDATE"], twin["DESCRIPTION"], till.posted()) == ("02/20/2026", "Bounced", Decimal(0))
    await till.balanced()
    (again,) = await till.pay(payment)
    assert again.result in ("unchanged", "updated")
    assert len(till.house.ia("ARPYMT")) == 1


@pytest.mark.parametrize("code", ["payment_reversed", "reversal_under_way", "payment_not_posted", "reversal_too_early"])
async def test_what_cannot_be_reversed_is_refused(till: Till, code: str) -> None:
    if code == "payment_not_posted":
        payment = till.payment((till.invoice("5"), "6"))
        await till.pay(payment)
    else:
        payment, _ = await posted(till)
    if code in ("payment_reversed", "reversal_under_way"):
        await ask(till, payment)
    if code == "payment_reversed":
        await till.house.drain()
    with pytest.raises(SyncError) as refused:
        await ask(till, payment, date(2026, 1, 1) if code == "reversal_too_early" else DAY)
    assert refused.value.code == code


async def test_reversal_that_intacct_refuses_may_be_asked_for_anew(till: Till) -> None:
    payment, _ = await posted(till)
    till.house.intacct.state.configure({"books_open_from": "2026-03-01"})
    await ask(till, payment)
    await till.house.drain()
    row = await till.row(payment)
    assert (row.state, row.reversal, row.reason) == ("posted", "none", "period_closed")
    await ask(till, payment, date(2026, 3, 2))
    await till.house.drain()
    assert (await till.row(payment)).reversal == "reversed"
    await till.balanced()


async def test_lost_answer_of_a_reversal_is_read_from_the_state_of_the_payment(till: Till) -> None:
    payment, _ = await posted(till)
    till.house.intacct.state.faults.add(Fault(FaultKind.RESET_AFTER_COMMIT, match="reverse_arpayment"))
    await ask(till, payment)
    await till.house.drain()
    assert (await till.row(payment)).reversal == "reversing"
    await later(till)
    assert ((await till.row(payment)).reversal, till.posted()) == ("reversed", Decimal(0))
    await till.balanced()


async def test_reversal_that_was_not_carried_out_is_held_for_a_person(till: Till) -> None:
    payment, _ = await posted(till)
    till.house.intacct.state.faults.add(Fault(FaultKind.RESET_BEFORE_COMMIT, match="reverse_arpayment"))
    await ask(till, payment)
    await till.house.drain()
    await later(till)
    row = await till.row(payment)
    assert (row.state, row.reversal) == ("posted", "held")
    await operations.retry(till.house.context, till.house.connection.id, str(row.operation_id), "test")
    await till.house.drain()
    assert ((await till.row(payment)).reversal, till.posted()) == ("reversed", Decimal(0))


async def test_crash_at_any_step_of_a_reversal_reverses_once(till: Till) -> None:
    payments: list[str] = []
    while True:
        payment, _ = await posted(till, "10.00")
        payments.append(payment)
        await ask(till, payment)
        steps = Steps(len(payments), crash)
        with suppress(Crash):
            await runner.drain(stepped(till.house.context, steps), till.house.connection.id, Lane.INTERACTIVE)
        if steps.count < len(payments):
            break
    await later(till)
    rows = await till.rows()
    for row in (row for row in rows.values() if row.reversal == "held"):
        await operations.retry(till.house.context, till.house.connection.id, str(row.operation_id), "test")
    await till.house.drain()
    await later(till)
    assert {row.reversal for row in (await till.rows()).values()} == {"reversed"}
    reversals = [one for one in till.house.intacct.state.company.cashbook.lines if one.what == "reversed"]
    assert (len(reversals), till.posted()) == (len(payments), Decimal(0))
    await till.balanced()
