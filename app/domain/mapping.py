"""Mapping: the values of one record as the plan compares them. Pure; reports all problems at once, in the user's names.

Reference rows arrive resolved: the caller hands in a table from Salesforce id to the natural id of the Intacct twin.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from app.domain.conversions import from_side, typed
from app.domain.declaration import Field, Rule
from app.domain.problems import Problem
from app.domain.records import System, Value
from app.domain.transforms import Canonical, Constant, Filled, Unfit, by_names, clean, plain


@dataclass(slots=True)
class Mapped:
    """Canonical values by row id, with everything that is wrong and everything that was cut."""

    values: dict[str, Canonical] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def from_salesforce(rows: Iterable[Field], values: Mapping[str, Value], twins: Mapping[tuple[str, str], str]) -> Mapped:
    """Canonical values of a Salesforce record. `twins` maps (object, Salesforce id) to the natural id in Intacct.

    A row one of whose fields is absent from `values` is left out. Required rows that are empty and values that do not
    fit are reported, all of them, by Salesforce field name; a value that Intacct owns need not fit, it is replaced. A
    word nobody knows where a constant belongs is no value to replace: the record may be something else.
    """
    mapped = Mapped()
    for row in rows:
        if not all(map(values.__contains__, row.places)):
            continue
        raw = values[row.salesforce]
        if row.refers_to and raw is not None:
            raw = twins.get((row.refers_to, str(raw)))
        try:
            raw = _computed(row, values) if row.computed else raw
            value = from_side(row.via, raw, System.SALESFORCE)
        except Unfit as unfit:
            if row.rule is Rule.FROM_INTACCT and not isinstance(row.via, Constant):
                mapped.values[row.id] = clean(raw)
            else:
                mapped.problems.append(Problem(unfit.code, row.salesforce, f"{row.salesforce} {unfit}.", row.id))
            continue
        if row.required and row.rule is not Rule.FROM_INTACCT and row.default is None and _empty(value):
            said = f"{row.salesforce} is empty."
            mapped.problems.append(Problem("required_field_empty", row.salesforce, said, row.id))
            continue
        if row.via.cuts(raw):
            mapped.warnings.append(f"{row.salesforce} is longer than Intacct holds and was cut.")
        mapped.values[row.id] = value
    return mapped


def from_intacct(rows: Iterable[Field], values: Mapping[str, Value], known: Mapping[str, set[str]]) -> Mapped:
    """Canonical values of an Intacct record. `known` holds, per object, the natural ids that have a Salesforce twin.

    A reference to a record without a twin counts as empty: Salesforce could not name it. A value that Salesforce owns
    need not fit, it is replaced.
    """
    mapped = Mapped()
    for row in rows:
        if isinstance(row.via, Constant):
            mapped.values[row.id] = row.via.value
            continue
        if not all(map(values.__contains__, row.names)):
            continue
        if isinstance(row.via, Filled):
            mapped.values[row.id] = any(row.via.canonical(values[name]) for name in row.names)
            continue
        if len(row.names) > 1:
            # gaps close, as they do in Salesforce's one field: a line that moved up is no edit
            filled = [line for name in row.names if (line := clean(values[name]))]
            mapped.values[row.id] = (*filled, *[None] * (len(row.names) - len(filled)))
            continue
        (name,) = row.names
        raw = values[name]
        if row.refers_to and clean(raw) not in known.get(row.refers_to, set()):
            raw = None
        try:
            mapped.values[row.id] = from_side(row.via, raw, System.INTACCT)
        except Unfit as unfit:
            if row.rule is Rule.TO_INTACCT:
                mapped.values[row.id] = clean(raw)
            else:
                mapped.problems.append(Problem(unfit.code, name, f"{name} {unfit}.", row.id))
    return mapped


def to_intacct(rows: Iterable[Field], values: Mapping[str, Canonical]) -> dict[str, Value]:
    """Canonical values spread over Intacct's own field names; what only says whether fields are filled is left out."""
    spread: dict[str, Value] = {}
    for row in rows:
        if row.id in values and not isinstance(row.via, Filled):
            spread |= by_names(row.names, values[row.id])
    return spread


def base_of(rows: Iterable[Field], sent: Mapping[str, Value], *, whole: bool) -> dict[str, object]:
    """The base that follows from a write: per row that goes to Intacct what was sent.

    `whole` for a create, where what was not sent is empty; an update says nothing of the rows it leaves out.
    """
    base: dict[str, object] = {}
    for row in rows:
        if row.rule is not Rule.FROM_INTACCT and (whole or all(name in sent for name in row.names)):
            parts = tuple(sent.get(name) for name in row.names)
            base[row.id] = plain(parts if len(parts) > 1 else parts[0])
    return base


def to_salesforce(
    rows: Iterable[Field],
    values: Mapping[str, Canonical],
    before: Mapping[str, Value],
    sources: Mapping[tuple[str, str], str],
) -> tuple[dict[str, Value], list[Problem]]:
    """Canonical values as Salesforce fields, and those that do not fit there.

    `before` is the record as read, `sources` maps (object, natural id) back to a Salesforce id.
    """
    out: dict[str, Value] = {}
    problems: list[Problem] = []
    for row in rows:
        if row.id not in values:
            continue
        value = values[row.id]
        if row.refers_to and isinstance(value, str):
            value = sources.get((row.refers_to, value))
        try:
            out |= _spread(row, value, before)
        except Unfit as unfit:
            problems.append(Problem(unfit.code, row.salesforce, f"{row.salesforce} {unfit}.", row.id))
    return out, problems


def _spread(row: Field, value: Canonical, before: Mapping[str, Value]) -> dict[str, Value]:
    """A row's canonical value as Salesforce fields, of the types they have there.

    A two-way row must read back as what it was made of: else each cycle would change it anew. Raises Unfit
    `does_not_return`.
    """
    if row.computed is None or not any(row.computed.back):
        made = {row.salesforce: row.via.salesforce(value, before.get(row.salesforce))}
    else:
        of_intacct: dict[str, Value] = dict(by_names(row.names, value))
        pairs = zip(row.places, row.computed.back, strict=True)
        made = {place: formula(of_intacct) for place, formula in pairs if formula is not None}
    types = dict(zip(row.places, row.types, strict=False))
    made = {place: typed(said, types.get(place)) for place, said in made.items()}
    if row.computed and row.rule is Rule.BIDIRECTIONAL:
        after = {place: made.get(place, before.get(place)) for place in row.places}
        if plain(from_side(row.via, _computed(row, after), System.SALESFORCE)) != plain(value):
            raise Unfit("does_not_return", f"would read back as something other than Intacct's {value!s}")
    return made


def _computed(row: Field, values: Mapping[str, Value]) -> Value:
    """What a row's formula makes of its Salesforce fields; without one the first field itself."""
    assert row.computed is not None
    if row.computed.forth is None:
        return values[row.salesforce]
    return row.computed.forth(dict(zip(row.computed.names, (values[name] for name in row.places), strict=True)))


def _empty(value: Canonical) -> bool:
    return value is None or (isinstance(value, tuple) and not any(value))
