"""Customers with open invoices on both sides, and payments of them by the public API. Measures nothing."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from benchmarks.installation import LONGEST_WAIT, Installation, accounts

CUSTOMERS = 40
CHUNK, BATCH = 1000, 200
OPEN = ("received", "posting")
AMOUNT = "25.00"
INTERVAL = 0.02
"""Seconds between two looks at one payment."""


@dataclass(frozen=True, slots=True)
class Debt:
    """An open invoice, by Salesforce ids, and who owes it."""

    account: str
    invoice: str


async def owing(house: Installation, mark: str, count: int) -> list[Debt]:
    """Grant payments, and make so many open invoices known to both sides, of customers named by `mark`."""
    await house.caller.grant("benchmark")
    await house.caller.configure({"ar_payment": {"enabled": True, "bankAccount": "BOA"}})
    ids = await house.caller.load(accounts(CUSTOMERS, mark, supplied=True, addresses=False))
    since = datetime.now(UTC).isoformat()
    await house.caller.sync(ids, f"customers-{mark}")
    await house.settled(ids, since)
    debts: list[Debt] = []
    for start in range(0, count, CHUNK):
        debts += await _known(house, mark, ids, range(start, min(start + CHUNK, count)))
    return debts


async def billed(house: Installation, mark: str, numbers: range) -> list[str]:
    """So many open invoices in Intacct alone, of the customers named by `mark`; their record numbers."""
    items = [{"TRX_AMOUNT": "100.00", "AMOUNT": "100.00"}]
    common = {"WHENCREATED": "01/10/2026", "CURRENCY": "USD", "ARINVOICEITEMS": items}
    wanted = [{"CUSTOMERID": f"{mark}{number % CUSTOMERS:05d}", **common} for number in numbers]
    return [str(made["RECORDNO"]) for made in await house.caller.seed("intacct", "ARINVOICE", wanted)]


async def _known(house: Installation, mark: str, ids: Sequence[str], numbers: range) -> list[Debt]:
    """Open invoices on both sides."""
    owners = [ids[number % CUSTOMERS] for number in numbers]
    shown = [
        {
            "Name": f"INV-{key}",
            "ia_crm__AR_Record_Key__c": key,
            "ia_crm__Document_Key__c": key,
            "ia_crm__Account__c": owner,
        }
        for owner, key in zip(owners, await billed(house, mark, numbers), strict=True)
    ]
    made = await house.caller.seed("salesforce", "ia_crm__Sales_Invoice__c", shown)
    return [Debt(owner, row["Id"]) for owner, row in zip(owners, made, strict=True)]


def payment(debt: Debt) -> dict[str, Any]:
    """A part payment of one invoice, as it is handed in."""
    return {
        "externalId": f"bench-{debt.invoice}",
        "accountId": debt.account,
        "currencyCode": "USD",
        "amount": AMOUNT,
        "receivedOn": "2026-02-01",
        "method": "EFT",
        "details": [{"invoiceId": debt.invoice, "amount": AMOUNT}],
    }


async def hand_in(house: Installation, debts: Sequence[Debt], origin: str) -> list[str]:
    """Hand in one request of payments; their ids. Raises RuntimeError when one is refused."""
    body = {"payments": [payment(debt) for debt in debts], "origin": origin}
    answer = (await house.api.post("/v1/payments", json=body)).raise_for_status().json()
    if answer["refused"]:
        raise RuntimeError(f"{answer['refused']} payments were refused: {answer['items'][0]}")
    return [str(item["paymentId"]) for item in answer["items"]]


async def hand_in_over(house: Installation, requests: Iterable[Sequence[Debt]], hands: int) -> list[str]:
    """Hand in many requests of the mass tool over so many connections at a time; the ids."""
    queue, ids = iter(requests), list[str]()

    async def one() -> None:
        for debts in queue:
            ids.extend(await hand_in(house, debts, "massTool"))

    await asyncio.gather(*(one() for _ in range(hands)))
    return ids


def batches(debts: Sequence[Debt], size: int = BATCH) -> list[Sequence[Debt]]:
    """Payments cut into requests."""
    return [debts[start : start + size] for start in range(0, len(debts), size)]


async def posted(house: Installation, payment_id: str) -> dict[str, Any]:
    """Wait until one payment is posted; the payment. Raises RuntimeError when it ends otherwise, and TimeoutError."""
    async with asyncio.timeout(120):
        while True:
            found: dict[str, Any] = (await house.api.get(f"/v1/payments/{payment_id}")).raise_for_status().json()
            if found["state"] == "posted":
                return found
            if found["state"] not in OPEN:
                raise RuntimeError(f"the payment was not posted: {found}")
            await asyncio.sleep(INTERVAL)


async def all_posted(house: Installation, count: int) -> list[dict[str, Any]]:
    """Wait until no payment is open; all of them. Raises TimeoutError, and RuntimeError unless so many are posted."""
    deadline = time.monotonic() + LONGEST_WAIT
    while await _any_open(house):
        if time.monotonic() > deadline:
            raise TimeoutError("the payments were not posted")
        await asyncio.sleep(0.5)
    found: list[dict[str, Any]] = []
    query: dict[str, Any] = {"pageSize": BATCH}
    while True:
        page = (await house.api.get("/v1/payments", params=query)).raise_for_status().json()
        found += page["items"]
        if not page["nextCursor"]:
            break
        query["cursor"] = page["nextCursor"]
    off = [one for one in found if one["state"] != "posted"]
    if off or len(found) != count:
        raise RuntimeError(f"{len(found) - len(off)} of {count} payments are posted: {off[:1]}")
    return found


async def _any_open(house: Installation) -> bool:
    for state in OPEN:
        answer = await house.api.get("/v1/payments", params={"state": state, "pageSize": 1})
        if answer.raise_for_status().json()["items"]:
            return True
    return False
