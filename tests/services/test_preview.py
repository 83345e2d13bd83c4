"""A preview tells what a sync will do, writes nothing, and its requests are those of the sync, byte for byte."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import func
from sqlmodel import SQLModel, select

from app.domain.records import Lane, System
from app.objects import CATALOGUE
from app.services.preview import Asked, Preview, preview
from app.services.previewed import Previewed, PreviewedField
from app.simulators.faults import Fault, FaultKind
from app.store.link_tables import FormerLink
from app.store.session import Sessions
from app.store.tables import Binding, Cursor, Decision, ErrorLog, Intent, Operation
from tests.scenarios.ledger import Ledger
from tests.scenarios.listed import switch_on
from tests.simulated import House, SimulatedBackends, build_house

ACME = {
    "Name": "Acme & Söhne <Ltd>",
    "Phone": "+1 775 555 0100",
    "BillingStreet": "1 Road\nSuite 2",
    "BillingCity": "Reno",
    "BillingCountry": "United States",
    "ia_crm__IntacctID__c": "ACME-1",
}
TABLES: tuple[type[SQLModel], ...] = (Operation, Binding, FormerLink, Intent, Decision, ErrorLog, Cursor)


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """An empty house."""
    return await build_house(sessions, new_id)


async def show(house: House, name: str, *ids: str, **more: Any) -> Preview:
    """Preview records of one object."""
    return await preview(house.context, house.connection, Asked(name, ids, **more))


async def show_one(house: House, name: str, record_id: str, **more: Any) -> Previewed:
    """Preview one record."""
    (told,) = (await show(house, name, record_id, **more)).records
    return told


def field(told: Previewed, row: str) -> PreviewedField:
    """One row of a previewed record."""
    return next(one for one in told.fields if one.row == row)


def texts(told: Previewed, system: System) -> list[str]:
    """What would be sent to one side."""
    return [one.text for one in told.requests if one.system is system]


async def standing(house: House) -> Any:
    """Everything a preview must not change: ledgers, write counts, rows, bells."""
    async with house.context.begin() as session:
        counts = [(await session.exec(select(func.count()).select_from(table))).one() for table in TABLES]
        rows = [str(row.model_dump()) for table in TABLES for row in await session.exec(select(table))]
    return (
        counts,
        rows,
        house.intacct.state.ledger.describe(),
        house.intacct.state.meters()["records_written"],
        [*house.salesforce.state.org.ledger],
        house.salesforce.state.meters()["writes"],
        [*house.bell.rings],
    )


def heard(house: House, system: System) -> list[bytes]:
    """The bodies of every request one side has received."""
    backends = house.context.backends
    assert isinstance(backends, SimulatedBackends)
    return backends.wires[system].sent


def functions_in(bodies: Sequence[bytes]) -> list[bytes]:
    """The writing functions in requests to Intacct, as bytes."""
    found = [one for body in bodies for one in re.findall(rb"<function .*?</function>", body, re.DOTALL)]
    return [one for one in found if b"<create>" in one or b"<update>" in one]


async def sync_as_shown(house: House, name: str, *ids: str) -> Preview:
    """Preview, then sync with nothing changed between, and compare every request."""
    known = house.context.backends.of(house.connection, Lane.INTERACTIVE).intacct
    await known.describe(CATALOGUE[name].intacct.kind)
    before = await standing(house)
    shown = await show(house, name, *ids)
    assert await standing(house) == before
    there, here = len(heard(house, System.INTACCT)), len(heard(house, System.SALESFORCE))
    spent = house.intacct.state.meters()["transactions"]
    done = await house.sync(name, *ids)
    assert [(row.result, row.reason) for row in done] == [(told.result, told.reason) for told in shown.records]
    assert house.intacct.state.meters()["transactions"] - spent == shown.would_cost
    promised = [text.encode() for told in shown.records for text in texts(told, System.INTACCT)]
    assert sorted(functions_in(heard(house, System.INTACCT)[there:])) == sorted(promised)
    bodies = [body for body in heard(house, System.SALESFORCE)[here:] if b'"records":' in body]
    written = [text.encode() for told in shown.records for text in texts(told, System.SALESFORCE)]
    assert all(any(text in body for body in bodies) for text in written), (written, bodies)
    assert sum(len(json.loads(body)["records"]) for body in bodies) == len(written)
    return shown


async def test_create_is_sent_as_shown(house: House) -> None:
    (account,) = house.seed("Account", ACME)
    (told,) = (await sync_as_shown(house, "account", account)).records
    assert (told.result, told.intacct_id) == ("created", "ACME-1")
    assert [one.exact for one in told.requests if one.system is System.INTACCT] == [True, True]
    assert told.transactions == 2


async def test_create_tells_each_field(house: House) -> None:
    (account,) = house.seed("Account", ACME)
    name = field(await show_one(house, "account", account), "NAME")
    assert (name.salesforce, name.intacct, name.base) == ("Acme & Söhne <Ltd>", None, None)
    assert (name.written_to, name.written) == (System.INTACCT, "Acme & Söhne <Ltd>")


async def test_update_is_sent_as_shown(house: House) -> None:
    (account,) = house.seed("Account", ACME)
    await house.sync("account", account)
    await house.edit("Account", account, Name="Acme Two")
    (told,) = (await sync_as_shown(house, "account", account)).records
    name = field(told, "NAME")
    assert (told.result, name.salesforce, name.intacct) == ("updated", "Acme Two", "Acme & Söhne <Ltd>")
    assert (name.base, name.written_to, name.written) == ("Acme & Söhne <Ltd>", System.INTACCT, "Acme Two")
    assert [one.row for one in told.fields if one.written_to] == ["NAME"]


async def test_unchanged_record_shows_no_request(house: House) -> None:
    (account,) = house.seed("Account", ACME)
    await house.sync("account", account)
    (told,) = (await sync_as_shown(house, "account", account)).records
    assert (told.result, told.reason, told.requests, told.transactions) == ("unchanged", "in_step", (), 0)


async def test_conflict_shows_who_wins(house: House) -> None:
    (account,) = house.seed("Account", ACME)
    await house.sync("account", account)
    (customer,) = house.ia("CUSTOMER")
    await house.edit("Account", account, Name="From here")
    await house.edit_intacct("CUSTOMER", customer["RECORDNO"], {"NAME": "From there"})
    (told,) = (await sync_as_shown(house, "account", account)).records
    name = field(told, "NAME")
    assert (name.won_by, name.written_to, name.written) == (System.INTACCT, System.SALESFORCE, "From there")
    assert any("changed on both sides" in warning for warning in told.warnings)


async def test_match_is_sent_as_shown(house: House) -> None:
    house.seed_intacct("CUSTOMER", {"CUSTOMERID": "C-7", "NAME": "Acme"})
    (account,) = house.seed("Account", {"Name": "Acme", "Phone": "+1 775 555 0100"})
    (told,) = (await sync_as_shown(house, "account", account)).records
    assert (told.reason, told.intacct_id) == ("linked_by_name", "C-7")


async def test_record_whose_reference_is_missing_waits_in_the_preview_too(house: House) -> None:
    (parent,) = house.seed("Account", ACME)
    (child,) = house.seed("Account", {"Name": "Branch", "ParentId": parent})
    before = await standing(house)
    told = await show_one(house, "account", child)
    assert (told.result, told.reason) == ("blocked", "waiting_for_reference")
    assert told.waits_for == (f"account/{parent}",)
    assert await standing(house) == before


async def test_record_that_cannot_be_created_names_its_problem(house: House) -> None:
    (account,) = house.seed("Account", {"Name": "Acme"})
    house.connection.options = {"objects": {"account": {"customerIdSource": "salesforce"}}}
    told = await show_one(house, "account", account)
    assert (told.result, told.reason) == ("failed", "intacct_id_missing")
    assert [(one.code, one.field) for one in told.problems] == [("intacct_id_missing", "ia_crm__IntacctID__c")]
    assert told.advice


async def test_numbers_that_intacct_gives_are_marked_as_not_certain(house: House) -> None:
    (account,) = house.seed("Account", {name: value for name, value in ACME.items() if "IntacctID" not in name})
    house.connection.options = {"objects": {"account": {"customerIdSource": "sequence"}}}
    told = await show_one(house, "account", account)
    there = [one for one in told.requests if one.system is System.INTACCT]
    assert told.result == "created"
    assert there[0].exact
    assert any("(new-1)" in one.text and not one.exact for one in told.requests)


async def test_skipped_record_shows_why(house: House) -> None:
    (account,) = house.seed("Account", ACME)
    house.connection.options = {"objects": {"account": {"addNewAccounts": False}}}
    told = await show_one(house, "account", account, origin="flow")
    assert (told.result, told.reason, told.requests) == ("skipped", "add_new_off", ())


async def test_record_born_in_intacct_is_shown_by_its_number(house: House) -> None:
    (made,) = house.seed_intacct("ITEM", {"ITEMID": "I-1", "NAME": "Bolt", "ITEMTYPE": "Non-Inventory"})
    house.connection.options = {"objects": {"product": {"enabled": True}}}
    async with house.context.begin() as session:
        await session.merge(house.connection)
    before = await standing(house)
    told = await show_one(house, "product", f"#{made['RECORDNO']}")
    assert (told.result, told.reason) == ("created", "created_in_salesforce")
    assert await standing(house) == before
    here = len(heard(house, System.SALESFORCE))
    await house.poll()
    (body,) = [body for body in heard(house, System.SALESFORCE)[here:] if b'"records":' in body]
    (text,) = texts(told, System.SALESFORCE)
    assert json.loads(body)["records"][0].keys() == json.loads(text).keys()


async def test_unclear_write_is_reported_and_left_alone(house: House) -> None:
    (account,) = house.seed("Account", ACME)
    house.intacct.state.faults.add(Fault(FaultKind.RESET_AFTER_COMMIT, "create:CUSTOMER"))
    await house.sync("account", account)
    before = await standing(house)
    told = await show_one(house, "account", account)
    assert any("unclear" in warning for warning in told.warnings)
    assert await standing(house) == before


async def test_two_hundred_records_take_few_calls(house: House) -> None:
    accounts = house.seed(
        "Account", *({"Name": f"Company {n:03}", "ia_crm__IntacctID__c": f"C{n:03}"} for n in range(200))
    )
    calls = house.salesforce.state.meters()["calls"]
    requests = house.intacct.state.meters()["requests"]
    shown = await show(house, "account", *accounts)
    assert [told.record_id for told in shown.records] == accounts
    assert {told.result for told in shown.records} == {"created"}
    assert house.salesforce.state.meters()["calls"] - calls <= 4
    assert house.intacct.state.meters()["requests"] - requests <= 4
    assert shown.would_cost >= 200


async def test_malformed_id_fails_alone(house: House) -> None:
    (account,) = house.seed("Account", ACME)
    wrong, right, again = (await show(house, "account", "nonsense", account[:15], account)).records
    assert (wrong.record_id, wrong.reason) == ("nonsense", "record_id_malformed")
    assert right == again
    assert right.record_id == account


async def test_switched_off_sync_is_said(house: House) -> None:
    (account,) = house.seed("Account", ACME)
    house.connection.enabled = False
    told = await show_one(house, "account", account)
    assert any("switched off" in warning for warning in told.warnings)


async def test_two_records_for_one_twin_are_refused_as_the_sync_would(house: House) -> None:
    house.seed_intacct("CUSTOMER", {"CUSTOMERID": "C-7", "NAME": "Acme"})
    first, second = house.seed("Account", {"Name": "Acme"}, {"Name": "Acme"})
    shown = await sync_as_shown(house, "account", first, second)
    assert {told.reason for told in shown.records} == {"ambiguous_match"}


async def test_merged_record_is_shown_as_the_sync_takes_it(house: House) -> None:
    loser, winner = house.seed("Account", ACME, {"Name": "Acme, the other one"})
    await house.sync("account", loser)
    house.salesforce.state.merge({"object": "Account", "winner": winner, "losers": [loser]})
    before = await standing(house)
    told = await show_one(house, "account", loser)
    assert (told.result, told.reason) == ("skipped", "merged_in_salesforce")
    assert "is linked to that one now" in told.message
    assert await standing(house) == before


async def test_journal_entry_is_sent_with_its_lines_as_shown(house: House) -> None:
    ledger = await Ledger(house).opened()
    entry = ledger.entry(("1000", "Debit", "250.00"), ("4000", "Credit", "250.00"))
    before = await standing(house)
    told = await show_one(house, "journal_entry", entry)
    assert told.result == "created", told.message
    assert await standing(house) == before
    there = len(heard(house, System.INTACCT))
    await house.sync("journal_entry", entry)
    (text,) = texts(told, System.INTACCT)
    assert functions_in(heard(house, System.INTACCT)[there:]) == [text.encode()]
    assert text.count("<GLENTRY>") == 2


async def test_project_tells_that_its_tasks_would_follow(house: House) -> None:
    await switch_on(house, "project", "task")
    (project,) = house.seed("ia_crm__Project__c", {"Name": "Bridge"})
    told = await show_one(house, "project", project)
    assert told.result == "created", told.message
    assert any("task" in warning and "follow" in warning for warning in told.warnings)
