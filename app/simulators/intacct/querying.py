"""The `query` function: its grammar, filters, grouping, order and pages.

Reads rows through `views`; renders nothing but the `<data>` element. Grammar and limits: developer pages, "Queries".
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from lxml import etree

from app.simulators.intacct import errors, filters
from app.simulators.intacct.company import Path
from app.simulators.intacct.errors import Refused
from app.simulators.intacct.filters import Condition
from app.simulators.intacct.records import Element, children, tag_of, text_of
from app.simulators.intacct.schema import ObjectSchema
from app.simulators.intacct.tables import Values
from app.simulators.intacct.values import parse, render
from app.simulators.intacct.views import View

AGGREGATES = ("count", "sum", "avg", "min", "max")
MEMBERS = {"object", "select", "docparid", "filter", "orderby", "options", "pagesize", "offset"}
MAX_PAGE, DEFAULT_PAGE, MAX_IN = 2000, 100, 1000


@dataclass
class Query:
    """A checked query."""

    schema: ObjectSchema
    columns: list[tuple[str, str, Path]] = field(default_factory=list)  # tag, aggregate or '', path
    condition: Condition = field(default_factory=filters.everything)
    order: list[tuple[Path, bool]] = field(default_factory=list)
    pagesize: int = DEFAULT_PAGE
    offset: int = 0
    private: bool = False
    returnformat: str = "xml"


def read_query(view: View, element: Element) -> Query:
    """The query in `<query>`; children in any order. Refused for anything outside the grammar."""
    unknown = [tag_of(child) for child in children(element) if tag_of(child) not in MEMBERS]
    if unknown:
        raise Refused(errors.bad_query(f"unknown element {unknown[0]}"))
    name = text_of(element, "object")
    if not name:
        raise Refused(errors.bad_query("object is missing"))
    query = Query(view.company.schema(name))
    view.permitted(query.schema)
    options = element.find("options")
    fold = options is not None and text_of(options, "caseinsensitive").lower() == "true"
    if options is not None:
        query.private = text_of(options, "showprivate").lower() == "true"
        query.returnformat = text_of(options, "returnformat", "xml").lower()
    query.pagesize = _number(element, "pagesize", DEFAULT_PAGE, 1, MAX_PAGE)
    query.offset = _number(element, "offset", 0, 0, None)
    _read_select(view, query, element.find("select"))
    condition = element.find("filter")
    if condition is not None:
        tops = children(condition)
        if len(tops) != 1:
            raise Refused(errors.bad_query("filter takes exactly one operator"))
        query.condition = _condition(view, query.schema, tops[0], fold)
    _read_order(view, query, element.find("orderby"))
    return query


def _number(element: Element, name: str, default: int, low: int, high: int | None) -> int:
    text = text_of(element, name)
    if not text:
        return default
    number = int(text) if text.lstrip("-").isdecimal() else -1
    if number < low or (high is not None and number > high):
        raise Refused(errors.bad_query(f"{name} {text} is out of range"))
    return number


def _path(view: View, schema: ObjectSchema, name: str) -> Path:
    return view.path(schema, name)


def _read_select(view: View, query: Query, select: Element | None) -> None:
    chosen = children(select) if select is not None else []
    if not chosen:
        raise Refused(errors.bad_query("select is missing or empty"))
    for child in chosen:
        kind, name = tag_of(child), (child.text or "").strip()
        if name == "*" or not name or kind not in ("field", *AGGREGATES):
            raise Refused(errors.bad_query(f"select cannot take {kind} {name}".rstrip()))
        tag = name if kind == "field" else f"{kind.upper()}.{name}"
        query.columns.append((tag, "" if kind == "field" else kind, _path(view, query.schema, name)))


def _read_order(view: View, query: Query, orderby: Element | None) -> None:
    default = view.company.knobs["order_default"] == "descending"
    for order in children(orderby) if orderby is not None else []:
        down = order.find("descending") is not None or (order.find("ascending") is None and default)
        query.order.append((_path(view, query.schema, text_of(order, "field")), down))


def _condition(view: View, schema: ObjectSchema, element: Element, fold: bool) -> Condition:
    operator = tag_of(element)
    if operator in ("and", "or"):
        parts = [_condition(view, schema, child, fold) for child in children(element)]
        if len(parts) < 2:
            raise Refused(errors.bad_query(f"{operator} needs at least two operators"))
        return filters.both(parts) if operator == "and" else filters.either(parts)
    path = _path(view, schema, text_of(element, "field"))
    texts = [child.text or "" for child in children(element) if child.tag == "value"]
    build = _OPERATORS.get(operator)
    if build is None:
        raise Refused(errors.bad_query(f"unknown operator {operator}"))
    low, high, make = build
    if not low <= len(texts) <= high:
        raise Refused(errors.bad_query(f"{operator} takes {low} to {high} values, not {len(texts)}"))
    if operator in ("like", "notlike"):
        return make(path, texts, fold)
    return make(path, [_value(view, path, text) for text in texts], fold)


def _value(view: View, path: Path, text: str) -> Any:
    labels = {code: label for label, code in path.spec.query_codes.items()}
    if labels:
        return labels.get(text, f"\0{text}")
    try:
        return parse(path.spec, text, view.formatting)
    except (ValueError, KeyError):
        raise Refused(errors.bad_query(f"'{text}' is not a value of {path.name}")) from None


def _comparison(operator: str) -> tuple[int, int, Callable[[Path, list[Any], bool], Condition]]:
    return 1, 1, lambda path, values, fold: filters.compare(path, operator, values[0], fold)


_OPERATORS: dict[str, tuple[int, int, Callable[[Path, list[Any], bool], Condition]]] = {
    **{name: _comparison(name) for name in filters.COMPARISONS},
    "between": (2, 2, lambda path, values, _: filters.between(path, values[0], values[1])),
    "in": (1, MAX_IN, lambda path, values, fold: filters.one_of(path, values, fold=fold)),
    "notin": (1, MAX_IN, lambda path, values, fold: filters.one_of(path, values, negative=True, fold=fold)),
    "like": (1, 1, lambda path, values, fold: filters.like(path, values[0], fold=fold)),
    "notlike": (1, 1, lambda path, values, fold: filters.like(path, values[0], negative=True, fold=fold)),
    "isnull": (0, 0, lambda path, _, __: filters.empty(path)),
    "isnotnull": (0, 0, lambda path, _, __: filters.empty(path, negative=True)),
}


# -- running ----------------------------------------------------------------------------------------------------------


def run_query(view: View, query: Query) -> Element:
    """The page as `<data>`: upper-case row tags, dotted tags kept, counts as attributes."""
    rows = list(view.rows(query.schema, query.condition, query.private))
    if any(aggregate for _, aggregate, _ in query.columns):
        found = _grouped(query, rows)
    else:
        found = _ordered(view, query, rows)
    page = found[query.offset : query.offset + query.pagesize]
    data = etree.Element("data", listtype=query.schema.name)
    data.set("totalcount", str(len(found)))
    data.set("offset", str(query.offset))
    data.set("count", str(len(page)))
    data.set("numremaining", str(max(0, len(found) - query.offset - len(page))))
    for row in page:
        element = etree.SubElement(data, query.schema.name)
        for tag, aggregate, path in query.columns:
            value = row[tag] if aggregate or (tag in row and "\0group" in row) else path.get(row)
            etree.SubElement(element, tag).text = _shown(view, path, aggregate, value)
    return data


def _shown(view: View, path: Path, aggregate: str, value: Any) -> str:
    if aggregate in ("count", "avg", "sum"):
        return str(value)
    if path.spec.query_codes and value is not None:
        return path.spec.query_codes.get(value, str(value))
    return render(path.spec, value, view.formatting)


def _ordered(view: View, query: Query, rows: list[Values]) -> list[Values]:
    if not query.order:
        return view.unordered(rows)
    nulls_last = view.company.knobs["null_sort"] == "last"
    for path, down in reversed(query.order):
        get = path.get
        empty = [row for row in rows if get(row) is None]
        filled = sorted((row for row in rows if get(row) is not None), key=get, reverse=down)
        rows = filled + empty if nulls_last else empty + filled
    return rows


def _grouped(query: Query, rows: list[Values]) -> list[Values]:
    plain = [(tag, path) for tag, aggregate, path in query.columns if not aggregate]
    groups: dict[tuple[Any, ...], list[Values]] = {}
    for row in rows:
        groups.setdefault(tuple(path.get(row) for _, path in plain), []).append(row)
    if not plain and not groups:
        groups[()] = []
    out = []
    for key, members in groups.items():
        line: Values = {"\0group": True, **{tag: value for (tag, _), value in zip(plain, key, strict=True)}}
        for tag, aggregate, path in query.columns:
            if aggregate:
                line[tag] = _aggregate(aggregate, [v for v in map(path.get, members) if v is not None])
        out.append(line)
    return out


def _aggregate(kind: str, values: list[Any]) -> Any:
    if kind == "count":
        return len(values)
    if kind in ("min", "max"):
        return (min if kind == "min" else max)(values) if values else None
    total = sum((Decimal(v) for v in values), Decimal(0))
    return total if kind == "sum" else (total / len(values) if values else "")
