"""SOQL as a row of tokens, with the means to point into the text. No grammar."""

import re
from dataclasses import dataclass
from typing import Any

from app.simulators.salesforce.errors import refuse

TOKEN = re.compile(
    r"""\s*(?:
    (?P<string>'(?:[^'\\]|\\.)*')
  | (?P<datetime>\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2}))
  | (?P<date>\d{4}-\d{2}-\d{2}(?![\dT]))
  | (?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\s*\.\s*[A-Za-z_][A-Za-z0-9_]*)*)
  | (?P<mark><=|>=|!=|<>|[=<>(),:])
  )""",
    re.VERBOSE | re.DOTALL,
)
ESCAPES = {"n": "\n", "N": "\n", "r": "\r", "R": "\r", "t": "\t", "T": "\t", "b": "\b", "B": "\b", "f": "\f", "F": "\f"}


@dataclass(frozen=True)
class Token:
    """`kind` string, datetime, date, number, name, mark or end; `at` is the offset in the text."""

    kind: str
    text: str
    at: int

    @property
    def word(self) -> str:
        return self.text.upper() if self.kind == "name" else self.text


def point(text: str, at: int) -> dict[str, Any]:
    """The words of an error that points into the query: its line up to there, a caret, the column."""
    return {"before": text[max(0, at - 40) : at + 40], "caret": " " * min(at, 40) + "^", "column": at + 1}


def tokens(text: str) -> list[Token]:
    """The tokens of `text`, closed by an end token. Refuses MALFORMED_QUERY for what is none."""
    found, at = [], 0
    end = len(text.rstrip())
    while at < end:
        match = TOKEN.match(text, at)
        if match is None:
            place = at + len(text[at:]) - len(text[at:].lstrip())
            raise refuse("MALFORMED_QUERY/at", token=text[place], **point(text, place))
        kind = str(match.lastgroup)
        raw = match[kind]
        found.append(Token(kind, re.sub(r"\s", "", raw) if kind == "name" else raw, match.start(kind)))
        at = match.end()
    return [*found, Token("end", "<EOF>", end)]


def unescape(raw: str, like: bool) -> str:
    r"""The text of a string literal. For LIKE, `\%` and `\_` keep their backslash so that the pattern can tell."""

    def one(match: re.Match[str]) -> str:
        mark = match[1]
        if mark[0] in "uU":
            return chr(int(mark[1:], 16))
        if mark in "%_" and like:
            return "\\" + mark
        if mark in ESCAPES:
            return ESCAPES[mark]
        if mark in "'\"\\%_":
            return "\\\\" if like and mark == "\\" else mark
        raise refuse("MALFORMED_QUERY/text", text=f"Illegal string escape sequence '\\{mark}' in string literal")

    return re.sub(r"\\(u[0-9a-fA-F]{4}|.)", one, raw[1:-1], flags=re.DOTALL)
