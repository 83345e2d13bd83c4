"""The course of the demo: load, sync, wait, compare, sync again, compare, and say how it went."""

import asyncio
import shutil
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from app.cli.children import Announce
from app.cli.demo.accounts import SAMPLE, SPOILT, load
from app.cli.demo.caller import Caller, count_by, difference
from app.cli.demo.cash import Walk, walk
from app.cli.demo.checks import wrong_accounts
from app.cli.demo.tour import Tour, travel
from app.cli.stack import Stack
from app.config import Settings

LONGEST_WAIT = 1800.0
OPEN = ("queued", "running", "waiting")


@dataclass(slots=True)
class Figures:
    """What the demo found. `right` counts accounts that stand in Intacct exactly once and as they should."""

    accounts: int = 0
    right: int = 0
    customers_created: int = 0
    contacts_created: int = 0
    unchanged_on_second_run: int = 0
    written_on_second_run: int = 0
    failed_with_reason: int = 0
    transactions_per_account: float = 0.0
    transactions_per_record_write: float = 0.0
    salesforce_calls_per_account: float = 0.0
    seconds: float = 0.0
    seconds_second_run: float = 0.0
    unknown_columns: list[str] = field(default_factory=list)
    wrong: dict[str, str] = field(default_factory=dict)

    def problems(self) -> list[str]:
        """Every number that is off, in words; empty when the demo succeeded."""
        must = {
            f"{self.right} of {self.accounts} accounts are right": self.right == self.accounts,
            f"{self.customers_created} customers for {self.accounts} accounts": self.customers_created == self.accounts,
            f"{self.unchanged_on_second_run} unchanged on the second run": self.unchanged_on_second_run
            == self.accounts,
            f"{self.written_on_second_run} records written on the second run": self.written_on_second_run == 0,
            f"{self.failed_with_reason} spoilt accounts failed with a reason": self.failed_with_reason == 1,
        }
        return [said for said, holds in must.items() if not holds] + [f"{k}: {v}" for k, v in self.wrong.items()]


@dataclass(frozen=True, slots=True)
class Story:
    """The figures, the tour of all objects, the way of payments, an error log of one account, a history of another."""

    figures: Figures
    tour: Tour
    cash: Walk
    errors: list[dict[str, Any]]
    history: dict[str, Any]


async def play(settings: Settings, path: Path | None, announce: Announce) -> Story:
    """Run the demo in an installation of its own. Raises AccountsError for a file that cannot be used."""
    directory = settings.data_dir / "demo"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True, mode=0o700)
    alone = {"database_url": None, "redis_url": None, "port": 0, "salesforce_sim_port": 0, "intacct_sim_port": 0}
    own = settings.model_copy(update={**alone, "data_dir": directory, "poll_seconds": 5.0})
    async with AsyncExitStack() as cleanup:
        stack = await cleanup.enter_async_context(Stack(own, announce))
        key = {"X-API-Key": stack.admin_key or ""}
        clients = [
            await cleanup.enter_async_context(
                httpx.AsyncClient(base_url=url, headers=headers, timeout=60, trust_env=False)
            )
            for url, headers in ((stack.url, key), (stack.salesforce_url, {}), (stack.intacct_url, {}))
        ]
        return await _course(Caller(*clients), path or SAMPLE, announce)


async def _course(caller: Caller, path: Path, announce: Announce) -> Story:
    given = load(path, await caller.account_fields())
    figures = Figures(accounts=len(given.records), unknown_columns=given.unknown)
    if given.unknown:
        announce(f"Columns that Account does not have, left out: {', '.join(given.unknown)}")
    ids = await caller.load(given.records)
    (spoilt,) = await caller.load([SPOILT])
    announce(f"{len(ids)} accounts are in Salesforce, and one that Intacct must refuse. Syncing ...")
    contacts_before = len(await caller.behind("intacct", "CONTACT"))
    before = await caller.meters()
    first, figures.seconds = await _sync(caller, [*ids, spoilt], "first", announce)
    spent = difference(before, await caller.meters())
    good = {record_id: first[record_id] for record_id in ids}
    figures.customers_created = count_by(good.values(), "result").get("created", 0)
    figures.failed_with_reason = int(first[spoilt]["result"] == "failed" and bool(await caller.errors(spoilt)))
    figures.transactions_per_account = spent["transactions"] / (len(ids) + 1)
    figures.transactions_per_record_write = spent["transactions"] / max(1, spent["intacct_writes"])
    figures.salesforce_calls_per_account = spent["calls"] / (len(ids) + 1)
    await _compare(caller, ids, contacts_before, figures)
    announce("Syncing the same accounts again ...")
    before = await caller.meters()
    second, figures.seconds_second_run = await _sync(caller, ids, "second", announce)
    spent = difference(before, await caller.meters())
    figures.unchanged_on_second_run = count_by(second.values(), "result").get("unchanged", 0)
    figures.written_on_second_run = spent["intacct_writes"] + spent["salesforce_writes"]
    errors, history = await caller.errors(spoilt), await caller.record(ids[0])
    announce("Every other object, in each direction it may travel ...")
    tour = await travel(caller, announce)
    announce("From an opportunity to the cash ...")
    cash = await walk(caller, ids[0], str(first[ids[0]]["intacctId"]), announce)
    return Story(figures, tour, cash, errors, history)


async def _compare(caller: Caller, ids: list[str], contacts_before: int, figures: Figures) -> None:
    customers, contacts = await caller.behind("intacct", "CUSTOMER"), await caller.behind("intacct", "CONTACT")
    figures.wrong = wrong_accounts(ids, await caller.behind("salesforce", "Account"), customers, contacts)
    figures.right = len(ids) - len(figures.wrong)
    displayed = {customer["DISPLAYCONTACT"]["CONTACTNAME"] for customer in customers}
    made = [contact for contact in contacts if contact["CONTACTNAME"] not in displayed]
    figures.contacts_created = len(made) - contacts_before


async def _sync(
    caller: Caller, ids: list[str], run: str, announce: Announce
) -> tuple[dict[str, dict[str, Any]], float]:
    """Ask for the accounts and wait until every operation is over; operations by Salesforce id, and the seconds."""
    # a wish may join an operation that a feed began a moment ago
    since, started = (datetime.now(UTC) - timedelta(minutes=5)).isoformat(), time.monotonic()
    asked = set(await caller.sync(ids, run))
    told = started
    while True:
        found = await caller.operations(since)
        left = [one for one in asked if found.get(one, {"state": "queued"})["state"] in OPEN]
        if not left:
            return {found[one]["recordId"]: found[one] for one in asked}, time.monotonic() - started
        if time.monotonic() - started > LONGEST_WAIT:
            raise TimeoutError(f"{len(left)} operations did not end within {LONGEST_WAIT:.0f} s")
        if time.monotonic() - told > 5:
            told = time.monotonic()
            announce(f"  {len(asked) - len(left)} of {len(asked)} done")
        await asyncio.sleep(min(1.0, 0.1 + len(left) / 1000))
