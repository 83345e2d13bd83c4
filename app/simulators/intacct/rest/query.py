"""The query service: fields, operator-keyed filters, numbered filter expressions, order, 1-based pages.

Reads rows through `views`, with the conditions both APIs share. Grammar of the wire reference, 9.2.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from app.simulators.intacct import filters
from app.simulators.intacct.company import Path
from app.simulators.intacct.filters import Condition
from app.simulators.intacct.rest.errors import RestRefused, bad_query, payload, unknown_field, unknown_object
from app.simulators.intacct.rest.resources import Resource
from app.simulators.intacct.rest.shapes import flat
from app.simulators.intacct.tables import Values
from app.simulators.intacct.values import parse
from app.simulators.intacct.views import View

MEMBERS = {"object", "fields", "filters", "filterExpression", "filterParameters", "orderBy", "start", "size"}
PARAMETERS = {"includePrivate", "caseSensitiveComparison", "includeHierarchyFields", "asOfDate"}
DEFAULT_SIZE, LARGEST_SIZE = 100, 4000
_COMPARE = {
    "$eq": "equalto",
    "$ne": "notequalto",
    "$lt": "lessthan",
    "$lte": "lessthanorequalto",
    "$gt": "greaterthan",
    "$gte": "greaterthanorequalto",
}
_LIKE = {"$contains": "%{}%", "$startsWith": "{}%", "$endsWith": "%{}"}
_NOT = {"$notContains": "$contains", "$notStartsWith": "$startsWith", "$notEndsWith": "$endsWith"}
_AGGREGATES: dict[str, Callable[[list[Any]], Any]] = {
    "count": len,
    "sum": lambda found: sum(found) if found else None,
    "min": lambda found: min(found, default=None),
    "max": lambda found: max(found, default=None),
}


class Query:
    """One query of one caller over one resource."""

    def __init__(self, view: View, resources: Mapping[str, Resource], body: Mapping[str, Any]) -> None:
        unknown = sorted(set(body) - MEMBERS)
        if unknown:
            raise bad_query(f"Unrecognized key {unknown[0]} in query payload")
        self._view, self._company = view, view.company
        found = resources.get(str(body.get("object") or ""))
        if found is None:
            raise unknown_object(str(body.get("object")))
        self._resource = found
        parameters = body.get("filterParameters") or {}
        if not isinstance(parameters, dict) or set(parameters) - PARAMETERS:
            raise bad_query("filterParameters is not understood")
        self._private = bool(parameters.get("includePrivate", False))
        self._fold = parameters.get("caseSensitiveComparison", True) is False
        self._fields = _texts(body.get("fields"), "fields")
        if not self._fields:
            raise bad_query("fields is required")
        self._start = _whole(body.get("start", 1), "start", 1, None)
        self._size = _whole(body.get("size", DEFAULT_SIZE), "size", 1, LARGEST_SIZE)
        self._order = [self._ordering(one) for one in body.get("orderBy") or []]
        given = body.get("filters") or []
        if not isinstance(given, list):
            raise bad_query("filters is an array")
        parts = [self._condition(one) for one in given]
        self._where = _combined(parts, body.get("filterExpression"))

    @property
    def resource(self) -> Resource:
        """What is asked for."""
        return self._resource

    def run(self) -> dict[str, Any]:
        """The answer's body."""
        schema = self._resource.schema(self._company)
        rows = list(self._view.rows(schema, self._where, self._private))
        if any(":" in name for name in self._fields):
            found = self._grouped(rows)
            return {"ia::result": found, "ia::meta": self._meta(len(found), len(found))}
        for name in self._fields:
            self._path(name)
        if not self._order:
            rows = self._view.unordered(rows)
        for path, descending in reversed(self._order):
            filled = [row for row in rows if path.get(row) is not None]
            empty = [row for row in rows if path.get(row) is None]
            filled.sort(key=path.get, reverse=descending)
            last = self._company.knobs["null_sort"] == "last"
            rows = [*filled, *empty] if last else [*empty, *filled]
        page = rows[self._start - 1 : self._start - 1 + self._size]
        result = [flat(self._company, self._resource, row, self._fields) for row in page]
        return {"ia::result": result, "ia::meta": self._meta(len(rows), len(page))}

    def _meta(self, total: int, shown: int) -> dict[str, Any]:
        behind = self._start + self._size
        return {
            "totalCount": total,
            "start": self._start,
            "pageSize": self._size,
            "next": behind if behind <= total and shown else None,
            "previous": max(1, self._start - self._size) if self._start > 1 else None,
        }

    def _grouped(self, rows: Sequence[Values]) -> list[dict[str, Any]]:
        plain = [name for name in self._fields if ":" not in name]
        groups: dict[tuple[Any, ...], list[Values]] = {}
        for row in rows:
            key = tuple(flat(self._company, self._resource, row, plain).values())
            groups.setdefault(key, []).append(row)
        out = []
        for key, members in groups.items():
            answer = dict(zip(plain, key, strict=True))
            for name in (name for name in self._fields if ":" in name):
                word, _, field = name.partition(":")
                if word not in _AGGREGATES:
                    raise bad_query(f"unknown aggregate {word}")
                path = self._path(field)
                value = _AGGREGATES[word]([v for row in members if (v := path.get(row)) is not None])
                answer[name] = value if isinstance(value, int) or value is None else str(value)
            out.append(answer)
        return out

    def _path(self, name: str) -> Path:
        path = self._resource.path(self._company, name) if name not in ("*", "href") else None
        if path is None:
            raise payload(unknown_field(name))
        return path

    def _ordering(self, one: Any) -> tuple[Path, bool]:
        if not isinstance(one, dict) or len(one) != 1 or next(iter(one.values())) not in ("asc", "desc"):
            raise bad_query('orderBy is an array of {"field": "asc"|"desc"}')
        name, word = next(iter(one.items()))
        return self._path(name), word == "desc"

    def _condition(self, one: Any) -> Condition:
        if not isinstance(one, dict) or len(one) != 1:
            raise bad_query('a filter is {"$operator": {"field": value}}')
        operator, inner = next(iter(one.items()))
        if not operator.startswith("$") or not isinstance(inner, dict) or len(inner) != 1:
            raise bad_query('a filter is {"$operator": {"field": value}}')
        name, value = next(iter(inner.items()))
        path = self._path(name)
        if operator in _NOT:
            return filters.negated(self._match(path, name, _NOT[operator], value))
        if operator in ("$in", "$notIn"):
            values = [self._stored(path, name, part) for part in _list(value)]
            return filters.one_of(path, values, negative=operator == "$notIn", fold=self._fold)
        if operator in ("$between", "$notBetween"):
            low, high = (self._stored(path, name, part) for part in _list(value, 2))
            found = filters.between(path, low, high)
            return filters.negated(found) if operator == "$notBetween" else found
        return self._match(path, name, operator, value)

    def _match(self, path: Path, name: str, operator: str, value: Any) -> Condition:
        if operator in _LIKE:
            escaped = str(value).replace("%", "_")
            return filters.like(path, _LIKE[operator].format(escaped), fold=self._fold)
        if operator not in _COMPARE:
            raise bad_query(f"unknown operator {operator}")
        if value is None:
            return filters.empty(path, negative=operator == "$ne")
        return filters.compare(path, _COMPARE[operator], self._stored(path, name, value), fold=self._fold)

    def _stored(self, path: Path, name: str, value: Any) -> Any:
        """A filter value as the books store it."""
        try:
            if path.spec.type == "TIMESTAMP":
                return datetime.fromisoformat(str(value)).astimezone(UTC)
            if path.spec.type == "DATE":
                return date.fromisoformat(str(value))
            if isinstance(value, bool):
                return value
            word = self._resource.values.get(name, {}).get(str(value), str(value))
            return parse(path.spec, word, self._company.formatting())
        except ValueError as wrong:
            raise bad_query(f"{value!r} is no value of {name}") from wrong


def _combined(parts: list[Condition], expression: Any) -> Condition:
    """`and`, `or`, or an expression over 1-based filter numbers."""
    if not parts:
        return filters.everything()
    said = str(expression or "and").strip().lower()
    if said in ("and", "or"):
        return filters.both(parts) if said == "and" else filters.either(parts)
    words = re.findall(r"\d+|and|or|\(|\)|\S", said)
    stream = iter([*words, ""])
    found, rest = _either(stream, next(stream), parts)
    if rest != "":
        raise bad_query(f"filterExpression {expression!r} is not understood")
    return found


def _either(stream: Iterator[str], word: str, parts: list[Condition]) -> tuple[Condition, str]:
    found, word = _both(stream, word, parts)
    several = [found]
    while word == "or":
        found, word = _both(stream, next(stream), parts)
        several.append(found)
    return (several[0] if len(several) == 1 else filters.either(several)), word


def _both(stream: Iterator[str], word: str, parts: list[Condition]) -> tuple[Condition, str]:
    found, word = _one(stream, word, parts)
    several = [found]
    while word == "and":
        found, word = _one(stream, next(stream), parts)
        several.append(found)
    return (several[0] if len(several) == 1 else filters.both(several)), word


def _one(stream: Iterator[str], word: str, parts: list[Condition]) -> tuple[Condition, str]:
    if word == "(":
        found, word = _either(stream, next(stream), parts)
        if word != ")":
            raise bad_query("filterExpression lacks a closing bracket")
        return found, next(stream)
    if not word.isdigit() or not 1 <= int(word) <= len(parts):
        raise bad_query(f"filterExpression names no filter with {word!r}")
    return parts[int(word) - 1], next(stream)


def _texts(value: Any, name: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        raise bad_query(f"{name} is an array of field names")
    return value


def _list(value: Any, length: int | None = None) -> list[Any]:
    if not isinstance(value, list) or (length is not None and len(value) != length):
        raise bad_query("the operator wants an array")
    return value


def _whole(value: Any, name: str, least: int, most: int | None) -> int:
    if type(value) is not int or value < least or (most is not None and value > most):
        raise RestRefused(400, "invalidRequest", f"{name} is out of range", "REST-1064")
    return value
