"""Journal entries against both simulators: sent once, balanced, shown again, found again after a lost answer."""

from collections.abc import Callable

import pytest

from app.simulators.faults import Fault, FaultKind
from app.store.session import Sessions
from tests.scenarios.ledger import ENTRY, Ledger, P
from tests.simulated import build_house

GIFT = (("1000", "Debit", "125.50"), ("4000", "Credit", "100.00"), ("4100", "Credit", "25.50"))


@pytest.fixture
async def ledger(sessions: Sessions, new_id: Callable[[], str]) -> Ledger:
    """An opened ledger."""
    return await Ledger(await build_house(sessions, new_id)).opened()


async def test_entry_goes_with_its_lines_and_learns_their_numbers(ledger: Ledger) -> None:
    entry = ledger.entry(*GIFT)
    (done,) = await ledger.house.sync("journal_entry", entry)
    assert done.result == "created", done.message
    (batch,) = ledger.house.ia("GLBATCH")
    assert (batch["JOURNAL"], batch["BATCH_DATE"], batch["STATE"]) == ("GJ", "03/01/2026", "Posted")
    twins = ledger.house.ia("GLENTRY")
    assert [(t["ACCOUNTNO"], t["TR_TYPE"], t["TRX_AMOUNT"]) for t in twins] == [
        ("1000", "1", "125.50"),
        ("4000", "-1", "100.00"),
        ("4100", "-1", "25.50"),
    ]
    head = ledger.house.sf(ENTRY, entry)
    assert (head[f"{P}Intacct_Record_No__c"], head[f"{P}Batch_Number__c"]) == (batch["RECORDNO"], "1")
    assert (head[f"{P}SB_State__c"], head[f"{P}Intacct_Sync_Status__c"]) == ("Posted", "OK")
    assert [line[f"{P}Intacct_Record_No__c"] for line in ledger.lines()] == [twin["RECORDNO"] for twin in twins]
    assert [line[f"{P}SB_Debit_Credit__c"] for line in ledger.lines()] == ["Debit", "Credit", "Credit"]


async def test_feed_does_not_take_our_own_entry_for_an_edit(ledger: Ledger) -> None:
    await ledger.house.sync("journal_entry", ledger.entry(*GIFT))
    counts = await ledger.house.poll()
    assert counts["default/journal_entry"].plain()["wished"] == 0


async def test_entry_that_does_not_balance_is_refused_with_the_difference(ledger: Ledger) -> None:
    entry = ledger.entry(("1000", "Debit", "100"), ("4000", "Credit", "99.99"))
    (done,) = await ledger.house.sync("journal_entry", entry)
    assert (done.result, done.reason) == ("failed", "not_balanced")
    assert done.message == "Debits 100.00 and credits 99.99 differ by 0.01."
    assert ledger.house.ia("GLBATCH") == []


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([("1000", "Debit", "5")], "too_few_lines"),
        ([("1000", "Debit", "-5"), ("4000", "Credit", "-5")], "amount_not_positive"),
        ([], "too_few_lines"),
    ],
)
async def test_entry_that_is_none_is_refused(ledger: Ledger, lines: list[tuple[str, str, str]], reason: str) -> None:
    (done,) = await ledger.house.sync("journal_entry", ledger.entry(*lines))
    assert (done.result, done.reason) == ("failed", reason)


async def test_entry_whose_lines_are_not_all_there_yet_is_not_sent(ledger: Ledger) -> None:
    entry = ledger.entry(*GIFT, more={f"{P}Line_Count__c": 4})
    (done,) = await ledger.house.sync("journal_entry", entry)
    assert (done.result, done.reason, ledger.house.ia("GLBATCH")) == ("failed", "lines_missing", [])


async def test_location_is_required_by_option(sessions: Sessions, new_id: Callable[[], str]) -> None:
    ledger = await Ledger(await build_house(sessions, new_id)).opened(requireLocation=True)
    (done,) = await ledger.house.sync("journal_entry", ledger.entry(*GIFT))
    assert (done.result, done.reason) == ("failed", "location_missing")


async def test_statistical_entry_needs_no_balance(ledger: Ledger) -> None:
    entry = ledger.entry(("9100", "Debit", "250"), journal="SJ")
    (done,) = await ledger.house.sync("journal_entry", entry)
    assert done.result == "created", done.message
    (twin,) = ledger.house.ia("GLENTRY")
    assert (twin["ACCOUNTNO"], twin["TR_TYPE"]) == ("9100", "1")


async def test_draft_is_made_as_a_draft(ledger: Ledger) -> None:
    entry = ledger.entry(*GIFT, more={f"{P}Create_as_Draft__c": True})
    await ledger.house.sync("journal_entry", entry)
    assert ledger.house.ia("GLBATCH")[0]["STATE"] == "Draft"
    assert ledger.house.sf(ENTRY, entry)[f"{P}SB_State__c"] == "Draft"


async def test_lost_answer_is_looked_up_and_the_entry_stands_once(ledger: Ledger) -> None:
    entry = ledger.entry(*GIFT)
    ledger.house.intacct.state.faults.add(Fault(FaultKind.RESET_AFTER_COMMIT, match="create:GLBATCH"))
    (done,) = await ledger.house.sync("journal_entry", entry)
    assert done.state == "waiting", done.message
    await ledger.house.pass_time(60)
    assert (await ledger.house.operation(done.id)).result == "created"
    assert len(ledger.house.ia("GLBATCH")) == 1
    assert all(line[f"{P}Intacct_Record_No__c"] for line in ledger.lines())


async def test_without_the_custom_field_the_reference_number_is_ours(ledger: Ledger) -> None:
    ledger.house.intacct.state.configure({"custom_fields": {"GLBATCH": []}})
    ledger.house.clock.advance(4000)
    entry = ledger.entry(*GIFT, more={f"{P}Reference_Number__c": "THEIRS"})
    (done,) = await ledger.house.sync("journal_entry", entry)
    assert done.result == "created", done.message
    assert ledger.house.ia("GLBATCH")[0]["REFERENCENO"] == entry


async def test_correction_in_intacct_is_shown_beside_the_original(ledger: Ledger) -> None:
    entry = ledger.entry(*GIFT)
    await ledger.house.sync("journal_entry", entry)
    (batch,), twins = ledger.house.ia("GLBATCH"), ledger.house.ia("GLENTRY")
    first, second, third = ({"RECORDNO": t["RECORDNO"], "TRX_AMOUNT": t["TRX_AMOUNT"]} for t in twins)
    second["TRX_AMOUNT"], third["TRX_AMOUNT"] = "90.00", "35.50"
    await ledger.correct(batch["RECORDNO"], {"BATCH_TITLE": "Gifts, corrected"}, first, second, third)
    counts = await ledger.house.poll()
    assert counts["default/journal_entry"].plain()["wished"] == 1
    head = ledger.house.sf(ENTRY, entry)
    assert (head[f"{P}Description__c"], head[f"{P}SB_Description__c"]) == ("Gifts of March", "Gifts, corrected")
    amounts = [(line[f"{P}Amount__c"], line[f"{P}SB_Amount__c"]) for line in ledger.lines()]
    assert amounts == [(125.5, 125.5), (100, 90), (25.5, 35.5)]
    counts = await ledger.house.poll()
    assert counts["default/journal_entry"].plain()["wished"] == 0
