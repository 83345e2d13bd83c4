"""One cause, one mark: errors that differ only in ids, amounts, dates, names and addresses bear the same fingerprint.

Vendors speak several languages and quote in several ways; whatever they quote is a parameter of the cause. Pure.
"""

import hashlib
import re

from app.domain.decisions import Reference
from app.domain.errors import SyncError

_QUOTES = (
    r"(?<!\w)'.{0,400}?'(?!\w)",  # an apostrophe within a word opens and closes nothing
    r"\"[^\"]{0,400}\"",
    r"[“„‟”][^“”„]{0,400}[”“]",
    r"‘[^‘]{0,400}?’(?!\w)",
    r"‚[^‚‘’]{0,400}[‘’]",
    r"[«»][^«»]{0,400}[»«]",
    r"[‹›][^‹›]{0,400}[›‹]",
    r"「[^」]{0,400}」",
    r"`[^`]{0,400}`",
)
_MONTHS = r"(?:jan|feb|fév|m[aä]r|apr|avr|ma[iy]|ju[nl]|jui|aug|ao[uû]|sep|o[ck]t|nov|de[cz]|déc)[a-zéû]*\.?"
PARAMETERS: tuple[tuple[str, str], ...] = (
    *((quoted, "#") for quoted in _QUOTES),
    (r"(data value too large: ).*?( \(max length)", r"\1#\2"),
    (r"(invalid email address: ).*", r"\1#"),
    (r"(restricted picklist field: ).*", r"\1#"),
    (r"(id value of incorrect type: ).*", r"\1#"),
    (r"\binvalid (\w+(?: \w+)?) \S+ specified", r"invalid \1 # specified"),
    (r"\S+@\S+", "#"),
    (r"\[[^\]]{0,400}\]", "#"),
    (r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "#"),
    (rf"\b\d{{1,2}}\.? {_MONTHS},? \d{{4}}\b|\b{_MONTHS} \d{{1,2}},? \d{{4}}\b", "#"),
    (r"[€$£¥]\s*(?=\d)|(?<=\d)\s*[€$£¥]", ""),
    (r"\b(?:[A-Z]{3}\s+)?[-+]?\d[\d.,:/' -]*\d\b", "#"),
    (r"[\w-]*\d[\w-]*", "#"),
    (r"#(?:[\s,;]*#)+", "#"),
    (r"\s+", " "),
)
"""What a vendor's sentence says about this record and not about the cause, and what stands in its place, in order."""


def normalised(text: str) -> str:
    """A vendor's sentence without its parameters, in lower case."""
    for pattern, instead in PARAMETERS:
        text = re.sub(pattern, instead, text, flags=re.IGNORECASE | re.DOTALL)
    return text.strip().casefold()


def fingerprint(object_name: str, error: SyncError, blocked_on: Reference | None = None) -> str:
    """The mark of a cause: object, code, field and the vendor's words.

    All records that wait for one missing record share one mark, whatever object they are of.
    """
    if blocked_on is not None:
        return _digest("blocked on", blocked_on.object, blocked_on.record_id)
    vendor = error.vendor
    text = normalised((vendor.text if vendor else None) or "")
    return _digest(object_name, error.code, error.field or "", (vendor.code if vendor else None) or "", text)


def _digest(*parts: str) -> str:
    return hashlib.sha256("|".join(parts).encode()).hexdigest()
