"""The grammar of the SOQL subset: text in, syntax tree out. It knows no objects, fields or records."""

import re
from functools import lru_cache

from app.simulators.salesforce.errors import Refusal, refuse
from app.simulators.salesforce.soql_tokens import Token, point, tokens, unescape
from app.simulators.salesforce.soql_tree import (
    Compare,
    Condition,
    Count,
    Junction,
    Literal,
    Not,
    Order,
    Path,
    Query,
    strip_alias,
)
from app.simulators.salesforce.values import is_date, parse_stamp, stamp

CLAUSES = "GROUP HAVING INCLUDES EXCLUDES TYPEOF FOR WITH USING UPDATE SCOPE ALL FIELDS"
FUNCTIONS = """COUNT_DISTINCT SUM AVG MIN MAX TOLABEL FORMAT CONVERTCURRENCY DISTANCE GEOLOCATION CALENDAR_YEAR
    CALENDAR_MONTH DAY_ONLY HOUR_IN_DAY"""
DATE_WORDS = """TOMORROW LAST_WEEK THIS_WEEK NEXT_WEEK LAST_MONTH THIS_MONTH NEXT_MONTH LAST_90_DAYS NEXT_90_DAYS
    NEXT_N_DAYS LAST_N_WEEKS LAST_N_MONTHS THIS_QUARTER LAST_QUARTER THIS_YEAR LAST_YEAR NEXT_YEAR LAST_N_YEARS
    N_DAYS_AGO"""
UNSUPPORTED = frozenset({*CLAUSES.split(), *FUNCTIONS.split(), *DATE_WORDS.split()})
COMPARISONS = frozenset({"=", "!=", "<>", "<", ">", "<=", ">="})
LONGEST, LONGEST_LITERAL, LARGEST_OFFSET = 100_000, 4000, 2000


class Parser:
    """Recursive descent over the subset; what is SOQL but not in it is refused with `simulator:`."""

    def __init__(self, text: str) -> None:
        self._text, self._tokens, self._at = text, tokens(text), 0

    @property
    def _now(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        token = self._now
        self._at += 1
        return token

    def _wrong(self, token: Token | None = None) -> Refusal:
        wrong = token or self._now
        if wrong.word in UNSUPPORTED:
            return refuse(
                "MALFORMED_QUERY/text", text=f"simulator: {wrong.word} is not in the simulated subset of SOQL"
            )
        return refuse("MALFORMED_QUERY/at", token=wrong.text, **point(self._text, wrong.at))

    def _take(self, *words: str) -> bool:
        if self._now.word in words and self._now.kind in ("name", "mark"):
            self._at += 1
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._take(word):
            raise self._wrong()

    def _name(self) -> str:
        token = self._next()
        if token.kind != "name" or "." in token.text:
            raise self._wrong(token)
        return token.text

    def _path(self) -> Path:
        token = self._next()
        if token.kind != "name" or (token.word in UNSUPPORTED and self._now.text == "("):
            raise self._wrong(token)
        if self._now.text == "(":
            raise refuse(
                "MALFORMED_QUERY/text", text=f"simulator: function {token.text} is not in the simulated subset"
            )
        return Path(tuple(token.text.split(".")), token.at)

    def _number(self) -> int:
        token = self._next()
        if token.kind != "number" or not token.text.isdigit():
            raise self._wrong(token)
        return int(token.text)

    def whole(self) -> Query:
        """The query, with nothing after it."""
        query = self.query()
        self.finish()
        return query

    def finish(self) -> None:
        """Nothing may be left to read."""
        if self._now.kind != "end":
            raise self._wrong()

    def query(self, nested: bool = False) -> Query:
        """A SELECT statement."""
        self._expect("SELECT")
        items = self._items(nested)
        self._expect("FROM")
        source = self._next()
        if source.kind != "name":
            raise self._wrong(source)
        alias = self._alias()
        where = self.condition() if self._take("WHERE") else None
        order = self._order() if self._take("ORDER") else ()
        limit = self._number() if self._take("LIMIT") else None
        offset = self._number() if self._take("OFFSET") else 0
        if offset > LARGEST_OFFSET:
            raise refuse("NUMBER_OUTSIDE_VALID_RANGE/offset")
        made = Query(self._text, source.text, items, where, order, limit, offset)
        return strip_alias(made, {source.text.upper(), *([alias.upper()] if alias else [])})

    def _alias(self) -> str:
        token = self._now
        if token.kind == "name" and token.word not in {"WHERE", "ORDER", "LIMIT", "OFFSET", *UNSUPPORTED}:
            self._take("AS")
            return self._name()
        return ""

    def _items(self, nested: bool) -> tuple[Path | Count | Query, ...]:
        items: list[Path | Count | Query] = []
        while True:
            if self._now.word == "TYPEOF":
                raise self._wrong()
            if self._take("("):
                items.append(self.query(nested=True))
                self._expect(")")
            elif self._now.word == "COUNT" and self._tokens[self._at + 1].text == "(":
                self._at += 2
                if self._take(")"):
                    if items or nested or self._now.word != "FROM":
                        raise self._wrong()
                    return ()
                items.append(Count(self._path()))
                self._expect(")")
            else:
                items.append(self._path())
            if not self._take(","):
                return tuple(items)

    def _order(self) -> tuple[Order, ...]:
        self._expect("BY")
        order = []
        while True:
            path = self._path()
            descending = self._take("DESC")
            if not descending:
                self._take("ASC")
            last = False
            if self._take("NULLS"):
                last = self._take("LAST")
                if not last:
                    self._expect("FIRST")
            order.append(Order(path, descending, last))
            if not self._take(","):
                return tuple(order)

    def condition(self) -> Condition:
        """A WHERE condition; AND and OR never stand side by side without parentheses."""
        first = self._single()
        word = self._now.word
        if word not in ("AND", "OR"):
            return first
        parts = [first]
        while self._take(word):
            parts.append(self._single())
        if self._now.word in ("AND", "OR"):
            raise self._wrong()
        return Junction(word, tuple(parts))

    def _single(self) -> Condition:
        if self._take("NOT"):
            return Not(self._single())
        if self._take("("):
            inner = self.condition()
            self._expect(")")
            return inner
        return self._compare()

    def _compare(self) -> Compare:
        path = self._path()
        token = self._next()
        if token.text in COMPARISONS:
            return Compare(path, "!=" if token.text == "<>" else token.text, (self._literal(),))
        if token.word == "LIKE":
            if self._now.kind != "string":
                raise self._wrong()
            return Compare(path, "LIKE", (self._literal(like=True),))
        if token.word == "NOT" and self._now.word == "IN":
            self._at += 1
            return self._membership(path, "NOT IN")
        if token.word == "IN":
            return self._membership(path, "IN")
        raise self._wrong(token)

    def _membership(self, path: Path, operator: str) -> Compare:
        self._expect("(")
        if self._now.word == "SELECT":
            inner = self.query(nested=True)
            self._expect(")")
            return Compare(path, operator, subquery=inner)
        values = [self._literal()]
        while self._take(","):
            values.append(self._literal())
        self._expect(")")
        return Compare(path, operator, tuple(values))

    def _literal(self, like: bool = False) -> Literal:
        token = self._next()
        if token.kind == "string":
            text = unescape(token.text, like)
            if len(text) > LONGEST_LITERAL:
                raise refuse("MALFORMED_QUERY/text", text="Length of a string literal exceeds 4000 characters")
            return Literal("string", text)
        if token.kind == "number":
            whole = re.fullmatch(r"[+-]?\d+", token.text)
            return Literal("number", int(token.text) if whole else float(token.text))
        if token.kind == "datetime":
            instant = parse_stamp(token.text)
            if instant is None:
                raise self._wrong(token)
            return Literal("datetime", stamp(instant))
        if token.kind == "date":
            if not is_date(token.text):
                raise self._wrong(token)
            return Literal("date", token.text)
        if token.word in ("TRUE", "FALSE"):
            return Literal("boolean", token.word == "TRUE")
        if token.word == "NULL":
            return Literal("null", None)
        if token.word in ("TODAY", "YESTERDAY"):
            return Literal("relative", (token.word, 1))
        if token.word == "LAST_N_DAYS":
            self._expect(":")
            return Literal("relative", (token.word, self._number()))
        raise self._wrong(token)


@lru_cache(maxsize=512)
def parse(text: str) -> Query:
    """The query in `text`, parsed once. Refuses MALFORMED_QUERY."""
    if len(text) > LONGEST:
        raise refuse("MALFORMED_QUERY/text", text="SOQL statements cannot be longer than 100000 characters.")
    return Parser(text).whole()


@lru_cache(maxsize=512)
def parse_condition(text: str) -> Condition:
    """A WHERE condition standing alone, as validation rules use it."""
    parser = Parser(text)
    condition = parser.condition()
    parser.finish()
    return condition
