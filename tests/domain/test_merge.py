"""Three-way merge: every rule with every history, and loops that end."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.declaration import Field, Policy, Rule
from app.domain.merge import Conflict, Direction, Merge, merge, newer_side
from app.domain.records import System
from app.domain.transforms import Canonical, plain
from tests.domain.strategies import directions, many, policies, rows, sides, values

TO, FROM, BOTH = Rule.TO_INTACCT, Rule.FROM_INTACCT, Rule.BIDIRECTIONAL
SALESFORCE, INTACCT = System.SALESFORCE, System.INTACCT
OUT, BACK = Direction.TO_INTACCT, Direction.FROM_INTACCT

UNKNOWN = object()
"""Stands for a row that was never agreed on."""


def one(
    rule: Rule,
    base: object,
    ours: Canonical,
    theirs: Canonical,
    *,
    policy: Policy = Policy.NEWEST,
    newer: System = INTACCT,
    direction: Direction = OUT,
    keep_filled: bool = False,
) -> Merge:
    """The merge of a single row `X`."""
    row = Field("X", "X__c", rule, policy=policy, keep_filled=keep_filled)
    known = {} if base is UNKNOWN else {"X": base}
    return merge([row], known, {"X": ours}, {"X": theirs}, newer=newer, direction=direction)


def travels(merged: Merge) -> System | None:
    """The side the row `X` goes to."""
    assert not (merged.to_intacct and merged.to_salesforce)
    return INTACCT if merged.to_intacct else SALESFORCE if merged.to_salesforce else None


@pytest.mark.parametrize(
    ("rule", "base", "ours", "theirs", "goes_to"),
    [
        # rule, last agreed, in Salesforce, in Intacct, travels to
        (TO, "a", "b", "a", INTACCT),
        (TO, "a", "a", "b", None),
        (TO, "a", "b", "c", INTACCT),
        (TO, UNKNOWN, "b", "c", INTACCT),
        (TO, UNKNOWN, None, "c", INTACCT),
        (TO, "a", None, "a", INTACCT),
        (FROM, "a", "b", "a", None),
        (FROM, "a", "a", "b", SALESFORCE),
        (FROM, "a", "b", "c", SALESFORCE),
        (FROM, UNKNOWN, "b", "c", SALESFORCE),
        (FROM, UNKNOWN, "b", None, SALESFORCE),
        (FROM, "a", "a", None, SALESFORCE),
        (BOTH, "a", "b", "a", INTACCT),
        (BOTH, "a", "a", "b", SALESFORCE),
        (BOTH, "a", None, "a", INTACCT),
        (BOTH, "a", "a", None, SALESFORCE),
        (BOTH, UNKNOWN, "b", "c", INTACCT),
        (BOTH, UNKNOWN, "b", None, INTACCT),
        (BOTH, UNKNOWN, None, "c", SALESFORCE),
        (BOTH, UNKNOWN, False, True, SALESFORCE),
        (BOTH, UNKNOWN, True, False, INTACCT),
        (BOTH, UNKNOWN, (None, None), ("1 Main St", None), SALESFORCE),
        (BOTH, UNKNOWN, ("1 Main St", None), (None, None), INTACCT),
    ],
)
@pytest.mark.parametrize("policy", list(Policy))
@pytest.mark.parametrize("newer", list(System))
def test_value_travels_as_rule_and_history_say_whatever_the_policy(
    rule: Rule,
    base: object,
    ours: Canonical,
    theirs: Canonical,
    goes_to: System | None,
    policy: Policy,
    newer: System,
) -> None:
    merged = one(rule, base, ours, theirs, policy=policy, newer=newer)
    assert travels(merged) is goes_to
    assert merged.conflicts == []
    assert merged.agreed == {}


@pytest.mark.parametrize(
    ("policy", "newer", "winner"),
    [
        (Policy.NEWEST, SALESFORCE, SALESFORCE),
        (Policy.NEWEST, INTACCT, INTACCT),
        (Policy.SALESFORCE, SALESFORCE, SALESFORCE),
        (Policy.SALESFORCE, INTACCT, SALESFORCE),
        (Policy.INTACCT, SALESFORCE, INTACCT),
        (Policy.INTACCT, INTACCT, INTACCT),
    ],
)
def test_row_changed_on_both_sides_is_decided_by_its_policy_and_recorded(
    policy: Policy, newer: System, winner: System
) -> None:
    merged = one(BOTH, "a", "b", "c", policy=policy, newer=newer)
    assert merged.conflicts == [Conflict("X", "b", "c", winner)]
    if winner is SALESFORCE:
        assert (merged.to_intacct, merged.to_salesforce) == ({"X": "b"}, {})
    else:
        assert (merged.to_intacct, merged.to_salesforce) == ({}, {"X": "c"})


@pytest.mark.parametrize("rule", list(Rule))
@pytest.mark.parametrize("base", [UNKNOWN, "a", "b"])
@pytest.mark.parametrize("direction", list(Direction))
def test_equal_values_are_agreement_under_every_rule(rule: Rule, base: object, direction: Direction) -> None:
    merged = one(rule, base, "b", "b", direction=direction)
    assert merged == Merge(agreed={"X": "b"})


def test_first_link_of_two_filled_records_is_no_conflict() -> None:
    assert one(BOTH, UNKNOWN, "b", "c").conflicts == []


def test_row_agreed_to_be_empty_is_not_a_row_never_agreed() -> None:
    assert travels(one(BOTH, None, None, "c")) is SALESFORCE
    assert travels(one(BOTH, None, "b", None)) is INTACCT
    assert len(one(BOTH, None, "b", "c").conflicts) == 1


@pytest.mark.parametrize(("rule", "base"), [(TO, "a"), (TO, UNKNOWN), (BOTH, "a"), (BOTH, UNKNOWN)])
def test_run_from_intacct_sends_nothing_there(rule: Rule, base: object) -> None:
    merged = one(rule, base, "b", "a", direction=BACK)
    assert (merged.to_intacct, merged.to_salesforce, merged.agreed) == ({}, {}, {})


@pytest.mark.parametrize("rule", [FROM, BOTH])
def test_run_from_intacct_brings_what_changed_there(rule: Rule) -> None:
    assert one(rule, "a", "a", "b", direction=BACK).to_salesforce == {"X": "b"}


def test_conflict_won_by_salesforce_waits_in_a_run_from_intacct() -> None:
    merged = one(BOTH, "a", "b", "c", policy=Policy.SALESFORCE, direction=BACK)
    assert travels(merged) is None
    assert merged.conflicts == []  # it is told by the run that carries it out


@pytest.mark.parametrize("empty", [None, False, (None, None)])
def test_field_kept_filled_is_not_cleared_by_intacct_but_filled_there(empty: Canonical) -> None:
    assert travels(one(BOTH, "a", "a", empty, keep_filled=True)) is INTACCT


def test_field_kept_filled_takes_a_filled_value() -> None:
    assert travels(one(BOTH, "a", "a", "b", keep_filled=True)) is SALESFORCE


def test_field_kept_filled_stays_in_a_run_from_intacct() -> None:
    assert travels(one(BOTH, "a", "a", None, keep_filled=True, direction=BACK)) is None


@pytest.mark.parametrize(("ours", "theirs"), [({}, {"X": "b"}), ({"X": "b"}, {}), ({}, {})])
def test_row_one_side_did_not_deliver_is_left_alone(ours: dict[str, Canonical], theirs: dict[str, Canonical]) -> None:
    assert merge([Field("X", "X__c")], {"X": "a"}, ours, theirs, newer=SALESFORCE) == Merge()


def test_each_row_is_decided_by_itself() -> None:
    fields = [Field("A", "A__c", TO), Field("B", "B__c", FROM), Field("C", "C__c"), Field("D", "D__c")]
    base = dict.fromkeys("ABCD", "0")
    merged = merge(
        fields, base, {"A": "1", "B": "0", "C": "0", "D": "0"}, {"A": "0", "B": "2", "C": "3", "D": "0"}, newer=INTACCT
    )
    assert merged == Merge({"A": "1"}, {"B": "2", "C": "3"}, {"D": "0"})


EARLY = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("salesforce", "intacct", "newer"),
    [
        (EARLY + timedelta(seconds=1), EARLY, SALESFORCE),
        (EARLY, EARLY + timedelta(seconds=1), INTACCT),
        (EARLY, EARLY, INTACCT),
        (EARLY, None, INTACCT),
        (None, EARLY, INTACCT),
        (None, None, INTACCT),
    ],
)
def test_intacct_counts_as_newer_where_time_cannot_tell(
    salesforce: datetime | None, intacct: datetime | None, newer: System
) -> None:
    assert newer_side(salesforce, intacct) is newer


Side = dict[str, Canonical]


def apply(merged: Merge, base: dict[str, object], ours: Side, theirs: Side) -> tuple[dict[str, object], Side, Side]:
    """Base and both sides after everything a merge decided was carried out."""
    sent = {**merged.to_intacct, **merged.to_salesforce}
    agreed = base | merged.agreed | {row: plain(value) for row, value in sent.items()}
    return agreed, ours | merged.to_salesforce, theirs | merged.to_intacct


@st.composite
def situations(draw: st.DrawFn) -> tuple[list[Field], dict[str, object], Side, Side]:
    """Rows with any base, known or not, and any values on either side."""
    fields = draw(rows())
    base: dict[str, object] = {row.id: draw(values) for row in fields if draw(st.booleans())}
    ours = {row.id: draw(values) for row in fields}
    return fields, base, ours, {row.id: draw(values) for row in fields}


@many
@given(situations(), sides, directions)
def test_merging_ones_own_result_writes_nothing(
    situation: tuple[list[Field], dict[str, object], Side, Side], newer: System, direction: Direction
) -> None:
    fields, base, ours, theirs = situation
    first = merge(fields, base, ours, theirs, newer=newer, direction=direction)
    again = merge(fields, *apply(first, base, ours, theirs), newer=newer, direction=direction)
    assert (again.to_intacct, again.to_salesforce) == ({}, {})


@many
@given(situations(), sides, sides)
def test_after_a_full_run_it_does_not_matter_who_was_edited_last(
    situation: tuple[list[Field], dict[str, object], Side, Side], newer: System, newer_then: System
) -> None:
    fields, base, ours, theirs = situation
    first = merge(fields, base, ours, theirs, newer=newer)
    again = merge(fields, *apply(first, base, ours, theirs), newer=newer_then)
    assert (again.to_intacct, again.to_salesforce, again.conflicts) == ({}, {}, [])


@many
@given(situations(), sides)
def test_run_the_other_way_after_a_full_one_writes_nothing_either(
    situation: tuple[list[Field], dict[str, object], Side, Side], newer: System
) -> None:
    fields, base, ours, theirs = situation
    full = merge(fields, base, ours, theirs, newer=newer)
    echo = merge(fields, *apply(full, base, ours, theirs), newer=newer, direction=BACK)
    assert (echo.to_intacct, echo.to_salesforce, echo.conflicts) == ({}, {}, [])


@many
@given(situations(), sides, directions)
def test_each_row_travels_one_way_at_most_and_never_when_it_is_agreed(
    situation: tuple[list[Field], dict[str, object], Side, Side], newer: System, direction: Direction
) -> None:
    fields, base, ours, theirs = situation
    merged = merge(fields, base, ours, theirs, newer=newer, direction=direction)
    assert not set(merged.to_intacct) & set(merged.to_salesforce)
    assert not set(merged.agreed) & (set(merged.to_intacct) | set(merged.to_salesforce))
    assert all(merged.to_intacct[row] == ours[row] for row in merged.to_intacct)
    assert all(merged.to_salesforce[row] == theirs[row] for row in merged.to_salesforce)


@many
@given(values, values, values, policies, sides)
def test_two_way_rows_agree_after_one_full_run(
    base: Canonical, ours: Canonical, theirs: Canonical, policy: Policy, newer: System
) -> None:
    merged = one(BOTH, base, ours, theirs, policy=policy, newer=newer)
    _, left, right = apply(merged, {"X": base}, {"X": ours}, {"X": theirs})
    assert plain(left["X"]) == plain(right["X"])


# --- rows with a default, and rows that are new to records in step ---------------------------------------------------


def filled(rule: Rule, ours: Canonical, theirs: Canonical, direction: Direction = OUT) -> Merge:
    """The merge of a row with the default `d`, whatever was agreed before."""
    row = Field("X", "X__c", rule, default="d")
    return merge([row], {"X": "a"}, {"X": ours}, {"X": theirs}, newer=INTACCT, direction=direction)


@pytest.mark.parametrize(
    ("rule", "ours", "theirs", "direction", "there", "here"),
    [
        (TO, None, None, OUT, "d", None),
        (TO, None, "b", OUT, None, None),
        (TO, None, None, BACK, None, None),
        (TO, "b", None, OUT, "b", None),
        (FROM, None, None, OUT, None, "d"),
        (FROM, "b", None, BACK, None, None),
        (FROM, None, "b", BACK, None, "b"),
        (BOTH, None, None, OUT, "d", "d"),
        (BOTH, None, None, BACK, None, "d"),
        (BOTH, "b", None, OUT, "b", None),
        (BOTH, "b", None, BACK, None, None),
        (BOTH, None, "b", OUT, None, "b"),
        (BOTH, "b", "b", OUT, None, None),
    ],
)
def test_a_default_fills_an_empty_target_and_overwrites_no_filled_one(
    rule: Rule, ours: Canonical, theirs: Canonical, direction: Direction, there: Canonical, here: Canonical
) -> None:
    merged = filled(rule, ours, theirs, direction)
    assert (merged.to_intacct.get("X"), merged.to_salesforce.get("X")) == (there, here)
    assert merged.filled == ({"X"} if here == "d" else set())


@many
@given(st.sampled_from(list(Rule)), st.sampled_from([None, "a", "b"]), st.sampled_from([None, "a", "b"]))
def test_a_row_with_a_default_comes_to_rest_within_two_runs(rule: Rule, ours: Canonical, theirs: Canonical) -> None:
    row, base = Field("X", "X__c", rule, default="d"), dict[str, object](X="a")
    for _ in range(3):
        merged = merge([row], base, {"X": ours}, {"X": theirs}, newer=INTACCT)
        ours, theirs = merged.to_salesforce.get("X", ours), merged.to_intacct.get("X", theirs)
        sent = {**merged.to_intacct, **{k: v for k, v in merged.to_salesforce.items() if k not in merged.filled}}
        base = {**base, **merged.agreed, **{name: plain(value) for name, value in sent.items()}}
    assert not merged.to_intacct
    assert not merged.to_salesforce


@pytest.mark.parametrize(
    ("rule", "policy", "ours", "theirs", "goes_to", "agreed"),
    [
        (TO, Policy.NEWEST, None, "b", None, None),
        (TO, Policy.NEWEST, "a", "b", INTACCT, UNKNOWN),
        (FROM, Policy.NEWEST, "a", None, None, None),
        (FROM, Policy.NEWEST, "a", "b", SALESFORCE, UNKNOWN),
        (BOTH, Policy.NEWEST, None, "b", SALESFORCE, UNKNOWN),
        (BOTH, Policy.NEWEST, "a", None, INTACCT, UNKNOWN),
        (BOTH, Policy.NEWEST, "a", "b", SALESFORCE, UNKNOWN),
        (BOTH, Policy.SALESFORCE, "a", "b", INTACCT, UNKNOWN),
        (BOTH, Policy.INTACCT, "a", "b", SALESFORCE, UNKNOWN),
    ],
)
def test_a_row_new_to_records_in_step_clears_nothing_and_obeys_its_policy(
    rule: Rule, policy: Policy, ours: Canonical, theirs: Canonical, goes_to: System | None, agreed: object
) -> None:
    row = Field("X", "X__c", rule, policy=policy)
    merged = merge([row], {}, {"X": ours}, {"X": theirs}, newer=INTACCT, seasoned=True)
    assert travels(merged) is goes_to
    assert merged.agreed.get("X", UNKNOWN) == agreed
    assert bool(merged.conflicts) is (rule is BOTH and bool(ours) and bool(theirs))
