"""Payments against both simulators: posted once, to the cent, with every rule held before anything is sent."""

from collections.abc import Callable

import pytest

from app.store.session import Sessions
from tests.scenarios.till import LINE, PAYMENT, P, Till
from tests.simulated import build_house


@pytest.fixture
async def till(sessions: Sessions, new_id: Callable[[], str]) -> Till:
    """An open till."""
    return await Till(await build_house(sessions, new_id)).opened()


async def test_payment_is_posted_with_its_lines_and_the_invoice_is_paid(till: Till) -> None:
    first, second = till.invoice("100.00"), till.invoice("50.00")
    payment = till.payment((first, "60.00"), (second, "50.00"))
    (done,) = await till.pay(payment)
    assert done.result == "created", done.message
    (twin,) = till.house.ia("ARPYMT")
    assert (twin["STATE"], twin["TRX_TOTALENTERED"], twin["FINANCIALENTITY"]) == ("Complete", "110.00", "BOA")
    assert (till.due(first), till.due(second)) == ("40.00", "0.00")
    row = await till.row(payment)
    assert (row.state, row.source, row.amount, row.intacct_key) == (
        "posted",
        "salesforce",
        11000,
        str(twin["RECORDNO"]),
    )
    assert [(invoice, amount) for invoice, amount, _ in await till.details()] == [(first, 6000), (second, 5000)]
    assert all(key for _, _, key in await till.details())
    head = till.house.sf(PAYMENT, payment)
    assert head[f"{P}Intacct_Record_No__c"] == str(twin["RECORDNO"])
    assert (head[f"{P}Intacct_State__c"], head[f"{P}Bank_Account__c"]) == ("Complete", "BOA")
    assert head[f"{P}Reference_Number__c"] == row.id == twin["DOCNUMBER"]
    assert all(line[f"{P}Intacct_Record_No__c"] for line in till.house.salesforce.state.records(LINE))
    (again,) = await till.pay(payment)
    assert (again.result, len(till.house.ia("ARPYMT"))) == ("unchanged", 1)
