"""What a bulk update gives each record: constants and formulas over the record and those it leads to.

Checked against what Salesforce describes and against the mapping before anything is read; computing touches nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from app.domain.conversions import text_of, typed
from app.domain.declaration import Formula, Mark, Rule
from app.domain.errors import Kind, SyncError
from app.domain.mappings import Malformed
from app.domain.plan import Plan
from app.domain.records import Record, Value, salesforce_id
from app.domain.transforms import Unfit
from app.services.context import Pair
from app.services.formulas import compile_formula, names_in
from app.sync.ports import FieldInfo

MOST = 20
"""Fields of one update."""

SPECIAL = ("base64", "address", "location", "anytype", "complexvalue")
"""Types no single value fits."""


@dataclass(frozen=True, slots=True)
class Given:
    """A field and what it is to hold: a formula, else a constant; nothing of both clears it."""

    field: str
    constant: str | None = None
    formula: str | None = None

    def plain(self) -> dict[str, Any]:
        """As it is stored."""
        return {"field": self.field, "constant": self.constant, "formula": self.formula}


def given_of(stored: Iterable[Mapping[str, Any]]) -> tuple[Given, ...]:
    """The values that were stored as `plain`."""
    return tuple(Given(one["field"], one["constant"], one["formula"]) for one in stored)


@dataclass(frozen=True, slots=True)
class _Assignment:
    info: FieldInfo
    constant: str | None
    formula: Formula | None
    names: Mapping[str, str]  # as the formula calls a field, to its name in the org

    def value(self, values: Mapping[str, Value]) -> Value:
        """What the field is to hold. Raises Unfit."""
        made: Value = self.constant
        if self.formula is not None:
            if unread := [real for real in self.names.values() if real not in values]:
                raise Unfit("field_missing", f"cannot be computed: {unread[0]} is not there to be read")
            made = self.formula({name: values[real] for name, real in self.names.items()})
        return _fitted(typed(made, self.info.type), self.info)


@dataclass(frozen=True, slots=True)
class Planned:
    """One record: the fields that are to change as they are and as they are to be, or why none can."""

    record_id: str
    before: Mapping[str, Value]
    after: Mapping[str, Value]
    problem: tuple[str, str, str] | None = None  # code, sentence, field


@dataclass(frozen=True, slots=True)
class Assignments:
    """All values of an update made concrete. `fields` are what has to be read of a record."""

    parts: tuple[_Assignment, ...]
    fields: tuple[str, ...]

    def plan(self, record: Record) -> Planned:
        """What is to change in a record: only fields that hold something else. One that fails leaves it whole."""
        before: dict[str, Value] = {}
        after: dict[str, Value] = {}
        for part in self.parts:
            name = part.info.name
            try:
                wanted = part.value(record.values)
            except Unfit as unfit:
                return Planned(record.key, {}, {}, (unfit.code, f"{name} {unfit}.", name))
            held = record.values.get(name)
            if not alike(held, wanted):
                before[name], after[name] = held, wanted
        return Planned(record.key, before, after)


def alike(held: Value, wanted: Value) -> bool:
    """Whether a field holds what it is to hold: text as text, numbers as numbers; an empty text is nothing."""
    if held in (None, "") or wanted in (None, ""):
        return held in (None, "") and wanted in (None, "")
    if _is_number(held) and _is_number(wanted):
        return Decimal(str(held)) == Decimal(str(wanted))
    return held == wanted


def alike_as_kept(held: Value, wanted: Value) -> bool:
    """The same, where Salesforce may have rounded the number it was given to the places of its field."""
    if _is_number(held) and _is_number(wanted):
        places = Decimal(1).scaleb(int(Decimal(str(held)).as_tuple().exponent))
        return Decimal(str(wanted)).quantize(places, ROUND_HALF_UP) == Decimal(str(held))
    return alike(held, wanted)


def _is_number(value: Value) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


async def assignments_of(plan: Plan, pair: Pair, given: Sequence[Given]) -> Assignments:
    """The values made concrete.

    Raises SyncError with the field to blame: DATA `change_invalid` for values that cannot be had, CONFIG
    `change_refused` for fields that may not be written, `field_missing` for those nobody has.
    """
    described = await pair.salesforce.describe(plan.object.salesforce.kind)
    known = {name.lower(): info for name, info in described.fields.items()}
    refused = _refused(plan)
    parts: list[_Assignment] = []
    for one in given:
        name = plan_name(plan, one.field)
        info = known.get(name.lower())
        if info is None:
            raise _no("field_missing", one.field, "is no field of the object that we can see")
        if any(part.info.name == info.name for part in parts):
            raise _no("change_invalid", one.field, "is given two values")
        if reason := refused.get(info.name.lower()):
            raise _no("change_refused", one.field, reason)
        if not info.updateable or info.type.lower() in SPECIAL:
            raise _no("change_refused", one.field, "is one that we may not edit in Salesforce")
        parts.append(_assignment(plan, one, info))
    names = [name for part in parts for name in (part.info.name, *part.names.values())]
    return Assignments(tuple(parts), tuple(dict.fromkeys(names)))


def _assignment(plan: Plan, one: Given, info: FieldInfo) -> _Assignment:
    if one.formula is None:
        made = _Assignment(info, one.constant or None, None, {})
        try:
            made.value({})
        except Unfit as unfit:
            raise _no("change_invalid", one.field, f"cannot hold that: it {unfit}") from unfit
        return made
    try:
        names = names_in(one.formula)
        formula = compile_formula(one.formula, names)
    except Malformed as wrong:
        raise _no("change_invalid", one.field, f"is given a formula that {wrong}") from wrong
    return _Assignment(info, None, formula, {name: plan_name(plan, name) for name in names})


def plan_name(plan: Plan, name: str) -> str:
    """A field as the org spells it: `ia_crm__` stands for the namespace."""
    return next(iter(plan.spelt({name: None})))


def _refused(plan: Plan) -> dict[str, str]:
    """Fields of the mapping that no bulk update may touch, by lower-case name, and why."""
    out: dict[str, str] = {}
    for row in plan.mapped or plan.rows:
        why = "belongs to a fixed row of the mapping" if row.mark is Mark.FIXED else None
        if why is None and row.rule is Rule.FROM_INTACCT:
            why = "comes from Intacct, which owns it"
        if why:
            out |= {place.lower(): why for place in row.places}
    back = plan.write_back
    ours = (back.intacct_id, back.status, back.errors, back.synced_at, back.id_copy, plan.external_id)
    return out | {name.lower(): "is one that the sync itself writes" for name in ours if name}


def _fitted(value: Value, info: FieldInfo) -> Value:
    """A value of the field's type that Salesforce can hold. Raises Unfit."""
    if value is None or not isinstance(value, str):
        return value
    if info.type == "reference":
        try:
            return salesforce_id(value)
        except ValueError as wrong:
            raise Unfit("not_an_id", f"{value[:40]!r} is not a Salesforce id") from wrong
    if info.length and len(value) > info.length:
        raise Unfit("too_long", f"would have {len(value)} characters; it holds {info.length}")
    return value


def _no(code: str, field: str, why: str) -> SyncError:
    kind = Kind.DATA if code == "change_invalid" else Kind.CONFIG
    return SyncError(kind, code, f"{field} {why}.", "Correct the values, or leave the field out.", field=field)


def shown(value: Value) -> str | None:
    """A value as people read it."""
    try:
        return text_of(value)
    except Unfit:
        return str(value)
