"""The general ledger of the simulator: entries with lines that are records of their own, and what it refuses."""

from collections.abc import Mapping
from typing import Any

import pytest

from app.simulators.clock import SimClock
from app.simulators.intacct.app import create_simulator
from app.simulators.intacct.state import IntacctState


@pytest.fixture
def state() -> IntacctState:
    return create_simulator(SimClock()).state


def entry(*lines: tuple[str, str, str], **more: Any) -> Mapping[str, Any]:
    rows = [{"ACCOUNTNO": account, "TR_TYPE": sign, "TRX_AMOUNT": amount} for account, sign, amount in lines]
    return {"JOURNAL": "GJ", "BATCH_DATE": "03/01/2026", "BATCH_TITLE": "Gifts", "ENTRIES": rows, **more}


GIFT = (("1000", "1", "10.00"), ("4000", "-1", "10.00"))


def test_lines_are_records_that_name_their_entry_and_are_numbered(state: IntacctState) -> None:
    (made,) = state.seed({"GLBATCH": [dict(entry(*GIFT))]})["GLBATCH"]
    lines = state.records("GLENTRY")
    assert [(line["BATCHNO"], line["LINE_NO"]) for line in lines] == [(made["RECORDNO"], "1"), (made["RECORDNO"], "2")]
    assert [row["ACCOUNTNO"] for row in made["ENTRIES"]] == ["1000", "4000"]


def test_entries_are_numbered_by_journal(state: IntacctState) -> None:
    state.seed({"GLBATCH": [dict(entry(*GIFT)), dict(entry(*GIFT)), dict(entry(*GIFT, JOURNAL="CRJ"))]})
    assert [(row["JOURNAL"], row["BATCHNO"]) for row in state.records("GLBATCH")] == [
        ("GJ", "1"),
        ("GJ", "2"),
        ("CRJ", "1"),
    ]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (entry(("1000", "1", "10"), ("4000", "-1", "9.99")), "does not balance"),
        (entry(("1000", "1", "10")), "at least two lines"),
        (entry(("1000", "1", "10"), ("none", "-1", "10")), "Invalid Account"),
        (entry(("1000", "2", "10"), ("4000", "-1", "10")), "TR_TYPE"),
        (entry(("1000", "1", "-10"), ("4000", "-1", "-10")), "absolute"),
        (entry(*GIFT, JOURNAL="XX"), "Invalid Journal"),
        (entry(("9100", "1", "10"), ("4000", "-1", "10")), "Invalid Account"),
    ],
)
def test_what_is_no_entry_is_refused_whole(state: IntacctState, wrong: Mapping[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        state.seed({"GLBATCH": [dict(wrong)]})
    assert (state.records("GLBATCH"), state.records("GLENTRY")) == ([], [])


def test_statistical_journal_takes_one_side_of_statistical_accounts(state: IntacctState) -> None:
    state.seed({"GLBATCH": [dict(entry(("9100", "1", "250"), JOURNAL="SJ"))]})
    assert len(state.records("GLENTRY")) == 1


def test_location_is_demanded_by_knob(state: IntacctState) -> None:
    state.configure({"gl_location_required": True})
    with pytest.raises(ValueError, match="LOCATION"):
        state.seed({"GLBATCH": [dict(entry(*GIFT))]})
