"""Payments against both simulators: posted once, to the cent, with every rule held before anything is sent."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest

from app.domain.records import Errand, Lane, Record
from app.services import operations
from app.services.context import Pair
from app.services.payment_book import DIFFERS
from app.simulators.faults import Fault, FaultKind
from app.store import payments as store
from app.store.payment_tables import Payment, PaymentDetail
from app.store.session import Sessions
from app.store.tables import Connection
from app.sync.ports import Action, LineItems, Write
from tests.scenarios.listed import switch_on
from tests.scenarios.till import INVOICE, LINE, PAYMENT, P, Till
from tests.simulated import build_house


@pytest.fixture
async def till(sessions: Sessions, new_id: Callable[[], str]) -> Till:
    """An open till."""
    return await Till(await build_house(sessions, new_id)).opened()


async def test_payment_is_posted_with_its_lines_and_the_invoice_is_paid(till: Till) -> None:
    first, second = till.invoice("100.00"), till.invoice("50.00")
    payment = till.payment((first, "60.00"), (second, "50.00"))
    (done,) = await till.pay(payment)
    assert done.result == "created", done.message
    (twin,) = till.house.ia("ARPYMT")
    assert (twin["STATE"], twin["TRX_TOTALENTERED"], twin["FINANCIALENTITY"]) == ("Complete", "110.00", "BOA")
    assert (till.due(first), till.due(second)) == ("40.00", "0.00")
    row = await till.row(payment)
    assert (row.state, row.source, row.amount, row.intacct_key) == (
        "posted",
        "salesforce",
        11000,
        str(twin["RECORDNO"]),
    )
    assert [(invoice, amount) for invoice, amount, _ in await till.details()] == [(first, 6000), (second, 5000)]
    assert all(key for _, _, key in await till.details())
    head = till.house.sf(PAYMENT, payment)
    assert head[f"{P}Intacct_Record_No__c"] == str(twin["RECORDNO"])
    assert (head[f"{P}Intacct_State__c"], head[f"{P}Bank_Account__c"]) == ("Complete", "BOA")
    assert head[f"{P}Reference_Number__c"] == row.id == twin["DOCNUMBER"]
    assert all(line[f"{P}Intacct_Record_No__c"] for line in till.house.salesforce.state.records(LINE))
    (again,) = await till.pay(payment)
    assert (again.result, len(till.house.ia("ARPYMT"))) == ("unchanged", 1)


Case = tuple[str, Callable[[Till], str]]

BROKEN: tuple[Case, ...] = (
    ("details_do_not_add_up", lambda t: t.payment((t.invoice(), "60"), amount="61")),
    ("overpayment", lambda t: t.payment((t.invoice("10"), "10.01"))),
    ("no_details", lambda t: t.payment(amount="5")),
    ("invoice_of_other_customer", lambda t: t.payment((t.invoice(CUSTOMERID=t.stranger()), "5"))),
    ("payment_currency_differs", lambda t: t.payment((t.invoice(CURRENCY="EUR"), "5"))),
    ("two_currencies", lambda t: t.payment((t.invoice(CURRENCY="EUR"), "5"), (t.invoice(), "5"))),
    ("invoice_not_open", lambda t: t.payment((t.invoice(TRX_TOTALPAID="100.00"), "5"))),
    ("invoice_reversed", lambda t: t.payment((t.invoice(STATE="Reversed"), "5"))),
    ("invoice_not_found", lambda t: t.payment((t.unsynced(), "5"))),
    ("deposit_account_invalid", lambda t: t.payment((t.invoice(), "5"), Bank_Account="NOBANK")),
    ("deposit_account_invalid", lambda t: t.payment((t.invoice(), "5"), Bank_Account="A", AR_Summary="B")),
    ("details_do_not_add_up", lambda t: t.payment((t.invoice(), "5"), amount="6", Overpayment_Amount=1)),
)


@pytest.mark.parametrize(("code", "made"), BROKEN, ids=[f"{n}-{code}" for n, (code, _) in enumerate(BROKEN)])
async def test_payment_that_breaks_a_rule_is_rejected_and_nothing_is_sent(
    till: Till, code: str, made: Callable[[Till], str]
) -> None:
    payment = made(till)
    (done,) = await till.pay(payment)
    assert (done.result, done.reason) == ("failed", code), done.message
    assert (till.house.ia("ARPYMT"), await till.taken()) == ([], {})
    row = await till.row(payment)
    assert (row.state, row.reason) == ("rejected", code)
    assert row.field


async def test_amount_that_is_none_is_refused_and_is_no_money_in_the_books(till: Till) -> None:
    (done,) = await till.pay(till.payment((till.invoice(), "-5.00")))
    assert (done.reason, await till.rows()) == ("amount_not_positive", {})


async def test_closed_period_is_told_as_such(till: Till) -> None:
    till.house.intacct.state.configure({"books_open_from": "2026-03-01"})
    payment = till.payment((till.invoice(), "5"))
    (done,) = await till.pay(payment)
    assert (done.reason, (await till.row(payment)).state) == ("period_closed", "rejected")


async def test_rejected_payment_that_was_put_right_is_posted_with_its_new_amount(till: Till) -> None:
    invoice = till.invoice("10")
    payment = till.payment((invoice, "12"))
    await till.pay(payment)
    (line,) = till.house.salesforce.state.records(LINE)
    await till.house.edit(LINE, line["Id"], **{f"{P}Amount__c": 10})
    await till.house.edit(PAYMENT, payment, **{f"{P}Amount__c": 10})
    (done,) = await till.pay(payment)
    row = await till.row(payment)
    assert (done.result, row.state, row.amount, till.due(invoice)) == ("created", "posted", 1000, "0.00")
    assert [amount for _, amount, _ in await till.details()] == [1000]


async def test_without_a_grant_nothing_is_read_or_sent(sessions: Sessions, new_id: Callable[[], str]) -> None:
    till = await Till(await build_house(sessions, new_id)).opened(granted=False)
    (done,) = await till.pay(till.payment((till.invoice(), "5")))
    assert (done.result, done.reason, await till.rows()) == ("skipped", "payments_not_granted", {})


async def test_of_two_payments_racing_for_one_invoice_the_second_is_held_to_what_is_left(till: Till) -> None:
    invoice = till.invoice("100")
    first, second = till.payment((invoice, "60")), till.payment((invoice, "60"))
    one, other = await till.pay(first, second)
    assert (one.result, other.state, other.reason) == ("created", "waiting", "invoice_in_flight")
    assert (await till.row(first)).id in str(other.message)
    await till.house.pass_time(10)
    other = await till.house.operation(other.id)
    assert (other.result, other.reason, till.due(invoice)) == ("failed", "overpayment", "40.00")
    await till.balanced()


async def test_two_payments_that_fit_are_posted_one_after_the_other(till: Till) -> None:
    invoice = till.invoice("100")
    payments = till.payment((invoice, "60")), till.payment((invoice, "40"))
    await till.pay(*payments)
    await till.house.pass_time(10)
    assert ([(await till.row(p)).state for p in payments], till.due(invoice)) == (["posted", "posted"], "0.00")
    await till.balanced()


async def test_payment_on_the_invoice_of_a_held_one_waits_and_says_for_whom(till: Till) -> None:
    invoice = till.invoice("100")
    held, waiting = till.payment((invoice, "60")), till.payment((invoice, "40"))
    till.house.intacct.state.faults.add(Fault(FaultKind.RESET_BEFORE_COMMIT, match="create:ARPYMT"))
    await till.pay(held)
    await till.house.pass_time(1000)
    (done,) = await till.pay(waiting)
    assert ((await till.row(held)).state, done.reason) == ("held", "invoice_in_flight")
    assert "held for a person" in str(done.message)
    assert (await till.row(waiting)).reason == "invoice_in_flight"


async def test_cancelled_payment_is_never_posted(till: Till) -> None:
    payment = till.payment((till.invoice(), "60"))
    (item,) = await till.house.wish("ar_payment", [payment])
    till.house.intacct.state.faults.add(Fault(FaultKind.RATE_LIMIT, match="query:ARINVOICE", times=50))
    await till.house.drain()
    assert (await till.row(payment)).state == "received"
    await operations.cancel(till.house.context, till.house.connection.id, str(item.operation_id))
    (done,) = await till.pay(payment)
    assert (done.result, done.reason, (await till.row(payment)).state) == ("skipped", "payment_cancelled", "cancelled")
    assert till.house.ia("ARPYMT") == []


async def test_payment_in_another_currency_needs_base_amount_and_one_rate(
    sessions: Sessions, new_id: Callable[[], str]
) -> None:
    till = await Till(await build_house(sessions, new_id)).opened(allowCrossCurrency=True)
    till.house.intacct.state.configure({"arpymt_cross_currency": "allow_with_base_amount"})
    invoice = till.invoice(CURRENCY="EUR")
    (done,) = await till.pay(till.payment((invoice, "50")))
    assert done.reason == "base_amount_missing"
    (done,) = await till.house.sync(
        "ar_payment", till.payment((invoice, "50"), amount="55", Base_Amount=55, Exchange_Rate=1.1)
    )
    assert done.result == "created", done.message
    (twin,) = till.house.ia("ARPYMT")
    assert (twin["TRX_TOTALENTERED"], twin["TOTALENTERED"], till.due(invoice)) == ("55.00", "55.00", "50.00")


async def test_overpayment_keeps_its_excess_as_a_credit_by_option(
    sessions: Sessions, new_id: Callable[[], str]
) -> None:
    till = await Till(await build_house(sessions, new_id)).opened(allowOverpayment=True)
    await switch_on(till.house, "location", "department")
    till.house.seed_intacct("DEPARTMENT", {"DEPARTMENTID": "D1", "TITLE": "Sales"})
    await till.house.poll()
    places = till.placed()
    invoice = till.invoice("50")
    (done,) = await till.pay(till.payment((invoice, "50"), amount="60", Overpayment_Amount=10))
    assert done.reason == "overpayment_needs_location"
    (done,) = await till.pay(till.payment((invoice, "50"), amount="60", Overpayment_Amount=10, **places))
    assert done.result == "created", done.message
    assert sorted(row["TRX_TOTALENTERED"] for row in till.house.ia("ARPYMT")) == ["10.00", "60.00"]


async def test_whole_batch_costs_three_reads_more_than_its_payments(till: Till) -> None:
    await till.pay(till.payment((till.invoice("10"), "10")), origin="massTool")  # both sides are described
    payments = [till.payment((till.invoice("10"), "10")) for _ in range(50)]
    before = till.house.intacct.state.meters()["transactions"]
    await till.pay(*payments, origin="massTool")
    assert {row.state for row in (await till.rows()).values()} == {"posted"}
    assert till.house.intacct.state.meters()["transactions"] - before == 50 + 3


@dataclass
class Meddling:
    """The `Backends` port in which something happens once, right after Intacct's invoices were read."""

    inner: Any
    then: list[Callable[[], Awaitable[None]]]

    def of(self, connection: Connection, lane: Lane, errand: Errand = Errand.SYNC) -> Pair:
        """The pair, watched."""
        pair = self.inner.of(connection, lane, errand)
        return Pair(pair.salesforce, Watched(pair.intacct, self))


class Watched:
    """An Intacct client whose reads of invoices are noticed."""

    def __init__(self, inner: Any, owner: Meddling) -> None:
        self._inner, self._owner = inner, owner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def find(self, kind: str, any_of: Any, fields: Any, **more: Any) -> list[Record]:
        """Read, then let it happen."""
        found: list[Record] = await self._inner.find(kind, any_of, fields, **more)
        while kind == "ARINVOICE" and self._owner.then:
            await self._owner.then.pop()()
        return found


def meddled(till: Till, then: Callable[[], Awaitable[None]]) -> None:
    """Let something happen between the reading of invoices and the sending of payments."""
    house = till.house
    house.context = replace(house.context, backends=Meddling(house.context.backends, [then]))


async def test_invoice_made_anew_between_reading_and_sending_is_paid_under_its_new_number(till: Till) -> None:
    invoice = till.invoice("100")
    payment = till.payment((invoice, "60"))
    meddled(till, lambda: till.made_anew(invoice))
    (done,) = await till.pay(payment)
    assert (done.state, done.reason, (await till.row(payment)).state) == ("waiting", "invoice_moved", "received")
    await till.house.pass_time(10)
    assert ((await till.row(payment)).state, till.due(invoice)) == ("posted", "40.00")
    assert len(till.house.ia("ARPYMT")) == 1
    await till.balanced()


async def test_invoice_paid_by_somebody_else_between_reading_and_sending_is_not_overpaid(till: Till) -> None:
    invoice = till.invoice("100")
    payment = till.payment((invoice, "60"))

    async def pay() -> None:
        intacct = till.house.context.backends.of(till.house.connection, Lane.BULK).intacct
        values = {"CUSTOMERID": till.customer, "FINANCIALENTITY": "BOA", "PAYMENTMETHOD": "EFT", "CURRENCY": "USD"}
        key = till.house.sf(INVOICE, invoice)[f"{P}AR_Record_Key__c"]
        lines = LineItems("ARPYMTDETAILS.ARPYMTDETAIL", ({"RECORDKEY": key, "TRX_PAYMENTAMOUNT": "60"},), ())
        write = Write("ARPYMT", Action.CREATE, {**values, "RECEIPTDATE": "02/01/2026"}, "by hand", lines=lines)
        (outcome,) = await intacct.write([write])
        assert outcome.error is None, outcome.error

    meddled(till, pay)
    (done,) = await till.house.sync("ar_payment", payment)
    row = await till.row(payment)
    assert (done.reason, row.state, till.due(invoice)) == ("overpayment", "rejected", "40.00")


async def accepted(till: Till, payment: str, *shares: tuple[str, int]) -> Payment:
    """The payment as one that came by the API and was delivered."""
    now = till.house.clock.now()
    row = Payment(
        id=till.house.context.new_id(),
        connection_id=till.house.connection.id,
        source="api",
        external_id="order-7",
        state="received",
        currency="USD",
        amount=sum(amount for _, amount in shares),
        received_on=date(2026, 2, 1),
        salesforce_id=payment,
        created_at=now,
        updated_at=now,
    )
    details = [
        PaymentDetail(
            id=till.house.context.new_id(),
            connection_id=row.connection_id,
            payment_id=row.id,
            position=n,
            invoice=invoice,
            amount=amount,
        )
        for n, (invoice, amount) in enumerate(shares, 1)
    ]
    async with till.house.context.begin() as session:
        store.add(session, row, details, till.house.context.new_id)
    await till.house.edit(PAYMENT, payment, **{f"{P}Payment_Key__c": row.id})
    return row


async def test_delivered_payment_is_posted_under_its_own_key(till: Till) -> None:
    invoice = till.invoice()
    payment = till.payment((invoice, "60"))
    row = await accepted(till, payment, (invoice, 6000))
    await till.pay(payment)
    rows = await till.rows()
    assert list(rows) == [payment]
    assert (rows[payment].id, rows[payment].state, rows[payment].source) == (row.id, "posted", "api")
    assert till.house.ia("ARPYMT")[0]["DOCNUMBER"] == row.id


async def test_delivered_payment_that_was_edited_in_salesforce_is_held(till: Till) -> None:
    invoice = till.invoice()
    payment = till.payment((invoice, "70"))
    await accepted(till, payment, (invoice, 6000))
    (done,) = await till.pay(payment)
    row = await till.row(payment)
    assert (done.state, done.reason, row.state, row.reason) == ("held", DIFFERS, "held", DIFFERS)
    assert (row.amount, till.house.ia("ARPYMT"), await till.taken()) == (6000, [], {})
