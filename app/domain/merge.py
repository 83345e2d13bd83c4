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
    """What has to travel, by row id, and what both sides already agree on."""

    to_intacct: dict[str, Canonical] = field(default_factory=dict)
    to_salesforce: dict[str, Canonical] = field(default_factory=dict)
    agreed: dict[str, object] = field(default_factory=dict)
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
) -> Merge:
    """Decide every row. `newer` is the side that was edited last, for the policy `newest`.

    A row without a base (first link of two existing records) takes Salesforce's value unless it is empty there and
    filled in Intacct: linking loses nothing. Rows one side did not deliver are left alone. With `repair` a row that
    Intacct owns is put right in Salesforce whoever changed it.
    """
    out = Merge()
    for row in rows:
        if row.id not in salesforce or row.id not in intacct:
            continue
        ours, theirs = salesforce[row.id], intacct[row.id]
        if plain(ours) == plain(theirs):
            out.agreed[row.id] = plain(ours)
            continue
        if repair and row.rule is Rule.FROM_INTACCT:
            out.to_salesforce[row.id] = theirs
            continue
        target, conflict = _target(row, base, ours, theirs, newer)
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
    row: Field, base: Base, ours: Canonical, theirs: Canonical, newer: System
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
    if not known:
        return (System.SALESFORCE if _empty(ours) else System.INTACCT), None
    if we_changed and they_changed:
        winner = newer if row.policy is Policy.NEWEST else System(row.policy.value)
        loser = System.INTACCT if winner is System.SALESFORCE else System.SALESFORCE
        return loser, Conflict(row.id, ours, theirs, winner)
    return (System.INTACCT if we_changed else System.SALESFORCE), None


def _empty(value: Canonical) -> bool:
    return value is None or value is False or (isinstance(value, tuple) and not any(value))
