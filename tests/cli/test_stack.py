"""A running installation as real processes: it works, it heals, it finishes what it began. One for all these tests."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from app.cli.stack import Stack
from app.config import load_settings
from tests.cli.callers import Caller
from tests.cli.processes import alive

pytestmark = [pytest.mark.process, pytest.mark.asyncio(loop_scope="module")]
NAMES = {"valkey", "salesforce", "intacct", "api", "worker-interactive", "worker-bulk"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    settings = load_settings(
        mode="offline",
        database_url=None,
        redis_url=None,
        data_dir=tmp_path_factory.mktemp("stack") / "data",
        port=0,
        salesforce_sim_port=0,
        intacct_sim_port=0,
        sweep_seconds=1,
        lease_seconds=5,
        lookup_ladder="0.2,0.5,1,2",
    )
    async with Stack(settings) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def caller(stack: Stack) -> AsyncIterator[Caller]:
    """A caller before empty simulators' fault plans."""
    async with Caller(stack) as one:
        await one.no_faults()
        yield one


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - processes send no event
            await asyncio.sleep(0.05)


async def test_every_process_is_there_and_ready(stack: Stack, caller: Caller) -> None:
    assert set(stack.pids) == NAMES
    assert all(map(alive, stack.pids.values()))
    assert (await caller.get("/ready"))["ready"] is True


async def test_both_lanes_bring_records_in_step(caller: Caller) -> None:
    ids = await caller.accounts("Lane", 2)
    assert [item["result"] for item in await caller.sync(ids[:1], "button", wait=8)] == ["created"]
    assert [item["result"] for item in await caller.sync(ids[1:], "massTool", wait=8)] == ["created"]


async def test_metrics_of_all_processes_are_in_one_place(caller: Caller) -> None:
    ids = await caller.accounts("Measured", 1)
    await caller.sync(ids, "button", wait=8)
    text = await caller.text("/metrics")
    assert 'tandem_run_seconds_count{lane="interactive",object="account"}' in text


async def test_killed_processes_come_back_and_work_goes_on(stack: Stack, caller: Caller) -> None:
    ids = await caller.accounts("Healed", 2)
    before = stack.pids
    stack.kill("worker-interactive")
    stack.kill("valkey")

    async def back() -> bool:
        return all(stack.pids.get(name) not in (None, before[name]) for name in ("worker-interactive", "valkey"))

    await until(back)
    await stack.ready("valkey")
    await stack.ready("worker-interactive")
    assert [item["result"] for item in await caller.sync(ids[:1], "button", wait=8)] == ["created"]
    assert [item["result"] for item in await caller.sync(ids[1:], "massTool", wait=8)] == ["created"]
    assert stack.pids["worker-bulk"] == before["worker-bulk"]  # it outlived its queue


async def test_a_worker_that_is_asked_to_end_finishes_its_batch(stack: Stack, caller: Caller) -> None:
    """Intacct answers late, so that the request to end comes in the middle of a write."""
    ids = await caller.accounts("Finished", 5)
    await caller.fault(kind="latency", match="create", seconds=1.5, times=1)
    await caller.sync(ids, "massTool")
    await until(caller.struck)
    first = stack.pids["worker-bulk"]
    stack.kill("worker-bulk", signal.SIGTERM)

    async def ended() -> bool:
        return not alive(first)

    await until(ended)
    assert await caller.all_done(ids)
    assert await caller.customers("Finished") == 5
    assert "worker_stopped" in (stack.settings.data_dir / "logs" / "worker-bulk.log").read_text()


async def test_a_killed_workers_records_are_finished_by_the_next_exactly_once(stack: Stack, caller: Caller) -> None:
    await stack.ready("worker-bulk")
    ids = await caller.accounts("Once", 5)
    await caller.fault(kind="latency", match="create", seconds=1.5, times=1)
    await caller.sync(ids, "massTool")
    await until(caller.struck)
    stack.kill("worker-bulk")

    async def done() -> bool:
        return await caller.all_done(ids)

    await until(done, 60)
    assert await caller.customers("Once") == 5
