"""What else people keep in both systems: products, projects with tasks, managed lists. Every fourth seed has them.

Some are born in Salesforce, some in Intacct, and they are edited where they are kept. Keeps the truth. No checks.
"""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

from app.objects import CATALOGUE
from app.services import changes
from tests.world.people import People
from tests.world.place import World


@dataclass(frozen=True)
class Trade:
    """An object as people use it: rows they edit in Salesforce, and rows they edit in Intacct, by Intacct field."""

    salesforce: str
    intacct: str
    here: dict[str, str] = field(default_factory=dict)
    there: dict[str, str] = field(default_factory=dict)


TRADES = {
    "department": Trade("ia_crm__Department__c", "DEPARTMENT", there={"TITLE": "Name"}),
    "product": Trade("Product2", "ITEM", there={"EXTENDED_DESCRIPTION": "Description"}),
    "project": Trade(
        "ia_crm__Project__c",
        "PROJECT",
        here={"NAME": "Name", "DESCRIPTION": "ia_crm__Description__c"},
        there={"CONTRACTAMOUNT": "ia_crm__Contract_Amount__c"},
    ),
    "task": Trade("ia_crm__Task__c", "TASK", here={"NAME": "Name"}, there={"TASKNO": "ia_crm__WBS_Code__c"}),
}
NUMBERS = ("CONTRACTAMOUNT", "TASKNO")
OPTIONS: dict[str, Any] = {name: {"enabled": True} for name in TRADES}
"""What a connection sets so that all of this is synced."""


def practised(seed: int) -> bool:
    """Whether the world of a seed has trades; three of four keep to accounts and contacts."""
    return seed % 4 == 1


@dataclass
class Kept:
    """One record: its Salesforce id when it was born there, its RECORDNO when it was born in Intacct."""

    name: str
    salesforce_id: str = ""
    recordno: str = ""
    truth: dict[str, str] = field(default_factory=dict)


class Trades:
    """Everybody who keeps more than accounts and contacts."""

    def __init__(self, world: World, people: People, rng: random.Random) -> None:
        self.world, self.people, self.rng = world, people, rng
        self.kept: list[Kept] = []
        self._edits = 0

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
        kind = TRADES[name].salesforce
        made = self.world.salesforce.state.seed({kind: [values]})[kind][0]
        return self._keep(Kept(name, salesforce_id=str(made["Id"])))

    def _in_intacct(self, name: str, **values: str) -> Kept:
        kind = TRADES[name].intacct
        made = self.world.intacct.state.seed({kind: [values]})[kind][0]
        return self._keep(Kept(name, recordno=str(made["RECORDNO"])))

    def _keep(self, one: Kept) -> Kept:
        self.kept.append(one)
        return one

    def _twin(self, one: Kept) -> dict[str, Any]:
        records = self.world.intacct.state.records(TRADES[one.name].intacct)
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
        trade, self._edits = TRADES[one.name], self._edits + 1
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

    def _edit_there(self, one: Kept, trade: Trade) -> None:
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
        records = self.world.salesforce.state.records(TRADES["department"].salesforce)
        if records:
            self.world.edit_salesforce(TRADES["department"].salesforce, records[0]["Id"], Name="Nonsense")
            await changes.resync(self.world.context("person"), self.world.connection, CATALOGUE["department"])
