"""A run from end to end: what is read, what stops it, what travels, what is told, what happens when a side fails."""

from decimal import Decimal

import pytest

from app.domain.decisions import Reference, Result
from app.domain.errors import Kind, SyncError
from app.domain.merge import Direction
from app.domain.records import System, Value
from app.sync.ports import Action, Bound
from tests.sync.doubles import lost, refused, seconds_between, unsent
from tests.sync.rig import ERRORS, ID_FIELD, STATUS, SYNCED, Rig, plan_of

BACK = Direction.FROM_INTACCT
SILENT = SyncError(Kind.TRANSIENT, "unreachable", "Nobody answers.")


# what stops a run early


async def test_record_nobody_can_see_is_not_found(rig: Rig) -> None:
    settlement = await rig.sync("Z")
    assert (settlement.result, settlement.reason) == (Result.FAILED, "record_not_found")
    assert "Shop__c with id Z" in settlement.message


async def test_deleted_record_is_skipped_and_its_twin_stays(rig: Rig) -> None:
    await rig.linked()
    rig.salesforce.bury("Shop__c", "A", IsDeleted=True)
    settlement = await rig.sync()
    assert (settlement.result, settlement.reason) == (Result.SKIPPED, "deleted_in_salesforce")
    assert rig.intacct.writes == []


async def test_merged_record_names_the_one_it_was_merged_into(rig: Rig) -> None:
    rig.shop()
    rig.salesforce.bury("Shop__c", "A", IsDeleted=True, MasterRecordId="B")
    settlement = await rig.sync()
    assert (settlement.result, settlement.reason) == (Result.SKIPPED, "merged_in_salesforce")
    assert settlement.message == "The record was merged into B."


@pytest.mark.parametrize("origin", ["flow", "schedule"])
async def test_new_record_nobody_asked_for_is_skipped_when_the_option_is_off(rig: Rig, origin: str) -> None:
    rig.plan = plan_of(options={"addNewAccounts": False})
    rig.shop()
    settlement = await rig.sync(origin=origin)
    assert (settlement.result, settlement.reason) == (Result.SKIPPED, "add_new_off")
    assert (rig.intacct.writes, rig.salesforce.writes) == ([], [])


@pytest.mark.parametrize("origin", ["button", "massTool", "apex", "cascade"])
async def test_new_record_somebody_asked_for_is_added_whatever_the_option(rig: Rig, origin: str) -> None:
    rig.plan = plan_of(options={"addNewAccounts": False})
    rig.shop()
    assert (await rig.sync(origin=origin)).result is Result.CREATED


async def test_linked_record_is_updated_by_a_flow_whatever_the_option(rig: Rig) -> None:
    await rig.linked()
    rig.plan = plan_of(options={"addNewAccounts": False})
    rig.shop(City__c="Reno")
    assert (await rig.sync(origin="flow")).result is Result.UPDATED


async def test_record_that_cannot_be_carried_over_is_told_all_its_problems_at_once(rig: Rig) -> None:
    rig.shop(Name=None, Tax__c="123456")
    settlement = await rig.sync()
    assert (settlement.result, settlement.reason) == (Result.FAILED, "required_field_empty")
    assert settlement.message == "Name is empty. Tax__c has 6 characters, at most 5 are allowed."
    assert rig.intacct.writes == []
    assert rig.record()[STATUS] == "Error"
    assert rig.record()[ERRORS] == f"{settlement.message} Correct Name, then sync again."


async def test_cut_value_is_a_warning(rig: Rig) -> None:
    rig.shop(City__c="Llanfairpwllgwyngyll")
    settlement = await rig.sync()
    assert settlement.result is Result.CREATED
    assert settlement.warnings == ("City__c is longer than Intacct holds and was cut.",)


# references


async def test_record_waits_for_the_record_it_names(rig: Rig) -> None:
    rig.shop(Owner__c="P1")
    settlement = await rig.sync()
    assert (settlement.result, settlement.reason) == (Result.BLOCKED, "waiting_for_reference")
    assert settlement.waits_for == (Reference("person", "P1"),)
    assert rig.intacct.writes == []
    assert rig.record()[STATUS] == "In Process"


async def test_record_it_has_waited_for_in_vain_blocks_it(rig: Rig) -> None:
    rig.shop(Owner__c="P1")
    owner = Reference("person", "P1")
    settlement = await rig.sync(waited_for=frozenset([owner]))
    assert (settlement.result, settlement.reason) == (Result.BLOCKED, "reference_not_synced")
    assert (settlement.blocked_on, settlement.waits_for, settlement.again_at) == (owner, (), None)
    assert rig.record()[STATUS] == "Error"


async def test_reference_travels_as_the_id_of_its_twin(rig: Rig) -> None:
    rig.journal.link("person", Bound("P1", "77", "EMP-1"))
    rig.shop(Owner__c="P1")
    await rig.sync()
    assert rig.twin()["OWNER.ID"] == "EMP-1"


async def test_reference_changed_in_intacct_comes_back_as_a_look_up(rig: Rig) -> None:
    rig.journal.link("person", Bound("P2", "78", "EMP-2"))
    key = await rig.linked()
    rig.intacct.put("SHOP", {"OWNER.ID": "EMP-2"}, key)
    await rig.sync(direction=BACK)
    assert rig.record()["Owner__c"] == "P2"


async def test_change_coming_from_intacct_does_not_wait_for_references(rig: Rig) -> None:
    key = await rig.linked()
    rig.shop(Owner__c="P1")
    rig.intacct.put("SHOP", {"CITY": "Reno"}, key)
    settlement = await rig.sync(direction=BACK)
    assert settlement.result is Result.UPDATED
    assert rig.record()["City__c"] == "Reno"


# what travels


async def test_only_what_changed_is_sent(rig: Rig) -> None:
    key = await rig.linked(City__c="Reno", Tax__c="T1")
    rig.shop(City__c="Vegas")
    settlement = await rig.sync()
    (write,) = rig.intacct.writes
    assert (write.action, write.key, write.values) == (Action.UPDATE, key, {"CITY": "Vegas"})
    assert [(c.system, c.field, c.before, c.after) for c in settlement.changes if c.field == "CITY"] == [
        (System.INTACCT, "CITY", "Reno", "Vegas")
    ]


async def test_emptied_field_is_cleared_in_intacct(rig: Rig) -> None:
    await rig.linked(City__c="Reno")
    rig.shop(City__c=None)
    await rig.sync()
    assert rig.intacct.writes[0].values == {"CITY": None}


async def test_second_run_writes_nothing_anywhere(rig: Rig) -> None:
    await rig.linked(City__c="Reno", Street__c="1\n2\n3\n4", Tax__c="T1", Note__c=" x ")
    saves = rig.journal.saves
    settlement = await rig.sync()
    assert (settlement.result, settlement.reason) == (Result.UNCHANGED, "in_step")
    assert (rig.intacct.writes, rig.salesforce.writes, rig.journal.saves) == ([], [], saves)
    assert settlement.achieved is None


async def test_our_own_write_coming_back_as_a_change_writes_nothing(rig: Rig) -> None:
    await rig.linked(City__c="Reno")
    rig.shop(City__c="Vegas")
    await rig.sync()
    rig.forget()
    settlement = await rig.sync(direction=BACK)
    assert settlement.result is Result.UNCHANGED
    assert (rig.intacct.writes, rig.salesforce.writes) == ([], [])


async def test_edit_in_intacct_comes_back(rig: Rig) -> None:
    key = await rig.linked(City__c="Reno")
    rig.intacct.put("SHOP", {"CITY": "Vegas", "LIMIT": Decimal(5)}, key)
    settlement = await rig.sync(direction=BACK)
    assert (settlement.result, settlement.achieved) == (Result.UPDATED, None)
    (write,) = rig.salesforce.writes
    assert {name: write.values[name] for name in ("City__c", "Limit__c")} == {
        "City__c": "Vegas",
        "Limit__c": Decimal("5.00"),
    }
    assert write.values[SYNCED] == rig.clock.now()
    assert rig.intacct.writes == []
    assert (await rig.sync()).result is Result.UNCHANGED


async def test_field_only_salesforce_owns_does_not_come_back(rig: Rig) -> None:
    key = await rig.linked(Note__c="ours")
    rig.intacct.put("SHOP", {"NOTE": "theirs"}, key)
    settlement = await rig.sync(direction=BACK)
    assert settlement.result is Result.UNCHANGED
    assert rig.record()["Note__c"] == "ours"


async def test_change_in_salesforce_waits_while_one_from_intacct_is_fetched(rig: Rig) -> None:
    key = await rig.linked(City__c="Reno", Tax__c="T1")
    rig.shop(Tax__c="T2")
    rig.intacct.put("SHOP", {"CITY": "Vegas"}, key)
    await rig.sync(direction=BACK)
    assert rig.intacct.writes == []
    await rig.sync()
    assert (rig.twin()["TAXID"], rig.twin()["CITY"], rig.record()["City__c"]) == ("T2", "Vegas", "Vegas")


@pytest.mark.parametrize(("later", "winner"), [("salesforce", "ours"), ("intacct", "theirs")])
async def test_field_changed_on_both_sides_takes_the_later_value_and_says_so(rig: Rig, later: str, winner: str) -> None:
    key = await rig.linked(City__c="old")
    edits = {"salesforce": lambda: rig.shop(City__c="ours"), "intacct": lambda: rig.intacct.put("SHOP", THEIRS, key)}
    edits.pop("salesforce" if later == "intacct" else "intacct")()
    rig.clock.advance(60)
    edits.popitem()[1]()
    settlement = await rig.sync()
    assert (rig.twin()["CITY"], rig.record()["City__c"]) == (winner, winner)
    assert [text for text in settlement.warnings if text.startswith("City__c was changed on both sides; " + later)]


THEIRS: dict[str, Value] = {"CITY": "theirs"}


async def test_value_salesforce_has_no_room_for_stays_away_with_a_warning(rig: Rig) -> None:
    key = await rig.linked(Tax__c="T1")
    rig.intacct.put("SHOP", {"TAXID": "12345", "CITY": "Reno"}, key)
    settlement = await rig.sync(direction=BACK)
    assert settlement.warnings == ("Tax__c has 5 characters, Salesforce holds at most 3.",)
    assert (rig.record()["Tax__c"], rig.record()["City__c"]) == ("T1", "Reno")


async def test_id_a_user_changed_on_the_record_is_put_right(rig: Rig) -> None:
    await rig.linked()
    rig.shop(**{ID_FIELD: "nonsense"})
    await rig.sync()
    assert rig.record()[ID_FIELD] == "N-1"


# sync only once


async def test_synced_record_is_not_sent_again_when_it_syncs_only_once(rig: Rig) -> None:
    await rig.linked(City__c="Reno")
    rig.plan = plan_of(options={"syncOnlyOnce": True})
    rig.shop(City__c="Vegas")
    settlement = await rig.sync()
    assert (settlement.result, settlement.reason) == (Result.SKIPPED, "sync_only_once")
    assert rig.intacct.writes == []
    assert rig.twin()["CITY"] == "Reno"


async def test_new_record_is_created_when_it_syncs_only_once(rig: Rig) -> None:
    rig.plan = plan_of(options={"syncOnlyOnce": True})
    rig.shop()
    assert (await rig.sync()).result is Result.CREATED


async def test_companions_of_a_record_that_syncs_only_once_are_finished_and_nothing_else(rig: Rig) -> None:
    rig.plan = plan_of(options={"syncOnlyOnce": True})
    rig.shop(City__c="Reno", Front_Street__c="1 Main St")
    rig.intacct.plan(refused(), "SIGN")
    await rig.sync()
    rig.forget()
    rig.shop(City__c="Vegas")
    settlement = await rig.sync()
    assert [f"{w.action} {w.kind}" for w in rig.intacct.writes] == ["create SIGN", "update SHOP"]
    assert rig.intacct.writes[-1].values == {"FRONT.SIGNID": "F_N-1"}
    assert settlement.result is Result.UPDATED
    assert rig.twin()["CITY"] == "Reno"


async def test_edit_in_intacct_still_comes_back_when_it_syncs_only_once(rig: Rig) -> None:
    key = await rig.linked(City__c="Reno")
    rig.plan = plan_of(options={"syncOnlyOnce": True})
    rig.intacct.put("SHOP", {"CITY": "Vegas"}, key)
    assert (await rig.sync(direction=BACK)).result is Result.UPDATED
    assert rig.record()["City__c"] == "Vegas"


async def test_record_that_syncs_only_once_is_not_stopped_by_its_problems_or_references(rig: Rig) -> None:
    await rig.linked()
    rig.plan = plan_of(options={"syncOnlyOnce": True})
    rig.shop(Tax__c="123456", Owner__c="P1")
    assert (await rig.sync()).reason == "sync_only_once"


# failures


@pytest.mark.parametrize("side", ["salesforce", "intacct"])
async def test_read_that_fails_fails_all_open_records_and_is_tried_again(rig: Rig, side: str) -> None:
    rig.shop("A")
    rig.shop("B")
    getattr(rig, side).read_failures.append(SILENT)
    settlements = await rig.run("A", "B")
    assert [(s.result, s.reason) for s in settlements] == [(Result.FAILED, "unreachable")] * 2
    assert [seconds_between(rig.start, s.again_at) for s in settlements] == [2, 2]
    assert rig.intacct.writes == []


async def test_read_that_fails_leaves_records_that_were_over_as_they_were(rig: Rig) -> None:
    rig.plan = plan_of(options={"addNewAccounts": False})
    rig.shop("A")
    await rig.linked("B")
    rig.intacct.read_failures.append(SILENT)
    over, failed = await rig.run("A", "B", origin="flow")
    assert (over.reason, failed.reason) == ("add_new_off", "unreachable")


async def test_credentials_that_are_refused_are_tried_again_slowly(rig: Rig) -> None:
    rig.shop()
    rig.salesforce.read_failures.append(SyncError(Kind.AUTH, "login_refused", "Login refused."))
    settlement = await rig.sync()
    assert seconds_between(rig.start, settlement.again_at) == 60


async def test_read_back_that_fails_keeps_what_was_achieved(rig: Rig) -> None:
    rig.shop()
    rig.intacct.meanwhile.append(lambda: rig.intacct.read_failures.append(SILENT))
    settlement = await rig.sync()
    assert (settlement.result, settlement.achieved) == (Result.FAILED, Result.CREATED)
    assert settlement.again_at is not None
    assert settlement.intacct_id == "N-1"
    assert (await rig.sync(attempts=1)).result in (Result.UPDATED, Result.UNCHANGED)
    assert len(rig.intacct.all("SHOP")) == 1


async def test_write_back_that_is_refused_keeps_what_was_achieved(rig: Rig) -> None:
    rig.shop()
    rig.salesforce.plan(refused("field_locked", "The record is locked."))
    settlement = await rig.sync()
    assert (settlement.result, settlement.reason) == (Result.FAILED, "field_locked")
    assert settlement.message == (
        "N-1 stands in Intacct, but the Salesforce record could not be updated: The record is locked."
    )
    assert (settlement.achieved, settlement.intacct_id) == (Result.CREATED, "N-1")
    assert settlement.again_at is None


async def test_update_whose_write_back_is_refused_is_an_update_achieved(rig: Rig) -> None:
    await rig.linked(City__c="Reno")
    rig.shop(City__c="Vegas")
    rig.salesforce.plan(refused())
    settlement = await rig.sync()
    assert (settlement.result, settlement.achieved) == (Result.FAILED, Result.UPDATED)
    assert rig.bound().base["CITY"] == "Vegas"


@pytest.mark.parametrize("executed", [True, False])
async def test_write_back_whose_answer_is_lost_is_simply_sent_again(rig: Rig, executed: bool) -> None:
    rig.shop()
    rig.salesforce.plan(lost(executed=executed))
    settlement = await rig.sync()
    assert (settlement.result, settlement.achieved) == (Result.FAILED, Result.CREATED)
    assert seconds_between(rig.start, settlement.again_at) == 2
    await rig.sync(attempts=1)
    assert rig.record()[ID_FIELD] == "N-1"
    assert len(rig.intacct.writes) == 1


async def test_edit_that_could_not_be_brought_back_is_brought_by_the_next_run(rig: Rig) -> None:
    key = await rig.linked(City__c="Reno")
    rig.intacct.put("SHOP", {"CITY": "Vegas"}, key)
    rig.salesforce.plan(unsent())
    assert (await rig.sync(direction=BACK)).result is Result.FAILED
    assert rig.bound().base["CITY"] == "Reno"
    assert (await rig.sync(direction=BACK)).result is Result.UPDATED
    assert rig.record()["City__c"] == "Vegas"


async def test_edit_in_intacct_survives_a_refused_update_of_another_field(rig: Rig) -> None:
    key = await rig.linked(City__c="Reno", Tax__c="T1")
    rig.shop(City__c="Vegas")
    rig.intacct.put("SHOP", {"TAXID": "T2"}, key)
    rig.intacct.plan(refused(), "SHOP")
    assert (await rig.sync()).result is Result.FAILED
    await rig.sync()
    assert (rig.twin()["TAXID"], rig.record()["Tax__c"]) == ("T2", "T2")


async def test_edit_in_intacct_survives_a_refused_write_back_after_an_update(rig: Rig) -> None:
    key = await rig.linked(City__c="Reno", Tax__c="T1")
    rig.shop(City__c="Vegas")
    rig.intacct.put("SHOP", {"TAXID": "T2"}, key)
    rig.salesforce.plan(refused())
    settlement = await rig.sync()
    assert (settlement.result, settlement.achieved) == (Result.FAILED, Result.UPDATED)
    await rig.sync()
    assert (rig.twin()["TAXID"], rig.record()["Tax__c"]) == ("T2", "T2")


async def test_refused_write_back_of_one_record_leaves_the_others_alone(rig: Rig) -> None:
    rig.shop("A")
    rig.shop("B")
    rig.salesforce.plan(refused())
    failed, fine = await rig.run("A", "B")
    assert (failed.result, fine.result) == (Result.FAILED, Result.CREATED)


async def test_refused_update_keeps_the_old_base_so_that_it_is_sent_again(rig: Rig) -> None:
    await rig.linked(City__c="Reno")
    rig.shop(City__c="Vegas")
    rig.intacct.plan(refused())
    settlement = await rig.sync()
    assert (settlement.result, settlement.achieved) == (Result.FAILED, None)
    assert rig.bound().base["CITY"] == "Reno"
    assert (await rig.sync()).result is Result.UPDATED


async def test_error_on_the_record_goes_when_the_record_is_in_step(rig: Rig) -> None:
    rig.shop(Name=None)
    await rig.sync()
    rig.shop(Name="Corrected")
    await rig.sync()
    assert (rig.record()[STATUS], rig.record()[ERRORS]) == ("OK", None)


async def test_twin_that_vanished_long_after_it_was_written_is_a_conflict(rig: Rig) -> None:
    key = await rig.linked()
    rig.at(3 * 3600)
    rig.intacct.bury("SHOP", key)
    settlement = await rig.sync()
    assert (settlement.result, settlement.reason) == (Result.CONFLICTED, "deleted_in_intacct")
    assert rig.intacct.writes == []


async def test_twin_that_cannot_be_read_yet_is_waited_for(rig: Rig) -> None:
    key = await rig.linked()
    rig.at(60)
    rig.intacct.bury("SHOP", key)
    settlement = await rig.sync()
    assert (settlement.result, settlement.reason) == (Result.FAILED, "not_visible_yet")
    assert settlement.again_at is not None


async def test_late_read_of_our_own_update_is_not_taken_for_an_edit(rig: Rig) -> None:
    key = await rig.linked(City__c="Reno")
    before = dict(rig.intacct.get("SHOP", key))
    rig.shop(City__c="Vegas")
    await rig.sync()
    rig.intacct.rewind("SHOP", key, before)
    settlement = await rig.sync()
    assert (settlement.result, settlement.reason) == (Result.FAILED, "late_read")
    assert settlement.again_at is not None
    assert rig.record()["City__c"] == "Vegas"


async def test_batch_needs_as_many_requests_as_one_record(rig: Rig) -> None:
    keys = [f"A{n}" for n in range(40)]
    for key in keys:
        rig.shop(key)
    settlements = await rig.run(*keys)
    assert {settlement.result for settlement in settlements} == {Result.CREATED}
    assert rig.steps.count("salesforce find Shop__c by Id") == 1
    assert len([step for step in rig.steps if step.startswith("intacct find")]) == 2
    assert (len(rig.intacct.requests), len(rig.salesforce.requests)) == (1, 1)


async def test_edit_in_intacct_survives_a_run_that_made_a_companion_and_then_failed(rig: Rig) -> None:
    rig.shop(Front_Street__c="1 Main St", City__c="Reno")
    rig.intacct.plan(refused(), "SIGN")
    key = str((await rig.sync()).intacct_key)
    rig.intacct.put("SHOP", {"CITY": "Vegas"}, key)
    rig.intacct.plan(refused(), "SHOP", Action.UPDATE)
    assert (await rig.sync()).result is Result.FAILED
    await rig.sync()
    assert (rig.twin()["CITY"], rig.record()["City__c"]) == ("Vegas", "Vegas")


async def test_edit_in_intacct_survives_a_run_that_found_a_lost_update_and_then_failed(rig: Rig) -> None:
    key = await rig.linked(City__c="Reno")
    rig.shop(Note__c="one")
    rig.intacct.plan(lost(executed=True))
    await rig.sync()
    rig.intacct.put("SHOP", {"CITY": "Vegas"}, key)
    rig.shop(Note__c="two")
    rig.intacct.plan(unsent())
    rig.at(5)
    assert (await rig.sync()).result is Result.FAILED
    await rig.sync()
    assert (rig.twin()["CITY"], rig.record()["City__c"]) == ("Vegas", "Vegas")


async def test_address_with_a_gap_in_intacct_is_left_as_it_stands(rig: Rig) -> None:
    key = await rig.linked(Street__c="1\n2")
    rig.intacct.put("SHOP", {"LINE1": None, "LINE2": "Suite 5"}, key)
    await rig.sync(direction=BACK)
    assert (await rig.sync()).result is Result.UNCHANGED
    assert rig.intacct.writes == []
