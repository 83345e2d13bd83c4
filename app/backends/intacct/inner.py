"""Rows that live inside their record and that no query reaches: dated prices of a billing price list item.

`read` shows them. Of several rows the one in force counts: the latest STARTDATE not after today. Reads only.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from lxml import etree

from app.backends.intacct.dialect import from_wire
from app.backends.intacct.gateway import Gateway
from app.backends.intacct.xml import Element, add, text_of
from app.domain.lines import inner_row
from app.domain.records import Value

MOST_KEYS = 100
"""Records of one `read` [documented]."""
STARTS = "STARTDATE"


class Inner:
    """Inner rows of one gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def values(self, kind: str, keys: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, Value]]:
        """The named fields (`ENTRIES.ENTRY.VALUE`) of the rows in force, by RECORDNO. One transaction per 100 records.

        A record without such a row has none of them filled.
        """
        found: dict[str, dict[str, Value]] = {}
        for start in range(0, len(keys), MOST_KEYS):
            body = etree.Element("read")
            add(body, "object", kind, self._gateway.scrub)
            add(body, "keys", ",".join(keys[start : start + MOST_KEYS]), self._gateway.scrub)
            add(body, "fields", "*", self._gateway.scrub)
            result = await self._gateway.read(body)
            for record in result.data if result.data is not None else ():
                key = text_of(record, "RECORDNO")
                if key:
                    found[key] = _shown(record, names, self._gateway.today())
        return found


def _shown(record: Element, names: Sequence[str], today: date) -> dict[str, Value]:
    lists = {pair[0] for name in names if (pair := inner_row(name))}
    chosen = {head: _in_force(record.find(head), today) for head in lists}
    out: dict[str, Value] = {}
    for name in names:
        if pair := inner_row(name):
            row = chosen[pair[0]]
            out[name] = _value(row, pair[1]) if row is not None else None
    return out


def _in_force(held: Element | None, today: date) -> Element | None:
    rows = [(started, row) for row in (held if held is not None else ()) if (started := _start(row)) <= today]
    return max(rows, key=lambda pair: pair[0])[1] if rows else None


def _start(row: Element) -> date:
    found = _value(row, STARTS)
    return found if isinstance(found, date) else date.min


def _value(row: Element, name: str) -> Value:
    return from_wire(text_of(row, name), "DATE" if name.endswith("DATE") else "DECIMAL")


def split(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names that a query reaches, and names of inner rows."""
    inner = [name for name in names if inner_row(name)]
    return [name for name in names if name not in inner], inner


def joined(values: Mapping[str, Value], more: Mapping[str, Value] | None, names: Sequence[str]) -> dict[str, Value]:
    """The values of a record with those of its inner rows; what could not be read is empty."""
    return {**values, **{name: (more or {}).get(name) for name in names}}
