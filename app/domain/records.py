"""Records and their values as both sides agree on them: canonical, typed, free of any wire format."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

Value = str | bool | int | Decimal | date | datetime | None
"""A canonical value. Text is NFC and trimmed, money is Decimal, a date has no zone, a datetime is UTC."""


class System(StrEnum):
    """The two sides."""

    SALESFORCE = "salesforce"
    INTACCT = "intacct"


class Lane(StrEnum):
    """Who waits: a person before a screen, or a mass run."""

    INTERACTIVE = "interactive"
    BULK = "bulk"


class Errand(StrEnum):
    """What the service asks a vendor for, so that each kind of asking has its own account of what it spends."""

    SYNC = "sync"  # bringing records in step, on the account of the lane
    POLL = "poll"  # looking for changes
    VERIFY = "verify"  # counting whether everything is there
    PREVIEW = "preview"  # reading for a run that writes nothing


@dataclass(frozen=True, slots=True)
class Record:
    """One record as a backend read it.

    `key` is the immutable key: the 18-character Id in Salesforce, RECORDNO (as text) in Intacct. `values` holds the
    fields that were asked for under the names they were asked by, dotted paths included; an absent name was not read.
    `rows` are the dated rows inside it, earliest first, where fields of them were asked for; `values` shows the one in
    force.
    """

    kind: str
    key: str
    values: Mapping[str, Value]
    modified_at: datetime | None = None
    rows: tuple[Mapping[str, Value], ...] = ()


_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def salesforce_id(text: str) -> str:
    """The 18-character form of a 15- or 18-character Salesforce id.

    Raises ValueError when the text is neither, or when an 18-character id has a wrong check suffix. The first 15
    characters are case-sensitive; the suffix encodes their upper-case positions (salesforce-api.md 3.3).
    """
    if len(text) not in (15, 18) or not text.isascii() or not text.isalnum():
        raise ValueError("a Salesforce id has 15 or 18 letters and digits")
    body = text[:15]
    suffix = "".join(
        _SUFFIX[sum(1 << n for n, char in enumerate(body[start : start + 5]) if "A" <= char <= "Z")]
        for start in (0, 5, 10)
    )
    if len(text) == 18 and text[15:].upper() != suffix:
        raise ValueError("the last three characters of the Salesforce id do not fit the first fifteen")
    return body + suffix


BORN_IN_INTACCT = "#"
"""First character of the key of a record that has no twin in Salesforce yet: `#` and its RECORDNO."""

_BORN = re.compile(r"#([A-Za-z][A-Za-z0-9_]{0,49}:)?[0-9]{1,17}", re.ASCII)


def record_key(text: str) -> str:
    """The key by which a candidate is known: a Salesforce id (18 characters), or `#` and an Intacct RECORDNO.

    Where several Intacct kinds feed one object, the kind stands before the number: `#GLACCOUNT:17`.

    Raises ValueError when the text is neither.
    """
    if text.startswith(BORN_IN_INTACCT):
        if _BORN.fullmatch(text) is None:
            raise ValueError("an Intacct record number has 1 to 17 digits")
        return text
    return salesforce_id(text)
