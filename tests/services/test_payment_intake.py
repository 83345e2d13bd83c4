"""Payments handed in are taken once, judged one by one, and brought to Salesforce whatever stops on the way."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import col, select

from app.domain.errors import SyncError
from app.domain.payment_wish import PaymentWish, WishedDetail, WishedExcess
from app.domain.payments import PaymentState
from app.domain.records import Lane
from app.services import payment_decisions, payment_delivery, payment_grant, payment_intake, payments, sweeper
from app.services.payment_decisions import REJECT, RELEASE, Decider
from app.services.payment_intake import Asked, Taken
from app.simulators.faults import Fault, FaultKind
from app.store import payments as store
from app.store.payment_tables import Payment
from app.store.session import Sessions
from app.store.tables import Binding, Connection, Operation
from tests.services.steps import Crash, Steps, crash, stepped
from tests.simulated import House, build_house

HEADER, LINE = "ia_crm__AR_Payment__c", "ia_crm__AR_Payment_Line__c"
ASKED = Asked("apex", "correlation", "a key")
ANN, BOB = Decider("key-1", "till", "ann", "c"), Decider("key-2", "office", "bob", "c")


class Till:
    """A house whose connection may take payments, with one account and two invoices."""

    def __init__(self, house: House, account: str, invoices: list[str]) -> None:
        self.house, self.account, self.invoices = house, account, invoices

    async def take(self, *wishes: PaymentWish, asked: Asked = ASKED) -> tuple[Taken, ...]:
        """Hand payments in."""
        return await payment_intake.take(self.house.context, self.house.connection, wishes, asked)

    async def deliver(self) -> int:
        """Bring what is due to Salesforce."""
        return await payment_delivery.deliver(self.house.context, self.house.connection.id, Lane.BULK)

    def wish(self, name: str, *amounts: str, **more: Any) -> PaymentWish:
        """A sound payment of 10.00 EUR, or of the given amounts, one per invoice."""
        parts = [Decimal(amount) for amount in amounts or ("10.00",)]
        paid = zip(parts, self.invoices, strict=False)
        details = tuple(WishedDetail(amount, invoice) for amount, invoice in paid)
        given: dict[str, Any] = {
            "external_id": name,
            "currency": "EUR",
            "amount": sum(parts, Decimal(0)),
            "received_on": date(2026, 3, 4),
            "method": "EFT",
            "details": details,
            "account_id": self.account,
            "bank_account_id": "BOA",
        }
        return PaymentWish(**given | more)

    async def rows(self) -> list[Payment]:
        """All payments."""
        async with self.house.context.begin() as session:
            return list(await session.exec(select(Payment).order_by(col(Payment.external_id))))

    async def hold(self, payment_id: str) -> None:
        """Let a payment be held."""
        async with self.house.context.begin() as session:
            row = await store.by_id(session, self.house.connection.id, payment_id)
            assert row is not None
            store.move(session, row, PaymentState.HELD, self.house.context.new_id, self.house.clock.now())

    async def balanced(self) -> bool:
        """Whether the equation holds in every currency."""
        return all(one.holds for one in await payments.balance(self.house.context, self.house.connection.id))


def link(house: House, name: str, salesforce_id: str, intacct_id: str, **base: Any) -> Binding:
    """A link as a run would have stored it."""
    now = house.clock.now()
    return Binding(
        id=house.context.new_id(),
        connection_id=house.connection.id,
        object=name,
        salesforce_id=salesforce_id,
        intacct_id=intacct_id,
        intacct_key=f"key of {intacct_id}",
        how="created",
        base=base,
        created_at=now,
        updated_at=now,
    )


@pytest.fixture
async def till(sessions: Sessions, new_id: Callable[[], str]) -> Till:
    house = await build_house(sessions, new_id)
    [account] = house.seed("Account", {"Name": "Acme"})
    invoices = house.seed("ia_crm__Sales_Invoice__c", *({"Name": f"SI-{n}"} for n in (1, 2)))
    async with house.context.begin() as session:
        session.add(link(house, "account", account, "C-1"))
        facts = {"CUSTOMERID": "C-1", "CURRENCY": "EUR", "TRX_TOTALENTERED": "100.00"}
        for number, invoice in enumerate(invoices, 1):
            session.add(link(house, "invoice", invoice, f"Sales Invoice-SI-{number}", **facts))
    await payment_grant.grant(house.context, house.connection.id, "case 4711", "a key")
    async with house.context.begin() as session:
        house.connection = await session.get_one(Connection, house.connection.id)
    return Till(house, account, invoices)


async def test_nothing_is_taken_before_payments_are_granted(till: Till) -> None:
    await payment_grant.withdraw(till.house.context, till.house.connection.id)
    async with till.house.context.begin() as session:
        bare = await session.get_one(Connection, till.house.connection.id)
    with pytest.raises(SyncError) as refused:
        await payment_intake.take(till.house.context, bare, [till.wish("p")], ASKED)
    assert (refused.value.code, await till.rows()) == ("payments_not_granted", [])


async def test_the_same_payment_again_is_the_same_payment(till: Till) -> None:
    (first,) = await till.take(till.wish("p"))
    (again,) = await till.take(till.wish("p", amount=Decimal("10")))
    assert first.payment is not None
    assert again.payment is not None
    assert (first.replayed, again.replayed, again.payment.id) == (False, True, first.payment.id)
    assert len(await till.rows()) == 1


async def test_another_body_under_a_known_name_is_refused_and_told_where_it_differs(till: Till) -> None:
    await till.take(till.wish("p"))
    (other,) = await till.take(till.wish("p", "11.00", method="Cash"))
    (problem,) = other.problems
    assert (problem.code, other.payment) == ("external_id_reused", None)
    assert "amount, details, method" in problem.message
    assert [row.amount for row in await till.rows()] == [1000]


async def test_fifty_equal_requests_at_once_are_one_payment(till: Till) -> None:
    answers = await asyncio.gather(*(till.take(till.wish("p"), till.wish("q")) for _ in range(50)))
    ids = {(one.external_id, one.payment.id) for taken in answers for one in taken if one.payment is not None}
    assert len(ids) == len(await till.rows()) == 2
    assert sum(not one.replayed for taken in answers for one in taken) == 2
    assert await till.balanced()


async def test_one_bad_payment_does_not_stop_the_others(till: Till) -> None:
    taken = await till.take(till.wish("a"), till.wish("b", amount=Decimal("99")), till.wish("c"), till.wish("a"))
    assert [[p.code for p in one.problems] for one in taken] == [[], ["details_do_not_add_up"], [], []]
    assert [one.replayed for one in taken] == [False, False, False, True]
    assert [row.external_id for row in await till.rows()] == ["a", "c"]


async def test_a_refused_name_is_free_for_the_corrected_payment(till: Till) -> None:
    await till.take(till.wish("p", amount=Decimal("99")))
    (taken,) = await till.take(till.wish("p"))
    assert taken.problems == ()


async def test_a_repeated_request_is_judged_as_it_was(till: Till) -> None:
    asked = replace(ASKED, request_id="r")
    unknown = till.wish("p", details=(WishedDetail(Decimal("10.00"), document_id="Sales Invoice-SI-9"),))
    await till.take(unknown, asked=asked)
    async with till.house.context.begin() as session:
        session.add(link(till.house, "invoice", "a51000000000009AAA", "Sales Invoice-SI-9"))
    (again,) = await till.take(unknown, asked=asked)
    assert [problem.code for problem in again.problems] == ["invoice_unknown"]
    (anew,) = await till.take(unknown, asked=replace(ASKED, request_id="s"))
    assert anew.problems == ()


async def test_another_request_under_the_same_request_id_is_refused(till: Till) -> None:
    asked = replace(ASKED, request_id="r")
    await till.take(till.wish("p"), asked=asked)
    with pytest.raises(SyncError) as refused:
        await till.take(till.wish("q"), asked=asked)
    assert refused.value.code == "request_id_reused"


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("amount_not_positive", {"amount": Decimal(0)}),
    ("too_many_digits", {"amount": Decimal("10.001")}),
    ("too_many_digits", {"currency": "JPY", "amount": Decimal("10.5")}),
    ("details_do_not_add_up", {"amount": Decimal("10.01")}),
    ("deposit_account_invalid", {"undeposited_funds_account": "1050"}),
    ("deposit_account_missing", {"bank_account_id": None}),
    ("payment_currency_differs", {"currency": "USD"}),
    ("payment_currency_differs", {"base_amount": Decimal(9)}),
    ("customer_unknown", {"account_id": None, "customer_id": "C-9"}),
    ("overpayment", {"overpayment": WishedExcess(Decimal(1))}),
]


@pytest.mark.parametrize(("code", "more"), WRONG, ids=lambda value: value if isinstance(value, str) else "")
async def test_each_breach_has_its_own_code(till: Till, code: str, more: dict[str, Any]) -> None:
    (taken,) = await till.take(till.wish("p", **more))
    assert code in [problem.code for problem in taken.problems]
    assert (taken.payment, await till.rows()) == (None, [])


async def test_an_org_with_one_currency_takes_no_other(till: Till) -> None:
    async with till.house.context.begin() as session:
        home = await session.get_one(Connection, till.house.connection.id)
        home.pins = {"multiCurrency": False}
    till.house.connection = home
    unknown_invoice = (WishedDetail(Decimal("10.00"), "a51000000000001AAA"),)
    (taken,) = await till.take(till.wish("p", details=unknown_invoice))
    assert [(p.code, p.field) for p in taken.problems] == [("payment_currency_differs", "currencyCode")]
    (taken,) = await till.take(till.wish("p", details=unknown_invoice, currency="USD"))
    assert taken.problems == ()


async def test_more_than_the_whole_invoice_is_refused_at_once(till: Till) -> None:
    (taken,) = await till.take(till.wish("p", "100.01"))
    assert [(p.code, p.field) for p in taken.problems] == [("overpayment", "details.0.amount")]


async def test_an_invoice_of_another_customer_is_refused_at_once(till: Till) -> None:
    async with till.house.context.begin() as session:
        session.add(link(till.house, "account", "001000000000099AAA", "C-2"))
    (taken,) = await till.take(till.wish("p", account_id="001000000000099AAA"))
    assert [problem.code for problem in taken.problems] == ["invoice_of_other_customer"]


async def test_an_invoice_named_twice_is_refused(till: Till) -> None:
    twice = (WishedDetail(Decimal(5), till.invoices[0]), WishedDetail(Decimal(5), till.invoices[0]))
    (taken,) = await till.take(till.wish("p", details=twice))
    assert [problem.code for problem in taken.problems] == ["invoice_named_twice"]


async def test_delivery_makes_header_and_lines_and_wishes_them_once(till: Till) -> None:
    await till.take(till.wish("p", "10.00", "20.00", reference="R-1"))
    assert (await till.deliver(), await till.deliver()) == (1, 0)
    (header,), lines = till.house.salesforce.state.records(HEADER), till.house.salesforce.state.records(LINE)
    (row,) = await till.rows()
    assert (header["ia_crm__Payment_Key__c"], header["Id"], row.due_at) == (row.id, row.salesforce_id, None)
    assert (str(header["ia_crm__Amount__c"]), header["ia_crm__Reference_Number__c"]) == ("30.0", "R-1")
    assert [(line["ia_crm__AR_Payment__c"], line["ia_crm__Sales_Invoice__c"]) for line in lines] == [
        (header["Id"], invoice) for invoice in till.invoices
    ]
    operation = await till.house.operation(str(row.operation_id))
    assert (operation.object, operation.record_id, operation.lane) == ("ar_payment", header["Id"], "interactive")


async def test_a_delivery_that_stops_anywhere_is_finished_by_the_next_with_nothing_twice(till: Till) -> None:
    stops = 0
    while True:
        await till.take(till.wish(f"p{stops}", "10.00", "20.00"))
        steps = Steps(stops + 1, crash)
        try:
            context = stepped(till.house.context, steps)
            await payment_delivery.deliver(context, till.house.connection.id, Lane.BULK)
        except Crash:
            stops += 1
            till.house.clock.advance(till.house.context.lease_seconds + 1)
            await till.deliver()
            continue
        break
    rows, headers = await till.rows(), till.house.salesforce.state.records(HEADER)
    assert stops >= 8
    assert {row.salesforce_id for row in rows} == {header["Id"] for header in headers}
    assert (len(headers), len(till.house.salesforce.state.records(LINE))) == (len(rows), 2 * len(rows))
    async with till.house.context.begin() as session:
        operations = list(await session.exec(select(Operation.record_id)))
    assert sorted(operations) == sorted(header["Id"] for header in headers)
    assert await till.balanced()


@pytest.mark.parametrize("kind", [HEADER, LINE])
@pytest.mark.parametrize("fault", [FaultKind.RESET_AFTER_COMMIT, FaultKind.RESET_BEFORE_COMMIT])
async def test_a_lost_answer_is_made_good_by_the_same_again(till: Till, kind: str, fault: FaultKind) -> None:
    await till.take(till.wish("p"))
    till.house.salesforce.state.faults.add(Fault(fault, match=f"collections.upsert:{kind}"))
    await till.deliver()
    (row,) = await till.rows()
    assert (row.state, row.operation_id) == ("received", None)
    till.house.clock.advance(60)
    await sweeper.sweep(till.house.context)
    assert (till.house.connection.id, Lane.BULK) in till.house.bell.rings
    await till.deliver()
    assert len(till.house.salesforce.state.records(HEADER)) == len(till.house.salesforce.state.records(LINE)) == 1
    (row,) = await till.rows()
    assert row.operation_id is not None


async def test_what_salesforce_refuses_is_rejected_with_its_reason_and_can_be_tried_again(till: Till) -> None:
    await till.take(till.wish("p", details=(WishedDetail(Decimal("10.00"), "a51000000000001AAA"),)))
    await till.deliver()
    (row,) = await till.rows()
    assert (row.state, row.due_at, row.operation_id) == ("rejected", None, None)
    assert row.reason
    await payment_decisions.retry(till.house.context, till.house.connection, row.id, ANN)
    (row,) = await till.rows()
    assert (row.state, row.due_at is None) == ("received", False)
    assert await till.balanced()


async def test_a_cancelled_payment_is_never_delivered(till: Till) -> None:
    (taken,) = await till.take(till.wish("p"))
    assert taken.payment is not None
    await payment_decisions.cancel(till.house.context, till.house.connection, taken.payment.id, ANN, "entered twice")
    assert await till.deliver() == 0
    history = await payments.get(till.house.context, till.house.connection.id, taken.payment.id)
    assert history is not None
    assert [(e.before, e.after, e.by) for e in history.entries][-1] == ("received", "cancelled", "ann (till)")
    assert await till.balanced()


async def test_a_payment_cancelled_while_it_is_delivered_is_not_wished(till: Till) -> None:
    (taken,) = await till.take(till.wish("p"))
    assert taken.payment is not None
    payment_id = taken.payment.id

    async def cancel() -> None:
        await payment_decisions.cancel(till.house.context, till.house.connection, payment_id, ANN, "no")

    steps = Steps(4, cancel)
    await payment_delivery.deliver(stepped(till.house.context, steps), till.house.connection.id, Lane.BULK)
    (row,) = await till.rows()
    assert (row.state, row.operation_id) == ("cancelled", None)


async def test_a_held_payment_cannot_be_cancelled_or_tried_again(till: Till) -> None:
    (taken,) = await till.take(till.wish("p"))
    assert taken.payment is not None
    await till.deliver()
    await till.hold(taken.payment.id)
    for act in (
        payment_decisions.cancel(till.house.context, till.house.connection, taken.payment.id, ANN, "no"),
        payment_decisions.retry(till.house.context, till.house.connection, taken.payment.id, ANN),
    ):
        with pytest.raises(SyncError) as refused:
            await act
        assert refused.value.code == "payment_state"


async def test_rejecting_a_held_payment_ends_its_operation(till: Till) -> None:
    (taken,) = await till.take(till.wish("p"))
    assert taken.payment is not None
    await till.deliver()
    await till.hold(taken.payment.id)
    await payment_decisions.decide(
        till.house.context, till.house.connection, taken.payment.id, REJECT, ANN, "not in the bank"
    )
    (row,) = await till.rows()
    assert (row.state, row.reason) == ("rejected", "rejected_by_person")
    assert (await till.house.operation(str(row.operation_id))).state == "cancelled"


async def test_a_released_payment_is_due_again(till: Till) -> None:
    (taken,) = await till.take(till.wish("p"))
    assert taken.payment is not None
    await till.deliver()
    await till.hold(taken.payment.id)
    await payment_decisions.decide(
        till.house.context, till.house.connection, taken.payment.id, RELEASE, ANN, "looked into Intacct: not there"
    )
    (row,) = await till.rows()
    assert (row.state, row.reason) == ("posting", "released")
    assert (await till.house.operation(str(row.operation_id))).state == "queued"
    assert await till.balanced()


async def test_a_payment_is_seen_by_its_own_connection_only(till: Till) -> None:
    (taken,) = await till.take(till.wish("p"))
    assert taken.payment is not None
    assert await payments.get(till.house.context, "another", taken.payment.id) is None
    assert (await payments.balance(till.house.context, "another")) == []
