"""Sheets that are harmless to open."""

import csv
import io

import pytest

from app.domain.spreadsheets import harmless, sheet


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "\u00a0=1",
        "\ufeff=1",
        "\uff1d1",
        '=HYPERLINK("http://x")',
    ],
)
def test_what_would_be_a_formula_begins_with_an_apostrophe(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Acme", "a=b", "1+1", "'=1", "Name is empty."])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


def test_a_sheet_is_read_back_cell_by_cell() -> None:
    rows = [["a,b", 'say "hi"', "two\nlines"], ["=x", "", "ü"]]
    read = list(csv.reader(io.StringIO(sheet(["one", "two", "three"], rows), newline="")))
    assert read == [["one", "two", "three"], ["a,b", 'say "hi"', "two\nlines"], ["'=x", "", "ü"]]
