"""Fields of the record that points here: `SODOCUMENT.DOCID` of an AR invoice is the document it was posted from.

No query of the invoice reaches them, as the relation leads the other way (intacct-api.md 4.3: PRRECORDKEY), so the
pointing records of a whole page are looked up with one query of their own. Reads only.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from app.domain.errors import Kind, SyncError
from app.domain.records import Record, Value
from app.sync.ports import FieldInfo, Schema

Find = Callable[[str, Mapping[str, Sequence[str]], Sequence[str]], Awaitable[list[Record]]]
KEY = "RECORDNO"


@dataclass(frozen=True, slots=True)
class Pointer:
    """How `kind` points here: its field `by` holds what our field `own` holds; `fields` can be had of it.

    `when` are field and value that only records have which are pointed to; others are not looked up.
    """

    kind: str
    by: str
    own: str
    fields: tuple[str, ...]
    when: tuple[str, str]


POINTERS: Mapping[str, Pointer] = {
    "ARINVOICE": Pointer("SODOCUMENT", "PRRECORDKEY", KEY, ("DOCID",), ("MODULEKEY", "8.SO")),
}
"""By the kind that is pointed to."""


def split(kind: str, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names that a query of the kind reaches, and those of the record that points to it."""
    pointer = POINTERS.get(kind)
    far = [name for name in names if pointer is not None and name in _names(pointer)]
    return [name for name in names if name not in far], far


def described(schema: Schema) -> Schema:
    """The schema with the fields that can be had of the record that points to such a record."""
    pointer = POINTERS.get(schema.kind)
    if pointer is None:
        return schema
    more = {name: FieldInfo(name, "TEXT", createable=False, updateable=False) for name in _names(pointer)}
    return replace(schema, fields={**schema.fields, **more})


async def joined(find: Find, records: Sequence[Record], names: Sequence[str]) -> list[Record]:
    """The records with the named fields of those that point to them; empty where none does."""
    pointer = POINTERS[records[0].kind]
    field, value = pointer.when
    keys = [_own(pointer, one) for one in records if one.values.get(field, value) == value]
    found: dict[str, Record] = {}
    if wanted := sorted({key for key in keys if key}):
        far = [name.partition(".")[2] for name in names]
        for record in await _found(find, pointer, {pointer.by: wanted}, [pointer.by, *far]):
            found[str(record.values.get(pointer.by))] = record
    return [_with(pointer, one, found.get(_own(pointer, one)), names) for one in records]


async def reached(find: Find, kind: str, any_of: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """What to ask for instead, where values of a pointing record's fields were given: the keys it points to."""
    near = split(kind, list(any_of))[0]
    asked: dict[str, Sequence[str]] = {name: any_of[name] for name in near}
    for name, values in any_of.items():
        if name in near:
            continue
        pointer = POINTERS[kind]
        there = {name.partition(".")[2]: values}
        found = await _found(find, pointer, there, [pointer.by]) if any(values) else []
        keys = [str(one.values[pointer.by]) for one in found if one.values.get(pointer.by)]
        asked[pointer.own] = list(dict.fromkeys([*asked.get(pointer.own, ()), *keys]))
    return asked


async def _found(
    find: Find, pointer: Pointer, any_of: Mapping[str, Sequence[str]], fields: Sequence[str]
) -> list[Record]:
    """Nothing where the company does not have the pointing kind: then nothing points here."""
    try:
        return await find(pointer.kind, any_of, fields)
    except SyncError as error:
        if error.kind is Kind.CONFIG and error.code == "unknown_object":
            return []
        raise


def _names(pointer: Pointer) -> tuple[str, ...]:
    return tuple(f"{pointer.kind}.{name}" for name in pointer.fields)


def _own(pointer: Pointer, record: Record) -> str:
    return record.key if pointer.own == KEY else str(record.values.get(pointer.own) or "")


def _with(pointer: Pointer, record: Record, far: Record | None, names: Sequence[str]) -> Record:
    values: dict[str, Value] = {name: far.values.get(name.partition(".")[2]) if far else None for name in names}
    return replace(record, values={**record.values, **values})
