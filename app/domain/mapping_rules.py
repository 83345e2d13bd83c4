"""What a mapping may not say: marks, second rows to one field, incomplete or contradictory rows. Pure.

All problems are found at once, named by row and by the field of the row as the user wrote it. Whether the two sides
really have the fields is asked elsewhere (`services.mapping_checks`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.domain.conversions import Worded
from app.domain.declaration import Field, Kind, Mark, Rule, SyncedObject
from app.domain.mappings import (
    FALSE,
    TRUE,
    Compiler,
    Content,
    Malformed,
    OwnRow,
    RowChange,
    ValueKind,
    changed_row,
    default_value,
    effective,
    own_row,
    takes_words,
    transform_of,
)
from app.domain.merge import blank
from app.domain.transforms import Flag, Transform, Truth, Unfit

WITH_WIDTH = (ValueKind.TEXT, ValueKind.IDENTIFIER, ValueKind.PICK, ValueKind.MULTI)
WITH_WORDS = (*WITH_WIDTH, ValueKind.FLAG)
NEEDS_WORDS = (ValueKind.PICK, ValueKind.MULTI, ValueKind.FLAG)
SYSTEM_SALESFORCE = ("Id", "IsDeleted", "MasterRecordId", "CreatedDate", "LastModifiedDate", "SystemModstamp")
SYSTEM_INTACCT = ("RECORDNO", "WHENCREATED", "WHENMODIFIED", "MEGAENTITYID", "MEGAENTITYKEY")
"""Fields that belong to the systems themselves."""


class Severity(StrEnum):
    """Whether a finding keeps a mapping from being used."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a row. `field` is the part of the row that is to blame, as the user writes it."""

    row: str
    field: str
    code: str
    message: str
    advice: str = ""
    severity: Severity = Severity.ERROR


def problems(
    declared: SyncedObject,
    content: Content,
    compiler: Compiler,
    catalogue: Mapping[str, SyncedObject],
    link_field: str = "",
) -> list[Finding]:
    """Everything that is wrong with a content, whatever the two sides have; empty when nothing is.

    `link_field` is the Intacct field that holds our key on this connection.
    """
    rows = {row.id: row for row in declared.fields}
    found: list[Finding] = []
    seen: set[str] = set()
    for change in content.rows:
        if change.row_id in seen:
            found.append(_error(change, "rowId", "row_twice", "is named twice"))
        seen.add(change.row_id)
        row = rows.get(change.row_id)
        if row is not None:
            found += _of_declared(declared, row, change)
        elif change.own is None:
            said = "is no standard row, and an own row needs intacctField, salesforceFields, kind and rule"
            found.append(_error(change, "rowId", "row_unknown", said))
        else:
            found += _of_own(declared, change, change.own, compiler, catalogue)
    return found or _second_uses(declared, content, compiler, link_field)


def _error(change: RowChange, field: str, code: str, said: str, advice: str = "") -> Finding:
    return Finding(change.row_id, field, code, f"{change.row_id} {said}.", advice)


def _of_declared(declared: SyncedObject, row: Field, change: RowChange) -> Iterable[Finding]:
    """What a change of a declared row may not say."""
    said = {"rule": change.rule, "policy": change.policy, "valueMap": change.value_map, "defaultValue": change.default}
    given = [name for name, value in said.items() if value is not None]
    if change.own is not None:
        advice = "Switch the standard row off and add a row of your own."
        yield _error(change, "intacctField", "row_declared", "is a standard row; its fields cannot be changed", advice)
    if row.mark is Mark.FIXED:
        for name in [*given, *(["active"] if change.active is not None else [])]:
            yield _error(change, name, "row_fixed", f"is fixed: its {name} cannot be changed")
        return
    if row.mark is Mark.FORMULA:
        for name in given:
            yield _error(change, name, "row_formula", f"is derived in Intacct: its {name} cannot be changed")
        return
    goes_out = (change.rule or row.rule) is not Rule.FROM_INTACCT
    if row.required and (change.active is False or (row.rule is not Rule.FROM_INTACCT and not goes_out)):
        field = "active" if change.active is False else "rule"
        yield _error(change, field, "row_required", "is needed to create the record, so it stays and goes to Intacct")
    if change.rule not in (None, Rule.TO_INTACCT) and any("." in name for name in row.places):
        yield _error(change, "rule", "row_not_writable", f"reads {row.salesforce}, which cannot be written from here")
    if change.value_map is not None:
        if not takes_words(row.via):
            yield _error(change, "valueMap", "value_map_unfit", "holds no words that could be mapped")
        yield from _of_words(change, change.rule or row.rule)
    if change.default is not None:
        via = Worded(change.value_map, row.via) if change.value_map else row.via
        yield from _of_default(change, via, lookup=row.refers_to is not None, rule=change.rule or row.rule)


def _of_default(change: RowChange, via: Transform, *, lookup: bool, rule: Rule) -> Iterable[Finding]:
    if isinstance(via, Truth | Flag):
        yield _error(change, "defaultValue", "default_unused", "is a checkbox and never empty, so it has no default")
        return
    if lookup and rule is not Rule.TO_INTACCT:
        said = "is a look-up; a default is possible only on the way to Intacct"
        yield _error(change, "defaultValue", "default_unfit", said)
    try:
        if blank(default_value(via, change.default)):
            yield _error(change, "defaultValue", "default_unfit", "has a default that is empty")
    except Unfit as unfit:
        yield _error(change, "defaultValue", "default_unfit", f"has a default that {unfit}")


def _of_words(change: RowChange, rule: Rule) -> Iterable[Finding]:
    """Words that mean two things in a direction the row goes."""
    pairs = change.value_map or ()
    if not pairs:
        yield _error(change, "valueMap", "value_map_empty", "has a value map without any pair")
    for index, side, against in ((1, "Salesforce", Rule.FROM_INTACCT), (0, "Intacct", Rule.TO_INTACCT)):
        words = [pair[index].strip().lower() for pair in pairs]
        if rule is Rule.BIDIRECTIONAL and index == 0:
            continue  # several Salesforce words for one of Intacct's: the first returns
        twice = sorted({pair[index] for pair in pairs if words.count(pair[index].strip().lower()) > 1})
        if twice and rule is not against:
            said = f"maps {side}'s {', '.join(map(repr, twice))} to more than one word"
            yield _error(change, "valueMap", "value_map_ambiguous", said)


def _of_own(
    declared: SyncedObject,
    change: RowChange,
    own: OwnRow,
    compiler: Compiler,
    catalogue: Mapping[str, SyncedObject],
) -> Iterable[Finding]:
    """What an own row may not say."""
    rule = change.rule
    if rule is None:
        yield _error(change, "rule", "row_incomplete", "has no rule")
        return
    if declared.kind is Kind.MANAGED_LIST and rule is not Rule.FROM_INTACCT:
        yield _error(change, "rule", "list_read_only", "belongs to a list that Intacct owns: its rule is fromIntacct")
    if own.width is not None and own.kind not in WITH_WIDTH:
        yield _error(change, "width", "width_unfit", f"is of kind {own.kind}, which has no width")
    if own.kind in NEEDS_WORDS and not change.value_map:
        yield _error(change, "valueMap", "value_map_missing", f"is of kind {own.kind}, which needs a value map")
    elif change.value_map is not None:
        yield from _of_own_words(change, own, rule)
    yield from _of_lookup(declared, change, own, catalogue)
    if change.default is not None:
        via = transform_of(own, change.value_map or ())
        yield from _of_default(change, via, lookup=own.kind is ValueKind.REFERENCE, rule=rule)
    yield from _of_formulas(change, own, rule, compiler)


def _of_own_words(change: RowChange, own: OwnRow, rule: Rule) -> Iterable[Finding]:
    if own.kind not in WITH_WORDS:
        yield _error(change, "valueMap", "value_map_unfit", f"is of kind {own.kind}, which has no words to map")
        return
    if own.to_salesforce:
        said = "has both a value map and a formula to Salesforce"
        yield _error(change, "valueMap", "value_map_unfit", said, "Use one of them.")
    if own.kind is ValueKind.FLAG and {pair[1] for pair in change.value_map or ()} != {TRUE, FALSE}:
        yield _error(change, "valueMap", "value_map_unfit", f"is a flag: it maps one word to {TRUE} and one to {FALSE}")
    long = [word for word, _ in change.value_map or () if own.width is not None and len(word) > own.width]
    if long:
        yield _error(change, "valueMap", "too_long", f"maps to {long[0]!r}, which is longer than its width")
    yield from _of_words(change, rule)


def _of_lookup(
    declared: SyncedObject, change: RowChange, own: OwnRow, catalogue: Mapping[str, SyncedObject]
) -> Iterable[Finding]:
    if (own.kind is ValueKind.REFERENCE) != (own.lookup is not None):
        said = "is of kind reference and names no lookupObject" if own.lookup is None else "is no reference"
        yield _error(change, "lookupObject", "lookup_unfit", said)
    elif own.lookup is not None and own.lookup not in catalogue:
        known = ", ".join(catalogue)
        yield _error(change, "lookupObject", "object_unknown", f"looks up {own.lookup!r}, which is no object", known)
    elif own.lookup is not None and len(own.salesforce) > 1:
        yield _error(change, "salesforceFields", "lookup_unfit", "is a reference and has one Salesforce field")
    elif (
        own.lookup not in (None, declared.name)
        and change.rule is not Rule.FROM_INTACCT
        and declared.name in _reached(str(own.lookup), catalogue)
    ):
        said = f"would make {declared.name} and {own.lookup} wait for each other"
        yield _error(change, "lookupObject", "lookup_circle", said)


def _reached(name: str, catalogue: Mapping[str, SyncedObject]) -> set[str]:
    """The objects that one refers to, directly or over others."""
    reached: set[str] = set()
    waiting = [name]
    while waiting:
        for row in catalogue[waiting.pop()].fields:
            if row.refers_to and row.refers_to not in reached:
                reached.add(row.refers_to)
                waiting.append(row.refers_to)
    return reached


def _of_formulas(change: RowChange, own: OwnRow, rule: Rule, compiler: Compiler) -> Iterable[Finding]:
    """Formulas that are malformed, missing, or for a direction the row does not go."""
    several = len(own.salesforce) > 1
    targets = [target for target, _ in own.to_salesforce]
    if several and rule is not Rule.FROM_INTACCT and own.to_intacct is None:
        said = "reads several Salesforce fields and needs a formula toIntacct"
        yield _error(change, "toIntacct", "formula_missing", said)
    if several and rule is not Rule.TO_INTACCT and not targets:
        said = "writes several Salesforce fields and needs formulas toSalesforce"
        yield _error(change, "toSalesforce", "formula_missing", said)
    if rule is Rule.FROM_INTACCT and own.to_intacct is not None:
        yield _error(change, "toIntacct", "formula_unused", "never goes to Intacct")
    if rule is Rule.TO_INTACCT and targets:
        yield _error(change, "toSalesforce", "formula_unused", "never goes to Salesforce")
    if own.kind is ValueKind.REFERENCE and (own.to_intacct or targets):
        yield _error(change, "toIntacct", "formula_unused", "is a reference; its value is looked up, not computed")
    strange = [target for target in targets if target not in own.salesforce or targets.count(target) > 1]
    if strange:
        said = f"has a formula for {strange[0]}, which is none of its fields or named twice"
        yield _error(change, "toSalesforce", "formula_target", said)
    texts = [("toIntacct", own.to_intacct, own.salesforce)] if own.to_intacct is not None else []
    for field, text, names in [*texts, *(("toSalesforce", text, (own.intacct,)) for _, text in own.to_salesforce)]:
        try:
            compiler(text, names)
        except Malformed as malformed:
            yield _error(change, field, "formula_malformed", f"has a formula that {malformed}")


def _second_uses(declared: SyncedObject, content: Content, compiler: Compiler, link_field: str) -> list[Finding]:
    """Fields that two active rows write, or that belong to the systems or to us. The later row is to blame."""
    changes = {id_of(declared, change, compiler): change for change in content.rows}
    back = declared.write_back
    ours = [back.status, back.errors, back.synced_at, back.id_copy, back.intacct_id, declared.salesforce.external_id]
    rows_have = {name for row in declared.fields for name in row.places}
    kept = {name.lower() for name in [*ours, *SYSTEM_SALESFORCE] if name and name not in rows_have}
    there = {name.upper() for name in (*SYSTEM_INTACCT, declared.intacct.natural_key, link_field)}
    found: list[Finding] = []
    taken: dict[tuple[str, str], Field] = {}
    for row in sorted(effective(declared, content, compiler), key=lambda row: row.id in changes):
        if not row.active:
            continue
        change = changes.get(row.id)
        for side, name in _written(row):
            word = "intacctField" if side == "Intacct" else "salesforceFields"
            reserved = name.upper() in there if side == "Intacct" else name.lower() in kept or "." in name
            read_only = side == "Salesforce" and row.rule is Rule.TO_INTACCT
            if change is not None and change.own is not None and reserved and not read_only:
                said = f"would write {name}, which is not open to mappings"
                found.append(_error(change, word, "field_reserved", said))
            other = taken.setdefault((side, name.lower()), row)
            if other is not row and change is not None:
                said = f"is a second row to {side}'s {name}; {_shown(changes, other)} has it"
                advice = f"Switch {_shown(changes, other)} off first, or choose another field."
                found.append(_error(change, word if change.own else "active", "field_taken", said, advice))
    return found


def _written(row: Field) -> Iterable[tuple[str, str]]:
    """The fields a row takes for itself. A computed row may read what others write; any other row has both its ends."""
    if not row.shows and (row.computed is None or row.rule is not Rule.FROM_INTACCT):
        yield from (("Intacct", name) for name in row.names)
    if row.computed is None:
        if row.rule is not Rule.TO_INTACCT or "." not in row.salesforce:
            yield "Salesforce", row.salesforce
    elif row.rule is not Rule.TO_INTACCT:
        back = row.computed.back if any(row.computed.back) else (None,) * len(row.places)
        plain = not any(row.computed.back)
        yield from (("Salesforce", n) for n, f in zip(row.places, back, strict=True) if f is not None or plain)


def id_of(declared: SyncedObject, change: RowChange, compiler: Compiler) -> str:
    """The id of the row that follows from a change that is allowed."""
    if change.own is not None:
        return own_row(change, compiler, {}).id
    return changed_row(next(row for row in declared.fields if row.id == change.row_id), change).id


def _shown(changes: Mapping[str, RowChange], row: Field) -> str:
    return changes[row.id].row_id if row.id in changes else row.id
