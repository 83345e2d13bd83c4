"""Queries run: rows chosen, ordered and shaped, and pages served from a snapshot. No HTTP."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.simulators.salesforce.conditions import Scope
from app.simulators.salesforce.errors import refuse
from app.simulators.salesforce.ids import make_id
from app.simulators.salesforce.org import Locator, Org
from app.simulators.salesforce.schema import Field, ObjectSchema
from app.simulators.salesforce.soql import parse, parse_condition
from app.simulators.salesforce.soql_tree import Count, Order, Path, Query
from app.simulators.salesforce.store import Values, key_of

Shaper = Callable[[Values, dict[str, Any]], None]
LARGEST_PAGE = 2000
OPEN_LOCATORS = 500  # the oldest gives way to a new one


def object_of(org: Org, text: str) -> str:
    """The object a query reads, as the org spells it; empty when the text does not say."""
    words = text.split()
    upper = [w.upper() for w in words]
    depth = 0
    for at, word in enumerate(upper[:-1]):
        if word == "FROM" and depth == 0:
            name = words[at + 1].strip("()")
            schema = org.catalogue.find(name)
            return schema.name if schema else name
        depth += words[at].count("(") - words[at].count(")")
    return ""


@dataclass
class Run:
    """One query under way: its org, the version in its addresses, its page size, whether deleted rows count."""

    org: Org
    version: str
    size: int = LARGEST_PAGE
    deleted: bool = False

    def _scope(self, schema: ObjectSchema, text: str) -> Scope:
        return Scope(self.org, schema, text, self.org.clock.now(), self._subselect)

    def schema_of(self, query: Query) -> ObjectSchema:
        """The object a query reads. Refuses INVALID_TYPE."""
        schema = self.org.catalogue.find(query.source)
        if schema is None:
            raise refuse("INVALID_TYPE/soql", object=query.source)
        return schema

    def rows(self, query: Query, schema: ObjectSchema, among: Iterable[str] | None = None) -> list[Values]:
        """The values of matching rows, ordered and cut to OFFSET and LIMIT; `among` narrows the ids."""
        scope = self._scope(schema, query.text)
        test = scope.test(query.where) if query.where else None
        table = self.org.store.table(schema)
        lagging = table.settle(self.org.clock.now())
        ids = among
        if ids is None and query.where is not None:
            found = scope.candidates(query.where)
            ids = None if found is None else found | lagging
        order = [(scope.resolve(o.path), o) for o in query.order]
        seen = []
        for record_id in table.rows if ids is None else sorted(ids):
            values = table.rows[record_id].seen(scope.now)
            if values is None or (values["IsDeleted"] and not self.deleted):
                continue
            if test is None or test(values):
                seen.append(values)
        for (get, made), wish in reversed(order):
            _sort(seen, get, made, wish)
        return seen[query.offset :][: query.limit] if query.limit is not None else seen[query.offset :]

    def _subselect(self, query: Query) -> set[Any]:
        schema = self.schema_of(query)
        if len(query.items) != 1 or not isinstance(query.items[0], Path):
            raise refuse("MALFORMED_QUERY/text", text="a semi-join selects exactly one field")
        get, made = self._scope(schema, query.text).resolve(query.items[0])
        return {key_of(made, get(v)) for v in self.rows(query, schema)} - {None}

    def shape(self, query: Query, schema: ObjectSchema) -> Callable[[Values], dict[str, Any]]:
        """A function from stored values to a record of the answer."""
        shapers = [self._item(item, query, schema) for item in self._distinct(query)]
        prefix = f"/services/data/{self.version}/sobjects/{schema.name}/"

        def one(values: Values) -> dict[str, Any]:
            made: dict[str, Any] = {"attributes": {"type": schema.name, "url": prefix + values["Id"]}}
            for put in shapers:
                put(values, made)
            return made

        return one

    @staticmethod
    def _distinct(query: Query) -> list[Path | Query]:
        seen, items = set(), []
        for item in query.items:
            if isinstance(item, Count):
                raise refuse("MALFORMED_QUERY/text", text="simulator: COUNT(field) cannot stand beside other items")
            word = ".".join(item.parts).lower() if isinstance(item, Path) else f"({item.source.lower()})"
            if word in seen:
                raise refuse("MALFORMED_QUERY/text", text=f"duplicate field selected: {word}")
            seen.add(word)
            items.append(item)
        return items

    def _item(self, item: Path | Query, query: Query, schema: ObjectSchema) -> Shaper:
        if isinstance(item, Query):
            return self._children(item, schema)
        scope = self._scope(schema, query.text)
        get, made = scope.resolve(item)
        if len(item.parts) == 1:
            name = made.name
            return lambda values, record: record.__setitem__(name, get(values))
        return self._parent(scope, item, made)

    def _parent(self, scope: Scope, path: Path, made: Field) -> Shaper:
        hops: list[tuple[Field, ObjectSchema]] = []
        schema = scope.schema
        for part in path.parts[:-1]:
            link = schema.relation(part)
            parent = self.org.catalogue.find(link.references[0]) if link else None
            assert link is not None
            assert parent is not None
            hops.append((link, parent))
            schema = parent

        def put(values: Values, record: dict[str, Any]) -> None:
            row: Values = values
            for link, parent in hops:
                above = scope.parent(parent, row.get(link.name))
                if above is None:
                    record.setdefault(link.relationship, None)
                    return
                url = f"/services/data/{self.version}/sobjects/{parent.name}/{above['Id']}"
                record = record.setdefault(link.relationship, {"attributes": {"type": parent.name, "url": url}})
                row = above
            record[made.name] = row.get(made.name)

        return put

    def _children(self, query: Query, schema: ObjectSchema) -> Shaper:
        found = self.org.catalogue.child(schema.name, query.source)
        if found is None:
            raise refuse("INVALID_TYPE/soql", object=query.source)
        child, link = found
        shape = self.shape(query, child)
        table = self.org.store.table(child)
        name = link.children

        def put(values: Values, record: dict[str, Any]) -> None:
            ids = table.index(link).get(values["Id"], set()) | table.lagging
            rows = [v for v in self.rows(query, child, ids) if v.get(link.name) == values["Id"]] if ids else []
            record[name] = self.page(child, [shape(v) for v in rows]) if rows else None

        return put

    def page(self, schema: ObjectSchema, records: list[dict[str, Any]]) -> dict[str, Any]:
        """The first page of `records`; the rest stays behind a locator."""
        answer: dict[str, Any] = {"totalSize": len(records), "done": len(records) <= self.size}
        if not answer["done"]:
            while len(self.org.locators) >= OPEN_LOCATORS:
                del self.org.locators[next(iter(self.org.locators))]
            locator = make_id("01g", self.org.random.randrange(62**6))
            self.org.locators[locator] = Locator(schema.name, records, self.size, self.org.clock.now())
            answer["nextRecordsUrl"] = f"/services/data/{self.version}/query/{locator}-{self.size}"
        return {**answer, "records": records[: self.size]}

    def answer(self, text: str) -> dict[str, Any]:
        """The body of a query's answer."""
        query = parse(text)
        schema = self.schema_of(query)
        rows = self.rows(query, schema)
        if not query.items:
            return {"totalSize": len(rows), "done": True, "records": []}
        if all(isinstance(item, Count) for item in query.items):
            return self._counts(query, schema, rows)
        shape = self.shape(query, schema)
        return self.page(schema, [shape(v) for v in rows])

    def _counts(self, query: Query, schema: ObjectSchema, rows: list[Values]) -> dict[str, Any]:
        scope = self._scope(schema, query.text)
        record: dict[str, Any] = {"attributes": {"type": "AggregateResult"}}
        for at, item in enumerate(query.items):
            assert isinstance(item, Count)
            get, _ = scope.resolve(item.path)
            record[f"expr{at}"] = sum(get(v) is not None for v in rows)
        return {"totalSize": 1, "done": True, "records": [record]}


def _sort(rows: list[Values], get: Callable[[Values], Any], made: Field, wish: Order) -> None:
    if not made.filterable or made.type == "multipicklist":
        raise refuse("INVALID_FIELD/sort", field=made.name)
    empty = [v for v in rows if get(v) is None]
    full = [v for v in rows if get(v) is not None]
    full.sort(key=lambda v: key_of(made, get(v)), reverse=wish.descending)  # stable in both directions
    rows[:] = full + empty if wish.nulls_last else empty + full


def next_page(org: Org, version: str, locator: str) -> tuple[str, dict[str, Any]]:
    """The object and the body of a further page. Refuses INVALID_QUERY_LOCATOR for a stale or foreign locator."""
    name, _, start_text = locator.partition("-")
    known = org.locators.get(name)
    lived = org.clock.now() - known.made if known else timedelta()
    if known is None or not start_text.isdigit() or lived > timedelta(seconds=org.knobs.locator_seconds):
        raise refuse("INVALID_QUERY_LOCATOR")
    start = int(start_text)
    end = start + known.size
    if start >= len(known.rows):
        raise refuse("INVALID_QUERY_LOCATOR")
    answer: dict[str, Any] = {"totalSize": len(known.rows), "done": end >= len(known.rows)}
    if not answer["done"]:
        answer["nextRecordsUrl"] = f"/services/data/{version}/query/{name}-{end}"
    return known.kind, {**answer, "records": known.rows[start:end]}


def holds(org: Org, schema: ObjectSchema, condition: str, values: Values) -> bool:
    """Whether a condition (SOQL, as in a validation rule) is true of `values`."""
    scope = Scope(org, schema, condition, org.clock.now(), lambda _: set())
    return scope.test(parse_condition(condition))(values)
