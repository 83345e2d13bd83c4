"""New records: found before they are created, created with their companions in the order that needs fewest writes."""

from decimal import Decimal

import pytest

from app.domain.decisions import Result
from app.domain.errors import Kind
from app.domain.merge import Direction
from app.sync.ports import Action, Bound, Write
from tests.sync.doubles import lost, refused, seconds_between, unsent
from tests.sync.rig import ERRORS, ID_FIELD, STATUS, SYNCED, Rig, plan_of

FRONT = {"Front_Street__c": "1 Main St"}
BOTH = {**FRONT, "Rear_Street__c": "2 Back St"}


def spelt(writes: list[Write]) -> list[str]:
    """Writes as `create SHOP`."""
    return [f"{write.action} {write.kind}" for write in writes]


# what a create carries


async def test_create_carries_filled_rows_our_key_and_nothing_else(rig: Rig) -> None:
    rig.shop(City__c="Reno", Note__c=None, Limit__c=Decimal(9), Street__c="1\n2")
    await rig.sync()
    (write,) = rig.intacct.writes
    assert write.values == {"NAME": "Shop A", "CITY": "Reno", "LINE1": "1", "LINE2": "2", "SFDC_ID": "A"}


async def test_create_leaves_our_key_out_where_the_company_has_no_field_for_it(rig: Rig) -> None:
    rig.plan = plan_of(linked=False)
    rig.shop()
    await rig.sync()
    assert rig.intacct.writes[0].values == {"NAME": "Shop A"}


async def test_create_is_told_on_the_salesforce_record(rig: Rig) -> None:
    rig.shop()
    await rig.sync()
    record = rig.record()
    assert (record[ID_FIELD], record["ia_crm__Shop_Copy__c"], record[STATUS]) == ("N-1", "A", "OK")
    assert record[SYNCED] == rig.start
    assert ERRORS not in record


async def test_what_intacct_owns_returns_with_the_create(rig: Rig) -> None:
    rig.shop()
    rig.intacct.defaults["SHOP"] = {"LIMIT": Decimal(500)}
    await rig.sync()
    assert rig.record()["Limit__c"] == Decimal("500.00")
    assert len(rig.salesforce.writes) == 1


async def test_history_names_what_was_sent(rig: Rig) -> None:
    rig.shop(City__c="Reno")
    settlement = await rig.sync()
    sent = {change.field: change.after for change in settlement.changes if change.system == "intacct"}
    assert sent == {"NAME": "Shop A", "CITY": "Reno"}


# companions, ids given by Intacct


async def test_record_numbered_by_intacct_goes_first_its_companions_after_and_one_update_links_them(rig: Rig) -> None:
    rig.shop(**BOTH)
    settlement = await rig.sync()
    assert spelt(rig.intacct.writes) == ["create SHOP", "create SIGN", "create SIGN", "update SHOP"]
    assert rig.intacct.writes[-1].values == {"FRONT.SIGNID": "F_N-1", "REAR.SIGNID": "R_N-1"}
    assert settlement.result is Result.CREATED
    assert rig.bound().todo == ()


async def test_companions_share_one_request(rig: Rig) -> None:
    rig.shop(**BOTH)
    await rig.sync()
    assert [len(request) for request in rig.intacct.requests] == [1, 2, 1]


async def test_record_without_companions_needs_one_write(rig: Rig) -> None:
    rig.shop()
    await rig.sync()
    assert spelt(rig.intacct.writes) == ["create SHOP"]


# companions, ids known beforehand


async def test_companions_of_a_known_id_go_first_and_are_named_in_the_create(rig: Rig) -> None:
    rig.shop(**{ID_FIELD: "M-1"}, **BOTH)
    settlement = await rig.sync()
    assert spelt(rig.intacct.writes) == ["create SIGN", "create SIGN", "create SHOP"]
    assert rig.intacct.writes[0].values == {"SIGNID": "F_M-1", "TITLE": "Shop A", "STREET": "1 Main St"}
    created = rig.intacct.writes[-1].values
    assert (created["SHOPID"], created["FRONT.SIGNID"], created["REAR.SIGNID"]) == ("M-1", "F_M-1", "R_M-1")
    assert settlement.intacct_id == "M-1"


@pytest.mark.parametrize("known", [{}, {ID_FIELD: "M-1"}])
async def test_companion_that_exists_already_is_taken_as_it_is(rig: Rig, known: dict[str, str]) -> None:
    rig.shop(**FRONT, **known)
    name = f"F_{known.get(ID_FIELD, 'N-2')}"
    rig.intacct.put("SIGN", {"SIGNID": name, "TITLE": "Old"})
    settlement = await rig.sync()
    assert settlement.result is Result.CREATED
    assert rig.twin()["FRONT.SIGNID"] == name
    assert [sign["TITLE"] for sign in rig.intacct.all("SIGN")] == ["Old"]


async def test_companion_that_is_looked_up_in_salesforce_is_not_made(rig: Rig) -> None:
    rig.shop(**BOTH, Front_Sign__c="chosen by hand")
    await rig.sync()
    assert [write.values["SIGNID"] for write in rig.intacct.writes if write.kind == "SIGN"] == ["R_N-1"]


async def test_companions_are_not_made_when_the_option_is_off(rig: Rig) -> None:
    rig.plan = plan_of(options={"createAddressContacts": False})
    rig.shop(**BOTH)
    await rig.sync()
    assert spelt(rig.intacct.writes) == ["create SHOP"]


async def test_refused_companion_is_a_warning_and_stays_to_be_done(rig: Rig) -> None:
    rig.shop(**FRONT)
    rig.intacct.plan(refused(message="No signs on Sundays."), "SIGN")
    settlement = await rig.sync()
    assert settlement.result is Result.CREATED
    assert "The contact for FRONT was refused: No signs on Sundays." in settlement.warnings
    assert rig.bound().todo == ("FRONT",)


async def test_companion_still_to_be_done_is_made_by_the_next_run(rig: Rig) -> None:
    rig.shop(**FRONT)
    rig.intacct.plan(refused(), "SIGN")
    await rig.sync()
    rig.forget()
    settlement = await rig.sync()
    assert settlement.result is Result.UPDATED
    assert spelt(rig.intacct.writes) == ["create SIGN", "update SHOP"]
    assert (rig.twin()["FRONT.SIGNID"], rig.bound().todo) == ("F_N-1", ())


async def test_companion_nobody_wants_any_more_is_forgotten(rig: Rig) -> None:
    rig.shop(**FRONT)
    rig.intacct.plan(refused(), "SIGN")
    await rig.sync()
    rig.forget()
    rig.shop(Front_Street__c=None)
    await rig.sync()
    assert rig.intacct.writes == []
    assert rig.bound().todo == ()


async def test_lost_companion_of_a_known_id_keeps_the_record_back(rig: Rig) -> None:
    rig.shop(**{ID_FIELD: "M-1"}, **FRONT)
    rig.intacct.plan(lost(executed=False), "SIGN")
    settlement = await rig.sync()
    assert (settlement.result, settlement.reason) == (Result.HELD, "outcome_unknown")
    assert spelt(rig.intacct.writes) == ["create SIGN"]


async def test_run_that_ends_before_its_companions_says_what_stands_in_intacct(rig: Rig) -> None:
    rig.shop(**FRONT)
    rig.intacct.plan(unsent(), "SIGN")
    settlement = await rig.sync()
    assert (settlement.result, settlement.achieved) == (Result.FAILED, Result.CREATED)
    assert rig.bound().intacct_id == "N-1"


async def test_companions_of_a_create_found_later_are_finished(rig: Rig) -> None:
    rig.shop(**FRONT)
    rig.intacct.plan(lost(executed=True), "SHOP")
    await rig.sync()
    rig.forget()
    rig.at(5)
    settlement = await rig.sync()
    assert settlement.result is Result.CREATED
    assert spelt(rig.intacct.writes) == ["create SIGN", "update SHOP"]
    assert rig.bound().todo == ()


async def test_companion_made_by_a_run_that_died_is_not_made_again(rig: Rig) -> None:
    rig.shop(**{ID_FIELD: "M-1"}, **FRONT)
    rig.intacct.plan(unsent(), "SHOP")
    await rig.sync()
    rig.forget()
    settlement = await rig.sync(attempts=1)
    assert settlement.result is Result.CREATED
    assert spelt(rig.intacct.writes) == ["create SHOP"]
    assert rig.twin()["FRONT.SIGNID"] == "F_M-1"


# natural keys


async def test_name_taken_meanwhile_is_tried_again_by_the_next_run(rig: Rig) -> None:
    rig.shop(**{ID_FIELD: "M-1"})
    rig.intacct.plan(refused("already_exists", "SHOPID M-1 exists already."), "SHOP")
    settlement = await rig.sync()
    assert (settlement.result, settlement.reason) == (Result.FAILED, "already_exists")
    assert seconds_between(rig.start, settlement.again_at) == 1
    assert settlement.counts_as_try


async def test_name_that_stays_taken_is_given_up_after_three_tries(rig: Rig) -> None:
    rig.shop(**{ID_FIELD: "M-1"})
    rig.intacct.plan(refused("already_exists", "SHOPID M-1 exists already."), "SHOP")
    settlement = await rig.sync(attempts=3)
    assert (settlement.result, settlement.again_at) == (Result.FAILED, None)


async def test_record_that_took_the_name_is_linked_by_the_next_run(rig: Rig) -> None:
    rig.shop(**{ID_FIELD: "M-1"})
    rig.intacct.plan(refused("already_exists"), "SHOP")
    await rig.sync()
    rig.intacct.put("SHOP", {"SHOPID": "M-1", "NAME": "Shop A"})
    settlement = await rig.sync(attempts=1)
    assert (settlement.result, settlement.reason) == (Result.UPDATED, "linked_by_shopid")
    assert len(rig.intacct.all("SHOP")) == 1


async def test_second_name_is_taken_when_the_first_belongs_to_somebody_else(rig: Rig) -> None:
    rig.named_by("Corner", "Corner 2")
    rig.shop("A")
    rig.intacct.put("SHOP", {"SHOPID": "Corner", "SFDC_ID": "B"})
    settlement = await rig.sync()
    assert (settlement.result, settlement.intacct_id) == (Result.CREATED, "Corner 2")


async def test_record_whose_names_are_all_taken_is_a_conflict(rig: Rig) -> None:
    rig.shop(**{ID_FIELD: "M-1"})
    rig.intacct.put("SHOP", {"SHOPID": "M-1", "SFDC_ID": "B"})
    settlement = await rig.sync()
    assert (settlement.result, settlement.reason) == (Result.CONFLICTED, "id_taken")
    assert settlement.error is not None
    assert settlement.error.field == ID_FIELD
    assert rig.intacct.writes == []


async def test_namesakes_in_one_batch_get_different_names(rig: Rig) -> None:
    rig.named_by("Corner", "Corner 2")
    rig.shop("A")
    rig.shop("B")
    settlements = await rig.run("A", "B")
    assert [settlement.intacct_id for settlement in settlements] == ["Corner", "Corner 2"]
    assert len(rig.intacct.requests) == 1


async def test_supplied_id_that_is_too_long_is_refused_before_anything_is_sent(rig: Rig) -> None:
    rig.shop(**{ID_FIELD: "x" * 21})
    settlement = await rig.sync()
    assert (settlement.result, settlement.reason) == (Result.FAILED, "too_long")
    assert settlement.message == f"{ID_FIELD} has 21 characters; SHOPID holds 20."
    assert rig.intacct.writes == []


async def test_missing_sequence_is_named_as_a_matter_of_set_up(rig: Rig) -> None:
    rig.intacct.sequences.clear()
    rig.shop()
    settlement = await rig.sync()
    assert (settlement.result, settlement.reason) == (Result.FAILED, "sequence_missing")
    assert settlement.error is not None
    assert settlement.error.kind is Kind.CONFIG


async def test_sequence_alone_gives_ids_when_the_option_says_so(rig: Rig) -> None:
    rig.plan = plan_of(options={"customerIdSource": "sequence"})
    rig.shop(**{ID_FIELD: "M-1"})
    assert (await rig.sync()).reason == "unknown_intacct_id"
    assert rig.intacct.writes == []


async def test_salesforce_alone_gives_ids_when_the_option_says_so(rig: Rig) -> None:
    rig.plan = plan_of(options={"customerIdSource": "salesforce"})
    rig.shop()
    assert (await rig.sync()).reason == "intacct_id_missing"
    rig.shop(**{ID_FIELD: "M-1"})
    assert (await rig.sync()).intacct_id == "M-1"


# twins that exist


async def test_twin_with_our_key_is_linked_and_not_created(rig: Rig) -> None:
    rig.shop()
    key = rig.intacct.put("SHOP", {"SHOPID": "X-1", "NAME": "Shop A", "SFDC_ID": "A"})
    settlement = await rig.sync()
    assert (settlement.result, settlement.reason, settlement.intacct_key) == (Result.UPDATED, "linked_by_link_key", key)
    assert rig.intacct.writes == []
    assert rig.record()[ID_FIELD] == "X-1"


async def test_twin_found_by_name_is_linked_and_gets_our_key(rig: Rig) -> None:
    rig.shop()
    rig.intacct.put("SHOP", {"SHOPID": "X-1", "NAME": "Shop A"})
    settlement = await rig.sync()
    assert settlement.reason == "linked_by_name"
    (write,) = rig.intacct.writes
    assert (write.action, write.values) == (Action.UPDATE, {"SFDC_ID": "A"})


async def test_our_key_goes_before_the_name(rig: Rig) -> None:
    rig.shop()
    rig.intacct.put("SHOP", {"SHOPID": "X-1", "NAME": "Shop A"})
    key = rig.intacct.put("SHOP", {"SHOPID": "X-2", "NAME": "Other", "SFDC_ID": "A"})
    assert (await rig.sync()).intacct_key == key


async def test_namesake_that_bears_another_records_key_is_not_taken(rig: Rig) -> None:
    rig.shop()
    rig.intacct.put("SHOP", {"SHOPID": "X-1", "NAME": "Shop A", "SFDC_ID": "B"})
    assert (await rig.sync()).result is Result.CREATED


async def test_namesake_that_is_linked_already_is_not_taken(rig: Rig) -> None:
    rig.shop()
    key = rig.intacct.put("SHOP", {"SHOPID": "X-1", "NAME": "Shop A"})
    rig.journal.link("shop", Bound("B", key, "X-1"))
    assert (await rig.sync()).result is Result.CREATED


async def test_two_namesakes_in_intacct_are_a_conflict_that_names_both(rig: Rig) -> None:
    rig.shop()
    for name in ("X-1", "X-2"):
        rig.intacct.put("SHOP", {"SHOPID": name, "NAME": "Shop A"})
    settlement = await rig.sync()
    assert (settlement.result, settlement.reason) == (Result.CONFLICTED, "ambiguous_match")
    assert settlement.message == "2 SHOP records bear the NAME 'Shop A': X-1, X-2."
    assert rig.intacct.writes == []


async def test_two_records_that_would_take_one_twin_are_a_conflict_for_both(rig: Rig) -> None:
    rig.shop("A", Name="Corner")
    rig.shop("B", Name="Corner")
    rig.intacct.put("SHOP", {"SHOPID": "X-1", "NAME": "Corner"})
    settlements = await rig.run("A", "B")
    assert [settlement.reason for settlement in settlements] == ["ambiguous_match"] * 2
    assert rig.intacct.writes == []


async def test_supplied_id_is_the_only_twin_there_can_be(rig: Rig) -> None:
    rig.shop(**{ID_FIELD: "M-1"})
    rig.intacct.put("SHOP", {"SHOPID": "X-1", "NAME": "Shop A"})
    settlement = await rig.sync()
    assert (settlement.result, settlement.intacct_id) == (Result.CREATED, "M-1")


async def test_linking_fills_what_is_empty_on_either_side_and_loses_nothing(rig: Rig) -> None:
    rig.shop(City__c=None, Tax__c="T1")
    rig.intacct.put("SHOP", {"SHOPID": "X-1", "NAME": "Shop A", "CITY": "Reno", "SFDC_ID": "A"})
    await rig.sync()
    assert (rig.record()["City__c"], rig.twin()["TAXID"]) == ("Reno", "T1")


async def test_twin_linked_to_another_record_meanwhile_is_a_conflict(rig: Rig) -> None:
    rig.shop()
    rig.intacct.put("SHOP", {"SHOPID": "X-1", "NAME": "Shop A", "SFDC_ID": "A"})
    rig.journal.passed.add("op-A")
    settlement = await rig.sync()
    assert (settlement.result, settlement.reason) == (Result.CONFLICTED, "already_linked")
    assert rig.intacct.writes == []


async def test_change_in_intacct_creates_nothing_anywhere(rig: Rig) -> None:
    rig.shop()
    settlement = await rig.sync(direction=Direction.FROM_INTACCT)
    assert (settlement.result, settlement.reason) == (Result.SKIPPED, "not_linked")
    assert (rig.intacct.writes, rig.salesforce.writes) == ([], [])


async def test_refused_companion_of_a_known_id_is_sent_once_per_run(rig: Rig) -> None:
    rig.shop(**FRONT, **{ID_FIELD: "M-1"})
    rig.intacct.plan(refused(), "SIGN", times=2)
    await rig.sync()
    assert spelt(rig.intacct.writes) == ["create SIGN", "create SHOP"]
