"""Text for spreadsheets: comma-separated, and harmless to open. What others wrote never becomes a formula. Pure."""

import csv
import io
from collections.abc import Iterable, Sequence

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""First characters that make a program take a cell for a formula; blanks before them do not save it."""


def harmless(text: str) -> str:
    """The text, with an apostrophe in front where it would be taken for a formula (reliability.md 14)."""
    stripped = text.lstrip(" \u00a0\ufeff")
    wide = stripped[:1].translate({0xFF1D: "=", 0xFF0B: "+", 0xFF0D: "-", 0xFF20: "@"})
    return f"'{text}" if wide in _DANGEROUS and wide else text


def sheet(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The rows as CSV (RFC 4180), every cell harmless."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return out.getvalue()
