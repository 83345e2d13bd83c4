"""`python -m tests.chaos [--payments 2000] [--seed 1]`: processes are hurt while payments are handed in and posted.

API, workers, queue server, both simulators and a database run as processes of their own; every line to the vendors and
to the queue goes through a proxy. At the end Intacct's own cashbook is compared with what the API has accepted. Exit
code 1 when a payment is missing, stands twice, or bears another amount, or when the money equation does not hold.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from app.cli.demo.caller import Caller
from app.cli.stack import Stack
from app.config import Settings
from tests.chaos.proxy import Proxy
from tests.chaos.saboteur import Saboteur, answered
from tests.databases import postgres_server
from tests.process.installation import KEY, settings_for

P = "ia_crm__"
BATCH = 20
HANDS = 4
PATIENCE = 120.0
OPEN = ("received", "posting", "held")


class Besieged(Stack):
    """An installation whose children reach the vendors and the queue through proxies alone."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.proxies = {
            "salesforce": Proxy(lambda: self.settings.salesforce_sim_port),
            "intacct": Proxy(lambda: self.settings.intacct_sim_port),
            "queue": Proxy(lambda: int((self.settings.redis_url or ":0").rsplit(":", 1)[1])),
        }
        self._ports: dict[str, int] = {}

    async def _start(self) -> None:
        self._ports = {name: await proxy.open() for name, proxy in self.proxies.items()}
        await super()._start()

    async def _stop(self) -> None:
        await super()._stop()
        for proxy in self.proxies.values():
            await proxy.close()

    def _environment(self) -> dict[str, str]:
        return {
            **super()._environment(),
            "TANDEM_SALESFORCE_SIM_PORT": str(self._ports["salesforce"]),
            "TANDEM_INTACCT_SIM_PORT": str(self._ports["intacct"]),
            "REDIS_URL": f"redis://127.0.0.1:{self._ports['queue']}",
        }


class Siege:
    """One besieged installation, its clients, and what was handed in and accepted: externalId to amount."""

    def __init__(self, stack: Besieged, api: httpx.AsyncClient, vendors: dict[str, httpx.AsyncClient]) -> None:
        self.stack, self.api, self.vendors = stack, api, vendors
        self.caller = Caller(api, vendors["salesforce"], vendors["intacct"])
        self.accepted: dict[str, Decimal] = {}
        self.ids: dict[str, str] = {}

    async def prepare(self, payments: int) -> list[tuple[str, str]]:
        """Customers with open invoices on both sides; (account, invoice) pairs, one per payment."""
        grant = await self.api.put("/v1/payments/grant", json={"reference": "chaos"})
        grant.raise_for_status()
        await self.caller.configure({"ar_payment": {"enabled": True, "bankAccount": "BOA"}})
        accounts = await self.caller.load([{"Name": f"Customer {number}"} for number in range(40)])
        since = "2000-01-01T00:00:00Z"
        await self.caller.sync(accounts, "chaos")
        customers = await self._customers(accounts, since)
        pairs: list[tuple[str, str]] = []
        for start in range(0, payments, 500):
            owners = [accounts[number % len(accounts)] for number in range(start, min(start + 500, payments))]
            pairs += await self._invoices(owners, customers)
        return pairs

    async def _customers(self, accounts: Sequence[str], since: str) -> dict[str, str]:
        async with asyncio.timeout(PATIENCE):
            while True:
                done = await self.caller.operations(since)
                found = {one["recordId"]: one["intacctId"] for one in done.values() if one["intacctId"]}
                if set(accounts) <= set(found):
                    return found
                await asyncio.sleep(0.5)

    async def _invoices(self, owners: Sequence[str], customers: dict[str, str]) -> list[tuple[str, str]]:
        items = [{"TRX_AMOUNT": "100.00", "AMOUNT": "100.00"}]
        wanted = [
            {"CUSTOMERID": customers[one], "WHENCREATED": "01/10/2026", "CURRENCY": "USD", "ARINVOICEITEMS": items}
            for one in owners
        ]
        twins = await self.caller.seed("intacct", "ARINVOICE", wanted)
        shown = [
            {
                "Name": f"INV-{twin['RECORDNO']}",
                f"{P}AR_Record_Key__c": str(twin["RECORDNO"]),
                f"{P}Account__c": owner,
            }
            for owner, twin in zip(owners, twins, strict=True)
        ]
        made = await self.caller.seed("salesforce", f"{P}Sales_Invoice__c", shown)
        return [(owner, row["Id"]) for owner, row in zip(owners, made, strict=True)]

    async def hand_in(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Hand payments in like callers who repeat a request until it is answered; every third pays twice in part."""
        batches = [list(range(start, min(start + BATCH, len(pairs)))) for start in range(0, len(pairs), BATCH)]
        queue = iter(batches)

        async def one() -> None:
            for numbers in queue:
                await self._hand_in([self._payment(number, *pairs[number]) for number in numbers])

        await asyncio.gather(*(one() for _ in range(HANDS)))

    def _payment(self, number: int, account: str, invoice: str) -> dict[str, Any]:
        amount = f"{1 + number % 99}.{number % 100:02d}"
        return {
            "externalId": f"chaos-{number:06d}",
            "accountId": account,
            "currencyCode": "USD",
            "amount": amount,
            "receivedOn": "2026-02-01",
            "method": "EFT",
            "details": [{"invoiceId": invoice, "amount": amount}],
        }

    async def _hand_in(self, payments: list[dict[str, Any]]) -> None:
        body = {"payments": payments, "origin": "massTool"}
        answer = (await answered(lambda: self.api.post("/v1/payments", json=body), PATIENCE)).raise_for_status()
        for sent, item in zip(payments, answer.json()["items"], strict=True):
            if item["paymentId"] is None:
                raise AssertionError(f"refused: {item}")
            self.accepted[sent["externalId"]] = Decimal(sent["amount"])
            self.ids[sent["externalId"]] = item["paymentId"]

    async def settle(self) -> Counter[str]:
        """Wait until nothing is open; an accountant releases what is held. How many were released, by reason."""
        released: Counter[str] = Counter()
        async with asyncio.timeout(900):
            while True:
                open_ones = [row for state in OPEN for row in await self._page(state)]
                if not open_ones:
                    return released
                for row in open_ones:
                    if row["state"] == "held":
                        released[row["reason"]] += 1
                        await self._release(row["paymentId"])
                await asyncio.sleep(1.0)

    async def _release(self, payment_id: str) -> None:
        path, note = f"/v1/payments/{payment_id}/release", {"note": "looked it up in Intacct"}
        await answered(lambda: self.api.post(path, json=note), PATIENCE)

    async def _page(self, state: str) -> list[dict[str, Any]]:
        answer = await answered(lambda: self.api.get("/v1/payments", params={"state": state, "pageSize": 200}), 60)
        rows: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
        return rows

    async def wrong(self) -> list[str]:
        """Everything in which Intacct and the books are not what was accepted."""
        ledger = (await self.vendors["intacct"].get("/_sim/records/ARPYMT")).raise_for_status().json()
        standing: dict[str, list[Decimal]] = {}
        for row in ledger:
            standing.setdefault(row["DOCNUMBER"], []).append(Decimal(row["TRX_TOTALENTERED"]))
        by_payment = {self.ids[name]: amount for name, amount in self.accepted.items()}
        found = [f"nobody handed in {name}: {amounts}" for name, amounts in standing.items() if name not in by_payment]
        for payment, amount in by_payment.items():
            amounts = standing.get(payment, [])
            if amounts != [amount]:
                found.append(f"payment {payment} of {amount} stands as {amounts}")
        equation = (await self.api.get("/v1/payments/equation")).raise_for_status().json()
        posted = sum(self.accepted.values())
        if not equation["holds"] or [Decimal(one["posted"]) for one in equation["items"]] != [posted]:
            found.append(f"the equation says {equation}, accepted were {posted}")
        if sum((amount for amounts in standing.values() for amount in amounts), Decimal(0)) != posted:
            found.append("the cashbook does not sum up to what was accepted")
        return found


@contextmanager
def database(kind: str) -> Iterator[str | None]:
    """The address of a database for the run; None for the installation's own SQLite file."""
    with ExitStack() as cleanup:
        if kind == "sqlite":
            yield None
            return
        yield cleanup.enter_context(cleanup.enter_context(postgres_server()).database())


@asynccontextmanager
async def besieged(url: str | None) -> AsyncIterator[Siege]:
    """A running installation in a directory that vanishes."""
    async with AsyncExitStack() as cleanup:
        directory = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="tandem-chaos-")))
        settings = settings_for(directory / "data").model_copy(update={"database_url": url})
        stack = await cleanup.enter_async_context(Besieged(settings))
        api, salesforce, intacct = [
            await cleanup.enter_async_context(
                httpx.AsyncClient(base_url=address, headers=headers, timeout=30, trust_env=False)
            )
            for address, headers in (
                (stack.url, {"X-API-Key": KEY}),
                (stack.salesforce_url, {}),
                (stack.intacct_url, {}),
            )
        ]
        yield Siege(stack, api, {"salesforce": salesforce, "intacct": intacct})


async def run(payments: int, seed: int, url: str | None) -> int:
    """One siege; the exit code."""
    async with besieged(url) as siege:
        pairs = await siege.prepare(payments)
        saboteur = Saboteur(siege.stack, siege.stack.proxies, seed, (0.3, 2.0))
        began = time.monotonic()
        hurting = asyncio.create_task(saboteur.work())
        await siege.hand_in(pairs)
        handed = time.monotonic() - began
        await _nearly_done(siege, payments)
        await saboteur.stop()
        await hurting
        for name in siege.stack.pids:
            await siege.stack.ready(name)
        released = await siege.settle()
        wrong = await siege.wrong()
        _report(siege, saboteur, handed, time.monotonic() - began, released, wrong)
    return 1 if wrong else 0


async def _nearly_done(siege: Siege, payments: int) -> None:
    """Go on hurting until most of the payments are posted, or for ten minutes."""
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        ledger = (await siege.vendors["intacct"].get("/_sim/cashbook")).raise_for_status().json()
        if len(ledger["lines"]) >= 0.95 * payments:
            return
        await asyncio.sleep(2.0)


def _report(
    siege: Siege, saboteur: Saboteur, handed: float, took: float, released: Counter[str], wrong: Sequence[str]
) -> None:
    proxies = siege.stack.proxies
    print(f"payments accepted   {len(siege.accepted)} of {sum(siege.accepted.values())} USD in {handed:.0f} s")
    print(f"whole siege         {took:.0f} s")
    for name, count in sorted(saboteur.deeds.items()):
        print(f"  {count:4d}  {name}")
    print(f"lines cut           {sum(proxy.cuts for proxy in proxies.values())}")
    print(f"replies lost        {sum(proxy.lost for proxy in proxies.values())}")
    print(f"processes restarted {dict(sorted(siege.stack.restarts.items()))}")
    print(f"released by hand    {dict(released)}")
    for one in wrong[:20]:
        print(f"WRONG  {one}")
    print("every payment stands in Intacct once, to the cent" if not wrong else f"{len(wrong)} things are wrong")


def main() -> None:
    """Parse, run, exit."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--payments", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("postgres", "sqlite"), default="postgres")
    chosen = parser.parse_args()
    with database(chosen.database) as url:
        code = asyncio.run(run(chosen.payments, chosen.seed, url))
    sys.exit(code)


if __name__ == "__main__":
    main()
