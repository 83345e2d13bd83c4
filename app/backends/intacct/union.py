"""Several kinds read as one: `GLACCOUNT+STATACCOUNT` is a kind whose records come from both, each kind in turn.

A record's key is `GLACCOUNT:17`, as RECORDNO is unique within a kind only. Beside the kinds' own fields there are
`<kind>`, the kind of the record, and `<kind>:NAME`, its field NAME behind the kind and a colon, for ids that are unique
within a kind only. Unions are read, never written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from app.domain.conditions import Condition
from app.domain.declaration import OF_KIND, UNION
from app.domain.records import Record, Value
from app.sync.ports import ChangePage, Deletion, FieldInfo, Position, Schema

_SEPARATOR = "|"
_KEY = "RECORDNO"


class Kinds(Protocol):
    """What is needed of one kind (see `app.sync.ports.Backend`)."""

    async def find(self, kind: str, any_of: Mapping[str, Sequence[str]], fields: Sequence[str]) -> list[Record]:
        """See `Backend.find`."""
        ...

    async def changes(
        self, kind: str, since: Position, until: datetime, fields: Sequence[str], page_size: int
    ) -> ChangePage:
        """See `Backend.changes`."""
        ...

    async def changed(self, kind: str, since: datetime, until: datetime) -> int:
        """See `Backend.changed`."""
        ...

    async def select(
        self, kind: str, where: Condition, fields: Sequence[str], *, after: str, size: int
    ) -> list[Record]:
        """See `Backend.select`."""
        ...

    async def count(self, kind: str, where: Condition) -> int:
        """See `Backend.count`."""
        ...

    async def describe(self, kind: str) -> Schema:
        """See `Backend.describe`."""
        ...


def is_union(kind: str) -> bool:
    """Whether the kind stands for several (or one, or none, that an option names)."""
    return UNION in kind


class Union:
    """Reads unions by reading their kinds. A field that one kind lacks is empty in its records."""

    def __init__(self, kinds: Kinds) -> None:
        self._kinds = kinds

    async def find(self, union: str, any_of: Mapping[str, Sequence[str]], fields: Sequence[str]) -> list[Record]:
        """See `Backend.find`; values of RECORDNO and of `<kind>:` fields reach only the kind they name."""
        found: list[Record] = []
        for kind in members(union):
            wanted = {name: values for name, values in _of_kind(kind, any_of).items() if values}
            own = await self._own_fields(kind, fields)
            known = await self._own_fields(kind, wanted)
            wanted = {name: values for name, values in wanted.items() if name in (*known, _KEY)}
            if wanted:
                records = await self._kinds.find(kind, wanted, own)
                found += [_of_union(union, kind, record, fields) for record in records]
        return found

    async def changes(
        self, union: str, since: Position, until: datetime, fields: Sequence[str], page_size: int
    ) -> ChangePage:
        """See `Backend.changes`. The kinds' feeds one after the other; a position remembers where each one starts."""
        kinds = members(union)
        number, start, at = _place(since)
        if number >= len(kinds):
            return ChangePage([], since, done=True)
        kind = kinds[number]
        page = await self._kinds.changes(kind, at, until, await self._own_fields(kind, fields), page_size)
        records = [_of_union(union, kind, record, fields) for record in page.records]
        if not page.done:
            return ChangePage(records, _position(number, start, page.position), done=False)
        last = number + 1 == len(kinds)
        after = page.position if last else start
        return ChangePage(records, _position(number + (not last), start, after), done=last)

    async def select(
        self, union: str, where: Condition, fields: Sequence[str], *, after: str, size: int
    ) -> list[Record]:
        """See `Backend.select`: the kinds one after the other, each in the order of its keys.

        A condition on a field that a kind lacks is refused, as for any kind.
        """
        kinds, found = members(union), list[Record]()
        current, _, key = after.rpartition(":")
        for kind in kinds[kinds.index(current) if current in kinds else 0 :]:
            own, behind = await self._own_fields(kind, fields), key if kind == current else ""
            rows = await self._kinds.select(kind, where, own, after=behind, size=size - len(found))
            found += [_of_union(union, kind, record, fields) for record in rows]
            if len(found) >= size:
                break
        return found

    async def count(self, union: str, where: Condition) -> int:
        """See `Backend.count`."""
        return sum([await self._kinds.count(kind, where) for kind in members(union)])

    async def changed(self, union: str, since: datetime, until: datetime) -> int:
        """See `Backend.changed`."""
        return sum([await self._kinds.changed(kind, since, until) for kind in members(union)])

    async def describe(self, union: str) -> Schema:
        """The fields any of the kinds has, and those of the union itself. Raises what `Backend.describe` raises."""
        fields: dict[str, FieldInfo] = {}
        for kind in members(union):
            fields = {**(await self._kinds.describe(kind)).fields, **fields}
        own = (OF_KIND, *(f"{OF_KIND}:{name}" for name in fields))
        said = {name: FieldInfo(name, "TEXT", createable=False, updateable=False) for name in own}
        return Schema(union, {**fields, **said})

    async def _own_fields(self, kind: str, names: Sequence[str] | Mapping[str, object]) -> list[str]:
        """Those of `names` that the kind itself has, prefixed ones as it knows them; its relations are its own."""
        known = {name.upper() for name in (await self._kinds.describe(kind)).fields}
        heads = known | {name.split(".")[0] for name in known}
        bare = [name.removeprefix(f"{OF_KIND}:") for name in names if name != OF_KIND]
        return [name for name in dict.fromkeys(bare) if name.upper() in known or name.upper().split(".")[0] in heads]


def of_unions(kinds: Sequence[str], found: Sequence[Deletion]) -> list[Deletion]:
    """Deletions of single kinds as those of the unions in `kinds` that they belong to."""
    unions = {one: kind for kind in kinds if is_union(kind) for one in members(kind)}
    return [
        replace(gone, kind=unions[gone.kind], key=f"{gone.kind}:{gone.key}" if gone.key else None)
        if gone.kind in unions
        else gone
        for gone in found
    ]


def members(union: str) -> list[str]:
    """The kinds of a union, which may name none; a kind that is no union is its only member."""
    return [kind for kind in union.split(UNION) if kind]


def _of_kind(kind: str, any_of: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """What to ask one kind: its own keys and prefixed values without their prefix, other values as they are."""
    asked: dict[str, Sequence[str]] = {}
    for name, values in any_of.items():
        mine = [value.removeprefix(f"{kind}:") for value in values if value.startswith(f"{kind}:")]
        if name.startswith(f"{OF_KIND}:"):
            asked[name.removeprefix(f"{OF_KIND}:")] = mine
        else:
            asked[name] = mine if name == _KEY else values
    return asked


def _of_union(union: str, kind: str, record: Record, fields: Sequence[str]) -> Record:
    values: dict[str, Value] = {}
    for name in fields:
        bare = name.removeprefix(f"{OF_KIND}:")
        value = kind if name == OF_KIND else record.values.get(bare)
        values[name] = f"{kind}:{value}" if bare != name and value is not None else value
    return replace(record, kind=union, key=f"{kind}:{record.key}", values=values)


def _place(position: Position) -> tuple[int, Position, Position]:
    """The number of the kind being read, where each kind starts, and where this one has got to."""
    if _SEPARATOR not in position.key:
        return 0, position, position
    number, moment, first, key = position.key.split(_SEPARATOR)
    return int(number), Position(datetime.fromisoformat(moment), first), Position(position.modified_at, key)


def _position(number: int, start: Position, at: Position) -> Position:
    words = (str(number), start.modified_at.isoformat(), start.key, at.key)
    return Position(at.modified_at, _SEPARATOR.join(words))
