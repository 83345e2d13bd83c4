"""One running installation as the tests of faults see it: a caller's hands, a saboteur's, and a look at both ledgers.

What was really done is read from the simulators alone, never from the product's tables. No test stands here.
"""

import asyncio
import signal
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from app.cli.stack import Stack
from app.config import Settings, load_settings

KEY = "a-key-of-the-process-tests"
QUICK: dict[str, Any] = {"lookup_ladder": (0.2, 0.5, 1.0, 2.0), "lease_seconds": 5.0, "sweep_seconds": 0.5}
PATIENCE = 45.0
"""Seconds until whatever happens by itself must have happened, on a machine that is busy with other things."""


def settings_for(directory: Path) -> Settings:
    """An offline installation in `directory` on free ports, quick to look again at what is unclear."""
    alone = {"mode": "offline", "database_url": None, "redis_url": None}
    ports = {"port": 0, "salesforce_sim_port": 0, "intacct_sim_port": 0}
    return load_settings(data_dir=directory, admin_key=KEY, poll_seconds=3600.0, **alone, **ports, **QUICK)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = PATIENCE) -> None:
    """Wait for something other processes do. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - processes send no event
            await asyncio.sleep(0.03)


class Hands:
    """Calls one API and both control planes."""

    def __init__(self, api: httpx.AsyncClient, salesforce: httpx.AsyncClient, intacct: httpx.AsyncClient) -> None:
        self.api = api
        self.vendors = {"salesforce": salesforce, "intacct": intacct}

    async def accounts(self, number: int) -> list[str]:
        """Put so many new accounts into Salesforce; their ids."""
        mark = uuid4().hex[:8]
        rows = [{"Name": f"Company {mark} {n}", "BillingCity": "Reno"} for n in range(number)]
        answer = await self.vendors["salesforce"].post("/_sim/seed", json={"Account": rows})
        return [row["Id"] for row in answer.raise_for_status().json()["Account"]]

    async def wish(self, ids: Sequence[str], origin: str = "massTool", **more: Any) -> httpx.Response:
        """Ask for accounts; the answer as it came. `wait` goes into the query, anything else into the body."""
        query = {"wait": more.pop("wait", 0)}
        body = {"recordIds": list(ids), "origin": origin, **more}
        return await self.api.post("/v1/sync/account", params=query, json=body)

    async def accepted(self, ids: Sequence[str], origin: str = "massTool") -> str:
        """Ask for accounts under a request id of its own, which is answered; it must be accepted."""
        request_id = uuid4().hex
        answer = await self.wish(ids, origin, requestId=request_id)
        assert answer.is_success, answer.text
        return request_id

    async def finished(self, request_id: str) -> list[dict[str, Any]]:
        """The items of a request, once nothing more happens to any of them by itself."""
        items: list[dict[str, Any]] = []

        async def over() -> bool:
            answer = (await self.api.get(f"/v1/requests/{request_id}")).raise_for_status().json()
            items[:] = answer["items"]
            return bool(answer["finished"])

        await until(over)
        return items

    async def operation(self, operation_id: str) -> dict[str, Any]:
        """An operation with its history."""
        answer = await self.api.get(f"/v1/operations/{operation_id}")
        detail: dict[str, Any] = answer.raise_for_status().json()
        return detail

    async def fault(self, system: str, **fault: Any) -> None:
        """Plan a fault at a vendor."""
        (await self.vendors[system].post("/_sim/faults", json=fault)).raise_for_status()

    async def struck(self, system: str) -> int:
        """How many of the planned faults were met so far."""
        return sum(fault["drawn"] for fault in await self._look(system, "faults"))

    async def calm(self) -> None:
        """Take all faults back."""
        for vendor in self.vendors.values():
            (await vendor.delete("/_sim/faults")).raise_for_status()

    async def creates(self, ids: Sequence[str]) -> Counter[str]:
        """How many creates of a customer Intacct executed, per account."""
        entries = await self._look("intacct", "ledger")
        made = [e["values"].get("SFDC_ID") for e in entries if e["function"] == "create" and e["object"] == "CUSTOMER"]
        return Counter(record_id for record_id in made if record_id in set(ids))

    async def assert_once(self, ids: Sequence[str]) -> None:
        """Every account has exactly one customer, created once, and both sides name each other."""
        assert await self.creates(ids) == Counter(ids)
        customers = [row for row in await self._look("intacct", "records/CUSTOMER") if row["SFDC_ID"] in set(ids)]
        twins = {row["SFDC_ID"]: row["CUSTOMERID"] for row in customers}
        assert len(customers) == len(ids)
        accounts = {row["Id"]: row for row in await self._look("salesforce", "records/Account") if row["Id"] in twins}
        assert {i: accounts[i]["ia_crm__IntacctID__c"] for i in ids} == twins
        assert {accounts[i]["ia_crm__Intacct_Sync_Status__c"] for i in ids} == {"OK"}

    async def log(self) -> list[dict[str, Any]]:
        """Requests Intacct has seen so far."""
        return await self._look("intacct", "log")

    async def _look(self, system: str, what: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = (await self.vendors[system].get(f"/_sim/{what}")).raise_for_status().json()
        return rows


class Installation(Hands):
    """A whole installation whose processes may be hurt."""

    def __init__(self, stack: Stack, *clients: httpx.AsyncClient) -> None:
        super().__init__(*clients)
        self.stack = stack

    async def writing(self, ids: Sequence[str]) -> None:
        """Wait until a create of one of the accounts has arrived at Intacct and is not answered."""

        async def on_the_wire() -> bool:
            open_requests = [entry for entry in await self.log() if entry["answer"] is None]
            texts = [function["xml"] for entry in open_requests for function in entry["functions"]]
            return any("<create>" in text and record_id in text for text in texts for record_id in ids)

        await until(on_the_wire)

    async def gone(self, name: str, pid: int) -> None:
        """Wait until the supervisor has seen a process end and has started another."""

        async def replaced() -> bool:
            return self.stack.pids.get(name) not in (None, pid)

        await until(replaced)

    async def replace(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """End a process by a signal and wait until its successor works."""
        pid = self.stack.pids[name]
        self.stack.kill(name, number)
        await self.gone(name, pid)
        await self.stack.ready(name)

    @asynccontextmanager
    async def paused(self, *names: str) -> AsyncIterator[None]:
        """Stop processes in their tracks for the body, between two of their transactions."""
        for name in names:
            await self.pause(name)
        try:
            yield
        finally:
            for name in names:
                self.stack.kill(name, signal.SIGCONT)

    async def pause(self, name: str) -> None:
        """Stop a process in its tracks, at a moment when it does not hold SQLite's only writing place."""

        async def outside_transactions() -> bool:
            self.stack.kill(name, signal.SIGSTOP)
            if self._writable():
                return True
            self.stack.kill(name, signal.SIGCONT)
            return False

        await until(outside_transactions)

    def _writable(self) -> bool:
        with closing(sqlite3.connect(self.stack.settings.data_dir / "tandem.db", timeout=0.5)) as database:
            try:
                database.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            database.rollback()
            return True


@asynccontextmanager
async def hands(api: str, salesforce: str, intacct: str, key: str = KEY) -> AsyncIterator[Hands]:
    """Hands on an installation that listens at these addresses."""
    async with (
        httpx.AsyncClient(base_url=api, headers={"X-API-Key": key}, timeout=30, trust_env=False) as one,
        httpx.AsyncClient(base_url=salesforce, timeout=30, trust_env=False) as two,
        httpx.AsyncClient(base_url=intacct, timeout=30, trust_env=False) as three,
    ):
        yield Hands(one, two, three)


@asynccontextmanager
async def installed(directory: Path) -> AsyncIterator[Installation]:
    """A running installation."""
    async with (
        Stack(settings_for(directory)) as stack,
        hands(stack.url, stack.salesforce_url, stack.intacct_url) as some,
    ):
        yield Installation(stack, some.api, some.vendors["salesforce"], some.vendors["intacct"])
