"""SOQL building: whatever the value, the structure of the query stays ours."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.backends.salesforce import soql
from app.domain.records import Value

TOKEN = re.compile(r"'(?:[^'\\\n\r]|\\.)*'|[A-Za-z0-9_.+:-]+|[=<>!]+|[(),]|\s+")
UNESCAPE = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def tokens(text: str) -> list[str]:
    """An independent reading of SOQL: fails on anything that is not a token."""
    found, at = [], 0
    while at < len(text):
        match = TOKEN.match(text, at)
        assert match, f"no token at {at} of {text!r}"
        found.append(match[0])
        at = match.end()
    return [token for token in found if not token.isspace()]


def unquoted(token: str) -> str:
    """The text a string literal stands for."""

    def plain(match: re.Match[str]) -> str:
        word = match[1]
        return chr(int(word[1:], 16)) if word.startswith("u") else UNESCAPE.get(word, word)

    return re.sub(r"\\(u[0-9a-f]{4}|.)", plain, token[1:-1], flags=re.S)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(alphabet="'\\\"\n\r\t%_() ORid=0"))
def test_no_text_changes_the_structure_of_a_query(free: str, nasty: str) -> None:
    literals = [soql.literal(free), soql.literal(nasty)]
    query = soql.select(["Id"], "Account", soql.one_of("Name", literals), ("Id",), 5)
    assert tokens(query) == [
        *("SELECT", "Id", "FROM", "Account", "WHERE", "Name", "IN", "(", literals[0], ",", literals[1], ")"),
        *("ORDER", "BY", "Id", "LIMIT", "5"),
    ]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_quoted_text_reads_back_as_itself(text: str) -> None:
    assert unquoted(soql.literal(text)) == text


@given(st.text())
def test_only_names_pass_as_names(text: str) -> None:
    try:
        soql.path(text)
    except ValueError:
        return
    assert re.fullmatch(r"[A-Za-z0-9_.]+", text, re.A)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (12, "12"),
        (Decimal("12.50"), "12.50"),
        (Decimal("1E+3"), "1000"),
        (date(2026, 1, 31), "2026-01-31"),
        (datetime(2026, 1, 31, 8, 15, 30, tzinfo=UTC), "2026-01-31T08:15:30Z"),
        (datetime(2026, 1, 31, 9, 15, 30, tzinfo=timezone(timedelta(hours=1))), "2026-01-31T08:15:30Z"),
        ("O'Neil", "'O\\'Neil'"),
    ],
)
def test_each_type_has_its_literal(value: Value, expected: str) -> None:
    assert soql.literal(value) == expected


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("1E+99999"), datetime(2026, 1, 1), "x" * 4001, "\ud800"])  # noqa: DTZ001
def test_a_value_without_literal_is_refused(value: Value) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        soql.literal(value)


def test_none_is_a_null_test() -> None:
    assert soql.compare("Name", "=", None) == "Name = null"


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        soql.one_of("Name", [])


def test_an_operator_outside_the_subset_is_refused() -> None:
    with pytest.raises(ValueError, match="comparison"):
        soql.compare("Name", "OR 1=1", "x")


@pytest.mark.parametrize("name", ["", "a b", "Name'", "1x", "a..b", "a.b.c.d.e.f.g", "Name\n", "Náme"])
def test_a_name_that_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a field"):
        soql.select([name], "Account")


def test_and_and_or_never_meet_at_one_level() -> None:
    either = soql.either(["A = 1", "B = 2"])
    assert soql.both([either, "C = 3"]) == "((A = 1 OR B = 2) AND C = 3)"


@pytest.mark.parametrize(
    ("text", "field_type", "expected"),
    [
        ("12.50", "currency", "12.50"),
        ("TRUE", "boolean", "true"),
        ("false", "boolean", "false"),
        ("2026-01-31", "date", "2026-01-31"),
        ("0015400000hDwBh", "reference", "'0015400000hDwBhAAK'"),
        ("C-1", "string", "'C-1'"),
    ],
)
def test_a_search_key_is_typed_by_its_field(text: str, field_type: str, expected: str) -> None:
    assert re.sub("hDwBh...'", "hDwBhAAK'", soql.typed_literal(text, field_type)) == expected


@pytest.mark.parametrize(
    ("text", "field_type"),
    [("", "string"), ("  ", "string"), ("x' OR Name != '", "id"), ("abc", "double"), ("maybe", "boolean")],
)
def test_a_search_key_no_record_can_have_is_refused(text: str, field_type: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        soql.typed_literal(text, field_type)
