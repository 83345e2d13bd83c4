"""Readings of a whole object: what they take for gone, and that their length costs no memory."""

import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from app.domain.errors import SyncError
from app.domain.records import Errand, Lane, Record
from app.objects import CATALOGUE
from app.services import changes
from app.services.context import Context, Pair
from app.services.turns import Pace
from app.store import bindings
from app.store.session import Sessions
from app.store.tables import Binding, Connection, Operation
from app.sync.ports import ChangePage, Position
from tests.fakes import START
from tests.simulated import House, build_house

SIZE = 1000
NOW = Pace(0, 0)


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """A house with products synced, three of which have arrived."""
    made = await build_house(sessions, new_id)
    async with made.context.begin() as session:
        row = await session.get_one(Connection, made.connection.id, populate_existing=True)
        row.options = {"objects": {"product": {"enabled": True}}}
    made.connection = row
    item = {"ITEMTYPE": "Non-Inventory (Sales only)"}
    made.seed_intacct("ITEM", *({**item, "ITEMID": name, "NAME": f"Widget {name}"} for name in "ABC"))
    await made.poll()
    return made


class Standing:
    """An Intacct client in front of the true one."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class Short(Standing):
    """Loses the first row of each page."""

    async def changes(
        self, kind: str, since: Position, until: datetime, fields: Sequence[str], page_size: int
    ) -> ChangePage:
        """A page without its first row."""
        page: ChangePage = await self._inner.changes(kind, since, until, fields, page_size)
        return replace(page, records=page.records[1:])


class Long(Standing):
    """Has so many pages of inactive records that nobody has seen before."""

    def __init__(self, inner: Any, pages: int) -> None:
        super().__init__(inner)
        self._pages = pages

    async def changes(
        self, kind: str, since: Position, until: datetime, fields: Sequence[str], page_size: int
    ) -> ChangePage:
        """The next one."""
        number = int(since.key or 0) + 1
        records = [Record(kind, str(number * SIZE + n), {"STATUS": "inactive"}) for n in range(SIZE)]
        return ChangePage(records, Position(since.modified_at, str(number)), done=number == self._pages)

    async def changed(self, kind: str, since: datetime, until: datetime) -> int:
        """As many as were shown."""
        return self._pages * SIZE


def behind(house: House, stand: Callable[[Any], Standing]) -> Context:
    """The house's context with something in front of the Intacct client."""
    true = house.context.backends

    class Backends:
        def of(self, connection: Connection, lane: Lane, errand: Errand = Errand.SYNC) -> Pair:
            pair = true.of(connection, lane, errand)
            return Pair(pair.salesforce, stand(pair.intacct))

    return replace(house.context, backends=Backends())


async def wished(house: House) -> list[str]:
    """Product codes of the records that are wished for at present."""
    codes = {record["Id"]: str(record["ProductCode"]) for record in house.salesforce.state.records("Product2")}
    async with house.context.begin() as session:
        rows = await session.exec(select(Operation).where(Operation.state == "queued"))
        return sorted(codes[row.record_id] for row in rows)


async def test_resync_wishes_for_what_it_showed_and_for_what_it_did_not(house: House) -> None:
    await changes.resync(house.context, house.connection, CATALOGUE["product"])
    house.intacct.state.company.tables["ITEM"].remove(2, house.clock.now())
    house.clock.advance(60)
    counts = await changes.poll_object(house.context, house.connection, CATALOGUE["product"], NOW)
    assert counts is not None
    assert (counts.seen, counts.wished) == (2, 3)
    assert await wished(house) == ["A", "B", "C"]
    await house.drain()
    assert {r["ProductCode"]: r["IsActive"] for r in house.salesforce.state.records("Product2")} == {
        "A": True,
        "B": False,
        "C": True,
    }


async def test_a_second_resync_does_not_believe_the_first_one(house: House) -> None:
    for _ in range(2):
        await changes.resync(house.context, house.connection, CATALOGUE["product"])
        await house.poll()
    house.intacct.state.company.tables["ITEM"].remove(3, house.clock.now())
    await changes.resync(house.context, house.connection, CATALOGUE["product"])
    await house.poll()
    active = {r["ProductCode"] for r in house.salesforce.state.records("Product2") if r["IsActive"]}
    assert active == {"A", "B"}


async def test_reading_that_lost_a_row_takes_nothing_for_gone(house: House) -> None:
    await changes.resync(house.context, house.connection, CATALOGUE["product"])
    house.clock.advance(60)
    with pytest.raises(SyncError, match="counts 3 changed ITEM records where its pages showed 2"):
        await changes.poll_object(behind(house, Short), house.connection, CATALOGUE["product"], NOW)
    assert await wished(house) == ["B", "C"]


@pytest.mark.parametrize(("made_at", "missing"), [(START, ["01t000000000001AAA"]), (START + timedelta(seconds=1), [])])
async def test_link_made_while_the_object_is_read_is_not_taken_for_gone(
    house: House, made_at: datetime, missing: list[str]
) -> None:
    link = Binding(
        id="link",
        connection_id=house.connection.id,
        object="term",
        salesforce_id="01t000000000001AAA",
        intacct_key="1",
        intacct_id="N30",
        how="created",
        created_at=made_at,
        updated_at=made_at,
    )
    async with house.context.begin() as session:
        session.add(link)
    async with house.context.begin() as session:
        found = await bindings.not_shown(session, house.connection.id, "term", "reading", START, "", 10)
    assert found == missing


@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)  # our own memory, whatever the database
async def test_longer_resync_needs_no_more_memory(house: House) -> None:
    async def peak(count: int) -> int:
        await changes.resync(house.context, house.connection, CATALOGUE["product"])
        context = behind(house, lambda inner: Long(inner, count))
        tracemalloc.start()
        counts = await changes.poll_object(context, house.connection, CATALOGUE["product"], NOW)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert counts is not None
        assert counts.seen == count * SIZE
        return most

    await peak(2)  # what is made once and kept
    few, many = await peak(2), await peak(20)
    assert many < few * 1.1
