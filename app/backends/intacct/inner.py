"""Rows that live inside their record and that no query reaches: dated prices of a billing price list item.

`read` shows them. Of several rows the one in force counts: the latest STARTDATE not after today. Reads only; a write
sends all rows, as `Write.lines`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from lxml import etree

from app.backends.intacct.dialect import from_wire
from app.backends.intacct.gateway import Gateway
from app.backends.intacct.xml import Element, add, flatten, text_of
from app.domain.lines import inner_row
from app.domain.records import Record, Value

MOST_KEYS = 100
"""Records of one `read` [documented]."""
STARTS = "STARTDATE"


@dataclass(frozen=True, slots=True)
class Held:
    """What a record holds inside: the fields of the row in force by the names they were asked by, and all rows."""

    values: Mapping[str, Value]
    rows: tuple[Mapping[str, Value], ...]


class Inner:
    """Inner rows of one gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def read(self, kind: str, keys: Sequence[str], names: Sequence[str]) -> dict[str, Held]:
        """The named fields (`ENTRIES.ENTRY.VALUE`) of the rows in force, by RECORDNO. One transaction per 100 records.

        A record without such a row has none of them filled.
        """
        found: dict[str, Held] = {}
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


def _shown(record: Element, names: Sequence[str], today: date) -> Held:
    """Names of one list only: no kind has two of them."""
    pairs = {name: pair for name in names if (pair := inner_row(name))}
    (head,) = {head for head, _ in pairs.values()}
    held = record.find(head)
    asked = {field for _, field in pairs.values()}
    rows = sorted((_row(row, asked) for row in (held if held is not None else ())), key=_start)
    in_force = next((row for row in reversed(rows) if _start(row) <= today), {})
    return Held({name: in_force.get(field) for name, (_, field) in pairs.items()}, tuple(rows))


def _row(row: Element, asked: Collection[str]) -> dict[str, Value]:
    """All that a row holds. What was asked for are numbers and days; the rest stays the text it is."""
    return {name: from_wire(raw, _type(name) if name in asked else None) for name, raw in flatten(row).items()}


def _start(row: Mapping[str, Value]) -> date:
    found = row.get(STARTS)
    return found if isinstance(found, date) else date.min


def _type(name: str) -> str:
    return "DATE" if name.endswith("DATE") else "DECIMAL"


def split(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names that a query reaches, and names of inner rows."""
    inner = [name for name in names if inner_row(name)]
    return [name for name in names if name not in inner], inner


def joined(record: Record, held: Held | None, names: Sequence[str]) -> Record:
    """The record with its inner rows. Where they could not be read their names are absent, as of anything not read."""
    if held is None:
        return record
    return replace(record, values={**record.values, **{name: held.values[name] for name in names}}, rows=held.rows)
