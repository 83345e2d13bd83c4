"""Overpayments, credits, advances and the legacy payments of the simulator (SIM-73 to 75, 77 to 79)."""

import pytest
from lxml import etree

from tests.simulators.intacct.gate import Gate
from tests.simulators.intacct.test_payments import balances, detail, paid, refused, reverse, till

__all__ = ["till"]

DAY = "<datereceived><year>2026</year><month>01</month><day>31</day></datereceived>"


def received(*items: tuple[int, str], amount: str = "60.00", more: str = "") -> str:
    held = "".join(
        f"<arpaymentitem><invoicekey>{number}</invoicekey><amount>{part}</amount></arpaymentitem>"
        for number, part in items
    )
    return (
        f"<create_arpayment><customerid>C1</customerid><paymentamount>{amount}</paymentamount>"
        f"<bankaccountid>BOA</bankaccountid><refid>R-1</refid>{DAY}<paymentmethod>EFT</paymentmethod>{more}{held}"
        "</create_arpayment>"
    )


def applied(credit: int | str, *items: tuple[int, str]) -> str:
    day = "<paymentdate><year>2026</year><month>02</month><day>01</day></paymentdate>"
    held = "".join(
        f"<arpaymentitem><invoicekey>{number}</invoicekey><amount>{part}</amount></arpaymentitem>"
        for number, part in items
    )
    key = f"<arpaymentkey>{credit}</arpaymentkey>"
    return f"<apply_arpayment>{key}{day}<arpaymentitems>{held}</arpaymentitems></apply_arpayment>"


async def excess(gate: Gate) -> dict[str, str]:
    (found,) = [row for row in await gate.records("ARPYMT") if row["RECORDTYPE"] == "rp"]
    return found


async def test_sim_73_an_overpayment_is_kept_and_applied_up_to_its_amount(till: Gate) -> None:
    await till.ok(paid(detail(1, "100.00"), OVERPAYMENTAMOUNT="25.00", OVERPAYMENTLOCATIONID="E100"))
    assert (await balances(till))[:3] == ("100.00", "0.00", "Paid")
    kept = await excess(till)
    assert (kept["OVERPAYMENTLOCATIONID"], kept["TRX_TOTALDUE"], kept["CUSTOMERID"]) == ("E100", "25.00", "C1")
    part = {"OVERPAYMENTKEY": kept["RECORDNO"], "TRX_POSTEDOVERPAYMENTAMOUNT": "20.00"}
    await till.ok(paid(detail(2, "", **part)))
    assert (await balances(till, 2))[:2] == ("20.00", "80.00")
    assert (await excess(till))["TRX_TOTALDUE"] == "5.00"
    assert [row["TRX_TOTALENTERED"] for row in await till.records("ARPYMT") if row["RECORDTYPE"] == "ro"] == ["20.00"]
    await refused(till, paid(detail(2, "", **part)))


async def test_sim_73_an_overpayment_is_of_one_invoice_unless_the_company_allows_more(till: Gate) -> None:
    over = paid(detail(1, "100.00"), detail(2, "100.00"), OVERPAYMENTAMOUNT="1.00")
    await refused(till, over)
    await till.knobs(overpayment_scope="any")
    await till.ok(over)


async def test_sim_74_a_payment_in_another_currency_needs_the_base_amount_where_it_is_allowed(till: Gate) -> None:
    await till.knobs(arpymt_cross_currency="allow_with_base_amount")
    await refused(till, paid(CURRENCY="EUR", TRX_AMOUNTTOPAY="54.00"))
    await till.ok(paid(CURRENCY="EUR", TRX_AMOUNTTOPAY="54.00", AMOUNTOPAY="60.00"))
    (row,) = await till.records("ARPYMT")
    assert (row["TRX_TOTALENTERED"], row["TOTALENTERED"]) == ("54.00", "60.00")


async def test_u_5_a_company_may_know_only_one_spelling_of_the_base_amount(till: Gate) -> None:
    await till.knobs(arpymt_cross_currency="allow_with_base_amount", arpymt_base_amount_name="AMOUNTTOPAY")
    found = await till.one(paid(CURRENCY="EUR", TRX_AMOUNTTOPAY="54.00", AMOUNTOPAY="60.00"))
    assert found.errors[0][0] == "XL03000010"
    await till.ok(paid(CURRENCY="EUR", TRX_AMOUNTTOPAY="54.00", AMOUNTTOPAY="60.00"))


async def test_sim_74_invoices_of_two_currencies_are_never_paid_together(till: Gate) -> None:
    await till.control("POST", "seed", {"ARINVOICE": [{"CUSTOMERID": "C1", "CURRENCY": "EUR", "TOTALENTERED": "50"}]})
    for knob in ("refuse", "allow_with_base_amount"):
        await till.knobs(arpymt_cross_currency=knob)
        await refused(till, paid(detail(1), detail(5, "50.00")))


async def test_sim_74_amounts_of_the_header_are_ignored_in_one_currency(till: Gate) -> None:
    await till.ok(paid(detail(1, "10.00"), TRX_AMOUNTTOPAY="99.00", AMOUNTTOPAY="99.00"))
    assert (await till.records("ARPYMT"))[0]["TRX_TOTALENTERED"] == "10.00"


async def test_sim_75_a_credit_of_another_customer_is_refused(till: Gate) -> None:
    seeds = [{"CUSTOMERID": key, "CURRENCY": "USD", "TRX_TOTALENTERED": "-30.00"} for key in ("C1", "C2")]
    seeds = [{**row, "TRX_TOTALDUE": "-30.00"} for row in seeds]
    mine, other = (await till.control("POST", "seed", {"ARADJUSTMENT": seeds}))["ARADJUSTMENT"]
    await refused(till, paid(detail(1, "", ADJUSTMENTKEY=other["RECORDNO"], TRX_ADJUSTMENTAMOUNT="30.00")))
    await till.ok(paid(detail(1, "10.00", ADJUSTMENTKEY=mine["RECORDNO"], TRX_ADJUSTMENTAMOUNT="30.00")))
    assert (await balances(till))[:2] == ("40.00", "60.00")
    assert (await till.records("ARADJUSTMENT"))[0]["TRX_TOTALDUE"] == "0.00"
    assert (await till.control("GET", "cashbook"))["sums"][0]["posted"] == "10.00"


async def test_sim_71_a_discount_by_amount_counts_as_paid(till: Gate) -> None:
    await till.ok(paid(detail(1, "98.00", TRX_TOTALDISCOUNTTOAPPLY="2.00")))
    assert (await balances(till))[:3] == ("100.00", "0.00", "Paid")
    assert (await till.records("ARPYMT"))[0]["TRX_TOTALENTERED"] == "98.00"


@pytest.mark.parametrize(
    ("amount", "day", "status"), [("98.00", "01/15/2026", "success"), ("97.00", "01/15/2026", "failure")]
)
async def test_sim_71_a_discount_by_date_needs_all_that_is_due(till: Gate, amount: str, day: str, status: str) -> None:
    terms = [{"NAME": "2/10 Net 30", "DISCDATE": "10", "DISCAMOUNT": "2", "STATUS": "active"}]
    row = {"CUSTOMERID": "C1", "CURRENCY": "USD", "TOTALENTERED": "100", "WHENCREATED": "01/10/2026"}
    await till.control("POST", "seed", {"ARTERM": terms, "ARINVOICE": [{**row, "TERMNAME": "2/10 Net 30"}]})
    assert (await till.one(paid(detail(5, amount, DISCOUNTDATE=day)))).status == status


async def test_sim_77_a_payment_whose_overpayment_was_applied_is_not_reversed(till: Gate) -> None:
    await till.ok(paid(detail(1, "100.00"), OVERPAYMENTAMOUNT="25.00"))
    part = {"OVERPAYMENTKEY": (await excess(till))["RECORDNO"], "TRX_POSTEDOVERPAYMENTAMOUNT": "20.00"}
    await till.ok(paid(detail(2, "", **part)))
    await refused(till, reverse("5"))
    await till.ok(reverse("7"))
    assert (await excess(till))["TRX_TOTALDUE"] == "25.00"
    await till.ok(reverse("5"))
    assert (await balances(till))[:2] == ("0.00", "100.00")
    assert (await till.control("GET", "cashbook"))["sums"][0]["remains"] == "0.00"


async def test_sim_78_a_legacy_payment_is_a_payment(till: Gate) -> None:
    done = await till.ok(received((1, "40.00"), (2, "20.00")))
    (row,) = await till.records("ARPYMT")
    assert (done.text("key"), row["DOCNUMBER"], row["TRX_TOTALENTERED"]) == (row["RECORDNO"], "R-1", "60.00")
    assert (await balances(till, 1))[:2] == ("40.00", "60.00")
    assert (await till.ledger())[-1]["object"] == "ARPYMT"


@pytest.mark.parametrize("place", range(6))
async def test_sim_78_any_swap_of_two_elements_is_refused(till: Gate, place: int) -> None:
    root = etree.fromstring(received((1, "60.00")))
    first = root[place]
    root.remove(first)
    root.insert(place + 1, first)
    answer = await till.response(etree.tostring(root).decode())
    assert answer.findtext("errormessage/error/errorno") == "XL03000003"
    assert await till.records("ARPYMT") == []


async def test_sim_78_an_item_above_the_payment_is_refused(till: Gate) -> None:
    await refused(till, received((1, "60.01")))
    await refused(till, received((1, "40.00"), (2, "40.00")))


async def test_sim_78_without_items_it_is_an_advance_that_can_be_applied(till: Gate) -> None:
    key = (await till.ok(received())).text("key")
    assert await till.records("ARPYMT") == []
    (row,) = await till.records("ARADVANCE")
    assert (row["RECORDNO"], row["RECORDTYPE"], row["TRX_TOTALDUE"]) == (key, "rr", "60.00")
    await till.ok(applied(key, (1, "50.00")))
    assert (await balances(till))[:2] == ("50.00", "50.00")
    assert (await till.records("ARADVANCE"))[0]["TRX_TOTALDUE"] == "10.00"
    await refused(till, applied(key, (1, "10.01")))


async def test_sim_78_a_balance_forward_company_pays_the_oldest_invoices(till: Gate) -> None:
    await till.knobs(customer_accounting="balance forward")
    await till.ok(received(amount="150.00"))
    assert [(await balances(till, n))[0] for n in (1, 2, 3)] == ["100.00", "50.00", "0.00"]


async def test_sim_79_a_credit_memo_and_an_overpayment_are_applied(till: Gate) -> None:
    memo = {"CUSTOMERID": "C1", "CURRENCY": "USD", "TRX_TOTALENTERED": "-30.00", "TRX_TOTALDUE": "-30.00"}
    (seeded,) = (await till.control("POST", "seed", {"ARADJUSTMENT": [memo]}))["ARADJUSTMENT"]
    await till.ok(applied(seeded["RECORDNO"], (1, "30.00")))
    await till.ok(paid(detail(2, "100.00"), OVERPAYMENTAMOUNT="5.00"))
    await till.ok(applied((await excess(till))["RECORDNO"], (1, "5.00")))
    assert (await balances(till))[:2] == ("35.00", "65.00")


async def test_sim_79_a_negative_invoice_is_applied(till: Gate) -> None:
    row = {"CUSTOMERID": "C1", "CURRENCY": "USD", "TOTALENTERED": "-10.00"}
    (seeded,) = (await till.control("POST", "seed", {"ARINVOICE": [row]}))["ARINVOICE"]
    await till.ok(applied(seeded["RECORDNO"], (1, "10.00")))
    assert (await balances(till))[:2] == ("10.00", "90.00")
    assert (await till.records("ARINVOICE"))[4]["STATE"] == "Paid"


async def test_sim_79_the_number_of_a_sales_document_is_no_invoice_key(till: Gate) -> None:
    key = (await till.ok(received())).text("key")
    await refused(till, applied(key, (999, "10.00")))
    await refused(till, applied("999", (1, "10.00")))
