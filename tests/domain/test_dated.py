"""Dated rows inside a record: which lists may be written, and what a write of one price makes of them."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from app.domain.dated import DatedRows

ROWS = DatedRows(
    "ENTRIES.ENTRY",
    "STARTDATE",
    first={"STARTDATE": date(2000, 1, 1), "RATE": Decimal(0)},
    keeps=("VALUE", "RATE", "MEMO"),
    bars=("RATE",),
)
ZERO = Decimal(0)
OLD: dict[str, Any] = {
    "RECORDNO": "1",
    "STARTDATE": date(2020, 1, 1),
    "VALUE": Decimal(1),
    "RATE": Decimal(0),
    "MEMO": "007",
}
NEW: dict[str, Any] = {
    "RECORDNO": "2",
    "STARTDATE": date(2030, 1, 1),
    "VALUE": Decimal(9),
    "RATE": Decimal(0),
    "MEMO": None,
}


def test_values_of_the_row_are_told_from_those_of_the_record() -> None:
    said: dict[str, Any] = {"STATUS": "active", "ENTRIES.ENTRY.VALUE": Decimal(2)}
    assert ROWS.apart(said) == ({"STATUS": "active"}, {"VALUE": Decimal(2)})


def test_row_in_force_changes_and_the_others_go_back_without_what_intacct_numbers() -> None:
    made = ROWS.rewritten([OLD, NEW], OLD["STARTDATE"], {"VALUE": Decimal(2)})
    assert made == (
        {"STARTDATE": date(2020, 1, 1), "VALUE": Decimal(2), "RATE": ZERO, "MEMO": "007"},
        {"STARTDATE": date(2030, 1, 1), "VALUE": Decimal(9), "RATE": Decimal(0)},
    )


def test_without_a_row_in_force_a_first_one_is_put_before_the_rest() -> None:
    first, second = ROWS.rewritten([NEW], None, {"VALUE": Decimal(2)})
    assert first == {"STARTDATE": date(2000, 1, 1), "RATE": Decimal(0), "VALUE": Decimal(2)}
    assert second["VALUE"] == Decimal(9)


@pytest.mark.parametrize("more", [{"RATE": Decimal("0.5")}, {"TIERS.TIER.RATE": "0.25"}, {"RATE": "by hand"}])
def test_list_with_anything_we_could_not_send_back_is_barred(more: dict[str, Any]) -> None:
    assert ROWS.barred([OLD, {**NEW, **more}])


@pytest.mark.parametrize("more", [{}, {"RATE": None}, {"TIERS": None}, {"TIERS.TIER.RATE": None}])
def test_list_of_plain_prices_is_not(more: dict[str, Any]) -> None:
    assert not ROWS.barred([OLD, {**NEW, **more}])
