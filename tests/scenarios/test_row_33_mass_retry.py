"""Row 33: the filter "has sync errors" finds exactly the failed records; a run over them empties it; counted before."""

from collections.abc import Callable

import pytest

from app.domain.conditions import Compare, Operator
from app.objects import CATALOGUE
from app.services import mass_runs, mass_steps
from app.services.mass_runs import Progress
from app.services.selections import Wanted
from app.store.session import Sessions
from tests.simulated import House, build_house

ACCOUNT = CATALOGUE["account"]
FAILED = Wanted(failed=True)
STATUS = "ia_crm__Intacct_Sync_Status__c"


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """A house with one good, two failed and one untouched account."""
    made = await build_house(sessions, new_id)
    good, *bad = made.seed("Account", {"Name": "Good"}, *[{"Name": n, "ia_crm__Tax_ID__c": "x" * 21} for n in "AB"])
    made.seed("Account", {"Name": "Untouched"})
    await made.sync("account", good, *bad)
    assert [made.sf("Account", record_id)[STATUS] for record_id in (good, *bad)] == ["OK", "Error", "Error"]
    return made


def failed(house: House) -> list[str]:
    """Ids of the accounts that say they failed."""
    return [row["Id"] for row in house.salesforce.state.records("Account") if row.get(STATUS) == "Error"]


async def count(house: House, wanted: Wanted = FAILED) -> int:
    """What the tool shows before it starts."""
    return (await mass_runs.count(house.context, house.connection, ACCOUNT, wanted)).records


async def run(house: House) -> Progress:
    """Count, confirm, start, and wait for the end."""
    confirmed = await count(house)
    given = {"confirmed": confirmed, "by": "key-1", "requested_by": None, "correlation_id": "c"}
    progress = await mass_runs.start(house.context, house.connection, ACCOUNT, FAILED, **given)  # type: ignore[arg-type]
    for _ in range(4):
        await mass_steps.advance(house.context)
        await house.drain()
    found = await mass_runs.get(house.context, house.connection.id, progress.run.id)
    assert found is not None
    return found


async def test_the_filter_finds_exactly_the_failed_records(house: House) -> None:
    assert await count(house) == len(failed(house)) == 2
    done = await run(house)
    assert (done.run.confirmed, done.run.selected, done.counts["failed"]) == (2, 2, 2)


async def test_a_run_after_the_mending_empties_the_filter(house: House) -> None:
    for record_id in failed(house):
        await house.edit("Account", record_id, ia_crm__Tax_ID__c="short")
    done = await run(house)
    assert (done.run.selected, done.counts["created"]) == (2, 2)
    assert (await count(house), failed(house)) == (0, [])


async def test_what_failed_before_us_is_found_by_its_status(house: House) -> None:
    house.seed("Account", {"Name": "Old trouble", STATUS: "Error"})
    assert await count(house) == 3
    assert (await run(house)).run.selected == 3


async def test_what_failed_without_a_word_on_the_record_is_found_in_the_error_log(house: House) -> None:
    await house.edit("Account", failed(house)[0], **{STATUS: "OK"})
    assert await count(house) == 2
    assert (await run(house)).run.selected == 2


async def test_the_filter_is_narrowed_by_conditions(house: House) -> None:
    assert await count(house, Wanted(failed=True, where=Compare("Name", Operator.EQ, ("B",)))) == 1
