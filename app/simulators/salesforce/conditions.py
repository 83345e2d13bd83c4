"""WHERE conditions made into functions over stored values, and the index look-ups they allow. No result shapes."""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.simulators.salesforce.errors import refuse
from app.simulators.salesforce.ids import normalise
from app.simulators.salesforce.org import Org
from app.simulators.salesforce.schema import Field, ObjectSchema
from app.simulators.salesforce.soql_tokens import point
from app.simulators.salesforce.soql_tree import Compare, Condition, Junction, Literal, Not, Path, Query
from app.simulators.salesforce.store import Values, key_of
from app.simulators.salesforce.values import stamp

Getter = Callable[[Values], Any]
Test = Callable[[Values], bool]
Subselect = Callable[[Query], set[Any]]
PARENTS_UP = 5
NUMBERS = frozenset({"int", "double", "currency", "percent"})
KEYS = frozenset({"id", "reference"})
ORDERINGS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
# how a value stands to a span of time [start, end), for literals such as TODAY
SPANS: dict[str, Callable[[str, str, str], bool]] = {
    "=": lambda value, start, end: start <= value < end,
    "<": lambda value, start, _: value < start,
    ">": lambda value, _, end: value >= end,
    "<=": lambda value, _, end: value < end,
    ">=": lambda value, start, _: value >= start,
}


def literal_kinds(made: Field) -> frozenset[str]:
    """Which kinds of literal may be compared with a field."""
    if made.type in NUMBERS:
        return frozenset({"number", "null"})
    if made.type == "boolean":
        return frozenset({"boolean", "null"})
    if made.type in ("date", "datetime"):
        return frozenset({made.type, "relative", "null"})
    return frozenset({"string", "null"})


def like_pattern(text: str) -> re.Pattern[str]:
    r"""The pattern of a LIKE literal: `%` any run, `_` one character, `\` makes the next one plain."""
    pieces = re.findall(r"\\.|.", text, re.DOTALL)
    marks = {"%": ".*", "_": "."}
    return re.compile("".join(marks.get(p) or re.escape(p[-1]) for p in pieces), re.IGNORECASE | re.DOTALL)


@dataclass
class Scope:
    """Where a condition is read: the org, the object, the text for errors, the instant for visibility."""

    org: Org
    schema: ObjectSchema
    text: str
    now: datetime
    subselect: Subselect

    def resolve(self, path: Path) -> tuple[Getter, Field]:
        """How to get a path's value from a row, and its field. Refuses INVALID_FIELD."""
        schema, hops = self.schema, []
        if len(path.parts) > PARENTS_UP + 1:
            raise refuse("MALFORMED_QUERY/text", text="a field path may go up at most 5 parents")
        for part in path.parts[:-1]:
            link = schema.relation(part)
            parent = self.org.catalogue.find(link.references[0]) if link else None
            if link is None or parent is None:
                raise refuse("INVALID_FIELD/relation", field=part, fields=[part])
            hops.append((link.name, parent))
            schema = parent
        made = schema.find(path.parts[-1])
        if made is None:
            words = point(self.text, path.at)
            raise refuse("INVALID_FIELD/soql", field=path.parts[-1], object=schema.name, **words)
        return self._getter(hops, made.name), made

    def _getter(self, hops: list[tuple[str, ObjectSchema]], name: str) -> Getter:
        if not hops:
            return lambda values: values.get(name)

        def climb(values: Values) -> Any:
            row: Values | None = values
            for link, parent in hops:
                row = self.parent(parent, row.get(link)) if row else None
            return row.get(name) if row else None

        return climb

    def parent(self, schema: ObjectSchema, record_id: str | None) -> Values | None:
        """The visible values of the record a reference points at."""
        row = self.org.store.table(schema).rows.get(record_id or "")
        return row.seen(self.now) if row else None

    def test(self, condition: Condition) -> Test:
        """The condition as a function. Refuses what does not fit the schema."""
        if isinstance(condition, Not):
            inner = self.test(condition.inner)
            return lambda values: not inner(values)
        if isinstance(condition, Junction):
            tests = [self.test(c) for c in condition.inner]
            if condition.word == "AND":
                return lambda values: all(t(values) for t in tests)
            return lambda values: any(t(values) for t in tests)
        return self._compare(condition)

    def _compare(self, compare: Compare) -> Test:
        get, made = self.resolve(compare.path)
        if not made.filterable:
            raise refuse("INVALID_FIELD/filter", field=made.name)
        if compare.subquery is not None:
            chosen = self.subselect(compare.subquery)
            return _membership(get, made, chosen, compare.operator == "IN")
        if compare.operator == "LIKE":
            return self._like(get, made, compare.values[0])
        if any(v.kind == "relative" for v in compare.values):
            return self._span(get, made, compare)
        wanted = [self.constant(made, v) for v in compare.values]
        if compare.operator in ("IN", "NOT IN", "=", "!="):
            return _membership(get, made, set(wanted), compare.operator in ("IN", "="))
        return _ordering(get, made, ORDERINGS[compare.operator], wanted[0])

    @staticmethod
    def _like(get: Getter, made: Field, literal: Literal) -> Test:
        if not made.is_text:
            raise refuse("INVALID_QUERY_FILTER_OPERATOR/like", type=made.type)
        pattern = like_pattern(literal.value)
        return lambda values: pattern.fullmatch(get(values) or "") is not None

    def _span(self, get: Getter, made: Field, compare: Compare) -> Test:
        if made.type not in ("date", "datetime") or len(compare.values) > 1:
            raise refuse("INVALID_FIELD/type", field=made.name, type=made.type, hint="")
        word, days = compare.values[0].value
        today = self.org.now().replace(hour=0, minute=0, second=0, microsecond=0)
        start = {"TODAY": today, "YESTERDAY": today - timedelta(1)}.get(word, today - timedelta(days))
        end = today if word == "YESTERDAY" else today + timedelta(1)
        cut = 10 if made.type == "date" else None
        first, last = stamp(start)[:cut], stamp(end)[:cut]
        if compare.operator in ("!=", "NOT IN"):
            return lambda values: (v := get(values)) is None or not first <= v < last
        fits = SPANS["=" if compare.operator == "IN" else compare.operator]
        return lambda values: (v := get(values)) is not None and fits(v, first, last)

    @staticmethod
    def constant(made: Field, literal: Literal) -> Any:
        """The comparable form of a literal. Refuses INVALID_FIELD for a literal of another type."""
        if literal.kind not in literal_kinds(made):
            hint = "and should not be enclosed in quotes" if literal.kind == "string" else ""
            kind = {"datetime": "dateTime"}.get(made.type, made.type)
            raise refuse("INVALID_FIELD/type", field=made.name, type=kind, hint=hint)
        if made.type in KEYS and literal.value is not None:
            record_id = normalise(literal.value)
            if record_id is None:
                raise refuse("INVALID_QUERY_FILTER_OPERATOR", value=literal.value)
            return record_id
        # an empty text equals null: Salesforce stores no empty texts
        return None if literal.value == "" else key_of(made, literal.value)

    def candidates(self, condition: Condition) -> set[str] | None:
        """Ids among which all matches lie, found by index; None when only a scan will do."""
        if isinstance(condition, Junction):
            found = [self.candidates(c) for c in condition.inner]
            if condition.word == "OR":
                return None if None in found else set().union(*(f for f in found if f is not None))
            return min((f for f in found if f is not None), key=len, default=None)
        if isinstance(condition, Not) or condition.operator not in ("=", "IN") or condition.subquery:
            return None
        made = self.schema.find(condition.path.parts[0]) if len(condition.path.parts) == 1 else None
        if made is None or not (made.is_text or made.type in KEYS) or not made.filterable:
            return None
        keys = {self.constant(made, v) for v in condition.values}
        if None in keys:
            return None
        table = self.org.store.table(self.schema)
        if made.type == "id":
            return {k for k in keys if k in table.rows}
        index = table.index(made)
        return set().union(*(index.get(k, ()) for k in keys))


def _membership(get: Getter, made: Field, wanted: set[Any], inside: bool) -> Test:
    if made.is_text and not made.case_sensitive:
        return lambda values: ((v.casefold() if isinstance(v := get(values), str) else v) in wanted) is inside
    return lambda values: (get(values) in wanted) is inside


def _ordering(get: Getter, made: Field, compare: Callable[[Any, Any], bool], bound: Any) -> Test:
    if made.type == "boolean":
        raise refuse("INVALID_QUERY_FILTER_OPERATOR/like", type=made.type)
    return lambda values: (v := get(values)) is not None and bound is not None and compare(key_of(made, v), bound)
