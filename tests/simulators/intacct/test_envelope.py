"""Transport and envelope: SIM-01 to SIM-12, SIM-14, SIM-18."""

import asyncio
import gzip

import pytest
from lxml import etree

from tests.simulators.intacct.gate import PATH, Found, Gate, create, customer, query

SESSION = "<getAPISession/>"


@pytest.mark.parametrize(
    "media", ["application/xml", "text/xml", "x-intacct-xml-request", "Application/XML; charset=utf-8"]
)
async def test_accepts_the_content_types_clients_send(gate: Gate, media: str) -> None:
    answer = await gate.post(gate.envelope(SESSION), media)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/xml; charset=UTF-8"


async def test_accepts_a_byte_order_mark(gate: Gate) -> None:
    answer = await gate.post(b"\xef\xbb\xbf" + gate.envelope(SESSION).encode())
    assert b"<sessionid>" in answer.content


async def test_compresses_when_asked(gate: Gate) -> None:
    request = gate.http.build_request(
        "POST",
        PATH,
        content=gate.envelope("<lookup><object>CUSTOMER</object></lookup>"),
        headers={"content-type": "text/xml", "accept-encoding": "gzip"},
    )
    answer = await gate.http.send(request, stream=True)
    raw = b"".join([part async for part in answer.aiter_raw()])
    assert gzip.decompress(raw).startswith(b"<?xml")


@pytest.mark.parametrize(
    "doctype",
    ["<!DOCTYPE request>", '<!DOCTYPE request [<!ENTITY x "boom">]>', '<!DOCTYPE request SYSTEM "file:///etc/hosts">'],
)
async def test_refuses_a_document_type(gate: Gate, doctype: str) -> None:
    body = gate.envelope(SESSION).replace("\n", f"\n{doctype}", 1)
    root = etree.fromstring((await gate.post(body)).content)
    assert Found(root).errors[0][0] == "XL03000003"
    assert root.find("operation") is None


@pytest.mark.parametrize("body", ["<request><control>", "", "not xml", "<other/>"])
async def test_broken_xml_is_a_control_failure_at_http_200(gate: Gate, body: str) -> None:
    answer = await gate.post(body)
    root = etree.fromstring(answer.content)
    assert answer.status_code == 200
    assert root.findtext("control/status") == "failure"
    assert Found(root).errors[0][0] == "XL03000003"
    assert root.find("operation") is None


@pytest.mark.parametrize("character", ["\x01", "\x0b", "\x1f", "&#2;", "&#xFFFE;"])
async def test_one_illegal_character_fails_the_whole_request(gate: Gate, character: str) -> None:
    body = gate.envelope(customer("good"), customer("bad").replace("bad", f"b{character}d", 1))
    assert Found(etree.fromstring((await gate.post(body)).content)).errors[0][0] == "XL03000003"
    assert await gate.records("CUSTOMER") == []


async def test_control_echo_can_be_left_out_on_failure(gate: Gate) -> None:
    gate.password = "wrong"
    full = await gate.response(SESSION)
    await gate.knobs(control_echo_on_failure="status_only")
    bare = await gate.response(SESSION)
    assert full.findtext("control/senderid") == "sender"
    assert [child.tag for child in bare.findall("control/*")] == ["status"]


@pytest.mark.parametrize(("sender", "password"), [("nobody", "secret"), ("sender", "Secret"), ("Sender", "secret")])
async def test_a_wrong_sender_is_a_control_failure(gate: Gate, sender: str, password: str) -> None:
    gate.sender, gate.password = sender, password
    root = await gate.response(SESSION)
    assert root.findtext("control/status") == "failure"
    assert Found(root).errors[0][0] == "XL03000006"
    assert root.find("operation") is None


async def test_a_wrong_sender_can_be_a_gateway_fault(gate: Gate) -> None:
    await gate.knobs(sender_fault="gw_0011_400")
    gate.password = "wrong"
    answer = await gate.post(gate.envelope(SESSION))
    root = etree.fromstring(answer.content)
    assert answer.status_code == 400
    assert Found(root).errors[0][0] == "GW-0011"
    assert "[Request ID: " in root.findtext("errormessage/error/description", "")


async def test_an_expired_company_is_a_control_failure(gate: Gate) -> None:
    await gate.knobs(company_expired=True)
    root = await gate.response(SESSION)
    assert Found(root).errors[0][0] == "PL04000055"
    assert root.find("operation") is None


async def test_a_wrong_user_password_is_an_authentication_failure(gate: Gate) -> None:
    body = gate.envelope(SESSION).replace("<password>secret</password></login>", "<password>x</password></login>")
    root = etree.fromstring((await gate.post(body)).content)
    operation = root.find("operation")
    assert operation is not None
    assert root.findtext("control/status") == "success"
    assert operation.findtext("authentication/status") == "failure"
    assert Found(operation).errors[0][0] == "XL03000006"
    assert operation.find("result") is None


async def test_an_unauthorised_sender_is_refused_in_the_same_place(gate: Gate) -> None:
    await gate.knobs(sender_authorised=False)
    operation = (await gate.response(SESSION)).find("operation")
    assert operation is not None
    assert "not authorized to make Web Services requests" in Found(operation).errors[0][1]


async def test_the_success_envelope_echoes_control_and_caller(gate: Gate) -> None:
    root = await gate.response(SESSION, unique=True)
    control = {child.tag: child.text for child in root.findall("control/*")}
    assert control == {
        "status": "success",
        "senderid": "sender",
        "controlid": "req-1",
        "uniqueid": "true",
        "dtdversion": "3.0",
    }
    caller = {child.tag: child.text or "" for child in root.findall("operation/authentication/*")}
    assert caller == {
        "status": "success",
        "userid": "api",
        "companyid": "demo",
        "locationid": "",
        "sessiontimestamp": "2026-01-31T10:00:00+00:00",
        "sessiontimeout": "2026-01-31T11:00:00+00:00",
    }


async def test_the_authentication_block_can_be_minimal(gate: Gate) -> None:
    await gate.knobs(authentication_block="minimal")
    block = (await gate.response(SESSION)).findall("operation/authentication/*")
    assert [child.tag for child in block] == ["status", "userid", "companyid"]


async def test_results_come_in_order_and_fail_alone(gate: Gate) -> None:
    results = await gate.run(customer("A"), "<nonsense/>", customer("B"), ids=["x & y", "2", "3"])
    assert [r.status for r in results] == ["success", "failure", "success"]
    assert [r.text("controlid") for r in results] == ["x & y", "2", "3"]
    assert [r.text("function") for r in results] == ["create", "nonsense", "create"]


async def test_support_ids_are_encoded_and_never_the_same(gate: Gate) -> None:
    texts = [(await gate.one("<nonsense/>")).text("errormessage/error/description2") for _ in range(2)]
    assert all("[Support ID: " in text and "%7E" in text for text in texts)
    assert texts[0] != texts[1]


async def test_additional_error_info_only_when_asked(gate: Gate) -> None:
    plain = await gate.one(create("CUSTOMER"))
    told = await gate.one(create("CUSTOMER"), more=True)
    assert plain.element.find("errormessage/error/additionalinfo") is None
    assert told.element.find("errormessage/error/additionalinfo/target[@field='NAME']") is not None


async def test_whitespace_is_the_only_difference_of_an_indented_answer(gate: Gate) -> None:
    await gate.customer()
    body = gate.envelope(query("CUSTOMER", "NAME"))
    compact = (await gate.post(body)).content
    indented = (await gate.post(body.replace("<includewhitespace>false</includewhitespace>", ""))).content
    parser = etree.XMLParser(remove_blank_text=True)
    assert b"\n  <control>" in indented
    assert b"\n  <control>" not in compact
    assert etree.tostring(etree.fromstring(indented, parser)) == etree.tostring(etree.fromstring(compact, parser))


@pytest.mark.parametrize("size", [0, 257])
async def test_a_request_control_id_has_1_to_256_characters(gate: Gate, size: int) -> None:
    body = gate.envelope(SESSION).replace("req-1", "x" * size)
    assert Found(etree.fromstring((await gate.post(body)).content)).errors[0][0] == "XL03000003"


async def test_login_and_session_together_are_refused(gate: Gate) -> None:
    body = gate.envelope(SESSION).replace("</login>", "</login><sessionid>x</sessionid>")
    assert etree.fromstring((await gate.post(body)).content).findtext("control/status") == "failure"


@pytest.mark.parametrize("status", [None, "strange", "aborted"])
async def test_results_can_be_forced(gate: Gate, status: str | None) -> None:
    await gate.control("POST", "answers", {"match": "create:CUSTOMER", "result": {"status": status, "errors": []}})
    forced = await gate.one(customer())
    assert forced.status == status
    assert forced.element.find("errormessage") is None
    assert (await gate.one(customer())).status == "success"


async def test_errors_can_be_forced_without_errorno_and_with_markup(gate: Gate) -> None:
    errors = [{"description2": "<b>bold</b>"}, {"errorno": "Query Failed"}]
    await gate.control("POST", "answers", {"match": "create:", "result": {"status": "failure", "errors": errors}})
    forced = await gate.one(customer())
    assert forced.errors == [(None, "<b>bold</b>"), ("Query Failed", "")]


async def test_whole_replies_can_be_forced(gate: Gate) -> None:
    page = {"status": 200, "content_type": "text/html", "body": "<!DOCTYPE html><p>hello"}
    await gate.control("POST", "answers", {"match": "create:", "reply": page})
    answer = await gate.post(gate.envelope(customer()))
    assert answer.text == "<!DOCTYPE html><p>hello"
    assert await gate.records("CUSTOMER") == []


async def test_an_asynchronous_request_is_acknowledged_and_answered_later(gate: Gate) -> None:
    await gate.knobs(policies={"POLICY": "https://client.test/answers"})
    root = await gate.response(customer("Later"), policy="POLICY")
    assert root.findtext("acknowledgement/status") == "success"
    assert root.find("operation") is None
    await asyncio.sleep(0)
    sent = await gate.control("GET", "deliveries")
    assert [(d["policyid"], d["url"]) for d in sent] == [("POLICY", "https://client.test/answers")]
    assert etree.fromstring(sent[0]["body"].encode()).findtext("operation/result/status") == "success"


async def test_an_unknown_policy_is_refused_with_the_documented_text(gate: Gate) -> None:
    root = await gate.response(customer(), policy="NOPE")
    assert Found(root).errors == [("XL03000006", "NOPE is not a valid transport policy.")]


async def test_an_asynchronous_request_above_500_k_is_refused_at_once(gate: Gate) -> None:
    await gate.knobs(policies={"POLICY": "https://client.test/answers"})
    root = await gate.response(customer("x" * 500_001), policy="POLICY")
    assert root.findtext("control/status") == "failure"


async def test_other_methods_and_paths_are_not_there(gate: Gate) -> None:
    assert (await gate.http.get(PATH)).status_code == 405
    assert (await gate.http.post("/elsewhere")).status_code == 404
