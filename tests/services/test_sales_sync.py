"""Sales documents against both simulators: sent with lines, edited by line, shown again, found after lost answers."""

from collections.abc import Callable

import pytest

from app.simulators.faults import Fault, FaultKind
from app.store.session import Sessions
from tests.scenarios.orderdesk import DOCUMENT, ITEM, OrderDesk
from tests.simulated import build_house


@pytest.fixture
async def desk(sessions: Sessions, new_id: Callable[[], str]) -> OrderDesk:
    """An opened order desk."""
    return await OrderDesk(await build_house(sessions, new_id)).opened()


async def test_document_goes_with_its_lines_and_learns_number_totals_and_state(desk: OrderDesk) -> None:
    made = await desk.synced({"Quantity": 2, "Price": 10}, {"Item": "I2", "Unit": "Hour", "Quantity": 1, "Price": 80})
    assert [(row["DOCID"], row["EXTERNALID"]) for row in desk.house.ia("SODOCUMENT")] == [("Sales Order-SO0001", made)]
    head, lines = desk.sf(made), desk.lines(made)
    assert (head["Document_ID"], head["Name"], head["State"]) == ("Sales Order-SO0001", "SO0001", "Pending")
    assert (head["Total"], head["Due_Date"], head["Intacct_Sync_Status"]) == (100, "2026-04-04", "OK")
    twins = desk.house.ia("SODOCUMENTENTRY")
    assert [line["Intacct_Line_Key"] for line in lines] == [twin["RECORDNO"] for twin in twins]
    assert [(line["Line_Number"], line["Extended_Price"]) for line in lines] == [(0, 20), (1, 80)]


async def test_our_own_document_is_no_edit_to_the_feed(desk: OrderDesk) -> None:
    await desk.synced()
    assert (await desk.house.poll())["default/sales_document"].plain()["wished"] == 0
    (again,) = await desk.sync(desk.house.salesforce.state.records(DOCUMENT)[0]["Id"])
    assert (again.result, again.reason) == ("unchanged", "in_step")


async def test_changed_and_new_lines_travel_and_the_total_returns(desk: OrderDesk) -> None:
    made = await desk.synced({"Quantity": 2}, {"Quantity": 1})
    await desk.edit(ITEM, desk.lines(made)[1]["Id"], Quantity=4)
    desk.line(made, Quantity=1, Price=5)
    (done,) = await desk.sync(made)
    assert done.result == "updated", (done.reason, done.message)
    twins = desk.house.ia("SODOCUMENTENTRY")
    assert [(t["LINE_NO"], float(t["QUANTITY"]), float(t["PRICE"])) for t in twins] == [
        ("0", 2, 10),
        ("1", 4, 10),
        ("2", 1, 5),
    ]
    assert desk.sf(made)["Total"] == 65
    assert [line["Intacct_Line_Key"] for line in desk.lines(made)] == [t["RECORDNO"] for t in twins]
    (again,) = await desk.sync(made)
    assert again.result == "unchanged", (again.reason, again.message)
    assert (await desk.house.poll())["default/sales_document"].plain()["wished"] == 0


async def test_only_what_changed_is_sent(desk: OrderDesk) -> None:
    made = await desk.synced()
    await desk.edit(DOCUMENT, made, Reference_Number="REF")
    await desk.sync(made)
    entry = desk.house.intacct.state.ledger.describe()[-1]
    assert entry["values"] == {"key": "Sales Order-SO0001", "referenceno": "REF"}


async def test_edit_in_intacct_comes_back_to_header_and_lines(desk: OrderDesk) -> None:
    made = await desk.synced()
    change = '<updatesotransitem line_num="1"><quantity>5</quantity></updatesotransitem>'
    more = "<sotransitem><itemid>I1</itemid><quantity>1</quantity><price>3</price></sotransitem>"
    inner = f"<referenceno>R2</referenceno><updatesotransitems>{change}{more}</updatesotransitems>"
    desk.edit_in_intacct("Sales Order-SO0001", inner)
    assert (await desk.house.poll())["default/sales_document"].plain()["wished"] == 1
    head, lines = desk.sf(made), desk.lines(made)
    assert (head["Reference_Number"], head["Total"]) == ("R2", 53)
    assert [(line["Quantity"], line["Price"]) for line in lines] == [(5, 10), (1, 3)]
    assert (await desk.house.poll())["default/sales_document"].plain()["wished"] == 0
    (again,) = await desk.sync(made)
    assert again.result == "unchanged", (again.reason, again.message)


async def test_document_made_in_intacct_arrives_with_its_lines(desk: OrderDesk) -> None:
    key = desk.in_intacct()
    await desk.house.poll()
    (found,) = desk.house.salesforce.state.records(DOCUMENT)
    head, lines = desk.sf(found["Id"]), desk.lines(found["Id"])
    assert (head["Document_ID"], head["Account"], head["Term"]) == (key, desk.account, desk.term("Net 15"))
    assert [(line["Item"], line["Quantity"], line["Extended_Price"]) for line in lines] == [("I1", 3, 15)]
    (again,) = await desk.sync(found["Id"])
    assert again.result == "unchanged", (again.reason, again.message)
    assert (await desk.house.poll())["default/sales_document"].plain()["wished"] == 0


async def test_lost_answer_is_found_by_the_external_id_and_the_document_stands_once(desk: OrderDesk) -> None:
    made = desk.document()
    fault = Fault(FaultKind.RESET_AFTER_COMMIT, match="create_sotransaction:SOTRANSACTION")
    desk.house.intacct.state.faults.add(fault)
    (done,) = await desk.sync(made)
    assert done.state == "waiting", (done.result, done.message)
    await desk.house.pass_time(60)
    assert (await desk.house.operation(done.id)).result == "created"
    assert len(desk.house.ia("SODOCUMENT")) == 1
    assert desk.sf(made)["Document_ID"] == "Sales Order-SO0001"
    assert all(line["Intacct_Line_Key"] for line in desk.lines(made))


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER_COMMIT, FaultKind.RESET_BEFORE_COMMIT])
async def test_unclear_update_with_a_new_line_never_adds_it_twice(desk: OrderDesk, kind: FaultKind) -> None:
    made = await desk.synced()
    desk.line(made, Quantity=1, Price=5)
    desk.house.intacct.state.faults.add(Fault(kind, match="update_sotransaction:SOTRANSACTION"))
    (done,) = await desk.sync(made)
    await desk.house.pass_time(60)
    ended = await desk.house.operation(done.id)
    count = len(desk.house.ia("SODOCUMENTENTRY"))
    assert (ended.result, count) == (("updated", 2) if kind is FaultKind.RESET_AFTER_COMMIT else ("held", 1))


async def test_conversion_names_its_source_and_the_source_takes_no_more_edits(desk: OrderDesk) -> None:
    quote = await desk.synced({"Quantity": 5}, kind="Sales Quote")
    source = desk.lines(quote)[0]["Id"]
    order = await desk.synced({"Quantity": 5, "Source_Line": source}, Converted_From=quote)
    assert desk.ia("Sales Quote-SQ0001")["STATE"] == "C"
    assert desk.ia("Sales Order-SO0001")["CREATEDFROM"] == "Sales Quote-SQ0001"
    await desk.house.poll()
    assert desk.sf(quote)["State"] == "Converted"
    await desk.edit(DOCUMENT, quote, Reference_Number="late")
    (done,) = await desk.sync(quote)
    assert (done.result, done.reason) == ("skipped", "closed_in_intacct")
    invoice = await desk.synced(
        {"Quantity": 5, "Source_Line": desk.lines(order)[0]["Id"]}, kind="Sales Invoice", Converted_From=order
    )
    assert desk.sf(invoice)["AR_Record_Key"] == desk.house.ia("ARINVOICE")[0]["RECORDNO"]


async def test_line_of_a_quote_that_is_not_in_intacct_cannot_be_converted(desk: OrderDesk) -> None:
    quote = desk.document(kind="Sales Quote")
    order = desk.document({"Source_Line": desk.lines(quote)[0]["Id"]})
    (done,) = await desk.sync(order)
    assert (done.result, done.reason) == ("failed", "source_line_not_synced")


async def test_edit_of_an_invoice_refreshes_the_key_of_its_ar_invoice(desk: OrderDesk) -> None:
    made = await desk.synced(kind="Sales Invoice")
    before = desk.sf(made)["AR_Record_Key"]
    await desk.edit(ITEM, desk.lines(made)[0]["Id"], Quantity=3)
    await desk.sync(made)
    (invoice,) = desk.house.ia("ARINVOICE")
    assert desk.sf(made)["AR_Record_Key"] == invoice["RECORDNO"] != before


async def test_unit_that_the_item_lacks_is_refused_and_nothing_is_made(desk: OrderDesk) -> None:
    (done,) = await desk.sync(desk.document({"Unit": "Hour"}))
    assert (done.result, done.reason, desk.house.ia("SODOCUMENT")) == ("failed", "unit_missing", [])


async def test_document_needs_lines_and_a_due_date_or_term(desk: OrderDesk) -> None:
    (done,) = await desk.sync(desk.document(Term=None))
    assert (done.result, done.reason) == ("failed", "due_date_missing")
