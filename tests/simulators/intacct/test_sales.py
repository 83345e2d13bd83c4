"""Order Entry of the simulator (SIM-54, 55, 57 to 67, 70): documents, conversion, and the AR invoice that follows."""

from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

import pytest
from lxml import etree

from tests.simulators.intacct.gate import Found, Gate, cond, create, customer, elements, query

DAY = "<datecreated><year>2026</year><month>03</month><day>05</day></datecreated>"
DUE = "<datedue><year>2026</year><month>04</month><day>01</day></datedue>"


@pytest.fixture
async def desk(gate: Gate) -> Gate:
    """A company with a customer and an item."""
    await gate.ok(customer("Acme", CUSTOMERID="C1"))
    await gate.ok(
        create("ITEM", ITEMID="I1", NAME="Widget", ITEMTYPE="Non-Inventory", UOMGRP="Count", BASEPRICE="9.50")
    )
    return gate


def line(head: str = "", tail: str = "", quantity: str = "2", unit: str = "Each", price: str | None = "10.00") -> str:
    priced = f"<price>{price}</price>" if price is not None else ""
    return (
        f"<sotransitem>{head or '<itemid>I1</itemid>'}<quantity>{quantity}</quantity><unit>{unit}</unit>"
        f"{priced}{tail}</sotransitem>"
    )


def made(
    *lines: str,
    kind: str = "Sales Order",
    number: str = "",
    source: str = "",
    terms: str = "<termname>Net 30</termname>",
    more: str = "",
    tail: str = "",
) -> str:
    origin = f"<createdfrom>{source}</createdfrom>" if source else ""
    numbered = f"<documentno>{number}</documentno>" if number else ""
    return (
        f"<create_sotransaction><transactiontype>{kind}</transactiontype>{DAY}{origin}<customerid>C1</customerid>"
        f"{numbered}{terms}{more}<sotransitems>{''.join(lines or [line()])}</sotransitems>{tail}</create_sotransaction>"
    )


def changed(key: str, inner: str, external: bool = False) -> str:
    by = ' externalkey="true"' if external else ""
    return f"<update_sotransaction key={quoteattr(key)}{by}>{inner}</update_sotransaction>"


def changed_lines(*lines: str) -> str:
    return f"<updatesotransitems>{''.join(lines)}</updatesotransitems>"


async def document(gate: Gate, key: str) -> dict[str, str]:
    (found,) = [row for row in await gate.records("SODOCUMENT") if row["DOCID"] == key]
    return found


async def line_keys(gate: Gate, key: str) -> list[str]:
    return [row["RECORDNO"] for row in await gate.records("SODOCUMENTENTRY") if row["DOCHDRID"] == key]


async def test_sim_54_each_definition_numbers_by_itself(desk: Gate) -> None:
    keys = [(await desk.ok(made(kind=kind))).text("key") for kind in ("Sales Order", "Sales Order", "Sales Quote")]
    assert keys == ["Sales Order-SO0001", "Sales Order-SO0002", "Sales Quote-SQ0001"]


async def test_sim_55_without_a_sequence_a_number_is_needed_and_an_explicit_one_moves_no_sequence(desk: Gate) -> None:
    await desk.control("POST", "seed", {"SODOCUMENTPARAMS": [{"DOCID": "By hand", "DOCCLASS": "Order"}]})
    refused = await desk.one(made(kind="By hand"))
    assert refused.errors[0][0] == "PL01000127"
    assert (await desk.ok(made(kind="By hand", number="A #1"))).text("key") == "By hand-A #1"
    assert (await desk.ok(made(number="SO-77"))).text("key") == "Sales Order-SO-77"
    assert (await desk.ok(made())).text("key") == "Sales Order-SO0001"
    assert (await desk.one(made(number="SO-77"))).errors[0][0] == "BL34000061"


@pytest.mark.parametrize(("gap", "number"), [(True, "SO0002"), (False, "SO0001")])
async def test_sim_57_a_number_of_a_rolled_back_transaction_leaves_a_gap_by_knob(
    desk: Gate, gap: bool, number: str
) -> None:
    await desk.knobs(docno_gap_on_rollback=gap)
    await desk.run(made(), create("CUSTOMER"), transaction=True)
    assert (await desk.ok(made())).text("key") == f"Sales Order-{number}"


def swapped(function: str, path: str, place: int) -> str:
    """The function with two neighbouring elements below `path` changed about."""
    root = etree.fromstring(function)
    held = root.find(path) if path else root
    assert held is not None
    first = held[place]
    held.remove(first)
    held.insert(place + 1, first)
    return etree.tostring(root).decode()


HEADER = (
    "<referenceno>R</referenceno><termname>Net 30</termname><message>Hi</message><externalid>X1</externalid>"
    "<currency>USD</currency><state>Pending</state><customerponumber>PO</customerponumber>"
)


def whole() -> str:
    head = "<itemid>I1</itemid><itemdesc>Blue</itemdesc><taxable>true</taxable>"
    return made(line(head, "<memo>m</memo>"), terms="", number="N1", more=HEADER)


@pytest.mark.parametrize(("path", "count"), [("", 12), ("sotransitems/sotransitem", 6)])
async def test_sim_58_any_swap_of_two_elements_is_refused_and_nothing_is_created(
    desk: Gate, path: str, count: int
) -> None:
    for place in range(count - 1):
        root = await desk.response(swapped(whole(), path, place))
        assert root.findtext("errormessage/error/errorno") == "XL03000003", place
    assert await desk.records("SODOCUMENT") == []
    await desk.ok(whole())


async def test_sim_58_the_refusal_of_a_wrong_order_may_stand_in_the_result(desk: Gate) -> None:
    await desk.knobs(legacy_order_fault="result")
    assert (await desk.one(swapped(whole(), "", 0))).errors[0][0] == "XL03000003"


@pytest.mark.parametrize("missing", ["transactiontype", "datecreated", "customerid", "termname", "sotransitems"])
async def test_sim_58_a_missing_required_element_is_refused(desk: Gate, missing: str) -> None:
    root = etree.fromstring(made())
    gone = root.find(missing)
    assert gone is not None
    root.remove(gone)
    found = await desk.one(etree.tostring(root).decode())
    assert missing in found.errors[0][1]


async def test_sim_58_an_update_has_an_order_of_its_own(desk: Gate) -> None:
    key = (await desk.ok(made())).text("key")
    orig = "<origdocdate><year>2026</year><month>03</month><day>01</day></origdocdate>"
    await desk.ok(changed(key, f"<referenceno>R</referenceno>{DUE}{orig}"))
    wrong = await desk.response(changed(key, f"{orig}<referenceno>R</referenceno>"))
    assert wrong.findtext("errormessage/error/errorno") == "XL03000003"


async def test_sim_59_ids_are_readable_and_filterable(desk: Gate) -> None:
    more = "<referenceno>REF</referenceno><termname>Net 30</termname><externalid>EXT-1</externalid>"
    assert (await desk.ok(made(number="N7", terms="", more=more))).text("key") == "Sales Order-N7"
    for name, value in (("EXTERNALID", "EXT-1"), ("PONUMBER", "REF"), ("DOCNO", "N7"), ("DOCID", "Sales Order-N7")):
        (row,) = (await desk.ok(query("SODOCUMENT", "DOCID", where=cond("equalto", name, value)))).rows
        assert row == {"DOCID": "Sales Order-N7"}


async def test_sim_60_a_term_gives_the_due_date_and_a_due_date_stands_alone(desk: Gate) -> None:
    first, second = [(await desk.ok(made(terms=terms))).text("key") for terms in ("<termname>Net 30</termname>", DUE)]
    assert (await document(desk, first))["WHENDUE"] == "04/04/2026"
    assert (await document(desk, second))["WHENDUE"] == "04/01/2026"


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (made(line(unit="each")), "Missing unit"),
        (made(line(unit="Hour")), "Missing unit"),
        (made(more=f"<supdocid>{'x' * 21}</supdocid>"), "supdocid"),
        (made(line("<itemid>none</itemid>")), "ITEMID"),
        (made(kind="Nothing"), "DOCPARID"),
    ],
)
async def test_sim_60_what_a_document_may_not_hold_is_refused(desk: Gate, function: str, said: str) -> None:
    found = await desk.one(function)
    assert found.status == "failure"
    assert said.lower() in str(found.errors).lower()
    assert await desk.records("SODOCUMENT") == []


async def test_sim_60_exchange_rate_and_type_exclude_one_another(desk: Gate) -> None:
    more = "<exchratetype>Daily</exchratetype><exchrate>1.2</exchrate>"
    root = await desk.response(made(more=more))
    assert root.findtext("errormessage/error/errorno") == "XL03000003"


async def test_sim_60_lines_need_a_location_in_a_company_with_entities(desk: Gate) -> None:
    await desk.knobs(oe_location_required=True)
    assert (await desk.one(made())).errors[0][0] == "BL03000018"
    await desk.ok(made(line(tail="<locationid>E100</locationid>")))


async def test_sim_61_states_are_labels_on_create_and_letters_in_reads(desk: Gate) -> None:
    pairs = [("", "O"), ("Draft", "I"), ("Closed", "D")]
    for label, letter in pairs:
        more = f"<state>{label}</state>" if label else ""
        key = (await desk.ok(made(more=more))).text("key")
        assert (await document(desk, key))["STATE"] == letter
    assert (await desk.one(made(more="<state>O</state>"))).errors[0][0] == "BL03000018"


async def converted(desk: Gate, *quantities: str) -> tuple[str, list[Found]]:
    quote = (await desk.ok(made(line(quantity="5"), kind="Sales Quote"))).text("key")
    (key,) = await line_keys(desk, quote)
    tail = f"<sourcelinekey>{key}</sourcelinekey>"
    orders = [await desk.one(made(line(quantity=q, tail=tail), source=quote)) for q in quantities]
    return quote, orders


@pytest.mark.parametrize(("quantities", "state"), [(("5",), "C"), (("2",), "P"), (("2", "3"), "C")])
async def test_sim_62_a_conversion_moves_the_source(desk: Gate, quantities: Sequence[str], state: str) -> None:
    quote, orders = await converted(desk, *quantities)
    assert [one.status for one in orders] == ["success"] * len(quantities)
    assert (await document(desk, quote))["STATE"] == state
    refused = await desk.one(changed(quote, "<referenceno>R</referenceno>"))
    assert f"in state {state}" in refused.errors[0][1]


async def test_sim_62_no_more_than_what_remains_is_converted(desk: Gate) -> None:
    quote, (first, second) = await converted(desk, "4", "2")
    assert (first.status, second.status) == ("success", "failure")
    assert len(await desk.records("SODOCUMENT")) == 2
    await desk.ok(f"<delete_sotransaction key={quoteattr(first.text('key'))}/>")
    assert (await document(desk, quote))["STATE"] == "O"


async def test_sim_62_a_line_key_of_another_document_is_refused(desk: Gate) -> None:
    await desk.ok(made(kind="Sales Quote"))
    (key,) = await line_keys(desk, "Sales Quote-SQ0001")
    found = await desk.one(made(line(tail=f"<sourcelinekey>{key}</sourcelinekey>")))
    assert "createdfrom" in found.errors[0][1]


async def test_sim_63_lines_are_numbered_from_one_in_updates_and_from_zero_in_reads(desk: Gate) -> None:
    key = (await desk.ok(made(line(), line(quantity="3")))).text("key")
    second = '<updatesotransitem line_num="2"><quantity>7</quantity></updatesotransitem>'
    await desk.ok(changed(key, changed_lines(second, line(quantity="1"))))
    rows = [row for row in await desk.records("SODOCUMENTENTRY") if row["DOCHDRID"] == key]
    assert [(row["LINE_NO"], row["QUANTITY"]) for row in rows] == [("0", "2"), ("1", "7"), ("2", "1")]
    beyond = '<updatesotransitem line_num="4"><quantity>7</quantity></updatesotransitem>'
    assert (await desk.one(changed(key, changed_lines(beyond)))).status == "failure"


async def test_sim_63_documents_are_addressed_by_docid_or_external_id_never_by_record_number(desk: Gate) -> None:
    key = (await desk.ok(made(more="<externalid>EXT-1</externalid>"))).text("key")
    number = (await document(desk, key))["RECORDNO"]
    change = "<referenceno>R</referenceno>"
    assert (await desk.ok(changed("EXT-1", change, external=True))).text("key") == key
    assert (await desk.ok(changed(key, change))).text("key") == key
    assert (await desk.one(changed(number, change))).status == "failure"


def pay_of(number: str) -> str:
    head = {"FINANCIALENTITY": "BOA", "PAYMENTMETHOD": "EFT", "CUSTOMERID": "C1", "RECEIPTDATE": "03/05/2026"}
    held = f"<ARPYMTDETAIL><RECORDKEY>{number}</RECORDKEY><TRX_PAYMENTAMOUNT>1</TRX_PAYMENTAMOUNT></ARPYMTDETAIL>"
    return create("ARPYMT", f"<ARPYMTDETAILS>{held}</ARPYMTDETAILS>", CURRENCY="USD", **head)


async def invoiced(desk: Gate) -> str:
    return (await desk.ok(made(kind="Sales Invoice"))).text("key")


async def test_sim_64_a_posting_definition_makes_one_ar_invoice(desk: Gate) -> None:
    key = await invoiced(desk)
    (invoice,) = await desk.records("ARINVOICE")
    assert (invoice["MODULEKEY"], invoice["TRX_TOTALDUE"], invoice["RECORDID"]) == ("8.SO", "20.00", "SI0001")
    rows = (await desk.ok(query("SODOCUMENT", "PRRECORDKEY", "ARINVOICE.RECORDNO"))).rows
    assert rows == [{"PRRECORDKEY": invoice["RECORDNO"], "ARINVOICE.RECORDNO": invoice["RECORDNO"]}]
    assert (await document(desk, key))["PRRECORDKEY"] == invoice["RECORDNO"]


async def test_sim_64_orders_and_drafts_do_not_post(desk: Gate) -> None:
    await desk.ok(made())
    await desk.ok(made(kind="Sales Invoice", more="<state>Draft</state>"))
    assert await desk.records("ARINVOICE") == []
    await desk.ok(changed("Sales Invoice-SI0001", "<state>Pending</state>"))
    assert len(await desk.records("ARINVOICE")) == 1


async def test_sim_65_an_edit_deletes_the_ar_invoice_and_makes_it_anew(desk: Gate) -> None:
    key = await invoiced(desk)
    (old,) = await desk.records("ARINVOICE")
    more = '<updatesotransitem line_num="1"><quantity>3</quantity></updatesotransitem>'
    await desk.ok(changed(key, changed_lines(more)))
    (new,) = await desk.records("ARINVOICE")
    assert int(new["RECORDNO"]) > int(old["RECORDNO"])
    assert (new["TRX_TOTALDUE"], (await document(desk, key))["PRRECORDKEY"]) == ("30.00", new["RECORDNO"])
    trail = (await desk.ok(query("AUDITHISTORY", "OBJECTTYPE", "OBJECTKEY", "ACCESSMODE"))).rows
    said = {(row["OBJECTKEY"], row["ACCESSMODE"]) for row in trail if row["OBJECTTYPE"] == "arinvoice"}
    assert said == {(old["RECORDNO"], "C"), (old["RECORDNO"], "D"), (new["RECORDNO"], "C")}


@pytest.mark.parametrize(("knob", "status"), [("refuse", "failure"), ("allow", "success")])
async def test_sim_66_an_invoice_with_payments_is_edited_by_knob(desk: Gate, knob: str, status: str) -> None:
    key = await invoiced(desk)
    (invoice,) = await desk.records("ARINVOICE")
    payment = desk.sim.state.pay(int(invoice["RECORDNO"]), "5.00")
    await desk.knobs(oe_edit_when_paid=knob)
    assert (await desk.one(changed(key, "<message>m</message>"))).status == status
    (found,) = await desk.records("ARINVOICE")
    assert (found["RECORDNO"] == invoice["RECORDNO"]) is (knob == "refuse")
    assert (found["TRX_TOTALPAID"], found["TRX_TOTALDUE"]) == ("5.00", "15.00")
    desk.sim.state.reverse_payment(payment)
    assert (await desk.records("ARINVOICE"))[0]["TRX_TOTALDUE"] == "20.00"


async def test_sim_65_the_number_of_an_invoice_before_the_edit_cannot_be_paid(desk: Gate) -> None:
    key = await invoiced(desk)
    (old,) = await desk.records("ARINVOICE")
    await desk.ok(changed(key, "<message>m</message>"))
    with pytest.raises(ValueError, match="Invalid transaction"):
        desk.sim.state.receivable(pay_of(old["RECORDNO"]))


@pytest.mark.parametrize("function", ["update_invoice", "reverse_invoice"])
async def test_sim_67_an_invoice_of_order_entry_is_not_changed_by_itself(desk: Gate, function: str) -> None:
    await invoiced(desk)
    (invoice,) = await desk.records("ARINVOICE")
    found = await desk.one(f'<{function} key="{invoice["RECORDNO"]}"><description>x</description></{function}>')
    assert "comes from Order Entry" in found.errors[0][1]


async def test_sim_67_a_deleted_document_takes_its_ar_invoice_along(desk: Gate) -> None:
    key = await invoiced(desk)
    assert (await desk.ok(f"<delete_sotransaction key={quoteattr(key)}/>")).text("key") == key
    kinds = ("SODOCUMENT", "SODOCUMENTENTRY", "ARINVOICE", "ARINVOICEITEM")
    assert [await desk.records(kind) for kind in kinds] == [[], [], [], []]
    trail = (await desk.ok(query("AUDITHISTORY", "OBJECTTYPE", "ACCESSMODE"))).rows
    gone = sorted(row["OBJECTTYPE"] for row in trail if row["ACCESSMODE"] == "D")
    assert gone == ["arinvoice", "sodocument"]


async def test_sim_70_there_is_no_recall(desk: Gate) -> None:
    found = await desk.one('<recallsotransaction key="Sales Order-SO0001"/>')
    assert "recallsotransaction" in found.errors[0][1]


async def test_entity_only_definitions_refuse_a_top_level_session(desk: Gate) -> None:
    only = {"DOCID": "Entity Order", "DOCCLASS": "Order", "NUMBERING": "EO", "ENTITYONLY": True}
    await desk.control("POST", "seed", {"SODOCUMENTPARAMS": [only]})
    refused = await desk.one(made(kind="Entity Order"))
    assert refused.errors[0] == ("BL01001973", "Transactions of Entity Order can only be created at entity level")
    desk.location = "E100"
    await desk.ok(made(kind="Entity Order"))


async def test_a_price_that_is_not_sent_comes_from_the_price_list_or_the_item(desk: Gate) -> None:
    listed = {"NAME": "Gold"}
    entry = {"PRICELISTID": "Gold", "ITEMID": "I1", "VALUE": "7", "DATEFROM": "01/01/2026", "DATETO": "12/31/2026"}
    await desk.control("POST", "seed", {"SOPRICELIST": [listed], "SOPRICELISTENTRY": [entry]})
    await desk.ok(made(line(price=None), more="<vsoepricelist>Gold</vsoepricelist>"))
    await desk.ok(made(line(price=None)))
    assert [row["TOTAL"] for row in await desk.records("SODOCUMENT")] == ["14.00", "19.00"]


async def test_discounts_taxes_and_subtotals_make_the_total(desk: Gate) -> None:
    await desk.knobs(sales_tax_percent=8.0)
    taxed = line(head="<itemid>I1</itemid><taxable>true</taxable>")
    freight = f"<subtotals><subtotal>{elements({'description': 'Freight', 'absval': '4.5'})}</subtotal></subtotals>"
    key = (await desk.ok(made(taxed, line(price="1.25"), tail=freight))).text("key")
    found = await document(desk, key)
    assert (found["SUBTOTAL"], found["TOTAL"]) == ("22.50", "28.60")
    rows = await desk.records("SODOCUMENTSUBTOTALS")
    assert [(row["DESCRIPTION"], row["TOTAL"]) for row in rows] == [("Freight", "4.50"), ("Sales tax", "1.60")]


async def test_one_document_is_one_transaction_whatever_its_lines(desk: Gate) -> None:
    before = (await desk.meters())["transactions"]
    await desk.ok(made(*[line()] * 20))
    assert (await desk.meters())["transactions"] == before + 1
    entry = (await desk.ledger())[-1]
    assert (entry["function"], entry["object"], len(entry["values"]["sotransitems"]["sotransitem"])) == (
        "create_sotransaction",
        "SODOCUMENT",
        20,
    )
