"""The change feed: positions, seconds larger than a page, rows without a change time, each row exactly once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.backends.intacct.client import IntacctBackend, IntacctOptions
from app.backends.intacct.feed import CursorStrategy
from app.domain.errors import SyncError
from app.simulators.intacct.app import IntacctSimulator
from app.sync.ports import ChangePage, Position

Make = Callable[..., IntacctBackend]
T0 = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
STRATEGIES = pytest.mark.parametrize("strategy", list(CursorStrategy))


def stamp(moment: datetime) -> str:
    return moment.strftime("%m/%d/%Y %H:%M:%S")


def row(number: int, seconds: int) -> dict[str, Any]:
    return {"RECORDNO": number, "WHENMODIFIED": stamp(T0 + timedelta(seconds=seconds))}


def at(seconds: float, key: str = "0") -> Position:
    return Position(T0 + timedelta(seconds=seconds), key)


async def page_of(backend: IntacctBackend, since: Position, size: int = 3, until: float = 600) -> ChangePage:
    return await backend.changes("CUSTOMER", since, T0 + timedelta(seconds=until), ["NAME"], size)


def keys(page: ChangePage) -> list[str]:
    return [record.key for record in page.records]


async def test_a_scan_begins_with_the_rows_that_were_never_modified(company: Any, backend: IntacctBackend) -> None:
    company.script = [company.page({"RECORDNO": 4, "WHENCREATED": stamp(T0)}, remaining=1)]
    page = await page_of(backend, at(0, ""))
    (asked,) = company.sent()
    assert asked.values("*//filter/and/isnull/field") == ["WHENMODIFIED"]
    assert asked.values("*//filter/and/or/and/greaterthanorequalto/*") == ["WHENCREATED", stamp(T0)]
    assert (keys(page), page.position, page.done) == (["4"], at(0, "null:4"), False)
    assert page.records[0].modified_at == T0


async def test_rows_never_modified_are_paged_by_recordno(company: Any, backend: IntacctBackend) -> None:
    company.script = [company.page({"RECORDNO": 9, "WHENCREATED": stamp(T0)})]
    page = await page_of(backend, at(0, "null:4"))
    assert company.sent()[0].values("*//filter/and/greaterthan/*") == ["RECORDNO", "4"]
    assert (page.position, page.done) == (at(0, "0"), False)


async def test_without_such_rows_the_same_call_goes_on_to_the_changes(company: Any, backend: IntacctBackend) -> None:
    company.script = [company.page(), company.page(row(1, 5))]
    page = await page_of(backend, at(0, ""))
    assert (keys(page), page.position, page.done) == (["1"], at(5, "1"), True)


async def test_bounds_and_order_of_a_page(company: Any, backend: IntacctBackend) -> None:
    company.script = [company.page()]
    await page_of(backend, at(0.7))
    (asked,) = company.sent()
    assert asked.values("*//filter/and/greaterthanorequalto/*") == ["WHENMODIFIED", stamp(T0)]
    assert asked.values("*//filter/and/lessthanorequalto/*") == ["WHENMODIFIED", stamp(T0 + timedelta(seconds=600))]
    assert asked.values("*//orderby/order/field") == ["WHENMODIFIED", "RECORDNO"]
    assert asked.text("*//pagesize") == "3"
    assert asked.root.find("*//offset") is None


async def test_a_full_page_leaves_the_second_it_may_have_cut_to_the_next_one(
    company: Any, backend: IntacctBackend
) -> None:
    company.script = [company.page(row(1, 1), row(2, 2), row(3, 3), remaining=1)]
    page = await page_of(backend, at(0))
    assert (keys(page), page.position, page.done) == (["1", "2"], at(3), False)


async def test_a_page_filled_by_one_second_is_continued_inside_it(company: Any, backend: IntacctBackend) -> None:
    company.script = [company.page(row(1, 5), row(2, 5), row(3, 5), remaining=4)]
    page = await page_of(backend, at(0))
    assert (keys(page), page.position, page.done) == (["1", "2", "3"], at(5, "3"), False)


async def test_inside_a_second_rows_are_asked_for_by_recordno(company: Any, backend: IntacctBackend) -> None:
    company.script = [company.page(row(4, 5))]
    page = await page_of(backend, at(5, "3"))
    (asked,) = company.sent()
    assert asked.values("*//filter/and/equalto/*") == ["WHENMODIFIED", stamp(T0 + timedelta(seconds=5))]
    assert asked.values("*//filter/and/greaterthan/*") == ["RECORDNO", "3"]
    assert (keys(page), page.position, page.done) == (["4"], at(6), False)


async def test_when_nothing_is_left_of_a_second_the_same_call_goes_on_behind_it(
    company: Any, backend: IntacctBackend
) -> None:
    company.script = [company.page(), company.page(row(9, 7))]
    page = await page_of(backend, at(5, "3"))
    assert company.sent()[1].values("*//filter/and/greaterthan/*") == [
        "WHENMODIFIED",
        stamp(T0 + timedelta(seconds=5)),
    ]
    assert (keys(page), page.position, page.done) == (["9"], at(7, "9"), True)


async def test_the_composite_strategy_asks_in_one_query(company: Any, make_backend: Make) -> None:
    company.script = [company.page(row(4, 5))]
    page = await page_of(make_backend(options=IntacctOptions(cursor=CursorStrategy.COMPOSITE)), at(5, "3"))
    (asked,) = company.sent()
    assert asked.values("*//filter/and/or/greaterthan/field") == ["WHENMODIFIED"]
    assert asked.values("*//filter/and/or/and/*/field") == ["WHENMODIFIED", "RECORDNO"]
    assert (page.position, page.done) == (at(5, "4"), True)


async def test_an_exhausted_feed_stays_where_it_is(company: Any, backend: IntacctBackend) -> None:
    company.script = [company.page(), company.page()]
    page = await page_of(backend, at(5, ""))
    assert (page.records, page.position, page.done) == ([], at(5, ""), True)


async def test_a_window_that_has_not_begun_calls_nobody(company: Any, backend: IntacctBackend) -> None:
    page = await page_of(backend, at(5), until=4)
    assert (page.done, company.requests) == (True, [])


@pytest.mark.parametrize("rows", [[row(2, 5), row(1, 3)], [row(1, 1), {"RECORDNO": 2}]])
async def test_a_page_out_of_order_is_an_error(company: Any, backend: IntacctBackend, rows: list[Any]) -> None:
    company.script = [company.page(*rows)]
    with pytest.raises(SyncError) as caught:
        await page_of(backend, at(0))
    assert caught.value.code == "page_unreliable"


async def walk(backend: IntacctBackend, since: Position, until: datetime, size: int) -> list[str]:
    seen: list[str] = []
    for _ in range(1000):
        page = await backend.changes("CUSTOMER", since, until, ["NAME", "CUSTOMERID"], size)
        seen += keys(page)
        since = page.position
        if page.done:
            return seen
    raise AssertionError("the feed does not end")


def seeded(simulator: IntacctSimulator, *seconds: int | None) -> list[str]:
    """RECORDNOs of customers changed so many seconds after T0, None for never."""
    numbers = []
    for n, second in enumerate(seconds):
        moment = stamp(T0 + timedelta(seconds=second or 0))
        fields = {"CUSTOMERID": f"S{n:04d}", "NAME": f"N{n}", "WHENCREATED": stamp(T0), "WHENMODIFIED": moment}
        (made,) = simulator.state.seed({"CUSTOMER": [fields]})["CUSTOMER"]
        numbers.append(str(made["RECORDNO"]))
        if second is None:
            table = simulator.state.company.tables["CUSTOMER"]
            values = table.get(int(made["RECORDNO"]))
            assert values is not None
            table.put({**values, "WHENMODIFIED": None}, simulator.state.clock.now())
    return numbers


@STRATEGIES
@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
async def test_every_row_is_read_exactly_once_whatever_the_page_size(
    simulator: IntacctSimulator, make_live: Make, strategy: CursorStrategy, size: int
) -> None:
    made = seeded(simulator, 1, 2, 2, 2, 2, 2, 2, 2, 3, 9, 9, 10)
    seen = await walk(make_live(IntacctOptions(cursor=strategy)), at(0), T0 + timedelta(seconds=20), size)
    assert sorted(seen, key=int) == made


@STRATEGIES
async def test_a_second_larger_than_the_largest_page_is_read_once(
    simulator: IntacctSimulator, make_live: Make, strategy: CursorStrategy
) -> None:
    made = seeded(simulator, *[5] * 250)
    seen = await walk(make_live(IntacctOptions(cursor=strategy)), at(0), T0 + timedelta(seconds=20), 100)
    assert sorted(seen, key=int) == made


async def test_rows_behind_the_window_are_left_for_the_next_scan(
    simulator: IntacctSimulator, live: IntacctBackend
) -> None:
    made = seeded(simulator, 1, 5, 9)
    assert await walk(live, at(0), T0 + timedelta(seconds=5), 10) == made[:2]
    assert await walk(live, at(5, made[1]), T0 + timedelta(seconds=20), 10) == made[2:]


async def test_rows_without_a_change_time_are_read_once_per_scan(
    simulator: IntacctSimulator, live: IntacctBackend
) -> None:
    made = seeded(simulator, 1, None, 2, None, None)
    assert [r.get("WHENMODIFIED") for r in simulator.state.records("CUSTOMER")].count("") == 3
    seen = await walk(live, at(0, ""), T0 + timedelta(seconds=20), 2)
    assert sorted(seen, key=int) == made


async def test_the_beginning_of_time_is_a_date_intacct_understands(company: Any, backend: IntacctBackend) -> None:
    company.script = [company.page()]
    await backend.changes("CUSTOMER", Position(datetime.min.replace(tzinfo=UTC), "0"), T0, [], 10)
    assert company.sent()[0].values("*//filter/and/greaterthanorequalto/value") == ["01/01/1970 00:00:00"]
