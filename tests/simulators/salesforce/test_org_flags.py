"""SIM-80 to SIM-83: the switches that make one org unlike another."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.simulators.salesforce.flags import OrgFlags
from tests.simulators.salesforce.bench import Bench, code_of, make_bench


async def opened(flags: OrgFlags) -> AsyncIterator[Bench]:
    """A bench that is closed afterwards."""
    bench = await make_bench(flags)
    yield bench
    await bench.http.aclose()


@pytest.fixture
async def currencies() -> AsyncIterator[Bench]:
    """An org with several currencies."""
    async for bench in opened(OrgFlags(multi_currency=True, corporate_currency="EUR")):
        yield bench


@pytest.fixture
async def people() -> AsyncIterator[Bench]:
    """An org with person accounts."""
    async for bench in opened(OrgFlags(person_accounts=True)):
        yield bench


@pytest.fixture
async def places() -> AsyncIterator[Bench]:
    """An org with state and country picklists."""
    async for bench in opened(OrgFlags(state_country_picklists=True)):
        yield bench


async def field_names(org: Bench, kind: str) -> set[str]:
    """What describe shows."""
    return {f["name"] for f in (await org.call("GET", f"/sobjects/{kind}/describe")).json()["fields"]}


# --- currencies -----------------------------------------------------------------------------------------------------


async def test_without_currencies_there_is_no_currency_field(org: Bench) -> None:
    assert "CurrencyIsoCode" not in await field_names(org, "Account")
    reply = await org.call("POST", "/sobjects/Account", json={"Name": "A", "CurrencyIsoCode": "EUR"})
    assert code_of(reply) == (400, "INVALID_FIELD")


async def test_the_currency_defaults_to_the_corporate_one(currencies: Bench) -> None:
    record_id = await currencies.create("Account", {"Name": "A"})
    assert (await currencies.read("Account", record_id))["CurrencyIsoCode"] == "EUR"


async def test_only_active_currencies_are_taken(currencies: Bench) -> None:
    await currencies.create("Account", {"Name": "A", "CurrencyIsoCode": "JPY"})
    reply = await currencies.call("POST", "/sobjects/Account", json={"Name": "A", "CurrencyIsoCode": "XXX"})
    assert code_of(reply) == (400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")


async def test_one_price_per_currency(currencies: Bench) -> None:
    book = (await currencies.rows("SELECT Id FROM Pricebook2"))[0]["Id"]
    product = await currencies.create("Product2", {"Name": "Thing"})
    for currency, status in (("EUR", 201), ("USD", 201), ("USD", 400)):
        values = {"Pricebook2Id": book, "Product2Id": product, "UnitPrice": 1, "CurrencyIsoCode": currency}
        assert (await currencies.call("POST", "/sobjects/PricebookEntry", json=values)).status_code == status


# --- person accounts ------------------------------------------------------------------------------------------------


async def person(org: Bench, **values: Any) -> str:
    """The id of a person account."""
    kind = (await org.rows("SELECT Id FROM RecordType WHERE SobjectType = 'Account' AND IsPersonType = true"))[0]["Id"]
    return await org.create("Account", {"LastName": "Lovelace", "RecordTypeId": kind, **values})


async def test_a_person_has_a_twin_contact(people: Bench) -> None:
    record_id = await person(people, FirstName="Ada", PersonEmail="ada@example.com", Shoe_Size__pc=38)
    account = await people.read("Account", record_id)
    twin = await people.read("Contact", account["PersonContactId"])
    assert (account["Name"], account["IsPersonAccount"]) == ("Ada Lovelace", True)
    assert (twin["LastName"], twin["Email"], twin["Shoe_Size__c"], twin["AccountId"]) == (
        "Lovelace",
        "ada@example.com",
        38,
        record_id,
    )


async def test_the_twin_follows_its_account(people: Bench) -> None:
    record_id = await person(people)
    await people.call("PATCH", f"/sobjects/Account/{record_id}", json={"LastName": "Byron"})
    account = await people.read("Account", record_id)
    assert account["Name"] == "Byron"
    assert (await people.read("Contact", account["PersonContactId"]))["Name"] == "Byron"


async def test_a_person_s_name_cannot_be_written(people: Bench) -> None:
    record_id = await person(people)
    reply = await people.call("PATCH", f"/sobjects/Account/{record_id}", json={"Name": "X"})
    assert code_of(reply) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")


async def test_the_twin_cannot_be_written(people: Bench) -> None:
    twin = (await people.read("Account", await person(people)))["PersonContactId"]
    reply = await people.call("PATCH", f"/sobjects/Contact/{twin}", json={"LastName": "X"})
    assert code_of(reply) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")


async def test_a_business_account_has_no_person_fields(people: Bench) -> None:
    record_id = await people.create("Account", {"Name": "A"})
    assert (await people.read("Account", record_id))["IsPersonAccount"] is False
    reply = await people.call("POST", "/sobjects/Account", json={"Name": "A", "LastName": "B"})
    assert code_of(reply) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")


# --- states and countries -------------------------------------------------------------------------------------------


async def test_without_picklists_there_are_no_codes(org: Bench) -> None:
    assert "BillingCountryCode" not in await field_names(org, "Account")
    await org.create("Account", {"Name": "A", "BillingCountry": "Narnia"})


@pytest.mark.parametrize(
    ("sent", "country", "state"),
    [
        ({"BillingCountryCode": "US", "BillingStateCode": "CA"}, ("US", "United States"), ("CA", "California")),
        ({"BillingCountry": "canada", "BillingState": "Ontario"}, ("CA", "Canada"), ("ON", "Ontario")),
        ({"BillingCountry": "DE"}, ("DE", "Germany"), (None, None)),
    ],
)
async def test_codes_and_names_go_together(
    places: Bench, sent: dict[str, str], country: tuple[str, str], state: tuple[str | None, str | None]
) -> None:
    values = await places.read("Account", await places.create("Account", {"Name": "A", **sent}))
    assert (values["BillingCountryCode"], values["BillingCountry"]) == country
    assert (values["BillingStateCode"], values["BillingState"]) == state


@pytest.mark.parametrize(
    "sent",
    [{"BillingCountry": "Narnia"}, {"BillingCountryCode": "XX"}, {"BillingState": "Texas"}],
    ids=["unknown name", "unknown code", "state without country"],
)
async def test_a_place_off_the_list_is_refused(places: Bench, sent: dict[str, str]) -> None:
    reply = await places.call("POST", "/sobjects/Account", json={"Name": "A", **sent})
    assert code_of(reply) == (400, "FIELD_INTEGRITY_EXCEPTION")


# --- kinds of org ---------------------------------------------------------------------------------------------------

GIFT = {"Name": "Gift", "StageName": "Prospecting", "CloseDate": "2026-04-01", "Amount": 50}


@pytest.mark.parametrize(("skip", "payments"), [(False, [50]), (True, [])])
async def test_npsp_makes_a_payment_for_an_opportunity(skip: bool, payments: list[int]) -> None:
    bench = await make_bench(OrgFlags(kind="npsp"))
    await bench.create("Opportunity", {**GIFT, "npe01__Do_Not_Automatically_Create_Payment__c": skip})
    found = await bench.rows("SELECT npe01__Payment_Amount__c FROM npe01__OppPayment__c")
    assert [r["npe01__Payment_Amount__c"] for r in found] == payments
    await bench.http.aclose()


async def test_npc_takes_refunds_from_a_gift() -> None:
    bench = await make_bench(OrgFlags(kind="npc"))
    donor = await bench.create("Account", {"Name": "D"})
    gift = await bench.create("GiftTransaction", {"DonorId": donor, "OriginalAmount": 50, "Status": "Paid"})
    await bench.create("GiftRefund", {"GiftTransactionId": gift, "Amount": 20, "Date": "2026-03-02"})
    assert (await bench.read("GiftTransaction", gift))["CurrentAmount"] == 30
    await bench.http.aclose()


async def test_a_sales_org_has_no_gifts(org: Bench) -> None:
    assert (await org.call("GET", "/sobjects/GiftTransaction/describe")).status_code == 404
    assert (await org.call("GET", "/sobjects/npe01__OppPayment__c/describe")).status_code == 404
