"""Filters on both sides: what a condition means is the same, pages follow the key, and no value becomes structure."""

from decimal import Decimal
from typing import Any

import pytest

from app.domain.conditions import EVERYTHING, AllOf, AnyOf, Compare, Condition, Operator
from app.domain.errors import Kind, SyncError
from app.domain.records import Lane, System
from app.simulators.clock import SimClock
from app.simulators.intacct.app import create_simulator as create_intacct
from app.simulators.salesforce.app import create_simulator as create_salesforce
from app.sync.ports import Backend
from tests.conditions import holds
from tests.fakes import FakeClock
from tests.houses import make_connection
from tests.simulated import SimulatedBackends

NASTY = "x' OR Name != '"
TEXTS = ["Acme", "Acme & Sons", "acme <two>", NASTY, "back\\slash", 'say "hi"', "100 % sure", "under_score", "Zürich"]
FIELDS = {
    System.SALESFORCE: ("Account", "Name", "Phone", "AnnualRevenue"),
    System.INTACCT: ("CUSTOMER", "NAME", "TAXID", "CREDITLIMIT"),
}


class Side:
    """One backend before a simulator that holds a record per text."""

    def __init__(self, system: System, backend: Backend, rows: list[dict[str, Any]], simulator: Any) -> None:
        self.backend, self.rows, self.simulator = backend, rows, simulator
        self.kind, self.text, self.other, self.number = FIELDS[system]

    async def selected(self, where: Condition, size: int = 100) -> list[str]:
        found = await self.backend.select(self.kind, where, [self.text], after="", size=size)
        return [str(record.values[self.text]) for record in found]

    def meant(self, where: Condition) -> list[str]:
        plain = [{**row, self.number: Decimal(str(row[self.number]))} for row in self.rows]
        return [str(row[self.text]) for row in plain if holds(where, row)]


@pytest.fixture(params=list(System))
def side(request: pytest.FixtureRequest) -> Side:
    system: System = request.param
    clock = FakeClock()
    sim_clock = SimClock(lambda: clock.now().timestamp())
    salesforce, intacct = create_salesforce(sim_clock), create_intacct(sim_clock)
    pair = SimulatedBackends(salesforce, intacct, clock).of(make_connection(), Lane.BULK)
    kind, text, other, number = FIELDS[system]
    rows = [{text: t, other: None if n % 2 else f"P{n}", number: n * 10.5} for n, t in enumerate(TEXTS)]
    if system is System.SALESFORCE:
        salesforce.state.seed({kind: rows})
        return Side(system, pair.salesforce, rows, salesforce)
    intacct.state.seed({kind: [{**row, "CUSTOMERID": f"C{n}"} for n, row in enumerate(rows)]})
    return Side(system, pair.intacct, rows, intacct)


CONDITIONS = [
    ("everything", lambda s: EVERYTHING),
    ("nothing", lambda s: AnyOf(())),
    ("equal", lambda s: Compare(s.text, Operator.EQ, ("Acme",))),
    ("not equal, empty included", lambda s: Compare(s.other, Operator.NE, ("P2",))),
    ("one of", lambda s: Compare(s.text, Operator.IN, ("Acme", NASTY, "Zürich"))),
    ("none of, empty included", lambda s: Compare(s.other, Operator.NOT_IN, ("P0", "P2"))),
    ("contains", lambda s: Compare(s.text, Operator.CONTAINS, ("&",))),
    ("contains a quote", lambda s: Compare(s.text, Operator.CONTAINS, ("' OR ",))),
    ("contains a backslash", lambda s: Compare(s.text, Operator.CONTAINS, ("k\\s",))),
    ("starts with", lambda s: Compare(s.text, Operator.STARTS_WITH, ("Acme &",))),
    ("empty", lambda s: Compare(s.other, Operator.IS_EMPTY)),
    ("filled", lambda s: Compare(s.other, Operator.IS_FILLED)),
    ("less", lambda s: Compare(s.number, Operator.LT, ("21",))),
    ("at most", lambda s: Compare(s.number, Operator.LE, (Decimal(21),))),
    ("more", lambda s: Compare(s.number, Operator.GT, ("21.0",))),
    ("at least", lambda s: Compare(s.number, Operator.GE, (21,))),
    (
        "and within or",
        lambda s: AnyOf(
            (
                AllOf((Compare(s.other, Operator.IS_FILLED), Compare(s.number, Operator.GT, ("50",)))),
                Compare(s.text, Operator.EQ, ("Acme",)),
            )
        ),
    ),
]


@pytest.mark.parametrize("make", [make for _, make in CONDITIONS], ids=[name for name, _ in CONDITIONS])
async def test_a_condition_means_the_same_on_both_sides(side: Side, make: Any) -> None:
    where = make(side)
    found = await side.selected(where)
    assert sorted(found) == sorted(side.meant(where))
    assert await side.backend.count(side.kind, where) == len(found)


@pytest.mark.parametrize("text", ["%", "_"])
async def test_a_wildcard_in_a_text_is_a_character_or_refused(side: Side, text: str) -> None:
    where = Compare(side.text, Operator.CONTAINS, (text,))
    if side.kind == "Account":
        assert await side.selected(where) == side.meant(where)
        return
    with pytest.raises(SyncError) as refused:
        await side.selected(where)
    assert (refused.value.code, refused.value.field) == ("condition_invalid", side.text)


@pytest.mark.parametrize("size", [1, 4, 9, 10])
async def test_pages_follow_the_key_and_miss_nothing(side: Side, size: int) -> None:
    after, seen = "", []
    while True:
        page = await side.backend.select(side.kind, EVERYTHING, [side.text], after=after, size=size)
        seen += [str(record.values[side.text]) for record in page]
        if len(page) < size:
            break
        after = page[-1].key
    assert sorted(seen) == sorted(TEXTS)


@pytest.mark.parametrize(
    "value",
    [
        "' OR Id != null OR Name = '",
        "\\' OR Id != null OR Name = \\'",
        "</value></equalto><isnotnull>",
        "x') OR (Name != '",
    ],
)
@pytest.mark.parametrize("operator", [Operator.EQ, Operator.IN, Operator.CONTAINS, Operator.STARTS_WITH])
async def test_a_hostile_value_is_only_a_value(side: Side, operator: Operator, value: str) -> None:
    assert await side.selected(Compare(side.text, operator, (value,))) == []


@pytest.mark.parametrize("field", ["Name = 'x' OR Name", "Nope__c", "Name)--", "NAME</field><value>"])
async def test_a_hostile_or_unknown_field_is_refused(side: Side, field: str) -> None:
    with pytest.raises(SyncError) as refused:
        await side.selected(Compare(field, Operator.EQ, ("x",)))
    assert refused.value.kind is Kind.CONFIG


async def test_a_value_of_another_type_is_refused_by_its_field(side: Side) -> None:
    for where in (Compare(side.number, Operator.EQ, ("ten",)), Compare(side.number, Operator.CONTAINS, ("1",))):
        with pytest.raises(SyncError) as refused:
            await side.backend.count(side.kind, where)
        assert (refused.value.code, refused.value.field) == ("condition_invalid", side.number)


async def test_dates_and_moments_are_spelt_as_each_side_wants(side: Side) -> None:
    moment = "SystemModstamp" if side.kind == "Account" else "WHENMODIFIED"
    assert len(await side.selected(Compare(moment, Operator.GE, ("2026-11-22T09:00:00Z",)))) == len(TEXTS)
    assert await side.selected(Compare(moment, Operator.GT, ("2026-11-22T10:00:00+01:00",))) == []


async def test_a_filter_too_long_for_an_address_is_refused_before_it_is_sent(side: Side) -> None:
    many = tuple(f"{n:0255d}" for n in range(100))
    where = Compare(side.text, Operator.IN, many)
    if side.kind == "CUSTOMER":
        assert await side.selected(where) == []
        return
    with pytest.raises(SyncError) as refused:
        await side.selected(where)
    assert refused.value.code == "condition_invalid"
