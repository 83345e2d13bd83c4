"""Three-way merge of one record: a pure function of base, Salesforce, Intacct, rules and policies.

A field changed on one side travels; changed on both sides to the same value is agreement; changed on both differently
is a conflict, decided by the field's policy and reported. Nothing that did not change is ever sent, so our own write
coming back is no change and loops end by construction.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from app.domain.declaration import Field, Policy, Rule
from app.domain.records import System
from app.domain.transforms import Canonical, plain

Base = Mapping[str, object]
"""The last agreed value per row id, in the plain form of `transforms.plain`. A missing row was never agreed."""


class Direction(StrEnum):
    """Which way a run may carry values. Both ways are compared either way."""

    TO_INTACCT = "toIntacct"  # a Salesforce wish: to Intacct, and back what Intacct owns or changed
    FROM_INTACCT = "fromIntacct"  # an Intacct change: to Salesforce only


@dataclass(frozen=True, slots=True)
class Conflict:
    """A row both sides changed differently, and who won."""

    row: str
    salesforce: Canonical
    intacct: Canonical
    winner: System


@dataclass(slots=True)
class Merge:
    """What has to travel, by row id, and what both sides already agree on.

    `filled` are rows that go to Salesforce with the row's default: nothing was agreed on by that.
    """

    to_intacct: dict[str, Canonical] = field(default_factory=dict)
    to_salesforce: dict[str, Canonical] = field(default_factory=dict)
    agreed: dict[str, object] = field(default_factory=dict)
    filled: set[str] = field(default_factory=set)
    conflicts: list[Conflict] = field(default_factory=list)


def merge(
    rows: Iterable[Field],
    base: Base,
    salesforce: Mapping[str, Canonical],
    intacct: Mapping[str, Canonical],
    *,
    newer: System,
    direction: Direction = Direction.TO_INTACCT,
    repair: bool = False,
    seasoned: bool = False,
) -> Merge:
    """Decide every row. `newer` is the side that was edited last, for the policy `newest`.

    A row without a base (first link of two existing records) takes Salesforce's value unless it is empty there and
    filled in Intacct: linking loses nothing. Rows one side did not deliver are left alone. With `repair` a row that
    Intacct owns is put right in Salesforce whoever changed it, as are rows that only show what stands in Intacct; one
    that Salesforce owns is put right in Intacct.

    `seasoned` says that the two were in step under another mapping: a row without a base is then new to them. From here
    on its changes are carried; an empty value clears nothing now, and of two different ones the policy takes one.
    """
    out = Merge()
    for row in rows:
        if row.id not in salesforce or row.id not in intacct:
            continue
        ours, theirs = salesforce[row.id], intacct[row.id]
        if row.default is not None and _fill(out, row, ours, theirs, direction):
            continue
        plain_ours, plain_theirs = plain(ours), plain(theirs)
        if plain_ours == plain_theirs:
            out.agreed[row.id] = plain_ours
            continue
        if (repair or row.shows) and row.rule is Rule.FROM_INTACCT:
            out.to_salesforce[row.id] = theirs
            continue
        if repair and row.rule is Rule.TO_INTACCT:
            if direction is Direction.TO_INTACCT:
                out.to_intacct[row.id] = ours
            continue
        new = seasoned and row.id not in base
        if new and row.rule is not Rule.BIDIRECTIONAL:
            source = ours if row.rule is Rule.TO_INTACCT else theirs
            if blank(source):
                out.agreed[row.id] = plain(source)
                continue
        target, conflict = _target(row, base, ours, theirs, newer, new=new)
        travels = target is System.SALESFORCE or direction is Direction.TO_INTACCT
        if conflict is not None and travels:
            out.conflicts.append(conflict)
        if target is System.INTACCT and direction is Direction.TO_INTACCT:
            out.to_intacct[row.id] = ours
        elif target is System.SALESFORCE:
            out.to_salesforce[row.id] = theirs
    return out


def newer_side(salesforce: datetime | None, intacct: datetime | None) -> System:
    """The side edited last; Intacct, the ledger, when that cannot be told."""
    return System.SALESFORCE if salesforce and intacct and salesforce > intacct else System.INTACCT


def _target(
    row: Field, base: Base, ours: Canonical, theirs: Canonical, newer: System, *, new: bool
) -> tuple[System | None, Conflict | None]:
    """The side the row's value has to travel to, or None; and the conflict that was decided, if there was one."""
    known = row.id in base
    we_changed = not known or base[row.id] != plain(ours)
    they_changed = not known or base[row.id] != plain(theirs)
    if row.rule is Rule.TO_INTACCT:
        return (System.INTACCT if we_changed else None), None
    if row.keep_filled and _empty(theirs):
        return System.INTACCT, None
    if row.rule is Rule.FROM_INTACCT:
        return (System.SALESFORCE if they_changed else None), None
    if new and not (blank(ours) or blank(theirs)):
        return _decided(row, ours, theirs, newer)
    if not known:
        return (System.SALESFORCE if _empty(ours) else System.INTACCT), None
    if we_changed and they_changed:
        return _decided(row, ours, theirs, newer)
    return (System.INTACCT if we_changed else System.SALESFORCE), None


def _decided(row: Field, ours: Canonical, theirs: Canonical, newer: System) -> tuple[System, Conflict]:
    """A conflict, decided by the row's policy: the side that takes the other's value, and who won."""
    winner = newer if row.policy is Policy.NEWEST else System(row.policy.value)
    loser = System.INTACCT if winner is System.SALESFORCE else System.SALESFORCE
    return loser, Conflict(row.id, ours, theirs, winner)


def _fill(out: Merge, row: Field, ours: Canonical, theirs: Canonical, direction: Direction) -> bool:
    """Deal with a row that has a default and an empty source; answers whether it did.

    The default fills a target that is empty too and never overwrites a filled one. A two-way row takes the filled side.
    """
    outward = direction is Direction.TO_INTACCT
    if row.rule is Rule.TO_INTACCT:
        if blank(ours) and blank(theirs) and outward:
            out.to_intacct[row.id] = row.default
        return blank(ours)
    if row.rule is Rule.FROM_INTACCT:
        if blank(ours) and blank(theirs):
            out.to_salesforce[row.id] = row.default
            out.filled.add(row.id)
        return blank(theirs)
    if not blank(ours) and not blank(theirs):
        return False
    if blank(ours):
        out.to_salesforce[row.id] = row.default if blank(theirs) else theirs
        if blank(theirs):
            out.filled.add(row.id)
    if blank(theirs) and outward:
        out.to_intacct[row.id] = row.default if blank(ours) else ours
    return True


def with_defaults(rows: Iterable[Field], values: Mapping[str, Canonical]) -> dict[str, Canonical]:
    """The values of a record that is to be created, with defaults in the gaps."""
    gaps = {row.id: row.default for row in rows if row.default is not None and blank(values.get(row.id))}
    return {**values, **gaps}


def blank(value: Canonical) -> bool:
    """Whether a value is no value at all; an unticked box is one."""
    return value is None or value == "" or (isinstance(value, tuple) and not any(value))


def _empty(value: Canonical) -> bool:
    return value is None or value is False or (isinstance(value, tuple) and not any(value))
