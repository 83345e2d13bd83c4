"""Row 32: a failure is logged, told on the record, found by record and by cause; a success clears all of it."""

from collections.abc import Callable

import pytest

from app.services import error_groups, error_log
from app.services.error_groups import Group
from app.store.error_groups import GroupFilter
from app.store.session import Sessions
from app.store.tables import ErrorLog
from tests.simulated import House, build_house

STATUS, TEXT, TAX = "ia_crm__Intacct_Sync_Status__c", "ia_crm__Intacct_Sync_Errors__c", "ia_crm__Tax_ID__c"


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """A house with one offline connection."""
    return await build_house(sessions, new_id)


async def failing(house: House, name: str = "Acme") -> str:
    """An account whose sync has failed for a value that is too long."""
    (account,) = house.seed("Account", {"Name": name, TAX: "x" * 21})
    (done,) = await house.sync("account", account)
    assert done.result == "failed"
    return account


async def about(house: House, record_id: str) -> list[ErrorLog]:
    """The related list of one account."""
    return list(await error_log.about(house.context, house.connection.id, "account", record_id, 50))


async def groups(house: House) -> list[Group]:
    """All causes."""
    return list((await error_groups.listed(house.context, house.connection.id, GroupFilter(), None, 50)).rows)


async def test_a_failure_is_logged_and_told_on_the_record(house: House) -> None:
    account = await failing(house)
    (error,) = await about(house, account)
    assert (error.field, error.resolved_at) == (TAX, None)
    stands = house.sf("Account", account)
    assert stands[STATUS] == "Error"
    assert TAX in stands[TEXT]


async def test_the_related_list_holds_the_record_s_errors_and_no_others(house: House) -> None:
    first, second = await failing(house), await failing(house, "Bolt")
    assert [row.record_id for row in await about(house, first)] == [first]
    assert [row.record_id for row in await about(house, second)] == [second]


async def test_two_records_with_one_cause_are_one_group(house: House) -> None:
    await failing(house)
    await failing(house, "Bolt")
    (group,) = await groups(house)
    assert (group.state, group.standing.records) == ("open", 2)


async def test_a_success_clears_status_log_and_group(house: House) -> None:
    account = await failing(house)
    await house.edit("Account", account, **{TAX: "short"})
    (done,) = await house.sync("account", account)
    assert done.result == "created"
    stands = house.sf("Account", account)
    assert (stands[STATUS], stands.get(TEXT)) == ("OK", None)
    (error,) = await about(house, account)
    assert error.resolved_by == done.id
    assert [group.state for group in await groups(house)] == ["resolved"]


async def test_what_a_missing_record_blocks_is_one_group_and_runs_by_itself_once_it_is_mended(house: House) -> None:
    (parent,) = house.seed("Account", {"Name": "Parent", TAX: "x" * 21})
    children = house.seed("Account", *[{"Name": f"Child {n}", "ParentId": parent} for n in range(3)])
    await house.sync("account", *children)
    blocked = next(group for group in await groups(house) if group.standing.group.blocked_id)
    assert (blocked.standing.records, blocked.standing.group.blocked_id) == (3, parent)
    assert house.ia("CUSTOMER") == []
    await house.edit("Account", parent, **{TAX: "short"})
    await house.sync("account", parent)  # nobody asks for the children
    assert len(house.ia("CUSTOMER")) == 4
    assert {group.state for group in await groups(house)} == {"resolved"}


async def test_a_cause_that_returns_is_regressed_and_not_new(house: House) -> None:
    account = await failing(house)
    await house.edit("Account", account, **{TAX: "short"})
    await house.sync("account", account)
    await failing(house, "Bolt")
    (group,) = await groups(house)
    assert (group.state, group.standing.records, group.standing.group.regressions) == ("regressed", 1, 1)


async def test_refusal_of_intacct_shows_field_and_advice_in_log_and_group(house: House) -> None:
    (account,) = house.seed("Account", {"Name": "Acme", "ia_crm__Term__c": "Net 99"})
    await house.sync("account", account)
    (error,) = await about(house, account)
    (group,) = await groups(house)
    assert (
        (error.code, error.field)
        == (group.standing.group.code, group.standing.group.field)
        == ("reference_not_found", "TERMNAME")
    )
    assert "'Net 99'" in error.message
    assert error.advice == group.standing.group.advice == "Create the record that is named, or name another one."
