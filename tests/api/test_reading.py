"""What the API tells about operations, errors and records."""

from typing import Any

import pytest
from httpx import AsyncClient

from app.objects import CATALOGUE
from app.services.context import Context
from app.store.tables import Connection
from tests.contract.service import rows_in_every_state
from tests.houses import ACCOUNT, account_id


@pytest.fixture(autouse=True)
async def history(context: Context, home: Connection) -> None:
    """A record in each state, with history and errors."""
    async with context.begin() as session:
        session.add_all(rows_in_every_state(home.id))


async def get(client: AsyncClient, path: str, **query: Any) -> Any:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_an_operation_tells_its_decisions_and_writes(client: AsyncClient) -> None:
    body = await get(client, "/v1/operations/op-held")
    assert (body["operationId"], body["state"], body["requestCorrelationId"]) == ("op-held", "held", "seed")
    [decision], [intent] = body["decisions"], body["intents"]
    assert decision["changes"][0] == {
        "side": "intacct",
        "field": "NAME",
        "valueBefore": None,
        "valueAfter": "Acme",
    }
    assert decision["changes"][1]["valueBefore"] == '["a", null]'
    assert (intent["controlId"], intent["state"]) == ("control-held", "held")
    assert [entry["note"] for entry in intent["trail"]] == ["no answer"]


async def test_the_content_of_a_write_is_not_told(client: AsyncClient) -> None:
    assert "values" not in (await get(client, "/v1/operations/op-held"))["intents"][0]


async def test_operations_are_listed_page_by_page(client: AsyncClient) -> None:
    seen: list[str] = []
    query: dict[str, Any] = {"pageSize": 4}
    while True:
        page = await get(client, "/v1/operations", **query)
        seen += [item["operationId"] for item in page["items"]]
        if page["nextCursor"] is None:
            break
        query["cursor"] = page["nextCursor"]
    assert len(seen) == len(set(seen)) == 6


async def test_operations_are_narrowed_by_a_short_id_too(client: AsyncClient) -> None:
    page = await get(client, "/v1/operations", objectName="account", recordId=account_id(2)[:15])
    assert [item["operationId"] for item in page["items"]] == ["op-waiting"]


async def test_a_list_is_narrowed_by_time(client: AsyncClient) -> None:
    assert (await get(client, "/v1/operations", since="2026-11-22T10:00:00+01:00"))["items"]
    assert (await get(client, "/v1/operations", since="2026-11-22T09:00:01Z"))["items"] == []


async def test_what_was_cancelled_is_tried_again(client: AsyncClient) -> None:
    assert (await client.post("/v1/operations/op-queued/cancel")).json()["state"] == "cancelled"
    assert (await client.post("/v1/operations/op-queued/retry")).json()["state"] == "queued"


async def test_a_running_operation_is_left_alone(client: AsyncClient) -> None:
    for action in ("cancel", "retry"):
        answer = await client.post(f"/v1/operations/op-running/{action}")
        assert (answer.status_code, answer.json()["code"]) == (409, "operation_running")


async def test_errors_say_what_to_do_and_who_said_no(client: AsyncClient) -> None:
    [error] = (await get(client, "/v1/errors", objectName="account", recordId=ACCOUNT, state="open"))["items"]
    assert (error["vendorName"], error["vendorCode"], error["supportId"]) == ("intacct", "BL01", "s")
    assert not error["resolved"]


async def test_a_record_has_a_related_list_of_errors(client: AsyncClient) -> None:
    body = await get(client, f"/v1/errors/account/{ACCOUNT[:15]}")
    assert (body["recordId"], [item["errorId"] for item in body["items"]]) == (ACCOUNT, ["error-running"])


async def test_an_error_is_closed_by_hand(client: AsyncClient) -> None:
    body = (await client.post("/v1/errors/error-done/resolve")).json()
    assert body["resolved"]
    assert "error-done" not in {item["errorId"] for item in (await get(client, "/v1/errors", state="open"))["items"]}


async def test_a_record_is_explained(client: AsyncClient) -> None:
    body = await get(client, f"/v1/records/account/{ACCOUNT}")
    assert (body["linked"], body["intacctId"], body["lastReason"]) == (True, "C-1", "required_field_empty")
    assert body["live"]["operationId"] == "op-running"
    assert [error["errorId"] for error in body["openErrors"]] == ["error-running"]


async def test_a_record_nobody_asked_for_is_explained_too(client: AsyncClient) -> None:
    body = await get(client, f"/v1/records/account/{account_id(99)}")
    assert (body["linked"], body["lastResult"], body["lastReason"]) == (False, None, "never_asked")


async def test_the_catalogue_tells_rows_and_options(client: AsyncClient) -> None:
    body = await get(client, "/v1/objects")
    assert [item["objectName"] for item in body["items"]] == list(CATALOGUE)
    account = next(item for item in body["items"] if item["objectName"] == "account")
    assert {option["name"] for option in account["options"]} >= {"syncOnlyOnce", "customerIdSource"}
    assert {"rowId": "NAME", "salesforceField": "Name"}.items() <= account["rows"][0].items()
