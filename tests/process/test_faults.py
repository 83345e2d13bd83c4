"""Processes killed, paused and cut off in the middle of their work: every 202 is kept, and nothing is written twice.

All tests share one installation: SQLite, a queue server, the API, a worker per lane and both simulators as processes.
"""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from app.cli.stack import ROOT
from tests.process.installation import Installation, until

pytestmark = [pytest.mark.process, pytest.mark.asyncio(loop_scope="module")]

WORKERS = ("worker-bulk", "worker-interactive")


def results(items: list[dict[str, Any]]) -> Counter[str]:
    return Counter(f"{item['state']} {item['result']}" for item in items)


async def test_workers_killed_in_the_middle_of_a_batch_leave_one_customer_per_account(house: Installation) -> None:
    mass, few = await house.accounts(60), await house.accounts(3)
    await house.fault("intacct", kind="latency", match="create:CUSTOMER", seconds=1.0, times=2)
    asked = {await house.accepted(mass): 60, await house.accepted(few, "button"): 3}
    await house.writing(mass)
    await house.writing(few)
    await asyncio.gather(*(house.replace(worker) for worker in WORKERS))
    for request_id, number in asked.items():
        assert results(await house.finished(request_id)) == {"done created": number}
    await house.assert_once(mass + few)


async def test_a_wiped_queue_loses_no_wish(house: Installation) -> None:
    ids = await house.accounts(12)
    async with house.paused(*WORKERS), Redis.from_url(house.stack.settings.redis_url or "") as queue:
        asked = [await house.accepted(ids[:8]), await house.accepted(ids[8:], "button")]
        await queue.flushall()
    for request_id in asked:
        assert set(results(await house.finished(request_id))) == {"done created"}
    await house.assert_once(ids)


async def test_a_killed_queue_server_loses_no_wish(house: Installation) -> None:
    ids = await house.accounts(12)
    async with house.paused(*WORKERS):
        asked = [await house.accepted(ids[:8])]
        pid = house.stack.pids["valkey"]
        house.stack.kill("valkey")
        asked.append(await house.accepted(ids[8:], "button"))  # nobody hears this ring
        await house.gone("valkey", pid)
        await house.stack.ready("valkey")
    for request_id in asked:
        assert set(results(await house.finished(request_id))) == {"done created"}
    await house.assert_once(ids)


async def test_a_queue_server_that_hangs_keeps_nobody_from_being_answered(house: Installation) -> None:
    ids = await house.accounts(2)
    async with house.paused("valkey"):
        answer = await asyncio.wait_for(house.wish(ids, requestId="while-the-queue-hangs"), 10)
        assert answer.status_code == 202
    assert results(await house.finished("while-the-queue-hangs")) == {"done created": 2}
    await house.assert_once(ids)


LOST = {
    "reset before Intacct reads": {"kind": "reset_before_commit"},
    "reset after Intacct committed": {"kind": "reset_after_commit"},
    "silence after Intacct committed": {"kind": "timeout_after_commit", "seconds": 0.5},
    "answer cut in the middle": {"kind": "truncated"},
    "edge says 504 after Intacct committed": {"kind": "server_error", "status": 504, "after_commit": True},
    "edge says 502 before Intacct reads": {"kind": "server_error", "status": 502},
}


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
async def test_a_lost_reply_to_a_create_is_looked_up_and_nothing_is_created_twice(
    house: Installation, fault: dict[str, Any]
) -> None:
    ids = await house.accounts(3)
    await house.fault("intacct", match="create:CUSTOMER", **fault)
    items = await house.finished(await house.accepted(ids, "button"))
    assert await house.struck("intacct") == 1
    assert results(items) == {"done created": 3}
    await house.assert_once(ids)
    history = await house.operation(items[0]["operationId"])
    assert "outcome_unknown" in [decision["reason"] for decision in history["decisions"]]


UNWRITABLE = {
    "rows locked": {"kind": "lock_error", "times": 1},
    "edge says 503": {"kind": "server_error", "status": 503, "times": 1},
    "connection reset": {"kind": "reset_before_commit", "times": 1},
}


@pytest.mark.parametrize("fault", UNWRITABLE.values(), ids=UNWRITABLE)
async def test_a_failed_write_back_is_repeated_without_another_customer(
    house: Installation, fault: dict[str, Any]
) -> None:
    ids = await house.accounts(3)
    await house.fault("salesforce", match="collections.update:Account", **fault)
    items = await house.finished(await house.accepted(ids, "button"))
    assert await house.struck("salesforce") == fault["times"]
    assert results(items) == {"done created": 3}
    await house.assert_once(ids)


@asynccontextmanager
async def another_worker(house: Installation) -> AsyncIterator[None]:
    """A second worker of the bulk lane, asked to end afterwards."""
    environment = {**os.environ, **house.stack.settings.environment(), "PYTHONPATH": str(ROOT)}
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "workers.main", "bulk"),
        env=environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        worker.terminate()
        assert await asyncio.wait_for(worker.wait(), 30) == 0


async def test_a_worker_that_slept_past_its_lease_keeps_no_books(house: Installation) -> None:
    """Its request is executed while it sleeps; the other worker finds that out, and the sleeper's answer is waste."""
    ids = await house.accounts(5)
    await house.fault("intacct", kind="latency", match="create:CUSTOMER", seconds=0.5, times=1)
    request_id = await house.accepted(ids)
    await house.writing(ids)
    sleeper = house.stack.pids["worker-bulk"]
    await house.pause("worker-bulk")
    async with another_worker(house):
        items = await house.finished(request_id)
        house.stack.kill("worker-bulk", signal.SIGCONT)
        house.stack.kill("worker-bulk", signal.SIGTERM)  # it finishes its batch, so that nothing of it comes later
        await house.gone("worker-bulk", sleeper)
    assert results(items) == {"done created": 5}
    await house.assert_once(ids)
    for item in items:
        history = await house.operation(item["operationId"])
        assert [decision["result"] for decision in history["decisions"]].count("created") == 1
        first, *others = history["intents"]
        assert [entry["note"] for entry in first["trail"]] == ["found in Intacct by look-up", "confirmed by the answer"]
        assert all(len(intent["trail"]) == 1 for intent in others)  # the sleeper went no further


async def test_fifty_equal_requests_at_once_are_one_with_one_answer(house: Installation) -> None:
    ids = await house.accounts(1)
    async with house.paused("worker-interactive"):
        answers = await asyncio.gather(*(house.wish(ids, "button", requestId=f"same-{ids[0]}") for _ in range(50)))
    assert {answer.status_code for answer in answers} == {202}
    bodies = [answer.json() for answer in answers]
    assert len({str(body["items"]) for body in bodies}) == 1
    assert Counter(body["replayed"] for body in bodies) == {True: 49, False: 1}
    assert results(await house.finished(f"same-{ids[0]}")) == {"done created": 1}
    await house.assert_once(ids)


async def test_fifty_requests_for_one_record_meet_in_one_operation(house: Installation) -> None:
    ids = await house.accounts(1)
    names = [f"{ids[0]}-{n}" for n in range(50)]
    async with house.paused("worker-interactive"):
        answers = await asyncio.gather(*(house.wish(ids, "button", requestId=name) for name in names))
    assert {answer.status_code for answer in answers} == {202}
    (operation_id,) = {answer.json()["items"][0]["operationId"] for answer in answers}
    for name in names:
        (item,) = await house.finished(name)
        assert (item["operationId"], item["result"]) == (operation_id, "created")
    await house.assert_once(ids)


async def test_an_api_killed_while_accepting_keeps_every_202(house: Installation) -> None:
    ids = await house.accounts(80)
    wishes = {f"kept-{ids[n]}": ids[n : n + 2] for n in range(0, 80, 2)}
    given: dict[str, dict[str, Any]] = {}
    pid = house.stack.pids["api"]

    async def ask(request_id: str) -> None:
        try:
            answer = await house.wish(wishes[request_id], requestId=request_id)
        except httpx.TransportError:
            return
        assert answer.status_code == 202
        given[request_id] = answer.json()
        if len(given) == 8:
            house.stack.kill("api")

    await asyncio.gather(*map(ask, wishes))
    assert 8 <= len(given) < len(wishes), "the kill came too late to prove anything"
    await house.gone("api", pid)
    await house.stack.ready("api")
    for request_id, record_ids in wishes.items():
        again = (await house.wish(record_ids, requestId=request_id)).raise_for_status().json()
        if request_id in given:
            assert again["replayed"]
            assert again["items"] == given[request_id]["items"]
    for request_id in wishes:
        assert results(await house.finished(request_id)) == {"done created": 2}
    await house.assert_once(ids)


async def test_nothing_was_left_open_by_all_of_this(house: Installation) -> None:
    """The last one here: every operation of the tests above, and every intent, came to its end."""

    async def rest() -> bool:
        states = ("queued", "running", "waiting", "held")
        pages = [(await house.api.get("/v1/operations", params={"state": s})).raise_for_status().json() for s in states]
        return not any(page["items"] for page in pages)

    await until(rest)
    errors = (await house.api.get("/v1/errors", params={"state": "open"})).raise_for_status().json()
    assert errors["items"] == []
