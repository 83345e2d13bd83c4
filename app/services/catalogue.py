"""The catalogue of objects as a document people read: `docs/objects.md`. Pure; reads declarations, touches no file."""

from collections.abc import Iterable

from app.domain.declaration import Field, Mark, Rule, SyncedObject, Yields
from app.domain.options import OptionValue
from app.domain.transforms import Constant
from app.objects import CATALOGUE

ARROWS = {
    Rule.TO_INTACCT: "Salesforce → Intacct",
    Rule.FROM_INTACCT: "Intacct → Salesforce",
    Rule.BIDIRECTIONAL: "both ways",
}
MARKS = {Mark.FREE: "", Mark.FIXED: "fixed", Mark.FORMULA: "formula"}
HEADER = """# Synced objects

Generated from `app/objects` by `tandem lint-objects --write`; do not edit. Package fields bear the standard namespace.
"""


def objects_markdown(catalogue: Iterable[SyncedObject] = tuple(CATALOGUE.values())) -> str:
    """All objects in Markdown, dependencies first: ends, options, companions, and every row with its direction."""
    return "\n".join([HEADER, *(_section(declared) for declared in catalogue)])


def _section(declared: SyncedObject) -> str:
    ends = f"`{declared.salesforce.kind}` in Salesforce, `{declared.intacct.kind}` in Intacct"
    facts = [
        f"{ends}; creates: {declared.creates.value}; found by {_codes(declared.match_by) or 'its link'}.",
        *(f"Option `{o.name}` (standard: `{plain(o.default) or 'empty'}`): {o.says}" for o in declared.options),
        *([_yielding(declared.yields)] if declared.yields else []),
        *(f"Also makes `{c.kind}` as `{c.link}` unless `{c.unless}` is filled." for c in declared.companions),
    ]
    said = [
        f"## {declared.label} (`{declared.name}`)",
        "",
        *(f"- {fact}" for fact in facts),
        "",
        *_table(declared.fields),
    ]
    for lines in (declared.lines, declared.mirrored):
        if lines is None:
            continue
        said += [f"Lines: `{lines.salesforce}` in Salesforce, `{lines.intacct}` in Intacct.", "", *_table(lines.fields)]
    return "\n".join(said)


def _yielding(yields: Yields) -> str:
    which = _codes(yields.fields)
    return (
        f"Where a record is the twin of a `{yields.to}` as well, what comes from Intacct for {which} comes with that."
    )


def _table(rows: Iterable[Field]) -> list[str]:
    return ["| Intacct | Salesforce | travels | |", "| --- | --- | --- | --- |", *map(_row, rows), ""]


def _row(row: Field) -> str:
    notes = [MARKS[row.mark], "required" if row.required else "", f"refers to {row.refers_to}" if row.refers_to else ""]
    notes.append("shown beside the original" if row.shows else "")
    notes.append("" if row.active else "off unless switched on")
    intacct = f"always `{row.via.value}`" if isinstance(row.via, Constant) else _codes(row.names)
    return f"| {intacct} | `{row.salesforce}` | {ARROWS[row.rule]} | {', '.join(filter(None, notes))} |"


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def plain(value: OptionValue) -> str:
    """A value as a document or a plain text shows it."""
    if isinstance(value, tuple):
        return ", ".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
