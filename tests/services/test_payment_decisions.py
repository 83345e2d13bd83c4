"""Two people decide on a held payment where the option asks for it, and no other door leads round them."""

from collections.abc import Callable

import pytest

from app.domain.errors import SyncError
from app.domain.payments import PaymentState
from app.domain.records import Lane
from app.services import operations, payment_decisions, payment_delivery, payments
from app.services.payment_decisions import REJECT, RELEASE, Decider
from app.simulators.faults import Fault, FaultKind
from app.store import payments as store
from app.store.payment_tables import Payment
from app.store.session import Sessions
from app.store.tables import Operation
from tests.scenarios.counter import Counter
from tests.scenarios.listed import switch_on
from tests.scenarios.till import LINE, PAYMENT, Till
from tests.services.steps import Crash, Steps, crash, stepped
from tests.simulated import build_house

ANN, BOB = Decider("key-1", "till", "ann", "c"), Decider("key-2", "office", "bob", "c")
ANN_ELSEWHERE = Decider("key-2", "office", "ann", "c")


@pytest.fixture
async def counter(sessions: Sessions, new_id: Callable[[], str]) -> Counter:
    """A till with a counter, where two people decide."""
    counter = Counter(await Till(await build_house(sessions, new_id)).opened())
    await switch_on(counter.house, ar_payment={"fourEyes": True})
    return counter


async def held(counter: Counter) -> Payment:
    """A payment that was delivered and is held, its operation too."""
    await counter.take(counter.wish("p", (counter.till.invoice(), "5.00")))
    await counter.deliver()
    house = counter.house
    async with house.context.begin() as session:
        (row,) = (await store.by_external_ids(session, house.connection.id, "api", ["p"])).values()
        store.move(session, row, PaymentState.HELD, house.context.new_id, house.clock.now())
        operation = await session.get_one(Operation, row.operation_id)
        operation.state, operation.due_at = "held", None
    return row


async def decided(counter: Counter, word: str, who: Decider, note: str = "seen") -> str:
    """Decide, and the state of the payment then."""
    house = counter.house
    row = (await counter.rows())["p"]
    done = await payment_decisions.decide(house.context, house.connection, row.id, word, who, note)
    assert done is not None
    return done.state


async def test_the_first_proposes_and_another_person_carries_it_out(counter: Counter) -> None:
    row = await held(counter)
    assert await decided(counter, RELEASE, ANN, "not in the bank list") == "held"
    assert await decided(counter, RELEASE, BOB, "agreed") == "posting"
    history = await payments.get(counter.house.context, counter.house.connection.id, row.id)
    assert history is not None
    last = history.entries[-1]
    assert (last.note, last.by) == ("ann (till): not in the bank list; bob (office): agreed", "bob (office)")
    await counter.post()
    assert (await counter.rows())["p"].state == "posted"


@pytest.mark.parametrize("who", [ANN, ANN_ELSEWHERE, Decider("key-1", "till", "bob", "c")])
async def test_one_person_or_one_key_is_not_two(counter: Counter, who: Decider) -> None:
    await held(counter)
    await decided(counter, RELEASE, ANN)
    with pytest.raises(SyncError) as refused:
        await decided(counter, RELEASE, who)
    assert refused.value.code == "second_person_needed"
    assert (await counter.rows())["p"].state == "held"


async def test_another_decision_of_the_second_person_is_a_proposal_of_its_own(counter: Counter) -> None:
    await held(counter)
    await decided(counter, RELEASE, ANN)
    assert await decided(counter, REJECT, BOB) == "held"
    assert (await counter.rows())["p"].proposal["decision"] == REJECT
    assert await decided(counter, REJECT, ANN) == "rejected"


async def test_a_proposal_taken_back_confirms_nothing(counter: Counter) -> None:
    row = await held(counter)
    await decided(counter, RELEASE, ANN)
    await payment_decisions.withdraw(counter.house.context, counter.house.connection, row.id, ANN)
    assert await decided(counter, RELEASE, BOB) == "held"


async def test_the_operation_of_a_held_payment_is_no_way_round(counter: Counter) -> None:
    await held(counter)
    house, operation = counter.house, str((await counter.rows())["p"].operation_id)
    for act in (
        operations.retry(house.context, house.connection.id, operation, "c"),
        operations.cancel(house.context, house.connection.id, operation),
    ):
        with pytest.raises(SyncError) as refused:
            await act
        assert refused.value.code == "payment_decision_needed"
    assert (await counter.rows())["p"].state == "held"


async def test_a_record_seen_before_all_its_lines_are_there_is_not_sent(counter: Counter) -> None:
    house, stops = counter.house, 0
    while True:
        name = f"p{stops}"
        await counter.take(counter.wish(name, (counter.till.invoice(), "1.00"), (counter.till.invoice(), "2.00")))
        try:
            steps = Steps(stops + 1, crash)
            await payment_delivery.deliver(stepped(house.context, steps), house.connection.id, Lane.BULK)
            break
        except Crash:
            stops += 1
        before = len(house.ia("ARPYMT"))
        seen = [str(head["Id"]) for head in house.salesforce.state.records(PAYMENT)]
        if seen and (await counter.rows())[name].salesforce_id is None:
            await house.sync("ar_payment", *seen)  # Salesforce tells of it by itself
            assert len(house.ia("ARPYMT")) == before
        house.clock.advance(house.context.lease_seconds + 1)
        await counter.post()
    await counter.post()
    rows = await counter.rows()
    assert stops >= 8
    assert {row.state for row in rows.values()} == {"posted"}
    assert (len(house.ia("ARPYMT")), len(house.salesforce.state.records(LINE))) == (len(rows), 2 * len(rows))


async def unclear_and_rejected(counter: Counter) -> tuple[str, str]:
    """A payment whose write never arrived, held and then rejected by two people; its id and its invoice's."""
    invoice = counter.till.invoice("5.00")
    counter.house.intacct.state.faults.add(Fault(FaultKind.RESET_BEFORE_COMMIT, match="create:ARPYMT"))
    await counter.take(counter.wish("p", (invoice, "5.00")))
    await counter.post()
    await counter.house.pass_time(3600)
    for who in (ANN, BOB):
        await decided(counter, REJECT, who)
    row = (await counter.rows())["p"]
    assert (row.state, counter.house.ia("ARPYMT")) == ("rejected", [])
    return row.id, invoice


async def test_trying_a_rejected_payment_again_and_again_is_no_release(counter: Counter) -> None:
    payment_id, _ = await unclear_and_rejected(counter)
    for _ in range(3):
        await payment_decisions.retry(counter.house.context, counter.house.connection, payment_id, ANN)
    await counter.post()
    assert ((await counter.rows())["p"].state, counter.house.ia("ARPYMT")) == ("held", [])


async def test_a_release_waits_for_an_invoice_that_another_payment_has_by_now(counter: Counter) -> None:
    payment_id, invoice = await unclear_and_rejected(counter)
    await payment_decisions.retry(counter.house.context, counter.house.connection, payment_id, ANN)
    await counter.post()
    house = counter.house
    await counter.take(counter.wish("q", (invoice, "5.00")))
    async with house.context.begin() as session:
        (other,) = (await store.by_external_ids(session, house.connection.id, "api", ["q"])).values()
        wants = {other.id: [invoice]}
        assert not await store.take_all(session, house.connection.id, wants, house.context.new_id, house.clock.now())
    await decided(counter, RELEASE, ANN)
    with pytest.raises(SyncError) as refused:
        await decided(counter, RELEASE, BOB)
    assert refused.value.code == "invoice_in_flight"
    assert ((await counter.rows())["p"].state, house.ia("ARPYMT")) == ("held", [])
