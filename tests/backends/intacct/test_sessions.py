"""Logging in: once for many, once more when a session is refused, never in a storm, and only at addresses we allow."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from app.backends.intacct.auth import IntacctCredentials
from app.backends.intacct.client import IntacctBackend, IntacctOptions
from app.domain.errors import Kind, SyncError
from app.sync.ports import Verdict, Write

Make = Callable[..., IntacctBackend]
Customer = Callable[..., Write]


async def find(backend: IntacctBackend) -> Any:
    return await backend.find("CUSTOMER", {"CUSTOMERID": ["C1"]}, ["NAME"])


async def refusal(backend: IntacctBackend) -> SyncError:
    with pytest.raises(SyncError) as caught:
        await find(backend)
    return caught.value


async def test_a_hundred_requests_share_one_login(company: Any, backend: IntacctBackend) -> None:
    company.script = [company.page()] * 100
    await asyncio.gather(*(find(backend) for _ in range(100)))
    assert company.login_count == 1


async def test_a_hundred_requests_share_one_new_login_when_the_session_expires(
    company: Any, backend: IntacctBackend
) -> None:
    def if_renewed(asked: Any) -> httpx.Response:
        if asked.text("*//sessionid") == "session-1-id":
            return company.authentication_failure()  # type: ignore[no-any-return]
        return company.page()(asked)  # type: ignore[no-any-return]

    company.script = [company.page()]
    await find(backend)
    company.script = [if_renewed] * 200
    await asyncio.gather(*(find(backend) for _ in range(100)))
    assert company.login_count == 2
    company.script.clear()


async def test_a_refused_login_is_tried_once_by_a_hundred_requests(company: Any, backend: IntacctBackend) -> None:
    company.logins = [company.authentication_failure("Sign-in information is incorrect")] * 100
    errors = await asyncio.gather(*(refusal(backend) for _ in range(100)))
    assert {(error.kind, error.code) for error in errors} == {(Kind.AUTH, "login_refused")}
    assert company.login_count == 1


async def test_a_refused_login_is_not_repeated_until_the_hold_off_has_passed(
    company: Any, backend: IntacctBackend, clock: Any
) -> None:
    company.logins = [company.authentication_failure("wrong")]
    await refusal(backend)
    clock.advance(59)
    await refusal(backend)
    assert company.login_count == 1
    clock.advance(2)
    company.script = [company.page()]
    await find(backend)
    assert company.login_count == 2


async def test_a_login_that_failed_by_trouble_is_tried_again(company: Any, backend: IntacctBackend) -> None:
    company.logins = [httpx.Response(502, text="<html>"), httpx.ReadError("cut")]
    company.script = [company.page()]
    assert await find(backend) == []
    assert company.login_count == 3


async def test_a_second_refusal_of_the_session_stops_everybody(company: Any, backend: IntacctBackend) -> None:
    company.lookups = [company.authentication_failure()] * 2
    error = await refusal(backend)
    assert (error.kind, error.code, company.login_count) == (Kind.AUTH, "session_refused", 2)
    await refusal(backend)
    assert company.login_count == 2


@pytest.mark.parametrize("status", [401, 498])
async def test_http_401_and_498_renew_the_session(company: Any, backend: IntacctBackend, status: int) -> None:
    company.script = [httpx.Response(status, text="nope"), company.page()]
    assert await find(backend) == []
    assert company.login_count == 2


async def test_a_late_refusal_of_an_old_session_does_not_discard_the_new_one(
    company: Any, backend: IntacctBackend
) -> None:
    answered = asyncio.Event()

    async def hold_back_the_late_one(asked: Any) -> None:
        if b"LATE" in asked.raw and asked.text("*//sessionid") == "session-1-id":
            await answered.wait()

    company.script = [company.page()]
    await find(backend)
    company.delay = hold_back_the_late_one
    company.script = [company.authentication_failure(), company.authentication_failure(), *[company.page()] * 3]
    late = asyncio.create_task(backend.find("CUSTOMER", {"NAME": ["LATE"]}, ["NAME"]))
    for _ in range(5):
        await asyncio.sleep(0)
    await find(backend)
    answered.set()
    await late
    await find(backend)
    assert company.login_count == 2


async def test_the_session_endpoint_is_used_and_the_login_stays_at_the_configured_address(
    company: Any, backend: IntacctBackend
) -> None:
    company.endpoint = "https://na12.intacct.com/ia/xml/xmlgw.phtml"
    company.script = [company.authentication_failure(), company.page()]
    await find(backend)
    hosts = [(asked.names[0], httpx.URL(asked.url).host) for asked in company.requests]
    assert {host for name, host in hosts if name == "getAPISession"} == {"api.intacct.com"}
    assert {host for name, host in hosts if name == "query"} == {"na12.intacct.com"}


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://evil.example/ia",
        "http://api.intacct.com/ia",
        "https://intacct.com.evil.example/",
        "http://127.0.0.1/ia",
        "https://evilintacct.com/",
    ],
)
async def test_a_session_endpoint_elsewhere_is_refused(company: Any, backend: IntacctBackend, endpoint: str) -> None:
    company.endpoint = endpoint
    error = await refusal(backend)
    assert (error.kind, error.code) == (Kind.AUTH, "session_endpoint_refused")
    assert [asked.names for asked in company.requests] == [["getAPISession"]]


async def test_a_configured_address_elsewhere_is_refused_before_anything_is_sent(
    company: Any, make_backend: Make, credentials: IntacctCredentials
) -> None:
    error = await refusal(make_backend(replace(credentials, url="https://evil.example/")))
    assert (error.kind, error.code) == (Kind.CONFIG, "gateway_forbidden")
    assert company.requests == []


async def test_an_entity_is_named_at_login_and_checked(
    company: Any, make_backend: Make, credentials: IntacctCredentials
) -> None:
    company.location = "E100"
    company.script = [company.page()]
    await find(make_backend(replace(credentials, entity_id="E100")))
    assert company.requests[0].text("*//getAPISession/locationid") == "E100"


async def test_a_session_of_another_entity_is_refused(
    company: Any, make_backend: Make, credentials: IntacctCredentials
) -> None:
    company.location = "E200"
    error = await refusal(make_backend(replace(credentials, entity_id="E100")))
    assert (error.kind, error.code) == (Kind.CONFIG, "wrong_entity")


async def test_writes_of_an_entity_go_in_its_session_and_reads_stay_at_top_level(
    company: Any, backend: IntacctBackend, customer: Customer
) -> None:
    company.follows = True
    company.script = [company.page(), *[company.confirm] * 4, company.page()]
    await find(backend)
    for entity in ("E100", "E200", "E100", ""):
        (outcome,) = await backend.write([replace(customer(), entity=entity)])
        assert outcome.verdict is Verdict.CONFIRMED
    await find(backend)
    logins = company.sent("getAPISession")
    assert [asked.text("*//getAPISession/locationid") for asked in logins] == [None, "E100", "E200"]
    sessions = [asked.text("*//sessionid") for asked in company.sent()]
    assert sessions == [f"session-{number}-id" for number in (1, 2, 3, 2, 1, 1)]


async def test_expired_session_of_an_entity_is_renewed_in_that_entity(
    company: Any, backend: IntacctBackend, customer: Customer
) -> None:
    company.follows = True
    company.script = [company.authentication_failure(), company.confirm]
    (outcome,) = await backend.write([replace(customer(), entity="E100")])
    assert outcome.verdict is Verdict.CONFIRMED
    logins = company.sent("getAPISession")
    assert [asked.text("*//getAPISession/locationid") for asked in logins] == ["E100", "E100"]


async def test_refused_entity_is_named_and_leaves_the_others_alone(
    company: Any, backend: IntacctBackend, customer: Customer
) -> None:
    company.location = "E200"
    (refused,) = await backend.write([replace(customer(), entity="E100")])
    assert refused.error is not None
    assert (refused.verdict, refused.error.kind) == (Verdict.NOT_SENT, Kind.CONFIG)
    company.location, company.script = "", [company.confirm]
    (outcome,) = await backend.write([customer()])
    assert outcome.verdict is Verdict.CONFIRMED


async def test_connection_of_one_entity_writes_into_no_other(
    company: Any, make_backend: Make, credentials: IntacctCredentials, customer: Customer
) -> None:
    backend = make_backend(replace(credentials, entity_id="E100"))
    (refused,) = await backend.write([replace(customer(), entity="E200")])
    assert refused.error is not None
    assert (refused.verdict, refused.error.code) == (Verdict.REJECTED, "entity_out_of_reach")
    assert company.requests == []


async def test_logins_and_reads_carry_no_uniqueid(company: Any, backend: IntacctBackend) -> None:
    company.script = [company.page()]
    await find(backend)
    assert {asked.text("control/uniqueid") for asked in company.requests} == {"false"}


async def test_an_authorisation_missing_for_the_sender_is_named(company: Any, backend: IntacctBackend) -> None:
    company.logins = [company.authentication_failure("Sender is not authorized to make Web Services requests")]
    assert (await refusal(backend)).code == "sender_not_authorised"


async def for_ever(_: Any) -> None:
    await asyncio.Event().wait()


async def test_cancelling_frees_the_place_on_the_wire(company: Any, make_backend: Make, customer: Customer) -> None:
    backend = make_backend(capacity=1)
    company.script = [company.confirm, company.confirm]
    company.delay = for_ever
    stuck = asyncio.create_task(backend.write([customer(1)]))
    for _ in range(20):
        await asyncio.sleep(0)
    stuck.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stuck
    company.delay = None
    assert (await backend.write([customer(2)]))[0].verdict is Verdict.CONFIRMED
    assert [asked.control_ids for asked in company.sent()] == [["op-0001"], ["op-0002"]]


async def test_an_answer_that_never_ends_is_given_up_before_the_vendor_cuts_it(
    company: Any, make_backend: Make, customer: Customer
) -> None:
    company.script = [company.confirm]
    company.delay = for_ever
    (outcome,) = await make_backend(options=IntacctOptions(deadline=0.02)).write([customer(1)])
    assert outcome.error is not None
    assert (outcome.verdict, outcome.error.code) == (Verdict.AMBIGUOUS, "answer_lost")


async def test_a_cancelled_login_lets_the_next_one_through(company: Any, backend: IntacctBackend) -> None:
    first = asyncio.create_task(find(backend))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    company.script = [company.page()]
    assert await find(backend) == []
