"""Row 26: a payment in another currency is refused; by option it is posted with its base amount; two are refused."""

from collections.abc import Callable

from app.store.session import Sessions
from tests.scenarios.till import Till
from tests.simulated import build_house


async def test_row_26_payment_in_another_currency_is_refused(sessions: Sessions, new_id: Callable[[], str]) -> None:
    till = await Till(await build_house(sessions, new_id)).opened()
    (done,) = await till.pay(till.payment((till.invoice(CURRENCY="EUR"), "50")))
    assert (done.result, done.reason, till.house.ia("ARPYMT")) == ("failed", "payment_currency_differs", [])


async def test_row_26_by_option_it_is_posted_with_its_base_amount(
    sessions: Sessions, new_id: Callable[[], str]
) -> None:
    till = await Till(await build_house(sessions, new_id)).opened(allowCrossCurrency=True)
    till.house.intacct.state.configure({"arpymt_cross_currency": "allow_with_base_amount"})
    invoice = till.invoice(CURRENCY="EUR")
    payment = till.payment((invoice, "50"), amount="55", Base_Amount=55, Exchange_Rate=1.1)
    (done,) = await till.pay(payment)
    (twin,) = till.house.ia("ARPYMT")
    assert (done.result, twin["TRX_TOTALENTERED"], twin["TOTALENTERED"]) == ("created", "55.00", "55.00")
    assert ((await till.row(payment)).state, till.due(invoice)) == ("posted", "50.00")


async def test_row_26_invoices_in_two_currencies_are_refused_all_the_same(
    sessions: Sessions, new_id: Callable[[], str]
) -> None:
    till = await Till(await build_house(sessions, new_id)).opened(allowCrossCurrency=True)
    payment = till.payment((till.invoice(CURRENCY="EUR"), "5"), (till.invoice(), "5"), Base_Amount=10, Exchange_Rate=1)
    (done,) = await till.pay(payment)
    assert (done.reason, till.house.ia("ARPYMT")) == ("two_currencies", [])
