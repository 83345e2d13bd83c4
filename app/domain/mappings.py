"""What an administrator changes about an object's mapping, and the rows that follow from it. Pure.

A content holds what differs from the declaration: changes of declared rows by row id, and rows of the administrator's
own. Formulas are compiled by whoever calls; whether a content is allowed stands in `mapping_rules`.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from app.domain.conversions import Instant, Worded, from_side
from app.domain.declaration import Computed, Field, Formula, Policy, Rule, SyncedObject
from app.domain.records import System
from app.domain.transforms import (
    Amount,
    Canonical,
    Choices,
    Day,
    Flag,
    Identifier,
    Pick,
    Quantity,
    Reference,
    Text,
    Transform,
    Truth,
)

STANDARD_WIDTH = 100
TRUE, FALSE = "true", "false"
"""How a flag's value map writes a ticked and an unticked box."""

Compiler = Callable[[str, tuple[str, ...]], Formula]
"""Makes a formula of its text and the fields it may name. Raises Malformed."""

ValueMap = tuple[tuple[str, str], ...]
"""Pairs of Intacct's word and Salesforce's."""


class Malformed(ValueError):
    """A formula that cannot be used. The message completes the sentence "The formula ..."."""


class ValueKind(StrEnum):
    """How the value of a custom row crosses the border (product.md 3.2)."""

    TEXT = "text"
    IDENTIFIER = "identifier"
    NUMBER = "number"
    AMOUNT = "amount"
    DATE = "date"
    DATETIME = "datetime"
    TRUTH = "truth"
    FLAG = "flag"
    PICK = "pick"
    MULTI = "multi"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class OwnRow:
    """The fields of a row that is the administrator's own, and how its value is made.

    `to_intacct` is the formula of Intacct's value over the Salesforce fields; `to_salesforce` are (Salesforce field,
    formula over the Intacct field) pairs. Without formulas the row carries one field to one field.
    """

    intacct: str
    salesforce: tuple[str, ...]
    kind: ValueKind = ValueKind.TEXT
    width: int | None = None
    lookup: str | None = None
    to_intacct: str | None = None
    to_salesforce: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class RowChange:
    """What is said about one row: a declared one by its id, or an own one. None: as declared, or the standard."""

    row_id: str
    active: bool | None = None
    rule: Rule | None = None
    policy: Policy | None = None
    value_map: ValueMap | None = None
    default: str | None = None
    own: OwnRow | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """All that a version says, by row id in the order given."""

    rows: tuple[RowChange, ...] = ()

    def of(self, row_id: str) -> RowChange | None:
        """What is said about a row."""
        return next((change for change in self.rows if change.row_id == row_id), None)

    def changed(self, given: Sequence[RowChange], removed: Sequence[str] = ()) -> "Content":
        """The content after rows were given anew and others taken out; order kept, new rows last."""
        fresh = {change.row_id: change for change in given}
        kept = [fresh.pop(row.row_id, row) for row in self.rows if row.row_id not in removed]
        return Content((*kept, *(row for row in fresh.values() if row.row_id not in removed)))


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that two contents say differently about a row; None where one says nothing."""

    row: str
    what: str
    before: str | None
    after: str | None


def plain_content(content: Content) -> dict[str, Any]:
    """A content as JSON holds it: only what was said."""
    return {"rows": [_plain_row(change) for change in content.rows]}


def _plain_row(change: RowChange) -> dict[str, Any]:
    own = change.own
    said = {
        "rowId": change.row_id,
        "intacctField": own.intacct if own else None,
        "salesforceFields": list(own.salesforce) if own else None,
        "kind": own.kind.value if own else None,
        "width": own.width if own else None,
        "lookupObject": own.lookup if own else None,
        "toIntacct": own.to_intacct if own else None,
        "toSalesforce": [{"target": name, "formula": text} for name, text in own.to_salesforce] if own else None,
        "rule": change.rule.value if change.rule else None,
        "policy": change.policy.value if change.policy else None,
        "active": change.active,
        "valueMap": None
        if change.value_map is None
        else [{"intacct": a, "salesforce": b} for a, b in change.value_map],
        "defaultValue": change.default,
    }
    return {name: value for name, value in said.items() if value is not None and value != []}


def content_of(stored: Mapping[str, Any]) -> Content:
    """The content of its plain form. Raises KeyError, TypeError or ValueError for anything else."""
    return Content(tuple(_row_of(row) for row in stored["rows"]))


def _row_of(row: Mapping[str, Any]) -> RowChange:
    own = None
    if "intacctField" in row:
        own = OwnRow(
            row["intacctField"],
            tuple(row["salesforceFields"]),
            ValueKind(row["kind"]),
            row.get("width"),
            row.get("lookupObject"),
            row.get("toIntacct"),
            tuple((pair["target"], pair["formula"]) for pair in row.get("toSalesforce", ())),
        )
    pairs = row.get("valueMap")
    return RowChange(
        row["rowId"],
        row.get("active"),
        Rule(row["rule"]) if "rule" in row else None,
        Policy(row["policy"]) if "policy" in row else None,
        None if pairs is None else tuple((pair["intacct"], pair["salesforce"]) for pair in pairs),
        row.get("defaultValue"),
        own,
    )


def effective(
    declared: SyncedObject, content: Content, compiler: Compiler, types: Mapping[str, str] | None = None
) -> tuple[Field, ...]:
    """The rows of an object under a content, inactive ones included; package fields keep the standard namespace.

    `types` are described types by lower-case Salesforce field, so that own rows are converted to them. Raises Malformed
    for a formula that cannot be used and Unfit for a default that cannot be had; `mapping_rules` says both beforehand.
    """
    rows = []
    for row in declared.fields:
        change = content.of(row.id)
        rows.append(changed_row(row, change) if change is not None else row)
    own = [change for change in content.rows if change.own is not None]
    return (*rows, *(own_row(change, compiler, types or {}) for change in own))


def changed_row(row: Field, change: RowChange) -> Field:
    """A declared row after a change. A value map gives it another meaning, so its values go by another key."""
    via, key = row.via, row.key
    if change.value_map is not None:
        via = Worded(change.value_map, row.via, many=isinstance(row.via, Choices))
        key = f"{row.id}~{_digest([change.value_map])}"
    return replace(
        row,
        active=row.active if change.active is None else change.active,
        rule=change.rule or row.rule,
        policy=change.policy or row.policy,
        via=via,
        key=key,
        default=default_value(via, change.default),
    )


def own_row(change: RowChange, compiler: Compiler, types: Mapping[str, str]) -> Field:
    """The row of an administrator's own definition."""
    own = change.own
    assert own is not None
    computed = None
    if own.to_intacct is not None or own.to_salesforce:
        back = dict(own.to_salesforce)
        computed = Computed(
            own.salesforce,
            compiler(own.to_intacct, own.salesforce) if own.to_intacct is not None else None,
            tuple(compiler(back[name], (own.intacct,)) if name in back else None for name in own.salesforce),
        )
    via = transform_of(own, change.value_map or ())
    return Field(
        own.intacct,
        own.salesforce[0],
        change.rule or Rule.BIDIRECTIONAL,
        via,
        refers_to=own.lookup,
        active=change.active is not False,
        policy=change.policy or Policy.NEWEST,
        others=own.salesforce[1:],
        computed=computed,
        default=default_value(via, change.default),
        key=f"{own.intacct}~{_digest([asdict(own), change.value_map])}",
        types=tuple(types.get(name.lower(), "") for name in own.salesforce),
    )


def transform_of(own: OwnRow, pairs: ValueMap) -> Transform:
    """The transform of an own row's kind."""
    width = own.width or STANDARD_WIDTH
    plain: dict[ValueKind, Transform] = {
        ValueKind.TEXT: Text(width),
        ValueKind.NUMBER: Quantity(),
        ValueKind.AMOUNT: Amount(),
        ValueKind.DATE: Day(),
        ValueKind.DATETIME: Instant(),
        ValueKind.TRUTH: Truth(),
        ValueKind.REFERENCE: Reference(),
    }
    if own.kind is ValueKind.FLAG:
        words = {salesforce: intacct for intacct, salesforce in pairs}
        return Flag(words.get(TRUE, TRUE), words.get(FALSE, FALSE))
    inner = plain.get(own.kind, Identifier(width))
    return Worded(pairs, inner, many=own.kind is ValueKind.MULTI) if pairs else inner


def default_value(via: Transform, text: str | None) -> Canonical:
    """A default, given as Intacct would write it, as a canonical value. Raises Unfit."""
    return None if text is None else from_side(via, text, System.INTACCT)


def takes_words(via: Transform) -> bool:
    """Whether a value map may stand over a transform."""
    return isinstance(via, Text | Identifier | Pick | Choices)


def _digest(meaning: Sequence[object]) -> str:
    """Eight digits that stand for what a row means."""
    return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()[:8]


def differences(before: Content, after: Content) -> list[Difference]:
    """What the second content says differently, by row, in its order; rows taken out come last."""
    old = {row["rowId"]: row for row in plain_content(before)["rows"]}
    new = {row["rowId"]: row for row in plain_content(after)["rows"]}
    found = []
    for row_id in dict.fromkeys([*new, *old]):
        was, now = old.get(row_id, {}), new.get(row_id, {})
        told = [what for what in dict.fromkeys([*now, *was]) if what != "rowId" and was.get(what) != now.get(what)]
        found += [Difference(row_id, what, _said(was.get(what)), _said(now.get(what))) for what in told]
        if set(was) | set(now) == {"rowId"} and was != now:
            found.append(Difference(row_id, "row", _said(was.get("rowId")), _said(now.get("rowId"))))
    return found


def _said(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
