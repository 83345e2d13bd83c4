"""A change feed: many changed records of Intacct, read by one process and brought to Salesforce by the workers.

The reading is measured alone, the workers halted, against the real client asking for the same pages and doing nothing
with them; its memory at a tenth of the records, no less than a page, and at all of them. Then the workers go on.
"""

import asyncio
import json
import os
import signal
import sqlite3
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from benchmarks import receivables
from benchmarks.figures import Figure
from benchmarks.installation import LONGEST_WAIT, Installation, installed

CHUNK = PAGE = 2000
FLAT, MARK = 1.25, "F"
"""What the peak of a reading may grow by from a tenth of the records, and no less than a page, to all of them."""
WORKERS = ("worker-interactive", "worker-bulk")
LOOK_SECONDS = 1.0


def departments(*, quick: bool) -> list[Figure]:
    """Rows of a managed list."""
    return asyncio.run(_feed("department", 10_000 if quick else 100_000))


def invoices(*, quick: bool) -> list[Figure]:
    """Invoices that were born in AR."""
    return asyncio.run(_feed("invoice", 10_000 if quick else 100_000))


async def _feed(name: str, count: int) -> list[Figure]:
    small = max(count // 10, PAGE)
    async with installed() as house:
        await receivables.owing(house, MARK, 0)
        await _halt(house)
        await house.caller.configure({name: {"enabled": True}})
        await _seed(house, name, range(small))
        first = await _read(house, "whole", name)
        await _carried(house, small)
        await _halt(house)
        await _seed(house, name, range(small, small + count))
        bare = await _read(house, "bare", name)
        before = await house.meters()
        whole = await _read(house, "whole", name)
        read = await house.meters()
        began = time.monotonic()
        await _carried(house, small + count)
        took = time.monotonic() - began
        after = await house.meters()
    reading = read["intacct"]["transactions"] - before["intacct"]["transactions"]
    transactions, calls = (
        after[who][what] - before[who][what] for who, what in (("intacct", "transactions"), ("salesforce", "calls"))
    )
    speed, bare_speed = whole["rows"] / whole["seconds"], bare["rows"] / bare["seconds"]
    peak = whole["peak"] / first["peak"]
    said = f"{first['peak']:.0f} MiB for {first['rows']:.0f}, {whole['peak']:.0f} for {whole['rows']:.0f}"
    return [
        Figure(f"{name} feed read", speed, "rows/s", f"{whole['rows']:.0f} rows on {whole['pages']:.0f} pages"),
        Figure(f"{name} feed read against the bare client", speed / bare_speed, "ratio", f"{bare_speed:.0f} rows/s"),
        Figure(f"{name} feed, Intacct transactions per page", reading / whole["pages"], "", f"{reading} in all"),
        Figure(f"{name} feed, growth of peak memory", peak, "ratio", said, FLAT),
        Figure(f"{name} brought to Salesforce", count / took, "rows/s", f"{count} in {took:.0f} s, after the reading"),
        Figure(f"{name} brought, Intacct transactions per record", transactions / count, "", f"{transactions} in all"),
        Figure(f"{name} brought, Salesforce calls per record", calls / count, "", f"{calls} in all"),
    ]


async def _seed(house: Installation, name: str, numbers: range) -> None:
    for start in range(numbers.start, numbers.stop, CHUNK):
        part = range(start, min(start + CHUNK, numbers.stop))
        if name == "invoice":
            await receivables.billed(house, MARK, part)
        else:
            rows = [{"DEPARTMENTID": f"D{number:06d}", "TITLE": f"Department {number}"} for number in part]
            await house.caller.seed("intacct", "DEPARTMENT", rows)


async def _read(house: Installation, how: str, name: str) -> dict[str, Any]:
    """One reading in a process of its own. Raises RuntimeError when it fails."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.reading", how, name),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **house.stack.settings.environment()},
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"the {how} reading of {name} failed")
    result: dict[str, Any] = json.loads(said)
    return result


def _signal(house: Installation, number: signal.Signals) -> None:
    for program in WORKERS:
        house.stack.kill(program, number)


async def _halt(house: Installation) -> None:
    """Stop the workers once nothing is open, and not in the middle of a transaction: it would lock all others out."""
    await house.settled([], datetime.now(UTC).isoformat())
    path = house.stack.settings.database.partition(":///")[2]
    while True:
        _signal(house, signal.SIGSTOP)
        with closing(sqlite3.connect(path, timeout=1.0, isolation_level=None)) as database:
            try:
                database.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                _signal(house, signal.SIGCONT)
            else:
                database.execute("ROLLBACK")
                return
        await asyncio.sleep(0.2)


async def _carried(house: Installation, count: int) -> None:
    """Let the workers go on until so many records were made in Salesforce. Raises TimeoutError."""
    _signal(house, signal.SIGCONT)
    async with asyncio.timeout(LONGEST_WAIT):
        while True:
            if (await house.meters())["salesforce"]["written"].get("created", 0) >= count:
                return
            await asyncio.sleep(LOOK_SECONDS)
