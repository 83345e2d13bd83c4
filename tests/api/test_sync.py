"""Syncing over the API: single and list, waiting, request ids, the master switch."""

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from httpx import AsyncClient, Response
from sqlmodel import select

from app.domain.records import salesforce_id
from app.main import create_app
from app.services.context import Context
from app.services.keys import Role
from app.store.session import Sessions
from app.store.tables import Connection, Operation, Spending
from tests.api.conftest import KEYS, furnish, open_client
from tests.fakes import FakeClock, ListBell
from tests.houses import ACCOUNT, OTHER_ACCOUNT, account_id, make_context

ONE = f"/v1/sync/account/{ACCOUNT}"
MANY = "/v1/sync/account"
MIXED = salesforce_id("001Aa0000bCdEfG")


async def operations(context: Context) -> list[Operation]:
    async with context.begin() as session:
        return list(await session.exec(select(Operation)))


async def finish(context: Context, operation_id: str, **values: Any) -> None:
    async with context.begin() as session:
        row = await session.get_one(Operation, operation_id)
        for name, value in ({"state": "done", "result": "created", "intacct_id": "C-1"} | values).items():
            setattr(row, name, value)


class BusyClock(FakeClock):
    """A clock whose every sleep lets a worker do something."""

    def __init__(self) -> None:
        super().__init__()
        self.work: Callable[[], Any] | None = None

    async def sleep(self, seconds: float) -> None:
        """Sleep, while a worker works."""
        await super().sleep(seconds)
        if self.work is not None:
            await self.work()


@pytest.fixture
def clock() -> BusyClock:
    """The clock of these tests."""
    return BusyClock()


async def test_a_wish_without_a_body_is_accepted(client: AsyncClient, context: Context) -> None:
    answer = await client.post(ONE)
    body = answer.json()
    [row] = await operations(context)
    assert answer.status_code == 202
    assert body == {
        "operationId": row.id,
        "objectName": "account",
        "recordId": ACCOUNT,
        "state": "queued",
        "result": None,
        "reason": None,
        "message": "",
        "intacctId": None,
        "errorCode": None,
        "retryable": False,
        "replayed": False,
        "requestId": None,
        "correlationId": answer.headers["X-Correlation-Id"],
    }
    assert (row.origin, row.correlation_id) == ("apex", body["correlationId"])


async def test_the_body_says_who_asks_and_from_where(client: AsyncClient, context: Context) -> None:
    await client.post(ONE, json={"origin": "button", "requestedBy": "Ann"})
    [row] = await operations(context)
    assert (row.origin, row.requested_by, row.lane) == ("button", "Ann", "interactive")


async def test_an_unknown_field_is_refused_by_name(client: AsyncClient) -> None:
    answer = await client.post(ONE, json={"orgin": "button"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "orgin"


async def test_both_forms_of_an_id_meet_in_one_operation(client: AsyncClient) -> None:
    short = await client.post(f"{MANY}/{MIXED[:15]}")
    long = await client.post(f"{MANY}/{MIXED}")
    assert short.json()["operationId"] == long.json()["operationId"]
    assert short.json()["recordId"] == MIXED


async def test_an_id_with_a_wrong_suffix_belongs_to_no_record(client: AsyncClient) -> None:
    answer = await client.post(f"{MANY}/{MIXED[:15]}AAA")
    assert (answer.status_code, answer.json()["code"]) == (404, "record_id_malformed")


async def test_an_unknown_object_is_not_found(client: AsyncClient) -> None:
    answer = await client.post(f"/v1/sync/invoices/{ACCOUNT}")
    assert (answer.status_code, answer.json()["code"]) == (404, "object_unknown")


async def test_a_list_is_answered_in_its_order_and_a_bad_id_fails_alone(client: AsyncClient) -> None:
    answer = await client.post(MANY, json={"recordIds": [OTHER_ACCOUNT, "nonsense", ACCOUNT]})
    items = answer.json()["items"]
    assert answer.status_code == 202
    assert [item["recordId"] for item in items] == [OTHER_ACCOUNT, "nonsense", ACCOUNT]
    assert [item["errorCode"] for item in items] == [None, "record_id_malformed", None]


async def test_a_list_of_only_bad_ids_leaves_nothing_to_wait_for(client: AsyncClient) -> None:
    answer = await client.post(MANY, json={"recordIds": ["nonsense"]})
    assert answer.status_code == 200
    assert answer.json()["items"][0]["operationId"] is None


@pytest.mark.parametrize("count", [0, 201])
async def test_a_list_holds_1_to_200_ids(client: AsyncClient, count: int) -> None:
    answer = await client.post(MANY, json={"recordIds": [account_id(n) for n in range(count)]})
    assert answer.status_code == 422


async def test_200_ids_are_accepted_at_once(client: AsyncClient, context: Context) -> None:
    answer = await client.post(MANY, json={"recordIds": [account_id(n) for n in range(200)]})
    assert answer.status_code == 202
    assert len(await operations(context)) == 200


async def test_waiting_brings_the_finished_result(client: AsyncClient, context: Context, clock: BusyClock) -> None:
    async def work() -> None:
        if len(clock.slept) == 3:
            [row] = await operations(context)
            await finish(context, row.id, reason="created", message="Customer C-1 was created.")

    clock.work = work
    answer = await client.post(ONE, params={"wait": 8})
    body = answer.json()
    assert answer.status_code == 200
    assert (body["state"], body["result"], body["intacctId"]) == ("done", "created", "C-1")


async def test_waiting_ends_with_the_time(client: AsyncClient, clock: BusyClock) -> None:
    answer = await client.post(ONE, params={"wait": 2})
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    assert 2 <= sum(clock.slept) < 2.1


async def test_nobody_waits_for_what_is_tried_again_much_later(
    client: AsyncClient, context: Context, clock: BusyClock
) -> None:
    async def work() -> None:
        [row] = await operations(context)
        later = clock.now().replace(hour=23)
        await finish(context, row.id, state="waiting", result="failed", reason="salesforce_offline", due_at=later)

    clock.work = work
    answer = await client.post(ONE, params={"wait": 8})
    body = answer.json()
    assert (answer.status_code, body["state"], body["errorCode"]) == (202, "waiting", "salesforce_offline")
    assert body["retryable"]
    assert len(clock.slept) == 1


async def test_a_held_result_ends_the_waiting(client: AsyncClient, context: Context, clock: BusyClock) -> None:
    async def work() -> None:
        [row] = await operations(context)
        await finish(context, row.id, state="held", result="held", reason="outcome_unclear")

    clock.work = work
    answer = await client.post(ONE, params={"wait": 8})
    assert (answer.status_code, answer.json()["state"]) == (200, "held")


async def test_waiting_longer_than_8_seconds_is_refused(client: AsyncClient) -> None:
    assert (await client.post(ONE, params={"wait": 9})).status_code == 422


async def test_a_wish_during_a_run_is_answered_with_the_running_operation(
    client: AsyncClient, context: Context
) -> None:
    first = (await client.post(ONE)).json()
    await finish(context, first["operationId"], state="running", result=None)
    again = (await client.post(ONE)).json()
    [row] = await operations(context)
    assert (again["operationId"], again["state"], row.again) == (first["operationId"], "running", True)


async def test_a_repeat_gets_the_first_answer_marked(client: AsyncClient, context: Context) -> None:
    first = await client.post(ONE, headers={"Idempotency-Key": "k-1"})
    await finish(context, first.json()["operationId"])
    again = await client.post(ONE, headers={"Idempotency-Key": "k-1"})
    changed = {"replayed", "correlationId"}
    assert again.status_code == first.status_code == 202
    assert {k: v for k, v in again.json().items() if k not in changed} == {
        k: v for k, v in first.json().items() if k not in changed
    }
    assert again.json()["replayed"]
    assert len(await operations(context)) == 1


async def test_a_repeat_that_waits_gets_the_result_of_the_first(client: AsyncClient, context: Context) -> None:
    first = await client.post(ONE, json={"requestId": "k-1"}, params={"wait": 1})
    await finish(context, first.json()["operationId"])
    again = await client.post(ONE, json={"requestId": "k-1"}, params={"wait": 1})
    assert (again.status_code, again.json()["result"], again.json()["replayed"]) == (200, "created", True)


async def test_a_key_for_another_request_is_refused(client: AsyncClient) -> None:
    await client.post(ONE, headers={"Idempotency-Key": "k-1"})
    answer = await client.post(f"/v1/sync/account/{OTHER_ACCOUNT}", headers={"Idempotency-Key": "k-1"})
    assert (answer.status_code, answer.json()["code"]) == (422, "request_id_reused")
    assert not answer.json()["retryable"]


async def test_a_quoted_key_is_the_same_as_a_bare_one(client: AsyncClient) -> None:
    await client.post(ONE, headers={"Idempotency-Key": "k-1"})
    assert (await client.post(ONE, headers={"Idempotency-Key": '"k-1"'})).json()["replayed"]


async def test_header_and_body_may_name_the_same_key(client: AsyncClient) -> None:
    answer = await client.post(ONE, headers={"Idempotency-Key": "k-1"}, json={"requestId": "k-1"})
    assert answer.json()["requestId"] == "k-1"


async def test_header_and_body_may_not_differ(client: AsyncClient, context: Context) -> None:
    answer = await client.post(ONE, headers={"Idempotency-Key": "k-1"}, json={"requestId": "k-2"})
    assert (answer.status_code, answer.json()["code"]) == (400, "request_id_conflict")
    assert await operations(context) == []


@pytest.mark.parametrize("key", ["", "two words", '"open', "x" * 256, "ümlaut"])
async def test_a_key_is_visible_ascii(client: AsyncClient, key: str) -> None:
    answer = await client.post(ONE, headers=[(b"Idempotency-Key", key.encode("latin-1"))])
    assert answer.status_code == 422


async def test_a_refused_request_does_not_use_up_its_key(client: AsyncClient) -> None:
    await client.post(ONE, json={"requestId": "k-1", "origin": "nowhere"})
    assert not (await client.post(ONE, json={"requestId": "k-1"})).json()["replayed"]


@pytest.mark.parametrize("key", ["org:001:sync:v7", "a/b", "k?&#=%+"])
async def test_what_became_of_a_request_can_be_asked(client: AsyncClient, context: Context, key: str) -> None:
    first = (await client.post(MANY, json={"recordIds": [ACCOUNT, "nonsense"], "requestId": key})).json()
    await finish(context, first["items"][0]["operationId"])
    answer = (await client.get(f"/v1/requests/{quote(key, safe='')}")).json()
    assert (answer["requestId"], answer["finished"]) == (key, True)
    assert [item["result"] for item in answer["items"]] == ["created", "failed"]


async def test_a_request_under_way_is_not_finished(client: AsyncClient) -> None:
    await client.post(ONE, json={"requestId": "k-1"})
    answer = (await client.get("/v1/requests/k-1")).json()
    assert not answer["finished"]
    assert answer["items"][0]["state"] == "queued"


async def test_an_unknown_request_is_not_found(client: AsyncClient) -> None:
    assert (await client.get("/v1/requests/never")).status_code == 404


async def test_a_switched_off_connection_accepts_and_says_so(
    client: AsyncClient, context: Context, clock: BusyClock
) -> None:
    await client.patch("/v1/configuration", json={"syncEnabled": False})
    answer = await client.post(ONE, params={"wait": 8})
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    assert answer.json()["reason"] == "sync_switched_off"
    assert clock.slept == []
    assert len(await operations(context)) == 1


async def test_a_connection_that_has_spent_its_month_accepts_and_says_so(
    client: AsyncClient, context: Context, clock: BusyClock
) -> None:
    async with context.begin() as session:
        (connection,) = await session.exec(select(Connection).where(Connection.name == "default"))
        connection.environment, connection.options = "sandbox", {"connection": {"monthlyTransactions": 1000}}
        day = clock.now().date().isoformat()
        spent: dict[str, Any] = {"system": "intacct", "lane": "bulk", "day": day, "transactions": 950}
        session.add(Spending(id="spent", connection_id=connection.id, **spent))
    await client.post(ONE)
    bulk = (await client.post(f"{MANY}/{OTHER_ACCOUNT}", json={"origin": "schedule"}, params={"wait": 8})).json()
    assert (bulk["state"], bulk["reason"]) == ("queued", "budget_used_up")
    assert clock.slept == []
    listed = (await client.get("/v1/operations")).json()["items"]
    assert {one["recordId"]: one["waitingFor"] for one in listed} == {OTHER_ACCOUNT: "budget_used_up", ACCOUNT: None}
    one = (await client.get(f"/v1/operations/{bulk['operationId']}")).json()
    live = (await client.get(f"/v1/records/account/{OTHER_ACCOUNT}")).json()["live"]
    assert (one["waitingFor"], live["waitingFor"]) == ("budget_used_up", "budget_used_up")


async def test_fifty_equal_requests_have_one_effect_and_one_body(sessions: Sessions, bell: ListBell) -> None:
    context = make_context(sessions, bell=bell)
    await furnish(context)
    app = create_app(context)
    async with app.router.lifespan_context(app), open_client(app, KEYS[Role.CALLER]) as client:
        answers: list[Response] = await asyncio.gather(
            *(client.post(ONE, headers={"Idempotency-Key": "k-1", "X-Correlation-Id": "c"}) for _ in range(50))
        )
    bodies = [answer.json() for answer in answers]
    assert {answer.status_code for answer in answers} == {202}
    assert len({body["operationId"] for body in bodies}) == 1
    assert sorted(body.pop("replayed") for body in bodies) == [False] + [True] * 49
    assert all(body == bodies[0] for body in bodies)
    assert len(await operations(context)) == 1
    assert len(bell.rings) == 1


async def test_a_neighbour_has_requests_of_its_own(
    client: AsyncClient, neighbour: AsyncClient, home: Connection
) -> None:
    mine = (await client.post(ONE, json={"requestId": "k-1"})).json()
    theirs = (await neighbour.post(ONE, json={"requestId": "k-1"})).json()
    assert mine["operationId"] != theirs["operationId"]
    assert not theirs["replayed"]
