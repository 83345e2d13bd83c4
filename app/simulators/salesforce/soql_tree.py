"""What a SOQL text means: the syntax tree. No text, no records."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Literal:
    """A value in a condition: `kind` string, number, boolean, null, date, datetime or relative (TODAY...)."""

    kind: str
    value: Any


@dataclass(frozen=True)
class Path:
    """A dotted field path and where it stands."""

    parts: tuple[str, ...]
    at: int


@dataclass(frozen=True)
class Compare:
    path: Path
    operator: str  # a comparison, LIKE, IN, NOT IN
    values: tuple[Literal, ...] = ()
    subquery: "Query | None" = None


@dataclass(frozen=True)
class Not:
    inner: "Condition"


@dataclass(frozen=True)
class Junction:
    word: str  # AND, OR
    inner: tuple["Condition", ...]


Condition = Compare | Not | Junction


@dataclass(frozen=True)
class Order:
    path: Path
    descending: bool
    nulls_last: bool


@dataclass(frozen=True)
class Count:
    path: Path


@dataclass(frozen=True)
class Query:
    """A parsed query. `items` is empty for COUNT()."""

    text: str
    source: str
    items: tuple["Path | Count | Query", ...]
    where: Condition | None
    order: tuple[Order, ...]
    limit: int | None
    offset: int


def _strip_path(path: Path, names: set[str]) -> Path:
    if len(path.parts) > 1 and path.parts[0].upper() in names:
        return Path(path.parts[1:], path.at)
    return path


def _strip_condition(condition: Condition, names: set[str]) -> Condition:
    if isinstance(condition, Not):
        return Not(_strip_condition(condition.inner, names))
    if isinstance(condition, Junction):
        return Junction(condition.word, tuple(_strip_condition(c, names) for c in condition.inner))
    return Compare(_strip_path(condition.path, names), condition.operator, condition.values, condition.subquery)


def strip_alias(query: Query, names: set[str]) -> Query:
    """The query with the object's own name or alias cut from the front of its paths."""
    items: list[Path | Count | Query] = []
    for item in query.items:
        if isinstance(item, Count):
            items.append(Count(_strip_path(item.path, names)))
        else:
            items.append(item if isinstance(item, Query) else _strip_path(item, names))
    where = _strip_condition(query.where, names) if query.where else None
    order = tuple(Order(_strip_path(o.path, names), o.descending, o.nulls_last) for o in query.order)
    return Query(query.text, query.source, tuple(items), where, order, query.limit, query.offset)
