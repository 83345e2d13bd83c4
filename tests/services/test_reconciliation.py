"""A period is reconciled with Intacct's own payments: it holds, or each difference is named with its record."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from app.api.schemas.reconciliation import reconciliation_sheet
from app.domain.errors import SyncError
from app.services import reconciliation
from app.services.reconciliation import Reconciliation
from app.store import payments as store
from app.store.payment_tables import Payment
from app.store.session import Sessions
from tests.scenarios.counter import Counter
from tests.scenarios.till import Till
from tests.simulated import build_house

FIRST, LAST = date(2026, 2, 1), date(2026, 2, 28)


@pytest.fixture
async def counter(sessions: Sessions, new_id: Callable[[], str]) -> Counter:
    """A till with two payments that are posted, of 60.00 and 5.00."""
    counter = Counter(await Till(await build_house(sessions, new_id)).opened())
    invoices = [counter.till.invoice(), counter.till.invoice()]
    await counter.take(counter.wish("p1", (invoices[0], "60.00")), counter.wish("p2", (invoices[1], "5.00")))
    await counter.post()
    return counter


async def found(counter: Counter, first: date = FIRST, last: date = LAST) -> Reconciliation:
    """The reconciliation of February."""
    return await reconciliation.reconcile(counter.house.context, counter.house.connection, first, last)


async def codes(counter: Counter) -> list[str]:
    """Codes of all differences."""
    return [one.code for one in (await found(counter)).differences]


async def change(counter: Counter, **values: Any) -> Payment:
    """Change the first payment in our books, as nothing but a defect could."""
    async with counter.house.context.begin() as session:
        home = counter.house.connection.id
        (row,) = (await store.by_external_ids(session, home, "api", ["p1"])).values()
        for name, value in values.items():
            setattr(row, name, value)
    return row


async def test_books_that_agree_hold_to_the_cent(counter: Counter) -> None:
    result = await found(counter)
    (totals,) = result.totals
    assert (result.holds, result.differences) == (True, [])
    assert (totals.currency, totals.posted_here, totals.posted_there) == ("USD", 6500, 6500)
    assert (totals.number_here, totals.number_there) == (2, 2)


async def test_payment_of_intacct_that_nobody_knows_is_named(counter: Counter) -> None:
    said = {"CUSTOMERID": counter.till.customer, "RECEIPTDATE": "02/03/2026", "CURRENCY": "USD", "STATE": "Complete"}
    (one,) = counter.house.seed_intacct("ARPYMT", {**said, "TRX_TOTALENTERED": "7.00", "DOCNUMBER": "=1+1"})
    result = await found(counter)
    (difference,) = result.differences
    assert difference.theirs is not None
    assert (difference.code, difference.theirs.key, result.holds) == ("not_known_here", str(one["RECORDNO"]), False)
    assert (result.totals[0].posted_here, result.totals[0].posted_there) == (6500, 7200)
    assert "'=1+1" in reconciliation_sheet(result)


async def test_payment_that_intacct_has_lost_is_named(counter: Counter) -> None:
    row = await change(counter, intacct_key="9999")
    result = await found(counter)
    gone = [one for one in result.differences if one.code == "missing_in_intacct"]
    assert [one.ours.payment_id for one in gone if one.ours] == [row.id]
    assert not result.holds


async def test_second_payment_under_our_key_is_a_duplicate(counter: Counter) -> None:
    row = (await counter.rows())["p1"]
    said = {"CUSTOMERID": counter.till.customer, "RECEIPTDATE": "02/01/2026", "CURRENCY": "USD", "STATE": "Complete"}
    counter.house.seed_intacct("ARPYMT", {**said, "TRX_TOTALENTERED": "60.00", "DOCNUMBER": row.id})
    assert await codes(counter) == ["duplicate"]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"amount": 6001}, "amount_differs"),
        ({"currency": "EUR"}, "currency_differs"),
        ({"customer": "C-other"}, "customer_differs"),
        ({"state": "held"}, "state_differs"),
        ({"reversal": "reversed"}, "reversed_here_only"),
        ({"received_on": date(2026, 3, 1)}, "receipt_date_differs"),
        ({"intacct_key": None, "state": "held"}, "not_linked_here"),
    ],
)
async def test_each_difference_has_its_code(counter: Counter, values: dict[str, Any], code: str) -> None:
    await change(counter, **values)
    result = await found(counter)
    assert [one.code for one in result.differences] == [code]
    assert not result.holds


async def test_payment_reversed_in_intacct_alone_is_named(counter: Counter) -> None:
    row = (await counter.rows())["p1"]
    state = counter.house.intacct.state
    twin = state.company.tables["ARPYMT"].get(int(str(row.intacct_key)))
    assert twin is not None
    state.company.tables["ARPYMT"].put({**twin, "STATE": "Reversed"}, state.company.now())
    assert await codes(counter) == ["reversed_there_only"]


async def test_pages_are_read_to_the_end(counter: Counter) -> None:
    house = counter.house
    result = await reconciliation.reconcile(house.context, house.connection, FIRST, LAST, size=1)
    assert (result.holds, result.totals[0].number_there) == (True, 2)


@pytest.mark.parametrize(("first", "last"), [(LAST, FIRST), (date(2024, 1, 1), date(2026, 2, 1))])
async def test_period_that_is_none_or_too_long_is_refused(counter: Counter, first: date, last: date) -> None:
    with pytest.raises(SyncError) as refused:
        await found(counter, first, last)
    assert refused.value.code == "period_invalid"
