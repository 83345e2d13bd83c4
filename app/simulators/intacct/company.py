"""The company's books: one table per object, sequences, audit trail, custom fields, and dotted paths between records.

Behaviour that every function shares. No functions, no sessions, no XML.
"""

import copy
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.simulators.clock import SimClock
from app.simulators.intacct import errors
from app.simulators.intacct.cashbook import Cashbook
from app.simulators.intacct.errors import Refused
from app.simulators.intacct.knobs import Knobs
from app.simulators.intacct.schema import FieldSpec, ObjectSchema, load_schema, load_schemas
from app.simulators.intacct.tables import Journal, Numbers, Table, Values
from app.simulators.intacct.values import Formatting, parse

USER_RECORDNO = 1
AUDIT_WORDS = {"create": "Create", "update": "Modify", "delete": "Delete"}


@dataclass(frozen=True)
class Path:
    """A field as reached from a record: `get` answers the stored value, `plain`: the record itself holds it."""

    name: str
    spec: FieldSpec
    get: Callable[[Values], Any]
    plain: bool


class Company:
    """Everything the company stores."""

    def __init__(self, clock: SimClock, knobs: Knobs) -> None:
        self.clock, self.knobs = clock, knobs
        self.journal = Journal()
        self.cashbook = Cashbook(self.journal)
        self.schemas = load_schemas()
        shared: defaultdict[str, Numbers] = defaultdict(Numbers)
        self.tables = {
            name: Table(schema, self.journal, shared[schema.numbers] if schema.numbers else None)
            for name, schema in self.schemas.items()
        }
        self._sequences: dict[str, int] = {}
        self._paths: dict[tuple[str, str], Path | None] = {}
        self.apply_custom_fields()

    def now(self) -> datetime:
        """The simulated instant, to the second: the vendor's granularity."""
        return self.clock.now().replace(microsecond=0)

    def schema(self, name: str) -> ObjectSchema:
        """The object's definition. Refused as the vendor refuses an object it does not have."""
        found = self.schemas.get(name.upper())
        if found is None or found.rest_only:
            raise Refused(errors.unknown_object(name))
        return found

    def table(self, name: str) -> Table:
        """The object's rows."""
        return self.tables[self.schema(name).name]

    def add_kind(self, raw: dict[str, Any]) -> dict[str, Any]:
        """Add an object at run time, empty, from the content of a schema file; its name and fields."""
        schema = load_schema(copy.deepcopy(raw))
        self.schemas[schema.name], self.tables[schema.name] = schema, Table(schema, self.journal)
        self._paths.clear()
        return {"name": schema.name, "fields": list(schema.fields)}

    def forget_paths(self) -> None:
        """Fields were changed: find them afresh."""
        self._paths.clear()

    def formatting(self) -> Formatting:
        """The API user's preferences."""
        k = self.knobs
        return Formatting(k["user_zone"], k["user_date_format"], k["user_clock"], k["amount_rounding"])

    def apply_custom_fields(self) -> None:
        """Bring the custom fields of the objects in line with the knob. ValueError for an unknown object."""
        for kind, names in self.knobs["custom_fields"].items():
            if kind not in self.schemas:
                raise ValueError(f"custom_fields names the unknown object {kind!r}")
            schema = self.schemas[kind]
            for name in [n for n, spec in schema.fields.items() if spec.custom and n not in names]:
                schema.drop_custom(name)
            for name in names:
                if name not in schema.fields:
                    schema.add_custom(name)
            self.tables[kind].index_fields()
        self._paths.clear()

    def next_id(self, schema: ObjectSchema) -> str | None:
        """The next value of the object's sequence, or None if the company has none. A used number is never undone."""
        if not schema.sequence or not self.knobs["sequences"].get(schema.name, True):
            return None
        while True:
            number = self._sequences.get(schema.name, 0) + 1
            self._sequences[schema.name] = number
            value = f"{schema.sequence['prefix']}{number:0{schema.sequence['digits']}}"
            if not self.knobs["sequence_skips_taken"] or not self.tables[schema.name].find(schema.id, value):
                return value

    def next_in(self, sequence: str, *, gap: bool) -> int:
        """The next number of a named sequence. With `gap` a number whose write is taken back is not given again."""
        number = self._sequences.get(sequence, 0) + 1
        self._sequences[sequence] = number
        if not gap:
            self.journal.add(lambda: self._sequences.update({sequence: number - 1}))
        return number

    def lag_cut(self, lag_s: float) -> datetime | None:
        """The instant whose state reads see, None when they see the present."""
        seconds = max(lag_s, self.knobs["read_lag_ms"] / 1000)
        return self.clock.now() - timedelta(seconds=seconds) if seconds else None

    # -- paths --------------------------------------------------------------------------------------------------------

    def path(self, schema: ObjectSchema, name: str) -> Path | None:
        """The field `name` (dotted over many-to-one relations) of the object, or None if there is none.

        At most one hop may lead back to the same object (`PARENT.NAME`, not `PARENT.PARENT.NAME`).
        """
        key = (schema.name, name)
        if key not in self._paths:
            self._paths[key] = self._resolve(schema, name, 0)
        return self._paths[key]

    def _resolve(self, schema: ObjectSchema, name: str, hierarchical: int) -> Path | None:
        spec = schema.fields.get(name)
        if spec is not None and not spec.via:
            return Path(name, spec, _plain(name), plain=True)
        head, _, rest = (spec.via if spec is not None else name).partition(".")
        relation = schema.relations.get(head)
        if relation is None or not rest:
            return None
        target = self.schemas[relation.object]
        hops = hierarchical + (target is schema)
        inner = self._resolve(target, rest, hops) if hops <= 1 else None
        if inner is None:
            return None
        table, by, to, reach = self.tables[target.name], relation.by, relation.to, inner.get

        def get(values: Values) -> Any:
            key = values.get(by)
            row = table.first(to, key) if key is not None else None
            return reach(row) if row is not None else None

        return Path(name, spec or inner.spec, get, plain=False)

    def target(self, schema: ObjectSchema, values: Values, path: str) -> Values | None:
        """The record a relation leads to."""
        relation = schema.relations[path]
        key = values.get(relation.by)
        return self.tables[relation.object].first(relation.to, key) if key is not None else None

    # -- audit and seeds ----------------------------------------------------------------------------------------------

    def audit(self, verb: str, schema: ObjectSchema, values: Values, user: str, at: datetime) -> None:
        """Write an AUDITHISTORY row."""
        form = self.knobs["audit_objectkey_map"].get(schema.name, schema.audit_key)
        key = f"{values['RECORDNO']}--REC" if form == "RECORDNO--REC" else str(values.get(form) or "")
        table = self.tables["AUDITHISTORY"]
        number = table.next_number()
        row = {
            "RECORDNO": number,
            "ID": str(number),
            "OBJECTTYPE": schema.name.lower(),
            "OBJECTKEY": key,
            "ACCESSMODE": AUDIT_WORDS[verb],
            "ACCESSTIME": at,
            "SOURCE": "api",
            "USERID": user,
        }
        table.put(row, at)

    def plant(self) -> None:
        """Insert the records every company starts with, from the schema files."""
        how = Formatting()
        for schema in self.schemas.values():
            for seed in copy.deepcopy(schema.seeds):
                values: Values = {name: parse(schema.fields[name], text, how) for name, text in seed.items()}
                table = self.tables[schema.name]
                values["RECORDNO"] = table.next_number()
                if "WHENMODIFIED" in schema.fields:
                    values["WHENCREATED"] = values["WHENMODIFIED"] = self.now()
                table.put(values, self.clock.now() - timedelta(days=1))
        self.journal.forget()


def _plain(name: str) -> Callable[[Values], Any]:
    def get(values: Values) -> Any:
        return values.get(name)

    return get
