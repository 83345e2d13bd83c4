"""Row 13: the amount of an opportunity follows its quote, with or without tax, and its order where that is wanted."""

from collections.abc import Callable
from typing import Any

import pytest

from app.store.session import Sessions
from tests.scenarios.orderdesk import ITEM, OrderDesk
from tests.scenarios.test_row_12_one_to_one import ask, opportunity
from tests.simulated import build_house

UPDATE = {"updateQuoteAmount": True}


async def opened(sessions: Sessions, new_id: Callable[[], str], **options: Any) -> tuple[OrderDesk, str]:
    """An order desk with 10 % tax, and an opportunity without products."""
    desk = await OrderDesk(await build_house(sessions, new_id)).opened(**options)
    desk.house.intacct.state.configure({"sales_tax_percent": 10.0})
    head = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-03-05", "AccountId": desk.account}
    return desk, desk.house.seed("Opportunity", head)[0]


@pytest.mark.parametrize(
    ("options", "amount"), [({}, None), (UPDATE, 20), ({**UPDATE, "quoteAmountWithTax": True}, 22)]
)
async def test_quote_gives_the_amount(
    sessions: Sessions, new_id: Callable[[], str], options: dict[str, bool], amount: float | None
) -> None:
    desk, deal = await opened(sessions, new_id, **options)
    quote = await desk.synced({"Taxable": True}, kind="Sales Quote", Opportunity=deal)
    assert desk.house.sf("Opportunity", deal)["Amount"] == amount
    if amount == 20:
        await desk.edit(ITEM, desk.lines(quote)[0]["Id"], Quantity=3)
        await desk.sync(quote)
        assert desk.house.sf("Opportunity", deal)["Amount"] == 30


@pytest.mark.parametrize(("replaces", "amount"), [(True, 50), (False, 20)])
async def test_order_replaces_the_quote_where_it_is_wanted(
    sessions: Sessions, new_id: Callable[[], str], replaces: bool, amount: float
) -> None:
    desk, deal = await opened(sessions, new_id, **UPDATE, orderReplacesQuote=replaces)
    quote = await desk.synced(kind="Sales Quote", Opportunity=deal)
    await desk.synced({"Quantity": 5}, Opportunity=deal)
    assert desk.house.sf("Opportunity", deal)["Amount"] == amount
    await desk.edit(ITEM, desk.lines(quote)[0]["Id"], Quantity=7)
    await desk.sync(quote)
    assert desk.house.sf("Opportunity", deal)["Amount"] == (50 if replaces else 70)


async def test_opportunity_with_products_keeps_its_amount(sessions: Sessions, new_id: Callable[[], str]) -> None:
    desk, _ = await opened(sessions, new_id, **UPDATE)
    deal = opportunity(desk)
    before = desk.house.sf("Opportunity", deal)["Amount"]
    await ask(desk, deal, "r1", "Sales Quote")
    after = desk.house.sf("Opportunity", deal)
    assert (after["Amount"], after["ia_crm__Quote_Amount__c"]) == (before, 50)
