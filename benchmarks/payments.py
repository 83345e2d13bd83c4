"""Payments: how fast they are taken in and posted, what they cost at Intacct, and what a backfill does to them."""

import asyncio
import signal
import time
from datetime import UTC, datetime
from typing import Any

from benchmarks import receivables
from benchmarks.figures import Figure, median, percentile
from benchmarks.installation import Installation, installed, seconds_between
from benchmarks.receivables import Debt, batches, hand_in, hand_in_over, posted

FUNCTION_SECONDS, PLACES = 0.05, 2
SHARE, PER_PAYMENT, BESIDE = 0.90, 1.1, 2.0
SALESFORCE_SECONDS, INTACCT_SECONDS = 0.2, 0.3
WARM_UP, RECORDS = 5, 2
"""Payments before those that are measured; records in Salesforce of each payment, header and line."""
HANDS_BATCHES, HANDS_SINGLE = 4, 16
DAY = 86400.0
NOT_THE_API = ("worker-interactive", "worker-bulk", "salesforce", "intacct")


def intake(*, quick: bool) -> list[Figure]:
    """Payments handed in per second, everything but the API and its queue halted."""
    return asyncio.run(_intake(*((2000, 300) if quick else (20_000, 2000))))


async def _intake(bulk: int, few: int) -> list[Figure]:
    async with installed() as house:
        debts = await receivables.owing(house, "PI", bulk + few)
        for program in NOT_THE_API:
            house.stack.kill(program, signal.SIGSTOP)
        try:
            in_batches = await _rate(house, batches(debts[:bulk]), HANDS_BATCHES)
            one_by_one = await _rate(house, batches(debts[bulk:], 1), HANDS_SINGLE)
        finally:
            for program in NOT_THE_API:
                house.stack.kill(program, signal.SIGCONT)
    return [
        Figure("payments handed in, batches of 200", in_batches, "per second", f"{bulk} over {HANDS_BATCHES} lines"),
        Figure("payments handed in, one by one", one_by_one, "per second", f"{few} over {HANDS_SINGLE} lines"),
    ]


async def _rate(house: Installation, requests: list[Any], hands: int) -> float:
    began = time.perf_counter()
    ids = await hand_in_over(house, requests, hands)
    return len(ids) / (time.perf_counter() - began)


def latency(*, quick: bool) -> list[Figure]:
    """From the request to the payment in Intacct's books, one after another, without the time the vendors take."""
    return asyncio.run(_latency(12 if quick else 60))


async def _latency(count: int) -> list[Figure]:
    async with installed() as house:
        debts = await receivables.owing(house, "PL", WARM_UP + 2 * count)
        await _waits(house, debts[:WARM_UP])
        bare = [1000 * one for one in await _waits(house, debts[WARM_UP : WARM_UP + count])]
        await _take_their_time(house)
        own, vendors = [], []
        for debt in debts[WARM_UP + count :]:
            took, theirs = await _whole(house, debt)
            own.append(1000 * (took - theirs))
            vendors.append(theirs)
    note = f"{count} payments, one after another; the vendors' own share is {median(vendors):.1f} s each"
    return [
        Figure("received to posted, vendors of no time, p50", median(bare), "ms"),
        Figure("received to posted, vendors of no time, p95", percentile(bare, 0.95), "ms", f"{count} payments"),
        Figure("own share, received to the end, p50", median(own), "ms"),
        Figure("own share, received to the end, p95", percentile(own, 0.95), "ms", note),
    ]


async def _whole(house: Installation, debt: Debt) -> tuple[float, float]:
    """Seconds from the request until the operation has ended, written back and all, and those the vendors took."""
    before = await house.meters()
    (payment_id,) = await hand_in(house, [debt], "button")
    found = await posted(house, payment_id)
    operation = await house.ended(found["operationId"])
    after = await house.meters()
    calls = after["salesforce"]["calls"] - before["salesforce"]["calls"]
    requests = after["intacct"]["requests"] - before["intacct"]["requests"]
    theirs = calls * SALESFORCE_SECONDS + requests * INTACCT_SECONDS
    return seconds_between(found["createdAt"], operation["finishedAt"]), theirs


async def _waits(house: Installation, debts: list[Debt]) -> list[float]:
    """Seconds from received to posted of payments for which somebody waits, one after another."""
    waited = []
    for debt in debts:
        (payment_id,) = await hand_in(house, [debt], "button")
        found = await posted(house, payment_id)
        waited.append(seconds_between(found["createdAt"], found["postedAt"]))
        await house.ended(found["operationId"])
    return waited


async def _take_their_time(house: Installation) -> None:
    await house.pace(intacct={"latency_base_s": INTACCT_SECONDS}, salesforce=SALESFORCE_SECONDS)


def limit(*, quick: bool) -> list[Figure]:
    """The share of the physical limit that many payments reach, and the transactions that each of them takes."""
    return asyncio.run(_limit(1000 if quick else 10_000))


async def _limit(count: int) -> list[Figure]:
    async with installed() as house:
        debts = await receivables.owing(house, "PB", count)
        await house.pace(intacct={"latency_function_s": FUNCTION_SECONDS, "latency_base_s": 0.0})
        before, busy, since = await house.meters(), house.processor(), datetime.now(UTC).isoformat()
        await hand_in_over(house, batches(debts), HANDS_BATCHES)
        found = await receivables.all_posted(house, count)
        after, busy_after = await house.meters(), house.processor()
    wall = seconds_between(since, max(one["postedAt"] for one in found))
    first = seconds_between(since, min(one["postedAt"] for one in found))
    spent = {name: after["intacct"][name] - before["intacct"][name] for name in ("functions", "transactions")}
    calls = after["salesforce"]["calls"] - before["salesforce"]["calls"]
    share, writing = (n * FUNCTION_SECONDS / PLACES / wall for n in (spent["functions"], count))
    note = f"{count} payments in {wall:.1f} s, {count / wall:.1f}/s, first after {first:.1f} s; "
    note += f"the writes alone {writing:.3f}"
    each = spent["transactions"] / count
    work = {name: 1000 * (busy_after[name] - busy[name]) / count for name in busy}
    theirs = sum(work.pop(name) for name in ("salesforce", "intacct"))
    taken = f"{', '.join(f'{name} {took:.1f}' for name, took in work.items())}; both simulators {theirs:.1f}"
    return [
        Figure("share of the physical limit, payments", share, "ratio", note, SHARE, "at least"),
        Figure("transactions per payment", each, "transactions", f"{count} payments, balance check", PER_PAYMENT),
        Figure("Salesforce calls per payment", calls / count, "calls"),
        Figure("processor time per payment, ours", sum(work.values()), "ms", taken),
    ]


def beside(*, quick: bool) -> list[Figure]:
    """What a person waits for a payment while many invoices are brought to Salesforce, against an idle house."""
    return asyncio.run(_beside(*((15, 10_000) if quick else (60, 50_000))))


async def _beside(count: int, invoices: int) -> list[Figure]:
    async with installed(poll_seconds=2.0) as house:
        debts = await receivables.owing(house, "PX", WARM_UP + 2 * count)
        await house.shift(-DAY)  # invoices of yesterday: today's would be read again and again, as late ones are
        for start in range(0, invoices, receivables.CHUNK):
            await receivables.billed(house, "PX", range(start, min(start + receivables.CHUNK, invoices)))
        await house.shift(DAY)
        await _take_their_time(house)
        await _waits(house, debts[:WARM_UP])
        idle = await _waits(house, debts[WARM_UP : WARM_UP + count])
        before = await _created(house)
        await house.caller.configure({"invoice": {"enabled": True}})
        await _under_way(house)
        busy = await _waits(house, debts[WARM_UP + count :])
        went = await _created(house) - before - RECORDS * count
    if went >= invoices:
        raise RuntimeError("the backfill ended before the payments did: take more invoices")
    slow, fast = percentile(busy, 0.95), percentile(idle, 0.95)
    note = f"{slow:.2f} s against {fast:.2f} s; {count} payments each; {went} of {invoices} invoices went meanwhile"
    return [
        Figure("interactive payment beside a backfill, p50", median(busy) / median(idle), "ratio"),
        Figure("interactive payment beside a backfill, p95", slow / fast, "ratio", note, BESIDE),
    ]


async def _created(house: Installation) -> int:
    """Records made in Salesforce so far."""
    return int((await house.meters())["salesforce"]["written"].get("created", 0))


async def _under_way(house: Installation) -> None:
    """Wait until the first invoices have come. Raises TimeoutError."""
    before = await _created(house)
    async with asyncio.timeout(300):
        while True:
            if await _created(house) > before:
                return
            await asyncio.sleep(0.5)
