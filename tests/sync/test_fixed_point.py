"""Whatever both sides hold and however they were edited: after one run they agree, and the next one writes nothing."""

from hypothesis import given
from hypothesis import strategies as st

from app.domain.decisions import Result
from app.domain.merge import Direction
from app.domain.records import Value
from tests.domain.strategies import many, streets, texts
from tests.fakes import FakeClock
from tests.sync.rig import Rig

BACK = Direction.FROM_INTACCT

words = st.none() | texts
salesforce_edits = st.fixed_dictionaries(
    {}, optional={"City__c": words, "Note__c": words, "Street__c": st.none() | streets, "Tax__c": st.sampled_from("ab")}
)
lines = st.lists(st.text("xyz ", min_size=1, max_size=20).map(lambda text: text.strip() or "x"), max_size=3).map(
    lambda found: {f"LINE{n + 1}": found[n] if n < len(found) else None for n in range(3)}
)
intacct_edits = st.tuples(
    st.fixed_dictionaries({}, optional={"CITY": words, "NOTE": words, "TAXID": st.sampled_from("cd")}),
    st.just({}) | lines,
).map(lambda both: {**both[0], **both[1]})


async def settle(rig: Rig, direction: Direction) -> None:
    """One run that must go well."""
    settlement = await rig.sync(direction=direction)
    assert settlement.error is None, settlement.message


async def assert_silence(rig: Rig) -> None:
    """Neither run writes anything anywhere."""
    rig.forget()
    for direction in Direction:
        rig.clock.advance(60)
        settlement = await rig.sync(direction=direction)
        assert settlement.result is Result.UNCHANGED
    assert (rig.intacct.writes, rig.salesforce.writes) == ([], [])


@many
@given(salesforce_edits)
async def test_run_after_a_create_writes_nothing(ours: dict[str, Value]) -> None:
    rig = Rig(FakeClock())
    await rig.linked(**ours)
    await assert_silence(rig)


@many
@given(salesforce_edits, salesforce_edits, intacct_edits, st.booleans(), st.sampled_from(list(Direction)))
async def test_runs_after_edits_on_both_sides_were_merged_write_nothing(
    first: dict[str, Value], ours: dict[str, Value], theirs: dict[str, Value], later: bool, direction: Direction
) -> None:
    rig = Rig(FakeClock())
    key = await rig.linked(**first)
    for side in ("intacct", "salesforce") if later else ("salesforce", "intacct"):
        rig.clock.advance(60)
        if side == "salesforce":
            rig.shop(**ours)
        else:
            rig.intacct.put("SHOP", theirs, key)
    await settle(rig, direction)
    await settle(rig, Direction.TO_INTACCT)
    await assert_silence(rig)


@many
@given(salesforce_edits, intacct_edits)
async def test_run_after_two_records_were_linked_writes_nothing(
    ours: dict[str, Value], theirs: dict[str, Value]
) -> None:
    rig = Rig(FakeClock())
    rig.shop(**ours)
    rig.intacct.put("SHOP", {"SHOPID": "X-1", "NAME": "Shop A", "SFDC_ID": "A", **theirs})
    await settle(rig, Direction.TO_INTACCT)
    await assert_silence(rig)
