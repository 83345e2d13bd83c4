"""Row 35: bulk update: a filter and values per field; counted, previewed, written once, told at the end."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from sqlmodel import select

from app.domain.conditions import Compare, Operator
from app.domain.errors import SyncError
from app.objects import CATALOGUE
from app.services import bulk_updates, mass_runs, mass_steps
from app.services.bulk_values import Given
from app.services.mass_runs import Progress
from app.services.selections import Wanted
from app.simulators.faults import parse_faults
from app.simulators.salesforce.flags import OrgFlags
from app.store.mass import UPDATE
from app.store.mass_tables import MassEdit, MassRun
from app.store.session import Sessions
from app.store.tables import Connection
from tests.simulated import House, build_house

ACCOUNT = CATALOGUE["account"]
RENO = Wanted(where=Compare("BillingCity", Operator.EQ, ("Reno",)))
SITE = (Given("Site", "HQ"),)


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """A house with three accounts, two of them in Reno."""
    made = await build_house(sessions, new_id)
    made.seed(
        "Account",
        {"Name": "Acme", "BillingCity": "Reno", "Phone": "1"},
        {"Name": "Bolt", "BillingCity": "Reno", "Phone": "2", "Site": "HQ"},
        {"Name": "Cord", "BillingCity": "Oslo"},
    )
    return made


async def start(house: House, given: Sequence[Given] = SITE, wanted: Wanted = RENO, confirmed: int = 2) -> Progress:
    """Begin an update."""
    return await bulk_updates.start(
        house.context,
        house.connection,
        ACCOUNT,
        wanted,
        given,
        confirmed=confirmed,
        by="key-1",
        requested_by="Ada",
        correlation_id="corr-1",
    )


async def through(house: House, progress: Progress, *, size: int = 200) -> Progress:
    """The update at its end, or where it rests."""
    for _ in range(4):
        await mass_steps.advance(house.context, size=size)
    found = await mass_runs.get(house.context, house.connection.id, progress.run.id, UPDATE)
    assert found is not None
    return found


def field(house: House, name: str) -> dict[str, object]:
    """A field of every account, by name."""
    return {row["Name"]: row.get(name) for row in house.salesforce.state.records("Account")}


async def edits(house: House, progress: Progress) -> list[tuple[str, str | None]]:
    """Result and code of every record of an update."""
    async with house.context.begin() as session:
        rows = await session.exec(select(MassEdit).where(MassEdit.run_id == progress.run.id))
        return sorted((row.result, row.code) for row in rows)


def fault(house: House, kind: str) -> None:
    """Trouble with the next write of accounts."""
    for one in parse_faults([{"kind": kind, "match": "collections.update:Account"}]):
        house.salesforce.state.faults.add(one)


async def test_every_record_of_the_filter_gets_the_value_and_the_result_is_told(house: House) -> None:
    assert await bulk_updates.count(house.context, house.connection, ACCOUNT, RENO, SITE) == 2
    done = await through(house, await start(house))
    assert field(house, "Site") == {"Acme": "HQ", "Bolt": "HQ", "Cord": None}
    assert (done.run.state, done.counts["updated"], done.counts["unchanged"]) == ("done", 1, 1)
    assert done.run.message == "2 records: 1 updated, 1 had the values already, 0 failed."
    assert done.run.finished_at is not None


async def test_preview_shows_each_record_and_writes_nothing(house: House) -> None:
    asked = (house.context, house.connection, ACCOUNT, RENO, (Given("Site", formula='CONCAT(Name, " ", Phone)'),))
    first = await bulk_updates.preview(*asked, after="", size=1)
    assert (first.records, [one.after for one in first.planned]) == (2, [{"Site": "Acme 1"}])
    assert first.behind is not None
    second = await bulk_updates.preview(*asked, after=first.behind, size=1)
    assert [(one.before, one.after) for one in second.planned] == [({"Site": "HQ"}, {"Site": "Bolt 2"})]
    assert field(house, "Site") == {"Acme": None, "Bolt": "HQ", "Cord": None}


async def test_values_come_from_the_record_and_from_related_ones(house: House) -> None:
    parent = house.seed("Account", {"Name": "Holding", "Phone": "99"})[0]
    (child,) = house.seed(
        "Account", {"Name": "Child", "BillingCity": "Bern", "ParentId": parent, "NumberOfEmployees": 7}
    )
    given = (
        Given("Phone", formula='IF(BLANK(Parent.Phone), "none", Parent.Phone)'),
        Given("NumberOfEmployees", formula="NumberOfEmployees + 1"),
        Given("BillingCity", ""),
    )
    bern = Wanted(where=Compare("BillingCity", Operator.EQ, ("Bern",)))
    await through(house, await start(house, given, bern, 1))
    row = house.sf("Account", child)
    assert (row["Phone"], row["NumberOfEmployees"], row["BillingCity"]) == ("99", 8, None)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (Given("Nothing__c", "x"), "field_missing"),
        (Given("NumberOfEmployees", "many"), "change_invalid"),
        (Given("Site", formula="__import__('os')"), "change_invalid"),
        (Given("Site", formula="Phone +"), "change_invalid"),
        (Given("CreatedDate", "2026-01-01T00:00:00Z"), "change_refused"),
        (Given("ia_crm__IntacctID__c", "C-1"), "change_refused"),
        (Given("ia_crm__Intacct_Sync_Status__c", "OK"), "change_refused"),
        (Given("ia_crm__Corp_Currency_Balance__c", "1"), "change_refused"),
        (Given("Site", formula="Nobody__c"), "salesforce_field_missing"),
        (Given("Site", "x" * 81), "change_invalid"),
    ],
)
async def test_what_nobody_may_write_is_refused_before_anything_is(house: House, given: Given, code: str) -> None:
    with pytest.raises(SyncError) as refused:
        await start(house, (given,))
    assert refused.value.code == code, refused.value.message
    assert field(house, "Site") == {"Acme": None, "Bolt": "HQ", "Cord": None}


async def test_fixed_rows_of_the_mapping_are_refused(sessions: Sessions, new_id: Callable[[], str]) -> None:
    house = await build_house(sessions, new_id, flags=OrgFlags(multi_currency=True))
    async with house.context.begin() as session:
        row = await session.get_one(Connection, house.connection.id)
        row.options = {"connection": {"intacctCurrencies": "multi"}}
        house.connection = row
    with pytest.raises(SyncError, match="fixed row") as refused:
        await start(house, (Given("CurrencyIsoCode", "EUR"),))
    assert (refused.value.code, refused.value.field) == ("change_refused", "CurrencyIsoCode")


async def test_records_with_errors_are_a_filter_here_too_and_each_is_taken_once(house: House) -> None:
    (bad,) = house.seed("Account", {"Name": "Bad", "ia_crm__Tax_ID__c": "x" * 21, "NumberOfEmployees": 7})
    await house.sync("account", bad)  # an error of our log, and a status that says so
    given = (Given("ia_crm__Tax_ID__c", ""), Given("NumberOfEmployees", formula="NumberOfEmployees + 1"))
    done = await through(house, await start(house, given, Wanted(failed=True), 1))
    assert (done.run.selected, done.counts["updated"]) == (1, 1)
    row = house.sf("Account", bad)
    assert (row["ia_crm__Tax_ID__c"], row["NumberOfEmployees"]) == (None, 8)


async def test_number_that_salesforce_rounds_counts_as_written(house: House) -> None:
    for row in house.salesforce.state.records("Account"):
        await house.edit("Account", row["Id"], AnnualRevenue=10)
    fault(house, "reset_after_commit")
    progress = await through(house, await start(house, (Given("AnnualRevenue", formula="AnnualRevenue / 3"),)))
    house.clock.advance(600)
    assert (await through(house, progress)).counts["updated"] == 2


async def test_nobody_else_asks_while_a_page_is_on_its_way(house: House) -> None:
    progress = await start(house)
    async with house.context.begin() as session:
        row = await session.get_one(MassRun, progress.run.id)
        row.lease_until = house.clock.now() + timedelta(seconds=200)
    await mass_steps.advance(house.context)
    assert field(house, "Site")["Acme"] is None
    await mass_runs.cancel(house.context, house.connection.id, progress.run.id, UPDATE)
    async with house.context.begin() as session:
        assert (await session.get_one(MassRun, progress.run.id)).lease_until is not None


async def test_a_record_that_is_refused_fails_alone_with_its_reason(house: House) -> None:
    done = await through(house, await start(house, (Given("Site", formula="NumberOfEmployees / 0"),)))
    assert (done.run.state, done.counts["failed"]) == ("done", 2)
    assert await edits(house, done) == [("failed", "formula_failed")] * 2
    page = await bulk_updates.edits(house.context, house.connection.id, done.run.id, result="failed", after="", size=1)
    assert page is not None
    assert (page[0][0].field, page[1]) == ("Site", page[0][0].record_id)


async def test_running_sum_is_added_once_whatever_happens_to_the_answer(house: House) -> None:
    for row in house.salesforce.state.records("Account"):
        await house.edit("Account", row["Id"], NumberOfEmployees=1)
    fault(house, "reset_after_commit")
    progress = await through(house, await start(house, (Given("NumberOfEmployees", formula="NumberOfEmployees + 1"),)))
    house.clock.advance(600)
    done = await through(house, progress)
    assert field(house, "NumberOfEmployees") == {"Acme": 2, "Bolt": 2, "Cord": 1}
    assert (done.run.state, done.counts["updated"]) == ("done", 2)


async def test_write_that_never_arrived_goes_out_later(house: House) -> None:
    fault(house, "reset_before_commit")
    progress = await through(house, await start(house))
    assert (progress.run.state, progress.counts["pending"]) == ("running", 1)
    house.clock.advance(600)
    assert (await through(house, progress)).counts["updated"] == 1
    assert field(house, "Site")["Acme"] == "HQ"


async def test_edit_of_somebody_else_while_the_outcome_is_unclear_is_kept(house: House) -> None:
    fault(house, "reset_before_commit")
    progress = await through(house, await start(house))
    (acme,) = [row["Id"] for row in house.salesforce.state.records("Account") if row["Name"] == "Acme"]
    await house.edit("Account", acme, Site="Mine")
    house.clock.advance(600)
    done = await through(house, progress)
    assert field(house, "Site")["Acme"] == "Mine"
    assert await edits(house, done) == [("failed", "changed_meanwhile"), ("unchanged", None)]


async def test_cancelled_update_writes_no_further(house: House) -> None:
    progress = await start(house, (Given("Site", "New"),))
    await mass_steps.advance(house.context, pages=1, size=1)
    cancelled = await mass_runs.cancel(house.context, house.connection.id, progress.run.id, UPDATE)
    assert cancelled is not None
    house.clock.advance(600)
    done = await through(house, progress)
    assert (done.run.state, done.run.selected, done.counts["updated"]) == ("cancelled", 1, 1)
    assert field(house, "Site") == {"Acme": "New", "Bolt": "HQ", "Cord": None}


async def test_cancelled_with_an_unclear_write_tells_what_became_of_it(house: House) -> None:
    fault(house, "reset_before_commit")
    progress = await through(house, await start(house))
    await mass_runs.cancel(house.context, house.connection.id, progress.run.id, UPDATE)
    house.clock.advance(600)
    done = await through(house, progress)
    assert (done.run.state, done.counts["cancelled"], done.counts["updated"]) == ("cancelled", 1, 0)
    assert field(house, "Site")["Acme"] is None


async def test_change_goes_to_intacct_with_the_next_sync_once_and_does_not_come_back(house: House) -> None:
    ids = [row["Id"] for row in house.salesforce.state.records("Account") if row["BillingCity"] == "Reno"]
    await house.sync("account", *ids)
    await house.poll()
    await through(house, await start(house, (Given("Phone", formula='CONCAT("+", Phone)'),)))
    await house.poll()
    assert field(house, "Phone")["Acme"] == "+1"
    assert [one.result for one in await house.sync("account", *ids)] == ["updated", "updated"]
    assert sorted(row["DISPLAYCONTACT"]["PHONE1"] for row in house.ia("CUSTOMER")) == ["+1", "+2"]
    assert [one.result for one in await house.sync("account", *ids)] == ["unchanged", "unchanged"]


async def test_an_update_is_no_mass_run_and_one_at_a_time(house: House) -> None:
    progress = await start(house)
    assert await mass_runs.get(house.context, house.connection.id, progress.run.id) is None
    page = await mass_runs.listed(house.context, house.connection.id, None, None, 10)
    assert list(page.rows) == []
    with pytest.raises(SyncError) as refused:
        await start(house)
    assert refused.value.code == "mass_run_active"


async def test_count_that_has_moved_and_a_user_who_may_not_are_refused(house: House) -> None:
    with pytest.raises(SyncError) as refused:
        await start(house, confirmed=20)
    assert refused.value.code == "count_moved"
    house.connection.options = {"connection": {"userAccessList": ["Bob"]}}
    with pytest.raises(SyncError) as refused:
        await start(house)
    assert refused.value.code == "user_not_mapped"
    async with house.context.begin() as session:
        assert (await session.exec(select(MassRun))).all() == []
