"""Filters over stored rows: conditions with SQL's treatment of empty values, and the index look-ups they allow.

Built by `querying` from XML and by `textquery` from text. Knows neither.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from app.simulators.intacct.company import Path
from app.simulators.intacct.tables import Table, Values

Test = Callable[[Values], bool]
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "lessthan": lambda a, b: bool(a < b),
    "lessthanorequalto": lambda a, b: bool(a <= b),
    "greaterthan": lambda a, b: bool(a > b),
    "greaterthanorequalto": lambda a, b: bool(a >= b),
}
COMPARISONS = ("equalto", "notequalto", *_COMPARE)


@dataclass(frozen=True)
class Condition:
    """A test of a row; `candidates`, where it exists, lists RECORDNOs outside of which the test is never true."""

    test: Test
    candidates: Callable[[Table], Iterable[int]] | None = None


def everything() -> Condition:
    """No restriction."""
    return Condition(lambda _: True)


def compare(path: Path, operator: str, value: Any, fold: bool = False) -> Condition:
    """`field operator value`; an empty field satisfies no comparison. `fold` ignores case."""
    get, wanted = path.get, _folded(value, fold)
    if value is None:
        return Condition(lambda _: False)
    if operator == "equalto":
        if fold:
            return Condition(lambda row: _folded(get(row), True) == wanted)
        return Condition(lambda row: get(row) == wanted, _lookup(path, [value]))
    if operator == "notequalto":
        return Condition(lambda row: get(row) is not None and _folded(get(row), fold) != wanted)
    holds = _COMPARE[operator]

    def test(row: Values) -> bool:
        found = get(row)
        return found is not None and holds(_folded(found, fold), wanted)

    return Condition(test)


def one_of(path: Path, values: list[Any], negative: bool = False, fold: bool = False) -> Condition:
    """`in` and `notin`."""
    get, wanted = path.get, frozenset(_folded(v, fold) for v in values if v is not None)
    if negative:
        return Condition(lambda row: get(row) is not None and _folded(get(row), fold) not in wanted)
    lookup = None if fold else _lookup(path, [v for v in values if v is not None])
    return Condition(lambda row: _folded(get(row), fold) in wanted and get(row) is not None, lookup)


def between(path: Path, low: Any, high: Any) -> Condition:
    """Inclusive range."""
    return both([compare(path, "greaterthanorequalto", low), compare(path, "lessthanorequalto", high)])


def like(path: Path, pattern: str, negative: bool = False, fold: bool = False) -> Condition:
    """`%` stands for any run of characters, `_` for one."""
    parts = "".join(".*" if c == "%" else "." if c == "_" else re.escape(c) for c in pattern)
    matcher = re.compile(parts, re.DOTALL | (re.IGNORECASE if fold else 0))
    get = path.get

    def test(row: Values) -> bool:
        found = get(row)
        return found is not None and (matcher.fullmatch(str(found)) is not None) is not negative

    return Condition(test)


def empty(path: Path, negative: bool = False) -> Condition:
    """`isnull`: also true of an empty text."""
    get = path.get
    return Condition(lambda row: (get(row) in (None, "")) is not negative)


def both(parts: list[Condition]) -> Condition:
    """All parts hold."""
    tests = [part.test for part in parts]
    narrowed = [part.candidates for part in parts if part.candidates is not None]
    return Condition(lambda row: all(t(row) for t in tests), narrowed[0] if narrowed else None)


def either(parts: list[Condition]) -> Condition:
    """At least one part holds."""
    tests = [part.test for part in parts]
    narrowed = [part.candidates for part in parts if part.candidates is not None]

    def candidates(table: Table) -> Iterable[int]:
        return sorted({number for each in narrowed for number in each(table)})

    return Condition(lambda row: any(t(row) for t in tests), candidates if len(narrowed) == len(parts) else None)


def negated(part: Condition) -> Condition:
    """The part does not hold."""
    return Condition(lambda row: not part.test(row))


def _folded(value: Any, fold: bool) -> Any:
    return value.casefold() if fold and isinstance(value, str) else value


def _lookup(path: Path, values: list[Any]) -> Callable[[Table], Iterable[int]] | None:
    if not path.plain:
        return None

    def candidates(table: Table) -> Iterable[int]:
        if not table.indexed(path.name):
            wanted = frozenset(values)
            return [row["RECORDNO"] for row in table.rows() if row.get(path.name) in wanted]
        found: dict[int, None] = {}
        for value in values:
            found.update(dict.fromkeys(table.find(path.name, value)))
        return sorted(found)

    return candidates
