"""Billing price lists of contracts come to price books; usage prices stay in Intacct."""

from collections.abc import Callable
from typing import Any

import pytest

from app.store.session import Sessions
from app.store.tables import Connection
from tests.simulated import House, build_house

BASE = "Base Price List"


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """A house that syncs billing prices, with one item on the base list."""
    made = await build_house(sessions, new_id)
    async with made.context.begin() as session:
        row = await session.get_one(Connection, made.connection.id)
        names = ("product", "billing_price_book", "billing_price_entry")
        row.options = {"objects": {name: {"enabled": True} for name in names}}
        made.connection = row
    made.seed_intacct("ITEM", {"ITEMID": "I-1", "NAME": "Widget", "ITEMTYPE": "Kit"})
    made.seed_intacct("CONTRACTPRICELIST", {"NAME": BASE})
    return made


def priced(house: House, *rows: dict[str, Any]) -> dict[str, Any]:
    entries = [{"STARTDATE": "01/01/2020", **row} for row in rows]
    item = {"PRICELISTNAME": BASE, "ITEMID": "I-1", "CURRENCY": "USD", "CONTRACTITEMPRICELISTENTRIES": entries}
    return house.seed_intacct("CONTRACTITEMPRICELIST", item)[0]


async def test_row_in_force_is_the_price_and_the_next_follows_in_time(house: House) -> None:
    priced(
        house,
        {"VALUE": "1.00"},
        {"VALUE": "2.00", "STARTDATE": "01/01/2021"},
        {"VALUE": "9", "STARTDATE": "11/23/2026"},
    )
    await house.poll()
    (one,) = house.salesforce.state.records("PricebookEntry")
    assert (float(one["UnitPrice"]), one["IsActive"], one["ia_crm__Usage_Priced__c"]) == (2.0, True, False)
    house.clock.advance(2 * 86400)
    await house.poll()
    (one,) = house.salesforce.state.records("PricebookEntry")
    assert float(one["UnitPrice"]) == 9.0


async def test_of_a_usage_price_only_the_flag_comes(house: House) -> None:
    priced(house, {"VALUE": "5.00", "VARUNITRATE": "0.05"})
    await house.poll()
    (one,) = house.salesforce.state.records("PricebookEntry")
    assert (float(one["UnitPrice"]), one["ia_crm__Usage_Priced__c"]) == (0.0, True)


async def test_book_is_shared_with_the_order_entry_list_of_its_name(house: House) -> None:
    (there,) = house.seed("Pricebook2", {"Name": "Web", "IsActive": True, "ia_crm__Intacct_Key__c": "x:1"})
    house.seed_intacct("CONTRACTPRICELIST", {"NAME": "Web", "DESCRIPTION": "Both"})
    await house.poll()
    book = house.sf("Pricebook2", there)
    assert (book["Description"], book["ia_crm__Intacct_Billing_Price_List__c"]) == ("Both", "Web")
