"""Order Entry prices over REST: from Intacct or from Salesforce by option, dated, standard prices first."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.simulators.faults import parse_faults
from app.store.session import Sessions
from app.store.tables import Connection
from tests.simulated import House, build_house

BASE, EXTRA = "Base Price List", "Wholesale"
OLD, NOW, NEXT = ("01/01/2020", "12/31/2099"), ("01/01/2021", "12/31/2099"), ("01/01/2090", "12/31/2099")
ITEM = {"ITEMID": "I-1", "NAME": "Widget", "ITEMTYPE": "Kit"}


def entry(value: str, book: str = BASE, dates: tuple[str, str] = OLD, **more: Any) -> dict[str, Any]:
    """An Intacct price of the widget."""
    starts, ends = dates
    return {"PRICELISTID": book, "ITEMID": "I-1", "VALUE": value, "DATEFROM": starts, "DATETO": ends, **more}


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """A house that syncs products and prices, with one item and two price lists."""
    made = await build_house(sessions, new_id)
    await source(made, "intacct")
    made.seed_intacct("ITEM", ITEM)
    made.seed_intacct("SOPRICELIST", *[{"NAME": name, "DATEFROM": OLD[0], "DATETO": OLD[1]} for name in (BASE, EXTRA)])
    return made


async def source(house: House, side: str, **more: Any) -> None:
    """Say which side owns prices."""
    async with house.context.begin() as session:
        row = await session.get_one(Connection, house.connection.id)
        both = {"enabled": True, "priceSource": side}
        objects = {"product": {"enabled": True}, "price_book": both, "price_book_entry": both, **more}
        row.options = {"objects": objects}
        house.connection = row


def books(house: House) -> dict[str, dict[str, Any]]:
    return {book["Name"]: book for book in house.salesforce.state.records("Pricebook2") if not book["IsDeleted"]}


def prices(house: House) -> dict[str, float]:
    """Price by book name."""
    names = {book["Id"]: name for name, book in books(house).items()}
    return {
        names[one["Pricebook2Id"]]: float(one["UnitPrice"]) for one in house.salesforce.state.records("PricebookEntry")
    }


async def test_base_list_is_the_standard_book_and_others_are_made(house: House) -> None:
    await house.poll()
    found = books(house)
    standard = next(book for book in found.values() if book["IsStandard"])
    assert (standard["ia_crm__Intacct_Price_List__c"], set(found)) == (BASE, {"Standard Price Book", EXTRA})
    assert found[EXTRA]["ia_crm__Start_Date__c"] == "2020-01-01"
    assert (await house.poll())["default/price_book"].wished == 0


async def test_order_entry_templates_arrive_with_their_type(house: House) -> None:
    await source(house, "intacct", revenue_template_oe={"enabled": True})
    house.seed_intacct("REVRECTEMPLATE", {"TEMPLATEID": "T-1", "DESCRIPTION": "Twelve months"})
    await house.poll()
    (made,) = house.salesforce.state.records("ia_crm__Revenue_Recognition_Template__c")
    assert (made["Name"], made["ia_crm__Type__c"], made["ia_crm__Status__c"]) == ("T-1", "Order Entry", True)


async def test_inactive_list_does_not_arrive(house: House) -> None:
    house.seed_intacct("SOPRICELIST", {"NAME": "Gone", "STATUS": "inactive"})
    await house.poll()
    assert "Gone" not in books(house)


async def test_existing_book_is_matched_by_name(house: House) -> None:
    (there,) = house.seed("Pricebook2", {"Name": EXTRA, "IsActive": True})
    await house.poll()
    assert books(house)[EXTRA]["Id"] == there


async def test_standard_price_comes_before_the_others(house: House) -> None:
    house.seed_intacct("SOPRICELISTENTRY", entry("10.00", EXTRA), entry("12.50"))
    await house.poll()
    assert prices(house) == {"Standard Price Book": 12.5, EXTRA: 10.0}


async def test_price_without_a_standard_price_waits_for_it(house: House) -> None:
    house.seed_intacct("SOPRICELISTENTRY", entry("10.00", EXTRA))
    await house.poll()
    assert prices(house) == {}
    house.seed_intacct("SOPRICELISTENTRY", entry("12.50"))
    await house.poll()
    await house.pass_time(30)
    assert prices(house) == {"Standard Price Book": 12.5, EXTRA: 10.0}


async def test_the_price_in_force_counts_and_the_next_one_follows_in_time(house: House) -> None:
    house.seed_intacct("SOPRICELISTENTRY", entry("1.00"), entry("2.00", dates=NOW))
    tomorrow = (house.clock.now() + timedelta(days=1)).strftime("%m/%d/%Y")
    house.seed_intacct("SOPRICELISTENTRY", entry("3.00", dates=(tomorrow, NOW[1])), entry("9.00", dates=NEXT))
    await house.poll()
    assert prices(house) == {"Standard Price Book": 2.0}
    house.clock.advance(86400)
    await house.poll()
    assert prices(house) == {"Standard Price Book": 3.0}
    (one,) = house.salesforce.state.records("PricebookEntry")
    assert (one["ia_crm__Intacct_Key__c"], one["ia_crm__Start_Date__c"]) == (
        "order-entry/price-list-entry:3",
        house.clock.now().date().isoformat(),
    )


async def test_new_price_that_holds_at_once_takes_the_link_over(house: House) -> None:
    house.seed_intacct("SOPRICELISTENTRY", entry("1.00"))
    await house.poll()
    house.seed_intacct("SOPRICELISTENTRY", entry("2.00", dates=NOW))
    await house.poll()
    assert prices(house) == {"Standard Price Book": 2.0}
    assert len(house.salesforce.state.records("PricebookEntry")) == 1


async def test_edit_in_salesforce_stays_until_the_price_is_edited_in_intacct(house: House) -> None:
    (made,) = house.seed_intacct("SOPRICELISTENTRY", entry("12.50"))
    await house.poll()
    (one,) = house.salesforce.state.records("PricebookEntry")
    await house.edit("PricebookEntry", one["Id"], UnitPrice=99)
    await house.poll()
    assert prices(house) == {"Standard Price Book": 99.0}
    await house.edit_intacct("order-entry/price-list-entry", made["RECORDNO"], {"endDate": "2098-12-31"})
    await house.poll()
    assert prices(house) == {"Standard Price Book": 12.5}


@pytest.mark.parametrize("more", [{"VALUETYPE": "percentMarkup"}, {"QTYMIN": "10"}])
async def test_what_is_no_plain_price_is_reported_not_synced(house: House, more: dict[str, str]) -> None:
    house.seed_intacct("SOPRICELISTENTRY", entry("12.50"), entry("5", dates=NOW, **more))
    counts = await house.poll()
    assert counts["default/price_book_entry"].new == 2
    assert prices(house) == {"Standard Price Book": 12.5}


async def test_deactivated_list_deactivates_the_book(house: House) -> None:
    await house.poll()
    (extra,) = [row for row in house.ia("SOPRICELIST") if row["NAME"] == EXTRA]
    await house.edit_intacct("order-entry/price-list", extra["RECORDNO"], {"status": "inactive"})
    await house.poll()
    assert books(house)[EXTRA]["IsActive"] is False


# -- the other way round


async def test_salesforce_as_the_source_makes_lists_and_prices(house: House) -> None:
    await house.poll()
    await source(house, "salesforce")
    (book,) = house.seed("Pricebook2", {"Name": "Web", "IsActive": True})
    (product,) = [one["Id"] for one in house.salesforce.state.records("Product2")]
    standard = books(house)["Standard Price Book"]["Id"]
    asked = [
        {"Pricebook2Id": one, "Product2Id": product, "UnitPrice": 7.5, "IsActive": True} for one in (standard, book)
    ]
    ids = house.seed("PricebookEntry", *asked)
    done = await house.sync("price_book_entry", *ids)
    assert [one.result for one in done] == ["created", "created"], [one.message for one in done]
    made = {row["PRICELISTID"]: (row["VALUE"], row["VALUETYPE"]) for row in house.ia("SOPRICELISTENTRY")}
    assert made == {BASE: ("7.50", "actual"), "Web": ("7.50", "actual")}
    assert [one.result for one in await house.sync("price_book_entry", *ids)] == ["unchanged", "unchanged"]
    assert house.sf("PricebookEntry", ids[0])["ia_crm__Start_Date__c"] == "2000-01-01"


async def salesforce_price(house: House, price: float = 7.5) -> str:
    """A standard price that stands on both sides, Salesforce being the source."""
    await house.poll()
    await source(house, "salesforce")
    (product,) = [one["Id"] for one in house.salesforce.state.records("Product2")]
    standard = books(house)["Standard Price Book"]["Id"]
    (made,) = house.seed(
        "PricebookEntry", {"Pricebook2Id": standard, "Product2Id": product, "UnitPrice": price, "IsActive": True}
    )
    (done,) = await house.sync("price_book_entry", made)
    assert done.result in ("created", "updated"), done.message
    return made


async def test_edit_in_intacct_is_written_over_at_the_next_edit_in_salesforce(house: House) -> None:
    made = await salesforce_price(house)
    (there,) = house.ia("SOPRICELISTENTRY")
    await house.edit_intacct("order-entry/price-list-entry", there["RECORDNO"], {"value": "1.00"})
    await house.poll()
    assert house.ia("SOPRICELISTENTRY")[0]["VALUE"] == "1.00"
    await house.edit("PricebookEntry", made, ia_crm__End_Date__c="2098-12-31")
    await house.sync("price_book_entry", made)
    assert (house.ia("SOPRICELISTENTRY")[0]["VALUE"], prices(house)["Standard Price Book"]) == ("7.50", 7.5)


async def test_existing_price_is_linked_not_doubled(house: House) -> None:
    house.seed_intacct("SOPRICELISTENTRY", entry("5.00"))
    await source(house, "salesforce")
    await salesforce_price(house)
    assert [row["VALUE"] for row in house.ia("SOPRICELISTENTRY")] == ["7.50"]


async def test_deleted_book_is_deactivated_in_intacct_and_nothing_is_deleted(house: House) -> None:
    await house.poll()
    await source(house, "salesforce")
    (book,) = house.seed("Pricebook2", {"Name": "Web", "IsActive": True})
    await house.sync("price_book", book)
    house.salesforce.state.delete({"object": "Pricebook2", "ids": [book]})
    (done,) = await house.sync("price_book", book)
    assert (done.result, done.reason) == ("updated", "inactivated_in_intacct")
    assert [row["STATUS"] for row in house.ia("SOPRICELIST") if row["NAME"] == "Web"] == ["inactive"]


@pytest.mark.parametrize("kind", ["reset_after_commit", "reset_before_commit", "truncated"])
async def test_lost_answer_makes_one_price(house: House, kind: str) -> None:
    for fault in parse_faults([{"kind": kind, "match": "create:order-entry/price-list-entry"}]):
        house.intacct.state.faults.add(fault)
    await salesforce_price(house)
    assert len(house.ia("SOPRICELISTENTRY")) == 1
