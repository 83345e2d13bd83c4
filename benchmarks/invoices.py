"""The invoices of a company that has many: all of them brought to Salesforce, and what memory that takes."""

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure
from benchmarks.installation import Installation, accounts, installed

ACCOUNTS, CHUNK, DAY = 50, 2000, 86400.0
GROWTH = 64.0
"""What the working process may grow by, in MiB, from the first tenth of the load to its end."""
LONGEST_WAIT = 4 * 3600.0


def load(*, quick: bool) -> list[Figure]:
    """The first load, page by page: invoices per second, and growth of the process that carries them."""
    return asyncio.run(_load(5_000 if quick else 100_000))


async def _load(count: int) -> list[Figure]:
    async with installed(poll_seconds=2.0) as house:
        ids = await house.caller.load(accounts(ACCOUNTS, "I", supplied=True, addresses=False))
        since = datetime.now(UTC).isoformat()
        await house.caller.sync(ids, "customers")
        await house.settled(ids, since)
        await house.shift(-DAY)  # invoices of yesterday: today's would be read again and again, as late ones are
        for start in range(0, count, CHUNK):
            await _seed(house, range(start, min(start + CHUNK, count)))
        await house.shift(DAY)
        before = await house.meters()
        began = time.monotonic()
        await house.caller.configure({"invoice": {"enabled": True}})
        samples = await _watch(house, count, began)
        after = await house.meters()
    wall = samples[-1][0]
    transactions = after["intacct"]["transactions"] - before["intacct"]["transactions"]
    settled = [sizes for _, done, sizes in samples if done >= count / 10]
    grown = {name: max(one[name] for one in settled) - settled[0][name] for name in settled[0]}
    name, worst = max(grown.items(), key=lambda pair: pair[1])
    highest = max(size for _, _, sizes in samples for size in sizes.values())
    note = f"{count} invoices, half of them of Order Entry, in {wall:.0f} s"
    return [
        Figure("invoices brought to Salesforce", count / wall, "per second", note),
        Figure("growth from the first tenth on", worst, "MiB", f"{name}; the largest had {highest:.0f}", GROWTH),
        Figure("transactions per invoice", transactions / count, "", f"{transactions} in all"),
    ]


async def _seed(house: Installation, numbers: range) -> None:
    """Invoices in Intacct; every second one has its document."""
    invoices, documents = [], []
    for number in numbers:
        customer = f"I{number % ACCOUNTS:05d}"
        row: dict[str, Any] = {
            "RECORDNO": str(number + 1),
            "RECORDID": f"SI{number:07d}",
            "CUSTOMERID": customer,
            "WHENCREATED": "01/10/2026",
            "WHENDUE": "02/09/2026",
            "CURRENCY": "USD",
            "TOTALENTERED": f"{number % 977 + 1}.50",
        }
        if number % 2:
            row["MODULEKEY"] = "8.SO"
            head = {"DOCID": f"Sales Invoice-SI{number:07d}", "DOCPARID": "Sales Invoice", "CUSTVENDID": customer}
            documents.append({**head, "WHENCREATED": "01/10/2026", "PRRECORDKEY": str(number + 1)})
        invoices.append(row)
    body = {"ARINVOICE": invoices, "SODOCUMENT": documents}
    (await house.intacct.post("/_sim/seed", json=body)).raise_for_status()


async def _watch(house: Installation, count: int, began: float) -> list[tuple[float, int, Mapping[str, float]]]:
    """Seconds, invoices in Salesforce and MiB of our processes, until all are there. Raises TimeoutError."""
    samples: list[tuple[float, int, Mapping[str, float]]] = []
    while time.monotonic() - began < LONGEST_WAIT:
        done = (await house.meters())["salesforce"]["written"].get("created", 0)
        ours = {name: pid for name, pid in house.stack.pids.items() if name.startswith(("api", "worker"))}
        samples.append((time.monotonic() - began, done, {name: _resident(pid) for name, pid in ours.items()}))
        if done >= count:
            return samples
        await asyncio.sleep(2)
    raise TimeoutError(f"{samples[-1][1]} of {count} invoices arrived")


def _resident(pid: int) -> float:
    """Resident memory of a process and its children, in MiB."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return 0.0
    own = next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0) / 1024
    return own + sum(_resident(int(child)) for child in children)
