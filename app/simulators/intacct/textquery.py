"""The SQL-like text of readByQuery: its grammar, turned into a condition.

`field op value`, op one of `= != <> < > <= >= like, not like, in, not in, is null, is not null`, joined with AND, OR,
NOT and parentheses; strings in single quotes with `\\'` for a quote; `rownum` limits the rows. Enumerations match their
stored code, not their label.
"""

import re
from dataclasses import dataclass
from typing import Any

from app.simulators.intacct import errors, filters
from app.simulators.intacct.company import Path
from app.simulators.intacct.errors import Refused
from app.simulators.intacct.filters import Condition
from app.simulators.intacct.schema import ObjectSchema
from app.simulators.intacct.values import parse
from app.simulators.intacct.views import View

_TOKEN = re.compile(r"\s*(?:('(?:\\.|[^'\\])*')|([<>!]=|<>|[<>=(),])|([\w.\-+]+))")
_OPERATORS = {
    "=": "equalto",
    "!=": "notequalto",
    "<>": "notequalto",
    "<": "lessthan",
    "<=": "lessthanorequalto",
    ">": "greaterthan",
    ">=": "greaterthanorequalto",
}


@dataclass(frozen=True)
class TextCondition:
    """The condition and the highest number of rows (`rownum`), None without limit."""

    condition: Condition
    rownum: int | None


def read_text_query(view: View, schema: ObjectSchema, text: str) -> TextCondition:
    """The condition in `text`; empty text is every row. Refused for anything outside the grammar."""
    if not text.strip():
        return TextCondition(filters.everything(), None)
    parser = _Parser(view, schema, _tokens(text))
    return TextCondition(parser.whole(), parser.rownum)


def _tokens(text: str) -> list[str]:
    tokens, place = [], 0
    text = text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise Refused(errors.bad_query(f"cannot read {text[place:]!r}"))
        tokens.append(match.group().strip())
        place = match.end()
    return tokens


class _Parser:
    def __init__(self, view: View, schema: ObjectSchema, tokens: list[str]) -> None:
        self._view, self._schema, self._tokens, self._at = view, schema, tokens, 0
        self.rownum: int | None = None

    def whole(self) -> Condition:
        found = self._either()
        if self._at != len(self._tokens):
            raise Refused(errors.bad_query(f"unexpected {self._tokens[self._at]!r}"))
        return found

    def _peek(self) -> str:
        return self._tokens[self._at].upper() if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        if self._at >= len(self._tokens):
            raise Refused(errors.bad_query("the query ends too early"))
        self._at += 1
        return self._tokens[self._at - 1]

    def _skip(self, word: str) -> bool:
        if self._peek() != word:
            return False
        self._at += 1
        return True

    def _expect(self, word: str) -> None:
        if not self._skip(word):
            raise Refused(errors.bad_query(f"{word} expected instead of {self._peek() or 'the end'}"))

    def _either(self) -> Condition:
        parts = [self._both()]
        while self._skip("OR"):
            parts.append(self._both())
        return filters.either(parts) if len(parts) > 1 else parts[0]

    def _both(self) -> Condition:
        parts = [self._single()]
        while self._skip("AND"):
            parts.append(self._single())
        return filters.both(parts) if len(parts) > 1 else parts[0]

    def _single(self) -> Condition:
        if self._skip("NOT"):
            return filters.negated(self._single())
        if self._skip("("):
            inner = self._either()
            self._expect(")")
            return inner
        return self._predicate()

    def _predicate(self) -> Condition:
        name = self._take()
        if name.lower() == "rownum":
            return self._limit()
        path = self._path(name)
        if self._skip("IS"):
            negative = self._skip("NOT")
            self._expect("NULL")
            return filters.empty(path, negative)
        negative = self._skip("NOT")
        if self._skip("IN"):
            return filters.one_of(path, self._list(path), negative)
        if self._skip("LIKE"):
            return filters.like(path, _unquoted(self._take()), negative)
        operator = _OPERATORS.get(self._take())
        if operator is None or negative:
            raise Refused(errors.bad_query(f"unknown operator after {name}"))
        return filters.compare(path, operator, self._value(path, self._take()))

    def _path(self, name: str) -> Path:
        found = self._view.company.path(self._schema, name.upper())
        if found is None or (not found.plain and found.name not in self._schema.fields):
            raise Refused(errors.VendorError(f"Invalid fields list {name}"))
        return found

    def _limit(self) -> Condition:
        operator, number = self._take(), self._take()
        if operator not in ("<", "<=") or not number.isdecimal():
            raise Refused(errors.bad_query("rownum takes < or <= and a number"))
        self.rownum = int(number) - (operator == "<")
        return filters.everything()

    def _list(self, path: Path) -> list[Any]:
        self._expect("(")
        values = [self._value(path, self._take())]
        while self._skip(","):
            values.append(self._value(path, self._take()))
        self._expect(")")
        return values

    def _value(self, path: Path, token: str) -> Any:
        text = _unquoted(token)
        if path.spec.codes:
            labels = {code: label for label, code in path.spec.codes.items()}
            return labels.get(text, f"\0{text}")
        try:
            return parse(path.spec, text, self._view.formatting)
        except (ValueError, KeyError):
            raise Refused(errors.bad_query(f"'{text}' is not a value of {path.name}")) from None


def _unquoted(token: str) -> str:
    if not token.startswith("'"):
        return token
    return re.sub(r"\\(.)", r"\1", token[1:-1])
