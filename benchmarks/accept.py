"""How much of a bare endpoint's speed is left when a wish is checked, stored once, and a worker is woken for it.

The product's API with its queue, its workers halted; the bare twin with one row by the same engine. Both are up during
the whole run and are loaded in turns: product, bare, product, bare.
"""

import asyncio
import json
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from app.cli.children import Child, Program
from app.cli.valkey import free_port
from benchmarks.figures import Figure, median, spread
from benchmarks.installation import Installation, installed
from tests import databases

CONNECTIONS = 32
WARM_UP = 300
TARGET = 0.6
WORKERS = ("worker-interactive", "worker-bulk", "salesforce", "intacct")
ACCEPTED = "202"


def measure(*, quick: bool) -> list[Figure]:
    """The ratio on SQLite, and on PostgreSQL where there is one."""
    rounds, count = (3, 600) if quick else (7, 1500)
    with tempfile.TemporaryDirectory(prefix="tandem-bench-") as directory:
        figures = asyncio.run(
            _compare("SQLite", None, databases.sqlite_url(Path(directory) / "bare.db"), rounds, count)
        )
    reason = databases.why_no_postgres()
    if reason:
        return [*figures, Figure("accept, PostgreSQL", float("nan"), "", f"not measured: {reason}")]
    with databases.postgres_server() as server, server.database() as ours, server.database(empty=True) as theirs:
        return figures + asyncio.run(_compare("PostgreSQL", ours, theirs, rounds, count))


async def _compare(name: str, ours: str | None, theirs: str, rounds: int, count: int) -> list[Figure]:
    async with installed(ours) as house, _bare(theirs) as bare_port:
        for program in WORKERS:  # what they take of the machine is not the API's
            house.stack.kill(program, signal.SIGSTOP)
        try:
            product, bare = await _rounds(house, bare_port, rounds, count)
        finally:
            for program in WORKERS:
                house.stack.kill(program, signal.SIGCONT)
    ratios = [one["per_second"] / other["per_second"] for one, other in zip(product, bare, strict=True)]
    said = f"{spread(ratios)}; {_speed(product)} against {_speed(bare)}"
    return [Figure(f"accept against a bare insert, {name}", median(ratios), "ratio", said, TARGET, "at least")]


async def _rounds(
    house: Installation, bare_port: int, rounds: int, count: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    port, first = house.stack.settings.port, 0
    product, bare = [], []
    for warm_port in (port, bare_port):
        await _load(warm_port, house.key, WARM_UP, first)
    first += WARM_UP
    for _ in range(rounds):
        product.append(await _load(port, house.key, count, first))
        bare.append(await _load(bare_port, house.key, count, first))
        first += count
    return product, bare


async def _load(port: int, key: str, count: int, first: int) -> dict[str, Any]:
    numbers = map(str, (port, key, CONNECTIONS, count, first))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.load", *numbers), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    result: dict[str, Any] = json.loads(said)
    if set(result["statuses"]) != {ACCEPTED}:
        raise RuntimeError(f"not everything was accepted: {result['statuses']}")
    return result


def _speed(results: list[dict[str, Any]]) -> str:
    per_second, p99 = (median([one[name] for one in results]) for name in ("per_second", "p99_ms"))
    return f"{per_second:.0f}/s (p99 {p99:.0f} ms)"


@asynccontextmanager
async def _bare(url: str) -> AsyncIterator[int]:
    port = free_port()

    async def ready() -> bool:
        async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
            try:
                return (await client.get(f"http://127.0.0.1:{port}/health")).is_success
            except httpx.HTTPError:
                return False

    with tempfile.TemporaryDirectory(prefix="tandem-bench-") as directory:
        program = Program("bare", (sys.executable, "-m", "benchmarks.bare", url, str(port)), ready)
        child = Child(program, Path(directory) / "bare.log", lambda said: None)
        try:
            await child.start()
            await child.ready()
            yield port
        finally:
            await child.stop()
