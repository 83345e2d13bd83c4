"""Row 24: paid in Salesforce, less is due in Intacct; paid in Intacct, a payment in Salesforce; no echo."""

from collections.abc import Callable

from app.store.session import Sessions
from tests.scenarios.listed import switch_on
from tests.scenarios.till import INVOICE, PAYMENT, P, Till
from tests.simulated import build_house


async def test_row_24_ar_payment_both_ways(sessions: Sessions, new_id: Callable[[], str]) -> None:
    till = await Till(await build_house(sessions, new_id)).opened()
    house, state = till.house, till.house.intacct.state
    await switch_on(house, "invoice")
    lines = [{"TRX_AMOUNT": "100.00", "AMOUNT": "100.00"}]
    said = {"RECORDID": "INV-1", "CUSTOMERID": till.customer, "WHENCREATED": "01/10/2026", "CURRENCY": "USD"}
    (twin,) = house.seed_intacct("ARINVOICE", {**said, "ARINVOICEITEMS": lines})
    await house.poll()
    (invoice,) = house.salesforce.state.records(INVOICE)

    await till.pay(till.payment((invoice["Id"], "60.00")))
    assert till.due(invoice["Id"]) == "40.00"
    assert house.sf(INVOICE, invoice["Id"])[f"{P}Amount_Due__c"] == 40

    state.pay(int(twin["RECORDNO"]), "40.00")
    await house.poll()
    assert sorted(row[f"{P}Amount__c"] for row in house.salesforce.state.records(PAYMENT)) == [40, 60]
    assert house.sf(INVOICE, invoice["Id"])[f"{P}Payment_Status__c"] == "Paid"

    payments = len(house.ia("ARPYMT"))
    for _ in range(2):
        counts = await house.poll()
    assert [counts[f"default/{name}"].plain()["wished"] for name in ("ar_payment", "invoice")] == [0, 0]
    assert len(house.ia("ARPYMT")) == payments == 2
    await till.balanced()
