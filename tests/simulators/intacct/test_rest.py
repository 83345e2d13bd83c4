"""REST v1 of the simulated company: tokens, records, batches, repeats, queries, shared books (SIM-100 to SIM-108)."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.simulators.clock import SimClock
from app.simulators.faults import parse_faults
from app.simulators.intacct.app import IntacctSimulator
from app.simulators.wire import Dropped
from tests.simulators.intacct.gate import Gate
from tests.simulators.intacct.rest_door import BASE, ENTRY, GRANT, LIST, RestDoor

PRICES, LISTS = "order-entry/price-list-entry", "order-entry/price-list"
ITEM = {"ITEMID": "I-1", "NAME": "Widget", "ITEMTYPE": "Kit"}


@pytest.fixture
async def rest(sim: IntacctSimulator) -> AsyncIterator[RestDoor]:
    """Signed in at a company with one item."""
    sim.state.seed({"ITEM": [ITEM]})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(sim), base_url="http://intacct.test") as http:
        door = RestDoor(sim, http)
        assert (await door.sign_in()).status_code == 200
        yield door


def error(answer: httpx.Response) -> Any:
    return answer.json()["ia::result"]["ia::error"]


# -- tokens


async def test_token_is_a_jwt_with_an_end_and_a_refresh_token_that_works_once(rest: RestDoor) -> None:
    answer = (await rest.http.post(BASE + "oauth2/token", json=GRANT)).json()
    assert (answer["token_type"], answer["expires_in"], answer["access_token"].count(".")) == ("Bearer", 21600, 2)
    renew = {**GRANT, "grant_type": "refresh_token", "refresh_token": answer["refresh_token"]}
    assert (await rest.http.post(BASE + "oauth2/token", data=renew)).status_code == 200
    again = await rest.http.post(BASE + "oauth2/token", data=renew)
    assert (again.status_code, again.json()["error"]["code"]) == (400, "GW-0032")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"client_secret": "wrong"}, 401, "GW-0011"),
        ({"client_id": ""}, 400, "GW-0037"),
        ({"username": ""}, 400, "GW-0036"),
        ({"username": "api@elsewhere"}, 401, "GW-0011"),
        ({"grant_type": "authorization_code"}, 400, "GW-0032"),
    ],
)
async def test_wrong_credentials_are_told_apart(rest: RestDoor, changes: Any, status: int, code: str) -> None:
    answer = await rest.sign_in(**changes)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


@pytest.mark.parametrize(
    ("shape", "status", "word"), [("401_gw0034", 401, "GW-0034"), ("400_invalid_token", 400, "Inv")]
)
async def test_expired_token_is_refused_in_the_shape_of_the_knob(
    rest: RestDoor, sim_clock: SimClock, shape: str, status: int, word: str
) -> None:
    rest.sim.state.configure({"rest_expired_shape": shape})
    sim_clock.advance(21601)
    answer = await rest.call("GET", f"objects/{LISTS}")
    assert answer.status_code == status
    assert word in answer.text


# -- records


async def test_record_is_made_read_changed_and_deleted(rest: RestDoor) -> None:
    made = await rest.post(LISTS, LIST)
    assert (made.status_code, made.json()["ia::meta"]["totalSuccess"]) == (201, 1)
    key = made.json()["ia::result"]["key"]
    read = (await rest.call("GET", f"objects/{LISTS}/{key}")).json()["ia::result"]
    assert (read["id"], read["startDate"], read["status"]) == ("Base Price List", "2026-01-01", "active")
    changed = await rest.call("PATCH", f"objects/{LISTS}/{key}", {"status": "inactive"})
    assert changed.status_code == 200
    assert (await rest.call("DELETE", f"objects/{LISTS}/{key}")).status_code == 204
    assert (await rest.call("GET", f"objects/{LISTS}/{key}")).status_code == 404


async def test_null_clears_and_missing_keeps(rest: RestDoor) -> None:
    await rest.post(LISTS, LIST)
    key = (await rest.post(PRICES, {**ENTRY, "minimumQuantity": "5"})).json()["ia::result"]["key"]
    await rest.call("PATCH", f"objects/{PRICES}/{key}", {"value": "13.00"})
    read = (await rest.call("GET", f"objects/{PRICES}/{key}")).json()["ia::result"]
    assert (read["value"], read["minimumQuantity"], read["item"]["name"]) == ("13.00", "5", "Widget")
    await rest.call("PATCH", f"objects/{PRICES}/{key}", {"minimumQuantity": None})
    read = (await rest.call("GET", f"objects/{PRICES}/{key}")).json()["ia::result"]
    assert read["minimumQuantity"] is None


async def test_list_shows_key_id_and_link_only(rest: RestDoor) -> None:
    await rest.post(LISTS, LIST)
    (row,) = (await rest.call("GET", f"objects/{LISTS}")).json()["ia::result"]
    assert set(row) == {"key", "id", "href"}


async def test_unknown_and_missing_fields_are_all_named(rest: RestDoor) -> None:
    answer = await rest.post(LISTS, {"id": "X", "colour": "red", "startDate": "2026-01-01"})
    assert answer.status_code == 400
    details = error(answer)["details"]
    assert [(one["target"], one["errorId"]) for one in details] == [("/colour", "REST-1043"), ("/endDate", "REST-1044")]


async def test_business_refusal_carries_number_and_support_id(rest: RestDoor) -> None:
    await rest.post(LISTS, LIST)
    answer = await rest.post(LISTS, LIST)
    (first, wrapper) = error(answer)["details"]
    assert (answer.status_code, error(answer)["code"], first["errorId"]) == (422, "operationFailed", "BL34000061")
    assert "Support ID" in wrapper["message"]


async def test_method_a_resource_does_not_take_is_405(rest: RestDoor) -> None:
    assert (await rest.post("accounts-receivable/customer", {"name": "X"})).status_code == 405


async def test_unknown_resource_and_empty_body_are_refused(rest: RestDoor) -> None:
    assert (await rest.call("GET", "objects/order-entry/nothing")).status_code == 404
    assert error(await rest.call("POST", f"objects/{LISTS}"))["errorId"] == "REST-1028"


# -- batches


async def test_batch_answers_by_position_and_keeps_what_worked(rest: RestDoor) -> None:
    answer = await rest.post(LISTS, [LIST, {"id": "broken"}, {**LIST, "id": "Second"}])
    assert answer.status_code == 207
    assert [one["ia::status"] for one in answer.json()["ia::result"]] == [201, 400, 201]
    assert len(rest.sim.state.records("SOPRICELIST")) == 2


async def test_atomic_batch_does_all_or_nothing(rest: RestDoor) -> None:
    answer = await rest.post(LISTS, [LIST, {"id": "broken"}], X_IA_API_Param_Transaction="true")
    results = answer.json()["ia::result"]
    assert (answer.status_code, results[0]["ia::error"]["code"]) == (207, "atomicOperationFailure")
    assert rest.sim.state.records("SOPRICELIST") == []
    assert rest.sim.state.meters()["records_written"] == 0


async def test_batch_above_500_is_refused(rest: RestDoor) -> None:
    assert (await rest.post(LISTS, [LIST] * 501)).status_code == 400


# -- repeats


async def test_repeat_replays_the_answer_for_48_hours_and_is_refused_after(rest: RestDoor, sim_clock: SimClock) -> None:
    first = await rest.post(LISTS, LIST, Idempotency_Key="k-1")
    sim_clock.advance(47 * 3600)
    await rest.sign_in()
    again = await rest.post(LISTS, LIST, Idempotency_Key="k-1")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["x-ia-idempotency-cached-date"] == "2026-01-31T10:00:00Z"
    sim_clock.advance(2 * 3600)
    await rest.sign_in()
    assert (await rest.post(LISTS, LIST, Idempotency_Key="k-1")).status_code == 409
    assert len(rest.sim.state.records("SOPRICELIST")) == 1


async def test_other_body_under_a_used_key_is_a_conflict(rest: RestDoor) -> None:
    await rest.post(LISTS, LIST, Idempotency_Key="k-1")
    assert (await rest.post(LISTS, {**LIST, "id": "Y"}, Idempotency_Key="k-1")).status_code == 409


async def test_failure_is_replayed_like_a_success(rest: RestDoor) -> None:
    await rest.post(PRICES, ENTRY, Idempotency_Key="k-1")
    await rest.post(LISTS, LIST)
    again = await rest.post(PRICES, ENTRY, Idempotency_Key="k-1")
    assert again.status_code == 422
    assert "x-ia-idempotency-cached-date" in again.headers


async def test_key_of_257_characters_is_refused(rest: RestDoor) -> None:
    assert (await rest.post(LISTS, LIST, Idempotency_Key="k" * 257)).status_code == 400


async def test_lost_answer_is_found_by_its_key(rest: RestDoor) -> None:
    rest.sim.state.faults.add(_fault("reset_after_commit", f"create:{LISTS}"))
    with pytest.raises(Dropped):
        await rest.post(LISTS, LIST, Idempotency_Key="k-1")
    assert (await rest.post(LISTS, LIST, Idempotency_Key="k-1")).status_code == 201
    assert len(rest.sim.state.records("SOPRICELIST")) == 1


# -- query


async def test_query_pages_from_one_until_next_is_null(rest: RestDoor) -> None:
    await rest.post(LISTS, [{**LIST, "id": f"L{n}"} for n in range(3)])
    order = [{"key": "asc"}]
    first = await rest.query(LISTS, "id", orderBy=order, size=2)
    assert (first["ia::meta"]["next"], first["ia::meta"]["totalCount"]) == (3, 3)
    second = await rest.query(LISTS, "id", orderBy=order, size=2, start=3)
    assert (second["ia::result"], second["ia::meta"]["next"]) == ([{"id": "L2"}], None)


@pytest.mark.parametrize(
    ("filters", "expression", "found"),
    [
        ([{"$eq": {"item.id": "I-1"}}], None, 2),
        ([{"$gt": {"value": "12.50"}}], None, 1),
        ([{"$in": {"currency": ["EUR", "GBP"]}}], None, 1),
        ([{"$eq": {"currency": "usd"}}], None, 0),
        ([{"$eq": {"minimumQuantity": None}}], None, 2),
        ([{"$eq": {"currency": "USD"}}, {"$gt": {"value": "99"}}, {"$lt": {"value": "13"}}], "(1 and 2) or 3", 1),
        ([{"$startsWith": {"priceList.id": "Base"}}, {"$eq": {"currency": "EUR"}}], "and", 1),
    ],
)
async def test_query_filters(rest: RestDoor, filters: Any, expression: Any, found: int) -> None:
    await rest.post(LISTS, LIST)
    await rest.post(PRICES, [ENTRY, {**ENTRY, "currency": "EUR", "value": "20"}])
    body = await rest.query(PRICES, "key", filters=filters, filterExpression=expression)
    assert len(body["ia::result"]) == found


async def test_query_compares_without_case_and_shows_private_rows_when_asked(rest: RestDoor) -> None:
    await rest.post(LISTS, LIST, X_IA_API_Param_Entity="E100")
    assert (await rest.query(LISTS, "id"))["ia::result"] == []
    asked = {"includePrivate": True, "caseSensitiveComparison": False}
    filters = [{"$eq": {"id": "base price list"}}]
    assert len((await rest.query(LISTS, "id", filters=filters, filterParameters=asked))["ia::result"]) == 1


async def test_query_sums_groups(rest: RestDoor) -> None:
    await rest.post(LISTS, LIST)
    await rest.post(PRICES, [ENTRY, {**ENTRY, "currency": "EUR", "value": "20"}])
    found = (await rest.query(PRICES, "currency", "sum:value"))["ia::result"]
    assert {row["currency"]: row["sum:value"] for row in found} == {"USD": "12.50", "EUR": "20.00"}


@pytest.mark.parametrize(
    "body",
    [
        {"object": LISTS, "fields": ["*"]},
        {"object": LISTS, "fields": ["id"], "filters": [{"field": "id", "operator": "eq", "value": "x"}]},
        {"object": LISTS, "fields": ["id"], "size": 4001},
        {"object": LISTS, "fields": ["id"], "includePrivate": True},
        {"object": LISTS, "fields": ["audit.modifiedDateTime"]},
    ],
)
async def test_query_outside_the_grammar_is_refused(rest: RestDoor, body: Any) -> None:
    assert (await rest.call("POST", "services/core/query", body)).status_code == 400


# -- the same books


async def test_both_apis_see_the_same_records_and_count_together(rest: RestDoor, gate: Gate) -> None:
    made = await rest.post("company-config/department", {"id": "D-9", "name": "Nine"})
    before = rest.sim.state.meters()["transactions"]
    found = await gate.one(
        "<query><object>DEPARTMENT</object><select><field>RECORDNO</field></select>"
        "<filter><equalto><field>DEPARTMENTID</field><value>D-9</value></equalto></filter></query>"
    )
    assert found.rows == [{"RECORDNO": made.json()["ia::result"]["key"]}]
    assert (before, rest.sim.state.meters()["transactions"]) == (1, 2)


async def test_session_from_a_token_opens_the_xml_gateway(rest: RestDoor, gate: Gate) -> None:
    gate.session = (await rest.call("GET", "services/core/session/id")).json()["ia::result"]["sessionId"]
    found = await gate.one("<query><object>ITEM</object><select><field>ITEMID</field></select></query>")
    assert found.status == "success"


async def test_xml_does_not_know_what_only_rest_has(rest: RestDoor, gate: Gate) -> None:
    found = await gate.one("<lookup><object>SOPRICELISTENTRY</object></lookup>")
    assert found.status == "failure"


async def test_model_names_fields_references_and_audit(rest: RestDoor) -> None:
    entry = (await rest.call("GET", f"services/core/model?name={PRICES}")).json()["ia::result"]
    assert entry["refs"]["item"]["apiObject"] == "inventory-control/item"
    assert entry["fields"]["value"]["required"] is True
    assert entry["groups"]["audit"]["fields"]["modifiedDateTime"]["format"] == "date-time"
    assert (await rest.call("GET", f"services/core/model?name={LISTS}")).json()["ia::result"]["groups"] == {}


async def test_rate_limit_is_a_429_with_gateway_code_and_nothing_done(rest: RestDoor) -> None:
    rest.sim.state.faults.add(_fault("rate_limit", f"create:{LISTS}", retry_after=7))
    answer = await rest.post(LISTS, LIST, Idempotency_Key="k")
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "GW-0010")
    assert answer.headers["X-IA-Throttle-Limit-RetryAfter"] == "7"
    assert (await rest.post(LISTS, LIST, Idempotency_Key="k")).status_code == 201


async def test_log_keeps_no_secret(rest: RestDoor) -> None:
    await rest.post(LISTS, LIST)
    shown = str(rest.sim.state.log.describe())
    assert rest.headers["Authorization"].split()[1] not in shown
    assert "client_secret" not in shown


def _fault(kind: str, match: str, **more: Any) -> Any:
    return parse_faults([{"kind": kind, "match": match, **more}])[0]
