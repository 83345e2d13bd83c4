"""The catalogue: one module, one synced object, one `OBJECT`. Discovered here, checked, ordered; no I/O anywhere in it.

Nothing else lists objects: routes, mappings, metrics and documents ask this catalogue.
"""

from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules

from app.domain.declaration import LINK_FIELD, Field, Mark, Rule, SyncedObject
from app.domain.options import option_problem


def problems(declared: SyncedObject, names: set[str]) -> list[str]:
    """What is wrong with a declaration, as sentences; empty when nothing is. `names` are all objects there are."""
    found = _of_rows(declared.fields, names)
    ids = [name for row in declared.fields for name in row.names]
    if declared.lines is not None:
        found += [f"lines: {sentence}" for sentence in _of_rows(declared.lines.fields, names)]
    if declared.mirrored is not None:
        found += [f"mirrored: {sentence}" for sentence in _of_rows(declared.mirrored.fields, names)]
    found += [f"cascade names {name!r}, which is no object" for name in declared.cascade if name not in names]
    found += [
        f"option {option.name!r}: its default {problem}"
        for option in declared.options
        if (problem := option_problem(option, option.default))
    ]
    if declared.link_key is None and not declared.match_by:
        found.append("it has neither a link key nor a natural key to be looked up by")
    if declared.link_key not in (None, LINK_FIELD) and declared.link_key in ids:
        found.append("the link key is also a mapping row")
    return [f"{declared.name}: {sentence}" for sentence in found]


def clashes(catalogue: Iterable[SyncedObject]) -> list[str]:
    """Options of one name that take different values in different objects: a caller could not tell what is allowed."""
    takes: dict[str, dict[tuple[object, ...], str]] = {}
    for declared in catalogue:
        for o in declared.options:
            kind = (o.kind, o.choices, o.least, o.most, o.longest, o.pattern)
            takes.setdefault(o.name, {})[kind] = declared.name
    return [
        f"option {name!r} takes different values in {', '.join(sorted(by.values()))}"
        for name, by in takes.items()
        if len(by) > 1
    ]


def _of_rows(rows: tuple[Field, ...], names: set[str]) -> list[str]:
    """What is wrong with the rows of a header or of its lines. A row that only shows a field writes it nowhere."""
    ids = [name for row in rows if not row.shows for name in row.names]
    targets = [row.salesforce for row in rows]
    found = [f"two rows write {name}" for name in sorted({i for i in ids if ids.count(i) > 1})]
    found += [f"two rows write {name}" for name in sorted({t for t in targets if targets.count(t) > 1})]
    for row in rows:
        if (row.mark is Mark.FORMULA or row.shows) and row.rule is not Rule.FROM_INTACCT:
            what = "only shows a field" if row.shows else "is a formula"
            found.append(f"{row.id} {what} and must be From Intacct")
        if row.refers_to and row.refers_to not in names:
            found.append(f"{row.id} refers to {row.refers_to!r}, which is no object")
    return found


def _discover() -> dict[str, SyncedObject]:
    found: dict[str, SyncedObject] = {}
    for module in sorted(info.name for info in iter_modules(__path__)):
        declared: SyncedObject = import_module(f"{__name__}.{module}").OBJECT
        if declared.name != module:
            raise ValueError(f"app/objects/{module}.py declares {declared.name!r}; file and object bear one name")
        found[declared.name] = declared
    wrong = [sentence for declared in found.values() for sentence in problems(declared, set(found))]
    wrong += clashes(found.values())
    if wrong:
        raise ValueError("; ".join(wrong))
    return {declared.name: declared for declared in _ordered(found)}


def _ordered(found: dict[str, SyncedObject]) -> list[SyncedObject]:
    """Referenced objects before those that refer to them; a reference to the object itself does not count."""
    done: list[SyncedObject] = []
    waiting = dict(found)
    while waiting:
        ready = [
            o
            for o in waiting.values()
            if all(row.refers_to in (None, o.name) or row.refers_to not in waiting for row in _rows(o))
        ]
        if not ready:
            raise ValueError(f"objects refer to each other in a circle: {', '.join(sorted(waiting))}")
        done += [waiting.pop(declared.name) for declared in ready]
    return done


def _rows(declared: SyncedObject) -> tuple[Field, ...]:
    lines = [lines.fields for lines in (declared.lines, declared.mirrored) if lines]
    return (*declared.fields, *(row for fields in lines for row in fields))


CATALOGUE: dict[str, SyncedObject] = _discover()
"""All objects by name, dependencies first."""
