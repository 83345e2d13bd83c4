"""How values and queries are spelt in Intacct's XML: dates, booleans, dotted names, filters, pages.

Pure functions from canonical values to elements and back (intacct-api.md 3.2 and 3.4). No envelope, no sending.
"""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from lxml import etree

from app.backends.intacct.ordered import ORDERED
from app.backends.intacct.xml import Element, Scrubber, add
from app.domain.records import Value
from app.sync.ports import Action, Write

LONGEST_LIST = 1000
"""Values in one `in` operator [documented]."""
LARGEST_PAGE = 2000
"""Rows on one page of `query` [documented]."""


def to_wire(value: Value) -> str | None:
    """The text of a value in a write or a filter; None for null, which clears a field.

    Dates are `mm/dd/yyyy`, timestamps GMT on the 24 h clock. ValueError for a number that is not finite and for a
    datetime without a zone: neither is a canonical value.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("a number that is not finite cannot be sent")
        return format(value, "f")
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a timestamp without a zone cannot be sent")
        return value.astimezone(UTC).strftime("%m/%d/%Y %H:%M:%S")
    if isinstance(value, date):
        return value.strftime("%m/%d/%Y")
    return None if value is None else str(value)


def _text(raw: str) -> Value:
    return unicodedata.normalize("NFC", raw)


def _boolean(raw: str) -> Value:
    return {"true": True, "t": True, "false": False, "f": False}.get(raw.lower(), raw)


def _decimal(raw: str) -> Value:
    try:
        return Decimal(raw)
    except InvalidOperation:
        return _text(raw)


def _integer(raw: str) -> Value:
    try:
        return int(raw)
    except ValueError:
        return _text(raw)


def _moment(raw: str) -> datetime | None:
    for form in ("%m/%d/%Y %H:%M:%S", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M:%S", "%m/%d/%Y", "%Y-%m-%d"):
        try:
            found = datetime.strptime(raw, form)  # noqa: DTZ007 - the zone follows: the API user's, which is GMT
        except ValueError:
            continue
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    return None


def _date(raw: str) -> Value:
    found = _moment(raw)
    return found.date() if found else _text(raw)


def _timestamp(raw: str) -> Value:
    return _moment(raw) or _text(raw)


READERS: dict[str, Callable[[str], Value]] = {
    "BOOLEAN": _boolean,
    "CURRENCY": _decimal,
    "DATE": _date,
    "DECIMAL": _decimal,
    "INTEGER": _integer,
    "PERCENT": _decimal,
    "TIMESTAMP": _timestamp,
}
"""By DATATYPE of `lookup`. A value that does not fit its type passes as text: types drift between releases."""


def from_wire(raw: str | None, datatype: str | None) -> Value:
    """The canonical value of a text that was read; empty is None."""
    text = raw.strip() if raw else ""
    return READERS.get(datatype or "TEXT", _text)(text) if text else None


def timestamp(raw: str | None) -> datetime | None:
    """A moment in GMT, or None when the text is empty or no moment."""
    return _moment(raw.strip()) if raw else None


def write_function(write: Write, scrub: Scrubber) -> Element:
    """`<create>` or `<update>` with one record. RECORDNO stands first in an update, the lines of a document last.

    Some kinds have functions of their own, see `ordered`. Dotted names become elements. ValueError when a name is no
    XML name, a value is not canonical, a field is also the parent of another one, or an update lacks its key.
    """
    if write.kind in ORDERED:
        return ORDERED[write.kind].element(write, scrub, to_wire)
    function = etree.Element(write.action.value)
    record = etree.SubElement(function, write.kind)
    leaves: set[str] = set()
    if write.action is Action.UPDATE:
        if not write.key:
            raise ValueError("an update needs the RECORDNO of its record")
        add(record, "RECORDNO", write.key, scrub)
        leaves.add("RECORDNO")
    _fill(record, write.values, leaves, scrub)
    if write.lines is not None:
        held, line = write.lines.path.split(".")
        if held in leaves or record.find(held) is not None:
            raise ValueError(f"{held} cannot both have a value and contain lines")
        entries = etree.SubElement(record, held)
        for values in write.lines.rows:
            _fill(etree.SubElement(entries, line), values, set(), scrub)
    return function


def _fill(record: Element, values: Mapping[str, Value], leaves: set[str], scrub: Scrubber) -> None:
    """Append the fields; `leaves` are names that stand in the record already, and learns the new ones."""
    groups: dict[str, Element] = {}
    for name, value in values.items():
        if name in leaves and name == "RECORDNO":
            continue
        *parents, last = name.split(".")
        holder, path = record, ""
        for parent in parents:
            path = f"{path}{parent}."
            if path[:-1] in leaves:
                raise ValueError(f"{path[:-1]} cannot both have a value and contain {name}")
            if path not in groups:
                groups[path] = etree.SubElement(holder, parent)
            holder = groups[path]
        if f"{name}." in groups:
            raise ValueError(f"{name} cannot both have a value and contain others")
        leaves.add(name)
        add(holder, last, to_wire(value), scrub)


@dataclass(frozen=True, slots=True)
class Condition:
    """A filter: an operator over a field with values, or `and` / `or` over parts."""

    operator: str
    field: str = ""
    values: tuple[str, ...] = ()
    parts: tuple["Condition", ...] = ()


def compare(operator: str, field: str, *values: Value) -> Condition:
    """A comparison such as `compare("greaterthan", "RECORDNO", 7)`; `isnull` takes no value."""
    return Condition(operator, field, tuple(to_wire(value) or "" for value in values))


def one_of(field: str, values: Sequence[str]) -> Condition:
    """The field has one of 1 to 1000 values."""
    return compare("equalto" if len(values) == 1 else "in", field, *values)


def every(*parts: Condition) -> Condition:
    """All parts hold. The grammar wants at least two under `and`, so a single part stands alone."""
    return parts[0] if len(parts) == 1 else Condition("and", parts=parts)


def either(*parts: Condition) -> Condition:
    """At least one part holds; a single part stands alone."""
    return parts[0] if len(parts) == 1 else Condition("or", parts=parts)


def _filter_element(condition: Condition, scrub: Scrubber) -> Element:
    element = etree.Element(condition.operator)
    if condition.parts:
        element.extend(_filter_element(part, scrub) for part in condition.parts)
        return element
    add(element, "field", condition.field, scrub)
    for value in condition.values:
        add(element, "value", value, scrub)
    return element


@dataclass(frozen=True, slots=True)
class Query:
    """One page of `query`. `order` lists ascending fields, the last of which is unique. Never an offset.

    `count` names a field whose filled values are counted in place of rows.
    """

    kind: str
    select: tuple[str, ...]
    where: Condition
    order: tuple[str, ...]
    page_size: int
    count: str = ""

    def element(self, scrub: Scrubber) -> Element:
        """The `<query>` element. Private rows of entities are asked for: at top level they are hidden otherwise."""
        root = etree.Element("query")
        add(root, "object", self.kind, scrub)
        select = etree.SubElement(root, "select")
        for name in self.select:
            add(select, "field", name, scrub)
        if self.count:
            add(select, "count", self.count, scrub)
        etree.SubElement(root, "filter").append(_filter_element(self.where, scrub))
        orderby = etree.SubElement(root, "orderby") if self.order else root
        for name in self.order:
            order = etree.SubElement(orderby, "order")
            add(order, "field", name, scrub)
            etree.SubElement(order, "ascending")
        add(etree.SubElement(root, "options"), "showprivate", "true", scrub)
        add(root, "pagesize", str(min(max(self.page_size, 1), LARGEST_PAGE)), scrub)
        return root


def pick(flat: Mapping[str, str | None], name: str) -> tuple[bool, str | None]:
    """Whether a flattened row holds the field asked for, and its text. An empty parent holds all its children."""
    upper = name.upper()
    if upper in flat:
        return True, flat[upper]
    while "." in upper:
        upper = upper.rpartition(".")[0]
        if upper in flat and flat[upper] is None:
            return True, None
    return False, None
