"""Checklist row 30: a source record makes one entry, a second run none; Intacct's change stands beside the original."""

from collections.abc import Callable

import pytest

from app.store.session import Sessions
from tests.scenarios.ledger import ENTRY, Ledger, P
from tests.simulated import build_house

WON = "Won opportunities"


@pytest.fixture
async def ledger(sessions: Sessions, new_id: Callable[[], str]) -> Ledger:
    """A plain org with the mapping its administrator was offered."""
    made = await Ledger(await build_house(sessions, new_id)).opened()
    await made.mapped(WON)
    return made


def won(ledger: Ledger, amount: float = 250, stage: str = "Closed Won") -> str:
    values = {"Name": "Gala", "StageName": stage, "CloseDate": "2026-03-01", "Amount": amount}
    (opportunity,) = ledger.house.seed("Opportunity", values)
    return opportunity


async def test_source_record_makes_one_balanced_entry(ledger: Ledger) -> None:
    opportunity = won(ledger)
    (made,) = await ledger.run(WON, opportunity)
    assert made.result == "built", made.message
    assert ledger.posted() == [("1000", "1", "250.00"), ("4000", "-1", "250.00")]
    (entry,) = made.entries
    head = ledger.house.sf(ENTRY, entry)
    assert (head[f"{P}Description__c"], head[f"{P}Intacct_Sync_Status__c"]) == ("Gala", "OK")
    source = ledger.house.sf("Opportunity", opportunity)
    debit, credit = ledger.lines()
    assert (source[f"{P}Debit_Line__c"], source[f"{P}Credit_Line__c"]) == (debit["Id"], credit["Id"])


async def test_second_run_makes_none(ledger: Ledger) -> None:
    opportunity = won(ledger)
    (first,) = await ledger.run(WON, opportunity)
    (second,) = await ledger.run(WON, opportunity)
    assert (second.result, second.reason, second.entries) == ("skipped", "already_used", first.entries)
    assert (len(ledger.house.ia("GLBATCH")), len(ledger.house.salesforce.state.records(ENTRY))) == (1, 1)


async def test_change_in_intacct_lands_beside_the_original(ledger: Ledger) -> None:
    (made,) = await ledger.run(WON, won(ledger))
    (batch,), twins = ledger.house.ia("GLBATCH"), ledger.house.ia("GLENTRY")
    lines = [{"RECORDNO": twin["RECORDNO"], "TRX_AMOUNT": "240.00"} for twin in twins]
    await ledger.correct(batch["RECORDNO"], {"BATCH_TITLE": "Gala, corrected"}, *lines)
    await ledger.house.poll()
    head = ledger.house.sf(ENTRY, made.entries[0])
    assert (head[f"{P}Description__c"], head[f"{P}SB_Description__c"]) == ("Gala", "Gala, corrected")
    assert [(line[f"{P}Amount__c"], line[f"{P}SB_Amount__c"]) for line in ledger.lines()] == [(250, 240)] * 2


async def test_record_outside_the_filter_makes_none(ledger: Ledger) -> None:
    (made,) = await ledger.run(WON, won(ledger, stage="Prospecting"))
    assert (made.result, made.reason, ledger.house.ia("GLBATCH")) == ("skipped", "filtered_out", [])
