"""Each object of the catalogue written out: what its first sync sends to Intacct, what an edit there brings back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from app.domain.decisions import Result
from app.domain.declaration import ENABLED, SELECTION, Creates
from app.domain.declaration import LINK_FIELD as LINK
from app.domain.lines import plan_lines
from app.domain.merge import Direction
from app.domain.plan import Plan, make_plan
from app.domain.records import System
from app.domain.transactions import Category, Definition
from app.domain.transforms import plain
from app.objects import CATALOGUE
from app.sync.engine import Engine
from app.sync.ports import Bound, Claim, Write
from tests.fakes import FakeClock
from tests.sync.doubles import MemoryBackend, MemoryJournal, OpenBook
from tests.sync.rig import LADDER

TO_INTACCT = [name for name, o in CATALOGUE.items() if o.creates in (Creates.TO_INTACCT, Creates.BOTH)]
TURNING = [name for name, o in CATALOGUE.items() if any(option.turns for option in o.options)]
BORN_THERE = [name for name, o in CATALOGUE.items() if o.creates in (Creates.FROM_INTACCT, Creates.BOTH)]

GOLDEN = Path(__file__).parent / "golden"
LINK_FIELD = "SFDC_ID"
DEFINITIONS = {
    one.name: one
    for one in (
        Definition("Sales Invoice", Category.INVOICE, from_salesforce=True, to_salesforce=True),
        Definition("Quote", Category.QUOTE, to_salesforce=True, advanced=False),
        Definition("Order", Category.ORDER, to_salesforce=True, advanced=False),
        Definition("Return", Category.OTHER, to_salesforce=True, advanced=False),
    )
}


@dataclass(frozen=True)
class Pair:
    """What stands in the folder of an object."""

    salesforce: dict[str, Any]
    intacct: dict[str, Any]


def pair(name: str) -> Pair:
    """The golden pair of an object; fails with the names of the files where there is none."""
    folder = GOLDEN / name
    files = [folder / "salesforce.json", folder / "intacct.json"]
    missing = [str(file.relative_to(GOLDEN.parent)) for file in files if not file.exists()]
    assert not missing, f"object {name!r} lacks its golden pair: write {', '.join(missing)}"
    salesforce, intacct = (json.loads(file.read_text(encoding="utf-8")) for file in files)
    return Pair(salesforce, intacct)


def whole_plan(name: str, *, turned: bool = False) -> Plan:
    """The plan of an object between two sides with every field it names; `turned`: Salesforce owns it by option."""
    declared = CATALOGUE[name]
    turning = {option.name: option.turns for option in declared.options if option.turns and turned}
    switched = {row.needs: True for row in declared.fields if row.needs}
    back = declared.write_back
    own = [field for field in (back.intacct_id, back.status, back.errors, back.synced_at, back.id_copy) if field]
    here = [field for row in declared.fields for field in (row.salesforce, row.salesforce.split(".")[0] + "Id")]
    companions = [field.salesforce for made in declared.companions for field in made.fields]
    companions += [made.unless for made in declared.companions if made.unless]
    plan = make_plan(
        declared,
        scope="golden",
        namespace="ia_crm",
        link_field=LINK_FIELD,
        options={ENABLED.name: True, SELECTION.name: ["*"], **turning, **switched},
        salesforce_has=[*own, *here, *declared.also_read, *companions, declared.salesforce.external_id or "Id"],
        intacct_has=[
            LINK_FIELD if declared.link_key == LINK else str(declared.link_key),
            *(field for row in declared.fields for field in row.names),
        ],
    )
    plan = replace(plan, definitions=DEFINITIONS)
    if declared.lines is None:
        return plan
    rows = declared.lines.fields
    own = [field for row in rows for field in (row.salesforce, row.salesforce.split(".")[0].replace("__r", "__c"))]
    here = [*own, *declared.lines.consults, *declared.lines.also_read, declared.lines.external_id or "Id"]
    there = [field for row in rows for field in row.names]
    lines = plan_lines(declared.lines, namespace="ia_crm", salesforce_has=here, intacct_has=there)
    return replace(plan, lines=lines)


class Stage:
    """One object between two remembered sides, its golden record in Salesforce, its references in step."""

    def __init__(self, name: str, clock: FakeClock, *, turned: bool = False) -> None:
        self.pair, self.plan, self.clock = pair(name), whole_plan(name, turned=turned), clock
        declared, steps = self.plan.object, list[str]()
        self.journal = MemoryJournal(clock, steps)
        self.salesforce = MemoryBackend(System.SALESFORCE, clock, steps)
        self.intacct = MemoryBackend(
            System.INTACCT,
            clock,
            steps,
            journal=self.journal,
            naturals={
                declared.intacct.kind: declared.intacct.natural_key,
                **{companion.kind: companion.key_field for companion in declared.companions},
            },
            sequences={declared.intacct.kind: "GOLD-"},
        )
        self.id = str(self.pair.salesforce.get("record", {}).get("Id", ""))
        if self.id:
            self.salesforce.put(declared.salesforce.kind, self.pair.salesforce["record"], self.id)
        for number, line in enumerate(self.pair.salesforce.get("lines", ())):
            assert declared.lines is not None
            self.salesforce.put(declared.lines.salesforce, {**line, declared.lines.parent: self.id}, f"line{number}")
        if declared.lines is not None:
            self.intacct.line_kinds[declared.intacct.kind] = (
                declared.lines.intacct,
                declared.lines.header,
                declared.lines.number,
            )
        for number, (other, record_id, natural_id) in enumerate(self.pair.salesforce["links"]):
            self.journal.link(other, Bound(record_id, f"9{number}", natural_id))
        for kind, records in self.pair.intacct.get("around", {}).items():
            for key, values in records.items():
                self.intacct.put(kind, values, key)
        book = OpenBook()
        self.engine = Engine(self.salesforce, self.intacct, self.journal, self.journal, clock, LADDER, book=book)

    async def sync(self, direction: Direction = Direction.TO_INTACCT) -> Result:
        """One run."""
        self.clock.advance(60)
        (settlement,) = await self.engine.run(self.plan, [Claim("op", self.id, "button", 1)], direction)
        assert settlement.error is None, settlement.message
        return settlement.result

    async def arrive(self) -> Result:
        """One run over the golden record as Intacct gave birth to it."""
        key = self.intacct.put(self.plan.object.intacct.kind, self.pair.intacct["born"], "1")
        for line in self.pair.intacct.get("born_lines", ()):
            assert self.plan.lines is not None
            declared = self.plan.lines.declared
            self.intacct.put(declared.intacct, {**line, declared.header: key})
        claim = Claim("op", f"#{key}", "intacct", 1)
        (settlement,) = await self.engine.run(self.plan, [claim], Direction.FROM_INTACCT)
        assert settlement.error is None, settlement.message
        return settlement.result

    def edit_in_intacct(self) -> None:
        """Somebody changes the twin to what the golden pair says."""
        bound = self.journal.bound(self.plan.object.name, self.id)
        assert bound is not None
        self.clock.advance(60)
        self.intacct.put(self.plan.object.intacct.kind, self.pair.intacct["record"], bound.intacct_key)
        for place, line in enumerate(self.pair.intacct.get("lines", ())):
            assert self.plan.lines is not None
            kind = self.plan.lines.declared.intacct
            self.intacct.put(kind, line, str(self.intacct.all(kind)[place]["RECORDNO"]))


def shown(write: Write) -> dict[str, object]:
    """A write as it stands in a golden file."""
    lines = {"lines": [spelt(row) for row in write.lines.rows]} if write.lines else {}
    entity = {"entity": write.entity} if write.entity else {}
    return {"kind": write.kind, "action": write.action.value, **entity, "values": spelt(write.values), **lines}


def spelt(values: Mapping[str, Any]) -> dict[str, object]:
    """Values as JSON holds them, amounts with their cents."""
    return {name: str(value) if hasattr(value, "as_tuple") else plain(value) for name, value in values.items()}


def test_every_folder_belongs_to_an_object() -> None:
    assert {folder.name for folder in GOLDEN.iterdir() if folder.is_dir()} == set(CATALOGUE)


def test_an_object_without_its_pair_is_told_what_to_write() -> None:
    with pytest.raises(AssertionError, match=r"lacks its golden pair: write golden/nobody/salesforce\.json, golden"):
        pair("nobody")


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_row_of_the_object_is_planned(name: str) -> None:
    assert whole_plan(name).absent == ()


@pytest.mark.parametrize("name", BORN_THERE)
async def test_record_from_intacct_creates_exactly_what_is_written_down(name: str, clock: FakeClock) -> None:
    stage = Stage(name, clock)
    assert await stage.arrive() is Result.CREATED
    write, *lines = stage.salesforce.writes
    assert [line.kind for line in lines] == [line.kind for line in lines if line.kind != write.kind]
    assert [spelt(line.values) for line in lines] == stage.pair.salesforce.get("created_lines", [])
    assert write.external_id == (CATALOGUE[name].salesforce.external_id, f"{CATALOGUE[name].intacct.kind}:1")
    stamps = {stage.plan.write_back.status, stage.plan.write_back.synced_at}
    assert (
        spelt({field: value for field, value in write.values.items() if field not in stamps})
        == (stage.pair.salesforce["created"])
    )


@pytest.mark.parametrize("name", TO_INTACCT)
async def test_first_sync_sends_exactly_what_is_written_down(name: str, clock: FakeClock) -> None:
    stage = Stage(name, clock)
    assert await stage.sync() is Result.CREATED
    assert [shown(write) for write in stage.intacct.writes] == stage.pair.intacct["writes"]


@pytest.mark.parametrize("name", TURNING)
async def test_object_that_salesforce_owns_sends_exactly_what_is_written_down(name: str, clock: FakeClock) -> None:
    stage = Stage(name, clock, turned=True)
    stage.id = stage.salesforce.put(stage.plan.object.salesforce.kind, stage.pair.salesforce["owned"], "owned")
    assert await stage.sync() is Result.CREATED
    assert [shown(write) for write in stage.intacct.writes] == stage.pair.intacct["writes_owned"]


@pytest.mark.parametrize("name", TO_INTACCT)
async def test_edit_in_intacct_brings_back_exactly_what_is_written_down(name: str, clock: FakeClock) -> None:
    stage = Stage(name, clock)
    await stage.sync()
    stage.edit_in_intacct()
    stage.salesforce.take_writes()
    assert await stage.sync(Direction.FROM_INTACCT) is Result.UPDATED
    kind, rows = stage.plan.object.salesforce.kind, {row.salesforce for row in stage.plan.rows}
    (write,) = [write for write in stage.salesforce.writes if write.kind == kind]
    returned = spelt({field: value for field, value in write.values.items() if field in rows})
    assert returned == stage.pair.salesforce["returned"]
    lines = [spelt(write.values) for write in stage.salesforce.writes if write.kind != kind]
    assert lines == stage.pair.salesforce.get("returned_lines", [])


@pytest.mark.parametrize("name", TO_INTACCT)
async def test_run_after_the_first_sync_writes_nothing(name: str, clock: FakeClock) -> None:
    stage = Stage(name, clock)
    await stage.sync()
    stage.intacct.take_writes()
    stage.salesforce.take_writes()
    assert await stage.sync() is Result.UNCHANGED
    assert await stage.sync(Direction.FROM_INTACCT) is Result.UNCHANGED
    assert (stage.intacct.writes, stage.salesforce.writes) == ([], [])


@pytest.mark.parametrize("name", CATALOGUE)
async def test_every_active_row_takes_part_in_the_golden_pair(name: str) -> None:
    """A row nobody wrote down would be a row nobody checked."""
    golden = pair(name)
    here = {field for part in ("record", "returned", "created") for field in golden.salesforce.get(part, {})}
    there = {field for part in ("record", "born") for field in golden.intacct.get(part, {})}
    there |= {field for write in golden.intacct.get("writes", ()) for field in write["values"]}
    plan = whole_plan(name)
    assert [row.id for row in plan.rows if row.salesforce not in here and not set(row.names) & there] == []
    parts = ("lines", "returned_lines", "created_lines")
    here = {field for part in parts for line in golden.salesforce.get(part, ()) for field in line}
    there = {field for part in ("lines", "born_lines") for line in golden.intacct.get(part, ()) for field in line}
    rows = plan.lines.rows if plan.lines else ()
    assert [row.id for row in rows if row.salesforce not in here and not set(row.names) & there] == []


@pytest.mark.parametrize("name", CATALOGUE)
@pytest.mark.parametrize("namespace", ["", "acme"])
def test_no_field_of_the_standard_namespace_is_read_in_another(name: str, namespace: str) -> None:
    given = {"scope": "", "link_field": "", "options": {}, "salesforce_has": [], "intacct_has": []}
    plan = make_plan(CATALOGUE[name], namespace=namespace, **given)  # type: ignore[arg-type]  # an empty org
    assert [field for field in plan.salesforce_fields if "ia_crm__" in field] == []
