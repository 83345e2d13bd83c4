"""Sessions and entities: SIM-19 to SIM-23."""

import httpx
import pytest
from lxml import etree
from starlette.routing import Mount, Router

from app.simulators.clock import SimClock
from tests.simulators.intacct.gate import PATH, Found, Gate, customer, query

OPEN = "<getAPISession/>"


async def opened(gate: Gate, location: str | None = None) -> str:
    inner = "" if location is None else f"<locationid>{location}</locationid>"
    return (await gate.ok(f"<getAPISession>{inner}</getAPISession>")).text("data/api/sessionid")


async def refused(gate: Gate) -> list[tuple[str | None, str]]:
    operation = (await gate.response(customer())).find("operation")
    assert operation is not None
    assert operation.findtext("authentication/status") == "failure"
    assert operation.findtext("authentication/userid") == ""
    assert operation.findtext("authentication/companyid") == ""
    assert operation.find("authentication/locationid") is None
    return Found(operation).errors


async def test_a_session_names_its_endpoint_and_always_a_location(gate: Gate) -> None:
    api = (await gate.ok(OPEN)).data[0]
    assert api.findtext("endpoint") == "http://intacct.test/ia/xml/xmlgw.phtml"
    assert api.find("locationid") is not None


async def test_the_endpoint_echoes_the_host_that_was_called(gate: Gate) -> None:
    answer = await gate.post(gate.envelope(OPEN), host="sim.intacct.com:8461")
    assert b"<endpoint>http://sim.intacct.com:8461/ia/xml/xmlgw.phtml</endpoint>" in answer.content


async def test_expiry_slides_with_each_call(gate: Gate, sim_clock: SimClock) -> None:
    gate.session = await opened(gate)
    for _ in range(3):
        sim_clock.advance(3599)
        await gate.ok(query("CUSTOMER", "NAME"))
    sim_clock.advance(3600)
    assert (await refused(gate))[0][1].startswith("Invalid session")


async def test_an_unknown_session_is_refused_without_effect(gate: Gate) -> None:
    gate.session = "never-seen"
    errors = await refused(gate)
    assert errors[0][0] == "XL03000006"
    assert await gate.records("CUSTOMER") == []


async def test_an_expired_session_can_be_http_401(gate: Gate) -> None:
    await gate.knobs(session_expired_shape="http_401")
    gate.session = "never-seen"
    assert (await gate.post(gate.envelope(OPEN))).status_code == 401


async def test_the_sender_is_checked_in_session_requests_too(gate: Gate) -> None:
    gate.session = await opened(gate)
    gate.password = "wrong"
    assert (await gate.response(OPEN)).findtext("control/status") == "failure"


async def test_an_entity_session_and_the_way_back_to_top_level(gate: Gate) -> None:
    gate.session = await opened(gate, "E100")
    root = await gate.response(OPEN)
    assert root.findtext("operation/authentication/locationid") == "E100"
    assert root.findtext("operation/result/data/api/locationid") == "E100"
    gate.session = await opened(gate, "")
    assert (await gate.response(OPEN)).findtext("operation/authentication/locationid") == ""


async def test_an_unknown_entity_is_refused(gate: Gate) -> None:
    found = await gate.one("<getAPISession><locationid>E999</locationid></getAPISession>")
    assert found.status == "failure"


async def test_a_restricted_user_cannot_reach_the_top_level(gate: Gate) -> None:
    await gate.knobs(restricted_entity="E100")
    session = await gate.ok("<getAPISession><locationid/></getAPISession>")
    assert session.text("data/api/locationid") == "E100"
    assert (await gate.one("<getAPISession><locationid>E200</locationid></getAPISession>")).status == "failure"


@pytest.mark.parametrize(("company", "location"), [("demo|E100", ""), ("console|demo|E200", ""), ("demo", "E100")])
async def test_the_login_may_name_the_entity(gate: Gate, company: str, location: str) -> None:
    gate.location = location
    body = gate.envelope(OPEN).replace("<companyid>demo<", f"<companyid>{company}<")
    root = etree.fromstring((await gate.post(body)).content)
    assert root.findtext("operation/authentication/locationid") == (location or company[-4:])


async def test_getapisession_with_other_functions_is_refused(gate: Gate) -> None:
    results = await gate.run(OPEN, customer())
    assert [r.status for r in results] == ["failure", "failure"]
    await gate.knobs(mixed_getapisession="allow")
    assert [r.status for r in await gate.run(OPEN, customer())] == ["success", "success"]


async def test_private_rows_are_seen_by_their_entity_and_by_show_private(gate: Gate) -> None:
    shared = query("CUSTOMER", "NAME")
    private = query("CUSTOMER", "NAME", tail="<options><showprivate>true</showprivate></options>")
    await gate.customer("Top")
    gate.location = "E100"
    await gate.customer("One")
    assert {row["NAME"] for row in (await gate.ok(shared)).rows} == {"Top", "One"}
    gate.location = "E200"
    assert {row["NAME"] for row in (await gate.ok(private)).rows} == {"Top"}
    gate.location = ""
    assert {row["NAME"] for row in (await gate.ok(shared)).rows} == {"Top"}
    assert {row["NAME"] for row in (await gate.ok(private)).rows} == {"Top", "One"}


async def test_rows_of_an_entity_session_belong_to_the_entity(gate: Gate) -> None:
    gate.location = "E200"
    await gate.customer("Two")
    row = (await gate.ok(query("CUSTOMER", "MEGAENTITYID", "MEGAENTITYNAME"))).rows[0]
    assert row == {"MEGAENTITYID": "E200", "MEGAENTITYNAME": "Entity two"}


async def test_behind_a_mount_the_endpoint_keeps_its_prefix(gate: Gate) -> None:
    outer = Router([Mount("/intacct", app=gate.sim)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(outer), base_url="http://both.test:99") as http:
        answer = await http.post(f"/intacct{PATH}", content=gate.envelope(OPEN), headers={"content-type": "text/xml"})
    assert f"<endpoint>http://both.test:99/intacct{PATH}</endpoint>" in answer.text
