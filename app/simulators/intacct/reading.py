"""The reading functions beside `query`: readByQuery with its cursors, readMore, read, readByName, get_list.

Each answers the children of its `<result>`. Row tags follow the captures: upper-case for read, lower for readByQuery.
"""

from dataclasses import dataclass
from typing import Any

from lxml import etree

from app.simulators.intacct import errors, filters
from app.simulators.intacct.company import Path
from app.simulators.intacct.errors import EnvelopeRefused, Refused, VendorError
from app.simulators.intacct.filters import Condition
from app.simulators.intacct.records import (
    Element,
    all_names,
    append_nested,
    children,
    full_record,
    nest,
    tag_of,
    text_of,
    texts,
)
from app.simulators.intacct.schema import ObjectSchema
from app.simulators.intacct.tables import Values
from app.simulators.intacct.textquery import read_text_query
from app.simulators.intacct.values import parse, render
from app.simulators.intacct.views import View

MAX_PAGE, DEFAULT_PAGE = 1000, 100


@dataclass
class Cursor:
    """A snapshot readMore continues: rows as they were when readByQuery ran."""

    schema: ObjectSchema
    rows: list[Values]
    names: list[str]
    pagesize: int
    served: int = 0


class Cursors:
    """Open cursors by resultId, and the latest one per object and session."""

    def __init__(self) -> None:
        self._open: dict[str, Cursor] = {}
        self._latest: dict[tuple[str, str], str] = {}
        self._count = 0

    def open(self, cursor: Cursor, session: str) -> str:
        """Keep a cursor; answers its resultId."""
        self._count += 1
        key = f"{7700 + self._count}..A{self._count}"
        self._open[key] = cursor
        self._latest[session, cursor.schema.name] = key
        return key

    def find(self, key: str, kind: str, session: str) -> tuple[str, Cursor]:
        """The cursor with this resultId or, without one, the latest of the object in the session. Refused if none."""
        key = key or self._latest.get((session, kind.upper()), "")
        if key not in self._open:
            raise Refused(VendorError("XL03000006", f"resultId '{key or kind}' is unknown or has expired"))
        return key, self._open[key]

    def drop(self, key: str) -> None:
        """The cursor was read to its end."""
        self._open.pop(key, None)


def read_by_query(view: View, element: Element, cursors: Cursors, session: str) -> list[Element]:
    """First page of a text query."""
    schema = view.company.schema(text_of(element, "object"))
    view.permitted(schema)
    names = _names(view, schema, text_of(element, "fields", "*"))
    found = read_text_query(view, schema, text_of(element, "query"))
    size_text = text_of(element, "pagesize") or str(DEFAULT_PAGE)
    if not size_text.isdecimal() or not 1 <= int(size_text) <= MAX_PAGE:
        raise Refused(errors.bad_query(f"pagesize {size_text} is out of range"))
    rows = list(view.rows(schema, found.condition, False))[: found.rownum]
    cursor = Cursor(schema, rows, names, int(size_text))
    return [_page(view, cursor, cursors.open(cursor, session) if rows else "", cursors)]


def read_more(view: View, element: Element, cursors: Cursors, session: str) -> list[Element]:
    """The next page of a cursor."""
    key, cursor = cursors.find(text_of(element, "resultId"), text_of(element, "object"), session)
    return [_page(view, cursor, key, cursors)]


def _page(view: View, cursor: Cursor, key: str, cursors: Cursors) -> Element:
    page = cursor.rows[cursor.served : cursor.served + cursor.pagesize]
    cursor.served += len(page)
    remaining = len(cursor.rows) - cursor.served
    if not remaining:
        cursors.drop(key)
    lower = view.company.knobs["row_tag_case_readbyquery"] == "lower"
    tag = cursor.schema.name.lower() if lower else cursor.schema.name
    data = etree.Element("data", listtype=tag)
    counts = {"count": len(page), "totalcount": len(cursor.rows), "numremaining": remaining}
    for name, number in counts.items():
        data.set(name, str(number))
    data.set("resultId", key)
    for row in page:
        line = etree.SubElement(data, tag)
        for name, text in texts(view.company, cursor.schema, row, cursor.names).items():
            etree.SubElement(line, name).text = text
    return data


def _names(view: View, schema: ObjectSchema, listed: str) -> list[str]:
    if listed.strip() in ("", "*"):
        return all_names(view.company, schema)
    names = [name.strip().upper() for name in listed.split(",") if name.strip()]
    wrong = [name for name in names if view.company.path(schema, name) is None]
    if wrong:
        raise Refused(VendorError(f"Invalid fields list {', '.join(wrong)}"))
    return names


def read(view: View, element: Element) -> list[Element]:
    """Records by RECORDNO."""
    return _read(view, element, "RECORDNO")


def read_by_name(view: View, element: Element) -> list[Element]:
    """Records by natural id."""
    schema = view.company.schema(text_of(element, "object"))
    return _read(view, element, schema.id or "RECORDNO")


def _read(view: View, element: Element, key: str) -> list[Element]:
    schema = view.company.schema(text_of(element, "object"))
    view.permitted(schema)
    listed = text_of(element, "fields", "*")
    names = _names(view, schema, listed)
    found = []
    for word in text_of(element, "keys").split(","):
        number: Any = int(word) if key == "RECORDNO" and word.strip().isdecimal() else word.strip()
        row = view.row(schema, key, number) if word.strip() else None
        if row is not None:
            found.append(row)
        elif view.company.knobs["read_missing_key"] == "refuse":
            raise Refused(errors.not_found(schema.label, word))
    upper = view.company.knobs["row_tag_case_read"] == "upper"
    tag = schema.name if upper else schema.name.lower()
    data = etree.Element("data", listtype=tag, count=str(len(found)))
    for row in found:
        whole = listed.strip() in ("", "*")
        record = full_record(view.company, schema, row) if whole else nest(texts(view.company, schema, row, names))
        append_nested(etree.SubElement(data, tag), record, schema)
    return [data]


# -- get_list ---------------------------------------------------------------------------------------------------------

_LIST_OPERATORS = {
    "=": "equalto",
    "!=": "notequalto",
    "<": "lessthan",
    "<=": "lessthanorequalto",
    ">": "greaterthan",
    ">=": "greaterthanorequalto",
}


def get_list(view: View, element: Element) -> list[Element]:
    """The legacy list: lower-case names, `start` from zero, at most 1000 items."""
    name = element.get("object", "")
    schema = view.company.schema(name)
    view.permitted(schema)
    private = element.get("showprivate", "false").lower() == "true"
    if private and not schema.showprivate:
        raise EnvelopeRefused(errors.broken_xml(f"attribute showprivate is not allowed for {name}"))
    start, most = _count(element, "start", 0), _count(element, "maxitems", DEFAULT_PAGE)
    wanted = element.find("fields")
    names = [(f.text or "").strip().upper() for f in children(wanted)] if wanted is not None else list(schema.fields)
    paths = [view.path(schema, each) for each in names]
    condition = element.find("filter")
    parts = children(condition) if condition is not None else []
    test = _list_condition(view, schema, parts[0]) if parts else filters.everything()
    rows = list(view.rows(schema, test, private))
    sorts = element.find("sorts")
    for sort in reversed(children(sorts) if sorts is not None else []):
        by = view.path(schema, (sort.text or "").strip())
        down = sort.get("order", "asc").lower() == "desc"
        rows = _sorted(rows, by, down)
    page = rows[start : start + most]
    listtype = etree.Element("listtype", start=str(start), end=str(start + len(page)), total=str(len(rows)))
    listtype.text = name
    data = etree.Element("data")
    for row in page:
        line = etree.SubElement(data, name.lower())
        etree.SubElement(line, "key").text = str(row.get(schema.id or "RECORDNO"))
        for path in paths:
            etree.SubElement(line, path.name.lower()).text = render(path.spec, path.get(row), view.formatting)
    return [listtype, data]


def _sorted(rows: list[Values], by: Path, down: bool) -> list[Values]:
    return sorted(rows, key=lambda row: (by.get(row) is None, by.get(row) or ""), reverse=down)


def _count(element: Element, name: str, default: int) -> int:
    text = element.get(name, "")
    if text and (not text.isdecimal() or (int(text) > MAX_PAGE and name == "maxitems")):
        raise Refused(errors.bad_query(f"{name} {text} is out of range"))
    return int(text) if text else default


def _list_condition(view: View, schema: ObjectSchema, element: Element) -> Condition:
    if tag_of(element) == "logical":
        parts = [_list_condition(view, schema, child) for child in children(element)]
        return filters.either(parts) if element.get("logical_operator") == "or" else filters.both(parts)
    path = view.path(schema, text_of(element, "field"))
    operator, text = text_of(element, "operator").lower(), text_of(element, "value")
    if operator == "is null":
        return filters.empty(path)
    if operator == "like":
        return filters.like(path, text)
    if operator not in _LIST_OPERATORS:
        raise Refused(errors.bad_query(f"unknown operator {operator}"))
    try:
        return filters.compare(path, _LIST_OPERATORS[operator], parse(path.spec, text, view.formatting))
    except (ValueError, KeyError):
        raise Refused(errors.bad_query(f"'{text}' is not a value of {path.name}")) from None
