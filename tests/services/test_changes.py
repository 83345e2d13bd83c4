"""Reading Intacct's feeds: late commits, windows that do not add up, the rhythm, the switch, the budget."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from app.domain.records import Errand, Lane
from app.objects import CATALOGUE
from app.services import changes
from app.services.context import Backends, Context, Pair
from app.services.turns import Pace, turn
from app.simulators.faults import Fault, FaultKind
from app.store import cursors
from app.store.session import Sessions
from app.store.tables import Connection, Cursor, Spending
from app.sync.ports import ChangePage, Position
from tests.simulated import House, build_house

MINUTES = timedelta(minutes=15)
ITEM = {"NAME": "Widget", "ITEMTYPE": "Non-Inventory (Sales only)"}


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """A house whose calls to Intacct are billed, with products synced."""
    made = await build_house(sessions, new_id)
    await reset(made, environment="sandbox", options={"objects": {"product": {"enabled": True}}})
    return made


async def reset(house: House, **values: Any) -> None:
    """Change the connection's row."""
    async with house.context.begin() as session:
        row = await session.get_one(Connection, house.connection.id, populate_existing=True)
        for name, value in values.items():
            setattr(row, name, value)
    house.connection = row


async def cursor(house: House, name: str = "product") -> Cursor:
    """The cursor of an object's feed."""
    async with house.context.begin() as session:
        found = await cursors.known(session, house.connection.id, name, changes.FEED)
    assert found is not None
    return found


async def spend(house: House, transactions: int) -> None:
    """Have spent so much this month."""
    async with house.context.begin() as session:
        session.add(
            Spending(
                id=f"spent-{transactions}",
                connection_id=house.connection.id,
                system="intacct",
                lane="bulk",
                day=house.clock.now().date().isoformat(),
                transactions=transactions,
            )
        )


def transactions(house: House) -> int:
    """What the company has billed so far."""
    return int(house.intacct.state.meters()["transactions"])


async def settle(house: House) -> None:
    """Read the feeds once and forget how soon they are due."""
    await changes.poll(house.context)
    await house.drain()


# --- what is read -----------------------------------------------------------------------------------------------------


async def test_commit_that_shows_two_hours_late_is_found_by_the_second_look(house: House) -> None:
    await settle(house)
    house.clock.advance(600)
    house.seed_intacct("ITEM", {**ITEM, "ITEMID": "LATE"})
    house.intacct.state.configure({"read_lag_ms": 6_600_000})
    for _ in range(10):  # nothing is to be seen for an hour and fifty minutes
        house.clock.advance(600)
        await changes.poll(house.context)
    await house.drain()
    assert house.salesforce.state.records("Product2") == []
    for _ in range(14):
        house.clock.advance(600)
        await changes.poll(house.context)
    await house.drain()
    assert [product["ProductCode"] for product in house.salesforce.state.records("Product2")] == ["LATE"]


@dataclass
class Shortening:
    """The `Backends` port whose Intacct feed loses rows of its pages, so often as `times` says."""

    inner: Backends
    times: int
    lost: list[str] = field(default_factory=list)

    def of(self, connection: Connection, lane: Lane, errand: Errand = Errand.SYNC) -> Pair:
        """The pair, with the feed shortened."""
        pair = self.inner.of(connection, lane, errand)
        return Pair(pair.salesforce, Short(pair.intacct, self)) if errand is Errand.POLL else pair


class Short:
    """An Intacct client that shows one row too few."""

    def __init__(self, inner: Any, owner: Shortening) -> None:
        self._inner, self._owner = inner, owner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def changes(
        self, kind: str, since: Position, until: datetime, fields: Sequence[str], page_size: int
    ) -> ChangePage:
        """A page without its first row."""
        page: ChangePage = await self._inner.changes(kind, since, until, fields, page_size)
        if self._owner.times > 0 and page.records:
            self._owner.times -= 1
            self._owner.lost.append(page.records[0].key)
            return replace(page, records=page.records[1:])
        return page


def shortened(house: House, times: int) -> tuple[Context, Shortening]:
    """The house's context with pages that lose rows."""
    backends = Shortening(house.context.backends, times)
    return replace(house.context, backends=backends), backends


async def test_window_that_lost_a_row_is_read_again(house: House) -> None:
    house.seed_intacct("ITEM", {**ITEM, "ITEMID": "A"}, {**ITEM, "ITEMID": "B"})
    house.clock.advance(1)
    context, backends = shortened(house, 1)
    counts = await changes.poll(context)
    await house.drain()
    assert len(backends.lost) == 1
    assert counts["default/product"].seen == 2
    assert len(house.salesforce.state.records("Product2")) == 2


async def test_window_that_keeps_losing_rows_does_not_move_the_cursor(house: House) -> None:
    await settle(house)
    before = (await cursor(house)).position_at
    house.clock.advance(60)
    house.seed_intacct("ITEM", {**ITEM, "ITEMID": "A"}, {**ITEM, "ITEMID": "B"})
    house.clock.advance(60)
    context, _ = shortened(house, 99)
    assert "default/product" not in await changes.poll(context)
    row = await cursor(house)
    assert (row.position_at, row.lease_until, row.counts["failures"]) == (before, None, 1)
    await settle(house)
    assert len(house.salesforce.state.records("Product2")) == 2


async def test_rows_without_a_change_time_are_found_once_a_day(house: House) -> None:
    await settle(house)
    (item,) = house.seed_intacct("ITEM", {**ITEM, "ITEMID": "OLD"})
    table = house.intacct.state.company.tables["ITEM"]
    values = table.get(int(item["RECORDNO"]))
    assert values is not None
    table.put({**values, "WHENMODIFIED": None}, house.clock.now())
    house.clock.advance(3600)
    await settle(house)
    assert house.salesforce.state.records("Product2") == []
    house.clock.advance(86_400)
    await settle(house)
    assert len(house.salesforce.state.records("Product2")) == 1


async def test_nothing_is_asked_for_a_connection_that_is_switched_off(house: House) -> None:
    await settle(house)
    await reset(house, enabled=False)
    house.clock.advance(86_400)
    before = (transactions(house), house.salesforce.state.meters()["calls"])
    assert await changes.poll(house.context) == {}
    assert (transactions(house), house.salesforce.state.meters()["calls"]) == before


async def test_resync_asked_for_while_the_feed_is_read_is_not_lost(house: House) -> None:
    await settle(house)
    at = changes.BEGINNING
    async with turn(house.context, house.connection, "product", changes.FEED, at, Pace(0, 0)) as mine:
        assert mine is not None
        await changes.resync(house.context, house.connection, CATALOGUE["product"])
    row = await cursor(house)
    assert (row.position_at, row.counts) == (changes.BEGINNING, {"resync": True})


# --- how often --------------------------------------------------------------------------------------------------------


async def reads(house: House, hours: float, every: timedelta = MINUTES) -> int:
    """How often the products' feed is read in so many hours, looked after every five minutes."""
    count = 0
    for _ in range(int(hours * 12)):
        house.clock.advance(300)
        count += "default/product" in await changes.poll(house.context, every)
        if house.bell.take():
            await house.drain()
    return count


async def test_idle_feed_is_read_more_and_more_rarely(house: House) -> None:
    first, later = await reads(house, 2), await reads(house, 4)
    assert first > later / 2
    assert later <= 12


async def test_edit_quickens_the_feed_again(house: House) -> None:
    (item,) = house.seed_intacct("ITEM", {**ITEM, "ITEMID": "A"})
    await reads(house, 8)
    slow = float((await cursor(house)).counts["pause"])
    await house.edit_intacct("ITEM", item["RECORDNO"], {"NAME": "Widget Two"})
    await reads(house, slow / 3600 + 0.5)
    assert float((await cursor(house)).counts["pause"]) < slow


async def test_feed_whose_reading_fails_is_tried_again_later_and_later(house: House) -> None:
    await settle(house)
    house.intacct.state.faults.add(Fault(FaultKind.ABORTED, match="query", times=999))
    counted = await reads(house, 3)
    assert counted == 0
    assert (await cursor(house)).counts["failures"] >= 3


async def test_feeds_stop_when_the_month_is_used_up_and_go_on_when_allowed(house: House) -> None:
    await settle(house)
    await spend(house, 100_000)
    house.clock.advance(86_400)
    assert await changes.poll(house.context) == {}
    await reset(house, options={**house.connection.options, "connection": {"spendBeyondEntitlement": True}})
    assert "default/product" in await changes.poll(house.context)


# --- what it costs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)  # what is asked does not depend on our database
async def test_idle_month_of_polling_costs_no_more_than_its_share(house: House) -> None:
    names = ["product", "project", "task", "term", "department", "employee", "entity", "classification"]
    await reset(house, options={"objects": {name: {"enabled": True} for name in names}})
    await settle(house)
    await reads(house, 6)
    before = transactions(house)
    await reads(house, 24)
    assert transactions(house) - before <= 5000 / 30 * 1.2


async def test_polling_is_spent_on_an_account_of_its_own(house: House) -> None:
    await settle(house)
    async with house.context.begin() as session:
        rows = {(row.system, row.lane): row for row in await session.exec(select(Spending))}
    assert rows["intacct", "poll"].transactions == transactions(house)


async def test_backfill_waits_when_nine_tenths_are_used_and_a_button_does_not(house: House) -> None:
    first, second = house.seed("Account", {"Name": "Acme"}, {"Name": "Bolt"})
    await spend(house, 90_000)
    (waiting,) = await house.wish("account", [first], origin="massTool")
    (done,) = await house.sync("account", second)
    assert done.result == "created"
    assert (await house.operation(str(waiting.operation_id))).state == "queued"
