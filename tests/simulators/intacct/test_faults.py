"""Faults, limits and time: SIM-80, SIM-82 to SIM-87, SIM-92, SIM-93, in process and over a real socket."""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx
import pytest
import uvicorn
from lxml import etree

from app.simulators.clock import SimClock
from app.simulators.intacct.app import IntacctSimulator
from app.simulators.wire import Dropped
from tests.simulators.intacct.gate import Found, Gate, cond, contact, customer, query, update


async def names(gate: Gate) -> list[str]:
    return [record["NAME"] for record in await gate.records("CUSTOMER")]


@pytest.mark.parametrize(("kind", "kept"), [("reset_before_commit", []), ("reset_after_commit", ["Acme"])])
async def test_a_reset_leaves_what_it_says(gate: Gate, kind: str, kept: list[str]) -> None:
    await gate.fault(kind=kind, match="create:CUSTOMER")
    with pytest.raises(Dropped):
        await gate.one(customer())
    assert await names(gate) == kept
    assert (await gate.one(customer("Next"))).status == "success"


async def test_a_timeout_after_commit_keeps_the_caller_waiting_in_vain(gate: Gate) -> None:
    await gate.fault(kind="timeout_after_commit", match="create:", seconds=0.001)
    with pytest.raises(Dropped):
        await gate.one(customer())
    assert await names(gate) == ["Acme"]


async def test_work_goes_on_when_the_caller_gives_up(gate: Gate) -> None:
    await gate.knobs(latency_base_s=0.02)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(gate.one(customer()), 0.001)
    assert await names(gate) == []
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        await task
    assert await names(gate) == ["Acme"]


async def test_latency_delays_the_answer(gate: Gate) -> None:
    await gate.fault(kind="latency", match="query:", seconds=0.02)
    began = time.perf_counter()
    await gate.ok(query("CUSTOMER", "NAME"))
    assert time.perf_counter() - began >= 0.02


@pytest.mark.parametrize(
    ("shape", "status", "media"),
    [("xml_429", 429, "text/xml"), ("json_429", 429, "application/json"), ("in_200", 200, "application/json")],
)
async def test_a_rate_limit_has_three_shapes(gate: Gate, shape: str, status: int, media: str) -> None:
    await gate.knobs(rate_reply=shape)
    await gate.fault(kind="rate_limit", match="create:", retry_after=7)
    answer = await gate.post(gate.envelope(customer()))
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith(media)
    assert answer.headers["retry-after"] == "7"
    assert "API rate limit exceeded" in answer.text
    assert await names(gate) == []


async def test_a_rate_limited_xml_answer_has_control_with_status_only(gate: Gate) -> None:
    await gate.fault(kind="rate_limit")
    answer = await gate.post(gate.envelope(customer()))
    root = etree.fromstring(answer.content)
    assert [child.tag for child in root.findall("control/*")] == ["status"]
    assert Found(root).errors[0][0] == "GW-0010"
    assert "[Request ID: " in root.findtext("errormessage/error/description", "")
    assert "retry-after" not in answer.headers


async def test_the_rate_window_moves_with_the_clock(gate: Gate, sim_clock: SimClock) -> None:
    await gate.knobs(rate_limits={"requests": 2, "window_s": 60})

    async def ask() -> int:
        return (await gate.post(gate.envelope(query("CUSTOMER", "NAME")))).status_code

    assert [await ask() for _ in range(3)] == [200, 200, 429]
    sim_clock.advance(60)
    assert await ask() == 200


@pytest.mark.parametrize(("after", "kept"), [(False, []), (True, ["Acme"])])
async def test_a_server_error_is_html_before_or_after_commit(gate: Gate, after: bool, kept: list[str]) -> None:
    await gate.fault(kind="server_error", match="create:", status=504, after_commit=after)
    answer = await gate.post(gate.envelope(customer()))
    assert answer.status_code == 504
    assert answer.headers["content-type"].startswith("text/html")
    assert "cf-error-details" in answer.text
    assert await names(gate) == kept


async def test_a_truncated_answer_does_not_parse_but_counts(gate: Gate) -> None:
    await gate.fault(kind="truncated", match="create:")
    answer = await gate.post(gate.envelope(customer()))
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(answer.content)
    assert await names(gate) == ["Acme"]


async def test_an_aborted_function_did_nothing(gate: Gate) -> None:
    await gate.fault(kind="aborted", match="create:CUSTOMER")
    results = await gate.run(customer("A"), contact("B"), customer("C"))
    assert [r.status for r in results] == ["aborted", "success", "success"]
    assert results[0].errors[0][0] == "XL03000009"
    assert await names(gate) == ["C"]


async def test_a_result_without_status_was_executed(gate: Gate) -> None:
    await gate.fault(kind="no_status", match="create:CUSTOMER")
    found = await gate.one(customer())
    assert found.status is None
    assert [child.tag for child in found.element] == ["function", "controlid"]
    assert await names(gate) == ["Acme"]


async def test_an_aborted_function_leaves_its_control_id_free_and_a_statusless_one_does_not(gate: Gate) -> None:
    await gate.fault(kind="aborted", match="create:CUSTOMER")
    await gate.fault(kind="no_status", match="create:CUSTOMER")
    for expected in ([], ["Acme"], ["Acme"]):
        await gate.one(customer(), unique=True, ids=["K1"])
        assert await names(gate) == expected


async def test_a_locked_record_is_a_failure_with_the_knobs_text(gate: Gate) -> None:
    await gate.customer()
    await gate.knobs(record_lock_errorno="BL0", record_lock_text="Another user is editing")
    await gate.fault(kind="lock_error", match="update:CUSTOMER")
    assert (await gate.one(update("CUSTOMER", RECORDNO="1", NAME="B"))).errors == [("BL0", "Another user is editing")]
    assert await names(gate) == ["Acme"]


async def test_an_expired_session_ends_all_sessions_and_spares_logins(gate: Gate) -> None:
    gate.session = (await gate.ok("<getAPISession/>")).text("data/api/sessionid")
    await gate.fault(kind="session_expired", match="create:")
    root = await gate.response(customer())
    assert root.findtext("operation/authentication/status") == "failure"
    root = await gate.response(query("CUSTOMER", "NAME"))
    assert root.findtext("operation/authentication/status") == "failure"
    gate.session = ""
    assert (await gate.one(customer())).status == "success"


async def test_faults_match_one_function_of_many_and_are_drawn_once_per_request(gate: Gate) -> None:
    await gate.fault(kind="server_error", match="create:CONTACT", times=1)
    assert (await gate.post(gate.envelope(customer("A"), contact("B"), contact("C")))).status_code == 502
    results = await gate.run(customer("A"), contact("B"), contact("C"))
    assert {r.status for r in results} == {"success"}


async def test_read_lag_hides_writes_from_reads_until_later(gate: Gate, sim_clock: SimClock) -> None:
    await gate.customer("Old", CUSTOMERID="X")
    sim_clock.advance(60)
    await gate.fault(kind="read_lag", seconds=10)
    await gate.ok(update("CUSTOMER", CUSTOMERID="X", NAME="New"))
    await gate.customer("Fresh", CUSTOMERID="Y")

    async def seen() -> set[str]:
        found = await gate.ok(query("CUSTOMER", "NAME", where=cond("in", "CUSTOMERID", "X", "Y")))
        read = await gate.ok("<readByName><object>CUSTOMER</object><keys>X,Y</keys><fields>NAME</fields></readByName>")
        assert {row["NAME"] for row in read.rows} == {row["NAME"] for row in found.rows}
        return {row["NAME"] for row in found.rows}

    assert await seen() == {"Old"}
    sim_clock.advance(9)
    assert await seen() == {"Old"}
    sim_clock.advance(1)
    assert await seen() == {"New", "Fresh"}
    assert (await gate.one(customer("Twin", CUSTOMERID="Y"))).errors[0][0] == "BL34000061"


async def test_a_lagging_row_keeps_its_commit_stamp(gate: Gate, sim_clock: SimClock) -> None:
    await gate.knobs(read_lag_ms=10_000)
    await gate.customer()
    sim_clock.advance(10)
    found = await gate.ok(query("CUSTOMER", "WHENMODIFIED"))
    assert found.rows == [{"WHENMODIFIED": "01/31/2026 10:00:00"}]


async def test_a_deleted_row_lingers_for_the_lag(gate: Gate, sim_clock: SimClock) -> None:
    await gate.ok(contact("Ann"))
    sim_clock.advance(60)
    await gate.knobs(read_lag_ms=1000)
    await gate.ok("<delete><object>CONTACT</object><keys>1</keys></delete>")
    assert len((await gate.ok(query("CONTACT", "CONTACTNAME"))).rows) == 1
    sim_clock.advance(1)
    assert (await gate.ok(query("CONTACT", "CONTACTNAME"))).rows == []


async def test_transactions_are_counted_as_they_are_billed(gate: Gate) -> None:
    await gate.ok("<getAPISession/>")
    await gate.run(customer("A"), customer("B"), customer("A", CUSTOMERID="C-00001"))
    await gate.ok(query("CUSTOMER", "NAME", tail="<pagesize>1</pagesize>"))
    await gate.ok("<read><object>CUSTOMER</object><keys>1,2</keys></read>")
    await gate.one(query("CUSTOMER", "NOPE"))
    await gate.post("broken")
    meters = await gate.meters()
    assert meters["transactions"] == 4
    assert meters["records_written"] == 2
    assert (meters["requests"], meters["functions"], meters["logins"]) == (6, 7, 5)
    assert meters["by_function"] == {"getAPISession": 1, "create": 3, "query": 2, "read": 1}


async def test_waiting_requests_are_worked_in_line(gate: Gate) -> None:
    await gate.knobs(concurrency=2, latency_base_s=0.005)
    await asyncio.gather(*(gate.ok(customer(str(n))) for n in range(6)))
    meters = await gate.meters()
    assert (meters["concurrency_high_water"], meters["worked_high_water"]) == (6, 2)
    assert await names(gate) == [str(n) for n in range(6)]


@pytest.mark.parametrize(("reply", "status"), [("429", 429), ("503", 503), ("queue_error", 200)])
async def test_over_the_cap_requests_are_refused_after_a_while(gate: Gate, reply: str, status: int) -> None:
    await gate.knobs(concurrency=1, over_cap_reply=reply, over_cap_after_s=0.001, latency_base_s=0.02)
    answers = await asyncio.gather(*(gate.post(gate.envelope(customer(str(n)))) for n in range(2)))
    assert [a.status_code for a in answers] == [200, status]
    assert b"success" not in answers[1].content
    assert await names(gate) == ["0"]
    await gate.knobs(latency_base_s=0)
    await gate.ok(customer("after"))


async def test_a_short_overlap_is_forgiven(gate: Gate) -> None:
    await gate.knobs(concurrency=1, over_cap_reply="429", over_cap_after_s=5, latency_base_s=0.002)
    answers = await asyncio.gather(*(gate.post(gate.envelope(customer(str(n)))) for n in range(3)))
    assert [a.status_code for a in answers] == [200] * 3


async def test_latency_grows_with_functions(gate: Gate) -> None:
    await gate.knobs(latency_function_s=0.01)
    began = time.perf_counter()
    await gate.run(*(contact(str(n)) for n in range(3)))
    assert time.perf_counter() - began >= 0.03


async def test_the_offline_and_ambiguous_results_can_be_forced(gate: Gate) -> None:
    offline = {"errorno": "PL04000050", "description2": "The Service is Temporarily Off-line"}
    ambiguous = [
        {"errorno": "BL01001973", "description2": "Could not create Document record!"},
        {"errorno": "XL03000009"},
    ]
    for errors in ([offline], ambiguous):
        await gate.control("POST", "answers", {"match": "create:", "result": {"status": "failure", "errors": errors}})
        found = await gate.one(customer())
        assert [number for number, _ in found.errors] == [e["errorno"] for e in errors]
    assert await names(gate) == []


@pytest.fixture
async def socket_gate(sim: IntacctSimulator) -> AsyncIterator[Gate]:
    """The same simulator behind a real socket."""
    config = uvicorn.Config(sim, port=0, log_level="critical", lifespan="off")
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        yield Gate(sim, http)
    await server.shutdown()


@pytest.mark.parametrize("kind", ["reset_before_commit", "reset_after_commit", "timeout_after_commit"])
async def test_over_a_socket_the_connection_closes_without_a_byte(socket_gate: Gate, kind: str) -> None:
    await socket_gate.fault(kind=kind, match="create:")
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await socket_gate.one(customer())
    assert len(await names(socket_gate)) == (kind != "reset_before_commit")
    assert (await socket_gate.one(query("CUSTOMER", "NAME"))).status == "success"


async def test_over_a_socket_the_endpoint_names_the_port(socket_gate: Gate) -> None:
    endpoint = (await socket_gate.ok("<getAPISession/>")).text("data/api/endpoint")
    assert endpoint == f"{socket_gate.http.base_url}/ia/xml/xmlgw.phtml".replace("//ia", "/ia")


async def test_over_a_socket_a_truncated_body_arrives_as_a_whole_answer(socket_gate: Gate) -> None:
    await socket_gate.fault(kind="truncated", match="create:")
    answer = await socket_gate.post(socket_gate.envelope(customer()))
    assert answer.status_code == 200
    assert not answer.text.rstrip().endswith("</response>")
