"""The lines of a document made concrete for one connection, and what both sides last agreed on about them. Pure.

Lines have no link of their own: the base of their header holds, per Salesforce line, the Intacct line it became.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from app.domain.declaration import NAMESPACE, Field, Lines, Mark
from app.domain.records import Record

BASE = "lines"
"""The member of a header's base that holds its lines; row ids are vendor names and never look like it."""


@dataclass(frozen=True, slots=True)
class LinesPlan:
    """What the engine works by for lines: as `Plan`, for the line kinds. `needs`: declared header name to real one."""

    declared: Lines
    rows: tuple[Field, ...]
    parent: str
    key: str
    needs: Mapping[str, str]
    absent: tuple[str, ...] = ()
    also_read: tuple[str, ...] = ()
    consults: Mapping[str, str] = field(default_factory=dict)
    external_id: str | None = None

    @property
    def salesforce_fields(self) -> tuple[str, ...]:
        """Every Salesforce field of a line that a run reads."""
        names = [
            self.parent,
            self.key,
            *(row.salesforce for row in self.rows),
            *self.also_read,
            *self.consults.values(),
        ]
        return tuple(dict.fromkeys(names))

    @property
    def intacct_fields(self) -> tuple[str, ...]:
        """Every Intacct field of a line that a run reads."""
        names = [self.declared.header, self.declared.number, *(name for row in self.rows for name in row.names)]
        return tuple(dict.fromkeys(names))


def plan_lines(
    declared: Lines,
    *,
    namespace: str,
    salesforce_has: Iterable[str],
    intacct_has: Iterable[str],
    look_ups: Iterable[str] | None = None,
) -> LinesPlan:
    """The plan of `declared` between two sides whose line kinds have the given fields; see `plan.make_plan`."""
    prefix = f"{namespace}__" if namespace else ""
    here, there = {name.lower() for name in salesforce_has}, {name.upper() for name in intacct_has}
    spelt = [
        replace(row, salesforce=row.salesforce.replace(NAMESPACE, prefix))
        for row in declared.fields
        if row.active or row.mark is Mark.FIXED
    ]
    spelt = [_look_up_or_text(row, look_ups) for row in spelt]
    rows = tuple(row for row in spelt if exists(row, here, there))
    consulted = {name: name.replace(NAMESPACE, prefix) for name in declared.consults}
    external_id = declared.external_id.replace(NAMESPACE, prefix) if declared.external_id else None
    return LinesPlan(
        declared,
        rows,
        declared.parent.replace(NAMESPACE, prefix),
        declared.key.replace(NAMESPACE, prefix),
        {name: name.replace(NAMESPACE, prefix) for name in declared.needs},
        tuple(f"{row.salesforce} ↔ {'/'.join(row.names)}" for row in spelt if row not in rows),
        tuple(n for n in (name.replace(NAMESPACE, prefix) for name in declared.also_read) if in_org(n, here)),
        {name: real for name, real in consulted.items() if in_org(real, here)},
        external_id if external_id and external_id.lower() in here else None,
    )


def _look_up_or_text(row: Field, look_ups: Iterable[str] | None) -> Field:
    """A row whose Salesforce field is no look-up there holds the natural id as text."""
    plain = look_ups is not None and row.salesforce.lower() not in {name.lower() for name in look_ups}
    return replace(row, refers_to=None) if plain and row.refers_to else row


def in_org(name: str, here: set[str]) -> bool:
    """Whether a Salesforce object with the fields `here` (lower case) has `name`, or the look-up a path starts from."""
    return name.split(".")[0].lower() in here | _relationships(here)


def inner_row(name: str) -> tuple[str, str] | None:
    """List and field of a name such as `ENTRIES.ENTRY.VALUE`: rows that live inside their record, without a key.

    None for any other name. Read, such a name shows the row in force; descriptions do not list it.
    """
    head, _, rest = name.partition(".")
    row, _, field = rest.partition(".")
    return (head, field) if field and head.endswith("IES") and row == f"{head[:-3]}Y" else None


def exists(row: Field, here: set[str], there: set[str]) -> bool:
    """Whether both sides have the row's fields; a dotted Intacct name counts by itself or by its first part."""
    return all(in_org(name, here) for name in row.places) and all(
        name.upper() in there or name.split(".")[0].upper() in there or inner_row(name) for name in row.names
    )


def _relationships(here: set[str]) -> set[str]:
    """Relationship names of reference fields: `accountid` gives `account`, `x__c` gives `x__r`."""
    return {name[:-2] for name in here if name.endswith("id")} | {
        name[:-3] + "__r" for name in here if name.endswith("__c")
    }


def sent_base(sources: Iterable[str]) -> dict[str, object]:
    """What a create says about its lines: which Salesforce line was sent at which place; their keys come later."""
    return {source: {"place": place, "key": None, "values": {}} for place, source in enumerate(sources)}


def base_lines(base: Mapping[str, object]) -> dict[str, Mapping[str, object]]:
    """The lines in a header's base, by Salesforce id; empty for a header that never had any."""
    found = base.get(BASE)
    return dict(found) if isinstance(found, dict) else {}


def base_after(
    base: Mapping[str, object],
    sources: Iterable[str],
    numbers: Iterable[int],
    known: int,
    sent: Iterable[Mapping[str, object]],
) -> dict[str, object]:
    """The lines of a base after an update that stands: changed ones agree in what was sent, new ones have a place."""
    lines: dict[str, object] = dict(base_lines(base))
    for source, number, values in zip(sources, numbers, sent, strict=True):
        before = lines.get(source)
        if number >= known or not isinstance(before, dict):
            lines[source] = {"place": number, "key": None, "values": {}}
        else:
            lines[source] = {**before, "values": {**before["values"], **values}}
    return lines


def paired(known: Mapping[str, Mapping[str, object]], number: str, lines: Iterable[Record]) -> dict[str, Record]:
    """Which Intacct line each Salesforce line has become: by its key, else by the place it was sent at.

    An edit in Intacct may give every line a new key; order then still tells them apart. Lines nobody sent are left out.
    """
    ordered = sorted(lines, key=lambda line: (_whole(line.values.get(number)), _whole(line.key)))
    by_key = {line.key: line for line in ordered}
    out = {source: by_key[str(one["key"])] for source, one in known.items() if str(one.get("key")) in by_key}
    used = {line.key for line in out.values()}
    for source, one in known.items():
        place = _whole(one.get("place"))
        if source not in out and place < len(ordered) and ordered[place].key not in used:
            out[source] = ordered[place]
            used.add(ordered[place].key)
    return out


def _whole(value: object) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() else 10**12
