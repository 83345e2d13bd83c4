"""What an object is made of: fields, relations, owned lists, keys. Loaded from `schemas/*.json`.

A further object kind needs a data file and nothing else. No records, no XML.
"""

import json
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import Any

SYSTEM_FIELDS: dict[str, dict[str, Any]] = {
    "WHENCREATED": {"type": "TIMESTAMP", "readonly": True},
    "WHENMODIFIED": {"type": "TIMESTAMP", "readonly": True},
    "CREATEDBY": {"type": "INTEGER", "readonly": True},
    "MODIFIEDBY": {"type": "INTEGER", "readonly": True},
    "MEGAENTITYKEY": {"type": "INTEGER", "readonly": True, "via": "MEGAENTITY.RECORDNO"},
    "MEGAENTITYID": {"readonly": True},
    "MEGAENTITYNAME": {"readonly": True, "via": "MEGAENTITY.NAME"},
}
RECORDNO = {"RECORDNO": {"type": "INTEGER", "readonly": True, "label": "Record number"}}
MEGAENTITY = {"object": "LOCATIONENTITY", "by": "MEGAENTITYID", "to": "LOCATIONID"}


@dataclass(frozen=True)
class FieldSpec:
    """One field. `type` is a DATATYPE of `lookup`; `width` counts characters; nested parts have dotted names.

    `codes` (label to stored code) are what readByQuery filters match, `query_codes` what `query` matches and shows.
    `via` names a dotted path the value is read through; `computed` a format filled in when the record is made.
    """

    name: str
    type: str = "TEXT"
    label: str = ""
    required: bool = False
    readonly: bool = False
    custom: bool = False
    width: int | None = None
    scale: int | None = 2
    values: tuple[str, ...] = ()
    codes: dict[str, str] = field(default_factory=dict)
    query_codes: dict[str, str] = field(default_factory=dict)
    multiple: bool = False
    form: str = ""
    ref: str = ""
    editable: bool = True
    indexed: bool = False
    default: str = ""
    via: str = ""
    computed: str = ""


@dataclass(frozen=True)
class Relation:
    """A many-to-one path: records of `object` whose `to` equals this record's `by`.

    `write` is empty (read only), `name` (written by the target's natural id) or `owned` (the target record is made and
    updated through this path; `owned_name` forms its natural id). `default` names the path whose target is taken
    when none is given.
    """

    path: str
    object: str
    by: str
    to: str = "RECORDNO"
    write: str = ""
    owned_name: str = ""
    default: str = ""


@dataclass(frozen=True)
class OwnedList:
    """Rows that live inside their record (`path/row`), replaced as a whole by an update that sends them.

    With `object` the rows are records of that object, which name their owner in `by` and count in `number`.
    """

    path: str
    row: str
    fields: tuple[str, ...]
    total: str = ""
    object: str = ""
    by: str = ""
    number: str = ""


@dataclass
class ObjectSchema:
    """One object kind; `id` is its natural key (empty: RECORDNO only). `rest_only`: XML does not know it.

    Objects with the same `numbers` draw their RECORDNOs from one sequence.
    """

    name: str
    id: str
    label: str
    fields: dict[str, FieldSpec]
    relations: dict[str, Relation] = field(default_factory=dict)
    lists: dict[str, OwnedList] = field(default_factory=dict)
    unique: tuple[tuple[str, ...], ...] = ()
    sequence: dict[str, Any] = field(default_factory=dict)
    audit_key: str = ""
    writes: tuple[str, ...] = ("create", "update", "delete")
    update_by: tuple[str, ...] = ()
    update_needs: tuple[str, ...] = ()
    showprivate: bool = True
    permission: str = ""
    rest_only: bool = False
    numbers: str = ""
    seeds: list[dict[str, Any]] = field(default_factory=list)

    def add_custom(self, name: str) -> None:
        """Add a queryable custom TEXT field named `name`."""
        self.fields[name] = FieldSpec(name, custom=True, width=100, label=name, indexed=True)

    def drop_custom(self, name: str) -> None:
        """Remove the custom field `name`."""
        if self.fields[name].custom:
            del self.fields[name]


def _fields(raw: dict[str, dict[str, Any]]) -> dict[str, FieldSpec]:
    out = {}
    for name, members in raw.items():
        members = (
            {"values": tuple(members["values"]), **{k: v for k, v in members.items() if k != "values"}}
            if ("values" in members)
            else members
        )
        out[name] = FieldSpec(name, **members)
    return out


def load_schema(raw: dict[str, Any]) -> ObjectSchema:
    """One object from its part of a schema file, which is used up."""
    system = raw.pop("system", True)
    own = raw.pop("fields")
    added = {name: members for name, members in SYSTEM_FIELDS.items() if system and name not in own}
    fields = _fields({**RECORDNO, **own, **added})
    relations = {p: Relation(p, **members) for p, members in raw.pop("relations", {}).items()}
    if system:
        relations["MEGAENTITY"] = Relation("MEGAENTITY", **MEGAENTITY)
    lists = {
        p: OwnedList(p, **{**members, "fields": tuple(members.get("fields", ()))})
        for p, members in raw.pop("lists", {}).items()
    }
    key = raw.pop("id", "")
    if key:
        fields[key] = replace(fields[key], indexed=True, editable=False)
    unique = tuple(tuple(u) for u in raw.pop("unique", [[key]] if key else []))
    name = raw.pop("name")
    return ObjectSchema(
        name=name,
        id=key,
        label=raw.pop("label", name.capitalize()),
        fields=fields,
        relations=relations,
        lists=lists,
        unique=unique,
        audit_key=raw.pop("audit_key", key or "RECORDNO"),
        writes=tuple(raw.pop("writes", ("create", "update", "delete"))),
        update_by=tuple(raw.pop("update_by", [key] if key else [])),
        update_needs=tuple(raw.pop("update_needs", ())),
        **raw,
    )


def load_schemas() -> dict[str, ObjectSchema]:
    """Every object the simulator knows, by name, each a copy of its own so that callers may add custom fields."""
    return {
        name: replace(
            read,
            fields=dict(read.fields),
            relations=dict(read.relations),
            lists=dict(read.lists),
            sequence=dict(read.sequence),
        )
        for name, read in _read_schemas().items()
    }


@cache
def _read_schemas() -> dict[str, ObjectSchema]:
    found = {}
    for file in sorted(resources.files(__package__).joinpath("schemas").iterdir(), key=lambda f: f.name):
        if file.name.endswith(".json"):
            for raw in json.loads(file.read_text("utf-8")):
                schema = load_schema(raw)
                found[schema.name] = schema
    return found
