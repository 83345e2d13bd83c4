"""AR invoices of the simulator (SIM-67 to 69): legacy functions, drafts, reversal, and what a customer owes."""

from typing import Any

import pytest
from lxml import etree

from tests.simulators.intacct.gate import Gate, cond, customer, query
from tests.simulators.intacct.test_payments import detail, paid, refused

DAY = "<datecreated><year>2026</year><month>01</month><day>10</day></datecreated>"
ITEM = "<lineitem><glaccountno>4000</glaccountno><amount>{amount}</amount><memo>{memo}</memo></lineitem>"
REVERSED = "<datereversed><year>2026</year><month>01</month><day>31</day></datereversed>"


@pytest.fixture
async def till(gate: Gate) -> Gate:
    """A company with one customer."""
    await gate.ok(customer("Acme", CUSTOMERID="C1"))
    return gate


def item(amount: str = "60.00", memo: str = "Work") -> str:
    return ITEM.format(amount=amount, memo=memo)


def made(*items: str, terms: str = "<termname>Net 30</termname>", more: str = "") -> str:
    held = f"<invoiceitems>{''.join(items or [item(), item('40.00')])}</invoiceitems>"
    return f"<create_invoice><customerid>C1</customerid>{DAY}{terms}{more}{held}</create_invoice>"


def changed(inner: str, key: str = "1", external: bool = False) -> str:
    by = ' externalkey="true"' if external else ""
    return f'<update_invoice key="{key}"{by}>{inner}</update_invoice>'


def reversal(key: str = "1", day: str = REVERSED) -> str:
    return f'<reverse_invoice key="{key}">{day}</reverse_invoice>'


async def owed(gate: Gate) -> str:
    return str((await gate.records("CUSTOMER"))[0]["TOTALDUE"])


async def only(gate: Gate) -> dict[str, Any]:
    (found,) = await gate.records("ARINVOICE")
    return found


async def test_sim_68_an_invoice_is_posted_and_the_customer_owes_it(till: Gate) -> None:
    more = "<invoiceno>A-7</invoiceno><ponumber>PO-1</ponumber><description>January</description>"
    done = await till.ok(made(more=more + "<externalid>sf-1</externalid>"))
    found = await only(till)
    shown = [found[name] for name in ("RECORDNO", "RECORDID", "DOCNUMBER", "DESCRIPTION", "EXTERNALID", "MODULEKEY")]
    assert (done.text("key"), shown) == ("1", ["1", "A-7", "PO-1", "January", "sf-1", "4.AR"])
    assert [found[name] for name in ("STATE", "TOTALDUE", "TRX_TOTALENTERED", "WHENDUE")] == [
        "Posted",
        "100.00",
        "100.00",
        "02/09/2026",
    ]
    assert await owed(till) == "100.00"
    assert [line["LINE_NO"] for line in await till.records("ARINVOICEITEM")] == ["1", "2"]
    rows = (await till.ok(query("ARINVOICE", "RECORDNO", where=cond("equalto", "EXTERNALID", "sf-1")))).rows
    assert rows == [{"RECORDNO": "1"}]


@pytest.mark.parametrize("place", range(5))
async def test_sim_68_any_swap_of_two_elements_is_refused(till: Gate, place: int) -> None:
    root = etree.fromstring(made(more="<action>Submit</action><invoiceno>A</invoiceno>"))
    first = root[place]
    root.remove(first)
    root.insert(place + 1, first)
    answer = await till.response(etree.tostring(root).decode())
    assert answer.findtext("errormessage/error/errorno") == "XL03000003"
    assert await till.records("ARINVOICE") == []


@pytest.mark.parametrize("more", ["<batchkey>1</batchkey><action>Submit</action>", "<action>Submit</action>"])
async def test_sim_68_action_and_batchkey_stand_in_either_order(till: Gate, more: str) -> None:
    await till.ok(made(more=more))
    await till.ok(made(more="<action>Submit</action><batchkey>1</batchkey>"))


@pytest.mark.parametrize("missing", ["customerid", "datecreated", "termname", "invoiceitems"])
async def test_sim_68_a_missing_required_element_is_refused(till: Gate, missing: str) -> None:
    root = etree.fromstring(made())
    gone = root.find(missing)
    assert gone is not None
    root.remove(gone)
    assert missing in (await refused(till, etree.tostring(root).decode())).errors[0][1]


@pytest.mark.parametrize(
    "line", ["<lineitem><amount>1</amount></lineitem>", "<lineitem><glaccountno>4000</glaccountno></lineitem>"]
)
async def test_sim_68_a_line_needs_an_account_and_an_amount(till: Gate, line: str) -> None:
    await refused(till, made(line))


async def test_sim_68_a_draft_is_not_owed_until_it_is_submitted(till: Gate) -> None:
    await till.ok(made(more="<action>Draft</action>"))
    assert (await only(till))["STATE"] == "Draft"
    assert await owed(till) == "0.00"
    await refused(till, paid(detail(1), DOCNUMBER=""))
    await till.ok(changed("<action>Submit</action>"))
    assert ((await only(till))["STATE"], await owed(till)) == ("Posted", "100.00")


async def test_sim_68_an_update_counts_lines_from_one_and_may_add_some(till: Gate) -> None:
    await till.ok(made(more="<externalid>sf-1</externalid>"))
    line = f'<updatelineitem line_num="2"><amount>50.00</amount></updatelineitem>{item("5.00")}'
    await till.ok(changed(f"<updateinvoiceitems>{line}</updateinvoiceitems>", "sf-1", external=True))
    assert ((await only(till))["TRX_TOTALDUE"], await owed(till)) == ("115.00", "115.00")
    bad = '<updatelineitem line_num="0"><amount>1</amount></updatelineitem>'
    await refused(till, changed(f"<updateinvoiceitems>{bad}</updateinvoiceitems>"))


async def test_sim_68_what_is_paid_of_a_line_cannot_be_taken_from_it(till: Gate) -> None:
    await till.ok(made())
    await till.ok(paid(detail(1, "60.00")))
    line = '<updatelineitem line_num="1"><amount>59.99</amount></updatelineitem>'
    await refused(till, changed(f"<updateinvoiceitems>{line}</updateinvoiceitems>"))


async def test_sim_68_a_reversed_invoice_is_not_owed_and_is_reversed_once(till: Gate) -> None:
    await till.ok(made())
    await refused(till, reversal(day=""))
    await till.ok(reversal())
    found = await only(till)
    assert (found["STATE"], found["TRX_TOTALDUE"], await owed(till)) == ("Reversed", "0.00", "0.00")
    await refused(till, reversal())
    await refused(till, paid(detail(1)))
    await refused(till, changed("<description>x</description>"))


async def test_sim_68_an_invoice_with_payments_is_neither_reversed_nor_deleted(till: Gate) -> None:
    await till.ok(made())
    await till.ok(paid(detail(1)))
    await refused(till, reversal())
    await refused(till, "<delete><object>ARINVOICE</object><keys>1</keys></delete>")


@pytest.mark.parametrize(
    "function",
    ["<delete><object>ARINVOICE</object><keys>1</keys></delete>", '<delete_invoice key="1"></delete_invoice>'],
)
async def test_sim_68_a_deleted_invoice_is_gone_with_its_lines_and_its_amount(till: Gate, function: str) -> None:
    await till.ok(made())
    await till.ok(function)
    assert await till.records("ARINVOICE") == await till.records("ARINVOICEITEM") == []
    assert await owed(till) == "0.00"
    trail = [(row["OBJECTTYPE"], row["ACCESSMODE"]) for row in await till.records("AUDITHISTORY")]
    assert trail[-2:] == [("arinvoice", "Create"), ("arinvoice", "Delete")]


async def test_sim_68_lines_and_totals_are_not_written_by_the_generic_functions(till: Gate) -> None:
    await till.ok(made())
    await refused(till, "<create><ARINVOICE><CUSTOMERID>C1</CUSTOMERID></ARINVOICE></create>")
    await refused(till, "<update><ARINVOICE><RECORDNO>1</RECORDNO><TOTALDUE>1</TOTALDUE></ARINVOICE></update>")
    await refused(till, "<update><ARINVOICEITEM><RECORDNO>1</RECORDNO><AMOUNT>1</AMOUNT></ARINVOICEITEM></update>")


async def test_sim_69_an_invoice_in_another_currency_is_owed_in_the_companys(till: Gate) -> None:
    await till.ok(made(more="<currency>EUR</currency><exchrate>1.10</exchrate>"))
    await till.ok(paid(detail(1, "33.33"), CURRENCY="EUR"))
    found = await only(till)
    assert [found[f"TRX_TOTAL{name}"] for name in ("ENTERED", "PAID", "DUE")] == ["100.00", "33.33", "66.67"]
    assert [found[f"TOTAL{name}"] for name in ("ENTERED", "PAID", "DUE")] == ["110.00", "36.66", "73.34"]
    assert await owed(till) == "73.34"


async def test_u_22_states_are_named_by_the_company(till: Gate) -> None:
    await till.knobs(arinvoice_state_labels={"Posted": "Open", "Paid": "Closed"})
    await till.ok(made())
    assert (await only(till))["STATE"] == "Open"
    await till.ok(paid(detail(1, "100.00")))
    assert (await only(till))["STATE"] == "Closed"
    found = await till.ok("<lookup><object>ARINVOICE</object></lookup>")
    texts = [str(each.text) for each in found.data.iter("VALIDVALUE")]
    assert {"Open", "Closed"} <= set(texts)
    assert "Posted" not in texts


async def test_a_closed_period_takes_no_invoice(till: Gate) -> None:
    await till.knobs(books_open_from="2026-02-01")
    assert "closed accounting period" in (await refused(till, made())).errors[0][1]


async def test_people_in_intacct_pay_and_reverse_without_being_counted(till: Gate) -> None:
    await till.ok(made())
    before = await till.meters()
    number = till.sim.state.pay(1, "100.00", DOCNUMBER="by hand")
    assert (await only(till))["STATE"] == "Paid"
    till.sim.state.reverse_payment(number)
    assert (await only(till))["STATE"] == "Posted"
    assert await till.meters() == before
    with pytest.raises(ValueError, match="exceeds the amount due"):
        till.sim.state.pay(1, "100.01")
