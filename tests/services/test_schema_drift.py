"""A mapped field disappears on a side (F24): its row is left out, with one warning and one group; the rest goes on."""

from collections.abc import Callable

import pytest

from app.services import error_groups, health
from app.store.error_groups import GroupFilter
from app.store.session import Sessions
from tests.mappings import BOTH, in_force, own
from tests.simulated import House, build_house

RATING = "RATING_CODE"


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """A house with a custom field on customers, mapped to the account's site."""
    made = await build_house(sessions, new_id)
    made.intacct.state.configure({"custom_fields": {"CUSTOMER": ["SFDC_ID", RATING]}})
    await in_force(made, "account", own("rating", RATING, "Site", rule=BOTH, width=40))
    return made


async def linked(house: House) -> list[str]:
    """Three accounts in step."""
    made = house.seed("Account", *({"Name": f"Acme {n}", "Site": "Reno"} for n in range(3)))
    assert {done.result for done in await house.sync("account", *made)} == {"created"}
    house.clock.advance(60)
    return made


async def rename(house: House, accounts: list[str], name: str) -> list[str | None]:
    """Edit all accounts, sync them in one run, and answer the results."""
    for account in accounts:
        await house.edit("Account", account, Name=f"{name} {account[-6:]}")
    return [done.result for done in await house.sync("account", *accounts)]


async def groups(house: House) -> list[tuple[str, int]]:
    """State and open records of every error group."""
    page = await error_groups.listed(house.context, house.connection.id, GroupFilter(), None, 50)
    return [(group.state, group.standing.records) for group in page.rows]


async def warnings(house: House) -> list[str]:
    """What readiness says about mapped fields that are not there."""
    checks = (await health.readiness(house.context, house.connection.id)).checks
    return [check.message for check in checks if check.name == "account.fields.mapped" and not check.ok]


def drop(house: House, side: str) -> None:
    """Take the field from a side, as an administrator does, while its description is still in our memory."""
    if side == "salesforce":
        house.salesforce.state.hide({"object": "Account", "fields": ["Site"]})
    else:
        house.intacct.state.configure({"custom_fields": {"CUSTOMER": ["SFDC_ID"]}})


@pytest.mark.parametrize("side", ["salesforce", "intacct"])
async def test_a_field_that_is_gone_costs_one_run_and_one_group_then_its_row_is_left_out(
    house: House, side: str
) -> None:
    accounts = await linked(house)
    drop(house, side)
    assert await rename(house, accounts, "First") == ["failed"] * 3
    assert await groups(house) == [("open", 3)]
    assert await rename(house, accounts, "Second") == ["updated"] * 3
    assert {row["NAME"].split()[0] for row in house.ia("CUSTOMER")} == {"Second"}
    assert [state for state, _ in await groups(house)] == ["resolved"]
    (said,) = await warnings(house)
    assert RATING in said


async def test_a_field_that_comes_back_is_carried_again(house: House) -> None:
    accounts = await linked(house)
    drop(house, "salesforce")
    await rename(house, accounts, "First")
    await rename(house, accounts, "Second")
    house.salesforce.state.hide({"object": "Account", "fields": ["Site"], "hidden": False})
    house.clock.advance(3600)
    await house.edit("Account", accounts[0], Site="Elko")
    await house.sync("account", accounts[0])
    assert sorted(row[RATING] for row in house.ia("CUSTOMER")) == ["Elko", "Reno", "Reno"]
