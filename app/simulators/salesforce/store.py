"""Rows in memory: by id, by value, with undo and with late visibility. It knows schemas only as names and prefixes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.simulators.salesforce.ids import make_id
from app.simulators.salesforce.schema import Field, ObjectSchema

Values = dict[str, Any]
Key = Any


@dataclass(slots=True)
class Row:
    """A record. `values` is replaced, never changed in place; `pending` holds what reads still see, oldest first."""

    values: Values
    version: int = 1
    pending: list[tuple[datetime, Values | None]] = field(default_factory=list)

    def seen(self, now: datetime) -> Values | None:
        """The values a read at `now` finds: None for a record whose creation is not visible yet."""
        for visible_at, before in self.pending:
            if visible_at > now:
                return before
        return self.values


def key_of(made: Field, value: Any) -> Key:
    """What two equal values of a field have in common: text ignores case unless the field minds it."""
    if isinstance(value, str) and made.is_text and not made.case_sensitive:
        return value.casefold()
    return value


class Table:
    """All rows of one kind, with an index per field that was ever looked up by value."""

    def __init__(self, schema: ObjectSchema) -> None:
        self.schema = schema
        self.rows: dict[str, Row] = {}
        self.lagging: set[str] = set()
        self.serial = 0
        self.numbers: dict[str, int] = {}
        self._indexes: dict[str, dict[Key, set[str]]] = {}

    def new_id(self) -> str:
        """An id never given before; a rolled-back one is not given again."""
        self.serial += 1
        return make_id(self.schema.prefix, self.serial)

    def next_number(self, name: str) -> int:
        """The next value of an auto-number field."""
        self.numbers[name] = self.numbers.get(name, 0) + 1
        return self.numbers[name]

    def index(self, made: Field) -> dict[Key, set[str]]:
        """Ids by value of `made`, deleted rows included; null is not indexed. Built on first use, then kept."""
        found = self._indexes.get(made.name)
        if found is None:
            found = self._indexes[made.name] = {}
            for record_id, row in self.rows.items():
                self._enter(found, made, record_id, row.values)
        return found

    def with_value(self, made: Field, value: Any) -> list[str]:
        """Ids of the rows (not deleted) whose `made` equals `value`, in order of creation."""
        ids = self.index(made).get(key_of(made, value), ())
        return sorted(i for i in ids if not self.rows[i].values["IsDeleted"])

    @staticmethod
    def _enter(index: dict[Key, set[str]], made: Field, record_id: str, values: Values) -> None:
        value = values.get(made.name)
        if value is not None:
            index.setdefault(key_of(made, value), set()).add(record_id)

    def replace(self, record_id: str, row: Row | None) -> None:
        """Put `row` in place of what stands under the id (None removes it) and keep the indexes true."""
        old = self.rows.get(record_id)
        if row is None:
            self.rows.pop(record_id, None)
            self.lagging.discard(record_id)
        else:
            self.rows[record_id] = row
            (self.lagging.add if row.pending else self.lagging.discard)(record_id)
        for name, index in self._indexes.items():
            made = self.schema.all_fields.get(name)
            before = old.values.get(name) if old else None
            after = row.values.get(name) if row else None
            if made is None or (before == after and (old is None) == (row is None)):
                continue
            if before is not None:
                index.get(key_of(made, before), set()).discard(record_id)
            if row is not None:
                self._enter(index, made, record_id, row.values)

    def settle(self, now: datetime) -> set[str]:
        """Forget what has become visible; answers the ids whose visible values still differ from the stored ones."""
        for record_id in list(self.lagging):
            row = self.rows[record_id]
            row.pending = [p for p in row.pending if p[0] > now]
            if not row.pending:
                self.lagging.discard(record_id)
        return self.lagging


class Store:
    """The tables of one org and the undo log of the transaction under way."""

    def __init__(self, schemas: Iterable[ObjectSchema]) -> None:
        self._tables: dict[str, Table] = {}
        self._undo: list[Callable[[], object]] = []
        for schema in schemas:
            self.table(schema)

    def table(self, schema: ObjectSchema) -> Table:
        """The table of an object, made when a schema was added at run time."""
        found = self._tables.get(schema.name)
        if found is None:
            found = self._tables[schema.name] = Table(schema)
        found.schema = schema
        return found

    def put(self, schema: ObjectSchema, values: Values, visible_at: datetime | None = None) -> None:
        """Store `values` under their Id. With `visible_at`, reads see the former state until then."""
        table = self.table(schema)
        record_id = values["Id"]
        old = table.rows.get(record_id)
        pending = list(old.pending) if old else []
        if visible_at is not None:
            pending.append((visible_at, old.values if old else None))
        table.replace(record_id, Row(values, old.version + 1 if old else 1, pending))
        self.on_undo(lambda: table.replace(record_id, old))

    def drop(self, schema: ObjectSchema, record_id: str) -> None:
        """Remove a row for good."""
        table = self.table(schema)
        old = table.rows.get(record_id)
        table.replace(record_id, None)
        self.on_undo(lambda: table.replace(record_id, old))

    def on_undo(self, action: Callable[[], object]) -> None:
        """Remember how to take back what was just done."""
        self._undo.append(action)

    def mark(self) -> int:
        """A point to which `rollback` can return."""
        return len(self._undo)

    def rollback(self, mark: int) -> None:
        """Take back everything done since `mark`."""
        while len(self._undo) > mark:
            self._undo.pop()()

    def commit(self) -> None:
        """End the transaction: nothing before this can be taken back."""
        self._undo.clear()
