"""The function of a write: generic `create` and `update`, and the legacy function that takes a posted record back.

Pure; how values are spelt stands in `dialect`.
"""

from collections.abc import Mapping
from datetime import date

from lxml import etree

from app.backends.intacct import dialect
from app.backends.intacct.ordered import ORDERED
from app.backends.intacct.xml import Element, Scrubber, add
from app.sync.ports import Action, Write

REVERSALS: Mapping[str, str] = {"ARPYMT": "reverse_arpayment"}
"""The function that reverses a record, by its kind (intacct-api.md 4.5)."""


def function_name(write: Write) -> str:
    """The name of the function, as the answer repeats it in lower case."""
    if write.action is Action.REVERSE:
        return REVERSALS.get(write.kind, "")
    ordered = ORDERED.get(write.kind)
    return ordered.function(write) if ordered else write.action.value


def write_function(write: Write, scrub: Scrubber) -> Element:
    """The function element. Raises ValueError for a write that cannot be spelt."""
    return _reverse(write, scrub) if write.action is Action.REVERSE else dialect.write_function(write, scrub)


def _reverse(write: Write, scrub: Scrubber) -> Element:
    """`key` as an attribute, then the date in parts and the description, in this order."""
    day, name = write.values.get("DATEREVERSED"), function_name(write)
    if not name or not write.key or not isinstance(day, date):
        raise ValueError("a reversal needs a kind that is reversed, the RECORDNO of its record and a date")
    function = etree.Element(name, key=write.key)
    parts = etree.SubElement(function, "datereversed")
    for part, number in (("year", day.year), ("month", day.month), ("day", day.day)):
        add(parts, part, f"{number:02d}", scrub)
    if text := write.values.get("DESCRIPTION"):
        add(function, "description", str(text), scrub)
    return function
