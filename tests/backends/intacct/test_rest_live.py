"""The port over both APIs of one simulated company: the same cases, equal outcomes (CLI-45); and what only REST has."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from app.backends.intacct.client import IntacctBackend, IntacctOptions
from app.domain.conditions import AllOf, Compare, Operator
from app.domain.errors import Kind, SyncError
from app.simulators.faults import parse_faults
from app.simulators.intacct.app import IntacctSimulator
from app.sync.ports import Action, Position, Verdict, Write
from tests.backends.intacct.conftest import FakeClock, LosingTransport
from tests.backends.intacct.rest_side import LISTS, PRICES, YEAR, backend_over, price, price_list

BASE = "http://127.0.0.1/ia/api/v1"
ITEMS = [{"ITEMID": f"I-{n}", "NAME": f"Item {n}", "ITEMTYPE": "Kit"} for n in range(3)]


@pytest.fixture
def live_rest(simulator: IntacctSimulator, clock: FakeClock) -> IntacctBackend:
    """Both sides before the simulator, which has three items and one price list."""
    simulator.state.seed({"ITEM": ITEMS, "SOPRICELIST": [{"NAME": "Base"}]})
    return backend_over(LosingTransport(app=simulator), clock, base=BASE, secret="secret")


@dataclass(frozen=True)
class Api:
    """A kind as either API knows it: how a record is named, and a create and an update of it."""

    kind: str
    natural: str
    create: Callable[[str], Write]
    update: Callable[[str, str], Write]


def _department(kind: str, natural: str, title: str) -> Api:
    return Api(
        kind,
        natural,
        lambda name: Write(kind, Action.CREATE, {natural: name, title: f"Dept {name}"}, f"op-{kind}-{name}"),
        lambda key, name: Write(kind, Action.UPDATE, {title: name}, f"op-{kind}-{key}-{name}", key),
    )


XML, REST = (
    _department("DEPARTMENT", "DEPARTMENTID", "TITLE"),
    _department("company-config/department", "id", "name"),
)
both = pytest.mark.parametrize("api", [XML, REST], ids=["xml", "rest"])


def strike(simulator: IntacctSimulator, kind: str, match: str, **more: Any) -> None:
    for fault in parse_faults([{"kind": kind, "match": match, **more}]):
        simulator.state.faults.add(fault)


# -- the same cases over both


@both
async def test_create_is_confirmed_and_found(live_rest: IntacctBackend, api: Api) -> None:
    (outcome,) = await live_rest.write([api.create("D1")])
    (record,) = await live_rest.find(api.kind, {"RECORDNO": [str(outcome.key)]}, [api.natural])
    assert (outcome.verdict, record.key, record.values[api.natural]) == (Verdict.CONFIRMED, outcome.key, "D1")
    assert record.modified_at is not None


@both
async def test_update_changes_what_it_names(live_rest: IntacctBackend, api: Api, simulator: IntacctSimulator) -> None:
    (made,) = await live_rest.write([api.create("D1")])
    (outcome,) = await live_rest.write([api.update(str(made.key), "New")])
    assert (outcome.verdict, outcome.created) == (Verdict.CONFIRMED, False)
    assert [row["TITLE"] for row in simulator.state.records("DEPARTMENT") if row["DEPARTMENTID"] == "D1"] == ["New"]


@both
async def test_taken_name_is_rejected_with_the_same_code(live_rest: IntacctBackend, api: Api) -> None:
    await live_rest.write([api.create("D1")])
    again = api.create("D1")
    (outcome,) = await live_rest.write([Write(again.kind, again.action, again.values, "another")])
    assert outcome.error is not None
    assert (outcome.verdict, outcome.error.kind, outcome.error.code) == (Verdict.REJECTED, Kind.DATA, "already_exists")


@both
async def test_missing_record_is_rejected_with_the_same_code(live_rest: IntacctBackend, api: Api) -> None:
    (outcome,) = await live_rest.write([api.update("4711", "New")])
    assert outcome.error is not None
    assert (outcome.verdict, outcome.error.code) == (Verdict.REJECTED, "record_not_found")


@both
async def test_rate_limit_leaves_the_write_unsent(
    live_rest: IntacctBackend, api: Api, simulator: IntacctSimulator
) -> None:
    strike(simulator, "rate_limit", f"create:{api.kind}")
    (outcome,) = await live_rest.write([api.create("D1")])
    assert outcome.error is not None
    assert (outcome.verdict, outcome.error.kind) == (Verdict.NOT_SENT, Kind.RATE_LIMITED)
    assert (await live_rest.write([api.create("D1")]))[0].verdict is Verdict.CONFIRMED


@both
async def test_expired_session_costs_one_login_and_nothing_else(
    live_rest: IntacctBackend, api: Api, simulator: IntacctSimulator
) -> None:
    await live_rest.write([api.create("D1")])
    strike(simulator, "session_expired", f"create:{api.kind}")
    (outcome,) = await live_rest.write([api.create("D2")])
    assert outcome.verdict is Verdict.CONFIRMED


@both
async def test_feed_shows_each_changed_record_once_in_order(
    live_rest: IntacctBackend, api: Api, clock: FakeClock
) -> None:
    start = clock.now()
    for name in ("D1", "D2", "D3"):
        await live_rest.write([api.create(name)])
        clock.advance(2)
    seen: list[str] = []
    position, done = Position(start, "0"), False
    while not done:
        page = await live_rest.changes(api.kind, position, clock.now(), [api.natural], 2)
        seen += [str(record.values[api.natural]) for record in page.records]
        position, done = page.position, page.done
    assert seen == ["D1", "D2", "D3"]
    assert await live_rest.changed(api.kind, start, clock.now()) == 3


@both
@pytest.mark.parametrize(
    ("operator", "values", "found"),
    [
        ("eq", ("D2",), ["D2"]),
        ("notIn", ("D1", "D2"), ["D3"]),
        ("startsWith", ("D",), ["D1", "D2", "D3"]),
        ("contains", ("3",), ["D3"]),
        ("isEmpty", (), []),
    ],
)
async def test_records_are_selected_and_counted_by_conditions(
    live_rest: IntacctBackend, simulator: IntacctSimulator, api: Api, operator: str, values: Any, found: list[str]
) -> None:
    ours = Compare(api.natural, Operator.STARTS_WITH, ("D",))
    for name in ("D1", "D2", "D3"):
        await live_rest.write([api.create(name)])
    where = AllOf((ours, Compare(api.natural, Operator(operator), values)))
    rows = await live_rest.select(api.kind, where, [api.natural], after="", size=10)
    assert [record.values[api.natural] for record in rows] == found
    assert await live_rest.count(api.kind, where) == len(found)


@both
async def test_description_names_fields_and_types(live_rest: IntacctBackend, api: Api) -> None:
    described = (await live_rest.describe(api.kind)).fields
    assert described[api.natural].required
    assert not described[api.natural].updateable or api is XML
    with pytest.raises(SyncError) as raised:
        await live_rest.describe(api.kind + "x")
    assert raised.value.kind is Kind.CONFIG


@both
async def test_transactions_are_counted_alike(live_rest: IntacctBackend, api: Api) -> None:
    await live_rest.write([api.create("D1")])
    await live_rest.describe(api.kind)
    live_rest.take_usage()
    await live_rest.write([api.create("D2"), api.create("D3")])
    await live_rest.find(api.kind, {api.natural: ["D1"]}, [api.natural])
    assert live_rest.take_usage().transactions == 3


# -- what only REST has


async def test_prices_are_written_and_read_as_decimals(live_rest: IntacctBackend) -> None:
    outcomes = await live_rest.write([price("I-0", "12.50"), price("I-1", "99.999")])
    assert [one.verdict for one in outcomes] == [Verdict.CONFIRMED] * 2
    fields = ["item.id", "value", "startDate", "priceList.id", "minimumQuantity"]
    found = await live_rest.find(PRICES, {"item.id": ["I-0"]}, fields)
    assert dict(found[0].values) == {
        "item.id": "I-0",
        "value": Decimal("12.50"),
        "startDate": YEAR["startDate"],
        "priceList.id": "Base",
        "minimumQuantity": None,
    }


@pytest.mark.parametrize("kind", ["reset_after_commit", "truncated", "server_error", "reset_before_commit"])
async def test_lost_create_exists_once(live_rest: IntacctBackend, simulator: IntacctSimulator, kind: str) -> None:
    more = {"after_commit": True} if kind == "server_error" else {}
    strike(simulator, kind, f"create:{PRICES}", **more)
    (outcome,) = await live_rest.write([price("I-0", "12.50")])
    assert outcome.verdict is Verdict.CONFIRMED
    assert [row["RECORDNO"] for row in simulator.state.records("SOPRICELISTENTRY")] == [outcome.key]


async def test_corrected_content_needs_a_new_key(live_rest: IntacctBackend) -> None:
    (first,) = await live_rest.write([price("nobody", "1")])
    assert first.verdict is Verdict.REJECTED
    corrected = price("I-0", "1")
    (second,) = await live_rest.write([Write(PRICES, Action.CREATE, corrected.values, "op-nobody-USD")])
    assert second.error is not None
    assert (second.verdict, second.error.code) == (Verdict.AMBIGUOUS, "repeat_refused")
    assert (await live_rest.write([corrected]))[0].verdict is Verdict.CONFIRMED


async def test_object_without_audit_is_read_whole_each_time(live_rest: IntacctBackend, clock: FakeClock) -> None:
    await live_rest.write([price_list(f"L{n}") for n in range(4)])
    start = Position(datetime(2026, 12, 1, tzinfo=UTC), "0")
    seen, position, done = [], start, False
    while not done:
        page = await live_rest.changes(LISTS, position, clock.now(), ["id"], 2)
        assert page.undated
        seen += [record.values["id"] for record in page.records]
        position, done = page.position, page.done
    assert seen == ["Base", "L0", "L1", "L2", "L3"]
    assert await live_rest.changed(LISTS, start.modified_at, clock.now()) == 0


async def test_chunks_keep_the_two_apis_apart(live_rest: IntacctBackend) -> None:
    writes = [XML.create("D1"), *[price("I-0", str(n)) for n in range(12)], XML.create("D2")]
    assert [len(chunk) for chunk in live_rest.chunks(writes)] == [1, 10, 2, 1]


async def test_without_client_id_the_object_says_what_is_missing(make_live: Callable[..., IntacctBackend]) -> None:
    backend = make_live(IntacctOptions())
    with pytest.raises(SyncError) as raised:
        await backend.describe(PRICES)
    assert (raised.value.kind, raised.value.code) == (Kind.CONFIG, "rest_not_configured")
    (outcome,) = await backend.write([price("I-0", "1")])
    assert (outcome.verdict, outcome.error and outcome.error.code) == (Verdict.NOT_SENT, "rest_not_configured")
