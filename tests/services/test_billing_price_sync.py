"""Billing price lists and price books: either side the source, dated rows, usage prices stay in Intacct."""

from collections.abc import Callable
from typing import Any

import pytest

from app.domain.records import Lane, System
from app.simulators.faults import parse_faults
from app.store.session import Sessions
from app.store.tables import Connection
from app.sync.ports import Action, LineItems, Write
from tests.services.test_preview import sync_as_shown, texts
from tests.simulated import House, build_house

BASE = "Base Price List"
LIST = "CONTRACTITEMPRICELISTENTRIES"
ROW = {"STARTDATE": "01/01/2020", "INCLUDEDUNITS": "0", "VARUNITRATE": "0"}
TIER = {"CONTRACTITEMPRCLSTENTYTIERS": {"CONTRACTITEMPRCLSTENTYTIER": {"BEGINQTY": "0", "TIERRATE": "0.25"}}}


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """A house that syncs billing prices, with one item on the base list."""
    made = await build_house(sessions, new_id)
    await source(made, "intacct")
    made.seed_intacct("ITEM", {"ITEMID": "I-1", "NAME": "Widget", "ITEMTYPE": "Kit"})
    made.seed_intacct("CONTRACTPRICELIST", {"NAME": BASE})
    return made


async def source(house: House, side: str, **more: Any) -> None:
    """Say which side owns billing prices."""
    async with house.context.begin() as session:
        row = await session.get_one(Connection, house.connection.id)
        both = {"enabled": True, "priceSource": side}
        objects = {"product": {"enabled": True}, "billing_price_book": both, "billing_price_entry": both, **more}
        row.options = {"objects": objects}
        house.connection = row


def rows(house: House) -> list[tuple[str, str]]:
    """Start and price of the rows of the only item."""
    (item,) = house.ia("CONTRACTITEMPRICELIST")
    return [(row["STARTDATE"], row["VALUE"]) for row in item[LIST]]


def entries(house: House) -> list[dict[str, Any]]:
    """All price book entries."""
    return house.salesforce.state.records("PricebookEntry")


async def rewrite(house: House, *rows: dict[str, str]) -> None:
    """Somebody gives the only item other rows in Intacct."""
    house.clock.advance(2)
    (item,) = house.ia("CONTRACTITEMPRICELIST")
    lines = LineItems(f"{LIST}.CONTRACTITEMPRICELISTENTRY", tuple({**ROW, **row} for row in rows), ())
    write = Write(
        "CONTRACTITEMPRICELIST", Action.UPDATE, {}, f"by hand {house.clock.now()}", item["RECORDNO"], lines=lines
    )
    (outcome,) = await house.context.backends.of(house.connection, Lane.INTERACTIVE).intacct.write([write])
    assert outcome.error is None, outcome.error


def fault(house: House, kind: str, verb: str) -> None:
    """Trouble with the next such write of an item."""
    for one in parse_faults([{"kind": kind, "match": f"{verb}:CONTRACTITEMPRICELIST"}]):
        house.intacct.state.faults.add(one)


def priced(house: House, *rows: dict[str, Any]) -> dict[str, Any]:
    item = {"PRICELISTNAME": BASE, "ITEMID": "I-1", "CURRENCY": "USD", LIST: [{**ROW, **row} for row in rows]}
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


async def test_a_tiered_price_and_included_units_are_usage_as_well(house: House) -> None:
    house.seed_intacct("ITEM", {"ITEMID": "I-2", "NAME": "Gadget", "ITEMTYPE": "Kit"})
    priced(house, {"VALUE": "5.00", **TIER})
    rows = [{"STARTDATE": "01/01/2020", "VALUE": "6.00", "INCLUDEDUNITS": "100", "VARUNITRATE": "0"}]
    more = {"PRICELISTNAME": BASE, "ITEMID": "I-2", "CURRENCY": "USD", "CONTRACTITEMPRICELISTENTRIES": rows}
    house.seed_intacct("CONTRACTITEMPRICELIST", more)
    await house.poll()
    shown = [(float(one["UnitPrice"]), one["ia_crm__Usage_Priced__c"]) for one in entries(house)]
    assert shown == [(0.0, True), (0.0, True)]


async def test_base_list_is_the_standard_book(house: House) -> None:
    await house.poll()
    (standard,) = [one for one in house.salesforce.state.records("Pricebook2") if one["IsStandard"]]
    assert standard["ia_crm__Intacct_Billing_Price_List__c"] == BASE


async def test_edit_in_salesforce_stays_until_the_price_is_edited_in_intacct(house: House) -> None:
    priced(house, {"VALUE": "5.00"})
    await house.poll()
    (one,) = entries(house)
    await house.edit("PricebookEntry", one["Id"], UnitPrice=99)
    await house.poll()
    assert float(entries(house)[0]["UnitPrice"]) == 99.0
    await rewrite(house, {"VALUE": "6.00"})
    await house.poll()
    assert float(entries(house)[0]["UnitPrice"]) == 6.0


async def test_deactivated_list_and_price_deactivate_their_twins_and_delete_nothing(house: House) -> None:
    priced(house, {"VALUE": "5.00"})
    (book,) = house.seed_intacct("CONTRACTPRICELIST", {"NAME": "Web"})
    await house.poll()
    (item,) = house.ia("CONTRACTITEMPRICELIST")
    await house.edit_intacct("CONTRACTITEMPRICELIST", item["RECORDNO"], {"STATUS": "inactive"})
    await house.edit_intacct("CONTRACTPRICELIST", book["RECORDNO"], {"STATUS": "inactive"})
    await house.poll()
    assert [one["IsActive"] for one in entries(house)] == [False]
    assert [one["IsActive"] for one in house.salesforce.state.records("Pricebook2") if one["Name"] == "Web"] == [False]


# -- the other way round


async def standard_price(house: House, price: float = 7.5) -> str:
    """A standard price born in Salesforce, which is the source from now on."""
    await source(house, "salesforce")
    await house.poll()
    (product,) = [one["Id"] for one in house.salesforce.state.records("Product2")]
    (standard,) = [one["Id"] for one in house.salesforce.state.records("Pricebook2") if one["IsStandard"]]
    price_of = {"Pricebook2Id": standard, "Product2Id": product, "UnitPrice": price, "IsActive": True}
    return house.seed("PricebookEntry", price_of)[0]


async def test_price_of_salesforce_makes_an_item_with_one_row(house: House) -> None:
    made = await standard_price(house)
    (done,) = await house.sync("billing_price_entry", made)
    assert done.result == "created", done.message
    (item,) = house.ia("CONTRACTITEMPRICELIST")
    assert (item["PRICELISTNAME"], item["ITEMID"], item["ITMPRCLSTTYP"], item["VARUNITDIVSR"]) == (
        BASE,
        "I-1",
        "Range",
        "1",
    )
    assert rows(house) == [("01/01/2000", "7.50")]
    assert (await house.sync("billing_price_entry", made))[0].result == "unchanged"
    assert float(house.sf("PricebookEntry", made)["UnitPrice"]) == 7.5


async def test_new_book_goes_with_its_first_price(house: House) -> None:
    made = await standard_price(house)
    (book,) = house.seed("Pricebook2", {"Name": "Web", "IsActive": True, "Description": "Shop"})
    more = {**house.sf("PricebookEntry", made), "Pricebook2Id": book, "UnitPrice": 9}
    kept = ("Pricebook2Id", "Product2Id", "UnitPrice", "IsActive")
    (other,) = house.seed("PricebookEntry", {name: more[name] for name in kept})
    (done,) = await house.sync("billing_price_entry", other)
    assert done.result == "created", done.message
    assert [(one["NAME"], one["DESCRIPTION"]) for one in house.ia("CONTRACTPRICELIST")][1:] == [("Web", "Shop")]


async def test_edit_changes_the_row_in_force_and_no_other(house: House) -> None:
    priced(
        house,
        {"VALUE": "1.00", "MEMO": "at first"},
        {"VALUE": "2.00", "STARTDATE": "01/01/2021", "MEMO": "007"},
        {"VALUE": "9.00", "STARTDATE": "01/01/2090"},
    )
    made = await standard_price(house)
    (done,) = await house.sync("billing_price_entry", made)
    assert (done.result, done.reason) == ("updated", "linked_by_itemid")
    assert rows(house) == [("01/01/2020", "1.00"), ("01/01/2021", "7.50"), ("01/01/2090", "9.00")]
    assert [row["MEMO"] for row in house.ia("CONTRACTITEMPRICELIST")[0][LIST]] == ["at first", "007", ""]
    assert len(house.ia("CONTRACTITEMPRICELIST")) == 1


async def test_price_before_all_others_begins_when_none_is_in_force(house: House) -> None:
    priced(house, {"VALUE": "9.00", "STARTDATE": "01/01/2090"})
    made = await standard_price(house)
    await house.sync("billing_price_entry", made)
    assert rows(house) == [("01/01/2000", "7.50"), ("01/01/2090", "9.00")]


@pytest.mark.parametrize("more", [{"VARUNITRATE": "0.05"}, {"INCLUDEDUNITS": "10"}, "tier"])
@pytest.mark.parametrize("start", ["01/01/2021", "01/01/2090"])
async def test_list_with_a_usage_price_is_never_written_whatever_its_date(house: House, more: Any, start: str) -> None:
    usage = TIER if more == "tier" else more
    priced(house, {"VALUE": "1.00"}, {"VALUE": "2.00", "STARTDATE": start, **usage})
    before = house.ia("CONTRACTITEMPRICELIST")[0][LIST]
    made = await standard_price(house)
    (done,) = await house.sync("billing_price_entry", made)
    assert done.result in ("updated", "unchanged"), done.message
    await house.edit("PricebookEntry", made, UnitPrice=8)
    await house.sync("billing_price_entry", made)
    assert house.ia("CONTRACTITEMPRICELIST")[0][LIST] == before
    await house.edit("PricebookEntry", made, IsActive=False)
    await house.sync("billing_price_entry", made)
    item = house.ia("CONTRACTITEMPRICELIST")[0]
    assert (item["STATUS"], item[LIST]) == ("inactive", before)


async def test_edit_in_intacct_is_written_over_at_the_next_edit_in_salesforce(house: House) -> None:
    made = await standard_price(house)
    await house.sync("billing_price_entry", made)
    await rewrite(house, {"STARTDATE": "01/01/2000", "VALUE": "1.00"})
    await house.poll()
    assert rows(house) == [("01/01/2000", "1.00")]
    await house.edit("PricebookEntry", made, UnitPrice=8)
    await house.sync("billing_price_entry", made)
    assert rows(house) == [("01/01/2000", "8.00")]


async def test_deleted_price_is_deactivated_in_intacct_with_its_rows(house: House) -> None:
    made = await standard_price(house)
    await house.sync("billing_price_entry", made)
    house.salesforce.state.delete({"object": "PricebookEntry", "ids": [made]})
    (done,) = await house.sync("billing_price_entry", made)
    assert (done.result, done.reason) == ("updated", "inactivated_in_intacct")
    assert (house.ia("CONTRACTITEMPRICELIST")[0]["STATUS"], rows(house)) == ("inactive", [("01/01/2000", "7.50")])


@pytest.mark.parametrize("kind", ["reset_after_commit", "reset_before_commit", "truncated"])
async def test_lost_answer_makes_one_item(house: House, kind: str) -> None:
    made = await standard_price(house)
    fault(house, kind, "create")
    await house.sync("billing_price_entry", made)
    await house.pass_time(1200)
    assert (len(house.ia("CONTRACTITEMPRICELIST")), rows(house)) == (1, [("01/01/2000", "7.50")])


async def test_lost_update_is_planned_anew_and_drops_nothing_that_came_meanwhile(house: House) -> None:
    made = await standard_price(house)
    await house.sync("billing_price_entry", made)
    await house.edit("PricebookEntry", made, UnitPrice=8)
    fault(house, "reset_before_commit", "update")
    (done,) = await house.sync("billing_price_entry", made)
    assert done.result == "held"
    usage = {"STARTDATE": "01/01/2030", "VALUE": "3.00", "VARUNITRATE": "0.10"}
    await rewrite(house, {"STARTDATE": "01/01/2000", "VALUE": "7.50"}, usage)
    await house.pass_time(2400)
    assert rows(house) == [("01/01/2000", "7.50"), ("01/01/2030", "3.00")]
    assert (await house.operation(done.id)).result in ("unchanged", "updated")


async def test_lost_answer_to_an_update_that_was_carried_out_is_found(house: House) -> None:
    made = await standard_price(house)
    await house.sync("billing_price_entry", made)
    await house.edit("PricebookEntry", made, UnitPrice=8)
    fault(house, "reset_after_commit", "update")
    (done,) = await house.sync("billing_price_entry", made)
    await house.pass_time(60)
    assert (rows(house), (await house.operation(done.id)).state) == ([("01/01/2000", "8.00")], "done")


async def test_preview_shows_the_rows_as_they_will_be_sent(house: House) -> None:
    made = await standard_price(house)
    await sync_as_shown(house, "billing_price_book", house.sf("PricebookEntry", made)["Pricebook2Id"])
    priced(house, {"VALUE": "1.00"}, {"VALUE": "9.00", "STARTDATE": "01/01/2090"})
    await sync_as_shown(house, "billing_price_entry", made)
    await house.edit("PricebookEntry", made, UnitPrice=8)
    shown = await sync_as_shown(house, "billing_price_entry", made)
    (text,) = texts(shown.records[0], System.INTACCT)
    assert [part for part in text.split("VALUE>") if part.endswith("</")] == ["8.00</", "9.00</"]
