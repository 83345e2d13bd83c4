"""A mapping held against what both sides really have: fields, types, words, who may write, what a create needs.

Asks both sides for their descriptions and nothing else. Says everything that is wrong at once; only an own or changed
row can be an error, a declared one that a side lacks is left out of the plan and told as a warning.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.domain.declaration import Creates, Field, Rule, SyncedObject
from app.domain.mapping_rules import Finding, Severity, id_of
from app.domain.mappings import Content, OwnRow, RowChange, ValueKind
from app.domain.plan import Plan
from app.domain.records import Lane
from app.services.context import Context
from app.services.formulas import compile_formula
from app.services.planning import plan_by
from app.store.tables import Connection
from app.sync.ports import FieldInfo

MOST_WORDS = 10

TEXTS = ("string", "textarea", "email", "phone", "url", "picklist", "combobox", "id", "text", "encryptedstring")
NUMBERS = ("double", "currency", "percent", "int", "long")

FITS: Mapping[ValueKind, tuple[str, ...]] = {
    ValueKind.TEXT: (*TEXTS, *NUMBERS, "boolean", "date", "datetime", "multipicklist"),
    ValueKind.IDENTIFIER: (*TEXTS, *NUMBERS),
    ValueKind.NUMBER: (*NUMBERS, "string", "text"),
    ValueKind.AMOUNT: (*NUMBERS, "string", "text"),
    ValueKind.DATE: ("date", "datetime", "string", "text"),
    ValueKind.DATETIME: ("datetime", "string", "text"),
    ValueKind.TRUTH: ("boolean",),
    ValueKind.FLAG: ("boolean",),
    ValueKind.PICK: (*TEXTS, "boolean"),
    ValueKind.MULTI: ("multipicklist", "string", "textarea", "text"),
    ValueKind.REFERENCE: ("reference", "id", "string", "text"),
}
"""Salesforce types each kind can be read from and written to, without formulas."""

THERE: Mapping[ValueKind, tuple[str, ...]] = {
    ValueKind.NUMBER: ("DECIMAL", "INTEGER", "NUMBER", "CURRENCY", "PERCENT", "TEXT"),
    ValueKind.AMOUNT: ("DECIMAL", "INTEGER", "NUMBER", "CURRENCY", "TEXT"),
    ValueKind.DATE: ("DATE", "TEXT"),
    ValueKind.DATETIME: ("TIMESTAMP", "DATETIME", "TEXT"),
    ValueKind.TRUTH: ("BOOLEAN", "TEXT"),
}
"""Intacct data types of the kinds that not every field can hold (intacct-api.md 3.5)."""


@dataclass(frozen=True, slots=True)
class _Sides:
    """Both descriptions: Salesforce fields by lower-case name, Intacct's by upper-case."""

    here: Mapping[str, FieldInfo]
    there: Mapping[str, FieldInfo]


async def checked(context: Context, connection: Connection, declared: SyncedObject, content: Content) -> list[Finding]:
    """What is wrong with a content whose structure is sound. Raises SyncError when a side cannot be asked."""
    pair = context.backends.of(connection, Lane.INTERACTIVE)
    plan = await plan_by(connection, declared, pair, content)
    here = await pair.salesforce.describe(plan.object.salesforce.kind)
    there = await pair.intacct.describe(declared.intacct.kind)
    sides = _Sides(
        {name.lower(): info for name, info in here.fields.items()},
        {name.upper(): info for name, info in there.fields.items()},
    )
    rows = {row.id: row for row in plan.mapped}
    changes = {id_of(declared, change, compile_formula): change for change in content.rows}
    found: list[Finding] = []
    for row_id, row in rows.items():
        change = changes.get(row_id)
        if change is None:
            found += _left_out(row, row in plan.rows)
        else:
            found += _of_row(change, row, sides, there_known=row in plan.rows)
    return [*found, *_uncovered(declared, plan, sides)]


def _left_out(row: Field, present: bool) -> Iterable[Finding]:
    """A declared row of which a side lacks a field."""
    if not present:
        said = f"is left out: a side has no {row.salesforce} or {'/'.join(row.names)} that we can see"
        yield _finding(row.id, "rowId", "field_absent", said, "Create the field, or give us access.", Severity.WARNING)


def _finding(
    row: str, field: str, code: str, said: str, advice: str = "", severity: Severity = Severity.ERROR
) -> Finding:
    return Finding(row, field, code, f"{row} {said}.", advice, severity)


def _of_row(change: RowChange, row: Field, sides: _Sides, *, there_known: bool) -> Iterable[Finding]:
    """What the two sides say against a changed or own row."""
    advice = "Correct the name, or give us access."
    gone = [name for name in row.names if not {name.upper(), name.upper().split(".")[0]} & set(sides.there)]
    missing = [name for name in row.places if "." not in name and name.lower() not in sides.here]
    if not gone and not missing and not there_known:
        missing = [name for name in row.places if "." in name]
    for name in missing:
        said = f"names {name}, which Salesforce does not have or does not show us"
        yield _finding(change.row_id, "salesforceFields", "field_missing", said, advice)
    for name in gone:
        said = f"names {name}, which Intacct does not have or does not show us"
        yield _finding(change.row_id, "intacctField", "field_missing", said, advice)
    info = sides.there.get(row.names[0].upper())
    for name in row.places:
        if (place := sides.here.get(name.lower())) is not None:
            yield from _of_place(change, row, place)
    if info is not None:
        yield from _of_target(change, row, info)


def _of_place(change: RowChange, row: Field, place: FieldInfo) -> Iterable[Finding]:
    """What a Salesforce field says against the row."""
    written = row.rule is not Rule.TO_INTACCT and not _left_alone(row, place.name)
    if written and not place.updateable:
        said = f"would write {place.name}, which we may not edit in Salesforce"
        yield _finding(change.row_id, "rule", "field_read_only", said, "Let us edit it, or change the rule.")
    own = change.own
    if own is not None and row.computed is None and place.type not in FITS[own.kind]:
        said = f"is of kind {own.kind}, and {place.name} is {place.type} in Salesforce"
        yield _finding(change.row_id, "kind", "type_unfit", said, "Choose another kind, or use a formula.")
    width = _width(own)
    if written and width and place.length and place.length < width and place.type in TEXTS:
        said = f"may carry {width} characters, and {place.name} holds {place.length}; longer values are not carried"
        advice = f"Set the width to {place.length}."
        yield _finding(change.row_id, "width", "width_narrower", said, advice, Severity.WARNING)
    if change.value_map and place.values:
        yield from _of_words(change, row, place)


def _left_alone(row: Field, name: str) -> bool:
    """Whether the row's formulas do not write one of its Salesforce fields."""
    if row.computed is None or not any(row.computed.back):
        return False
    return row.computed.back[[place.lower() for place in row.places].index(name.lower())] is None


def _width(own: OwnRow | None) -> int | None:
    return own.width if own is not None else None


def _of_words(change: RowChange, row: Field, place: FieldInfo) -> Iterable[Finding]:
    """Words of a value map that Salesforce does not know, and words of Salesforce without a pair."""
    mapped = {word.lower() for _, word in change.value_map or ()}
    known = {word.lower() for word in place.values}
    strange = sorted({word for _, word in change.value_map or () if word.lower() not in known})
    if strange and row.rule is not Rule.TO_INTACCT:
        said = f"maps to {_list(strange)}, which {place.name} does not offer"
        yield _finding(change.row_id, "valueMap", "word_unknown", said, "Correct the words or the picklist.")
    unmapped = sorted(word for word in place.values if word.lower() not in mapped)
    if unmapped and row.rule is not Rule.FROM_INTACCT:
        said = f"has no word for {_list(unmapped)} of {place.name}; records that hold one will fail"
        yield _finding(change.row_id, "valueMap", "word_unmapped", said, "Map them too.", Severity.WARNING)


def _of_target(change: RowChange, row: Field, info: FieldInfo) -> Iterable[Finding]:
    """What the Intacct field says against the row."""
    own, goes = change.own, row.rule is not Rule.FROM_INTACCT
    if goes and not (info.createable or info.updateable):
        said = f"would write {info.name}, which Intacct keeps to itself"
        yield _finding(change.row_id, "rule", "field_read_only", said, "Let the row come from Intacct.")
    if own is not None and own.kind in THERE and info.type.upper() not in THERE[own.kind]:
        said = f"is of kind {own.kind}, and {info.name} is {info.type} in Intacct"
        yield _finding(change.row_id, "kind", "type_unfit", said, "Choose another kind.")
    width = _width(own)
    if goes and width and info.length and info.length < width:
        said = f"may carry {width} characters, and {info.name} holds {info.length}"
        yield _finding(change.row_id, "width", "width_too_wide", said, f"Set the width to {info.length}.")
    if change.value_map and info.values and goes:
        known = {word.lower() for word in info.values}
        strange = sorted({word for word, _ in change.value_map if word.lower() not in known})
        if strange:
            said = f"maps to {_list(strange)}, which {info.name} does not take"
            yield _finding(change.row_id, "valueMap", "word_unknown", said, f"It takes {_list(info.values)}.")


def _uncovered(declared: SyncedObject, plan: Plan, sides: _Sides) -> Iterable[Finding]:
    """Fields a create needs which the declaration covers and this mapping does not."""
    if plan.creates in (Creates.TO_INTACCT, Creates.BOTH):
        covered = {n.upper() for row in plan.rows if row.rule is not Rule.FROM_INTACCT for n in row.names}
        for row in declared.fields:
            for name in row.names:
                info = sides.there.get(name.upper())
                needed = row.active and row.rule is not Rule.FROM_INTACCT and info is not None and info.required
                if needed and name.upper() not in covered | {n.upper() for n in declared.defaults}:
                    said = f"is required by Intacct, and no active row brings {name} there"
                    yield _finding(row.id, "active", "required_uncovered", said, "Keep a row to it.")
    if plan.born_in_intacct:
        covered = {name.lower() for row in plan.rows if row.rule is not Rule.TO_INTACCT for name in row.places}
        for row in declared.fields:
            info = sides.here.get(row.salesforce.lower())
            if row.active and info is not None and info.required and row.salesforce.lower() not in covered:
                said = f"is required by Salesforce, and no active row brings {row.salesforce} there"
                yield _finding(row.id, "active", "required_uncovered", said, "Keep a row to it.")


def _list(words: Sequence[str]) -> str:
    more = ", ..." if len(words) > MOST_WORDS else ""
    return ", ".join(map(repr, words[:MOST_WORDS])) + more
