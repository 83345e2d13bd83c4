"""Invoices of Intacct in Salesforce: what is paid and due follows, and an edited document keeps its one record."""

from collections.abc import Callable
from typing import Any

import pytest

from app.objects import CATALOGUE
from app.services import changes
from app.simulators.faults import Fault, FaultKind
from app.store.session import Sessions
from tests.scenarios.listed import shown, switch_on
from tests.simulated import House, build_house

P = "ia_crm__"
INVOICE = f"{P}Sales_Invoice__c"
DAY = "<datecreated><year>2026</year><month>03</month><day>05</day></datecreated>"
LINE = (
    "<sotransitem><itemid>I1</itemid><quantity>{quantity}</quantity><unit>Each</unit><price>10.00</price></sotransitem>"
)
MORE = '<updatesotransitem line_num="1"><quantity>{quantity}</quantity></updatesotransitem>'


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """A house whose customer Acme is in step, with invoices and terms switched on."""
    made = await build_house(sessions, new_id)
    await switch_on(made, "invoice", "term")
    made.seed_intacct("ITEM", {"ITEMID": "I1", "NAME": "Widget", "ITEMTYPE": "Non-Inventory", "UOMGRP": "Count"})
    (acme,) = made.seed("Account", {"Name": "Acme"})
    await made.sync("account", acme)
    await made.poll()
    return made


def customer(house: House) -> str:
    return str(house.ia("CUSTOMER")[0]["CUSTOMERID"])


def document(house: House, quantity: int = 2) -> str:
    """A sales invoice made in Order Entry; its DOCID."""
    line = LINE.format(quantity=quantity)
    head = f"<transactiontype>Sales Invoice</transactiontype>{DAY}<customerid>{customer(house)}</customerid>"
    tail = f"<termname>Net 30</termname><sotransitems>{line}</sotransitems>"
    return house.intacct.state.order_entry(f"<create_sotransaction>{head}{tail}</create_sotransaction>")


def edit(house: House, key: str, quantity: int) -> None:
    """The quantity of its first line is changed in Order Entry, which makes the AR invoice anew."""
    inner = f"<updatesotransitems>{MORE.format(quantity=quantity)}</updatesotransitems>"
    house.intacct.state.order_entry(f'<update_sotransaction key="{key}">{inner}</update_sotransaction>')


def receivable(house: House, amount: str = "100.00") -> int:
    """An invoice made in AR; its RECORDNO."""
    line = f"<lineitem><glaccountno>4000</glaccountno><amount>{amount}</amount></lineitem>"
    head = f"<customerid>{customer(house)}</customerid>{DAY}<termname>Net 30</termname><invoiceno>A-1</invoiceno>"
    function = f"<create_invoice>{head}<invoiceitems>{line}</invoiceitems></create_invoice>"
    return house.intacct.state.receivable(function)


def only(house: House) -> dict[str, Any]:
    (record,) = house.salesforce.state.records(INVOICE)
    return record


def money(house: House) -> tuple[float, float, float, str]:
    record = only(house)
    amounts = (record[f"{P}{name}__c"] for name in ("Invoice_Amount", "Amount_Paid", "Amount_Due"))
    total, paid, due = amounts
    return total, paid, due, record[f"{P}Payment_Status__c"]


async def test_invoice_of_order_entry_arrives_with_customer_term_and_amounts(house: House) -> None:
    key = document(house)
    await house.poll()
    record, (account,) = only(house), house.salesforce.state.records("Account")
    assert (record["Name"], record[f"{P}Account__c"], record[f"{P}Document_Key__c"]) == ("SI0001", account["Id"], key)
    assert (record[f"{P}Due_Date__c"], record[f"{P}Source_Module__c"]) == ("2026-04-04", "8.SO")
    assert record[f"{P}Term__c"] is not None
    assert money(house) == (20.0, 0.0, 20.0, "Posted")


async def test_invoice_born_in_ar_is_known_by_its_record_number(house: House) -> None:
    number = receivable(house)
    await house.poll()
    record = only(house)
    assert (record["Name"], record[f"{P}AR_Record_Key__c"], record[f"{P}Document_Key__c"]) == (
        "A-1",
        str(number),
        str(number),
    )


async def test_payment_in_intacct_lowers_what_is_due_and_its_reversal_raises_it_again(house: House) -> None:
    number = receivable(house)
    await house.poll()
    payment = house.intacct.state.pay(number, "60.00")
    await house.poll()
    assert money(house) == (100.0, 60.0, 40.0, "Partially Paid")
    house.intacct.state.pay(number, "40.00")
    await house.poll()
    assert money(house) == (100.0, 100.0, 0.0, "Paid")
    assert only(house)[f"{P}Paid_Date__c"] is not None
    house.intacct.state.reverse_payment(payment)
    await house.poll()
    assert money(house) == (100.0, 40.0, 60.0, "Partially Paid")
    assert only(house)[f"{P}Paid_Date__c"] is None


async def test_invoice_edited_in_order_entry_keeps_its_one_record(house: House) -> None:
    key = document(house)
    await house.poll()
    before = only(house)
    for quantity in (3, 5):
        edit(house, key, quantity)
        await house.poll()
        record, (invoice,) = only(house), house.ia("ARINVOICE")
        assert (record["Id"], record[f"{P}AR_Record_Key__c"]) == (before["Id"], invoice["RECORDNO"])
        assert money(house)[0] == 10.0 * quantity
    assert only(house)[f"{P}Document_Key__c"] == key


async def test_nothing_is_written_for_an_invoice_that_has_not_changed(house: House) -> None:
    key = document(house)
    await house.poll()
    edit(house, key, 3)
    await house.poll()
    stamp = only(house)["SystemModstamp"]
    await house.pass_time(30)
    await changes.resync(house.context, house.connection, CATALOGUE["invoice"])
    await house.poll()
    assert only(house)["SystemModstamp"] == stamp


async def test_edit_seen_first_by_its_deletion_leads_to_the_new_invoice(house: House) -> None:
    key = document(house)
    await house.poll()
    record = only(house)
    edit(house, key, 4)
    await house.sync("invoice", record["Id"])
    assert (only(house)["Id"], money(house)[0]) == (record["Id"], 40.0)
    await house.poll()
    assert only(house)["Id"] == record["Id"]


async def test_edit_before_the_first_reading_makes_one_record(house: House) -> None:
    key = document(house)
    edit(house, key, 4)
    await house.poll()
    assert money(house)[0] == 40.0


async def test_edit_of_a_paid_invoice_keeps_record_and_payment(house: House) -> None:
    house.intacct.state.configure({"oe_edit_when_paid": "allow"})
    key = document(house)
    await house.poll()
    house.intacct.state.pay(int(house.ia("ARINVOICE")[0]["RECORDNO"]), "5.00")
    edit(house, key, 3)
    await house.poll()
    assert money(house) == (30.0, 5.0, 25.0, "Partially Paid")


async def test_reversed_and_deleted_invoices_say_so_and_stay(house: House) -> None:
    number = receivable(house)
    document(house)
    await house.poll()
    day = "<datereversed><year>2026</year><month>12</month><day>31</day></datereversed>"
    house.intacct.state.receivable(f'<reverse_invoice key="{number}">{day}</reverse_invoice>')
    house.intacct.state.order_entry('<delete_sotransaction key="Sales Invoice-SI0001"/>')
    await house.poll()
    assert shown(house, INVOICE, "Name", f"{P}Payment_Status__c") == [("A-1", "Reversed"), ("SI0001", "Deleted")]


async def test_amount_that_was_changed_in_salesforce_is_put_right_when_the_invoice_is_read(house: House) -> None:
    number = receivable(house)
    await house.poll()
    await house.edit(INVOICE, only(house)["Id"], **{f"{P}Amount_Due__c": 1})
    house.intacct.state.pay(number, "10.00")
    await house.poll()
    assert money(house)[2] == 90.0


async def test_only_batches_with_invoices_of_order_entry_cost_a_look_up_more(house: House) -> None:
    receivable(house)
    await house.poll()
    house.clock.advance(600)
    receivable(house)
    before = house.intacct.state.meters()["by_tag"].get("query SODOCUMENT", 0)
    await house.poll()
    assert house.intacct.state.meters()["by_tag"].get("query SODOCUMENT", 0) == before


async def test_invoice_of_a_customer_that_salesforce_does_not_have_comes_without_it(house: House) -> None:
    state = house.intacct.state
    state.seed({"CUSTOMER": [{"CUSTOMERID": "X1", "NAME": "Other", "DISPLAYCONTACT.PRINTAS": "Other"}]})
    state.seed({"ARINVOICE": [{"RECORDID": "X-1", "CUSTOMERID": "X1", "CURRENCY": "USD", "TOTALENTERED": "5.00"}]})
    await house.poll()
    assert only(house)[f"{P}Account__c"] is None


def items(house: House) -> list[tuple[Any, ...]]:
    names = ("Line_Number", "Extended_Price", "Status", "Intacct_Line_Key")
    return shown(house, f"{P}Sales_Invoice_Item__c", *(f"{P}{name}__c" for name in names))


async def test_lines_come_only_where_details_are_included(house: House) -> None:
    document(house)
    await house.poll()
    assert items(house) == []
    await switch_on(house, invoice={"includeDetails": True})
    await changes.resync(house.context, house.connection, CATALOGUE["invoice"])
    await house.poll()
    assert [row[:3] for row in items(house)] == [(1.0, 20.0, "Active")]


async def test_new_invoice_brings_its_lines_below_it(house: House) -> None:
    await switch_on(house, invoice={"includeDetails": True})
    document(house)
    receivable(house)
    await house.poll()
    rows = shown(house, f"{P}Sales_Invoice_Item__c", f"{P}Sales_Invoice__c", f"{P}Extended_Price__c")
    owners = {record["Id"]: record["Name"] for record in house.salesforce.state.records(INVOICE)}
    assert sorted((owners[owner], price) for owner, price in rows) == [("A-1", 100.0), ("SI0001", 20.0)]


async def test_lines_of_an_edited_document_stay_the_same_records_and_surplus_ones_say_so(house: House) -> None:
    await switch_on(house, invoice={"includeDetails": True})
    key = document(house)
    await house.poll()
    before = {record["Id"] for record in house.salesforce.state.records(f"{P}Sales_Invoice_Item__c")}
    more = LINE.format(quantity=7)
    inner = f"<updatesotransitems>{MORE.format(quantity=3)}{more}</updatesotransitems>"
    house.intacct.state.order_entry(f'<update_sotransaction key="{key}">{inner}</update_sotransaction>')
    await house.poll()
    assert [row[:3] for row in items(house)] == [(1.0, 30.0, "Active"), (2.0, 70.0, "Active")]
    assert before < {record["Id"] for record in house.salesforce.state.records(f"{P}Sales_Invoice_Item__c")}
    assert {row[3] for row in items(house)} == {row["RECORDNO"] for row in house.ia("ARINVOICEITEM")}


async def test_line_that_alone_was_changed_is_noticed(house: House) -> None:
    await switch_on(house, invoice={"includeDetails": True})
    number = receivable(house)
    await house.poll()
    house.clock.advance(60)
    line = '<updatelineitem line_num="1"><memo>Now with a memo</memo></updatelineitem>'
    inner = f"<updateinvoiceitems>{line}</updateinvoiceitems>"
    house.intacct.state.receivable(f'<update_invoice key="{number}">{inner}</update_invoice>')
    await house.poll()
    assert shown(house, f"{P}Sales_Invoice_Item__c", f"{P}Memo__c") == [("Now with a memo",)]


async def test_lines_that_have_not_changed_are_not_written(house: House) -> None:
    await switch_on(house, invoice={"includeDetails": True})
    document(house)
    await house.poll()
    stamps = shown(house, f"{P}Sales_Invoice_Item__c", "SystemModstamp")
    house.clock.advance(60)
    await changes.resync(house.context, house.connection, CATALOGUE["invoice"])
    await house.poll()
    assert shown(house, f"{P}Sales_Invoice_Item__c", "SystemModstamp") == stamps


async def test_line_that_was_taken_from_an_invoice_is_marked_and_stays(house: House) -> None:
    await switch_on(house, invoice={"includeDetails": True})
    receivable(house)
    await house.poll()
    (parent,) = house.salesforce.state.records(INVOICE)
    house.seed(
        f"{P}Sales_Invoice_Item__c",
        {f"{P}Sales_Invoice__c": parent["Id"], f"{P}Intacct_Key__c": "ARINVOICE:1/9", f"{P}Status__c": "Active"},
        {f"{P}Sales_Invoice__c": parent["Id"], f"{P}Status__c": "Active", f"{P}Memo__c": "ours"},
    )
    await changes.resync(house.context, house.connection, CATALOGUE["invoice"])
    await house.poll()
    rows = shown(house, f"{P}Sales_Invoice_Item__c", f"{P}Intacct_Key__c", f"{P}Status__c")
    assert rows == [("ARINVOICE:1/1", "Active"), ("ARINVOICE:1/9", "Inactive"), (None, "Active")]


async def test_line_that_salesforce_refuses_fails_its_invoice_and_comes_with_the_next_try(house: House) -> None:
    await switch_on(house, invoice={"includeDetails": True})
    receivable(house)
    house.salesforce.state.faults.add(Fault(FaultKind.SERVER_ERROR, f"upsert:{P}Sales_Invoice_Item__c", times=9))
    await house.poll()
    assert items(house) == []
    house.salesforce.state.faults.reset()
    await house.pass_time(120)
    assert [row[:3] for row in items(house)] == [(1.0, 100.0, "Active")]
