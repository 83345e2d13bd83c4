"""Products, projects with tasks, a managed list: what people keep in every fourth world.

Some are born in Salesforce, some in Intacct, and they are edited where they are kept. Keeps the truth.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from app.objects import CATALOGUE
from app.services import changes
from app.simulators.salesforce.flags import OrgFlags
from tests.world.checks import Sides, at, last_word, plain
from tests.world.people import People
from tests.world.place import World


@dataclass(frozen=True)
class Usage:
    """An object as people use it: rows they edit in Salesforce, and rows they edit in Intacct, by Intacct field."""

    salesforce: str
    intacct: str
    here: dict[str, str] = field(default_factory=dict)
    there: dict[str, str] = field(default_factory=dict)


USAGES = {
    "department": Usage("ia_crm__Department__c", "DEPARTMENT", there={"TITLE": "Name"}),
    "product": Usage("Product2", "ITEM", there={"EXTENDED_DESCRIPTION": "Description"}),
    "project": Usage(
        "ia_crm__Project__c",
        "PROJECT",
        here={"NAME": "Name", "DESCRIPTION": "ia_crm__Description__c"},
        there={"CONTRACTAMOUNT": "ia_crm__Contract_Amount__c"},
    ),
    "task": Usage("ia_crm__Task__c", "TASK", here={"NAME": "Name"}, there={"TASKNO": "ia_crm__WBS_Code__c"}),
}
NUMBERS = ("CONTRACTAMOUNT", "TASKNO")


@dataclass
class Kept:
    """One record: its Salesforce id when it was born there, its RECORDNO when it was born in Intacct."""

    name: str
    salesforce_id: str = ""
    recordno: str = ""
    truth: dict[str, str] = field(default_factory=dict)


class Keeping:
    """Everybody who keeps products, projects and lists."""

    flags: ClassVar[OrgFlags | None] = None

    def __init__(self, world: World, people: People, rng: random.Random) -> None:
        self.world, self.people, self.rng = world, people, rng
        self.kept: list[Kept] = []
        self._edits = 0

    @staticmethod
    def practised(seed: int) -> bool:
        """See `Trade`."""
        return seed % 4 == 1

    @staticmethod
    def options(seed: int) -> Mapping[str, Any]:
        """See `Trade`."""
        return {name: {"enabled": True} for name in USAGES}

    def settle_in(self) -> None:
        """Make the records the story begins with: a few of each, on the side where they are born.

        Every other company has no field for our key on projects and tasks: there an unclear create has no name.
        """
        if self.world.seed % 8 == 5:
            self.world.intacct.state.configure({"custom_fields": {"PROJECT": [], "TASK": []}})
        for number in range(self.rng.randint(1, 3)):
            self._in_intacct("department", DEPARTMENTID=f"D{number}", TITLE=f"Dept {number}", STATUS="active")
        for number in range(self.rng.randint(1, 3)):
            self._item(f"P{number}")
        for number in range(self.rng.randint(1, 2)):
            project = self._in_salesforce("project", Name=f"Bridge {number}")
            for step in range(self.rng.randint(0, 3)):
                self._in_salesforce("task", Name=f"Step {number}.{step}", ia_crm__Project__c=project.salesforce_id)
        tunnel = self._in_intacct("project", NAME="Tunnel", PROJECTCATEGORY="Contract")
        number = self._twin(tunnel)["PROJECTID"]
        self._in_intacct("task", TASKID="T1", NAME="Dig", PROJECTID=number, TASKSTATUS="Planned")

    def _item(self, code: str) -> None:
        values = {"ITEMID": code, "NAME": f"Product {code}", "ITEMTYPE": "Non-Inventory (Sales only)"}
        if self.rng.random() < 0.3:  # the org has it already
            self.world.salesforce.state.seed({"Product2": [{"Name": values["NAME"], "ProductCode": code}]})
        self._in_intacct("product", **values, STATUS="active")

    def _in_salesforce(self, name: str, **values: Any) -> Kept:
        kind = USAGES[name].salesforce
        made = self.world.salesforce.state.seed({kind: [values]})[kind][0]
        return self._keep(Kept(name, salesforce_id=str(made["Id"])))

    def _in_intacct(self, name: str, **values: str) -> Kept:
        kind = USAGES[name].intacct
        made = self.world.intacct.state.seed({kind: [values]})[kind][0]
        return self._keep(Kept(name, recordno=str(made["RECORDNO"])))

    def _keep(self, one: Kept) -> Kept:
        self.kept.append(one)
        return one

    def _twin(self, one: Kept) -> dict[str, Any]:
        records = self.world.intacct.state.records(USAGES[one.name].intacct)
        return next(r for r in records if str(r["RECORDNO"]) == one.recordno)

    # --- the busy time ----------------------------------------------------------------------------------------------

    async def live(self) -> None:
        """Act at random moments of the active time."""
        plan = self.people.scenario
        moments = sorted(self.rng.uniform(0.0, plan.active) for _ in range(plan.actions))
        asked: list[asyncio.Task[None]] = []
        for moment in moments:
            await asyncio.sleep(max(0.0, moment - self.world.loop.time()))
            act = self.rng.choices((self._ask, self._edit, self._invent), (6, 8, 1))[0]
            request = act()
            if request is not None:
                asked.append(asyncio.ensure_future(request))
        await asyncio.gather(*asked)

    def _ask(self) -> Any:
        one = self.rng.choice([one for one in self.kept if one.salesforce_id])
        return self.people.request(one.name, [one.salesforce_id], self.rng.choice(("button", "flow", "massTool")))

    def _invent(self) -> None:
        self._item(f"N{len(self.kept)}")

    def _edit(self) -> Any:
        one = self.rng.choice(self.kept)
        trade, self._edits = USAGES[one.name], self._edits + 1
        if trade.there and self.rng.random() < 0.5:
            return self._edit_there(one, trade)
        record_id = one.salesforce_id
        if not record_id or not trade.here:
            return None
        values = {field: f"{row.title()} {self._edits}" for row, field in trade.here.items()}
        one.truth |= {row: values[field] for row, field in trade.here.items()}
        self.world.stage.note("trade", f"salesforce {one.name} {record_id} {values}")
        self.world.edit_salesforce(trade.salesforce, record_id, **values)
        return self.people.request(one.name, [record_id], "flow") if self.rng.random() < 0.8 else None

    def _edit_there(self, one: Kept, trade: Usage) -> None:
        recordno = one.recordno or self.linked(one)
        if recordno is None:
            return
        values = {
            row: str(1000 + self._edits) if row in NUMBERS else f"{row.title()} {self._edits}" for row in trade.there
        }
        one.truth |= values
        if one.name == "product":  # an update of an item must bring its name along
            values["NAME"] = str(self._twin(one)["NAME"])
        self.world.stage.note("trade", f"intacct {one.name} {recordno} {values}")
        self.world.edit_intacct(trade.intacct, int(recordno), **values)

    def linked(self, one: Kept) -> str | None:
        """The RECORDNO of the twin of a record born in Salesforce, once it has one."""
        query = "SELECT intacct_key FROM binding WHERE object = ? AND salesforce_id = ?"
        rows = self.world.rows(query, one.name, one.salesforce_id)
        return str(rows[0]["intacct_key"]) if rows else None

    # --- the quiet time ---------------------------------------------------------------------------------------------

    async def wish_all(self) -> None:
        """Everything born in Salesforce once more, parents before children."""
        for name in ("project", "task"):
            ids = [one.salesforce_id for one in self.kept if one.name == name and one.salesforce_id]
            if ids:
                await self.people.request(name, ids, "massTool")

    async def disturb(self) -> None:
        """Somebody overwrites a list in Salesforce, and asks for a resync: Intacct's word stands again."""
        records = self.world.salesforce.state.records(USAGES["department"].salesforce)
        if records:
            self.world.edit_salesforce(USAGES["department"].salesforce, records[0]["Id"], Name="Nonsense")
            await changes.resync(self.world.context("person"), self.world.connection, CATALOGUE["department"])

    def in_step(self) -> list[str]:
        """I1, I5, I7: one twin on each side, both with the last value anybody gave."""
        sides = Sides(self.world, self.people)
        found = []
        for name, trade in USAGES.items():
            real, here, there = sum(k.name == name for k in self.kept), sides.salesforce[name], sides.intacct[name]
            keys = Counter(key for r in here.values() if (key := r.get("ia_crm__Intacct_Key__c")) is not None)
            found += [f"I1 {trade.salesforce} has {n} records of {key}" for key, n in keys.items() if n > 1]
            if not real == len(here) == len(there):
                found.append(f"I1 {real} of {name} are kept, Salesforce has {len(here)}, Intacct {len(there)}")
        for one in self.kept:
            found += _kept_in_step(sides, one)
        return found


def _kept_in_step(sides: Sides, one: Kept) -> list[str]:
    column, mine = ("salesforce_id", one.salesforce_id) if one.salesforce_id else ("intacct_key", one.recordno)
    link = next((row for row in sides.bindings if row["object"] == one.name and row[column] == mine), None)
    if link is None:
        return [f"I5 {one.name} {mine} has no twin: {last_word(sides, one.salesforce_id or f'#{one.recordno}')}"]
    here = sides.salesforce[one.name].get(link["salesforce_id"])
    there = next((r for r in sides.intacct[one.name] if str(r["RECORDNO"]) == link["intacct_key"]), None)
    if here is None or there is None:
        return [f"I5 {one.name} {mine} is linked to what does not exist"]
    found = []
    for row, shown in (USAGES[one.name].here | USAGES[one.name].there).items():
        values = (plain(here.get(shown)), plain(at(there, row)))
        truth = plain(one.truth[row]) if row in one.truth else values[1]
        if values != (truth, truth):
            found.append(f"I7 {one.name} {mine} {row}: Salesforce {values[0]!r}, Intacct {values[1]!r}, last {truth!r}")
    return found
