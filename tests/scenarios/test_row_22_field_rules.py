"""Checklist row 22: From, To and two-way rows, inactive rows, second rows to a field, protected rows.

Product.md 3.1 and 9. Each rule is shown over both simulators on both databases.
"""

from collections.abc import Callable

import pytest

from app.domain.declaration import Rule
from app.domain.errors import SyncError
from app.domain.mappings import Content, RowChange
from app.services import mappings
from app.store.session import Sessions
from tests.mappings import BOTH, FROM, KEY, TO, in_force, own
from tests.simulated import House, build_house

SITE = "SHIPPINGMETHOD"


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """An empty house."""
    return await build_house(sessions, new_id)


async def linked(house: House, rule: Rule) -> str:
    """An account in step whose Site goes by an own row of the given rule."""
    await in_force(house, "account", own("site", SITE, "Site", rule=rule, width=40))
    (account,) = house.seed("Account", {"Name": "Acme", "Site": "Reno"})
    (done,) = await house.sync("account", account)
    assert (done.result, done.mapping_version) == ("created", "v1"), done.message
    return account


async def edit_there(house: House, value: str) -> None:
    """Edit the customer in Intacct, and let the edit come back."""
    await house.edit_intacct("CUSTOMER", str(house.ia("CUSTOMER")[0]["RECORDNO"]), {SITE: value})
    await house.poll()


async def test_a_row_to_intacct_carries_edits_there_and_none_back(house: House) -> None:
    account = await linked(house, TO)
    assert house.ia("CUSTOMER")[0][SITE] == "Reno"
    await edit_there(house, "Elko")
    assert house.sf("Account", account)["Site"] == "Reno"
    await house.edit("Account", account, Site="Ely")
    await house.sync("account", account)
    assert house.ia("CUSTOMER")[0][SITE] == "Ely"


async def test_a_row_from_intacct_carries_edits_back_and_none_there(house: House) -> None:
    account = await linked(house, FROM)
    assert not house.ia("CUSTOMER")[0].get(SITE)
    await edit_there(house, "Elko")
    assert house.sf("Account", account)["Site"] == "Elko"
    await house.edit("Account", account, Site="Ely")
    await house.sync("account", account)
    assert house.ia("CUSTOMER")[0][SITE] == "Elko"


async def test_a_two_way_row_carries_edits_both_ways(house: House) -> None:
    account = await linked(house, BOTH)
    await edit_there(house, "Elko")
    assert house.sf("Account", account)["Site"] == "Elko"
    await house.edit("Account", account, Site="Ely")
    await house.sync("account", account)
    assert house.ia("CUSTOMER")[0][SITE] == "Ely"


async def test_an_inactive_row_carries_nothing(house: House) -> None:
    await in_force(house, "account", RowChange("DISPLAYCONTACT.PHONE1", active=False))
    (account,) = house.seed("Account", {"Name": "Acme", "Phone": "123"})
    await house.sync("account", account)
    assert not house.ia("CUSTOMER")[0]["DISPLAYCONTACT"].get("PHONE1")


async def test_the_rule_of_an_unmarked_row_can_be_changed(house: House) -> None:
    await in_force(house, "account", RowChange("DISPLAYCONTACT.PHONE1", rule=FROM))
    (account,) = house.seed("Account", {"Name": "Acme", "Phone": "123"})
    await house.sync("account", account)
    assert not house.ia("CUSTOMER")[0]["DISPLAYCONTACT"].get("PHONE1")


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (own("again", "DISPLAYCONTACT.PHONE1", "Site"), "rows.again.intacctField"),
        (own("again", SITE, "Phone"), "rows.again.salesforceFields"),
        (RowChange("CURRENCY", active=False), "rows.CURRENCY.active"),
        (RowChange("CURRENCY", rule=BOTH), "rows.CURRENCY.rule"),
        (RowChange("TOTALDUE", rule=BOTH), "rows.TOTALDUE.rule"),
        (own("again", "CURRENCY", "Site"), "rows.again.intacctField"),
    ],
    ids=["second to Intacct", "second to Salesforce", "fixed status", "fixed rule", "formula rule", "fixed field"],
)
async def test_second_rows_and_changes_of_protected_rows_are_refused(house: House, row: RowChange, code: str) -> None:
    with pytest.raises(SyncError) as refused:
        await mappings.put_draft(house.context, house.connection.id, "account", Content((row,)), by=KEY)
    assert refused.value.code == "mapping_invalid"
    assert [field for field, _ in refused.value.faults] == [code]


async def test_a_formula_row_may_be_switched_off(house: House) -> None:
    made = await in_force(house, "account", RowChange("TOTALDUE", active=False))
    assert made.row.state == "active"


async def test_the_field_of_a_switched_off_row_is_free_for_another(house: House) -> None:
    off = RowChange("DISPLAYCONTACT.PHONE1", active=False)
    await in_force(house, "account", off, own("phone", "DISPLAYCONTACT.PHONE1", "Site", width=30))
    (account,) = house.seed("Account", {"Name": "Acme", "Phone": "123", "Site": "456"})
    await house.sync("account", account)
    assert house.ia("CUSTOMER")[0]["DISPLAYCONTACT"]["PHONE1"] == "456"
