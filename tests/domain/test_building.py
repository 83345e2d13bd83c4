"""Journal entries made by a mapping: sides, sums, filters, what is used already, what is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from app.domain.building import BuiltEntry, JournalMapping, Outcome, Row, Side, bare, build
from app.domain.conditions import Compare, Operator
from app.domain.records import Record, Value

P = "ia_crm__"
GIFTS = JournalMapping(
    name="gifts",
    header="Opportunity",
    line="Payment__c",
    parent="Opportunity__c",
    debit_field="Debit__c",
    credit_field="Credit__c",
    header_rows=(
        Row(f"{P}Intacct_Journal__c", constant="JOURNAL"),
        Row(f"{P}Date__c", "CloseDate"),
        Row(f"{P}Description__c", "Name"),
    ),
    line_rows=(
        Row(f"{P}Amount__c", "Amount__c"),
        Row(f"{P}Intacct_Account__c", constant="CASH", side=Side.DEBIT),
        Row(f"{P}Intacct_Account__c", "Fund__c", side=Side.CREDIT),
        Row(f"{P}Memo__c", "Name"),
    ),
)


def gift(key: str = "O1", **values: Value) -> Record:
    return Record("Opportunity", key, {"CloseDate": "2026-03-01", "Name": f"Gift {key}", **values})


def paid(key: str, amount: Value, **values: Value) -> Record:
    known: dict[str, Value] = {"Amount__c": amount, "Fund__c": "F1", "Name": key, "Debit__c": None, "Credit__c": None}
    return Record("Payment__c", key, {**known, **values})


def made(
    *lines: Record, mapping: JournalMapping = GIFTS, used: Sequence[str] = (), header: Record | None = None
) -> Outcome:
    head = header or gift()
    return build(mapping, [head], {head.key: lines}, set(used))


def one(outcome: Outcome) -> BuiltEntry:
    (entry,) = outcome.entries
    return entry


def sums(entry: BuiltEntry) -> Mapping[Side, list[tuple[Value, Value]]]:
    shown = [(line.side, line.values[f"{P}Intacct_Account__c"], line.values[f"{P}Amount__c"]) for line in entry.lines]
    return {side: [(account, amount) for own, account, amount in shown if own is side] for side in Side}


def test_amount_becomes_a_debit_and_a_credit() -> None:
    entry = one(made(paid("L1", Decimal("10.50"))))
    assert sums(entry)[Side.DEBIT] == [("CASH", Decimal("10.50"))]
    assert sums(entry)[Side.CREDIT] == [("F1", Decimal("10.50"))]
    assert entry.values == {
        f"{P}Intacct_Journal__c": "JOURNAL",
        f"{P}Date__c": "2026-03-01",
        f"{P}Description__c": "Gift O1",
    }


def test_negative_amount_changes_sides() -> None:
    entry = one(made(paid("L1", Decimal(-7))))
    assert (sums(entry)[Side.DEBIT], sums(entry)[Side.CREDIT]) == ([("F1", 7)], [("CASH", 7)])


def test_lines_are_summed_by_the_chosen_fields_and_never_over_accounts_or_signs() -> None:
    mapping = replace(GIFTS, lines_by=("Fund__c",))
    lines = [paid("A", 10), paid("B", 5), paid("C", 3, Fund__c="F2"), paid("D", -2)]
    entry = one(made(*lines, mapping=mapping))
    assert sums(entry)[Side.CREDIT] == [("F1", 15), ("F2", 3), ("CASH", 2)]
    assert sums(entry)[Side.DEBIT] == [("CASH", 15), ("CASH", 3), ("F1", 2)]
    summed = next(line for line in entry.lines if line.sources == ("A", "B"))
    assert f"{P}Memo__c" not in summed.values


def test_headers_share_an_entry_by_the_chosen_fields() -> None:
    mapping = replace(GIFTS, entries_by=("CloseDate",))
    heads = [gift("O1"), gift("O2"), gift("O3", CloseDate="2026-03-02")]
    lines = {head.key: [paid(f"L{head.key}", 1)] for head in heads}
    outcome = build(mapping, heads, lines, set())
    assert [entry.headers for entry in outcome.entries] == [("O1", "O2"), ("O3",)]
    assert f"{P}Description__c" not in outcome.entries[0].values


def test_used_lines_are_left_out_by_reference_or_by_claim() -> None:
    lines = [paid("A", 1, Debit__c="x"), paid("B", 2, Credit__c="x"), paid("C", 3), paid("D", 4)]
    entry = one(made(*lines, used=["C"]))
    assert {line.sources for line in entry.lines} == {("D",)}


def test_record_whose_lines_are_all_used_makes_nothing_and_says_why() -> None:
    outcome = made(paid("A", 1), used=["A"])
    assert (outcome.entries, outcome.skipped["O1"][0]) == ([], "already_used")


def test_filters_of_header_and_line() -> None:
    mapping = replace(
        GIFTS,
        header_filter=Compare("StageName", Operator.EQ, ("Closed Won",)),
        line_filter=Compare("Paid__c", Operator.EQ, (True,)),
    )
    lost = made(paid("A", 1, Paid__c=True), mapping=mapping, header=gift(StageName="Closed Lost"))
    assert lost.skipped["O1"][0] == "filtered_out"
    none = made(paid("A", 1, Paid__c=False), mapping=mapping, header=gift(StageName="Closed Won"))
    assert none.skipped["O1"][0] == "no_lines"
    lines = [paid("A", 1, Paid__c=False), paid("B", 2, Paid__c=True)]
    some = made(*lines, mapping=mapping, header=gift(StageName="Closed Won"))
    assert {line.sources for line in one(some).lines} == {("B",)}


def test_record_type_filter() -> None:
    mapping = replace(GIFTS, record_types=("Donation",))
    header = gift(**{"RecordType.DeveloperName": "Grant"})
    assert made(paid("A", 1), mapping=mapping, header=header).skipped["O1"][0] == "other_record_type"


def test_missing_account_or_amount_keeps_the_whole_record_from_an_entry() -> None:
    outcome = made(paid("A", 1), paid("B", None), paid("C", 1, Fund__c=None))
    assert outcome.entries == []
    assert [(problem.code, problem.field) for problem in outcome.problems["O1"]] == [
        ("amount_missing", "Amount__c"),
        ("account_missing", "Fund__c"),
    ]


def test_dimensions_stand_in_where_a_row_gives_nothing() -> None:
    mapping = replace(
        GIFTS,
        dimensions=((f"{P}Class__c", "STANDARD"),),
        line_rows=(*GIFTS.line_rows, Row(f"{P}Class__c", "Class__c")),
    )
    entry = one(made(paid("A", 1, Class__c=None), paid("B", 1, Class__c="OWN"), mapping=mapping))
    assert [line.values[f"{P}Class__c"] for line in entry.lines] == ["STANDARD", "STANDARD", "OWN", "OWN"]


def test_statistical_mapping_makes_one_side() -> None:
    mapping = replace(GIFTS, statistical=True, credit_field=None)
    entry = one(made(paid("A", 3), paid("B", -1), mapping=mapping))
    assert [(line.side, line.values[f"{P}Amount__c"]) for line in entry.lines] == [(Side.DEBIT, 3), (Side.CREDIT, 1)]


def test_header_alone_is_its_own_line() -> None:
    mapping = replace(GIFTS, line=None, parent=None)
    head = paid("O1", 9, CloseDate="2026-01-01")
    entry = one(build(mapping, [head], {"O1": [head]}, set()))
    assert {line.sources for line in entry.lines} == {("O1",)}


def test_too_many_lines_are_refused() -> None:
    outcome = made(*(paid(f"L{n}", 1) for n in range(251)))
    assert (outcome.entries, outcome.problems["O1"][0].code) == ([], "too_many_lines")


def test_zero_amount_makes_no_line() -> None:
    assert made(paid("A", 0)).skipped["O1"][0] == "already_used"


def test_names_are_compared_without_their_namespace() -> None:
    assert [bare(name) for name in ("ia_crm__Amount__c", "Amount__c", "Amount")] == ["Amount__c", "Amount__c", "Amount"]


@given(
    st.lists(
        st.tuples(st.decimals("-1e6", "1e6", places=2), st.sampled_from(["F1", "F2"]), st.sampled_from("XY")),
        max_size=30,
    ),
    st.sampled_from([(), ("Fund__c",), ("Kind__c",), ("Fund__c", "Kind__c")]),
)
def test_every_entry_balances_and_uses_each_line_once_per_side(
    amounts: list[tuple[Decimal, str, str]], by: tuple[str, ...]
) -> None:
    lines = [paid(f"L{n}", amount, Fund__c=fund, Kind__c=kind) for n, (amount, fund, kind) in enumerate(amounts)]
    for entry in made(*lines, mapping=replace(GIFTS, lines_by=by)).entries:
        totals = {side: sum(Decimal(str(amount)) for _, amount in pairs) for side, pairs in sums(entry).items()}
        assert totals[Side.DEBIT] == totals[Side.CREDIT] > 0
        for side in (Side.DEBIT, Side.CREDIT):
            sources = [key for line in entry.lines if line.side is side for key in line.sources]
            assert len(sources) == len(set(sources))
            assert set(sources) == {line.key for line in lines if line.values["Amount__c"] != 0}
