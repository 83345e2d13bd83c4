"""What a waiting person feels of us: how soon a worker begins, and what we add to the time the vendors take."""

import asyncio
import time
from datetime import UTC, datetime

from benchmarks.figures import Figure, median, percentile
from benchmarks.installation import Installation, accounts, installed, seconds_between

PER_SECOND = 20.0
PICK_UP_MS = 50.0
OWN_MS = 100.0
WARM_UP = 10
SALESFORCE_SECONDS, INTACCT_SECONDS = 0.2, 0.3
WAIT = 8


def pickup(*, quick: bool) -> list[Figure]:
    """From an operation's `createdAt` to its `startedAt`, at twenty a second, and at two, in a whole installation."""
    return asyncio.run(_pickup(*((100, 20) if quick else (600, 60))))


async def _pickup(count: int, few: int) -> list[Figure]:
    async with installed() as house:
        ids = await house.caller.load(accounts(WARM_UP + few + count, "P", supplied=False, addresses=False))
        for record_id in ids[:WARM_UP]:
            await _sync(house, record_id, wait=WAIT)
        return [
            *await _waited(house, ids[WARM_UP : WARM_UP + few], PER_SECOND / 10, None),
            *await _waited(house, ids[WARM_UP + few :], PER_SECOND, PICK_UP_MS),
        ]


async def _waited(house: Installation, ids: list[str], per_second: float, target: float | None) -> list[Figure]:
    since, loop = datetime.now(UTC).isoformat(), asyncio.get_running_loop()
    started, asked = loop.time(), []
    for number, record_id in enumerate(ids):
        await asyncio.sleep(max(0.0, started + number / per_second - loop.time()))
        asked.append(asyncio.create_task(_sync(house, record_id, wait=0)))
    await asyncio.gather(*asked)
    done = await house.settled(ids, since)
    waited = [1000 * seconds_between(one["createdAt"], one["startedAt"]) for one in done.values()]
    took = [1000 * seconds_between(one["createdAt"], one["finishedAt"]) for one in done.values()]
    note = f"{len(waited)} wishes; at most {max(waited):.0f} ms; "
    note += f"to the end p95 {percentile(took, 0.95):.0f} ms with vendors that take no time"
    name = f"accept to worker start at {per_second:g}/s"
    return [
        Figure(f"{name}, p50", median(waited), "ms"),
        Figure(f"{name}, p95", percentile(waited, 0.95), "ms", note, target),
    ]


def overhead(*, quick: bool) -> list[Figure]:
    """Wall time of `POST ...?wait=8` less the simulated time of the calls it made, one record after another."""
    return asyncio.run(_overhead(12 if quick else 60))


async def _overhead(count: int) -> list[Figure]:
    async with installed() as house:
        ids = await house.caller.load(accounts(count + WARM_UP, "O", supplied=False, addresses=False))
        for record_id in ids[:WARM_UP]:
            await _sync(house, record_id, wait=WAIT)
        await house.pace(intacct={"latency_base_s": INTACCT_SECONDS}, salesforce=SALESFORCE_SECONDS)
        own, vendors = [], []
        for record_id in ids[WARM_UP:]:
            before = await house.meters()
            began = time.perf_counter()
            await _sync(house, record_id, wait=WAIT)
            took = time.perf_counter() - began
            after = await house.meters()
            calls = after["salesforce"]["calls"] - before["salesforce"]["calls"]
            requests = after["intacct"]["requests"] - before["intacct"]["requests"]
            vendors.append(calls * SALESFORCE_SECONDS + requests * INTACCT_SECONDS)
            own.append(1000 * (took - vendors[-1]))
    note = f"{count} new customers, one after another; the vendors' own share is {median(vendors):.1f} s each"
    return [
        Figure("own share of an interactive sync, p50", median(own), "ms"),
        Figure("own share of an interactive sync, p95", percentile(own, 0.95), "ms", note, OWN_MS),
    ]


async def _sync(house: Installation, record_id: str, wait: int) -> None:
    answer = await house.api.post(f"/v1/sync/account/{record_id}", params={"wait": wait}, json={"origin": "button"})
    answer.raise_for_status()
    if wait and answer.json()["result"] not in ("created", "updated", "unchanged"):
        raise RuntimeError(f"the sync did not succeed in time: {answer.json()}")
