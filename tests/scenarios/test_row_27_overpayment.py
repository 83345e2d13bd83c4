"""Row 27: any excess is refused; by option that of one invoice is kept, with location and department."""

from collections.abc import Callable
from typing import Any

from app.store.session import Sessions
from tests.scenarios.listed import switch_on
from tests.scenarios.till import Till
from tests.simulated import build_house


async def allowing(sessions: Sessions, new_id: Callable[[], str]) -> tuple[Till, dict[str, Any]]:
    """A till that takes overpayments, and where they go."""
    till = await Till(await build_house(sessions, new_id)).opened(allowOverpayment=True)
    till.house.seed_intacct("DEPARTMENT", {"DEPARTMENTID": "D1", "TITLE": "Sales"})
    await switch_on(till.house, "location", "department")
    await till.house.poll()
    return till, till.placed()


async def test_row_27_excess_is_refused(sessions: Sessions, new_id: Callable[[], str]) -> None:
    till = await Till(await build_house(sessions, new_id)).opened()
    (done,) = await till.pay(till.payment((till.invoice("50"), "60")))
    assert (done.result, done.reason, till.house.ia("ARPYMT")) == ("failed", "overpayment", [])


async def test_row_27_by_option_the_excess_of_one_invoice_is_kept(
    sessions: Sessions, new_id: Callable[[], str]
) -> None:
    till, places = await allowing(sessions, new_id)
    (done,) = await till.pay(till.payment((till.invoice("50"), "50"), amount="60", Overpayment_Amount=10, **places))
    assert done.result == "created", done.message
    (excess,) = [row for row in till.house.ia("ARPYMT") if row["PARENTPAYMENTKEY"]]
    assert excess["TRX_TOTALENTERED"] == "10.00"
    assert all((excess["OVERPAYMENTLOCATIONID"], excess["OVERPAYMENTDEPARTMENTID"] == "D1"))


async def test_row_27_excess_over_two_invoices_is_refused(sessions: Sessions, new_id: Callable[[], str]) -> None:
    till, places = await allowing(sessions, new_id)
    shares = ((till.invoice("50"), "50"), (till.invoice("50"), "50"))
    (done,) = await till.pay(till.payment(*shares, amount="110", Overpayment_Amount=10, **places))
    assert (done.reason, till.house.ia("ARPYMT")) == ("overpayment_spread", [])
