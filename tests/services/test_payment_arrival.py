"""Payments that Intacct recorded, changed or reversed: Salesforce gets them with their lines, the books know them."""

from collections.abc import Callable

import pytest

from app.simulators.faults import Fault, FaultKind
from app.store.session import Sessions
from tests.scenarios.listed import switch_on
from tests.scenarios.till import INVOICE, LINE, PAYMENT, P, Till
from tests.simulated import build_house


@pytest.fixture
async def till(sessions: Sessions, new_id: Callable[[], str]) -> Till:
    """An open till whose invoices come from Intacct by their feed."""
    till = await Till(await build_house(sessions, new_id)).opened()
    await switch_on(till.house, "invoice")
    return till


async def billed(till: Till, amount: str = "100.00", **more: str) -> tuple[int, str]:
    """An invoice made in Intacct that has arrived: its record number, and its Salesforce id."""
    said = {"CUSTOMERID": till.customer, "WHENCREATED": "01/10/2026", "CURRENCY": "USD", **more}
    lines = [{"TRX_AMOUNT": amount, "AMOUNT": amount}]
    (twin,) = till.house.seed_intacct("ARINVOICE", {"RECORDID": "INV-1", **said, "ARINVOICEITEMS": lines})
    await till.house.poll()
    key = str(twin["RECORDNO"])
    rows = till.house.salesforce.state.records(INVOICE)
    return int(key), next(str(row["Id"]) for row in rows if row[f"{P}AR_Record_Key__c"] == key)


async def test_payment_recorded_in_intacct_comes_with_its_lines_and_is_in_the_books(till: Till) -> None:
    number, invoice = await billed(till)
    key = till.house.intacct.state.pay(number, "30.00", DOCNUMBER="CHK-1")
    await till.house.poll()
    (head,) = till.house.salesforce.state.records(PAYMENT)
    assert (head[f"{P}Account__c"], head[f"{P}Amount__c"]) == (till.account, 30)
    assert (head[f"{P}Intacct_Record_No__c"], head[f"{P}Reference_Number__c"]) == (str(key), "CHK-1")
    (line,) = till.house.salesforce.state.records(LINE)
    assert (line[PAYMENT], line[INVOICE], line[f"{P}Amount__c"]) == (head["Id"], invoice, 30)
    row = await till.row(head["Id"])
    assert (row.source, row.external_id, row.state, row.amount) == ("intacct", str(key), "posted", 3000)
    assert [(name, amount) for name, amount, _ in await till.details()] == [(invoice, 3000)]
    assert till.house.sf(INVOICE, invoice)[f"{P}Amount_Due__c"] == 70
    await till.balanced()
    counts = await till.house.poll()
    assert counts["default/ar_payment"].plain()["wished"] == 0
    (again,) = await till.pay(head["Id"])
    assert (again.result, len(till.house.ia("ARPYMT"))) == ("unchanged", 1)


async def test_our_own_payment_coming_back_is_no_news(till: Till) -> None:
    _, invoice = await billed(till)
    await till.pay(till.payment((invoice, "60.00")))
    counts = await till.house.poll()
    assert counts["default/ar_payment"].plain()["wished"] == 0
    assert len(till.house.salesforce.state.records(PAYMENT)) == 1


async def test_payment_reversed_in_intacct_is_reversed_in_salesforce_and_in_the_books(till: Till) -> None:
    _, invoice = await billed(till)
    payment = till.payment((invoice, "60.00"))
    await till.pay(payment)
    till.house.clock.advance(5)
    till.house.intacct.state.reverse_payment(int(till.house.ia("ARPYMT")[0]["RECORDNO"]))
    await till.house.poll()
    assert till.house.sf(PAYMENT, payment)[f"{P}Intacct_State__c"] == "Reversed"
    row = await till.row(payment)
    assert (row.state, row.reversal) == ("posted", "reversed")
    assert till.house.sf(INVOICE, invoice)[f"{P}Amount_Due__c"] == 100
    await till.balanced()


async def test_payment_in_another_currency_is_a_fact_and_is_mirrored(till: Till) -> None:
    till.house.intacct.state.configure({"arpymt_cross_currency": "allow_with_base_amount"})
    number, _ = await billed(till, CURRENCY="EUR")
    till.house.intacct.state.pay(number, "30.00", CURRENCY="USD", AMOUNTTOPAY="33.00", TRX_AMOUNTTOPAY="33.00")
    await till.house.poll()
    (head,) = till.house.salesforce.state.records(PAYMENT)
    assert (await till.row(head["Id"])).amount == 3300
    await till.balanced()


async def test_lost_payment_is_not_taken_for_one_that_intacct_recorded(till: Till) -> None:
    number, invoice = await billed(till)
    payment = till.payment((invoice, "60.00"))
    till.house.intacct.state.faults.add(Fault(FaultKind.RESET_AFTER_COMMIT, match="create:ARPYMT"))
    await till.pay(payment)
    till.house.intacct.state.pay(number, "10.00")
    await till.house.poll()
    assert len(till.house.salesforce.state.records(PAYMENT)) == 2, "ours, and the clerk's; not ours twice"
    await till.house.pass_time(60)
    await till.house.poll()
    assert len(till.house.salesforce.state.records(PAYMENT)) == 2
    assert ((await till.row(payment)).state, till.due(invoice)) == ("posted", "30.00")
    await till.balanced()


async def test_crash_before_the_lines_were_made_is_made_good(till: Till) -> None:
    number, _ = await billed(till)
    till.house.intacct.state.pay(number, "30.00")
    fault = Fault(FaultKind.SERVER_ERROR, match=f"collections.upsert:{LINE}")
    till.house.salesforce.state.faults.add(fault)
    await till.house.poll()
    await till.house.pass_time(60)
    (head,) = till.house.salesforce.state.records(PAYMENT)
    await till.house.sync("ar_payment", head["Id"], direction="fromIntacct")
    assert len(till.house.salesforce.state.records(LINE)) == 1
    await till.balanced()


async def test_record_of_an_overpayment_beside_its_payment_is_none_of_its_own(till: Till) -> None:
    till.house.intacct.state.configure({"overpayment_scope": "any"})
    number, _ = await billed(till)
    till.house.intacct.state.pay(number, "100.00", OVERPAYMENTAMOUNT="20.00")
    await till.house.poll()
    assert len(till.house.ia("ARPYMT")) == 2
    (head,) = till.house.salesforce.state.records(PAYMENT)
    assert (await till.row(head["Id"])).amount == 12000
    await till.balanced()


async def test_invoice_of_a_payment_a_person_waits_for_is_shown_paid_at_once(till: Till) -> None:
    _, invoice = await billed(till)
    await till.pay(till.payment((invoice, "60.00")))
    assert till.house.sf(INVOICE, invoice)[f"{P}Amount_Due__c"] == 40
