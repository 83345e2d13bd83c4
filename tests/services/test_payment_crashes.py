"""Payments when something goes wrong in the middle: whoever dies, is late or gets no answer, Intacct has each once."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from decimal import Decimal

import pytest

from app.domain.records import Lane
from app.services import operations, payment_decisions, runner, sweeper
from app.services.payment_decisions import REJECT, Decider
from app.simulators.faults import Fault, FaultKind
from app.store.session import Sessions
from tests.scenarios.till import INVOICE, P, Till
from tests.services.steps import Crash, Steps, crash, stepped
from tests.simulated import build_house

LADDER = 1200.0
ANN = Decider("key-1", "till", "ann", "c")


@pytest.fixture
async def till(sessions: Sessions, new_id: Callable[[], str]) -> Till:
    """An open till."""
    return await Till(await build_house(sessions, new_id)).opened()


async def later(till: Till, seconds: float = LADDER) -> None:
    """Time passes in leaps, the sweeper and the workers at it."""
    while seconds > 0:
        till.house.clock.advance(150)
        seconds -= 150
        await sweeper.sweep(till.house.context)
        await till.house.drain()


async def struck(till: Till, at: int, then: Callable[[], Awaitable[None]], payment: str) -> int:
    """Sync a payment and do something at one step of the run; how many steps there were."""
    await till.house.wish("ar_payment", [payment])
    steps = Steps(at, then)
    with suppress(Crash):
        await runner.drain(stepped(till.house.context, steps), till.house.connection.id, Lane.INTERACTIVE)
    await till.balanced()
    return steps.count


async def decided(till: Till) -> int:
    """A person has every held payment sent if it is not there; how many there were."""
    held = [row for row in (await till.rows()).values() if row.state == "held"]
    for row in held:
        await operations.retry(till.house.context, till.house.connection.id, str(row.operation_id), "test")
    await till.house.drain()
    await later(till)
    return len(held)


async def test_crash_at_any_step_leaves_each_payment_in_intacct_once(till: Till) -> None:
    payments: list[str] = []
    while True:
        payments.append(till.payment((till.invoice("10.00"), "10.00")))
        if await struck(till, len(payments), crash, payments[-1]) < len(payments):
            break
    assert len(payments) > 20
    await later(till)
    await till.balanced()
    states = [(await till.row(payment)).state for payment in payments]
    assert set(states) <= {"posted", "held"}
    assert 0 < states.count("held") < 5, "only a crash between intent and answer needs a person"
    assert len(till.house.ia("ARPYMT")) == states.count("posted")
    await decided(till)
    assert {(await till.row(payment)).state for payment in payments} == {"posted"}
    assert len(till.house.ia("ARPYMT")) == len(payments)
    assert till.posted() == Decimal(10 * len(payments))
    assert await till.taken() == {}
    await till.balanced()


async def test_lost_answer_is_looked_up_and_the_payment_stands_once(till: Till) -> None:
    payment = till.payment((till.invoice(), "60.00"))
    till.house.intacct.state.faults.add(Fault(FaultKind.RESET_AFTER_COMMIT, match="create:ARPYMT"))
    (done,) = await till.pay(payment)
    assert (done.state, done.reason) == ("waiting", "outcome_unknown")
    assert ((await till.row(payment)).state, len(await till.taken())) == ("posting", 1)
    await later(till)
    assert ((await till.row(payment)).state, await till.taken()) == ("posted", {})
    assert (len(till.house.ia("ARPYMT")), till.posted()) == (1, Decimal(60))
    await till.balanced()


async def test_payment_that_is_not_found_is_held_and_never_sent_again_by_itself(till: Till) -> None:
    payment = till.payment((till.invoice(), "60.00"))
    till.house.intacct.state.faults.add(Fault(FaultKind.RESET_BEFORE_COMMIT, match="create:ARPYMT"))
    await till.pay(payment)
    await later(till, 7200)
    assert ((await till.row(payment)).state, till.house.ia("ARPYMT"), len(await till.taken())) == ("held", [], 1)
    assert await decided(till) == 1
    assert ((await till.row(payment)).state, len(till.house.ia("ARPYMT"))) == ("posted", 1)
    await till.balanced()


async def test_payment_with_a_reference_of_its_own_is_held_when_one_like_it_stands(till: Till) -> None:
    payment = till.payment((till.invoice(), "60.00"), Reference_Number="CHK-1")
    till.house.intacct.state.faults.add(Fault(FaultKind.RESET_AFTER_COMMIT, match="create:ARPYMT"))
    await till.pay(payment)
    await later(till)
    row = await till.row(payment)
    assert (row.state, row.reason, len(till.house.ia("ARPYMT"))) == ("held", "held_for_a_person", 1)


async def test_held_payment_that_stands_under_its_own_reference_is_posted_once_a_person_releases_it(till: Till) -> None:
    payment = till.payment((till.invoice(), "60.00"), Reference_Number="CHK-1")
    till.house.intacct.state.faults.add(Fault(FaultKind.RESET_AFTER_COMMIT, match="create:ARPYMT"))
    await till.pay(payment)
    await later(till)
    assert await decided(till) == 1
    assert ((await till.row(payment)).state, len(till.house.ia("ARPYMT"))) == ("posted", 1)
    await till.balanced()


async def test_payment_linked_to_another_record_is_not_taken_for_one_that_is_like_it(till: Till) -> None:
    invoice = till.invoice()
    first = till.payment((invoice, "30.00"), Reference_Number="CHK-1")
    await till.pay(first)
    second = till.payment((invoice, "30.00"), Reference_Number="CHK-1")
    till.house.intacct.state.faults.add(Fault(FaultKind.RESET_BEFORE_COMMIT, match="create:ARPYMT"))
    await till.pay(second)
    await later(till, 7200)
    assert await decided(till) == 1
    assert [(await till.row(one)).state for one in (first, second)] == ["posted", "posted"]
    assert len({(await till.row(one)).intacct_key for one in (first, second)}) == len(till.house.ia("ARPYMT")) == 2
    await till.balanced()


async def test_released_payment_is_not_sent_again_while_several_like_it_stand(till: Till) -> None:
    invoice = till.invoice()
    payment = till.payment((invoice, "30.00"), Reference_Number="CHK-1")
    till.house.intacct.state.faults.add(Fault(FaultKind.RESET_AFTER_COMMIT, match="create:ARPYMT"))
    await till.pay(payment)
    number = int(till.house.sf(INVOICE, invoice)[f"{P}AR_Record_Key__c"])
    till.house.intacct.state.pay(number, "30.00", DOCNUMBER="CHK-1", RECEIPTDATE="02/01/2026")
    await later(till)
    assert await decided(till) == 1
    assert ((await till.row(payment)).state, len(till.house.ia("ARPYMT"))) == ("held", 2)


async def test_our_key_in_a_custom_field_finds_a_payment_with_a_reference_of_its_own(till: Till) -> None:
    till.house.intacct.state.configure({"custom_fields": {"ARPYMT": ["SFDC_ID"]}})
    till.house.clock.advance(4000)
    payment = till.payment((till.invoice(), "60.00"), Reference_Number="CHK-1")
    till.house.intacct.state.faults.add(Fault(FaultKind.RESET_AFTER_COMMIT, match="create:ARPYMT"))
    await till.pay(payment)
    await later(till)
    assert ((await till.row(payment)).state, len(till.house.ia("ARPYMT"))) == ("posted", 1)


async def test_batch_whose_answer_is_cut_posts_each_payment_once(till: Till) -> None:
    payments = [till.payment((till.invoice("10.00"), "10.00")) for _ in range(30)]
    till.house.intacct.state.faults.add(Fault(FaultKind.TRUNCATED, match="create:ARPYMT"))
    await till.pay(*payments)
    await later(till)
    assert {row.state for row in (await till.rows()).values()} == {"posted"}
    assert (len(till.house.ia("ARPYMT")), till.posted()) == (30, Decimal(300))
    await till.balanced()


async def test_answer_that_breaks_off_in_mid_batch_holds_only_what_is_unclear(till: Till) -> None:
    payments = [till.payment((till.invoice("10.00"), "10.00")) for _ in range(12)]
    till.house.intacct.state.faults.add(Fault(FaultKind.NO_STATUS, match="create:ARPYMT", skip=4))
    await till.pay(*payments)
    await later(till)
    assert {row.state for row in (await till.rows()).values()} == {"posted"}
    assert (len(till.house.ia("ARPYMT")), till.posted()) == (12, Decimal(120))


async def test_worker_that_slept_past_its_lease_sends_nothing(till: Till) -> None:
    async def sleep() -> None:
        till.house.clock.advance(300)

    payments: list[str] = []
    while True:
        payments.append(till.payment((till.invoice("10.00"), "10.00")))
        if await struck(till, len(payments), sleep, payments[-1]) < len(payments):
            break
    await later(till)
    await decided(till)
    assert {(await till.row(payment)).state for payment in payments} == {"posted"}
    assert (len(till.house.ia("ARPYMT")), till.posted()) == (len(payments), Decimal(10 * len(payments)))
    await till.balanced()


async def test_payment_a_person_has_rejected_stays_rejected_when_its_record_is_asked_for_again(till: Till) -> None:
    payment, other = till.payment((till.invoice(), "60.00")), till.payment((till.invoice(), "10.00"))
    till.house.intacct.state.faults.add(Fault(FaultKind.RESET_BEFORE_COMMIT, match="create:ARPYMT"))
    await till.pay(payment)
    await later(till, 7200)
    row = await till.row(payment)
    await payment_decisions.decide(till.house.context, till.house.connection, row.id, REJECT, ANN, "not there")
    await till.pay(payment, other)
    assert [(await till.row(one)).state for one in (payment, other)] == ["rejected", "posted"]
    await till.balanced()
