"""What a caller sees: entity visibility, read lag, permissions, and the undefined order of unordered reads."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from app.simulators.intacct import errors
from app.simulators.intacct.company import Company, Path
from app.simulators.intacct.errors import Refused
from app.simulators.intacct.filters import Condition
from app.simulators.intacct.schema import ObjectSchema
from app.simulators.intacct.tables import Values
from app.simulators.intacct.values import Formatting


@dataclass
class View:
    """The company as one caller reads it in one function. `cut` is the instant whose state is visible, None for now."""

    company: Company
    location: str
    shuffler: random.Random
    cut: datetime | None = None

    @cached_property
    def formatting(self) -> Formatting:
        """The API user's formats."""
        return self.company.formatting()

    def permitted(self, schema: ObjectSchema) -> None:
        """Refused if the user may not read the object."""
        if schema.permission and not self.company.knobs[schema.permission]:
            raise Refused(errors.no_permission("READ_BY_QUERY", schema.name))

    def path(self, schema: ObjectSchema, name: str) -> Path:
        """The field, or the refusal of an unknown one in the shape the knob says."""
        found = self.company.path(schema, name.upper())
        if found is not None:
            return found
        if self.company.knobs["unknown_field_error"] == "xl03000010":
            raise Refused(errors.unknown_field(name, schema.name))
        raise Refused(errors.not_queryable([name]))

    def sees(self, row: Values, private: bool) -> bool:
        """Shared rows always, an entity's own rows inside it, private rows at top level only with `private`."""
        owner = row.get("MEGAENTITYID")
        return not owner or owner == self.location or (not self.location and private)

    def rows(self, schema: ObjectSchema, condition: Condition, private: bool) -> Iterator[Values]:
        """Visible rows that satisfy the condition, in order of RECORDNO. Uses an index where one fits."""
        table = self.company.tables[schema.name]
        if condition.candidates is not None and self.cut is None:
            found = (table.get(number) for number in condition.candidates(table))
            candidates: Iterator[Values] = (row for row in found if row is not None)
        else:
            candidates = table.rows(self.cut)
        return (row for row in candidates if self.sees(row, private) and condition.test(row))

    def row(self, schema: ObjectSchema, name: str, value: object) -> Values | None:
        """The visible row with this key; private rows are reached by key at top level."""
        table = self.company.tables[schema.name]
        if self.cut is not None:
            return next((r for r in table.rows(self.cut) if r.get(name) == value and self.sees(r, True)), None)
        row = table.first(name, value)
        return row if row is not None and self.sees(row, True) else None

    def unordered(self, rows: list[Values]) -> list[Values]:
        """Rows in the order of a query without orderby: undefined, so a different one at each call."""
        if self.company.knobs["unordered_shuffle"]:
            rows = list(rows)
            self.shuffler.shuffle(rows)
        return rows
