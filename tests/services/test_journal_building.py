"""Entries built from records: once per source line, whoever crashes, repeats or runs at the same time."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from app.domain.building import Row, Side
from app.domain.errors import SyncError
from app.services import building, journal_mappings, sweeper
from app.services.building import Asked
from app.simulators.faults import Fault, FaultKind
from app.simulators.salesforce.flags import OrgFlags
from app.store.session import Sessions
from tests.scenarios.ledger import ENTRY, LINE, Ledger, P
from tests.services.steps import Crash, Steps, crash, stepped
from tests.simulated import build_house

NAME = "Payments"


@pytest.fixture
async def ledger(sessions: Sessions, new_id: Callable[[], str]) -> Ledger:
    """An NPSP org whose payments become entries, by two mappings with the same reference fields."""
    made = await Ledger(await build_house(sessions, new_id, flags=OrgFlags(kind="npsp"))).opened()
    await made.mapped(NAME)
    await made.mapped(NAME, name="Other")
    return made


def gift(ledger: Ledger, *amounts: float) -> str:
    """An opportunity with paid payments."""
    won = {"Name": "Gift", "StageName": "Closed Won", "CloseDate": "2026-03-01"}
    (opportunity,) = ledger.house.seed("Opportunity", won)
    paid = {"npe01__Opportunity__c": opportunity, "npe01__Paid__c": True, "npe01__Payment_Date__c": "2026-03-01"}
    ledger.house.seed("npe01__OppPayment__c", *[{**paid, "npe01__Payment_Amount__c": amount} for amount in amounts])
    return opportunity


async def run(ledger: Ledger, steps: Steps, name: str, record: str) -> None:
    """A run in a process that counts its steps."""
    context = stepped(ledger.house.context, steps)
    await building.run(context, ledger.house.connection, name, [record], Asked("test"))


async def later(ledger: Ledger) -> None:
    """Time passes, and what is due by the clock is done."""
    ledger.house.clock.advance(150)
    await sweeper.sweep(ledger.house.context)
    await building.finish_left(ledger.house.context)
    await ledger.house.drain()


async def settled(ledger: Ledger, *records: str) -> None:
    """Time passes, and somebody asks again by both mappings."""
    await later(ledger)
    await ledger.run(NAME, *records)
    await ledger.run("Other", *records)
    await later(ledger)


def counted(ledger: Ledger, record: str) -> tuple[list[str], int]:
    """Amounts debited in Intacct for the payments of a record, and how many of its payments lack a reference."""
    payments = [
        row
        for row in ledger.house.salesforce.state.records("npe01__OppPayment__c")
        if row["npe01__Opportunity__c"] == record
    ]
    lines = {row[f"{P}Debit_Line__c"] for row in payments}
    keys = {line[f"{P}Intacct_Record_No__c"] for line in ledger.lines() if line["Id"] in lines}
    debits = [twin["TRX_AMOUNT"] for twin in ledger.house.ia("GLENTRY") if twin["RECORDNO"] in keys]
    lacking = sum(1 for row in payments if not row[f"{P}Debit_Line__c"] or not row[f"{P}Credit_Line__c"])
    return sorted(debits), lacking


def debited(ledger: Ledger) -> float:
    """Everything that was ever debited to cash."""
    return sum(float(twin["TRX_AMOUNT"]) for twin in ledger.house.ia("GLENTRY") if twin["TR_TYPE"] == "1")


async def everywhere(ledger: Ledger, then: Callable[[str], Callable[[], Awaitable[None]]]) -> int:
    """Do something at every step of a run, each time on a fresh gift; how many steps there were."""
    records: list[str] = []
    while True:
        records.append(gift(ledger, 10, 15))
        steps = Steps(len(records), then(records[-1]))
        with suppress(Crash):
            await run(ledger, steps, NAME, records[-1])
        if steps.count < len(records):
            break
    await settled(ledger, *records)
    for at, record in enumerate(records, 1):
        assert counted(ledger, record) == (["10.00", "15.00"], 0), f"at step {at}"
    assert debited(ledger) == 25 * len(records)
    return len(records) - 1


async def test_crash_at_any_step_leaves_every_payment_in_exactly_one_entry(ledger: Ledger) -> None:
    assert await everywhere(ledger, lambda record: crash) > 20


@pytest.mark.parametrize("second", [NAME, "Other"])
async def test_second_run_at_any_step_of_the_first_uses_no_line_again(ledger: Ledger, second: str) -> None:
    def other(record: str) -> Callable[[], Awaitable[None]]:
        async def meanwhile() -> None:
            house = ledger.house
            await building.run(house.context, house.connection, second, [record], Asked("second"))

        return meanwhile

    await everywhere(ledger, other)


@pytest.mark.parametrize("kind", [ENTRY, LINE, "npe01__OppPayment__c"])
async def test_lost_answer_of_salesforce_makes_no_second_record(ledger: Ledger, kind: str) -> None:
    record = gift(ledger, 10)
    fault = Fault(FaultKind.RESET_AFTER_COMMIT, match=f"collections.{_verb(kind)}:{kind}")
    ledger.house.salesforce.state.faults.add(fault)
    (made,) = await ledger.run(NAME, record)
    assert made.result == "planned"
    await settled(ledger, record)
    assert counted(ledger, record) == (["10.00"], 0)
    records = ledger.house.salesforce.state.records
    assert (len(records(ENTRY)), len(records(LINE))) == (1, 2)


def _verb(kind: str) -> str:
    return "upsert" if kind in (ENTRY, LINE) else "update"


async def test_content_is_what_was_decided_whatever_changes_meanwhile(ledger: Ledger) -> None:
    record = gift(ledger, 10)
    fault = Fault(FaultKind.RESET_BEFORE_COMMIT, match=f"collections.upsert:{ENTRY}")
    ledger.house.salesforce.state.faults.add(fault)
    await ledger.run(NAME, record)
    (payment,) = ledger.house.salesforce.state.records("npe01__OppPayment__c")
    await ledger.house.edit("npe01__OppPayment__c", payment["Id"], npe01__Payment_Amount__c=99)
    await settled(ledger, record)
    assert counted(ledger, record)[0] == ["10.00"]


async def test_entry_that_salesforce_refuses_gives_its_lines_back(ledger: Ledger) -> None:
    record = gift(ledger, 10)
    mapping = await journal_mappings.load(ledger.house.context, ledger.house.connection.id, NAME)
    rows = (*mapping.line_rows, Row(f"{P}Class__c", constant="a00000000000001AAA", side=Side.BOTH))
    changes = {"line_rows": rows}
    await journal_mappings.change(ledger.house.context, ledger.house.connection.id, NAME, changes, None)
    (made,) = await ledger.run(NAME, record)
    assert (made.result, made.reason) == ("failed", "refused_by_salesforce"), made.message
    (made,) = await ledger.run("Other", record)
    assert made.result == "built", made.message
    assert (len(ledger.house.ia("GLBATCH")), debited(ledger)) == (1, 10)


async def test_rest_of_a_refused_entry_can_never_be_sent(ledger: Ledger) -> None:
    record = gift(ledger, 10)
    mapping = await journal_mappings.load(ledger.house.context, ledger.house.connection.id, NAME)
    rows = (*mapping.line_rows, Row(f"{P}Class__c", constant="a00000000000001AAA", side=Side.CREDIT))
    changes = {"line_rows": rows}
    await journal_mappings.change(ledger.house.context, ledger.house.connection.id, NAME, changes, None)
    await ledger.run(NAME, record)
    (rest,) = ledger.house.salesforce.state.records(ENTRY)
    assert len(ledger.house.salesforce.state.records(LINE)) == 1
    (done,) = await ledger.house.sync("journal_entry", rest["Id"])
    assert (done.result, done.reason, ledger.house.ia("GLBATCH")) == ("failed", "lines_missing", [])


async def test_preview_writes_nothing_and_shows_the_entry(ledger: Ledger) -> None:
    record = gift(ledger, 10, 15)
    outcome = await building.preview(ledger.house.context, ledger.house.connection, NAME, [record])
    (entry,) = outcome.entries
    assert [(line.side, line.values[f"{P}Amount__c"]) for line in entry.lines] == [
        (Side.DEBIT, 10),
        (Side.CREDIT, 10),
        (Side.DEBIT, 15),
        (Side.CREDIT, 15),
    ]
    assert ledger.house.salesforce.state.records(ENTRY) == []
    (made,) = await ledger.run(NAME, record)
    assert made.result == "built"


async def test_payments_are_summed_and_each_is_referred_to_the_sum(ledger: Ledger) -> None:
    record = gift(ledger, 10, 15)
    changes = {"lines_by": ("npe01__Payment_Method__c",)}
    await journal_mappings.change(ledger.house.context, ledger.house.connection.id, NAME, changes, None)
    await ledger.run(NAME, record)
    assert ledger.posted() == [("1000", "1", "25.00"), ("4000", "-1", "25.00")]
    payments = ledger.house.salesforce.state.records("npe01__OppPayment__c")
    assert len({payment[f"{P}Debit_Line__c"] for payment in payments}) == 1


async def test_gifts_of_a_day_share_an_entry(ledger: Ledger) -> None:
    changes = {"entries_by": ("CloseDate",), "header_rows": _titled(await _loaded(ledger))}
    await journal_mappings.change(ledger.house.context, ledger.house.connection.id, NAME, changes, None)
    records = [gift(ledger, 10), gift(ledger, 20)]
    made = await ledger.run(NAME, *records)
    assert made[0].entries == made[1].entries
    assert (len(ledger.house.ia("GLBATCH")), debited(ledger)) == (1, 30)


async def _loaded(ledger: Ledger) -> tuple[Row, ...]:
    loaded = await journal_mappings.load(ledger.house.context, ledger.house.connection.id, NAME)
    return loaded.header_rows


def _titled(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    title = f"{P}Description__c"
    return tuple(replace(r, field=None, constant="Gifts of the day") if r.target == title else r for r in rows)


async def test_unknown_mapping_is_refused(ledger: Ledger) -> None:
    with pytest.raises(SyncError) as refused:
        await ledger.run("nobody", gift(ledger, 1))
    assert refused.value.code == "mapping_unknown"


async def test_id_that_is_none_fails_alone(ledger: Ledger) -> None:
    record = gift(ledger, 1)
    made = await ledger.run(NAME, "x", record[:15])
    assert [(one.record_id, one.reason) for one in made] == [("x", "record_not_found"), (record, "built")]
