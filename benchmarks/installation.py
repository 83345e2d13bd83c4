"""An installation of its own for one benchmark: API, workers, queue, database, both simulators, as `tandem up` runs it.

Thrown away at the end. Knows how to ask and to wait; measures nothing.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from app.cli.demo.caller import Caller
from app.cli.stack import Stack
from app.config import Settings

OPEN = ("queued", "running", "waiting")
LONGEST_WAIT = 1800.0


@dataclass(frozen=True, slots=True)
class Installation:
    """A running installation and ways to talk to it."""

    stack: Stack
    caller: Caller
    api: httpx.AsyncClient
    salesforce: httpx.AsyncClient
    intacct: httpx.AsyncClient

    @property
    def key(self) -> str:
        """The admin key."""
        return self.stack.admin_key or ""

    async def pace(self, *, intacct: Mapping[str, Any] | None = None, salesforce: float = 0.0) -> None:
        """Let the simulators take their time: Intacct's knobs, and seconds per call for Salesforce."""
        (await self.intacct.post("/_sim/knobs", json=dict(intacct or {}))).raise_for_status()
        knobs = {"latency": [salesforce, 0.0, 0.0]}
        (await self.salesforce.post("/_sim/knobs", json=knobs)).raise_for_status()

    async def shift(self, seconds: float) -> None:
        """Move Intacct's clock."""
        (await self.intacct.post("/_sim/clock", json={"advance": seconds})).raise_for_status()

    async def meters(self) -> dict[str, Any]:
        """Both simulators' counters: `intacct` and `salesforce`."""
        return {
            "intacct": (await self.intacct.get("/_sim/meters")).json(),
            "salesforce": (await self.salesforce.get("/_sim/meters")).json(),
        }

    def processor(self) -> dict[str, float]:
        """Processor seconds that each process has taken so far, by name."""
        return {name: _processor(pid) for name, pid in self.stack.pids.items()}

    async def settled(self, ids: Sequence[str], since: str) -> dict[str, dict[str, Any]]:
        """Wait until nothing is open any more; the operations of the records, by id. Raises TimeoutError."""
        deadline = time.monotonic() + LONGEST_WAIT
        while await self._open():
            if time.monotonic() > deadline:
                raise TimeoutError("the operations did not end")
            await asyncio.sleep(0.5)
        found = await self.caller.operations(since)
        wanted = set(ids)
        return {one["recordId"]: one for one in found.values() if one["recordId"] in wanted}

    async def ended(self, operation_id: str) -> dict[str, Any]:
        """Wait until one operation has ended; the operation. Raises TimeoutError."""
        async with asyncio.timeout(120):
            while True:
                answer = await self.api.get(f"/v1/operations/{operation_id}")
                found: dict[str, Any] = answer.raise_for_status().json()
                if found["state"] not in OPEN:
                    return found
                await asyncio.sleep(0.02)

    async def _open(self) -> bool:
        for state in OPEN:
            answer = await self.api.get("/v1/operations", params={"state": state, "pageSize": 1})
            answer.raise_for_status()
            if answer.json()["items"]:
                return True
        return False


@asynccontextmanager
async def installed(database_url: str | None = None, poll_seconds: float = 3600.0) -> AsyncIterator[Installation]:
    """A fresh installation on free ports, as a rule without the polling of changes, in a directory that vanishes."""
    async with AsyncExitStack() as cleanup:
        directory = cleanup.enter_context(tempfile.TemporaryDirectory(prefix="tandem-bench-"))
        settings = Settings().model_copy(
            update={
                "mode": None,
                "redis_url": None,
                "database_url": database_url,
                "port": 0,
                "salesforce_sim_port": 0,
                "intacct_sim_port": 0,
                "data_dir": Path(directory),
                "poll_seconds": poll_seconds,
                "log_level": "warning",
            }
        )
        stack = await cleanup.enter_async_context(Stack(settings))
        key = {"X-API-Key": stack.admin_key or ""}
        api, salesforce, intacct = [
            await cleanup.enter_async_context(
                httpx.AsyncClient(base_url=url, headers=headers, timeout=120, trust_env=False)
            )
            for url, headers in ((stack.url, key), (stack.salesforce_url, {}), (stack.intacct_url, {}))
        ]
        yield Installation(stack, Caller(api, salesforce, intacct), api, salesforce, intacct)


def _processor(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def seconds_between(began: str, ended: str) -> float:
    """Between two times as the API writes them."""
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds()


def accounts(count: int, mark: str, *, supplied: bool, addresses: bool) -> list[dict[str, Any]]:
    """Accounts with names of their own; with ids and addresses when asked for."""
    made = []
    for number in range(count):
        record: dict[str, Any] = {"Name": f"{mark} {number:05d} Ltd", "Phone": f"555-{number:05d}"}
        if supplied:
            record["ia_crm__IntacctID__c"] = f"{mark}{number:05d}"
        if addresses:
            for role in ("Billing", "Shipping"):
                record |= {f"{role}Street": f"{number} Main St", f"{role}City": "Reno", f"{role}Country": "US"}
        made.append(record)
    return made
