"""Unclear writes: looked up on the ladder, found, sent again when certainly absent, or held for a person."""

from dataclasses import replace

import pytest

from app.domain.decisions import Result
from app.domain.errors import Kind
from app.sync.ports import Action, Bound, Settled
from tests.sync.doubles import crash, lost, refused, release, seconds_between
from tests.sync.rig import ERRORS, ID_FIELD, SHOP, STATUS, Rig, plan_of


async def lose_create(rig: Rig, *, executed: bool, **values: str) -> None:
    """A shop whose create got no answer."""
    rig.shop(**values)
    rig.intacct.plan(lost(executed=executed), "SHOP")
    settlement = await rig.sync()
    assert settlement.reason == "outcome_unknown"


async def climb(rig: Rig, *seconds: float) -> None:
    """Look up at the given times after the start, finding nothing."""
    for second in seconds:
        rig.at(second)
        settlement = await rig.sync()
        assert settlement.reason == "outcome_unknown", settlement


async def test_absent_create_is_looked_up_at_every_rung_and_not_sent(rig: Rig) -> None:
    await lose_create(rig, executed=False)
    for now, following in ((5, 30), (30, 120), (120, 960)):
        rig.at(now)
        settlement = await rig.sync()
        assert (settlement.result, settlement.reason) == (Result.HELD, "outcome_unknown")
        assert seconds_between(rig.start, settlement.again_at) == following
    assert len(rig.intacct.writes) == 1


async def test_absent_create_is_sent_again_after_the_last_rung(rig: Rig) -> None:
    await lose_create(rig, executed=False)
    await climb(rig, 5, 30, 120)
    rig.at(960)
    settlement = await rig.sync()
    first, second = rig.intacct.writes
    assert first == second
    assert settlement.result is Result.CREATED
    assert rig.journal.entries[0].states == [
        *(Settled.AMBIGUOUS,) * 4,
        Settled.RESENT,
        Settled.CONFIRMED,
    ]
    assert len(rig.intacct.all("SHOP")) == 1


async def test_content_sent_again_is_the_promised_one_whatever_salesforce_says_now(rig: Rig) -> None:
    await lose_create(rig, executed=False, City__c="Reno")
    await climb(rig, 5, 30, 120)
    rig.shop(City__c="Vegas")
    rig.at(960)
    await rig.sync()
    creates = [write for write in rig.intacct.writes if write.action is Action.CREATE]
    assert [write.values["CITY"] for write in creates] == ["Reno", "Reno"]
    assert creates[0].control_id == creates[1].control_id


async def test_run_before_its_rung_neither_looks_nor_sends(rig: Rig) -> None:
    await lose_create(rig, executed=False)
    rig.forget()
    rig.at(4)
    settlement = await rig.sync()
    assert (settlement.result, seconds_between(rig.start, settlement.again_at)) == (Result.HELD, 5)
    assert not [step for step in rig.steps if step.startswith(("intacct", "salesforce"))]


async def test_look_up_that_came_late_waits_for_all_its_rungs_all_the_same(rig: Rig) -> None:
    await lose_create(rig, executed=False)
    await climb(rig, 2000, 2001, 2002)
    assert len(rig.intacct.writes) == 1
    rig.at(2003)
    assert (await rig.sync()).result is Result.CREATED
    assert len(rig.intacct.writes) == 2


async def test_looks_a_person_asked_for_do_not_exhaust_the_ladder_before_its_last_rung(rig: Rig) -> None:
    await lose_create(rig, executed=False)
    entry = rig.journal.entries[0]
    for second in (5, 6, 7, 8, 9, 959):
        rig.at(second)
        entry.promise = replace(entry.promise, next_look_at=rig.clock.now())
        assert (await rig.sync()).reason == "outcome_unknown"
    assert len(rig.intacct.writes) == 1


async def test_second_loss_climbs_the_ladder_anew(rig: Rig) -> None:
    await lose_create(rig, executed=False)
    await climb(rig, 5, 30, 120)
    rig.intacct.plan(lost(executed=False), "SHOP")
    rig.at(960)
    settlement = await rig.sync()
    assert seconds_between(rig.start, settlement.again_at) == 965
    await climb(rig, 965, 990, 1080)
    rig.at(1920)
    assert (await rig.sync()).result is Result.CREATED
    assert len({write.control_id for write in rig.intacct.writes}) == 1
    assert len(rig.intacct.writes) == 3


async def test_create_found_by_our_key_is_confirmed_and_linked(rig: Rig) -> None:
    await lose_create(rig, executed=True)
    rig.at(5)
    settlement = await rig.sync()
    assert (settlement.result, settlement.intacct_id) == (Result.CREATED, "N-1")
    assert rig.journal.entries[0].states == [Settled.AMBIGUOUS, Settled.CONFIRMED]
    assert rig.record()[ID_FIELD] == "N-1"
    assert len(rig.intacct.writes) == 1


async def test_record_with_our_name_but_another_key_is_not_taken_for_ours(rig: Rig) -> None:
    await lose_create(rig, executed=False)
    rig.intacct.put("SHOP", {"SHOPID": "X-1", "NAME": "Shop A", "SFDC_ID": "B"})
    rig.at(5)
    settlement = await rig.sync()
    assert settlement.reason == "outcome_unknown"


async def test_create_is_found_by_natural_key_where_there_is_no_field_for_ours(rig: Rig) -> None:
    rig.plan = plan_of(linked=False)
    await lose_create(rig, executed=True, **{ID_FIELD: "M-7"})
    rig.at(5)
    settlement = await rig.sync()
    assert (settlement.result, settlement.intacct_id) == (Result.CREATED, "M-7")
    assert len(rig.intacct.writes) == 1


async def test_create_numbered_by_intacct_is_found_by_name_where_there_is_no_field_for_our_key(rig: Rig) -> None:
    rig.plan = plan_of(linked=False)
    await lose_create(rig, executed=True)
    rig.at(5)
    settlement = await rig.sync()
    assert (settlement.result, settlement.intacct_id) == (Result.CREATED, "N-1")


async def test_record_found_that_is_another_ones_twin_is_a_conflict_and_nothing_is_sent(rig: Rig) -> None:
    await lose_create(rig, executed=True)
    rig.journal.link("shop", Bound("B", "1", "N-1"))
    rig.at(5)
    settlement = await rig.sync()
    assert (settlement.result, settlement.reason) == (Result.CONFLICTED, "already_linked")
    assert len(rig.intacct.writes) == 1


async def test_lease_that_passed_keeps_a_resend_back(rig: Rig) -> None:
    await lose_create(rig, executed=False)
    await climb(rig, 5, 30, 120)
    rig.at(960)
    rig.alive = False
    assert (await rig.sync()).reason == "lease_lost"
    assert len(rig.intacct.writes) == 1


async def test_base_of_a_create_found_later_is_what_was_sent(rig: Rig) -> None:
    await lose_create(rig, executed=True, City__c="Reno")
    rig.at(5)
    await rig.sync()
    receipt = rig.journal.entries[0].receipts[-1]
    assert receipt.bound is not None
    assert (receipt.bound.base["CITY"], receipt.bound.base["NOTE"]) == ("Reno", None)


async def test_money_that_stays_absent_is_held_for_a_person_and_never_sent_again(rig: Rig) -> None:
    rig.money()
    await lose_create(rig, executed=False)
    await climb(rig, 5, 30, 120)
    rig.at(960)
    settlement = await rig.sync()
    assert (settlement.result, settlement.reason) == (Result.HELD, "held_for_a_person")
    assert settlement.again_at is None
    assert rig.journal.entries[0].state is Settled.HELD
    rig.at(100_000)
    assert (await rig.sync()).result is not Result.CREATED
    assert len(rig.intacct.writes) == 1


async def test_money_that_is_found_by_our_key_is_confirmed(rig: Rig) -> None:
    rig.money()
    await lose_create(rig, executed=True)
    rig.at(5)
    assert (await rig.sync()).result is Result.CREATED


async def hold_money(rig: Rig) -> None:
    """A lost create of money that was absent on the whole ladder."""
    rig.money()
    await lose_create(rig, executed=False)
    await climb(rig, 5, 30, 120)
    rig.at(960)
    assert (await rig.sync()).reason == "held_for_a_person"


async def test_held_money_tells_the_person_what_to_do(rig: Rig) -> None:
    await hold_money(rig)
    settlement = await rig.sync()
    assert settlement.error is not None
    assert (settlement.error.kind, settlement.error.code) == (Kind.AMBIGUOUS, "held_for_a_person")
    assert settlement.error.advice.startswith("Look in Intacct.")
    assert settlement.again_at is None


async def test_held_money_that_turns_up_after_all_is_confirmed(rig: Rig) -> None:
    await hold_money(rig)
    rig.intacct.put("SHOP", {"SHOPID": "X-1", "NAME": "Shop A", "SFDC_ID": "A"})
    settlement = await rig.sync()
    assert (settlement.result, settlement.intacct_id) == (Result.CREATED, "X-1")
    assert len(rig.intacct.writes) == 1


async def test_write_once_held_stays_held_though_the_object_no_longer_counts_as_money(rig: Rig) -> None:
    await hold_money(rig)
    rig.plan = plan_of()
    assert (await rig.sync()).reason == "held_for_a_person"
    assert len(rig.intacct.writes) == 1


async def test_held_money_a_person_released_is_sent_under_its_old_control_id(rig: Rig) -> None:
    await hold_money(rig)
    release(rig.journal.entries[0], rig.clock.now())
    settlement = await rig.sync()
    first, second = rig.intacct.writes
    assert first == second
    assert settlement.result is Result.CREATED


async def test_released_money_that_stands_there_is_not_sent(rig: Rig) -> None:
    await hold_money(rig)
    rig.intacct.put("SHOP", {"SHOPID": "X-1", "NAME": "Shop A", "SFDC_ID": "A"})
    release(rig.journal.entries[0], rig.clock.now())
    assert (await rig.sync()).result is Result.CREATED
    assert len(rig.intacct.writes) == 1


async def test_released_money_whose_answer_is_lost_again_is_held_again(rig: Rig) -> None:
    await hold_money(rig)
    release(rig.journal.entries[0], rig.clock.now())
    rig.intacct.plan(lost(executed=False))
    assert (await rig.sync()).reason == "outcome_unknown"
    await climb(rig, 965, 990, 1080)
    rig.at(1920)
    assert (await rig.sync()).reason == "held_for_a_person"
    assert len(rig.intacct.writes) == 2


async def lose_update(rig: Rig, *, executed: bool) -> None:
    """A linked shop whose update got no answer."""
    await rig.linked()
    rig.shop(City__c="Reno")
    rig.intacct.plan(lost(executed=executed), "SHOP", Action.UPDATE)
    assert (await rig.sync()).reason == "outcome_unknown"


async def test_absent_update_is_sent_again_after_two_looks(rig: Rig) -> None:
    await lose_update(rig, executed=False)
    await climb(rig, 5)
    rig.at(30)
    settlement = await rig.sync()
    assert settlement.result is Result.UPDATED
    first, second = rig.intacct.writes
    assert first == second
    assert rig.twin()["CITY"] == "Reno"


async def test_update_found_in_place_is_confirmed_and_not_sent_again(rig: Rig) -> None:
    await lose_update(rig, executed=True)
    rig.at(5)
    settlement = await rig.sync()
    assert settlement.result is Result.UPDATED
    assert len(rig.intacct.writes) == 1
    assert rig.bound().base["CITY"] == "Reno"


@pytest.mark.parametrize(("executed", "looks"), [(True, (5,)), (False, (5, 30))])
async def test_newer_salesforce_content_follows_a_lost_update_and_is_not_overwritten_by_it(
    rig: Rig, executed: bool, looks: tuple[int, ...]
) -> None:
    await lose_update(rig, executed=executed)
    rig.clock.advance(1)
    rig.shop(City__c="Vegas")
    await climb(rig, *looks[:-1])
    rig.at(looks[-1])
    settlement = await rig.sync()
    assert settlement.result is Result.UPDATED
    assert settlement.warnings == ()
    assert (rig.twin()["CITY"], rig.record()["City__c"]) == ("Vegas", "Vegas")


async def test_update_of_which_only_a_part_stands_there_is_absent(rig: Rig) -> None:
    key = await rig.linked()
    rig.shop(City__c="Reno", Note__c="Hello")
    rig.intacct.plan(lost(executed=False))
    await rig.sync()
    rig.intacct.put("SHOP", {"CITY": "Reno"}, key)
    rig.at(5)
    assert (await rig.sync()).reason == "outcome_unknown"


async def test_lost_update_is_no_case_for_the_third_rung(rig: Rig) -> None:
    await lose_update(rig, executed=False)
    rig.at(5)
    settlement = await rig.sync()
    assert seconds_between(rig.start, settlement.again_at) == 30


async def test_crash_after_the_promise_is_looked_up_at_once_and_climbs_when_absent(rig: Rig) -> None:
    await lose_create(rig, executed=False)
    crash(rig.journal.entries[0])
    rig.at(1)
    settlement = await rig.sync()
    assert (settlement.reason, seconds_between(rig.start, settlement.again_at)) == ("outcome_unknown", 30)
    assert len(rig.intacct.writes) == 1


async def test_crash_before_the_receipt_is_looked_up_at_once_and_confirmed(rig: Rig) -> None:
    await lose_create(rig, executed=True)
    crash(rig.journal.entries[0])
    settlement = await rig.sync()
    assert settlement.result is Result.CREATED
    assert len(rig.intacct.writes) == 1


async def test_unclear_writes_are_settled_before_anything_is_read_or_planned(rig: Rig) -> None:
    await lose_create(rig, executed=True)
    rig.forget()
    rig.at(5)
    await rig.sync()
    assert rig.steps[:4] == [
        "journal unsettled",
        "intacct find SHOP by SFDC_ID",
        "journal confirmed record",
        "salesforce find Shop__c by Id",
    ]


async def test_one_query_settles_a_whole_batch(rig: Rig) -> None:
    keys = [f"A{n}" for n in range(20)]
    for key in keys:
        rig.shop(key)
    rig.intacct.plan(lost(executed=True), times=10)
    rig.intacct.plan(lost(executed=False), times=10)
    await rig.run(*keys)
    rig.forget()
    rig.at(5)
    settlements = await rig.run(*keys)
    looks = [step for step in rig.steps if step.startswith("intacct find SHOP by SFDC_ID")]
    assert len(looks) == 1
    assert [settlement.result for settlement in settlements] == [Result.CREATED] * 10 + [Result.HELD] * 10


async def test_candidates_without_unclear_writes_go_on(rig: Rig) -> None:
    await lose_create(rig, executed=False)
    rig.shop("B")
    rig.at(5)
    held, other = await rig.run("A", "B")
    assert (held.result, other.result) == (Result.HELD, Result.CREATED)


async def test_resend_that_is_refused_leads_to_a_new_revision_in_the_same_run(rig: Rig) -> None:
    await lose_create(rig, executed=False)
    await climb(rig, 5, 30, 120)
    rig.shop(Name="Corrected")
    rig.intacct.plan(refused(), "SHOP")
    rig.at(960)
    settlement = await rig.sync()
    assert settlement.result is Result.CREATED
    assert [entry.states[-1] for entry in rig.journal.entries] == [Settled.REJECTED, Settled.CONFIRMED]
    assert rig.intacct.writes[-1].control_id != rig.intacct.writes[0].control_id
    assert rig.twin()["NAME"] == "Corrected"


async def test_resend_that_was_executed_after_all_is_refused_by_the_control_id_and_found(rig: Rig) -> None:
    await lose_create(rig, executed=True)
    (made,) = rig.intacct.all("SHOP")
    made["SFDC_ID"] = None  # readers lag: nothing is found on the whole ladder
    await climb(rig, 5, 30, 120)
    rig.at(960)
    settlement = await rig.sync()
    assert (settlement.result, settlement.again_at) == (Result.HELD, rig.clock.now())
    made["SFDC_ID"] = "A"
    assert (await rig.sync()).result is Result.CREATED
    assert len(rig.intacct.all("SHOP")) == 1


async def test_companion_that_was_made_is_found_by_its_name(rig: Rig) -> None:
    rig.shop(Front_Street__c="1 Main St", **{ID_FIELD: "M-1"})
    rig.intacct.plan(lost(executed=True), "SIGN")
    assert (await rig.sync()).reason == "outcome_unknown"
    rig.at(5)
    settlement = await rig.sync()
    assert settlement.result is Result.CREATED
    assert [write.kind for write in rig.intacct.writes] == ["SIGN", "SHOP"]
    assert rig.twin()["FRONT.SIGNID"] == "F_M-1"


@pytest.mark.parametrize("executed", [True, False])
async def test_unclear_record_reads_in_process_on_salesforce_until_it_is_settled(rig: Rig, executed: bool) -> None:
    await lose_create(rig, executed=executed)
    assert rig.record()[STATUS] == "In Process"
    assert str(rig.record()[ERRORS]).startswith("The SHOP (create) may exist in Intacct; the answer was lost.")
    assert ID_FIELD not in rig.record()


@pytest.mark.parametrize(("executed", "looks"), [(True, (5,)), (False, (5, 30, 120, 960))])
async def test_newer_content_follows_a_lost_create(rig: Rig, executed: bool, looks: tuple[int, ...]) -> None:
    rig.plan = plan_of(replace(SHOP, companions=()))
    await lose_create(rig, executed=executed, City__c="Reno")
    rig.shop(City__c="Vegas")
    await climb(rig, *looks[:-1])
    rig.at(looks[-1])
    assert (await rig.sync()).result is Result.CREATED
    assert rig.twin()["CITY"] == "Vegas"


async def test_resend_whose_record_is_another_ones_twin_creates_no_second(rig: Rig) -> None:
    await lose_create(rig, executed=False)
    await climb(rig, 5, 30, 120)
    rig.at(960)
    rig.intacct.meanwhile.append(lambda: rig.journal.link("shop", Bound("B", "1", "N-1")))
    assert (await rig.sync()).reason == "already_linked"
    assert len(rig.intacct.all("SHOP")) == 1


async def test_money_found_by_natural_key_alone_is_a_case_for_a_person(rig: Rig) -> None:
    rig.plan = plan_of(linked=False)
    rig.money()
    await lose_create(rig, executed=False, **{ID_FIELD: "M-7"})
    rig.intacct.put("SHOP", {"SHOPID": "M-7", "NAME": "Somebody else"})
    rig.at(5)
    assert (await rig.sync()).reason == "held_for_a_person"


async def test_one_of_two_namesakes_is_not_taken_for_a_lost_create(rig: Rig) -> None:
    rig.plan = plan_of(linked=False)
    await lose_create(rig, executed=False)
    for name in ("X-1", "X-2"):
        rig.intacct.put("SHOP", {"SHOPID": name, "NAME": "Shop A"})
    rig.at(5)
    assert (await rig.sync()).reason == "outcome_unknown"


async def test_held_money_asks_for_a_person_on_the_salesforce_record(rig: Rig) -> None:
    await hold_money(rig)
    assert rig.record()[STATUS] == "Error"
    assert "A person has to decide." in str(rig.record()[ERRORS])
