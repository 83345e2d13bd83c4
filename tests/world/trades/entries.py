"""Journal entries: written by hand in Salesforce, and built from paid gifts. Money: once, balanced, to the cent.

What stays unclear is held; after the calm a person decides that it be looked up and sent. Keeps the truth: what each
entry must come to.
"""

import asyncio
import random
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar

from app.domain.building import JournalMapping, Row
from app.domain.errors import SyncError
from app.services import building, journal_mappings, operations, orgs
from app.services.context import Context
from app.simulators.salesforce.flags import OrgFlags
from tests.world.people import People
from tests.world.place import CONNECTION, World
from tests.world.subjects import ACCOUNTS, ENTRY, JOURNALS, LINE, P

NAME = "Payments"
SELECTED = {"enabled": True, "selection": ["*"]}


class Bookkeeping:
    """Somebody who writes entries, and somebody who has gifts booked."""

    flags: ClassVar[OrgFlags | None] = OrgFlags(kind="npsp")

    def __init__(self, world: World, people: People, rng: random.Random) -> None:
        self.world, self.people, self.rng = world, people, rng
        self.written: dict[str, Decimal] = {}
        self.gifts: dict[str, Decimal] = {}
        self._builds = 0

    @staticmethod
    def practised(seed: int) -> bool:
        """See `Trade`."""
        return seed % 8 == 3

    @staticmethod
    def options(seed: int) -> Mapping[str, Any]:
        """See `Trade`."""
        return {"journal_entry": {"enabled": True}, "gl_account": SELECTED, "gl_journal": SELECTED}

    def settle_in(self) -> None:
        """Accounts and journals that both sides have; the first entry and the first gift."""
        self.accounts = [ACCOUNTS.value(self.world, number) for number in ("1000", "4000", "4100")]
        self.journal = JOURNALS.value(self.world, "GJ")
        self._write()
        self._give()

    def _seed(self, kind: str, **values: Any) -> str:
        return str(self.world.salesforce.state.seed({kind: [values]})[kind][0]["Id"])

    def _write(self) -> str:
        """An entry of one debit and one or two credited."""
        cents = [self.rng.randint(1, 99_999) for _ in range(self.rng.choice((1, 2)))]
        amounts = [Decimal(n) / 100 for n in cents]
        head = {f"{P}Intacct_Journal__c": self.journal, f"{P}Date__c": "2026-03-01", f"{P}Description__c": "By hand"}
        entry = self._seed(ENTRY, **head)
        lines = [("Debit", sum(amounts, Decimal(0))), *(("Credit", amount) for amount in amounts)]
        for account, (side, amount) in zip(self.accounts, lines, strict=False):
            line = {f"{P}Intacct_Account__c": account, f"{P}Debit_Credit__c": side, f"{P}Amount__c": float(amount)}
            self._seed(LINE, **{ENTRY: entry}, **line)
        self.written[entry] = lines[0][1]
        return entry

    def _give(self) -> str:
        """A gift with paid payments."""
        gift = self._seed("Opportunity", Name="Gift", StageName="Closed Won", CloseDate="2026-03-01")
        self.gifts[gift] = Decimal(0)
        for _ in range(self.rng.randint(1, 3)):
            amount = Decimal(self.rng.randint(1, 99_999)) / 100
            self.gifts[gift] += amount
            paid = {"npe01__Opportunity__c": gift, "npe01__Paid__c": True, "npe01__Payment_Date__c": "2026-03-01"}
            self._seed("npe01__OppPayment__c", **paid, npe01__Payment_Amount__c=float(amount))
        return gift

    # --- the busy time ----------------------------------------------------------------------------------------------

    async def live(self) -> None:
        """Write, have built, ask again; whatever of it at random moments."""
        plan = self.people.scenario
        asked: list[asyncio.Task[None]] = []
        for moment in sorted(self.rng.uniform(0.0, plan.active) for _ in range(plan.actions // 2)):
            await asyncio.sleep(max(0.0, moment - self.world.loop.time()))
            act = self.rng.choice((self._enter, self._ask, self._book, self._book))
            asked.append(asyncio.ensure_future(act()))
        await asyncio.gather(*asked)

    async def _enter(self) -> None:
        await self.people.request("journal_entry", [self._write()], "flow")

    async def _ask(self) -> None:
        entry = self.rng.choice(sorted(self.written))
        await self.people.request("journal_entry", [entry], self.rng.choice(("button", "massTool")))

    async def _book(self) -> None:
        gift = self._give() if self.rng.random() < 0.4 else self.rng.choice(sorted(self.gifts))
        await self._build([gift])

    async def _build(self, gifts: list[str]) -> None:
        """Have gifts booked, in a process of its own that may meet any trouble."""
        self._builds += 1
        role = f"builder{self._builds}"
        with suppress(asyncio.CancelledError):
            await self.world.bear(role, lambda context: self._run(context, gifts)).task

    async def _run(self, context: Context, gifts: list[str]) -> None:
        with suppress(SyncError):  # trouble of a vendor; asked again later
            await self._mapped(context)
            await building.run(context, self.world.connection, NAME, gifts, building.Asked("world"))

    async def _mapped(self, context: Context) -> None:
        """Have the mapping that the org suggests, its blanks filled, unless it is there."""
        if self.world.rows("SELECT 1 FROM journal_mapping"):
            return
        org = await orgs.look(context, self.world.connection)
        found = next(one for one in org.suggestions if one.name == NAME)
        with suppress(SyncError):  # somebody else was quicker
            await journal_mappings.create(context, CONNECTION, self._filled(found))

    def _filled(self, mapping: JournalMapping) -> JournalMapping:
        cash, income, _ = self.accounts
        blanks = {orgs.JOURNAL_BLANK: self.journal, orgs.CASH_BLANK: cash, orgs.INCOME_BLANK: income}

        def filled(rows: tuple[Row, ...]) -> tuple[Row, ...]:
            return tuple(replace(row, constant=blanks.get(str(row.constant), row.constant)) for row in rows)

        return replace(mapping, header_rows=filled(mapping.header_rows), line_rows=filled(mapping.line_rows))

    # --- the quiet time ---------------------------------------------------------------------------------------------

    async def disturb(self) -> None:
        """A person looks through what is held, and has each looked up and sent."""
        for row in self.world.rows("SELECT id FROM operation WHERE state = 'held'"):
            await operations.retry(self.world.context("person"), CONNECTION, row["id"], "world")

    async def wish_all(self) -> None:
        """Everything once more; what a crash left half built is finished by the clock."""
        await self._build(sorted(self.gifts))
        await self.world.guarded(building.finish_left(self.world.context("clock")))
        entries = [str(row["Id"]) for row in self.world.salesforce.state.records(ENTRY)]
        await self.people.request("journal_entry", entries, "massTool")

    def in_step(self) -> list[str]:
        """I1 and I3: one entry in Intacct for each in Salesforce, balanced, and as much of each gift as was paid."""
        state = self.world.intacct.state
        batches = {row["RECORDNO"]: row["SFDC_ID"] for row in state.records("GLBATCH")}
        debited: dict[str, Decimal] = dict.fromkeys(batches.values(), Decimal(0))
        credited: dict[str, Decimal] = dict(debited)
        for line in state.records("GLENTRY"):
            side = debited if line["TR_TYPE"] == "1" else credited
            side[batches[line["BATCHNO"]]] += Decimal(line["TRX_AMOUNT"])
        found = [] if len(debited) == len(batches) else [f"I1 {len(batches)} entries bear {len(debited)} keys"]
        found += [
            f"I3 entry {key} has {debited[key]} and {credited[key]}" for key in debited if debited[key] != credited[key]
        ]
        for entry, amount in self.written.items():
            if debited.get(entry) != amount:
                found.append(f"I3 entry {entry} comes to {debited.get(entry)}, not {amount}: {self._last_word(entry)}")
        built, given = sum(debited.values()) - sum(self.written.values()), sum(self.gifts.values())
        return found + ([] if built == given else [f"I3 {given} were given, {built} are booked"])

    def _last_word(self, entry: str) -> str:
        query = "SELECT state, result, reason, message FROM operation WHERE record_id = ?"
        return str(self.world.rows(query, entry)[-1:])
