"""Row 11: marked definitions are created from Salesforce and come back, others do not; lines only where asked for."""

from collections.abc import Callable

import pytest

from app.store.session import Sessions
from tests.scenarios.orderdesk import BOTH, DOCUMENT, OrderDesk, P
from tests.simulated import build_house

MIRRORS = ("sales_quote", "sales_order", "other_sales_document")


@pytest.fixture
async def desk(sessions: Sessions, new_id: Callable[[], str]) -> OrderDesk:
    """An order desk with the classic mirrors switched on as well."""
    return await OrderDesk(await build_house(sessions, new_id)).opened(*MIRRORS)


async def test_unmarked_definition_is_refused(desk: OrderDesk) -> None:
    (done,) = await desk.sync(desk.document(kind="Sales Return"))
    assert (done.result, done.reason) == ("failed", "definition_not_creatable")
    assert desk.house.ia("SODOCUMENT") == []


async def test_marked_definition_is_created(desk: OrderDesk) -> None:
    await desk.use("Sales Return", **BOTH)
    await desk.synced(kind="Sales Return")
    assert desk.house.ia("SODOCUMENT")[0]["DOCID"] == "Sales Return-SR0001"


async def test_only_marked_definitions_come_from_intacct(desk: OrderDesk) -> None:
    await desk.use("Sales Quote", from_salesforce=True)
    desk.in_intacct("Sales Quote")
    desk.in_intacct("Sales Order")
    await desk.house.poll()
    assert [row["Name"] for row in desk.house.salesforce.state.records(DOCUMENT)] == ["SO0001"]


async def test_document_of_a_definition_that_is_not_written_back_learns_its_id_alone(desk: OrderDesk) -> None:
    await desk.use("Sales Order", from_salesforce=True)
    made = await desk.synced()
    head = desk.sf(made)
    assert (head["Document_ID"], head["State"], head["Total"]) == ("Sales Order-SO0001", None, None)


@pytest.mark.parametrize(("details", "count"), [(True, 1), (False, 0)])
async def test_lines_come_only_with_include_details(desk: OrderDesk, details: bool, count: int) -> None:
    await desk.use("Sales Order", to_salesforce=True, details=details)
    desk.in_intacct("Sales Order")
    await desk.house.poll()
    (made,) = desk.house.salesforce.state.records(DOCUMENT)
    assert len(desk.lines(made["Id"])) == count


async def test_classic_definitions_appear_in_the_read_only_object_of_their_category(desk: OrderDesk) -> None:
    for name in ("Sales Quote", "Sales Order", "Sales Return"):
        await desk.use(name, to_salesforce=True, advanced=False)
        desk.in_intacct(name)
    await desk.house.poll()
    kinds = (f"{P}Sales_Quote__c", f"{P}Sales_Order__c", f"{P}Other_Sales_Document__c", DOCUMENT)
    shown = [[row["Name"] for row in desk.house.salesforce.state.records(kind)] for kind in kinds]
    assert shown == [["SQ0001"], ["SO0001"], ["SR0001"], []]
    (line,) = desk.house.salesforce.state.records(f"{P}Sales_Order_Item__c")
    assert (line[f"{P}Item__c"], line[f"{P}Extended_Price__c"]) == ("I1", 15)


async def test_classic_mirror_follows_an_edit_in_intacct(desk: OrderDesk) -> None:
    await desk.use("Sales Order", to_salesforce=True, advanced=False)
    key = desk.in_intacct()
    await desk.house.poll()
    change = '<updatesotransitem line_num="1"><quantity>4</quantity></updatesotransitem>'
    desk.edit_in_intacct(key, f"<updatesotransitems>{change}</updatesotransitems>")
    await desk.house.poll()
    (head,) = desk.house.salesforce.state.records(f"{P}Sales_Order__c")
    (line,) = desk.house.salesforce.state.records(f"{P}Sales_Order_Item__c")
    assert (head[f"{P}Total__c"], line[f"{P}Quantity__c"]) == (20, 4)


async def test_entity_only_definition_is_made_in_the_entity_the_document_names(desk: OrderDesk) -> None:
    only = {"DOCID": "Entity Order", "DOCCLASS": "Order", "NUMBERING": "EO", "ENTITYONLY": True}
    desk.house.seed_intacct("SODOCUMENTPARAMS", only)
    await desk.use("Entity Order", **BOTH)
    (refused,) = await desk.sync(desk.document(kind="Entity Order"))
    assert (refused.result, refused.reason) == ("failed", "entity_required")
    entities = desk.house.salesforce.state.records(f"{P}Intacct_Entity__c")
    place = next(row["Id"] for row in entities if row[f"{P}Intacct_Entity_ID__c"] == "E100")
    await desk.synced(kind="Entity Order", Intacct_Entity=place)
    assert desk.ia("Entity Order-EO0001")["MEGAENTITYID"] == "E100"
