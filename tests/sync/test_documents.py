"""Documents with lines: sent whole and once, resent unchanged, held when unclear; Intacct's edits are shown."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from app.domain.decisions import Result, Settlement
from app.domain.declaration import End, Field, Kind, Lines, Rule, SyncedObject, WriteBack
from app.domain.lines import plan_lines
from app.domain.merge import Direction
from app.domain.plan import Plan, make_plan
from app.domain.problems import Problem
from app.domain.records import System
from app.domain.transforms import Amount, Identifier, Reference, Text
from app.sync.engine import Engine
from app.sync.lines import lines_edited, lines_of
from app.sync.ports import Bound, Claim
from tests.fakes import FakeClock
from tests.sync.doubles import MemoryBackend, MemoryJournal, lost, refused, unsent
from tests.sync.rig import LADDER

TO, FROM = Rule.TO_INTACCT, Rule.FROM_INTACCT


def whole(header: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], options: Mapping[str, Any]) -> list[Problem]:
    """A slip adds up to what its header says."""
    total = sum(line["AMOUNT"] or 0 for line in lines)
    return [] if total == header["Total__c"] else [Problem("unequal", "Total__c", f"Total__c differs by {total}.")]


SLIP = SyncedObject(
    name="slip",
    label="Slip",
    salesforce=End("Slip__c", "Name"),
    intacct=End("SLIP", "RECORDNO"),
    kind=Kind.DOCUMENT,
    money=True,
    link_fallback="REF",
    write_back=WriteBack("Record_No__c"),
    fields=(
        Field("TITLE", "Name", TO, Text(20)),
        Field("REF", "Ref__c", TO, Identifier(20)),
        Field("TITLE", "SB_Title__c", FROM, Text(20), shows=True),
    ),
    lines=Lines(
        salesforce="Slip_Line__c",
        parent="Slip__c",
        key="Line_No__c",
        intacct="SLIPLINE",
        header="SLIPKEY",
        number="LINE_NO",
        path="LINES.SLIPLINE",
        needs=("Total__c",),
        check=whole,
        fields=(
            Field("AMOUNT", "Amount__c", TO, Amount(), required=True),
            Field("SHOP", "Shop__c", TO, Reference(), refers_to="shop"),
            Field("AMOUNT", "SB_Amount__c", FROM, Amount(), shows=True),
        ),
    ),
)


def slip_plan(*, custom: bool = True) -> Plan:
    """A company with our custom field, or without."""
    lines = SLIP.lines
    assert lines is not None
    header = {row.salesforce for row in SLIP.fields} | {"Record_No__c", "Total__c", "ia_crm__Intacct_Sync_Status__c"}
    plan = make_plan(
        SLIP,
        scope="t",
        namespace="ia_crm",
        link_field="SFDC_ID",
        options={},
        salesforce_has=header,
        intacct_has={"TITLE", "REF", "RECORDNO"} | ({"SFDC_ID"} if custom else set()),
    )
    made = plan_lines(
        lines,
        namespace="ia_crm",
        salesforce_has={row.salesforce for row in lines.fields},
        intacct_has={"AMOUNT", "SHOP", "LINE_NO", "SLIPKEY"},
    )
    return replace(plan, lines=made)


class Slips:
    """A slip of two lines and everything around it."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock, self.steps = clock, list[str]()
        self.journal = MemoryJournal(clock, self.steps)
        self.salesforce = MemoryBackend(System.SALESFORCE, clock, self.steps)
        self.intacct = MemoryBackend(
            System.INTACCT, clock, self.steps, journal=self.journal, naturals={"SLIP": "RECORDNO"}
        )
        self.intacct.line_kinds["SLIP"] = ("SLIPLINE", "SLIPKEY", "LINE_NO")
        self.plan = slip_plan()
        self.engine = Engine(self.salesforce, self.intacct, self.journal, self.journal, clock, LADDER)
        self.slip("A", 30, 10, 20)

    def slip(self, key: str, total: int, *amounts: int) -> None:
        self.salesforce.put("Slip__c", {"Name": f"Slip {key}", "Total__c": total}, key)
        for number, amount in enumerate(amounts):
            self.salesforce.put("Slip_Line__c", {"Slip__c": key, "Amount__c": amount}, f"{key}{number}")

    async def sync(self, *keys: str, direction: Direction = Direction.TO_INTACCT) -> list[Settlement]:
        self.clock.advance(60)
        claims = [Claim(f"op-{key}", key, "button", 1) for key in keys]
        return await self.engine.run(self.plan, claims, direction)

    async def one(self, key: str = "A", **more: Any) -> Settlement:
        (settlement,) = await self.sync(key, **more)
        return settlement

    def line(self, key: str) -> dict[str, Any]:
        return self.salesforce.get("Slip_Line__c", key)

    def twins(self) -> list[dict[str, Any]]:
        return self.intacct.all("SLIPLINE")

    def bound(self, key: str = "A") -> Bound:
        bound = self.journal.bound("slip", key)
        assert bound is not None
        return bound


@pytest.fixture
def slips(clock: FakeClock) -> Slips:
    return Slips(clock)


async def test_header_and_lines_go_in_one_write(slips: Slips) -> None:
    done = await slips.one()
    assert (done.result, done.message) == (Result.CREATED, "")
    (write,) = slips.intacct.writes
    assert write.values == {"TITLE": "Slip A", "SFDC_ID": "A"}
    assert write.lines is not None
    assert [row["AMOUNT"] for row in write.lines.rows] == [10, 20]


async def test_two_documents_cost_one_query_for_headers_and_one_for_lines_on_each_side(slips: Slips) -> None:
    slips.slip("B", 5, 2, 3)
    await slips.sync("A", "B")
    slips.steps.clear()
    assert [one.result for one in await slips.sync("A", "B")] == [Result.UNCHANGED, Result.UNCHANGED]
    finds = [step for step in slips.steps if " find " in step]
    assert finds == [
        "salesforce find Slip__c by Id",
        "salesforce find Slip_Line__c by Slip__c",
        "intacct find SLIP by RECORDNO",
        "intacct find SLIPLINE by SLIPKEY",
    ]


async def test_lines_learn_the_keys_of_their_twins_and_show_what_stands_there(slips: Slips) -> None:
    await slips.one()
    twins = {str(twin["AMOUNT"]): twin["RECORDNO"] for twin in slips.twins()}
    assert [(slips.line(f"A{n}")["Line_No__c"], slips.line(f"A{n}")["SB_Amount__c"]) for n in (0, 1)] == [
        (twins["10.00"], 10),
        (twins["20.00"], 20),
    ]


async def test_second_run_writes_nothing_anywhere(slips: Slips) -> None:
    await slips.one()
    slips.intacct.take_writes()
    slips.salesforce.take_writes()
    assert (await slips.one()).result is Result.UNCHANGED
    assert (slips.intacct.take_writes(), slips.salesforce.take_writes()) == ([], [])


async def test_edited_line_in_intacct_is_shown_beside_the_original(slips: Slips) -> None:
    await slips.one()
    slips.intacct.put("SLIPLINE", {"AMOUNT": "11"}, str(slips.twins()[0]["RECORDNO"]))
    done = await slips.one(direction=Direction.FROM_INTACCT)
    assert done.result is Result.UPDATED
    assert (slips.line("A0")["Amount__c"], slips.line("A0")["SB_Amount__c"]) == (10, 11)
    assert (await slips.one(direction=Direction.FROM_INTACCT)).result is Result.UNCHANGED


async def test_lines_that_were_replaced_in_intacct_are_told_apart_by_their_order(slips: Slips) -> None:
    await slips.one()
    header = slips.bound().intacct_key
    for twin in slips.twins():
        slips.intacct.bury("SLIPLINE", str(twin["RECORDNO"]))
    for place, amount in ((1, 12), (2, 18)):
        slips.intacct.put("SLIPLINE", {"SLIPKEY": header, "LINE_NO": place, "AMOUNT": amount})
    await slips.one(direction=Direction.FROM_INTACCT)
    assert [slips.line(f"A{n}")["SB_Amount__c"] for n in (0, 1)] == [12, 18]


async def test_line_added_in_intacct_is_told_and_not_made(slips: Slips) -> None:
    await slips.one()
    slips.intacct.put("SLIPLINE", {"SLIPKEY": slips.bound().intacct_key, "LINE_NO": 3, "AMOUNT": 5})
    done = await slips.one(direction=Direction.FROM_INTACCT)
    assert done.warnings == ("Intacct has 1 lines of this document that Salesforce does not have.",)
    assert len(slips.salesforce.all("Slip_Line__c")) == 2


async def test_edit_of_a_sent_line_in_salesforce_is_not_sent_and_said_so(slips: Slips) -> None:
    await slips.one()
    slips.intacct.take_writes()
    slips.salesforce.put("Slip_Line__c", {"Amount__c": 99}, "A0")
    slips.salesforce.put("Slip__c", {"Total__c": 119}, "A")
    done = await slips.one()
    assert (done.result, done.reason) == (Result.SKIPPED, "sent_once")
    assert slips.intacct.take_writes() == []


async def test_edit_of_a_shown_field_in_salesforce_is_put_right(slips: Slips) -> None:
    await slips.one()
    slips.salesforce.put("Slip_Line__c", {"SB_Amount__c": 77}, "A1")
    await slips.one()
    assert slips.line("A1")["SB_Amount__c"] == 20


async def test_document_that_does_not_add_up_is_refused_before_anything_is_sent(slips: Slips) -> None:
    slips.salesforce.put("Slip__c", {"Total__c": 31}, "A")
    done = await slips.one()
    assert (done.result, done.reason) == (Result.FAILED, "unequal")
    assert slips.intacct.writes == []


async def test_problem_of_a_line_names_the_line(slips: Slips) -> None:
    slips.salesforce.put("Slip_Line__c", {"Amount__c": None}, "A1")
    assert (await slips.one()).message == "Line 2: Amount__c is empty."


async def test_reference_of_a_line_comes_first(slips: Slips) -> None:
    slips.salesforce.put("Slip_Line__c", {"Shop__c": "S1"}, "A1")
    done = await slips.one()
    assert (done.result, done.waits_for[0].record_id) == (Result.BLOCKED, "S1")
    slips.journal.link("shop", Bound("S1", "7", "SHOP-7"))
    assert (await slips.one()).result is Result.CREATED
    (write,) = slips.intacct.writes
    assert write.lines is not None
    assert write.lines.rows[1]["SHOP"] == "SHOP-7"


async def test_lost_answer_of_an_executed_create_is_found_by_our_key_and_not_repeated(slips: Slips) -> None:
    slips.intacct.plan(lost(executed=True))
    assert (await slips.one()).result is Result.HELD
    assert (await slips.one()).result is Result.CREATED
    assert (len(slips.intacct.all("SLIP")), len(slips.twins())) == (1, 2)
    assert slips.line("A0")["SB_Amount__c"] == 10


async def test_lost_create_that_stays_absent_is_held_for_a_person(slips: Slips) -> None:
    slips.intacct.plan(lost(executed=False))
    for _ in range(30):
        done = await slips.one()
    assert (done.result, done.reason) == (Result.HELD, "held_for_a_person")
    assert slips.intacct.all("SLIP") == []


async def test_released_create_goes_out_again_with_the_lines_it_was_promised_with(slips: Slips) -> None:
    slips.intacct.plan(lost(executed=False))
    for _ in range(30):
        await slips.one()
    slips.salesforce.put("Slip_Line__c", {"Amount__c": 15}, "A0")  # whoever edits meanwhile changes nothing of it
    slips.journal.entries[0].released = True
    await slips.one()
    assert [twin["AMOUNT"] for twin in slips.twins()] == [10, 20]
    first, again = slips.intacct.writes
    assert (first.lines, first.control_id) == (again.lines, again.control_id)


async def test_unsent_create_is_planned_anew_under_the_same_control_id(slips: Slips) -> None:
    slips.intacct.plan(unsent())
    await slips.one()
    assert (await slips.one()).result is Result.CREATED
    first, again = slips.intacct.writes
    assert first.control_id == again.control_id


async def test_refused_document_leaves_nothing(slips: Slips) -> None:
    slips.intacct.plan(refused())
    assert (await slips.one()).result is Result.FAILED
    assert (slips.intacct.all("SLIP"), slips.twins()) == ([], [])


async def test_without_the_custom_field_an_own_field_bears_our_key_and_its_row_rests(slips: Slips) -> None:
    slips.plan = slip_plan(custom=False)
    assert slips.plan.absent == ("Ref__c ↔ REF",)
    slips.intacct.plan(lost(executed=True))
    await slips.one()
    assert (await slips.one()).result is Result.CREATED
    (twin,) = slips.intacct.all("SLIP")
    assert twin["REF"] == "A"


async def test_copy_that_bears_the_number_of_its_original_is_refused(slips: Slips) -> None:
    slips.slip("B", 3, 1, 2)
    slips.salesforce.put("Slip__c", {"Record_No__c": "4711"}, "B")
    done = await slips.one("B")
    assert (done.result, done.reason) == (Result.CONFLICTED, "sent_before")
    assert slips.intacct.writes == []


async def test_document_whose_link_was_forgotten_is_linked_again_with_its_lines(slips: Slips) -> None:
    await slips.one()
    before = slips.bound()
    slips.journal.unlink("slip", "A")
    slips.intacct.take_writes()
    done = await slips.one()
    assert (done.result, done.reason) == (Result.UPDATED, "linked_by_link_key")
    assert slips.intacct.take_writes() == []
    slips.intacct.put("SLIPLINE", {"AMOUNT": "11"}, str(slips.twins()[0]["RECORDNO"]))
    await slips.one(direction=Direction.FROM_INTACCT)
    assert (slips.bound().intacct_key, slips.line("A0")["SB_Amount__c"]) == (before.intacct_key, 11)


async def test_lost_write_back_of_a_line_is_written_by_the_next_run(slips: Slips) -> None:
    slips.salesforce.plan(refused(), kind="Slip_Line__c")
    assert (await slips.one()).result is Result.CREATED
    assert slips.line("A0").get("SB_Amount__c") is None
    await slips.one()
    assert slips.line("A0")["SB_Amount__c"] == 10


async def test_feed_knows_an_edited_line_from_our_own(slips: Slips) -> None:
    await slips.one()
    plan, header = slips.plan.lines, slips.bound().intacct_key
    assert plan is not None

    async def edited() -> bool:
        found = await lines_of(plan, slips.intacct, [header])
        return lines_edited(plan, slips.bound().base, found[header])

    assert not await edited()
    slips.intacct.put("SLIPLINE", {"AMOUNT": "11"}, str(slips.twins()[0]["RECORDNO"]))
    assert await edited()
