"""Describe answers, cached per org and renewed with If-Modified-Since (salesforce-api.md 3.6). Knows no records."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from app.backends.http import Reply
from app.backends.salesforce.caller import Caller
from app.backends.salesforce.errors import FIELD_MISSING, SCHEMA, make, unreadable
from app.backends.salesforce.wire import parse_json, segment
from app.domain.errors import SyncError
from app.sync.ports import Clock, FieldInfo, Schema

OPTIONAL = ("currencyisocode", "ispersonaccount", "personcontactid", "masterrecordid", "isdeleted", "systemmodstamp")
OPTIONAL_ENDINGS = ("statecode", "countrycode")
"""Fields that exist only with some org features; elsewhere they are INVALID_FIELD (salesforce-api.md 17.1)."""


@dataclass(frozen=True, slots=True)
class Description:
    """One object: its schema, its fields by lower-case name, its parents by lower-case relationship name."""

    schema: Schema
    fields: Mapping[str, FieldInfo]
    parents: Mapping[str, tuple[str, tuple[str, ...]]]
    last_modified: str | None
    fresh_until: datetime


@dataclass(frozen=True, slots=True)
class Column:
    """A field to be read: the name it was asked by, its path in the org's spelling, its describe type."""

    asked: str
    path: tuple[str, ...]
    type: str

    @property
    def name(self) -> str:
        """The path as SOQL writes it."""
        return ".".join(self.path)


class Schemas:
    """The descriptions of one org, shared by its lanes; one request per object however many ask."""

    def __init__(self, clock: Clock, ttl: float) -> None:
        self._clock = clock
        self._ttl = timedelta(seconds=ttl)
        self._known: dict[str, Description] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def describe(self, kind: str, caller: Caller, *, renew: bool = False) -> Description:
        """The description of `kind`, at most the TTL old or renewed. SyncError CONFIG for no such object."""
        key = kind.lower()
        asked_at = self._clock.now()
        async with self._locks[key]:
            known = self._known.get(key)
            stale_at = known.fresh_until if known else asked_at
            if known and (stale_at - self._ttl > asked_at if renew else stale_at > asked_at):
                return known
            self._known[key] = await self._fetch(kind, caller, known)
            return self._known[key]

    def forget(self, kind: str) -> None:
        """Read the description of `kind` anew next time: a field we believed in was refused.

        Unconditionally: taking a field from the user's sight need not move the description's own date.
        """
        self._known.pop(kind.lower(), None)

    async def column(self, kind: str, name: str, caller: Caller) -> Column | None:
        """How to read `name`; None for an optional field that this org lacks. SyncError CONFIG for an unknown one.

        A field that the cache does not know may be new, so the description is renewed once before it is refused.
        """
        parts = name.split(".")
        for renew in (False, True):
            found = await self._resolve(kind, parts, caller, renew)
            if found:
                return Column(name, found[0], found[1])
            if _optional(parts[-1]):
                return None
        raise make(FIELD_MISSING, f"{kind} has no field {name} that the API user may see", name)

    async def _resolve(
        self, kind: str, parts: list[str], caller: Caller, renew: bool
    ) -> tuple[tuple[str, ...], str] | None:
        known = await self.describe(kind, caller, renew=renew)
        if len(parts) == 1:
            field = known.fields.get(parts[0].lower())
            return ((field.name,), field.type) if field else None
        spelling, targets = known.parents.get(parts[0].lower(), ("", ()))
        for target in targets:
            try:
                found = await self._resolve(target, parts[1:], caller, renew)
            except SyncError as hidden:  # one of several possible parents may be closed to us
                if hidden.code != SCHEMA.code:
                    raise
                continue
            if found:
                return (spelling, *found[0]), found[1]
        return None

    async def _fetch(self, kind: str, caller: Caller, known: Description | None) -> Description:
        headers = {"If-Modified-Since": known.last_modified} if known and known.last_modified else {}

        def read(reply: Reply) -> Description:
            fresh_until = self._clock.now() + self._ttl
            if reply.status == 304 and known:
                return replace(known, fresh_until=fresh_until)
            return _read(reply, fresh_until)

        return await caller.get(f"{caller.data_path}/sobjects/{_path(kind)}/describe", read, headers)


def _path(kind: str) -> str:
    try:
        return segment(kind)
    except ValueError as wrong:
        raise make(SCHEMA, f"{kind!r} is not the name of an object") from wrong


def _optional(name: str) -> bool:
    return name.lower() in OPTIONAL or name.lower().endswith(OPTIONAL_ENDINGS)


def _read(reply: Reply, fresh_until: datetime) -> Description:
    try:
        body = parse_json(reply.body)
        fields = {str(item["name"]): _field(item) for item in body["fields"]}
        parents = dict(_parents(body["fields"]))
        kind = str(body["name"])
    except (ValueError, TypeError, KeyError, AttributeError) as wrong:
        raise unreadable(reply, "a describe answer") from wrong
    by_lower = {name.lower(): field for name, field in fields.items()}
    return Description(Schema(kind, fields), by_lower, parents, reply.headers.get("last-modified"), fresh_until)


def _field(item: dict[str, Any]) -> FieldInfo:
    required = not item.get("nillable", True) and not item.get("defaultedOnCreate") and item.get("createable", True)
    length = item.get("length")
    values = item.get("picklistValues") or ()
    return FieldInfo(
        name=str(item["name"]),
        type=str(item["type"]),
        required=bool(required) and item["type"] != "boolean",
        createable=bool(item.get("createable", True)),
        updateable=bool(item.get("updateable", True)),
        custom=bool(item.get("custom")),
        length=length if isinstance(length, int) and length > 0 else None,
        values=tuple(str(v["value"]) for v in values if v.get("active", True)),
    )


def _parents(items: list[dict[str, Any]]) -> Iterator[tuple[str, tuple[str, tuple[str, ...]]]]:
    for item in items:
        name = item.get("relationshipName")
        if name:
            yield str(name).lower(), (str(name), tuple(str(target) for target in item.get("referenceTo") or ()))
