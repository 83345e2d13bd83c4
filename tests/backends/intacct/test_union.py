"""Several kinds read as one: keys, the fields of the union, positions that lead from one kind to the next."""

import random
from datetime import timedelta

import pytest

from app.backends.http import HttpClient, HttpPolicy
from app.backends.intacct.auth import IntacctCredentials
from app.backends.intacct.client import IntacctBackend
from app.backends.intacct.union import members, of_unions
from app.backends.pool import LocalSlots
from app.domain.conditions import AllOf
from app.domain.records import Lane, System
from app.simulators.clock import SimClock
from app.simulators.intacct.app import IntacctSimulator, create_simulator
from app.sync.ports import Deletion, Position
from tests.backends.intacct.conftest import FakeClock
from tests.simulated import INTACCT_URL, BreakableTransport

ACCOUNTS = "GLACCOUNT+STATACCOUNT"
FIELDS = ("ACCOUNTNO", "<kind>", "<kind>:ACCOUNTNO", "NORMALBALANCE")


@pytest.fixture
def simulator(clock: FakeClock) -> IntacctSimulator:
    """A company with its seeds."""
    return create_simulator(SimClock(lambda: clock.now().timestamp()))


@pytest.fixture
def both(simulator: IntacctSimulator, clock: FakeClock) -> IntacctBackend:
    """The real client before the simulator."""
    who = IntacctCredentials("sender", "secret", "demo", "api", "secret", url=INTACCT_URL)
    http = HttpClient(HttpPolicy(allowed_hosts=(), allow_loopback=True), BreakableTransport(simulator))
    return IntacctBackend(who, http, LocalSlots({System.INTACCT: 2}), clock, Lane.BULK, rng=random.Random(1))


async def test_records_of_both_kinds_are_found_by_one_value(both: IntacctBackend) -> None:
    found = await both.find(ACCOUNTS, {"ACCOUNTNO": ["4000", "9000"]}, FIELDS)
    assert [(r.key, r.values["<kind>"], r.values["<kind>:ACCOUNTNO"]) for r in found] == [
        ("GLACCOUNT:3", "GLACCOUNT", "GLACCOUNT:4000"),
        ("STATACCOUNT:1", "STATACCOUNT", "STATACCOUNT:9000"),
    ]


async def test_field_that_one_kind_lacks_is_empty_there(both: IntacctBackend) -> None:
    found = await both.find(ACCOUNTS, {"ACCOUNTNO": ["4000", "9000"]}, FIELDS)
    assert [record.values["NORMALBALANCE"] for record in found] == ["credit", None]


async def test_key_reaches_only_the_kind_it_names(both: IntacctBackend) -> None:
    found = await both.find(ACCOUNTS, {"RECORDNO": ["STATACCOUNT:1", "OTHER:1"]}, FIELDS)
    assert [record.key for record in found] == ["STATACCOUNT:1"]


async def test_prefixed_value_reaches_only_the_kind_it_names(both: IntacctBackend) -> None:
    found = await both.find(ACCOUNTS, {"<kind>:ACCOUNTNO": ["STATACCOUNT:9000", "GLACCOUNT:9000"]}, FIELDS)
    assert [record.key for record in found] == ["STATACCOUNT:1"]


@pytest.mark.parametrize("size", [1, 2, 100])
async def test_feed_leads_through_all_kinds_each_from_its_start(
    both: IntacctBackend, clock: FakeClock, size: int
) -> None:
    clock.advance(60)
    position, keys = Position(clock.now() - timedelta(days=1)), list[str]()
    for _ in range(40):
        page = await both.changes(ACCOUNTS, position, clock.now(), FIELDS, size)
        keys += [record.key for record in page.records]
        position = page.position
        if page.done:
            break
    assert sorted(keys) == sorted([f"GLACCOUNT:{n}" for n in range(1, 6)] + ["STATACCOUNT:1", "STATACCOUNT:2"])


async def test_union_of_nothing_is_empty(both: IntacctBackend, clock: FakeClock) -> None:
    page = await both.changes("+", Position(clock.now()), clock.now(), FIELDS, 10)
    assert (list(page.records), page.done) == ([], True)
    assert await both.find("+", {"NAME": ["x"]}, FIELDS) == []
    assert list((await both.describe("+")).fields) == ["<kind>"]


async def test_union_counts_all_its_kinds(both: IntacctBackend, clock: FakeClock) -> None:
    since = clock.now() - timedelta(days=1)
    clock.advance(60)
    assert await both.changed(ACCOUNTS, since, clock.now()) == 7


@pytest.mark.parametrize("size", [1, 3, 5, 100])
async def test_selection_leads_through_all_kinds_in_key_order(both: IntacctBackend, size: int) -> None:
    after, keys = "", list[str]()
    while rows := await both.select(ACCOUNTS, AllOf(()), FIELDS, after=after, size=size):
        keys += [record.key for record in rows]
        after = rows[-1].key
        if len(rows) < size:
            break
    assert keys == [*(f"GLACCOUNT:{n}" for n in range(1, 6)), "STATACCOUNT:1", "STATACCOUNT:2"]
    assert await both.count(ACCOUNTS, AllOf(())) == 7


def test_deletions_are_told_of_the_union(clock: FakeClock) -> None:
    gone = [Deletion("STATACCOUNT", clock.now(), "1", None), Deletion("ITEM", clock.now(), "2", None)]
    told = of_unions([ACCOUNTS, "ITEM"], gone)
    assert [(one.kind, one.key) for one in told] == [(ACCOUNTS, "STATACCOUNT:1"), ("ITEM", "2")]
    assert members("UDD_FUND+") == ["UDD_FUND"]
