"""AR payments of the simulator (SIM-69, 71 to 77): rules of a payment, what posting does to balances, reversal."""

from decimal import Decimal
from typing import Any

import pytest

from tests.simulators.intacct.gate import Found, Gate, create, customer, elements, update

HEAD = {
    "FINANCIALENTITY": "BOA",
    "PAYMENTMETHOD": "EFT",
    "CUSTOMERID": "C1",
    "DOCNUMBER": "PAY-1",
    "RECEIPTDATE": "01/31/2026",
    "CURRENCY": "USD",
}


@pytest.fixture
async def till(gate: Gate) -> Gate:
    """Two customers; three open invoices of the first with lines of 60 and 40, one of the second."""
    for key in ("C1", "C2"):
        await gate.ok(customer(key, CUSTOMERID=key))
    items = [{"TRX_AMOUNT": "60.00", "AMOUNT": "60.00"}, {"TRX_AMOUNT": "40.00", "AMOUNT": "40.00"}]
    owners = ("C1", "C1", "C1", "C2")
    invoices = [
        {
            "RECORDID": f"INV-{n}",
            "CUSTOMERID": owner,
            "WHENCREATED": "01/10/2026",
            "CURRENCY": "USD",
            "ARINVOICEITEMS": items,
        }
        for n, owner in enumerate(owners, 1)
    ]
    await gate.control("POST", "seed", {"ARINVOICE": invoices})
    return gate


def detail(record: int | str = 1, amount: str = "60.00", **more: str) -> str:
    said = {"RECORDKEY": str(record), "TRX_PAYMENTAMOUNT": amount, **more}
    return f"<ARPYMTDETAIL>{elements({k: v for k, v in said.items() if v})}</ARPYMTDETAIL>"


def paid(*details: str, **changes: str) -> str:
    head = {name: text for name, text in (HEAD | changes).items() if text}
    return create("ARPYMT", f"<ARPYMTDETAILS>{''.join(details or [detail()])}</ARPYMTDETAILS>", **head)


async def invoice(gate: Gate, number: int = 1) -> dict[str, Any]:
    return (await gate.records("ARINVOICE"))[number - 1]


async def balances(gate: Gate, number: int = 1) -> tuple[str, str, str, str]:
    """Paid, due and state of an invoice, and what its customer owes; the invariants of SIM-69 checked on the way."""
    for row in await gate.records("ARINVOICE"):
        for prefix in ("", "TRX_"):
            entered, done, due = (Decimal(row[f"{prefix}TOTAL{name}"]) for name in ("ENTERED", "PAID", "DUE"))
            assert entered == done + due
        assert bool(row["WHENPAID"]) == (Decimal(row["TOTALDUE"]) == 0)
    found = await invoice(gate, number)
    (owner,) = [row for row in await gate.records("CUSTOMER") if row["CUSTOMERID"] == found["CUSTOMERID"]]
    owed = [Decimal(r["TOTALDUE"]) for r in await gate.records("ARINVOICE") if r["CUSTOMERID"] == owner["CUSTOMERID"]]
    assert Decimal(owner["TOTALDUE"]) == sum(owed)
    return found["TRX_TOTALPAID"], found["TRX_TOTALDUE"], found["STATE"], owner["TOTALDUE"]


async def refused(gate: Gate, function: str) -> Found:
    """The function fails and changes nothing."""
    before = [await gate.records(kind) for kind in ("ARPYMT", "ARPYMTDETAIL", "ARINVOICE", "CUSTOMER")]
    found = await gate.one(function)
    assert found.status == "failure"
    assert [await gate.records(kind) for kind in ("ARPYMT", "ARPYMTDETAIL", "ARINVOICE", "CUSTOMER")] == before
    return found


def reverse(number: str = "5", day: str = "2026-02-01") -> str:
    year, month, date = day.split("-")
    inner = f"<datereversed><year>{year}</year><month>{month}</month><day>{date}</day></datereversed>"
    return f'<reverse_arpayment key="{number}">{inner}</reverse_arpayment>'


@pytest.mark.parametrize(
    "changes",
    [
        {"PAYMENTMETHOD": ""},
        {"PAYMENTMETHOD": "Barter"},
        {"RECEIPTDATE": ""},
        {"CURRENCY": ""},
        {"FINANCIALENTITY": ""},
        {"FINANCIALENTITY": "NOBANK"},
        {"UNDEPOSITEDACCOUNTNO": "1000"},
        {"FINANCIALENTITY": "", "UNDEPOSITEDACCOUNTNO": "99999"},
        {"FINANCIALENTITY": "", "PRBATCH": "No such summary"},
        {"CUSTOMERID": ""},
        {"PAYERNAME": "Somebody"},
        {"EXCH_RATE_TYPE_ID": "Intacct Daily Rate", "EXCHANGE_RATE": "1"},
    ],
)
async def test_sim_71_a_header_that_breaks_a_rule_is_refused(till: Gate, changes: dict[str, str]) -> None:
    await refused(till, paid(**changes))


@pytest.mark.parametrize(
    "more",
    [
        {"POSADJKEY": "1"},
        {"RECORDKEY": ""},
        {"RECORDKEY": "99"},
        {"TRX_PAYMENTAMOUNT": ""},
        {"TRX_PAYMENTAMOUNT": "-1.00"},
        {"DISCOUNTDATE": "01/31/2026", "TRX_TOTALDISCOUNTTOAPPLY": "1.00"},
        {"ENTRYKEY": "7"},
        {"ADVANCEKEY": "4"},
    ],
)
async def test_sim_71_a_detail_that_breaks_a_rule_is_refused(till: Gate, more: dict[str, str]) -> None:
    await refused(till, paid(detail(**more)))


async def test_sim_71_a_payment_needs_a_detail(till: Gate) -> None:
    await refused(till, create("ARPYMT", **HEAD))


@pytest.mark.parametrize("target", [{"UNDEPOSITEDACCOUNTNO": "1000"}, {"PRBATCH": "Receipts"}])
async def test_sim_71_a_payment_goes_to_undeposited_funds_or_into_a_summary(till: Gate, target: dict[str, str]) -> None:
    await till.ok(paid(FINANCIALENTITY="", **target))
    assert await balances(till) == ("60.00", "40.00", "Partially Paid", "240.00")


async def test_sim_72_a_payment_lowers_what_is_due_and_pays_lines_in_order(till: Gate) -> None:
    assert await balances(till) == ("0.00", "100.00", "Posted", "300.00")
    made = (await till.ok(paid(detail(amount="75.00")))).rows[0]
    assert await balances(till) == ("75.00", "25.00", "Partially Paid", "225.00")
    lines = await till.records("ARINVOICEITEM")
    assert [line["TRX_TOTALPAID"] for line in lines[:2]] == ["60.00", "15.00"]
    (payment,) = await till.records("ARPYMT")
    assert (made["RECORDNO"], payment["STATE"], payment["TRX_TOTALENTERED"]) == ("5", "Complete", "75.00")


async def test_sim_72_an_entry_key_pays_that_line_only(till: Gate) -> None:
    await till.ok(paid(detail(amount="25.00", ENTRYKEY="2")))
    lines = await till.records("ARINVOICEITEM")
    assert [line["TRX_TOTALPAID"] for line in lines[:2]] == ["", "25.00"]
    await refused(till, paid(detail(amount="15.01", ENTRYKEY="2")))


async def test_sim_72_details_on_several_invoices_add_up(till: Gate) -> None:
    await till.ok(paid(detail(1, "100.00"), detail(2, "30.00"), detail(2, "20.00")))
    assert await balances(till, 1) == ("100.00", "0.00", "Paid", "150.00")
    assert await balances(till, 2) == ("50.00", "50.00", "Partially Paid", "150.00")


async def test_sim_73_more_than_is_open_is_refused(till: Gate) -> None:
    found = await refused(till, paid(detail(amount="100.01")))
    assert "exceeds the amount due" in found.errors[0][1]
    await refused(till, paid(detail(amount="60.00"), detail(amount="40.01")))


async def test_sim_74_a_currency_that_is_not_the_invoices_is_refused(till: Gate) -> None:
    found = await refused(till, paid(CURRENCY="EUR"))
    assert found.errors[0][1] == "The payment is in EUR, its transactions are in USD"


async def test_sim_75_the_invoice_of_another_customer_needs_a_payer(till: Gate) -> None:
    await refused(till, paid(detail(4)))
    await till.ok(paid(detail(1), detail(4), CUSTOMERID="", PAYERNAME="Both of them"))
    assert (await balances(till, 4))[:2] == ("60.00", "40.00")
    sums = (await till.control("GET", "cashbook"))["sums"]
    assert [(row["customer"], row["remains"]) for row in sums] == [("C1", "60.00"), ("C2", "60.00")]


async def test_sim_76_a_draft_has_no_effect_and_is_posted_once(till: Gate) -> None:
    await till.ok(paid(ACTION="Draft"))
    assert await balances(till) == ("0.00", "100.00", "Posted", "300.00")
    await till.ok(update("ARPYMT", RECORDNO="5", DESCRIPTION="Thanks"))
    assert len(await till.records("ARPYMTDETAIL")) == 1
    await till.ok(update("ARPYMT", RECORDNO="5", ACTION="Submit"))
    assert await balances(till) == ("60.00", "40.00", "Partially Paid", "240.00")
    await refused(till, update("ARPYMT", RECORDNO="5", ACTION="Submit"))


async def test_sim_76_an_update_with_details_replaces_the_list(till: Gate) -> None:
    await till.ok(paid(detail(1), detail(2), ACTION="Draft"))
    await till.ok(update("ARPYMT", f"<ARPYMTDETAILS>{detail(3, '10.00')}</ARPYMTDETAILS>", RECORDNO="5"))
    assert [row["RECORDKEY"] for row in await till.records("ARPYMTDETAIL")] == ["3"]
    await till.ok("<delete><object>ARPYMT</object><keys>5</keys></delete>")
    assert await till.records("ARPYMT") == await till.records("ARPYMTDETAIL") == []


async def test_sim_77_a_completed_payment_is_neither_changed_nor_deleted(till: Gate) -> None:
    await till.ok(paid())
    await refused(till, update("ARPYMT", RECORDNO="5", DESCRIPTION="New"))
    await refused(till, "<delete><object>ARPYMT</object><keys>5</keys></delete>")


async def test_sim_77_a_reversal_restores_every_balance(till: Gate) -> None:
    before = [await balances(till, n) for n in (1, 2)]
    await till.ok(paid(detail(1, "100.00"), detail(2, "70.00")))
    await till.ok(reverse())
    assert [await balances(till, n) for n in (1, 2)] == before
    assert [line["TRX_TOTALPAID"] for line in (await till.records("ARINVOICEITEM"))[:4]] == ["0.00"] * 4
    assert (await till.records("ARPYMT"))[0]["STATE"] == "Reversed"
    await refused(till, reverse())


async def test_sim_77_a_draft_cannot_be_reversed_and_a_reversal_needs_its_date(till: Gate) -> None:
    await till.ok(paid(ACTION="Draft"))
    await refused(till, reverse())
    await till.ok(paid())
    await refused(till, '<reverse_arpayment key="6"></reverse_arpayment>')


async def test_two_payments_may_bear_one_number_and_the_cashbook_tells(till: Gate) -> None:
    await till.ok(paid(detail(1, "10.00")))
    await till.ok(paid(detail(1, "10.00")))
    book = await till.control("GET", "cashbook")
    assert book["repeated"] == {"PAY-1": [5, 6]}
    await till.ok(reverse("6"))
    book = await till.control("GET", "cashbook")
    assert book["repeated"] == {}
    assert book["sums"] == [
        {"customer": "C1", "currency": "USD", "posted": "20.00", "reversed": "10.00", "remains": "10.00"}
    ]


async def test_a_payment_of_a_rolled_back_transaction_leaves_no_trace_in_the_cashbook(till: Gate) -> None:
    await till.run(paid(), create("CUSTOMER"), transaction=True)
    assert (await till.control("GET", "cashbook"))["lines"] == []
    assert await balances(till) == ("0.00", "100.00", "Posted", "300.00")


async def test_a_closed_period_takes_neither_payment_nor_reversal(till: Gate) -> None:
    await till.ok(paid())
    await till.knobs(books_open_from="2026-02-01")
    assert "closed accounting period" in (await refused(till, paid())).errors[0][1]
    await refused(till, reverse(day="2026-01-31"))
    await till.ok(reverse(day="2026-02-01"))


async def test_sim_82_a_payment_with_its_details_is_one_transaction(till: Gate) -> None:
    before = (await till.meters())["transactions"]
    await till.ok(paid(detail(1), detail(2), detail(3)))
    assert (await till.meters())["transactions"] == before + 1
