"""The client against a whole org: the same code, another base URL."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.backends.http import HttpClient, HttpPolicy
from app.backends.pool import LocalSlots
from app.backends.salesforce.auth import SalesforceCredentials
from app.backends.salesforce.client import SalesforceBackend
from app.domain.errors import Kind, SyncError
from app.domain.records import Lane, System
from app.simulators.clock import SimClock
from app.simulators.faults import Fault, FaultKind
from app.simulators.salesforce.app import SalesforceSimulator, create_simulator
from app.simulators.salesforce.flags import OrgFlags
from app.simulators.wire import Dropped
from app.sync.ports import Action, Position, Verdict, Write
from tests.backends.salesforce.conftest import FakeClock

EXT = "Tandem_Id__c"
LOGIN = SalesforceCredentials("http://127.0.0.1:8001", "client", client_secret="secret")
Connect = Callable[..., SalesforceBackend]


class InProcess(httpx.AsyncBaseTransport):
    """The simulator without a socket; a dropped connection is a read error, as over a socket."""

    def __init__(self, simulator: SalesforceSimulator) -> None:
        self._inner = httpx.ASGITransport(simulator)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._inner.handle_async_request(request)
        except Dropped as dropped:
            raise httpx.ReadError("dropped") from dropped


@pytest.fixture
def simulator(clock: FakeClock) -> SalesforceSimulator:
    made = create_simulator(SimClock(lambda: clock.now().timestamp()))
    furnish(made)
    return made


def furnish(simulator: SalesforceSimulator) -> None:
    field = {"name": EXT, "label": "Tandem", "type": "string", "length": 80, "external_id": True, "unique": True}
    simulator.state.change_schema({"name": "Account", "fields": [field]})


@pytest.fixture
def connect(simulator: SalesforceSimulator, clock: FakeClock) -> Connect:
    def make(lane: Lane = Lane.INTERACTIVE, login: SalesforceCredentials = LOGIN) -> SalesforceBackend:
        http = HttpClient(HttpPolicy((), allow_loopback=True), InProcess(simulator))
        slots = LocalSlots({System.SALESFORCE: 5})
        return SalesforceBackend(login, http, slots, clock, lane, jitter=lambda: 1.0)

    return make


@pytest.fixture
def sf(connect: Connect) -> SalesforceBackend:
    return connect()


def seed(simulator: SalesforceSimulator, *names: str, **more: Any) -> list[str]:
    made = simulator.state.seed({"Account": [{"Name": name, **more} for name in names]})
    return [row["Id"] for row in made["Account"]]


def create(value: str, **values: Any) -> Write:
    return Write("Account", Action.CREATE, {"Name": "N", **values}, f"c-{value}", external_id=(EXT, value))


def update(key: str, **values: Any) -> Write:
    return Write("Account", Action.UPDATE, values, f"c-{key}", key=key)


def stored(simulator: SalesforceSimulator) -> list[dict[str, Any]]:
    return simulator.state.records("Account")


def fails(simulator: SalesforceSimulator, kind: FaultKind, match: str, **more: Any) -> None:
    simulator.state.faults.add(Fault(kind, match, **more))


async def test_who_we_are(sf: SalesforceBackend) -> None:
    identity = await sf.identity()
    assert (identity.system, identity.environment, identity.multi_currency) == (System.SALESFORCE, "offline", False)
    assert len(identity.account) == 18


async def test_an_org_with_several_currencies_says_so(clock: FakeClock) -> None:
    other = create_simulator(SimClock(lambda: clock.now().timestamp()), flags=OrgFlags(multi_currency=True))
    http = HttpClient(HttpPolicy((), allow_loopback=True), InProcess(other))
    backend = SalesforceBackend(LOGIN, http, LocalSlots({System.SALESFORCE: 1}), clock, Lane.INTERACTIVE)
    assert (await backend.identity()).multi_currency


async def test_a_wrong_secret_is_refused_for_good(connect: Connect) -> None:
    with pytest.raises(SyncError) as caught:
        await connect(login=replace(LOGIN, client_secret="wrong")).identity()
    assert caught.value.kind is Kind.AUTH


async def test_a_login_by_signed_assertion(connect: Connect, simulator: SalesforceSimulator) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    simulator.state.configure({"jwt_public_key": public.decode()})
    login = SalesforceCredentials(
        LOGIN.login_url,
        "client",
        private_key=private.decode(),
        username="sync@example.com",
        audience="https://login.salesforce.com",
    )
    assert (await connect(login=login).identity()).user == "sync@example.com"


@pytest.mark.parametrize("path", ["read", "write"])
async def test_an_expired_session_is_renewed_unseen(
    sf: SalesforceBackend, simulator: SalesforceSimulator, path: str
) -> None:
    (key,) = seed(simulator, "Acme")
    await sf.describe("Account")
    simulator.state.expire_sessions({})
    if path == "read":
        assert len(await sf.find("Account", {"Id": [key]}, ["Name"])) == 1
    else:
        assert (await sf.write([update(key, Name="New")]))[0].verdict is Verdict.CONFIRMED
    assert simulator.state.meters()["by_verb"]["token"] == 2


async def test_a_record_written_reads_back_as_written(sf: SalesforceBackend, simulator: SalesforceSimulator) -> None:
    values = {
        "Name": 'Café O\'Neil "& Söhne"',
        "AnnualRevenue": Decimal("1234567890.12"),
        "NumberOfEmployees": 7,
        "BillingStreet": "Line 1\nLine 2",
        "ia_crm__Synced_With_Intacct_Date__c": datetime(2026, 11, 22, 9, 59, 30, tzinfo=UTC),
        "ia_crm__Sync_with_Intacct__c": True,
        "Phone": None,
    }
    (outcome,) = await sf.write([create("T-1", **values)])
    assert (outcome.verdict, outcome.created) == (Verdict.CONFIRMED, True)
    (record,) = await sf.find("Account", {EXT: ["T-1"]}, [*values])
    assert record.values == values
    assert record.key == outcome.key


@pytest.mark.parametrize("value", ["C/1", "a b", "100%", "x#y?z", "é", "O'Neil", "a+b", "mail@acme.inc", 'x"\\y'])
async def test_an_external_id_round_trips(sf: SalesforceBackend, value: str) -> None:
    (first,) = await sf.write([create(value)])
    (again,) = await sf.write([create(value, Name="M")])
    assert (first.created, again.created, again.key) == (True, False, first.key)
    (record,) = await sf.find("Account", {EXT: [value]}, [EXT])
    assert record.values[EXT] == value


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="'\\\"%_() ORid=\n\té", min_size=1, max_size=12))
def test_no_search_key_finds_another_record(text: str) -> None:
    async def search() -> None:
        clock = FakeClock()
        simulator = create_simulator(SimClock(lambda: clock.now().timestamp()))
        http = HttpClient(HttpPolicy((), allow_loopback=True), InProcess(simulator))
        backend = SalesforceBackend(LOGIN, http, LocalSlots({System.SALESFORCE: 1}), clock, Lane.INTERACTIVE)
        seed(simulator, "Other", "x' OR Name != 'x")
        assert await backend.find("Account", {"Name": [text, text + "'"]}, ["Name"]) == []

    asyncio.run(search())


async def test_parents_come_under_their_dotted_names(sf: SalesforceBackend, simulator: SalesforceSimulator) -> None:
    (parent,) = seed(simulator, "Parent", AnnualRevenue=5)
    child, orphan = seed(simulator, "Child", ParentId=parent) + seed(simulator, "Orphan")
    fields = ["Parent.Name", "Parent.AnnualRevenue", "Owner.Username", "ia_crm__Bill_to_Contact__r.Name"]
    found = {r.key: r.values for r in await sf.find("Account", {"Id": [child, orphan]}, fields)}
    assert found[child]["Parent.Name"] == "Parent"
    assert found[child]["Parent.AnnualRevenue"] == Decimal(5)
    assert found[child]["ia_crm__Bill_to_Contact__r.Name"] is None
    assert found[orphan]["Parent.Name"] is None


async def test_records_are_found_by_any_of_several_keys(sf: SalesforceBackend, simulator: SalesforceSimulator) -> None:
    one, two, _ = seed(simulator, "One", "Two", "Three")
    found = await sf.find("Account", {"Id": [one[:15]], "Name": ["TWO"]}, ["Name"])
    assert {record.key for record in found} == {one, two}


async def test_a_thousand_ids_are_found_in_few_calls(sf: SalesforceBackend, simulator: SalesforceSimulator) -> None:
    ids = seed(simulator, *(f"A{n}" for n in range(1000)))
    found = await sf.find("Account", {"Id": ids}, ["Name"])
    assert {record.key for record in found} == set(ids)
    assert simulator.state.meters()["by_verb"]["query"] <= 4


async def test_small_pages_are_followed(sf: SalesforceBackend, simulator: SalesforceSimulator) -> None:
    simulator.state.configure({"page_cap": 3})
    ids = seed(simulator, *(["Same"] * 10))
    found = await sf.find("Account", {"Name": ["same"]}, ["Name"])
    assert sorted(record.key for record in found) == sorted(ids)


async def test_a_hidden_field_is_a_matter_of_set_up(sf: SalesforceBackend, simulator: SalesforceSimulator) -> None:
    simulator.state.hide({"object": "Account", "fields": ["Phone"]})
    with pytest.raises(SyncError) as caught:
        await sf.find("Account", {"Name": ["x"]}, ["Phone"])
    assert (caught.value.kind, caught.value.field) == (Kind.CONFIG, "Phone")


async def test_an_unchanged_description_costs_no_body(
    sf: SalesforceBackend, simulator: SalesforceSimulator, clock: FakeClock
) -> None:
    first = await sf.describe("Account")
    clock.advance(1000)
    assert await sf.describe("Account") is first
    assert simulator.state.meters()["by_status"]["304"] == 1


async def test_a_schema_change_is_seen_after_the_cache_time(
    sf: SalesforceBackend, simulator: SalesforceSimulator, clock: FakeClock
) -> None:
    await sf.describe("Account")
    clock.advance(1000)
    simulator.state.change_schema({"name": "Account", "fields": [{"name": "New__c", "type": "currency"}]})
    assert (await sf.describe("Account")).fields["New__c"].type == "currency"


async def test_deleted_and_merged_records_are_seen_when_asked_for(
    sf: SalesforceBackend, simulator: SalesforceSimulator
) -> None:
    winner, loser = seed(simulator, "Winner", "Loser")
    simulator.state.merge({"object": "Account", "winner": winner, "losers": [loser]})
    assert await sf.find("Account", {"Id": [loser]}, ["Name"]) == []
    (record,) = await sf.find("Account", {"Id": [loser]}, ["MasterRecordId"], include_deleted=True)
    assert record.values == {"MasterRecordId": winner, "IsDeleted": True}


async def test_a_write_to_a_merged_record_says_that_it_is_gone(
    sf: SalesforceBackend, simulator: SalesforceSimulator
) -> None:
    winner, loser = seed(simulator, "Winner", "Loser")
    simulator.state.merge({"object": "Account", "winner": winner, "losers": [loser]})
    good, gone = await sf.write([update(winner, Name="W"), update(loser, Name="L")])
    assert good.verdict is Verdict.CONFIRMED
    assert gone.error is not None
    assert (gone.verdict, gone.error.code) == (Verdict.REJECTED, "salesforce_record_gone")


async def test_each_record_has_its_own_verdict(sf: SalesforceBackend, simulator: SalesforceSimulator) -> None:
    ids = seed(simulator, "A", "B", "C", "D")
    simulator.state.lock({"ids": [ids[3]], "seconds": 60})
    outcomes = await sf.write(
        [
            update(ids[0], Name="A2"),
            update(ids[1], Name="x" * 300),
            update(ids[2], ia_crm__Email_ID__c="no mail"),
            update(ids[3], Name="D2"),
        ]
    )
    assert [(o.verdict, o.error and o.error.code) for o in outcomes] == [
        (Verdict.CONFIRMED, None),
        (Verdict.REJECTED, "salesforce_text_too_long"),
        (Verdict.REJECTED, "salesforce_email"),
        (Verdict.NOT_SENT, "salesforce_record_locked"),
    ]
    assert sorted(row["Name"] for row in stored(simulator)) == ["A2", "B", "C", "D"]


async def test_a_lock_that_hides_in_automation_is_a_lock(sf: SalesforceBackend, simulator: SalesforceSimulator) -> None:
    (key,) = seed(simulator, "A")
    simulator.state.configure({"wrap_locks": True})
    simulator.state.lock({"ids": [key], "seconds": 60})
    (outcome,) = await sf.write([update(key, Name="B")])
    assert outcome.error is not None
    assert outcome.error.code == "salesforce_record_locked"


async def test_a_unique_value_names_its_holder(sf: SalesforceBackend, simulator: SalesforceSimulator) -> None:
    holder, other = seed(simulator, "A", **{EXT: "T-1"}) + seed(simulator, "B")
    (outcome,) = await sf.write([update(other, **{EXT: "T-1"})])
    assert (outcome.verdict, outcome.returned) == (Verdict.REJECTED, {"duplicate_of": holder})


async def test_an_unknown_holder_is_tolerated(sf: SalesforceBackend, simulator: SalesforceSimulator) -> None:
    simulator.state.configure({"unknown_duplicates": True})
    seed(simulator, "A", **{EXT: "T-1"})
    (other,) = seed(simulator, "B")
    (outcome,) = await sf.write([update(other, **{EXT: "T-1"})])
    assert outcome.error is not None
    assert (outcome.error.code, outcome.returned) == ("salesforce_duplicate_value", {})


async def test_a_validation_rule_names_its_field(sf: SalesforceBackend, simulator: SalesforceSimulator) -> None:
    rule = {"object": "Account", "when": "Name = 'bad'", "message": "Names must be good", "field": "Name"}
    simulator.state.configure({"validation_rules": [rule]})
    (key,) = seed(simulator, "A")
    (outcome,) = await sf.write([update(key, Name="bad")])
    assert outcome.error is not None
    assert (outcome.error.code, outcome.error.field) == ("salesforce_validation_rule", "Name")
    assert "Names must be good" in outcome.error.message


async def test_two_hundred_updates_are_one_call(sf: SalesforceBackend, simulator: SalesforceSimulator) -> None:
    ids = seed(simulator, *(f"A{n}" for n in range(250)))
    chunks = sf.chunks([update(key, Name=f"B{key}") for key in ids])
    for chunk in chunks:
        assert {outcome.verdict for outcome in await sf.write(chunk)} == {Verdict.CONFIRMED}
    meters = simulator.state.meters()
    assert (meters["by_verb"]["collections.update"], meters["writes"]) == (2, 250)


@pytest.mark.parametrize(
    ("kind", "more", "happened"),
    [
        (FaultKind.RESET_BEFORE_COMMIT, {}, False),
        (FaultKind.RESET_AFTER_COMMIT, {}, True),
        (FaultKind.TIMEOUT_AFTER_COMMIT, {}, True),
        (FaultKind.SERVER_ERROR, {}, False),
        (FaultKind.SERVER_ERROR, {"after_commit": True}, True),
        (FaultKind.SERVER_ERROR, {"status": 503, "after_commit": True}, True),
        (FaultKind.TRUNCATED, {}, True),
    ],
)
async def test_an_unclear_create_is_in_doubt_and_its_repeat_makes_one_record(
    sf: SalesforceBackend, simulator: SalesforceSimulator, kind: FaultKind, more: dict[str, Any], happened: bool
) -> None:
    fails(simulator, kind, "collections", **more)
    (outcome,) = await sf.write([create("T-1")])
    assert outcome.verdict is Verdict.AMBIGUOUS
    assert len(stored(simulator)) == int(happened)
    (again,) = await sf.write([create("T-1")])
    assert (again.verdict, again.created) == (Verdict.CONFIRMED, not happened)
    assert len(stored(simulator)) == 1


@pytest.mark.parametrize(
    ("kind", "more", "expected"),
    [
        (FaultKind.RATE_LIMIT, {}, Kind.RATE_LIMITED),
        (FaultKind.RATE_LIMIT, {"retry_after": 30}, Kind.RATE_LIMITED),
        (FaultKind.ABORTED, {}, Kind.TRANSIENT),
        (FaultKind.LOCK_ERROR, {}, Kind.TRANSIENT),
    ],
)
async def test_a_write_the_org_did_not_execute_may_go_again(
    sf: SalesforceBackend, simulator: SalesforceSimulator, kind: FaultKind, more: dict[str, Any], expected: Kind
) -> None:
    fails(simulator, kind, "collections", **more)
    outcomes = await sf.write([create("T-1"), create("T-2")])
    assert [(o.verdict, o.error and o.error.kind) for o in outcomes] == [(Verdict.NOT_SENT, expected)] * 2
    assert stored(simulator) == []


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        (FaultKind.RESET_BEFORE_COMMIT, {}),
        (FaultKind.RESET_AFTER_COMMIT, {}),
        (FaultKind.SERVER_ERROR, {}),
        (FaultKind.SERVER_ERROR, {"status": 503}),
        (FaultKind.TRUNCATED, {}),
        (FaultKind.RATE_LIMIT, {"retry_after": 3}),
        (FaultKind.SESSION_EXPIRED, {}),
    ],
)
async def test_a_read_gets_through_one_fault(
    sf: SalesforceBackend, simulator: SalesforceSimulator, kind: FaultKind, more: dict[str, Any]
) -> None:
    (key,) = seed(simulator, "A")
    fails(simulator, kind, "query", **more)
    assert [record.key for record in await sf.find("Account", {"Id": [key]}, ["Name"])] == [key]


async def test_an_exhausted_quota_is_left_alone_until_it_has_moved(
    sf: SalesforceBackend, simulator: SalesforceSimulator, clock: FakeClock
) -> None:
    (key,) = seed(simulator, "A")
    await sf.describe("Account")
    simulator.state.configure({"quota_max": 10, "quota_used": 10})
    for _ in range(3):
        (outcome,) = await sf.write([update(key, Name="B")])
        assert outcome.verdict is Verdict.NOT_SENT
    assert simulator.state.meters()["by_verb"]["collections.update"] == 1
    clock.advance(86_401)
    assert (await sf.write([update(key, Name="B")]))[0].verdict is Verdict.CONFIRMED


@pytest.mark.parametrize("per_app", [True, False])
async def test_bulk_work_stops_at_four_fifths_of_the_day(
    sf: SalesforceBackend, simulator: SalesforceSimulator, per_app: bool
) -> None:
    (key,) = seed(simulator, "A")
    simulator.state.configure({"quota_max": 100, "quota_used": 85, "per_app_usage": per_app})
    await sf.describe("Account")
    bulk = sf.in_lane(Lane.BULK)
    (refused,) = await bulk.write([update(key, Name="B")])
    assert refused.error is not None
    assert (refused.verdict, refused.error.code) == (Verdict.NOT_SENT, "salesforce_budget_share")
    assert (await sf.write([update(key, Name="B")]))[0].verdict is Verdict.CONFIRMED
    assert sf.limit_info is not None
    assert (sf.limit_info.used, sf.limit_info.maximum) == (87, 100)


async def test_no_more_calls_at_once_than_there_are_places(
    sf: SalesforceBackend, simulator: SalesforceSimulator
) -> None:
    (key,) = seed(simulator, "A")
    await asyncio.gather(*(sf.find("Account", {"Id": [key]}, ["Name"]) for _ in range(40)))
    assert simulator.state.meters()["concurrency_high_water"] <= 5


async def test_our_name_stands_on_what_we_write(sf: SalesforceBackend, simulator: SalesforceSimulator) -> None:
    (key,) = seed(simulator, "A")
    await sf.write([update(key, Name="B")])
    assert simulator.state.org.ledger[-1]["client"] == "tandem"


async def test_equal_stamps_are_not_lost_at_page_edges(
    sf: SalesforceBackend, simulator: SalesforceSimulator, clock: FakeClock
) -> None:
    start = clock.now() - timedelta(hours=1)
    ids = seed(simulator, *(f"A{n}" for n in range(7)))
    clock.advance(5)
    ids += seed(simulator, *(f"B{n}" for n in range(4)))
    position, seen, done = Position(start), [], False
    while not done:
        page = await sf.changes("Account", position, clock.now(), ["Name"], 3)
        seen += [record.key for record in page.records]
        position, done = page.position, page.done
    assert seen == sorted(ids[:7]) + sorted(ids[7:])


async def test_the_feed_ends_at_its_upper_bound(
    sf: SalesforceBackend, simulator: SalesforceSimulator, clock: FakeClock
) -> None:
    start = clock.now()
    (early,) = seed(simulator, "Early")
    clock.advance(60)
    seed(simulator, "Late")
    page = await sf.changes("Account", Position(start), start + timedelta(seconds=30), ["Name"], 10)
    assert ([record.key for record in page.records], page.done) == ([early], True)
    assert page.position == Position(start, early)


async def test_a_late_commit_is_found_by_reading_again_from_behind(
    sf: SalesforceBackend, simulator: SalesforceSimulator, clock: FakeClock
) -> None:
    start = clock.now()
    simulator.state.configure({"late_commit_seconds": 120})
    await sf.write([create("T-1")])
    assert (await sf.changes("Account", Position(start), clock.now(), ["Name"], 10)).records == []
    clock.advance(121)
    page = await sf.changes("Account", Position(clock.now() - timedelta(minutes=10)), clock.now(), ["Name"], 10)
    assert len(page.records) == 1


async def test_dates_stay_dates(sf: SalesforceBackend, simulator: SalesforceSimulator) -> None:
    made = simulator.state.seed(
        {"Opportunity": [{"Name": "O", "StageName": "Prospecting", "CloseDate": "2026-01-31", "Amount": 10.5}]}
    )
    key = made["Opportunity"][0]["Id"]
    (record,) = await sf.find("Opportunity", {"Id": [key]}, ["CloseDate", "Amount"])
    assert record.values == {"CloseDate": date(2026, 1, 31), "Amount": Decimal("10.5")}


async def test_a_field_of_an_edition_the_org_lacks_is_left_out(
    sf: SalesforceBackend, simulator: SalesforceSimulator
) -> None:
    (key,) = seed(simulator, "A")
    fields = ["Name", "CurrencyIsoCode", "IsPersonAccount", "BillingStateCode"]
    (record,) = await sf.find("Account", {"Id": [key]}, fields)
    assert record.values == {"Name": "A"}
