"""Object schemas: read from data files, looked up without regard to case, changed at run time. No records, no wire."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from app.simulators.clock import SimClock
from app.simulators.salesforce.flags import OrgFlags

FOLDER = Path(__file__).parent / "schemas"
TEXT_TYPES = frozenset(
    {"string", "textarea", "email", "url", "phone", "picklist", "multipicklist", "combobox", "encryptedstring"}
)
LONG_TEXT = 255  # a text area above this width can be neither filtered nor sorted


@dataclass(frozen=True)
class Field:
    """One field as its data file describes it; what the file leaves out has the default here."""

    name: str
    type: str = "string"
    label: str = ""
    length: int = 0
    precision: int = 0
    scale: int = 0
    required: bool = False
    unique: bool = False
    case_sensitive: bool = False
    external_id: bool = False
    id_lookup: bool = False
    read_only: bool = False
    create_only: bool = False
    calculated: bool = False
    auto_number: str = ""  # format such as "ORD-{00000}"
    references: tuple[str, ...] = ()
    relationship: str = ""
    children: str = ""  # the relationship's name seen from the parent
    cascade: bool = False  # children die with the parent; otherwise the reference is emptied
    values: tuple[str, ...] = ()
    restricted: bool = False
    default: Any = None
    compound: str = ""  # of a part: the compound field it belongs to
    parts: str = ""  # of an address: the prefix of its parts
    mirrors: str = ""  # of a person field on Account: the field of the twin Contact
    flag: str = ""

    @property
    def createable(self) -> bool:
        return not (self.read_only or self.calculated or self.auto_number or self.type in ("id", "address"))

    @property
    def updateable(self) -> bool:
        return self.createable and not self.create_only

    @property
    def is_text(self) -> bool:
        return self.type in TEXT_TYPES

    @property
    def filterable(self) -> bool:
        return self.type != "address" and not (self.type == "textarea" and self.length > LONG_TEXT)

    @property
    def lookup_key(self) -> bool:
        """Whether records can be addressed by this field's value."""
        return self.external_id or self.id_lookup


KNOWN = {f.name for f in fields(Field)}


def parse_field(item: dict[str, Any]) -> Field:
    """A field from its JSON. ValueError names what the schema language does not know."""
    unknown = set(item) - KNOWN
    if unknown or "name" not in item:
        raise ValueError(f"field {item.get('name')!r}: unknown member {sorted(unknown)}; known are {sorted(KNOWN)}")
    lists = {k: tuple(v) for k, v in item.items() if isinstance(v, list)}
    made = Field(**{**item, **lists})
    relationship = made.relationship
    if made.references and not relationship:
        relationship = made.name[:-3] + "__r" if made.name.endswith("__c") else made.name.removesuffix("Id")
    return replace(made, label=made.label or made.name, relationship=relationship)


@dataclass
class ObjectSchema:
    """One kind of object. `fields` holds what the running user may see, in the file's order."""

    name: str
    label: str
    prefix: str
    all_fields: dict[str, Field]
    mergeable: bool = False
    etag: bool = False
    read_only: bool = False
    deletable: bool = True
    record_types: list[dict[str, Any]] = field(default_factory=list)
    stages: dict[str, list[bool]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    fields: dict[str, Field] = field(default_factory=dict, init=False)
    _by_lower: dict[str, Field] = field(default_factory=dict, init=False)
    _relations: dict[str, Field] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.refresh()

    def refresh(self) -> None:
        """Work out the look-ups anew after fields were added, hidden or shown."""
        self.fields = {n: f for n, f in self.all_fields.items() if n not in self.hidden}
        self._by_lower = {n.lower(): f for n, f in self.fields.items()}
        self._relations = {f.relationship.lower(): f for f in self.fields.values() if f.relationship}

    def find(self, name: str) -> Field | None:
        """The visible field called `name` in any spelling."""
        return self._by_lower.get(name.lower())

    def relation(self, name: str) -> Field | None:
        """The reference field whose parent is addressed as `name`."""
        return self._relations.get(name.lower())


@dataclass(frozen=True)
class Sheet:
    """One data file as read: its members but for the fields (as JSON, so that each org has its own), and the fields."""

    members: str
    fields: tuple[Field, ...]


@cache
def _read(path: Path, _written: int) -> Sheet:
    """A data file, read once as long as it stays as it was written."""
    data = json.loads(path.read_text("utf-8"))
    if isinstance(data, list):
        return Sheet("{}", tuple(parse_field(f) for f in data))
    fields = data.pop("fields", ())
    return Sheet(json.dumps(data), tuple(parse_field(f) for f in fields))


def read(path: Path) -> Sheet:
    """A data file. ValueError names what the schema language does not know."""
    return _read(path, path.stat().st_mtime_ns)


def parse_object(data: dict[str, Any], common: Iterable[Field], flags: OrgFlags) -> ObjectSchema:
    """A schema from its members plus the fields every object has; fields of switched-off features are left out."""
    rest = dict(data)
    own: list[Field] = list(rest.pop("fields"))
    named = {f.name for f in own}
    chosen = [f for f in common if f.name not in named] + own
    kept = {f.name: f for f in chosen if flags.on(f.flag)}
    if flags.multi_currency and "CurrencyIsoCode" in kept:
        kept["CurrencyIsoCode"] = replace(
            kept["CurrencyIsoCode"], values=flags.currencies, default=flags.corporate_currency
        )
    return ObjectSchema(all_fields=kept, **rest)


class Catalogue:
    """All objects of an org."""

    def __init__(self, clock: SimClock, flags: OrgFlags, folders: Iterable[Path] = ()) -> None:
        self._clock, self.flags = clock, flags
        self._folders = [FOLDER, FOLDER / flags.kind, *folders]
        self.modified: datetime = clock.now().replace(microsecond=0)
        self._objects: dict[str, ObjectSchema] = {}
        self._children: dict[str, dict[str, tuple[ObjectSchema, Field]]] = {}
        self.reload()

    def reload(self) -> None:
        """Read all data files again; what was changed at run time is forgotten."""
        self._common = read(FOLDER / "_common.json").fields
        self._objects.clear()
        for folder in self._folders:
            for path in sorted(folder.glob("*.json")):
                if not path.name.startswith("_"):
                    sheet = read(path)
                    self._take({**json.loads(sheet.members), "fields": sheet.fields})
        self._mirror_person_fields()
        self._changed()

    def _take(self, data: dict[str, Any]) -> None:
        known = self._objects.get(data["name"].lower())
        if known is None or "prefix" in data:
            self._objects[data["name"].lower()] = parse_object(data, self._common, self.flags)
            return
        for made in data["fields"]:
            if self.flags.on(made.flag):
                known.all_fields[made.name] = made

    def _mirror_person_fields(self) -> None:
        account, contact = self._objects.get("account"), self._objects.get("contact")
        if not self.flags.person_accounts or account is None or contact is None:
            return
        for twin in contact.all_fields.values():
            if twin.name.endswith("__c"):
                name = twin.name[:-3] + "__pc"
                account.all_fields[name] = replace(
                    twin, name=name, mirrors=twin.name, relationship="", children="", external_id=False, unique=False
                )

    def _changed(self) -> None:
        now = self._clock.now().replace(microsecond=0)
        self.modified = max(now, self.modified + timedelta(seconds=1))
        self._children = {}
        for schema in self._objects.values():
            schema.refresh()
            for made in schema.fields.values():
                for parent in made.references:
                    if made.children:
                        self._children.setdefault(parent.lower(), {})[made.children.lower()] = (schema, made)

    def __iter__(self) -> Iterator[ObjectSchema]:
        return iter(self._objects.values())

    def find(self, name: str) -> ObjectSchema | None:
        """The object called `name` in any spelling."""
        return self._objects.get(name.lower())

    def by_id(self, record_id: str) -> ObjectSchema | None:
        """The object to whose key prefix the id belongs."""
        return next((s for s in self._objects.values() if s.prefix == record_id[:3]), None)

    def child(self, parent: str, relationship: str) -> tuple[ObjectSchema, Field] | None:
        """The child object and its reference field behind a child relationship's name."""
        return self._children.get(parent.lower(), {}).get(relationship.lower())

    def referring(self, parent: str) -> Iterator[tuple[ObjectSchema, Field]]:
        """Every reference field, of any object, that may point at `parent`."""
        for schema in self._objects.values():
            for made in schema.all_fields.values():
                if parent in made.references:
                    yield schema, made

    def extend(self, data: dict[str, Any]) -> None:
        """Add an object (with `prefix`) or fields to a known one. ValueError says what is wrong."""
        if "name" not in data or ("prefix" not in data and self.find(data["name"]) is None):
            raise ValueError("a schema needs 'name', and 'prefix' unless the object is known")
        self._take({**data, "fields": [parse_field(f) for f in data.get("fields", ())]})
        self._changed()

    def remove(self, name: str, field_name: str) -> None:
        """Drop a field from the schema. KeyError for an unknown object."""
        self._objects[name.lower()].all_fields.pop(field_name, None)
        self._changed()

    def hide(self, name: str, names: Iterable[str], hidden: bool = True) -> None:
        """Take fields from the running user's sight, or give them back. KeyError for an unknown object."""
        schema = self._objects[name.lower()]
        schema.hidden = schema.hidden | set(names) if hidden else schema.hidden - set(names)
        self._changed()
