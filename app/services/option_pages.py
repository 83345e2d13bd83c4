"""The options as a document people read: `docs/options.md`. Pure; reads declarations, touches no file."""

from collections.abc import Iterable, Sequence

from app.domain.connection_options import CONNECTION_OPTIONS
from app.domain.declaration import SyncedObject
from app.domain.options import Option, OptionKind
from app.objects import CATALOGUE
from app.services.catalogue import plain

HEADER = """# Options

Generated from the declarations by `tandem lint-objects --write`; do not edit. Read and changed over
`/v1/configuration` and `/v1/configuration/objects/{objectName}`; an administrator's key is needed to change them.
Beside them stands the master switch `syncEnabled`: off, wishes are accepted and wait, and no feed is read.
"""


def options_markdown(catalogue: Iterable[SyncedObject] = tuple(CATALOGUE.values())) -> str:
    """All options in Markdown: those of the whole connection, then those of each object that has any."""
    parts = [HEADER, _section("The whole connection", CONNECTION_OPTIONS)]
    parts += [_section(f"{one.label} (`{one.name}`)", one.options) for one in catalogue if one.options]
    return "\n".join(parts)


def _section(title: str, options: Sequence[Option]) -> str:
    rows = [f"| `{o.name}` | {_takes(o)} | {plain(o.default) or 'empty'} | {o.says} |" for o in options]
    table = ["| Option | takes | standard | effect |", "| --- | --- | --- | --- |", *rows]
    return "\n".join([f"## {title}", "", *table, ""])


def _takes(option: Option) -> str:
    words = ", ".join(f"`{word}`" for word in option.choices)
    match option.kind:
        case OptionKind.SWITCH:
            return "true, false"
        case OptionKind.NUMBER:
            return f"{option.least} to {option.most}"
        case OptionKind.CHOICE:
            return words
        case OptionKind.LIST:
            return f"up to {option.most} of {words or f'texts of up to {option.longest} characters'}"
    return f"text of up to {option.longest} characters"
