"""An engine between two remembered sides, and a small object for it to carry. No test stands here."""

from collections.abc import Mapping
from dataclasses import replace

from app.domain.decisions import Reference, Settlement
from app.domain.declaration import (
    SYNC_ONLY_ONCE,
    Companion,
    End,
    Field,
    Option,
    Rule,
    SyncedObject,
    WriteBack,
)
from app.domain.merge import Direction
from app.domain.plan import Plan, make_plan
from app.domain.records import System, Value
from app.domain.transforms import Amount, Identifier, Street, Text
from app.domain.transforms import Reference as ReferenceTo
from app.sync.engine import Engine
from app.sync.ports import Bound, Claim
from tests.fakes import FakeClock
from tests.sync.doubles import MemoryBackend, MemoryJournal

LADDER = (5.0, 30.0, 120.0, 960.0)
ID_FIELD, STATUS, ERRORS, SYNCED = (
    "ia_crm__Shop_ID__c",
    "ia_crm__Intacct_Sync_Status__c",
    "ia_crm__Intacct_Sync_Errors__c",
    "ia_crm__Synced_With_Intacct_Date__c",
)


def sign(name: str, letter: str) -> Companion:
    """A sign made from a street of the shop, unless the shop looks one up."""
    return Companion(
        name,
        "SIGN",
        "SIGNID",
        letter + "_{id}",
        f"{name}.SIGNID",
        f"{name.title()}_Sign__c",
        (f"{name.title()}_Street__c",),
        (Field("TITLE", "Name", Rule.TO_INTACCT), Field("STREET", f"{name.title()}_Street__c", Rule.TO_INTACCT)),
    )


SHOP = SyncedObject(
    name="shop",
    label="Shop to shop",
    salesforce=End("Shop__c", "Name"),
    intacct=End("SHOP", "SHOPID"),
    match_by=("SHOPID", "NAME"),
    write_back=WriteBack(intacct_id=ID_FIELD, id_copy="ia_crm__Shop_Copy__c"),
    companions=(sign("FRONT", "F"), sign("REAR", "R")),
    options=(
        SYNC_ONLY_ONCE,
        Option("customerIdSource", "automatic", "Where ids come from.", ("automatic", "sequence", "salesforce")),
        Option("addNewAccounts", True, "Whether flows and schedules add shops."),
        Option("createAddressContacts", True, "Whether signs are made."),
    ),
    fields=(
        Field("NAME", "Name", required=True),
        Field("CITY", "City__c", via=Text(10)),
        Field("NOTE", "Note__c", Rule.TO_INTACCT),
        Field("TAXID", "Tax__c", via=Identifier(5, back=3)),
        Field(("LINE1", "LINE2", "LINE3"), "Street__c", via=Street()),
        Field("OWNER.ID", "Owner__c", via=ReferenceTo(), refers_to="person"),
        Field("LIMIT", "Limit__c", Rule.FROM_INTACCT, Amount()),
    ),
)


def plan_of(declared: SyncedObject = SHOP, *, linked: bool = True, options: Mapping[str, object] | None = None) -> Plan:
    """The plan between two sides that have every field; `linked`: Intacct also has one for our key."""
    back = declared.write_back
    here = {name for row in declared.fields for name in (row.salesforce, row.salesforce.split(".")[0] + "Id")}
    here |= {name for name in (back.intacct_id, back.status, back.errors, back.synced_at, back.id_copy) if name}
    here |= {field.salesforce for companion in declared.companions for field in companion.fields}
    here |= {companion.unless for companion in declared.companions if companion.unless} | set(declared.also_read)
    there = {name for row in declared.fields for name in row.names} | {declared.intacct.natural_key}
    return make_plan(
        declared,
        scope="t",
        namespace="ia_crm",
        link_field="SFDC_ID",
        options=options or {},
        salesforce_has=here,
        intacct_has=there | ({"SFDC_ID"} if linked else set()),
    )


class Rig:
    """Both sides, the journal and the engine, on one clock; `steps` is what happened, in order."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock, self.start = clock, clock.now()
        self.steps: list[str] = []
        self.journal = MemoryJournal(clock, self.steps)
        self.salesforce = MemoryBackend(System.SALESFORCE, clock, self.steps)
        self.intacct = MemoryBackend(
            System.INTACCT,
            clock,
            self.steps,
            journal=self.journal,
            naturals={"SHOP": "SHOPID", "SIGN": "SIGNID"},
            sequences={"SHOP": "N-"},
        )
        self.engine = Engine(
            self.salesforce, self.intacct, self.journal, self.journal, clock, LADDER, lambda: self.alive
        )
        self.alive = True  # whether the lease of the batch stands
        self.plan = plan_of()

    def shop(self, key: str = "A", /, **values: Value) -> str:
        """Enter or change a shop in Salesforce."""
        known = {"Name": f"Shop {key}"} if ("Shop__c", key) not in self._shops() else {}
        return self.salesforce.put("Shop__c", {**known, **values}, key)

    def _shops(self) -> set[tuple[str, str]]:
        return {("Shop__c", str(values["Id"])) for values in self.salesforce.all("Shop__c")}

    def at(self, seconds: float) -> None:
        """Set the clock to `seconds` after the start of the test."""
        self.clock.set(self.start)
        self.clock.advance(seconds)

    async def run(
        self,
        *keys: str,
        direction: Direction = Direction.TO_INTACCT,
        origin: str = "button",
        attempts: int = 0,
        waited_for: frozenset[Reference] = frozenset(),
    ) -> list[Settlement]:
        """One run over the given shops."""
        claims = [Claim(f"op-{key}", key, origin, 1, attempts, waited_for) for key in keys]
        return await self.engine.run(self.plan, claims, direction)

    async def sync(self, key: str = "A", **more: object) -> Settlement:
        """One run over one shop."""
        (settlement,) = await self.run(key, **more)  # type: ignore[arg-type]  # the keywords of `run`
        return settlement

    async def linked(self, key: str = "A", /, **values: Value) -> str:
        """A shop that is in step; answers its record number. What was sent for it is forgotten."""
        self.shop(key, **values)
        settlement = await self.sync(key)
        assert settlement.error is None, settlement.message
        self.forget()
        return str(settlement.intacct_key)

    def forget(self) -> None:
        """Forget what was sent and what happened so far."""
        self.intacct.take_writes()
        self.salesforce.take_writes()
        self.steps.clear()

    def bound(self, key: str = "A") -> Bound:
        """The link of a shop."""
        bound = self.journal.bound("shop", key)
        assert bound is not None
        return bound

    def twin(self, key: str = "A") -> dict[str, Value]:
        """The Intacct side of a shop."""
        return self.intacct.get("SHOP", self.bound(key).intacct_key)

    def record(self, key: str = "A") -> dict[str, Value]:
        """The Salesforce side of a shop."""
        return self.salesforce.get("Shop__c", key)

    def money(self) -> None:
        """From now on shops are money."""
        self.plan = replace(self.plan, object=replace(self.plan.object, money=True))

    def named_by(self, *names: str) -> None:
        """From now on shops propose these natural keys, best first."""
        self.plan = replace(self.plan, object=replace(self.plan.object, keys_for=lambda source: names))
