"""What the live company says its objects look like: `lookup`, read once and kept for a while.

Answers the types by which values are read. Does not decide which fields are used.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from lxml import etree

from app.backends.intacct.gateway import Gateway
from app.backends.intacct.reply import Result
from app.backends.intacct.xml import Element, add, text_of
from app.domain.errors import Kind, SyncError
from app.sync.ports import Clock, FieldInfo, Schema

RELATION = "RELATION"
"""Type of a path to another record: no field of its own, and never written."""
LookUp = Callable[[str], Awaitable[Schema]]
"""Asks the company what a kind looks like. Raises SyncError."""


@dataclass(frozen=True, slots=True)
class _Kept:
    schema: Schema
    at: datetime


class Schemas:
    """Schemas by kind, `seconds` old at most; concurrent askers share one `lookup`, which is billed."""

    def __init__(self, look_up: LookUp, clock: Clock, seconds: float) -> None:
        self._look_up = look_up
        self._clock = clock
        self._ttl = timedelta(seconds=seconds)
        self._kept: dict[str, _Kept] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def describe(self, kind: str) -> Schema:
        """See `Backend.describe`. Raises SyncError CONFIG `unknown_object` for a kind the company does not know."""
        async with self._locks.setdefault(kind, asyncio.Lock()):
            kept = self._kept.get(kind)
            if kept is None or self._clock.now() - kept.at >= self._ttl:
                schema = await self._look_up(kind)
                kept = self._kept[kind] = _Kept(schema, self._clock.now())
            return kept.schema

    async def types(self, kind: str) -> Mapping[str, str]:
        """DATATYPE by upper-case field name; empty, so that all is read as text, where `lookup` is not to be had.

        Raises what keeps any call from succeeding, and CONFIG for an unknown object.
        """
        try:
            schema = await self.describe(kind)
        except SyncError as error:
            if error.kind not in (Kind.PERMISSION, Kind.BUG):
                raise
            schema = Schema(kind, {})
            self._kept[kind] = _Kept(schema, self._clock.now())
        return {name.upper(): info.type for name, info in schema.fields.items()}

    def forget(self, kind: str) -> None:
        """Look `kind` up anew next time: a field we believed in was refused."""
        self._kept.pop(kind, None)


class Lookup:
    """`lookup` of one XML gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def look_up(self, kind: str) -> Schema:
        """The fields of `kind`. Raises SyncError CONFIG `unknown_object`."""
        body = etree.Element("lookup")
        add(body, "object", kind, self._gateway.scrub)
        result = await self._gateway.read(body)
        found = {info.name: info for info in _fields(result)}
        if not found:
            raise SyncError(Kind.CONFIG, "unknown_object", f"Intacct describes no fields of {kind}.")
        paths = {path: FieldInfo(path, RELATION, createable=False, updateable=False) for path in _paths(result)}
        return Schema(kind, {**paths, **found})


def _paths(result: Result) -> list[str]:
    """Paths to one other record, through which its fields are read: `CONTACT.CONTACTNAME` of an employee."""
    if result.data is None:
        return []
    lines = result.data.iterfind("Type/Relationships/Relationship")
    return [
        path
        for line in lines
        if text_of(line, "RELATIONSHIPTYPE") == "MANY2ONE" and (path := text_of(line, "OBJECTPATH"))
    ]


def _fields(result: Result) -> list[FieldInfo]:
    if result.data is None:
        return []
    return [_field(node) for node in result.data.iterfind("Type/Fields/Field") if text_of(node, "ID")]


def _field(node: Element) -> FieldInfo:
    """One `Field` of `lookup` (intacct-api.md 3.5). READONLY is the only word on writing, so it stands for both."""
    writable = text_of(node, "READONLY") != "true"
    return FieldInfo(
        name=text_of(node, "ID") or "",
        type=text_of(node, "DATATYPE") or "TEXT",
        required=text_of(node, "REQUIRED") == "true",
        createable=writable,
        updateable=writable,
        custom=text_of(node, "ISCUSTOM") == "true",
        values=tuple(value.text for value in node.iterfind("VALIDVALUES/VALIDVALUE") if value.text),
    )
