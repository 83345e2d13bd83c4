"""A build as it is stored: everything that will be written to Salesforce, decided before the first byte leaves."""

from collections.abc import Mapping
from typing import Any

from app.domain.building import BuiltEntry, JournalMapping, Side
from app.domain.records import Value
from app.store.values import decode, encode


def content_of(mapping: JournalMapping, entry: BuiltEntry) -> dict[str, Any]:
    """The JSON of a build: the entry, its lines, and where the line sources take the ids of what is made."""
    return {
        "headers": list(entry.headers),
        "values": encode(entry.values),
        "lines": [
            {"side": line.side.value, "values": encode(line.values), "sources": list(line.sources)}
            for line in entry.lines
        ],
        "source": mapping.line or mapping.header,
        "debit": mapping.debit_field,
        "credit": mapping.credit_field,
        "statistical": mapping.statistical,
    }


def values_of(stored: Mapping[str, Any]) -> dict[str, Value]:
    """The values of a stored entry or line."""
    return decode(stored["values"])


def reference_of(content: Mapping[str, Any], line: Mapping[str, Any]) -> str:
    """The field of the line source that takes the id of this line."""
    statistical, credit = bool(content["statistical"]), content["credit"]
    return str(content["debit"] if statistical or line["side"] == Side.DEBIT.value or not credit else credit)
