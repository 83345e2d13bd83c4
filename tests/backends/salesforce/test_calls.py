"""Single calls: session replay, retries of reads, quota and lanes."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from app.backends.salesforce.client import SalesforceBackend
from app.backends.salesforce.gate import read_limit_info
from app.backends.salesforce.options import SalesforceOptions
from app.domain.errors import Kind, SyncError
from app.domain.records import Lane, Record
from app.sync.ports import Action, Outcome, Verdict, Write
from tests.backends.salesforce.conftest import FakeClock, ScriptedOrg, page, refusal

Make = Callable[..., SalesforceBackend]
ID = "001000000000001AAA"
EXPIRED = ("INVALID_SESSION_ID", "Session expired or invalid")


async def look(backend: SalesforceBackend) -> list[Record]:
    return await backend.find("Account", {"Name": ["a"]}, ["Name"])


async def touch(backend: SalesforceBackend) -> Outcome:
    return (await backend.write([Write("Account", Action.UPDATE, {"Name": "x"}, "c1", key=ID)]))[0]


def done() -> httpx.Response:
    return httpx.Response(200, json=[{"id": ID, "success": True, "errors": []}])


def quota() -> httpx.Response:
    return refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")


def used(number: int, rows: httpx.Response) -> httpx.Response:
    rows.headers["Sforce-Limit-Info"] = f"api-usage={number}/1000"
    return rows


async def test_every_data_call_names_the_writer(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    org.script = [page(), done()]
    await look(backend)
    await touch(backend)
    assert {r.headers.get("Sforce-Call-Options") for r in org.requests[1:]} == {"client=tandem"}


async def test_a_write_refused_for_its_session_goes_again_once(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    org.script = [refusal(401, *EXPIRED), done()]
    assert (await touch(backend)).verdict is Verdict.CONFIRMED
    assert org.login_count == 2
    assert org.bodies()[0] == org.bodies()[1]


async def test_a_second_session_refusal_stops(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    org.script = [refusal(401, *EXPIRED), refusal(401, *EXPIRED)]
    with pytest.raises(SyncError) as caught:
        await look(backend)
    assert caught.value.kind is Kind.AUTH
    assert org.login_count == 2


async def test_a_write_whose_session_stays_refused_was_not_sent(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    org.script = [refusal(401, *EXPIRED), refusal(401, *EXPIRED)]
    outcome = await touch(backend)
    assert outcome.verdict is Verdict.NOT_SENT
    assert outcome.error is not None
    assert outcome.error.kind is Kind.AUTH


@pytest.mark.parametrize(
    "text",
    ["This session is not valid for use with the REST API", "Connected app is not attached to Agent"],
)
async def test_no_login_loop_where_a_new_token_does_not_help(
    org: ScriptedOrg, backend: SalesforceBackend, text: str
) -> None:
    org.script = [refusal(401, "INVALID_SESSION_ID", text)]
    with pytest.raises(SyncError) as caught:
        await look(backend)
    assert caught.value.kind is Kind.AUTH
    assert org.login_count == 1


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ConnectError("down"),
        httpx.ReadTimeout("late"),
        httpx.ReadError("reset"),
        httpx.Response(503, text="<html>"),
        httpx.Response(420),
        httpx.Response(429),
        httpx.Response(200, text='{"done":true,"records":[{"Id"'),
        refusal(500, "UNKNOWN_EXCEPTION"),
        refusal(400, "UNABLE_TO_LOCK_ROW"),
        refusal(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."),
    ],
)
async def test_a_read_survives_passing_trouble(
    org: ScriptedOrg, backend: SalesforceBackend, clock: FakeClock, trouble: Any
) -> None:
    org.script = [trouble, page()]
    assert await look(backend) == []
    assert clock.slept == [0.5]


async def test_a_read_gives_up_after_its_tries_with_growing_pauses(
    org: ScriptedOrg, backend: SalesforceBackend, clock: FakeClock
) -> None:
    org.script = [httpx.Response(503)] * 9
    with pytest.raises(SyncError) as caught:
        await look(backend)
    assert caught.value.kind is Kind.TRANSIENT
    assert clock.slept == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("answer", [refusal(400, "INVALID_FIELD"), refusal(404, "NOT_FOUND"), httpx.Response(414)])
async def test_a_refused_read_is_not_repeated(
    org: ScriptedOrg, backend: SalesforceBackend, clock: FakeClock, answer: httpx.Response
) -> None:
    org.script = [answer]
    with pytest.raises(SyncError):
        await look(backend)
    assert clock.slept == []


async def test_a_short_retry_after_is_waited_for(
    org: ScriptedOrg, backend: SalesforceBackend, clock: FakeClock
) -> None:
    org.script = [httpx.Response(429, headers={"Retry-After": "7"}), page()]
    await look(backend)
    assert clock.slept == [7.0]


async def test_a_long_retry_after_is_handed_on(org: ScriptedOrg, backend: SalesforceBackend, clock: FakeClock) -> None:
    org.script = [httpx.Response(429, headers={"Retry-After": "120"})]
    with pytest.raises(SyncError) as caught:
        await look(backend)
    assert (caught.value.kind, caught.value.retry_after) == (Kind.RATE_LIMITED, 120.0)
    assert clock.slept == []


async def test_no_place_on_the_wire_is_held_while_waiting(org: ScriptedOrg, make_backend: Make) -> None:
    backend = make_backend(capacity=1)
    org.script = [httpx.Response(503), page(), page()]
    await asyncio.gather(look(backend), look(backend))
    assert len(org.data_requests()) == 3


async def test_cancelling_a_call_frees_its_place(org: ScriptedOrg, make_backend: Make) -> None:
    backend = make_backend(capacity=1)
    await backend.describe("Account")
    org.script = [page(), page()]
    task = asyncio.create_task(look(backend))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await look(backend)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_calls_are_counted_since_last_asked(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    org.script = [page(), httpx.ConnectError("down"), page()]
    await look(backend)
    assert (backend.take_usage().calls, backend.take_usage().calls) == (3, 0)
    await look(backend)
    assert backend.take_usage().calls == 1


async def test_usage_belongs_to_the_lane_that_called(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    bulk = backend.in_lane(Lane.BULK)
    org.script = [page(), page()]
    await look(backend)
    await look(bulk)
    assert (backend.take_usage().calls, bulk.take_usage().calls) == (3, 1)


@pytest.mark.parametrize(
    ("header", "numbers"),
    [
        ("api-usage=18/15000", (18, 15000, None, None)),
        ("api-usage=25/5000; per-app-api-usage=17/250(appName=sample-app)", (25, 5000, 17, 250)),
        ("per-app-api-usage=17/250(appName=x); api-usage=25/5000", (25, 5000, 17, 250)),
        ("per-app-api-usage=17/250(appName=x)", None),
        ("nonsense", None),
    ],
)
def test_both_forms_of_the_limit_header_are_read(
    clock: FakeClock, header: str, numbers: tuple[int | None, ...] | None
) -> None:
    info = read_limit_info(header, clock.now())
    assert (info and (info.used, info.maximum, info.app_used, info.app_maximum)) == numbers


async def test_the_usage_is_read_from_errors_too(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    org.script = [refusal(400, "INVALID_FIELD", headers={"Sforce-Limit-Info": "api-usage=18/15000"})]
    with pytest.raises(SyncError):
        await look(backend)
    assert backend.limit_info is not None
    assert (backend.limit_info.used, backend.limit_info.maximum) == (18, 15000)


async def test_bulk_work_stops_at_its_share(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    bulk = backend.in_lane(Lane.BULK)
    org.script = [used(800, page())]
    await look(bulk)
    with pytest.raises(SyncError) as caught:
        await look(bulk)
    assert (caught.value.kind, caught.value.code) == (Kind.RATE_LIMITED, "salesforce_budget_share")
    assert caught.value.retry_after == 900.0
    assert org.script == []


async def test_bulk_writes_beyond_the_share_are_not_sent(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    org.script = [used(800, page())]
    await look(backend)
    assert (await touch(backend.in_lane(Lane.BULK))).verdict is Verdict.NOT_SENT


async def test_single_records_pass_beyond_the_bulk_share(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    org.script = [used(990, page()), page()]
    await look(backend)
    assert await look(backend) == []


async def test_bulk_work_looks_again_after_a_while(
    org: ScriptedOrg, backend: SalesforceBackend, clock: FakeClock
) -> None:
    bulk = backend.in_lane(Lane.BULK)
    org.script = [used(800, page()), used(100, page()), page()]
    await look(bulk)
    clock.advance(900)
    org.headers["Sforce-Limit-Info"] = "api-usage=100/1000"
    await look(bulk)
    assert await look(bulk) == []


async def test_an_exhausted_quota_silences_the_whole_org(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    org.script = [quota()]
    for attempt in (look(backend), look(backend), look(backend.in_lane(Lane.BULK))):
        with pytest.raises(SyncError) as caught:
            await attempt
        assert (caught.value.kind, caught.value.retry_after) == (Kind.RATE_LIMITED, 900.0)
    assert (await touch(backend)).verdict is Verdict.NOT_SENT
    assert len(org.data_requests()) == 1


async def test_one_call_probes_after_the_pause(org: ScriptedOrg, make_backend: Make, clock: FakeClock) -> None:
    backend = make_backend(options=SalesforceOptions(quota_pause=60, describe_ttl=10_000))
    org.script = [quota(), quota()]
    with pytest.raises(SyncError):
        await look(backend)
    clock.advance(61)
    results = await asyncio.gather(*(look(backend) for _ in range(5)), return_exceptions=True)
    assert {type(result) for result in results} == {SyncError}
    assert len(org.data_requests()) == 2


async def test_work_goes_on_after_a_good_probe(org: ScriptedOrg, backend: SalesforceBackend, clock: FakeClock) -> None:
    org.script = [quota(), page(), page()]
    with pytest.raises(SyncError):
        await look(backend)
    clock.advance(901)
    assert await look(backend) == []
    assert await look(backend) == []


async def test_all_calls_pass_at_once_after_a_good_probe(
    org: ScriptedOrg, make_backend: Make, clock: FakeClock
) -> None:
    backend = make_backend(options=SalesforceOptions(quota_pause=60, describe_ttl=10_000))
    org.script = [quota(), *(page() for _ in range(6))]
    with pytest.raises(SyncError):
        await look(backend)
    clock.advance(61)
    await look(backend)
    assert await asyncio.gather(*(look(backend) for _ in range(5))) == [[]] * 5


async def test_a_lost_probe_leaves_the_next_one_free(
    org: ScriptedOrg, backend: SalesforceBackend, clock: FakeClock
) -> None:
    await backend.describe("Account")
    org.script = [quota(), httpx.ReadError("reset"), done()]
    await touch(backend)
    clock.advance(901)
    assert (await touch(backend)).verdict is Verdict.AMBIGUOUS
    assert (await touch(backend)).verdict is Verdict.CONFIRMED


async def test_a_login_between_does_not_use_up_the_bulk_lanes_look(
    org: ScriptedOrg, backend: SalesforceBackend, clock: FakeClock
) -> None:
    bulk = backend.in_lane(Lane.BULK)
    org.script = [used(800, page()), refusal(401, *EXPIRED), used(100, done())]
    await look(bulk)
    clock.advance(900)
    assert (await touch(bulk)).verdict is Verdict.CONFIRMED
