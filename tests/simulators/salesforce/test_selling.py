"""SIM-36: what an org works out by itself along the way from quote to payment."""

from typing import Any

import pytest

from tests.simulators.salesforce.bench import Bench, code_of

OPPORTUNITY = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-04-01"}


async def book(org: Bench) -> str:
    """The standard price book."""
    return str((await org.rows("SELECT Id FROM Pricebook2 WHERE IsStandard = true"))[0]["Id"])


async def entry(org: Bench, price: float = 10) -> dict[str, Any]:
    """A product with its standard price: the ids of product, entry and book."""
    standard = await book(org)
    product = await org.create("Product2", {"Name": "Thing", "ProductCode": "T-1", "IsActive": True})
    values = {"Pricebook2Id": standard, "Product2Id": product, "UnitPrice": price, "IsActive": True}
    return {"product": product, "entry": await org.create("PricebookEntry", values), "book": standard}


async def test_the_stage_closes_and_wins(org: Bench) -> None:
    record_id = await org.create("Opportunity", OPPORTUNITY)
    assert (await org.read("Opportunity", record_id))["Probability"] == 10
    await org.call("PATCH", f"/sobjects/Opportunity/{record_id}", json={"StageName": "Closed Won"})
    values = await org.read("Opportunity", record_id)
    assert (values["IsClosed"], values["IsWon"], values["Probability"]) == (True, True, 100)


async def test_the_amount_follows_the_lines(org: Bench) -> None:
    thing = await entry(org)
    deal = await org.create("Opportunity", {**OPPORTUNITY, "Amount": 5, "Pricebook2Id": thing["book"]})
    line = await org.create(
        "OpportunityLineItem",
        {"OpportunityId": deal, "PricebookEntryId": thing["entry"], "Quantity": 3, "UnitPrice": 9},
    )
    await org.call("PATCH", f"/sobjects/Opportunity/{deal}", json={"Amount": 1})
    values = await org.read("Opportunity", deal)
    assert (values["Amount"], values["HasOpportunityLineItem"]) == (27, True)
    stored = await org.read("OpportunityLineItem", line)
    assert (stored["TotalPrice"], stored["Product2Id"], stored["ListPrice"]) == (27, thing["product"], 10)


async def test_unit_price_and_total_price_exclude_each_other(org: Bench) -> None:
    thing = await entry(org)
    deal = await org.create("Opportunity", OPPORTUNITY)
    line = {"OpportunityId": deal, "PricebookEntryId": thing["entry"], "Quantity": 2, "UnitPrice": 1, "TotalPrice": 2}
    assert code_of(await org.call("POST", "/sobjects/OpportunityLineItem", json=line)) == (
        400,
        "FIELD_INTEGRITY_EXCEPTION",
    )


async def test_a_standard_price_comes_first(org: Bench) -> None:
    own = await org.create("Pricebook2", {"Name": "Own", "IsActive": True})
    product = await org.create("Product2", {"Name": "Thing"})
    values = {"Pricebook2Id": own, "Product2Id": product, "UnitPrice": 1}
    assert code_of(await org.call("POST", "/sobjects/PricebookEntry", json=values)) == (
        400,
        "STANDARD_PRICE_NOT_DEFINED",
    )


async def test_one_price_per_product_and_book(org: Bench) -> None:
    thing = await entry(org)
    values = {"Pricebook2Id": thing["book"], "Product2Id": thing["product"], "UnitPrice": 1}
    assert code_of(await org.call("POST", "/sobjects/PricebookEntry", json=values)) == (400, "DUPLICATE_VALUE")


async def test_a_contract_begins_as_draft_and_knows_its_end(org: Bench) -> None:
    account = await org.create("Account", {"Name": "A"})
    values = {"AccountId": account, "StartDate": "2026-01-31", "ContractTerm": 1}
    reply = await org.call("POST", "/sobjects/Contract", json={**values, "Status": "Activated"})
    assert reply.status_code == 400
    stored = await org.read("Contract", await org.create("Contract", values))
    assert (stored["Status"], stored["EndDate"], len(stored["ContractNumber"])) == ("Draft", "2026-02-27", 8)


async def order(org: Bench) -> tuple[str, str]:
    """A draft order with one line: their ids."""
    thing = await entry(org)
    account = await org.create("Account", {"Name": "A"})
    head = {"AccountId": account, "EffectiveDate": "2026-03-02", "Status": "Draft", "Pricebook2Id": thing["book"]}
    parent = await org.create("Order", head)
    line = {"OrderId": parent, "PricebookEntryId": thing["entry"], "Quantity": 2, "UnitPrice": 10}
    return parent, await org.create("OrderItem", line)


async def test_an_order_sums_its_lines_and_is_numbered(org: Bench) -> None:
    parent, _ = await order(org)
    values = await org.read("Order", parent)
    assert (values["TotalAmount"], values["OrderNumber"]) == (20, "00000001")


async def test_an_activated_order_locks_its_lines(org: Bench) -> None:
    parent, line = await order(org)
    await org.call("PATCH", f"/sobjects/Order/{parent}", json={"Status": "Activated"})
    reply = await org.call("PATCH", f"/sobjects/OrderItem/{line}", json={"Quantity": 3})
    assert code_of(reply) == (400, "FIELD_INTEGRITY_EXCEPTION")


async def test_an_order_without_lines_cannot_be_activated(org: Bench) -> None:
    account = await org.create("Account", {"Name": "A"})
    head = {"AccountId": account, "EffectiveDate": "2026-03-02"}
    parent = await org.create("Order", {**head, "Status": "Draft"})
    reply = await org.call("PATCH", f"/sobjects/Order/{parent}", json={"Status": "Activated"})
    assert code_of(reply) == (400, "FAILED_ACTIVATION")
    reply = await org.call("POST", "/sobjects/Order", json={**head, "Status": "Activated"})
    assert code_of(reply) == (400, "FAILED_ACTIVATION")


async def test_a_payment_line_moves_the_invoice_s_balance(org: Bench) -> None:
    account = await org.create("Account", {"Name": "A"})
    invoice = await org.create("Invoice", {"BillingAccountId": account, "InvoiceDate": "2026-03-02", "Status": "Draft"})
    await org.create("InvoiceLine", {"InvoiceId": invoice, "LineAmount": 100, "TaxAmount": 20})
    payment = await org.create("Payment", {"Amount": 50, "AccountId": account, "Status": "Processed", "Type": "Sale"})
    await org.create(
        "PaymentLineInvoice", {"InvoiceId": invoice, "PaymentId": payment, "Amount": 30, "Type": "Applied"}
    )
    values = await org.read("Invoice", invoice)
    assert (values["TotalAmountWithTax"], values["Balance"]) == (120, 90)
    assert (await org.read("Payment", payment))["Balance"] == 20


@pytest.mark.parametrize(("status", "expected"), [("Draft", 204), ("Posted", 400)])
async def test_a_posted_invoice_stays(org: Bench, status: str, expected: int) -> None:
    invoice = await org.create("Invoice", {"InvoiceDate": "2026-03-02", "Status": status})
    assert (await org.call("DELETE", f"/sobjects/Invoice/{invoice}")).status_code == expected


async def test_a_contact_s_name_is_made_of_its_parts(org: Bench) -> None:
    contact = await org.create("Contact", {"FirstName": "Ada", "LastName": "L"})
    assert (await org.read("Contact", contact))["Name"] == "Ada L"
    reply = await org.call("PATCH", f"/sobjects/Contact/{contact}", json={"Name": "X"})
    assert code_of(reply) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
