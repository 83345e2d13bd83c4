"""Mass runs in a whole house: counted, confirmed, selected page by page, watched, cancelled."""

from collections.abc import Callable

import pytest
from sqlmodel import func, select

from app.domain.conditions import AllOf, AnyOf, Compare, Operator
from app.domain.errors import Kind, SyncError
from app.objects import CATALOGUE
from app.services import mass_runs, mass_steps, selections
from app.services.mass_runs import Progress
from app.services.selections import Wanted
from app.simulators.faults import Fault, FaultKind
from app.store.session import Sessions
from app.store.tables import Connection
from app.store.tables import Operation as OperationRow
from tests.simulated import House, build_house

ACCOUNT = CATALOGUE["account"]
FLAG, STATUS = "ia_crm__Sync_with_Intacct__c", "ia_crm__Intacct_Sync_Status__c"


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """A house with one offline connection."""
    return await build_house(sessions, new_id)


async def start(house: House, wanted: Wanted, confirmed: int | None = None) -> Progress:
    """Count and begin."""
    if confirmed is None:
        confirmed = (await mass_runs.count(house.context, house.connection, ACCOUNT, wanted)).records
    return await mass_runs.start(
        house.context,
        house.connection,
        ACCOUNT,
        wanted,
        confirmed=confirmed,
        by="key-1",
        requested_by="Ada",
        correlation_id="corr-1",
    )


async def now(house: House, progress: Progress) -> Progress:
    """The run as it stands."""
    found = await mass_runs.get(house.context, house.connection.id, progress.run.id)
    assert found is not None
    return found


async def through(house: House, progress: Progress) -> Progress:
    """The run at its end."""
    for _ in range(4):
        await mass_steps.advance(house.context)
        await house.drain()
    return await now(house, progress)


def named(house: House, *names: str, **more: object) -> list[str]:
    """Accounts."""
    return house.seed("Account", *[{"Name": name, **more} for name in names])


async def test_a_run_takes_every_record_of_its_filter_once(house: House) -> None:
    named(house, "Acme", "Bolt", "Cord")
    progress = await through(house, await start(house, Wanted()))
    assert (progress.run.state, progress.run.selected, progress.counts["created"]) == ("done", 3, 3)
    assert len(house.ia("CUSTOMER")) == 3
    assert progress.run.finished_at is not None


async def test_default_filters_hold_together(house: House) -> None:
    (flagged,) = named(house, "Acme", **{FLAG: True})
    named(house, "Bolt")
    await house.sync("account", flagged)
    (other,) = named(house, "Cord", **{FLAG: True})
    count = mass_runs.count
    assert (await count(house.context, house.connection, ACCOUNT, Wanted(flagged=True))).records == 2
    assert (await count(house.context, house.connection, ACCOUNT, Wanted(synced=True))).records == 1
    both = await through(house, await start(house, Wanted(flagged=True, synced=True)))
    assert (both.run.selected, both.counts["unchanged"]) == (1, 1)
    assert house.sf("Account", other).get("ia_crm__IntacctID__c") is None


async def test_conditions_join_by_and_and_or(house: House) -> None:
    named(house, "Acme", BillingCity="Reno", Phone="1")
    named(house, "Bolt", BillingCity="Reno")
    named(house, "Cord", BillingCity="Oslo")
    where = AnyOf(
        (
            AllOf((Compare("BillingCity", Operator.EQ, ("Reno",)), Compare("Phone", Operator.IS_FILLED))),
            Compare("Name", Operator.STARTS_WITH, ("co",)),
        )
    )
    await through(house, await start(house, Wanted(where=where)))
    assert sorted(row["NAME"] for row in house.ia("CUSTOMER")) == ["Acme", "Cord"]


async def test_the_count_tells_what_it_can_cost_at_most(house: House) -> None:
    named(house, "Acme", "Bolt")
    count = await mass_runs.count(house.context, house.connection, ACCOUNT, Wanted())
    assert (count.records, count.most_transactions) == (2, 2 * 3 + 1)


async def test_a_user_who_is_not_on_the_access_list_starts_nothing(house: House) -> None:
    house.connection.options = {"connection": {"userAccessList": ["Bob"]}}
    with pytest.raises(SyncError) as refused:
        await start(house, Wanted())
    assert refused.value.code == "user_not_mapped"


async def test_a_count_that_has_moved_much_is_refused(house: House) -> None:
    named(house, *[f"A{n}" for n in range(12)])
    with pytest.raises(SyncError) as refused:
        await start(house, Wanted(), confirmed=1)
    assert (refused.value.kind, refused.value.code) == (Kind.CONFLICT, "count_moved")
    assert (await start(house, Wanted(), confirmed=3)).run.state == "selecting"


async def test_a_second_run_waits_until_the_first_has_selected(house: House) -> None:
    named(house, "Acme")
    await start(house, Wanted())
    with pytest.raises(SyncError) as refused:
        await start(house, Wanted())
    assert refused.value.code == "mass_run_active"
    await mass_steps.advance(house.context)
    assert (await start(house, Wanted())).run.state == "selecting"


async def test_an_unknown_field_is_refused_before_anything_starts(house: House) -> None:
    with pytest.raises(SyncError) as refused:
        await start(house, Wanted(where=Compare("Nope__c", Operator.EQ, ("x",))))
    assert (refused.value.kind, refused.value.field) == (Kind.CONFIG, "Nope__c")


async def test_an_object_that_is_off_has_no_mass_runs(house: House) -> None:
    with pytest.raises(SyncError) as refused:
        await mass_runs.count(house.context, house.connection, CATALOGUE["project"], Wanted())
    assert refused.value.code == "object_disabled"


async def test_a_record_with_a_live_operation_joins_it(house: House) -> None:
    first, _ = named(house, "Acme", "Bolt")
    [item] = await house.wish("account", [first])
    progress = await start(house, Wanted())
    await mass_steps.advance(house.context)
    assert (await now(house, progress)).joined == 1
    done = await through(house, progress)
    assert (done.joined, done.counts["created"]) == (1, 2)
    assert (await house.operation(str(item.operation_id))).result == "created"


async def test_a_process_that_dies_between_pages_loses_and_repeats_nothing(house: House) -> None:
    named(house, *[f"A{n}" for n in range(5)])
    progress = await start(house, Wanted())
    await mass_steps.advance(house.context, pages=1, size=2)
    async with house.context.begin() as session:  # as if the process had died holding its lease
        row = await session.get_one(type(progress.run), progress.run.id)
        row.lease_until = house.clock.now().replace(hour=23)
    assert await mass_steps.advance(house.context) == 0
    house.clock.advance(24 * 3600)
    done = await through(house, progress)
    assert (done.run.selected, done.counts["created"], len(house.ia("CUSTOMER"))) == (5, 5, 5)


async def test_two_processes_at_once_wish_each_page_once(house: House) -> None:
    named(house, *[f"A{n}" for n in range(3)])
    progress = await start(house, Wanted())
    selection = await selections.selection_of(house.context, house.connection, ACCOUNT, Wanted())
    ids, behind = await selection.page("")
    placed = [
        await mass_steps._place(house.context, house.connection, progress.run.id, "", ids, behind) for _ in range(2)
    ]
    assert placed == [True, False]
    async with house.context.begin() as session:
        assert (await session.exec(select(func.count()).select_from(OperationRow))).one() == 3


async def test_cancelling_gives_up_what_nobody_has_begun_or_hurried(house: House) -> None:
    hurried, other = named(house, "Acme", "Bolt")
    progress = await start(house, Wanted())
    await mass_steps.advance(house.context)
    await house.wish("account", [hurried])
    cancelled = await mass_runs.cancel(house.context, house.connection.id, progress.run.id)
    assert cancelled is not None
    assert (cancelled.run.state, cancelled.counts["cancelled"], cancelled.counts["pending"]) == ("cancelled", 1, 1)
    done = await through(house, progress)
    assert (done.run.state, done.counts["created"], done.counts["cancelled"]) == ("cancelled", 1, 1)
    assert house.sf("Account", other).get("ia_crm__IntacctID__c") is None
    with pytest.raises(SyncError) as refused:
        await mass_runs.cancel(house.context, house.connection.id, progress.run.id)
    assert refused.value.code == "mass_run_over"


async def test_a_cancelled_run_selects_no_more(house: House) -> None:
    named(house, "Acme")
    progress = await start(house, Wanted())
    await mass_runs.cancel(house.context, house.connection.id, progress.run.id)
    done = await through(house, progress)
    assert (done.run.selected, house.ia("CUSTOMER")) == (0, [])


async def test_trouble_that_passes_delays_a_selection(house: House) -> None:
    named(house, "Acme")
    progress = await start(house, Wanted())
    house.salesforce.state.faults.add(Fault(FaultKind.SERVER_ERROR, match="query", status=503, times=4))
    await mass_steps.advance(house.context)
    waiting = await now(house, progress)
    assert (waiting.run.state, waiting.run.reason) == ("selecting", "salesforce_unavailable")
    house.clock.advance(120)
    done = await through(house, progress)
    assert (done.run.state, done.run.reason, done.counts["created"]) == ("done", None, 1)


async def test_a_field_that_is_gone_ends_the_run_with_its_reason(house: House) -> None:
    named(house, "Acme")
    progress = await start(house, Wanted())
    async with house.context.begin() as session:
        row = await session.get_one(type(progress.run), progress.run.id)
        row.wanted = Wanted(where=Compare("Gone__c", Operator.EQ, ("x",))).plain()
    done = await through(house, progress)
    assert (done.run.state, done.run.reason) == ("failed", "salesforce_field_missing")
    assert done.run.finished_at is not None


async def test_a_connection_that_is_switched_off_is_left_alone(house: House) -> None:
    named(house, "Acme")
    progress = await start(house, Wanted())
    async with house.context.begin() as session:
        (await session.get_one(Connection, house.connection.id)).enabled = False
    assert await mass_steps.advance(house.context) == 0
    assert (await now(house, progress)).run.state == "selecting"


async def test_runs_are_listed_newest_first_and_only_the_own(house: House) -> None:
    named(house, "Acme")
    first = await through(house, await start(house, Wanted()))
    house.clock.advance(1)
    second = await start(house, Wanted())
    page = await mass_runs.listed(house.context, house.connection.id, "account", None, 1)
    assert [one.run.id for one in page.rows] == [second.run.id]
    rest = await mass_runs.listed(house.context, house.connection.id, None, page.next_cursor, 5)
    assert [one.run.id for one in rest.rows] == [first.run.id]
    assert await mass_runs.get(house.context, "another", first.run.id) is None
    assert await mass_runs.cancel(house.context, "another", first.run.id) is None


def test_a_stored_filter_is_read_back_as_it_was() -> None:
    where = AnyOf((AllOf((Compare("A", Operator.IN, ("x", "y")),)), Compare("B", Operator.IS_EMPTY)))
    wanted = Wanted(flagged=True, failed=True, where=where)
    assert selections.wanted_of(wanted.plain()) == wanted
