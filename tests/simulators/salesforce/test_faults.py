"""SIM-70 to SIM-77: locks, quota, gateways, commit-then-hang, latency, log, ledger."""

import asyncio
import json
from typing import Any

import pytest

from app.simulators.wire import Dropped
from tests.simulators.salesforce.bench import CREDENTIALS, Bench, code_of, error_of


def rows(count: int) -> dict[str, Any]:
    """A collections body of `count` accounts."""
    return {"records": [{"attributes": {"type": "Account"}, "Name": f"A{n}"} for n in range(count)]}


# --- locks ----------------------------------------------------------------------------------------------------------


async def test_a_locked_record_refuses_writes_until_released(org: Bench) -> None:
    record_id = await org.create("Account", {"Name": "A"})
    await org.sim("lock", {"ids": [record_id], "seconds": 30})
    reply = await org.call("PATCH", f"/sobjects/Account/{record_id}", json={"Name": "B"})
    assert code_of(reply) == (400, "UNABLE_TO_LOCK_ROW")
    assert error_of(reply)["message"] == "unable to obtain exclusive access to this record"
    org.clock.advance(31)
    assert (await org.call("PATCH", f"/sobjects/Account/{record_id}", json={"Name": "B"})).status_code == 204


async def test_a_locked_parent_stops_its_children(org: Bench) -> None:
    parent = await org.create("Account", {"Name": "A"})
    await org.sim("lock", {"ids": [parent], "seconds": 30})
    body = {"records": [{"attributes": {"type": "Contact"}, "LastName": "B", "AccountId": parent}, *rows(1)["records"]]}
    results = (await org.call("POST", "/composite/sobjects", json=body)).json()
    assert [r["success"] for r in results] == [False, True]
    assert results[0]["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"


async def test_a_lock_may_hide_in_an_automation_error(org: Bench) -> None:
    record_id = await org.create("Account", {"Name": "A"})
    await org.knobs(wrap_locks=True)
    await org.sim("lock", {"ids": [record_id], "seconds": 30})
    reply = await org.call("DELETE", f"/sobjects/Account/{record_id}")
    assert code_of(reply) == (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")
    assert "UNABLE_TO_LOCK_ROW" in error_of(reply)["message"]


async def test_a_lock_fault_fails_every_row_and_writes_nothing(org: Bench) -> None:
    await org.fault(kind="lock_error", match="collections.create:Account")
    results = (await org.call("POST", "/composite/sobjects", json=rows(2))).json()
    assert [r["errors"][0]["statusCode"] for r in results] == ["UNABLE_TO_LOCK_ROW"] * 2
    assert (await org.call("POST", "/composite/sobjects", json=rows(2))).json()[0]["success"] is True
    assert await org.names("Name != null") == ["A0", "A1"]


# --- quota ----------------------------------------------------------------------------------------------------------


async def test_an_exhausted_quota_refuses_data_calls_until_the_window_moves(org: Bench) -> None:
    await org.knobs(quota_max=10, quota_used=9, session_seconds=200_000.0)
    await org.login()
    assert (await org.call("GET", "/limits")).status_code == 200
    reply = await org.call("GET", "/limits")
    assert code_of(reply) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert error_of(reply)["message"] == "TotalRequests Limit exceeded."
    assert reply.headers["sforce-limit-info"] == "api-usage=10/10"
    org.clock.advance(24 * 3600)
    assert (await org.call("GET", "/limits")).status_code == 200


async def test_grace_lets_an_org_over_its_quota(org: Bench) -> None:
    await org.knobs(quota_max=10, quota_used=10, quota_grace=1)
    assert (await org.call("GET", "/limits")).status_code == 200
    assert (await org.call("GET", "/limits")).status_code == 403


@pytest.mark.parametrize(
    ("fault", "knobs", "expected"),
    [
        ({"kind": "rate_limit"}, {}, (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")),
        (
            {"kind": "rate_limit"},
            {"rate_limit_text": "concurrency"},
            (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."),
        ),
        ({"kind": "rate_limit", "retry_after": 7}, {}, (429, "TOO_MANY_REQUESTS", "Too many requests")),
        (
            {"kind": "server_error", "status": 503},
            {"gateway_body": "json"},
            (503, "SERVER_UNAVAILABLE", "Server temporarily unavailable. Please try again later."),
        ),
    ],
)
async def test_planned_refusals(
    org: Bench, fault: dict[str, Any], knobs: dict[str, Any], expected: tuple[int, str, str]
) -> None:
    await org.knobs(**knobs)
    await org.fault(**fault)
    reply = await org.call("POST", "/sobjects/Account", json={"Name": "A"})
    assert (*code_of(reply), error_of(reply)["message"]) == expected
    assert reply.headers.get("retry-after") == ("7" if expected[0] == 429 else None)
    assert await org.names("Name != null") == []


# --- gateways and wires ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("after_commit", "stored"), [(False, []), (True, ["A"])])
async def test_a_gateway_answers_html(org: Bench, after_commit: bool, stored: list[str]) -> None:
    await org.fault(kind="server_error", status=502, after_commit=after_commit)
    reply = await org.call("POST", "/sobjects/Account", json={"Name": "A"})
    assert reply.status_code == 502
    assert reply.headers["content-type"].startswith("text/html")
    assert await org.names("Name != null") == stored


@pytest.mark.parametrize(
    ("kind", "stored"), [("reset_before_commit", []), ("reset_after_commit", ["A"]), ("timeout_after_commit", ["A"])]
)
async def test_a_dropped_wire_before_or_after_the_commit(org: Bench, kind: str, stored: list[str]) -> None:
    await org.fault(kind=kind, match="create:Account")
    with pytest.raises(Dropped):
        await org.call("POST", "/sobjects/Account", json={"Name": "A"})
    assert await org.names("Name != null") == stored


async def test_a_hanging_answer_has_already_committed(org: Bench) -> None:
    await org.fault(kind="timeout_after_commit", match="upsert:Account", seconds=3600)
    call = org.call("PATCH", "/sobjects/Account/Intacct_Id__c/C-1", json={"Name": "A"})
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(call, 0.05)
    replay = await org.call("PATCH", "/sobjects/Account/Intacct_Id__c/C-1", json={"Name": "A"})
    assert (replay.status_code, replay.json()["created"]) == (200, False)


async def test_a_truncated_answer_has_committed(org: Bench) -> None:
    await org.fault(kind="truncated")
    reply = await org.call("POST", "/sobjects/Account", json={"Name": "A"})
    with pytest.raises(json.JSONDecodeError):
        reply.json()
    assert await org.names("Name != null") == ["A"]


async def test_an_expired_session_on_command_of_a_fault(org: Bench) -> None:
    await org.fault(kind="session_expired", match="query:Account")
    assert (await org.call("GET", "/limits")).status_code == 200
    assert code_of(await org.query("SELECT Id FROM Account")) == (401, "INVALID_SESSION_ID")
    assert code_of(await org.call("GET", "/limits")) == (401, "INVALID_SESSION_ID")


async def test_an_aborted_collection_is_halted(org: Bench) -> None:
    await org.fault(kind="aborted")
    results = (await org.call("POST", "/composite/sobjects", json=rows(2))).json()
    assert [r["errors"][0]["statusCode"] for r in results] == ["PROCESSING_HALTED"] * 2
    assert await org.names("Name != null") == []


async def test_an_aborted_composite_is_halted(org: Bench) -> None:
    await org.fault(kind="aborted", match="composite:Account")
    part = {"method": "POST", "url": "/services/data/v64.0/sobjects/Account", "referenceId": "a", "body": {"Name": "A"}}
    reply = await org.call("POST", "/composite", json={"compositeRequest": [part]})
    (entry,) = reply.json()["compositeResponse"]
    assert (reply.status_code, entry["httpStatusCode"]) == (200, 400)
    assert entry["body"][0]["errorCode"] == "PROCESSING_HALTED"


async def test_a_missing_status_is_no_fault_of_this_vendor(org: Bench) -> None:
    await org.fault(kind="no_status")
    assert (await org.call("POST", "/sobjects/Account", json={"Name": "A"})).status_code == 201


async def test_faults_hit_the_token_endpoint_too(org: Bench) -> None:
    await org.fault(kind="server_error", match="token:")
    assert (await org.http.post("/services/oauth2/token", data=CREDENTIALS)).status_code == 502
    assert (await org.http.post("/services/oauth2/token", data=CREDENTIALS)).status_code == 200


TAGGED: list[tuple[str, str, dict[str, Any], str]] = [
    ("GET", "/query?q=SELECT Id, (SELECT Id FROM Contacts) FROM account", {}, "query:Account"),
    ("GET", "/queryAll?q=select id from Contact where name in (select name from account)", {}, "query:Contact"),
    ("GET", "/limits", {}, "limits:"),
    ("GET", "/sobjects/account/describe", {}, "describe:Account"),
    ("GET", "/sobjects/Account/updated", {}, "updated:Account"),
    ("GET", "/sobjects/Account/deleted", {}, "deleted:Account"),
    ("GET", "/sobjects/Account/001000000000000AAA", {}, "read:Account"),
    ("POST", "/sobjects/Contact", {"json": {}}, "create:Contact"),
    ("PATCH", "/sobjects/Contact/003000000000000AAA", {"json": {}}, "update:Contact"),
    ("PATCH", "/sobjects/Contact/Intacct_Id__c/1", {"json": {}}, "upsert:Contact"),
    ("DELETE", "/sobjects/Contact/003000000000000AAA", {}, "delete:Contact"),
    ("POST", "/composite/sobjects", {"json": rows(2)}, "collections.create:Account"),
    ("PATCH", "/composite/sobjects", {"json": rows(2)}, "collections.update:Account"),
    ("PATCH", "/composite/sobjects/Account/Intacct_Id__c", {"json": rows(2)}, "collections.upsert:Account"),
    ("DELETE", "/composite/sobjects?ids=001000000000000AAA", {}, "collections.delete:Account"),
    ("POST", "/composite/sobjects/Account", {"json": {}}, "collections.read:Account"),
    ("POST", "/composite", {"json": {"compositeRequest": []}}, "composite:"),
]


@pytest.mark.parametrize(("method", "path", "body", "tag"), TAGGED)
async def test_tags(org: Bench, method: str, path: str, body: dict[str, Any], tag: str) -> None:
    await org.call(method, path, **body)
    assert (await org.sim("log"))[-1]["tag"] == tag


# --- latency, cap ---------------------------------------------------------------------------------------------------


async def test_latency_has_a_base_and_a_part_per_row(org: Bench) -> None:
    await org.knobs(latency=[0.01, 0.001, 0.0])
    loop = asyncio.get_running_loop()
    started = loop.time()
    await org.call("POST", "/composite/sobjects", json=rows(10))
    assert loop.time() - started >= 0.02


async def test_calls_over_the_cap_are_refused(org: Bench) -> None:
    await org.knobs(max_concurrent=2, latency=[0.01, 0.0, 0.0])
    replies = await asyncio.gather(*(org.call("GET", "/limits") for _ in range(4)))
    assert sorted(r.status_code for r in replies) == [200, 200, 403, 403]
    assert (await org.sim("meters"))["concurrency_high_water"] == 4


async def test_an_unknown_knob_is_refused_by_name(org: Bench) -> None:
    reply = await org.http.post("/_sim/knobs", json={"nonsense": 1})
    assert (reply.status_code, "nonsense" in reply.json()["error"]) == (400, True)


async def test_a_knob_of_the_wrong_type_changes_nothing(org: Bench) -> None:
    reply = await org.http.post("/_sim/knobs", json={"page_cap": 5, "quota_max": "many"})
    assert reply.status_code == 400
    assert (await org.sim("knobs"))["page_cap"] == 2000


# --- what can be looked up afterwards -------------------------------------------------------------------------------


async def test_the_log_tells_what_came_and_hides_secrets(org: Bench) -> None:
    await org.call("POST", "/sobjects/Account/", json={"Name": "A"}, headers={"X-Trace": "t"})
    entries = await org.sim("log")
    login, created = entries
    assert (created["method"], created["path"]) == ("POST", "/services/data/v64.0/sobjects/Account/")
    assert (json.loads(created["body"]), created["status"], created["headers"]["x-trace"]) == ({"Name": "A"}, 201, "t")
    assert login["tag"] == "token:"
    assert org.token not in json.dumps(entries)
    assert "client_secret=***" in login["body"]


async def test_a_dropped_call_is_in_the_log_without_a_status(org: Bench) -> None:
    await org.fault(kind="reset_before_commit")
    with pytest.raises(Dropped):
        await org.call("GET", "/limits")
    entry = (await org.sim("log"))[-1]
    assert (entry["status"], entry["fault"]) == (None, "reset_before_commit")


async def test_the_ledger_names_the_writer_of_each_write(org: Bench) -> None:
    headers = {"Sforce-Call-Options": "client=tandem, defaultNamespace=x"}
    reply = await org.call("POST", "/sobjects/Account", json={"Name": "A"}, headers=headers)
    record_id = reply.json()["id"]
    await org.call("PATCH", f"/sobjects/Account/{record_id}", json={"Phone": "1"})
    await org.call("DELETE", f"/sobjects/Account/{record_id}")
    ledger = await org.sim("ledger")
    assert [(e["verb"], e["id"], e["client"], e["fields"]) for e in ledger] == [
        ("create", record_id, "tandem", ["Name"]),
        ("update", record_id, "", ["Phone"]),
        ("delete", record_id, "", []),
    ]


async def test_meters_count_calls_verbs_and_writes(org: Bench) -> None:
    await org.call("POST", "/composite/sobjects", json=rows(3))
    await org.query("SELECT Id FROM Account")
    meters = await org.sim("meters")
    assert (meters["calls"], meters["requests"], meters["writes"], meters["rows_read"]) == (2, 3, 3, 3)
    assert meters["by_verb"] == {"token": 1, "collections.create": 1, "query": 1}
    assert meters["quota"] == {"max": 100_000, "used": 2, "remaining": 99_998}


async def test_seeds_take_read_only_fields_and_a_given_id(org: Bench) -> None:
    seeds = [{"Id": "001000000000007AAA", "Name": "A", "CreatedDate": "2020-01-01T00:00:00Z"}]
    (planted,) = (await org.sim("seed", {"Account": seeds}))["Account"]
    assert (planted["Id"], planted["Name"]) == ("001000000000007AAA", "A")
    assert planted["CreatedDate"] == planted["SystemModstamp"] == "2020-01-01T00:00:00.000+0000"
    assert await org.sim("records/Account") == [planted]
    assert (await org.sim("meters"))["writes"] == 0


async def test_a_seed_of_a_known_id_is_an_edit_by_somebody_else(org: Bench) -> None:
    record_id = await org.create("Account", {"Name": "A", "Phone": "1"})
    org.clock.advance(5)
    await org.sim("seed", {"Account": [{"Id": record_id, "Name": "B"}]})
    values = await org.read("Account", record_id)
    assert (values["Name"], values["Phone"], values["SystemModstamp"]) == ("B", "1", "2026-03-02T09:00:05.000+0000")


async def test_a_seed_that_is_wrong_plants_nothing(org: Bench) -> None:
    reply = await org.http.post("/_sim/seed", json={"Account": [{"Name": "A"}, {"Nothing": 1}]})
    assert reply.status_code == 400
    assert "Nothing" in reply.json()["error"]
    assert await org.sim("records/Account") == []


async def test_records_of_an_unknown_object_are_not_found(org: Bench) -> None:
    assert (await org.http.get("/_sim/records/Nothing")).status_code == 404
