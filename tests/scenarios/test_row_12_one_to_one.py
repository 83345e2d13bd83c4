"""Row 12: with one-to-one a second document of a definition is refused for an opportunity; without it is allowed."""

from collections.abc import Callable
from typing import Any

import pytest

from app.domain.errors import SyncError
from app.services import sales_orders
from app.services.sales_orders import Asked, Made
from app.store.session import Sessions
from tests.scenarios.orderdesk import OrderDesk
from tests.simulated import build_house


def opportunity(desk: OrderDesk) -> str:
    """An opportunity of Acme with two products."""
    house = desk.house
    book = next(row["Id"] for row in house.salesforce.state.records("Pricebook2") if row["IsStandard"])
    products = house.seed("Product2", {"Name": "Widget", "ProductCode": "I1"}, {"Name": "Service", "ProductCode": "I2"})
    head = {"Name": "Big deal", "StageName": "Closed Won", "CloseDate": "2026-03-05", "AccountId": desk.account}
    (made,) = house.seed("Opportunity", {**head, "ia_crm__Term__c": desk.term(), "Pricebook2Id": book})
    for place, product in enumerate(products, 1):
        entry = {"Pricebook2Id": book, "Product2Id": product, "UnitPrice": 10 * place, "IsActive": True}
        (entry_id,) = house.seed("PricebookEntry", entry)
        line = {"OpportunityId": made, "PricebookEntryId": entry_id, "Product2Id": product}
        house.seed("OpportunityLineItem", {**line, "Quantity": place, "UnitPrice": 10 * place})
    return made


async def ask(desk: OrderDesk, given: str, request: str, kind: str | None = "Sales Order") -> Made:
    asked = Asked(given, kind, "button", None, request)
    made = await sales_orders.from_opportunity(desk.house.context, desk.house.connection, asked, "test")
    await desk.house.drain()
    return made


async def opened(sessions: Sessions, new_id: Callable[[], str], **options: Any) -> OrderDesk:
    return await OrderDesk(await build_house(sessions, new_id)).opened(**options)


async def test_document_of_an_opportunity_has_a_line_per_product(sessions: Sessions, new_id: Callable[[], str]) -> None:
    desk = await opened(sessions, new_id)
    made = await ask(desk, opportunity(desk), "r1")
    assert desk.sf(made.document_id)["Document_ID"] == "Sales Order-SO0001"
    lines = [(t["ITEMID"], float(t["QUANTITY"]), float(t["PRICE"])) for t in desk.house.ia("SODOCUMENTENTRY")]
    assert lines == [("I1", 1, 10), ("I2", 2, 20)]


async def test_second_order_is_refused_one_to_one(sessions: Sessions, new_id: Callable[[], str]) -> None:
    desk = await opened(sessions, new_id, oneToOne=True)
    deal = opportunity(desk)
    first = await ask(desk, deal, "r1")
    assert (await ask(desk, deal, "r1")).document_id == first.document_id
    with pytest.raises(SyncError) as refused:
        await ask(desk, deal, "r2")
    assert refused.value.code == "one_to_one"
    await ask(desk, deal, "r3", "Sales Quote")
    assert len(desk.house.ia("SODOCUMENT")) == 2


async def test_second_order_is_allowed_one_to_many_but_a_repeat_makes_none(
    sessions: Sessions, new_id: Callable[[], str]
) -> None:
    desk = await opened(sessions, new_id)
    deal = opportunity(desk)
    for request in ("r1", "r1", "r2"):
        await ask(desk, deal, request)
    assert len(desk.house.ia("SODOCUMENT")) == 2


async def test_definition_that_salesforce_may_not_create_makes_no_record(
    sessions: Sessions, new_id: Callable[[], str]
) -> None:
    desk = await opened(sessions, new_id)
    with pytest.raises(SyncError) as refused:
        await ask(desk, opportunity(desk), "r1", "Sales Return")
    assert refused.value.code == "definition_not_creatable"
