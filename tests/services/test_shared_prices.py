"""One price book, several sources: prices in several currencies, and Order Entry beside contract billing."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlmodel import col, func, select

from app.simulators.salesforce.flags import OrgFlags
from app.store.session import Sessions
from app.store.tables import Connection, Operation
from tests.simulated import House, build_house

BASE, EUROPE = "Base Price List", "Europe"
DATES = {"DATEFROM": "01/01/2020", "DATETO": "12/31/2099"}
ORDER_ENTRY, BILLING = ("price_book", "price_book_entry"), ("billing_price_book", "billing_price_entry")


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """An org and a company of several currencies, with one item and two lists of either kind."""
    made = await build_house(sessions, new_id, flags=OrgFlags(multi_currency=True))
    await source(made, "intacct", ORDER_ENTRY)
    made.seed_intacct("ITEM", {"ITEMID": "I-1", "NAME": "Widget", "ITEMTYPE": "Kit"})
    made.seed_intacct("SOPRICELIST", *[{"NAME": name, **DATES} for name in (BASE, EUROPE)])
    return made


async def source(house: House, side: str, objects: Sequence[str], **more: bool) -> None:
    """Say which objects are synced and which side owns their prices."""
    async with house.context.begin() as session:
        row = await session.get_one(Connection, house.connection.id)
        on = {name: {"enabled": True, "priceSource": side, **more} for name in objects}
        row.options = {
            "connection": {"intacctCurrencies": "multi"},
            "objects": {"product": {"enabled": True}, **on},
        }
        house.connection = row


def oe(currency: str, value: str, book: str = BASE) -> dict[str, Any]:
    """An Order Entry price of the widget."""
    return {"PRICELISTID": book, "ITEMID": "I-1", "VALUE": value, "CURRENCY": currency, **DATES}


def billing(currency: str, value: str, book: str = BASE) -> dict[str, Any]:
    """A billing price of the widget."""
    rows = [{"STARTDATE": "01/01/2020", "VALUE": value, "INCLUDEDUNITS": "0", "VARUNITRATE": "0"}]
    return {"PRICELISTNAME": book, "ITEMID": "I-1", "CURRENCY": currency, "CONTRACTITEMPRICELISTENTRIES": rows}


def prices(house: House) -> dict[tuple[str, str], float]:
    """Price by book and currency."""
    names = {one["Id"]: one["Name"] for one in house.salesforce.state.records("Pricebook2")}
    found = house.salesforce.state.records("PricebookEntry")
    return {(names[one["Pricebook2Id"]], one["CurrencyIsoCode"]): float(one["UnitPrice"]) for one in found}


def there(house: House, objects: tuple[str, str]) -> list[tuple[str, str]]:
    """Currency and price of what Intacct has."""
    if objects is ORDER_ENTRY:
        return [(one["CURRENCY"], one["VALUE"]) for one in house.ia("SOPRICELISTENTRY")]
    items = house.ia("CONTRACTITEMPRICELIST")
    return [(one["CURRENCY"], one["CONTRACTITEMPRICELISTENTRIES"][0]["VALUE"]) for one in items]


async def operations(house: House) -> int:
    """How many there ever were."""
    async with house.context.begin() as session:
        return (await session.exec(select(func.count(col(Operation.id))))).one()


# -- several currencies


async def test_each_currency_of_a_list_is_an_entry_of_its_own(house: House) -> None:
    house.seed_intacct("SOPRICELISTENTRY", oe("USD", "10.00"), oe("EUR", "9.00"), oe("JPY", "1500"))
    await house.poll()
    standard = "Standard Price Book"
    assert prices(house) == {(standard, "USD"): 10.0, (standard, "EUR"): 9.0, (standard, "JPY"): 1500.0}


async def test_price_in_a_currency_without_a_standard_price_waits_for_that_one(house: House) -> None:
    house.seed_intacct("SOPRICELISTENTRY", oe("USD", "10.00"), oe("EUR", "8.00", EUROPE))
    await house.poll()
    assert set(prices(house)) == {("Standard Price Book", "USD")}
    house.seed_intacct("SOPRICELISTENTRY", oe("EUR", "9.00"))
    await house.poll()
    await house.pass_time(30)
    assert prices(house)[EUROPE, "EUR"] == 8.0


async def test_edit_in_one_currency_leaves_the_others_alone(house: House) -> None:
    _, euro = house.seed_intacct("SOPRICELISTENTRY", oe("USD", "10.00"), oe("EUR", "9.00"))
    await house.poll()
    await house.edit_intacct("order-entry/price-list-entry", euro["RECORDNO"], {"value": "9.50"})
    await house.poll()
    assert list(prices(house).values()) == [10.0, 9.5]


@pytest.mark.parametrize("objects", [ORDER_ENTRY, BILLING])
async def test_prices_of_salesforce_go_out_in_their_currencies(house: House, objects: tuple[str, str]) -> None:
    await source(house, "salesforce", objects)
    await house.poll()
    (product,) = [one["Id"] for one in house.salesforce.state.records("Product2")]
    (standard,) = [one["Id"] for one in house.salesforce.state.records("Pricebook2") if one["IsStandard"]]
    asked = {"Pricebook2Id": standard, "Product2Id": product, "IsActive": True}
    money = (("USD", 10), ("EUR", 9.5))
    house.seed_intacct("CONTRACTPRICELIST", {"NAME": BASE})
    house.seed_intacct("CONTRACTITEMPRICELIST", billing("EUR", "1.00"))  # is linked, not doubled
    ids = house.seed("PricebookEntry", *[{**asked, "CurrencyIsoCode": c, "UnitPrice": price} for c, price in money])
    done = await house.sync(objects[1], *ids)
    second = "created" if objects is ORDER_ENTRY else "updated"
    assert [one.result for one in done] == ["created", second], [one.message for one in done]
    assert sorted(there(house, objects)) == [("EUR", "9.50"), ("USD", "10.00")]
    assert [one.result for one in await house.sync(objects[1], *ids)] == ["unchanged", "unchanged"]


# -- Order Entry and billing on one book


async def both(house: House) -> None:
    """A list of one name on either side of Intacct, with the widget at two prices."""
    house.seed_intacct("CONTRACTPRICELIST", {"NAME": BASE}, {"NAME": EUROPE})
    house.seed_intacct("SOPRICELISTENTRY", oe("USD", "10.00"))
    house.seed_intacct("CONTRACTITEMPRICELIST", billing("USD", "12.00"))


@pytest.mark.parametrize("first", [ORDER_ENTRY, BILLING])
async def test_order_entry_gives_the_price_whichever_comes_first(house: House, first: tuple[str, str]) -> None:
    await both(house)
    await source(house, "intacct", first)
    await house.poll()
    await source(house, "intacct", (*ORDER_ENTRY, *BILLING))
    await house.poll()
    (one,) = house.salesforce.state.records("PricebookEntry")
    assert (float(one["UnitPrice"]), one["ia_crm__Intacct_Billing_Price__c"]) == (10.0, "1")
    assert one["ia_crm__Intacct_Price__c"] == "1"


async def test_billing_edit_changes_no_shared_price_and_goes_on_changing_its_own(house: House) -> None:
    await both(house)
    house.seed_intacct("CONTRACTITEMPRICELIST", billing("EUR", "11.00"))
    await source(house, "intacct", (*ORDER_ENTRY, *BILLING))
    await house.poll()
    for item in house.ia("CONTRACTITEMPRICELIST"):
        await house.edit_intacct("CONTRACTITEMPRICELIST", item["RECORDNO"], {"STATUS": "inactive"})
    await house.poll()
    shown = {one["CurrencyIsoCode"]: one["IsActive"] for one in house.salesforce.state.records("PricebookEntry")}
    assert shown == {"USD": True, "EUR": False}


async def test_shared_price_is_no_news_the_day_after(house: House) -> None:
    await both(house)
    await source(house, "intacct", (*ORDER_ENTRY, *BILLING))
    await house.poll()
    (item,) = house.ia("CONTRACTITEMPRICELIST")
    await house.edit_intacct("CONTRACTITEMPRICELIST", item["RECORDNO"], {"STATUS": "inactive"})
    await house.poll()
    before = await operations(house)
    house.clock.advance(2 * 86400)
    await house.poll()
    assert await operations(house) == before


async def test_book_is_as_active_as_its_order_entry_list(house: House) -> None:
    await both(house)
    await source(house, "intacct", (*ORDER_ENTRY, *BILLING))
    await house.poll()
    (oe_list,) = [one for one in house.ia("SOPRICELIST") if one["NAME"] == EUROPE]
    (its,) = [one for one in house.ia("CONTRACTPRICELIST") if one["NAME"] == EUROPE]
    await house.edit_intacct("CONTRACTPRICELIST", its["RECORDNO"], {"STATUS": "inactive", "DESCRIPTION": "old"})
    await house.poll()
    (book,) = [one for one in house.salesforce.state.records("Pricebook2") if one["Name"] == EUROPE]
    assert (book["IsActive"], book["Description"]) == (True, "old")
    await house.edit_intacct("order-entry/price-list", oe_list["RECORDNO"], {"status": "inactive"})
    await house.poll()
    assert house.sf("Pricebook2", book["Id"])["IsActive"] is False


async def test_where_order_entry_is_off_billing_gives_the_price(house: House) -> None:
    await both(house)
    await source(house, "intacct", (*ORDER_ENTRY, *BILLING))
    await house.poll()
    await source(house, "intacct", BILLING)
    (item,) = house.ia("CONTRACTITEMPRICELIST")
    await house.edit_intacct("CONTRACTITEMPRICELIST", item["RECORDNO"], {"STATUS": "inactive"})
    await house.poll()
    (one,) = house.salesforce.state.records("PricebookEntry")
    assert (float(one["UnitPrice"]), one["IsActive"]) == (12.0, False)


async def test_price_of_salesforce_goes_to_both(house: House) -> None:
    await both(house)
    await source(house, "intacct", (*ORDER_ENTRY, *BILLING))
    await house.poll()
    await source(house, "salesforce", (*ORDER_ENTRY, *BILLING))
    (one,) = house.salesforce.state.records("PricebookEntry")
    await house.edit("PricebookEntry", one["Id"], UnitPrice=20)
    await house.sync("price_book_entry", one["Id"])
    await house.sync("billing_price_entry", one["Id"])
    (item,) = house.ia("CONTRACTITEMPRICELIST")
    assert item["CONTRACTITEMPRICELISTENTRIES"][0]["VALUE"] == "20.00"
    assert [row["VALUE"] for row in house.ia("SOPRICELISTENTRY")] == ["20.00"]


async def test_shared_price_that_is_found_by_polling_goes_to_each_once(house: House) -> None:
    await both(house)
    await source(house, "intacct", (*ORDER_ENTRY, *BILLING))
    await house.poll()
    await source(house, "salesforce", (*ORDER_ENTRY, *BILLING), pollSalesforce=True)
    await house.poll()
    (one,) = house.salesforce.state.records("PricebookEntry")
    await house.edit("PricebookEntry", one["Id"], UnitPrice=20)
    house.clock.advance(600)
    await house.poll()
    assert (there(house, ORDER_ENTRY), there(house, BILLING)) == ([("USD", "20.00")], [("USD", "20.00")])
    before = await operations(house)
    house.clock.advance(600)
    await house.poll()
    assert await operations(house) == before
