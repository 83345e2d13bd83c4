"""Contents and the rows that follow from them: stored and read again, merged over the declaration, compared."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.conversions import Worded
from app.domain.declaration import End, Field, Formula, Mark, Policy, Rule, SyncedObject, WriteBack
from app.domain.mapping import from_intacct, from_salesforce, to_salesforce
from app.domain.mapping_rules import problems
from app.domain.mappings import (
    Content,
    Malformed,
    OwnRow,
    RowChange,
    ValueKind,
    content_of,
    differences,
    effective,
    plain_content,
)
from app.domain.records import Value
from app.domain.transforms import Identifier, Reference, Text, Truth
from tests.domain.strategies import many

TO, FROM, BOTH = Rule.TO_INTACCT, Rule.FROM_INTACCT, Rule.BIDIRECTIONAL

SHOP = SyncedObject(
    name="shop",
    label="Shop",
    salesforce=End("Shop__c", "Name", external_id="Key__c"),
    intacct=End("SHOP", "SHOPID"),
    match_by=("NAME",),
    write_back=WriteBack("Shop_ID__c", status="Status__c"),
    fields=(
        Field("NAME", "Name", required=True),
        Field("CITY", "City__c", via=Identifier(20)),
        Field("CODE", "Code__c", mark=Mark.FIXED),
        Field("DUE", "Due__c", FROM, mark=Mark.FORMULA),
        Field("OPEN", "Open__c", via=Truth()),
        Field("OWNER", "Owner__c", via=Reference(), refers_to="person"),
        Field("AREA", "Region__r.Name", TO),
        Field("MEMO", "Memo__c", TO, Text(40), active=False),
    ),
)
PERSON = SyncedObject(
    name="person",
    label="Person",
    salesforce=End("Person__c", "Name"),
    intacct=End("PERSON", "PERSONID"),
    match_by=("NAME",),
    write_back=WriteBack("Person_ID__c"),
    fields=(Field("NAME", "Name"),),
)
CATALOGUE = {"shop": SHOP, "person": PERSON}


def compiler(text: str, names: tuple[str, ...]) -> Formula:
    """A formula language of one word: `join` puts the fields together, `upper` is the first in capitals."""
    words: dict[str, Any] = {
        "join": lambda values: "-".join(str(values[name]) for name in names if values[name]) or None,
        "upper": lambda values: str(values[names[0]] or "").upper() or None,
        "left": lambda values: str(values[names[0]] or "").partition("-")[0] or None,
        "right": lambda values: str(values[names[0]] or "").partition("-")[2] or None,
    }
    if text not in words:
        raise Malformed("is strange")
    made: Formula = words[text]
    return made


def own(row_id: str, intacct: str, *salesforce: str, rule: Rule | None = BOTH, **more: Any) -> RowChange:
    """An own row."""
    parts = {name: more.pop(name) for name in list(more) if name in OwnRow.__dataclass_fields__}
    return RowChange(row_id, rule=rule, own=OwnRow(intacct, salesforce, **parts), **more)


def rows(*changes: RowChange, types: Mapping[str, str] | None = None) -> dict[str, Field]:
    """The effective rows by their first Intacct field, own rows last."""
    return {row.names[0]: row for row in effective(SHOP, Content(changes), compiler, types)}


def found(*changes: RowChange, link_field: str = "") -> list[tuple[str, str, str]]:
    """What is wrong with a content: row, part, code."""
    return [(one.row, one.field, one.code) for one in problems(SHOP, Content(changes), compiler, CATALOGUE, link_field)]


# --- rows -----------------------------------------------------------------------------------------------------------


def test_an_empty_content_is_the_declaration() -> None:
    assert effective(SHOP, Content(), compiler) == SHOP.fields


def test_a_changed_row_keeps_what_was_not_said() -> None:
    row = rows(RowChange("CITY", rule=TO, policy=Policy.INTACCT))["CITY"]
    assert (row.rule, row.policy, row.active, row.via, row.id) == (TO, Policy.INTACCT, True, Identifier(20), "CITY")


def test_a_row_with_another_value_map_goes_by_another_key() -> None:
    first = rows(RowChange("CITY", value_map=(("R", "Reno"),)))["CITY"]
    second = rows(RowChange("CITY", value_map=(("E", "Elko"),)))["CITY"]
    assert first.id.startswith("CITY~")
    assert first.id != second.id
    assert rows(RowChange("CITY", value_map=(("R", "Reno"),), active=False))["CITY"].id == first.id


def test_an_own_row_converts_to_the_described_types() -> None:
    row = rows(own("x", "EXTRA", "Extra__c"), types={"extra__c": "double"})["EXTRA"]
    assert row.types == ("double",)


def test_several_fields_are_computed_both_ways() -> None:
    back = (("A__c", "left"), ("B__c", "right"))
    row = rows(own("x", "EXTRA", "A__c", "B__c", to_intacct="join", to_salesforce=back))["EXTRA"]
    here: dict[str, Value] = {"A__c": "a", "B__c": "b"}
    assert from_salesforce([row], here, {}).values == {row.id: "a-b"}
    assert from_intacct([row], {"EXTRA": "c-d"}, {}).values == {row.id: "c-d"}
    assert to_salesforce([row], {row.id: "c-d"}, here, {}) == ({"A__c": "c", "B__c": "d"}, [])


def test_a_two_way_row_does_not_write_what_would_read_back_otherwise() -> None:
    row = rows(own("x", "EXTRA", "A__c", to_intacct="upper"))["EXTRA"]
    out, wrong = to_salesforce([row], {row.id: "small"}, {"A__c": "x"}, {})
    assert (out, [problem.code for problem in wrong]) == ({}, ["does_not_return"])
    assert to_salesforce([row], {row.id: "BIG"}, {"A__c": "x"}, {})[0] == {"A__c": "BIG"}


def test_a_value_the_other_side_owns_need_not_fit() -> None:
    words = (("R", "Reno"),)
    there = rows(RowChange("CITY", value_map=words, rule=FROM))["CITY"]
    here = rows(RowChange("CITY", value_map=words, rule=TO))["CITY"]
    assert from_salesforce([there], {"City__c": "Nowhere"}, {}).values == {there.id: "Nowhere"}
    assert from_intacct([here], {"CITY": "Nowhere"}, {}).values == {here.id: "Nowhere"}
    assert [one.code for one in from_salesforce([here], {"City__c": "Nowhere"}, {}).problems] == ["unmapped_value"]


def test_a_flag_takes_its_words_from_the_value_map() -> None:
    words = (("open", "true"), ("shut", "false"))
    row = rows(own("x", "STATE", "Up__c", kind=ValueKind.FLAG, value_map=words))["STATE"]
    assert row.via.canonical(True) == "open"
    assert row.via.salesforce("shut", None) is False


# --- rules ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([RowChange("CODE", active=False)], [("CODE", "active", "row_fixed")]),
        (
            [RowChange("CODE", rule=TO, default="x")],
            [("CODE", "rule", "row_fixed"), ("CODE", "defaultValue", "row_fixed")],
        ),
        ([RowChange("DUE", rule=BOTH)], [("DUE", "rule", "row_formula")]),
        ([RowChange("DUE", active=False)], []),
        ([RowChange("NAME", active=False)], [("NAME", "active", "row_required")]),
        ([RowChange("NAME", rule=FROM)], [("NAME", "rule", "row_required")]),
        ([RowChange("NAME", rule=TO)], []),
        ([RowChange("AREA", rule=BOTH)], [("AREA", "rule", "row_not_writable")]),
        ([RowChange("OPEN", value_map=(("y", "n"),))], [("OPEN", "valueMap", "value_map_unfit")]),
        ([RowChange("OPEN", default="true")], [("OPEN", "defaultValue", "default_unused")]),
        ([RowChange("OWNER", default="P-1")], [("OWNER", "defaultValue", "default_unfit")]),
        ([RowChange("OWNER", default="P-1", rule=TO)], []),
        ([RowChange("CITY", default="x" * 21)], [("CITY", "defaultValue", "default_unfit")]),
        ([RowChange("CITY", default=" ")], [("CITY", "defaultValue", "default_unfit")]),
        ([RowChange("CITY", value_map=())], [("CITY", "valueMap", "value_map_empty")]),
        ([RowChange("CITY", value_map=(("R", "Reno"), ("E", "reno")))], [("CITY", "valueMap", "value_map_ambiguous")]),
        ([RowChange("CITY", value_map=(("R", "Reno"), ("R", "Elko")))], []),
        (
            [RowChange("CITY", rule=FROM, value_map=(("R", "Reno"), ("r", "Elko")))],
            [("CITY", "valueMap", "value_map_ambiguous")],
        ),
        ([RowChange("CITY", rule=FROM, value_map=(("R", "Reno"), ("E", "Reno")))], []),
        ([RowChange("NOPE", active=False)], [("NOPE", "rowId", "row_unknown")]),
        ([RowChange("CITY"), RowChange("CITY")], [("CITY", "rowId", "row_twice")]),
        ([own("CITY", "EXTRA", "Extra__c", rule=None)], [("CITY", "intacctField", "row_declared")]),
        ([own("x", "EXTRA", "Extra__c", rule=None)], [("x", "rule", "row_incomplete")]),
        ([own("x", "EXTRA", "Extra__c")], []),
        ([own("x", "CITY", "Extra__c")], [("x", "intacctField", "field_taken")]),
        ([own("x", "EXTRA", "CITY__C")], [("x", "salesforceFields", "field_taken")]),
        ([own("x", "EXTRA", "A__c"), own("y", "extra", "B__c")], [("y", "intacctField", "field_taken")]),
        ([RowChange("CITY", active=False), own("x", "CITY", "City__c")], []),
        ([own("x", "MEMO", "Other__c")], []),
        ([RowChange("MEMO", active=True), own("x", "MEMO", "Other__c")], [("x", "intacctField", "field_taken")]),
        ([own("x", "CODE", "Extra__c")], [("x", "intacctField", "field_taken")]),
        ([own("x", "EXTRA", "Status__c")], [("x", "salesforceFields", "field_reserved")]),
        ([own("x", "EXTRA", "Key__c")], [("x", "salesforceFields", "field_reserved")]),
        ([own("x", "EXTRA", "Id", rule=TO)], []),
        ([own("x", "RECORDNO", "Extra__c")], [("x", "intacctField", "field_reserved")]),
        ([own("x", "SHOPID", "Extra__c")], [("x", "intacctField", "field_reserved")]),
        ([own("x", "EXTRA", "Owner__r.Name")], [("x", "salesforceFields", "field_reserved")]),
        ([own("x", "EXTRA", "Owner__r.Name", rule=TO)], []),
        (
            [own("x", "EXTRA", "A__c", "B__c")],
            [("x", "toIntacct", "formula_missing"), ("x", "toSalesforce", "formula_missing")],
        ),
        ([own("x", "EXTRA", "Name", "City__c", rule=TO, to_intacct="join")], []),
        ([own("x", "EXTRA", "Name", rule=TO, to_intacct="nonsense")], [("x", "toIntacct", "formula_malformed")]),
        ([own("x", "EXTRA", "A__c", rule=FROM, to_intacct="upper")], [("x", "toIntacct", "formula_unused")]),
        (
            [own("x", "EXTRA", "A__c", rule=TO, to_salesforce=(("A__c", "upper"),))],
            [("x", "toSalesforce", "formula_unused")],
        ),
        (
            [own("x", "EXTRA", "A__c", rule=FROM, to_salesforce=(("B__c", "upper"),))],
            [("x", "toSalesforce", "formula_target")],
        ),
        ([own("x", "NAME", "A__c", rule=FROM, to_salesforce=(("A__c", "upper"),))], []),
        (
            [own("x", "NAME", "City__c", rule=FROM, to_salesforce=(("City__c", "upper"),))],
            [("x", "salesforceFields", "field_taken")],
        ),
        ([own("x", "EXTRA", "A__c", kind=ValueKind.PICK)], [("x", "valueMap", "value_map_missing")]),
        (
            [own("x", "EXTRA", "A__c", kind=ValueKind.FLAG, value_map=(("a", "yes"),))],
            [("x", "valueMap", "value_map_unfit")],
        ),
        (
            [own("x", "EXTRA", "A__c", kind=ValueKind.DATE, value_map=(("a", "b"),))],
            [("x", "valueMap", "value_map_unfit")],
        ),
        ([own("x", "EXTRA", "A__c", kind=ValueKind.DATE, width=9)], [("x", "width", "width_unfit")]),
        ([own("x", "EXTRA", "A__c", kind=ValueKind.NUMBER, default="many")], [("x", "defaultValue", "default_unfit")]),
        ([own("x", "EXTRA", "A__c", kind=ValueKind.REFERENCE)], [("x", "lookupObject", "lookup_unfit")]),
        ([own("x", "EXTRA", "A__c", lookup="person")], [("x", "lookupObject", "lookup_unfit")]),
        (
            [own("x", "EXTRA", "A__c", kind=ValueKind.REFERENCE, lookup="ghost")],
            [("x", "lookupObject", "object_unknown")],
        ),
        ([own("x", "EXTRA", "A__c", kind=ValueKind.REFERENCE, lookup="shop")], []),
    ],
    ids=lambda value: "-".join(change.row_id for change in value) if value and isinstance(value[0], RowChange) else "",
)
def test_what_a_mapping_may_not_say(changes: list[RowChange], expected: list[tuple[str, str, str]]) -> None:
    assert found(*changes) == expected


def test_everything_is_said_at_once() -> None:
    wrong = found(RowChange("CODE", active=False), own("x", "EXTRA", "A__c", rule=None), RowChange("NOPE"))
    assert [code for _, _, code in wrong] == ["row_fixed", "row_incomplete", "row_unknown"]


def test_our_own_key_is_not_open_to_mappings() -> None:
    assert found(own("x", "SFDC_ID", "A__c"), link_field="SFDC_ID") == [("x", "intacctField", "field_reserved")]


def test_objects_may_not_be_made_to_wait_for_each_other() -> None:
    row = own("x", "EXTRA", "A__c", kind=ValueKind.REFERENCE, lookup="shop", rule=TO)
    wrong = problems(PERSON, Content((row,)), compiler, CATALOGUE)
    assert [one.code for one in wrong] == ["lookup_circle"]


# --- stored, compared -----------------------------------------------------------------------------------------------

words = st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=3).map(tuple)
owns = st.builds(
    OwnRow,
    st.sampled_from(["EXTRA", "OTHER.PART"]),
    st.lists(st.sampled_from(["A__c", "B__c", "C__c"]), min_size=1, max_size=3, unique=True).map(tuple),
    st.sampled_from(list(ValueKind)),
    st.none() | st.integers(1, 400),
    st.none() | st.just("person"),
    st.none() | st.just("join"),
    st.lists(st.tuples(st.sampled_from(["A__c", "B__c"]), st.just("upper")), max_size=2).map(tuple),
)
changes = st.builds(
    RowChange,
    st.sampled_from(["NAME", "CITY", "CODE", "DUE", "OPEN", "x", "y"]),
    st.none() | st.booleans(),
    st.none() | st.sampled_from(list(Rule)),
    st.none() | st.sampled_from(list(Policy)),
    st.none() | words,
    st.none() | st.text(max_size=5),
    st.none() | owns,
)
contents = st.lists(changes, max_size=4).map(lambda made: Content(tuple(made)))


@many
@given(contents)
def test_a_stored_content_is_the_same_when_read(content: Content) -> None:
    read = content_of(plain_content(content))
    assert plain_content(read) == plain_content(content)
    assert differences(content, read) == []


@many
@given(contents)
def test_a_content_without_problems_makes_rows_that_share_no_field(content: Content) -> None:
    if problems(SHOP, content, compiler, CATALOGUE):
        return
    made = [row for row in effective(SHOP, content, compiler) if row.active]
    assert len({row.id for row in made}) == len(made)
    plain = [row for row in made if row.computed is None]
    for ends in ([name for row in plain for name in row.names], [row.salesforce for row in plain]):
        assert len(ends) == len(set(ends))
    fixed = {row.id: row for row in SHOP.fields if row.mark is Mark.FIXED}
    assert {row.id: row for row in made if row.mark is Mark.FIXED} == fixed


def test_differences_name_row_part_and_both_values() -> None:
    before = Content((RowChange("CITY", rule=TO), own("x", "EXTRA", "A__c")))
    after = Content((RowChange("CITY", rule=FROM, default="Reno"),))
    said = [(one.row, one.what, one.before, one.after) for one in differences(before, after)]
    assert said[:2] == [("CITY", "rule", "toIntacct", "fromIntacct"), ("CITY", "defaultValue", None, "Reno")]
    assert ("x", "intacctField", "EXTRA", None) in said


def test_rows_given_anew_take_the_place_of_the_old() -> None:
    before = Content((RowChange("CITY", rule=TO), RowChange("NAME", rule=TO)))
    changed = before.changed([RowChange("CITY", active=False), RowChange("OPEN", active=False)], ["NAME"])
    assert [row.row_id for row in changed.rows] == ["CITY", "OPEN"]
    assert changed.of("CITY") == RowChange("CITY", active=False)


def test_a_value_map_over_a_list_maps_its_words() -> None:
    assert isinstance(rows(RowChange("CITY", value_map=(("R", "Reno"),)))["CITY"].via, Worded)
