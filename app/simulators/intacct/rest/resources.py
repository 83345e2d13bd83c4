"""Which resources there are and how their fields name those of the stored objects. Loaded from `objects.json`.

A further resource is an entry of that file. Names only: no values, no requests.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from app.simulators.intacct.company import Company, Path
from app.simulators.intacct.schema import ObjectSchema

AUDIT = {
    "audit.createdDateTime": "WHENCREATED",
    "audit.modifiedDateTime": "WHENMODIFIED",
    "audit.createdBy": "CREATEDBY",
    "audit.modifiedBy": "MODIFIEDBY",
}
ENTITY = {"entity.key": "MEGAENTITYKEY", "entity.id": "MEGAENTITYID", "entity.name": "MEGAENTITYNAME"}
READ_ONLY = {"key", *AUDIT, *ENTITY}


@dataclass(frozen=True)
class Ref:
    """A reference to another resource: stored as the target's natural id in `by`, reached over `path`."""

    object: str
    path: str
    by: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Resource:
    """One resource. `values` maps words of REST to stored words, per field."""

    name: str
    kind: str
    fields: Mapping[str, str]
    refs: Mapping[str, Ref] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    methods: tuple[str, ...] = ("GET",)
    audit: bool = True

    def stored(self, name: str) -> str | None:
        """The stored (dotted) name of a REST field, None if there is none."""
        if name == "key":
            return "RECORDNO"
        if name in self.fields:
            return self.fields[name]
        if self.audit and name in AUDIT:
            return AUDIT[name]
        if name in ENTITY:
            return ENTITY[name]
        head, _, rest = name.partition(".")
        ref = self.refs.get(head)
        if ref is None:
            return None
        if rest == "key":
            return f"{ref.path}.RECORDNO"
        return ref.by if rest == "id" else f"{ref.path}.{ref.fields[rest]}" if rest in ref.fields else None

    def names(self) -> list[str]:
        """Every field a full read shows."""
        names = ["key", *self.fields]
        for head, ref in self.refs.items():
            names += [f"{head}.key", *(f"{head}.{part}" for part in ref.fields)]
        return [*dict.fromkeys([*names, *(AUDIT if self.audit else ()), *ENTITY])]

    def schema(self, company: Company) -> ObjectSchema:
        """The stored object's definition."""
        return company.schemas[self.kind]

    def path(self, company: Company, name: str) -> Path | None:
        """The field as reached from a row, None if the resource has no such field."""
        stored = self.stored(name)
        return company.path(self.schema(company), stored) if stored is not None else None


def load_resources() -> dict[str, Resource]:
    """All resources by name."""
    raw = json.loads(resources.files(__package__).joinpath("objects.json").read_text("utf-8"))
    return {name: _load(name, members) for name, members in raw.items()}


def _load(name: str, members: dict[str, Any]) -> Resource:
    refs = {head: Ref(**ref) for head, ref in members.pop("refs", {}).items()}
    lists: dict[str, Any] = {key: tuple(members[key]) for key in ("required", "methods") if key in members}
    given: dict[str, Any] = {**members, "refs": refs, **lists}
    return Resource(name, **given)
