"""A backfill: how near it comes to what Intacct itself can do, and what it costs at both vendors."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from benchmarks.figures import Figure
from benchmarks.installation import Installation, accounts, installed, seconds_between

FUNCTION_SECONDS, PLACES = 0.05, 2
SHARE, PER_WRITE, CALLS = 0.90, 1.05, 0.03
MIXES = (
    ("customers only", {"supplied": False, "addresses": False}),
    ("customers and address contacts, ids supplied", {"supplied": True, "addresses": True}),
    ("customers and address contacts, ids from the sequence", {"supplied": False, "addresses": True}),
)
LINKING = (
    "a contact is named after its customer, so Intacct's number must be known first: "
    "customer, two contacts, then one update that names them"
)


def bulk(*, quick: bool) -> list[Figure]:
    """The share of the physical limit: the time Intacct's functions take on two places, against the wall."""
    count = 1000 if quick else 5000
    return [
        asyncio.run(_bulk(count, "ids from the sequence", supplied=False)),
        asyncio.run(_bulk(count, "ids supplied", supplied=True)),
    ]


async def _bulk(count: int, name: str, *, supplied: bool) -> Figure:
    async with installed() as house:
        ids = await house.caller.load(accounts(count, "B", supplied=supplied, addresses=False))
        await house.pace(intacct={"latency_function_s": FUNCTION_SECONDS, "latency_base_s": 0.0})
        before, since = await house.meters(), datetime.now(UTC).isoformat()
        await house.caller.sync(ids, "bulk")
        done = await house.settled(ids, since)
        after = await house.meters()
    _all(done, ids, "created")
    wall = seconds_between(since, max(one["finishedAt"] for one in done.values()))
    functions = after["intacct"]["functions"] - before["intacct"]["functions"]
    writes = after["intacct"]["records_written"] - before["intacct"]["records_written"]
    share, writing = (n * FUNCTION_SECONDS / PLACES / wall for n in (functions, writes))
    note = f"{count} customers in {wall:.1f} s, {count / wall:.1f}/s; the writes alone {writing:.3f}"
    return Figure(f"share of the physical limit, {name}", share, "ratio", note, SHARE, "at least")


def cost(*, quick: bool) -> list[Figure]:
    """Transactions, calls, and writes of a second run, in three mixes of accounts."""
    return asyncio.run(_cost(200 if quick else 1000))


async def _cost(count: int) -> list[Figure]:
    figures: list[Figure] = []
    calls = accounted = again = 0
    async with installed() as house:
        for number, (name, mix) in enumerate(MIXES):
            ids = await house.caller.load(accounts(count, f"M{number}", **mix))
            made, spent = await _run(house, ids, f"first-{number}", "created")
            calls += spent["salesforce"]["calls"]
            accounted += count
            note = LINKING if mix["addresses"] and not mix["supplied"] else ""
            figures += _transactions(name, made, spent["intacct"], note)
            _, second = await _run(house, ids, f"second-{number}", "unchanged")
            again += second["intacct"]["records_written"] + second["salesforce"]["writes"]
    per_account = calls / accounted
    return [
        *figures,
        Figure("Salesforce calls per account", per_account, "calls", f"{accounted} accounts", CALLS),
        Figure("records written by an unchanged second run", again, "writes", f"{accounted} accounts", 0.0),
    ]


def _transactions(name: str, standing: int, spent: dict[str, Any], note: str) -> list[Figure]:
    spent_on = f"{spent['transactions']} for {spent['records_written']} writes"
    return [
        Figure(
            f"transactions per write, {name}",
            spent["transactions"] / spent["records_written"],
            "transactions",
            spent_on,
            PER_WRITE,
        ),
        Figure(f"transactions per record standing, {name}", spent["transactions"] / standing, "transactions", note),
    ]


async def _run(house: Installation, ids: Sequence[str], run: str, result: str) -> tuple[int, dict[str, Any]]:
    """Sync the accounts; the records that stand in Intacct because of it, and what was spent."""
    before, stood, since = await house.meters(), await _standing(house), datetime.now(UTC).isoformat()
    await house.caller.sync(ids, run)
    _all(await house.settled(ids, since), ids, result)
    after = await house.meters()
    counted = {"intacct": ("transactions", "records_written"), "salesforce": ("calls", "writes")}
    spent = {who: {name: after[who][name] - before[who][name] for name in names} for who, names in counted.items()}
    return await _standing(house) - stood, spent


async def _standing(house: Installation) -> int:
    """Customers and contacts, without the display contact that Intacct makes by itself with each customer."""
    customers = await house.caller.behind("intacct", "CUSTOMER")
    displayed = {customer["DISPLAYCONTACT"]["CONTACTNAME"] for customer in customers}
    contacts = await house.caller.behind("intacct", "CONTACT")
    return len(customers) + sum(contact["CONTACTNAME"] not in displayed for contact in contacts)


def _all(done: dict[str, dict[str, Any]], ids: Sequence[str], result: str) -> None:
    off = [record_id for record_id in ids if done.get(record_id, {}).get("result") != result]
    if off:
        raise RuntimeError(f"{len(off)} of {len(ids)} accounts are not {result}: {done.get(off[0])}")
