"""Journal entries made from any Salesforce records by a user's mapping (product.md 7.3). Pure: records in, entries out.

Every amount becomes one debit and one credit, so an entry balances by construction; a negative amount changes sides.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from app.domain.conditions import EVERYTHING, Condition, comparisons
from app.domain.holding import holds
from app.domain.problems import Problem
from app.domain.records import Record, Value
from app.domain.transforms import Unfit, decimal

AMOUNT = "Amount__c"
ACCOUNT = "Intacct_Account__c"
TEXTS = ("Memo__c", "Document__c")
"""Targets without their namespace. Lines that are summed may differ in texts, which are then left empty."""

RECORD_TYPE = "RecordType.DeveloperName"
MOST_LINES = 500
"""Lines of one entry; more would neither fit a request nor be read by anybody."""


class Side(StrEnum):
    """Which of the two lines a row is for."""

    BOTH = "both"
    DEBIT = "debit"
    CREDIT = "credit"


TURNED = {Side.DEBIT: Side.CREDIT, Side.CREDIT: Side.DEBIT}


@dataclass(frozen=True, slots=True)
class Row:
    """One value of an entry or a line: a target field, and a source field (a path is fine) or a constant."""

    target: str
    field: str | None = None
    constant: str | bool | None = None
    side: Side = Side.BOTH


@dataclass(frozen=True, slots=True)
class JournalMapping:
    """How entries are made.

    `header` is the source object; `line` the object of its children that carry the amounts, found by their look-up
    `parent`, or None when the header itself is the only line. `debit_field` and `credit_field` are the reference
    fields of the line source that take the ids of the lines made from it: a filled one says "used". Headers that agree
    in all of `entries_by` share an entry, lines that agree in `lines_by` are summed. `dimensions` stand in where a row
    gives nothing. A statistical mapping makes increases and decreases, without a second side.
    """

    name: str
    header: str
    line: str | None
    parent: str | None
    debit_field: str
    credit_field: str | None
    header_rows: tuple[Row, ...]
    line_rows: tuple[Row, ...]
    entries_by: tuple[str, ...] = ()
    lines_by: tuple[str, ...] = ()
    dimensions: tuple[tuple[str, str], ...] = ()
    record_types: tuple[str, ...] = ()
    header_filter: Condition = EVERYTHING
    line_filter: Condition = EVERYTHING
    statistical: bool = False
    scheduled: bool = False

    @property
    def header_fields(self) -> tuple[str, ...]:
        """Every field of the header source that is read."""
        names = [row.field for row in self.header_rows if row.field]
        names += [*self.entries_by, *(one.field for one in comparisons(self.header_filter))]
        names += [RECORD_TYPE] if self.record_types else []
        return tuple(dict.fromkeys(names if self.line else [*names, *self.line_fields]))

    @property
    def line_fields(self) -> tuple[str, ...]:
        """Every field of the line source that is read."""
        names = [row.field for row in self.line_rows if row.field]
        names += [*self.lines_by, *(one.field for one in comparisons(self.line_filter)), *self.references]
        names += [self.parent] if self.line and self.parent else []
        return tuple(dict.fromkeys(names))

    @property
    def references(self) -> tuple[str, ...]:
        """The reference fields there are."""
        return (self.debit_field, self.credit_field) if self.credit_field else (self.debit_field,)


@dataclass(frozen=True, slots=True)
class BuiltLine:
    """A line to be made, its side, and the source lines it stands for."""

    side: Side
    values: Mapping[str, Value]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BuiltEntry:
    """An entry to be made from the given header sources, with its lines."""

    headers: tuple[str, ...]
    values: Mapping[str, Value]
    lines: tuple[BuiltLine, ...]


@dataclass(slots=True)
class Outcome:
    """Entries, and what keeps a header source from having one: a reason word and a sentence, by its id."""

    entries: list[BuiltEntry] = field(default_factory=list)
    skipped: dict[str, tuple[str, str]] = field(default_factory=dict)
    problems: dict[str, list[Problem]] = field(default_factory=dict)


def build(
    mapping: JournalMapping, headers: Sequence[Record], lines: Mapping[str, Sequence[Record]], used: set[str]
) -> Outcome:
    """All entries for `headers`, whose line sources are `lines` by header id. `used`: line sources spoken for already.

    A header with a problem makes no entry and keeps those it would have shared one with from nothing.
    """
    out = Outcome()
    groups: dict[tuple[Value, ...], list[tuple[Record, list[Record]]]] = {}
    for header in headers:
        fresh = _eligible(mapping, header, lines.get(header.key, ()), used, out)
        if not fresh:
            continue
        problems = [problem for line in fresh for problem in _wrong(mapping, line)]
        if problems:
            out.problems[header.key] = problems
            continue
        by = tuple(header.values.get(name) for name in mapping.entries_by) if mapping.entries_by else (header.key,)
        groups.setdefault(by, []).append((header, fresh))
    for members in groups.values():
        _entry(mapping, members, out)
    return out


def _eligible(
    mapping: JournalMapping, header: Record, lines: Sequence[Record], used: set[str], out: Outcome
) -> list[Record]:
    """The line sources of a header that make lines; else why there are none."""
    reason: tuple[str, str] | None = None
    fresh: list[Record] = []
    if mapping.record_types and header.values.get(RECORD_TYPE) not in mapping.record_types:
        reason = ("other_record_type", "The record is not of a record type this mapping is for.")
    elif not holds(mapping.header_filter, header.values):
        reason = ("filtered_out", "The record does not meet the filter of the mapping.")
    else:
        wanted = [line for line in lines if holds(mapping.line_filter, line.values)]
        fresh = [line for line in wanted if not _used(mapping, line, used)]
        fresh = [line for line in fresh if _amount(mapping, line) != 0]
        if not wanted:
            reason = ("no_lines", "No line of the record meets the filter of the mapping.")
        elif not fresh:
            reason = ("already_used", "Every line of the record is in a journal entry already, or has no amount.")
    if reason is not None:
        out.skipped[header.key] = reason
    return fresh


def _used(mapping: JournalMapping, line: Record, used: set[str]) -> bool:
    return line.key in used or any(line.values.get(name) for name in mapping.references)


def _amount(mapping: JournalMapping, line: Record) -> Decimal | None:
    """The amount of a line source; None when there is none that can be read."""
    try:
        return next((decimal(_value(row, line)) for row in mapping.line_rows if _is(row, AMOUNT)), None)
    except Unfit:
        return None


def bare(target: str) -> str:
    """A custom field's name without its namespace: `ia_crm__Amount__c` is `Amount__c`."""
    return target.removesuffix("__c").rpartition("__")[2] + "__c" if target.endswith("__c") else target


def _is(row: Row, target: str) -> bool:
    return bare(row.target) == target


def _wrong(mapping: JournalMapping, line: Record) -> Iterator[Problem]:
    """What a line source lacks to become lines."""
    source = next((row.field or row.target for row in mapping.line_rows if _is(row, AMOUNT)), AMOUNT)
    if _amount(mapping, line) is None:
        yield Problem("amount_missing", source, f"{source} of {line.key} holds no amount.")
    for side in (Side.DEBIT,) if mapping.statistical else (Side.DEBIT, Side.CREDIT):
        row = next((row for row in mapping.line_rows if _is(row, ACCOUNT) and row.side in (Side.BOTH, side)), None)
        if row is None or not _value(row, line):
            name = (row.field if row else None) or ACCOUNT
            yield Problem("account_missing", name, f"{name} of {line.key} gives no account for the {side} line.")


def _value(row: Row, source: Record) -> Value:
    return source.values.get(row.field) if row.field else row.constant


def _entry(mapping: JournalMapping, members: Sequence[tuple[Record, list[Record]]], out: Outcome) -> None:
    headers = tuple(header.key for header, _ in members)
    sources = [line for _, lines in members for line in lines]
    made = tuple(_lines(mapping, sources))
    if len(made) > MOST_LINES:
        said = f"The entry would have {len(made)} lines, at most {MOST_LINES} are possible; sum them, or share less."
        for key in headers:
            out.problems[key] = [Problem("too_many_lines", "linesBy", said)]
        return
    agreed: dict[str, Value] = {}
    for row in mapping.header_rows:
        found = {_value(row, header) for header, _ in members}
        agreed[row.target] = found.pop() if len(found) == 1 else None
    out.entries.append(BuiltEntry(headers, {name: v for name, v in agreed.items() if v is not None}, made))


def _lines(mapping: JournalMapping, sources: Iterable[Record]) -> Iterator[BuiltLine]:
    """Debits and credits, summed where the mapping says so; never over different accounts, dimensions or signs."""
    groups: dict[tuple[Side, tuple[object, ...]], list[tuple[Record, dict[str, Value], Decimal]]] = {}
    for source in sources:
        amount = _amount(mapping, source)
        assert amount is not None
        for side in (Side.DEBIT,) if mapping.statistical else (Side.DEBIT, Side.CREDIT):
            values = _side(mapping, source, side)
            key: tuple[object, ...] = (source.key,)
            if mapping.lines_by:
                firm = tuple(sorted((n, str(v)) for n, v in values.items() if not n.endswith(TEXTS)))
                key = (amount > 0, tuple(source.values.get(name) for name in mapping.lines_by), firm)
            groups.setdefault((side, key), []).append((source, values, amount))
    for (side, _), members in groups.items():
        total = sum((amount for _, _, amount in members), Decimal(0))
        first = members[0][1]
        values = {name: v for name, v in first.items() if all(other.get(name) == v for _, other, _ in members)}
        target = next(row.target for row in mapping.line_rows if _is(row, AMOUNT))
        final = side if total > 0 else TURNED[side]
        yield BuiltLine(final, {**values, target: abs(total)}, tuple(source.key for source, _, _ in members))


def _side(mapping: JournalMapping, source: Record, side: Side) -> dict[str, Value]:
    """The values of one line but for its amount."""
    values: dict[str, Value] = {}
    for row in mapping.line_rows:
        if row.side in (Side.BOTH, side) and not _is(row, AMOUNT):
            value = _value(row, source)
            if value is not None:
                values[row.target] = value
    return {**{target: record_id for target, record_id in mapping.dimensions if target not in values}, **values}
