"""What one record costs our processor: mapping both sides, merging, telling an edit from an echo. Nothing is sent.

The base beside it is what anybody has to do who compares two records by hand: take the same fields of both sides as
text without blanks around it and keep those that differ. Both take turns on the same records in one process.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from app.domain.conversions import Worded
from app.domain.declaration import Computed, Field, Rule
from app.domain.mapping import from_intacct, from_salesforce, to_intacct, to_salesforce
from app.domain.merge import Base, merge
from app.domain.plan import Plan, make_plan
from app.domain.records import Record, System, Value
from app.domain.transforms import Quantity, Text, plain
from app.objects import CATALOGUE
from app.services.formulas import compile_formula
from app.sync.echo import edited
from benchmarks.figures import Figure, median, spread

RECORDS = 200
MAPPED, WORDS, OPERAND = 20, 40, "Operand_"
"""Rows of an administrator's own, words of a value map, and how fields begin that a formula reads."""


@dataclass(frozen=True, slots=True)
class Case:
    """Records of both sides under one plan, with what both last agreed on and the twins of what they refer to."""

    plan: Plan
    pairs: Sequence[tuple[Mapping[str, Value], Mapping[str, Value], Base]]
    twins: Mapping[tuple[str, str], str]
    known: Mapping[str, set[str]]


def measure(*, quick: bool) -> list[Figure]:
    """Microseconds per record: accounts with all rows, with rows of formulas, and with value maps."""
    rounds = 7 if quick else 25
    cases = (
        ("account, all rows", _case()),
        (f"account, {MAPPED} formulas", _case(*_formulas())),
        (f"account, {MAPPED} value maps of {WORDS} words", _case(*_value_maps())),
    )
    return [figure for name, case in cases for figure in _figures(name, case, rounds)]


def _figures(name: str, case: Case, rounds: int) -> list[Figure]:
    steps: Sequence[tuple[str, Callable[[Case], object]]] = (
        ("mapping", _map),
        ("mapping, merging and spreading", _whole),
        ("comparing with what was agreed", _compare),
    )
    found = []
    for step, work in steps:
        work(case)
        ours, ratios = [], []
        for _ in range(rounds):
            took, base = _timed(work, case), _timed(_by_hand, case)
            ours.append(1e6 * took / len(case.pairs))
            ratios.append(took / base)
        note = f"{len(case.plan.rows)} rows; {min(ours):.0f} to {max(ours):.0f}"
        found.append(Figure(f"{name}: {step}", median(ours), "us/record", note))
        found.append(Figure(f"{name}: {step}, against by hand", median(ratios), "ratio", spread(ratios)))
    return found


def _timed(work: Callable[[Case], object], case: Case) -> float:
    began = time.process_time()
    work(case)
    return time.process_time() - began


def _map(case: Case) -> None:
    for ours, theirs, _ in case.pairs:
        from_salesforce(case.plan.rows, ours, case.twins)
        from_intacct(case.plan.rows, theirs, case.known)


def _whole(case: Case) -> None:
    rows = case.plan.rows
    by_id = {(name, twin): key for (name, key), twin in case.twins.items()}
    for ours, theirs, base in case.pairs:
        here, there = from_salesforce(rows, ours, case.twins), from_intacct(rows, theirs, case.known)
        merged = merge(rows, base, here.values, there.values, newer=System.SALESFORCE)
        to_intacct(rows, merged.to_intacct)
        to_salesforce(rows, merged.to_salesforce, ours, by_id)


def _compare(case: Case) -> None:
    for _, theirs, base in case.pairs:
        edited(case.plan, Record("CUSTOMER", "1", theirs), base, case.known)


def _by_hand(case: Case) -> None:
    places = [(row.salesforce, row.names[0]) for row in case.plan.rows if row.names]
    for ours, theirs, _ in case.pairs:
        different = {}
        for here, there in places:
            left, right = _text(ours.get(here)), _text(theirs.get(there))
            if left != right:
                different[there] = left


def _text(value: Value) -> str:
    return "" if value is None else str(value).strip()


def _case(rows: Sequence[Field] = (), words: Sequence[tuple[str, str]] = ()) -> Case:
    """Accounts in step but for their phone numbers: the common record of a run."""
    declared = CATALOGUE["account"]
    mapped = (*declared.fields, *rows)
    plan = make_plan(
        replace(declared, fields=tuple(replace(row, active=True) for row in declared.fields)),
        scope="benchmark",
        namespace="ia_crm",
        link_field="SFDC_ID",
        options={"enabled": True},
        salesforce_has=[field for row in mapped for place in row.places for field in (place, place.split(".")[0])],
        intacct_has=[name for row in mapped for name in row.names],
        mapped=tuple(replace(row, active=True) for row in mapped),
    )
    twins, known = _twins(plan)
    pairs = [_pair(plan, number, twins, known, words) for number in range(RECORDS)]
    return Case(plan, pairs, twins, known)


def _twins(plan: Plan) -> tuple[dict[tuple[str, str], str], dict[str, set[str]]]:
    named = sorted({row.refers_to for row in plan.rows if row.refers_to})
    return {(name, f"{name}-here"): f"{name}-there" for name in named}, {name: {f"{name}-there"} for name in named}


def _pair(
    plan: Plan,
    number: int,
    twins: Mapping[tuple[str, str], str],
    known: Mapping[str, set[str]],
    words: Sequence[tuple[str, str]],
) -> tuple[dict[str, Value], dict[str, Value], dict[str, object]]:
    """One account on both sides: Intacct's fields filled, Salesforce's as they follow, then one edit."""
    theirs: dict[str, Value] = {}
    for row in plan.rows:
        for name in row.names:
            theirs[name] = _value(row, number, words)
    there = from_intacct(plan.rows, theirs, known)
    if there.problems:
        raise RuntimeError(f"the records do not fit: {there.problems[0]}")
    empty: dict[str, Value] = {place: None for row in plan.rows for place in row.places}
    by_id = {(name, twin): key for (name, key), twin in twins.items()}
    spread_out, problems = to_salesforce(plan.rows, there.values, empty, by_id)
    ours = (
        empty
        | {place: f"{number}.25" for row in plan.rows if row.computed for place in row.places}
        | {place: value for place, value in spread_out.items() if not place.startswith(OPERAND)}
    )
    if problems:
        raise RuntimeError(f"the records do not fit: {problems[0]}")
    agreed = {row_id: plain(value) for row_id, value in there.values.items()}
    ours["Phone"] = f"+1 775 {number:07d}"
    return ours, theirs, agreed


def _value(row: Field, number: int, words: Sequence[tuple[str, str]]) -> Value:
    """A value of Intacct that the row takes."""
    if row.refers_to:
        return f"{row.refers_to}-there"
    if isinstance(row.via, Worded) and row.via.pairs == tuple(words):
        return words[number % len(words)][0]
    for candidate in (f"Value {number}", "active", "true", "12.50", "E-Mail", "2026-01-10", None):
        try:
            row.via.canonical(candidate)
        except ValueError:
            continue
        return candidate
    return None


def _formulas() -> tuple[list[Field], list[tuple[str, str]]]:
    """Rows of two fields each: numbers added up and rounded, the larger one, both in one."""
    texts = ("ROUND({0} * 1.2 + {1}, 2)", "IF({0} > {1}, {0}, {1})", "{0} * 100 + {1}")
    made = []
    for number in range(MAPPED):
        names = (f"{OPERAND}A_{number}__c", f"{OPERAND}B_{number}__c")
        forth = compile_formula(texts[number % len(texts)].format(*names), names)
        made.append(
            Field(
                f"F{number}",
                names[0],
                Rule.TO_INTACCT,
                Quantity(),
                others=names[1:],
                computed=Computed(names, forth, (None, None)),
            )
        )
    return made, []


def _value_maps() -> tuple[list[Field], list[tuple[str, str]]]:
    """Rows of one long value map."""
    words = [(f"There {number}", f"Here {number}") for number in range(WORDS)]
    via = Worded(tuple(words), Text(80))
    return [Field(f"W{number}", f"Word_{number}__c", via=via) for number in range(MAPPED)], words
