"""Intent, one request, receipt: where each answer of Intacct brings a write (reliability.md 4)."""

import pytest

from app.domain.decisions import Result, Settlement
from app.domain.errors import Kind, SyncError
from app.sync.ports import Action, Bound, Settled, Verdict, Write
from tests.sync.doubles import Fate, lost, refused, seconds_between, unsent
from tests.sync.rig import ERRORS, STATUS, SYNCED, Rig


async def test_promise_is_on_disk_before_the_first_byte_and_the_receipt_right_after(rig: Rig) -> None:
    rig.shop()
    await rig.sync()
    at = rig.steps.index("intacct create SHOP")
    assert rig.steps[at - 1 : at + 2] == ["journal intend record", "intacct create SHOP", "journal confirmed record"]


async def test_backend_double_fails_a_write_without_a_promise(rig: Rig) -> None:
    with pytest.raises(AssertionError, match="without a promise"):
        await rig.intacct.write([Write("SHOP", Action.CREATE, {"NAME": "x"}, "never-promised")])


async def test_backend_double_fails_a_write_whose_intent_is_settled(rig: Rig) -> None:
    rig.shop()
    await rig.sync()
    with pytest.raises(AssertionError, match="while its intent is confirmed"):
        await rig.intacct.write(rig.intacct.writes[:1])


async def test_backend_double_fails_a_write_of_other_content(rig: Rig) -> None:
    rig.shop()
    await rig.sync()
    (write,) = rig.intacct.writes
    rig.journal.entries[0].state = Settled.RESENT
    with pytest.raises(AssertionError, match="another content"):
        await rig.intacct.write([Write("SHOP", Action.CREATE, {"NAME": "Other"}, write.control_id)])


async def test_confirmed_create_stores_the_link_in_the_commit_of_its_receipt(rig: Rig) -> None:
    rig.shop()
    settlement = await rig.sync()
    (entry,) = rig.journal.entries
    (receipt,) = entry.receipts
    assert receipt.state is Settled.CONFIRMED
    assert receipt.bound is not None
    assert (receipt.bound.salesforce_id, receipt.bound.intacct_key) == ("A", receipt.remote_key)
    assert (receipt.bound.intacct_id, receipt.remote_id) == ("N-1", "N-1")
    assert (settlement.result, settlement.reason, settlement.intacct_id) == (Result.CREATED, "created", "N-1")
    assert settlement.achieved is Result.CREATED


async def test_confirmed_update_stores_what_was_sent_as_agreed(rig: Rig) -> None:
    await rig.linked()
    rig.shop(City__c="Reno")
    settlement = await rig.sync()
    receipt = rig.journal.entries[-1].receipts[-1]
    assert receipt.state is Settled.CONFIRMED
    assert receipt.bound is not None
    assert receipt.bound.base["CITY"] == "Reno"
    assert (settlement.result, settlement.achieved) == (Result.UPDATED, Result.UPDATED)


async def test_rejected_write_fails_with_intaccts_reason_and_is_not_tried_again(rig: Rig) -> None:
    rig.shop()
    rig.intacct.plan(refused(message="NAME holds a swear word."))
    settlement = await rig.sync()
    assert rig.journal.entries[0].states == [Settled.REJECTED]
    assert (settlement.result, settlement.reason) == (Result.FAILED, "refused")
    assert settlement.message == "NAME holds a swear word."
    assert (settlement.again_at, settlement.achieved) == (None, None)
    assert rig.journal.bound("shop", "A") is None


async def test_write_that_never_left_is_unsent_and_tried_again_by_itself(rig: Rig) -> None:
    rig.shop()
    rig.intacct.plan(unsent())
    settlement = await rig.sync()
    assert rig.journal.entries[0].states == [Settled.UNSENT]
    assert (settlement.result, settlement.reason) == (Result.FAILED, "unreachable")
    assert seconds_between(rig.start, settlement.again_at) == 2
    assert settlement.counts_as_try


async def test_unsent_write_goes_out_under_the_same_control_id(rig: Rig) -> None:
    rig.shop()
    rig.intacct.plan(unsent())
    await rig.sync()
    settlement = await rig.sync(attempts=1)
    first, second = rig.intacct.writes
    assert first.control_id == second.control_id
    assert rig.journal.entries[0].states == [Settled.UNSENT, Settled.CONFIRMED]
    assert settlement.result is Result.CREATED


async def test_unsent_write_takes_newer_content_along(rig: Rig) -> None:
    rig.shop()
    rig.intacct.plan(unsent())
    await rig.sync()
    rig.shop(Name="Renamed")
    await rig.sync(attempts=1)
    assert rig.intacct.writes[-1].values["NAME"] == "Renamed"
    assert rig.twin()["NAME"] == "Renamed"


async def test_vendor_that_names_a_wait_is_not_bothered_before_it(rig: Rig) -> None:
    rig.shop()
    rig.intacct.plan(unsent(retry_after=77))
    settlement = await rig.sync()
    assert seconds_between(rig.start, settlement.again_at) == 77


async def test_corrected_content_after_a_rejection_is_a_new_revision(rig: Rig) -> None:
    rig.shop()
    rig.intacct.plan(refused())
    await rig.sync()
    rig.shop(Name="Corrected")
    await rig.sync()
    first, second = rig.intacct.writes
    assert first.control_id != second.control_id
    assert [entry.revision for entry in rig.journal.of_document("A:record")] == [1, 2]


async def test_lost_answer_is_ambiguous_and_held_until_the_first_rung(rig: Rig) -> None:
    rig.shop()
    rig.intacct.plan(lost(executed=True))
    settlement = await rig.sync()
    assert rig.journal.entries[0].states == [Settled.AMBIGUOUS]
    assert (settlement.result, settlement.reason) == (Result.HELD, "outcome_unknown")
    assert seconds_between(rig.start, settlement.again_at) == 5
    assert settlement.achieved is None
    assert len(rig.intacct.writes) == 1


async def test_answer_that_says_used_before_is_looked_up_at_once(rig: Rig) -> None:
    rig.shop()
    said = SyncError(Kind.AMBIGUOUS, "repeat_refused", "This was done before.")
    rig.intacct.plan(Fate(executes=True, verdict=Verdict.AMBIGUOUS, error=said))
    settlement = await rig.sync()
    assert (settlement.result, settlement.again_at) == (Result.HELD, rig.start)
    assert (await rig.sync()).result is Result.CREATED
    assert len(rig.intacct.writes) == 1


@pytest.mark.parametrize("fate", [refused(), unsent(), lost(executed=True), lost(executed=False)])
async def test_trouble_of_one_record_leaves_the_others_of_its_request_alone(rig: Rig, fate: Fate) -> None:
    for key in "ABC":
        rig.shop(key)
    rig.intacct.plan(fate)
    settlements = await rig.run("A", "B", "C")
    assert settlements[0].result is not Result.CREATED
    assert [settlement.result for settlement in settlements[1:]] == [Result.CREATED, Result.CREATED]
    assert len(rig.intacct.requests) == 1


async def test_settlements_stand_in_the_order_of_the_claims(rig: Rig) -> None:
    for key in "ABC":
        rig.shop(key)
    rig.intacct.chunk_size = 1
    settlements = await rig.run("C", "A", "B")
    assert [settlement.intacct_key for settlement in settlements] == [rig.bound(k).intacct_key for k in "CAB"]


async def test_each_chunk_is_promised_just_before_it_is_sent(rig: Rig) -> None:
    rig.shop("A")
    rig.shop("B")
    rig.intacct.chunk_size = 1
    await rig.run("A", "B")
    protocol = [step for step in rig.steps if "record" in step or "create" in step]
    assert protocol == ["journal intend record", "intacct create SHOP", "journal confirmed record"] * 2


async def test_lost_lease_drops_the_write(rig: Rig) -> None:
    rig.shop("A")
    rig.shop("B")
    rig.journal.passed.add("op-A")
    mine, other = await rig.run("A", "B")
    assert (mine.result, mine.reason) == (Result.FAILED, "lease_lost")
    assert other.result is Result.CREATED
    assert [write.values["NAME"] for write in rig.intacct.writes] == ["Shop B"]
    assert [entry.promise.draft.claim.record_id for entry in rig.journal.entries] == ["B"]


async def test_lost_lease_says_nothing_on_the_salesforce_record(rig: Rig) -> None:
    rig.shop()
    rig.journal.passed.add("op-A")
    await rig.sync()
    assert rig.salesforce.writes == []


def expire(rig: Rig) -> None:
    """The lease of the batch passes."""
    rig.alive = False


async def test_lease_that_passed_after_the_promise_keeps_the_write_back(rig: Rig) -> None:
    rig.shop()
    rig.alive = False
    settlement = await rig.sync()
    assert (settlement.result, settlement.reason) == (Result.FAILED, "lease_lost")
    assert (rig.intacct.writes, rig.salesforce.writes) == ([], [])
    assert rig.journal.entries[0].state is Settled.RESENT


async def test_lease_that_passes_between_two_requests_keeps_the_second_back(rig: Rig) -> None:
    rig.shop("A")
    rig.shop("B")
    rig.intacct.chunk_size = 1
    rig.intacct.meanwhile.append(lambda: expire(rig))
    settlements = await rig.run("A", "B")
    assert len(rig.intacct.writes) == 1
    assert [settlement.reason for settlement in settlements] == ["lease_lost", "lease_lost"]
    assert settlements[0].achieved is Result.CREATED


async def test_lease_that_passed_says_nothing_on_the_salesforce_record(rig: Rig) -> None:
    rig.shop()
    rig.intacct.meanwhile.append(lambda: expire(rig))
    await rig.sync()
    assert rig.salesforce.writes == []


async def test_create_whose_record_is_another_ones_twin_is_a_conflict(rig: Rig) -> None:
    rig.shop()
    rig.intacct.meanwhile.append(lambda: rig.journal.link("shop", Bound("B", "1", "N-1")))
    settlement = await rig.sync()
    assert (settlement.result, settlement.reason) == (Result.CONFLICTED, "already_linked")
    assert rig.journal.bound("shop", "A") is None
    assert len(rig.intacct.writes) == 1


async def test_receipt_of_a_lease_that_passed_on_the_wire_changes_nothing(rig: Rig) -> None:
    rig.shop()
    rig.intacct.meanwhile.append(lambda: rig.journal.passed.add("op-A"))
    await rig.sync()
    (entry,) = rig.journal.entries
    assert (entry.state, entry.receipts) == (Settled.RESENT, [])
    assert rig.journal.bound("shop", "A") is None


@pytest.mark.parametrize(
    ("kind", "result"), [(Kind.CONFLICT, Result.CONFLICTED), (Kind.DATA, Result.FAILED), (Kind.CONFIG, Result.FAILED)]
)
async def test_kind_of_a_refusal_decides_the_result(rig: Rig, kind: Kind, result: Result) -> None:
    rig.shop()
    rig.intacct.plan(refused(kind=kind))
    settlement: Settlement = await rig.sync()
    assert (settlement.result, settlement.again_at) == (result, None)


@pytest.mark.parametrize(("attempts", "seconds"), [(0, 2.0), (1, 4.0), (2, 8.0), (11, 900.0)])
async def test_passing_trouble_waits_longer_with_each_try(rig: Rig, attempts: int, seconds: float) -> None:
    rig.shop()
    rig.intacct.plan(unsent())
    settlement = await rig.sync(attempts=attempts)
    assert seconds_between(rig.start, settlement.again_at) == seconds


async def test_passing_trouble_that_does_not_pass_is_given_up_in_the_end(rig: Rig) -> None:
    rig.shop()
    rig.intacct.plan(unsent())
    settlement = await rig.sync(attempts=12)
    assert (settlement.result, settlement.again_at) == (Result.FAILED, None)
    assert rig.record()[STATUS] == "Error"


async def test_failure_that_is_tried_again_reads_in_process_on_the_record(rig: Rig) -> None:
    rig.shop()
    rig.intacct.plan(unsent())
    await rig.sync()
    assert (rig.record()[STATUS], rig.record()[ERRORS]) == (
        "In Process",
        "Nobody answers. Nothing to do: it is tried again by itself.",
    )
    assert SYNCED not in rig.record()
