"""Changes in Salesforce that nobody tells us about: found by polling where the option is on, and synced once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest
from sqlmodel import col, select

from app.domain.records import Errand, Lane
from app.services import changes, configuration, salesforce_changes
from app.services.context import Backends, Pair
from app.services.turns import Pace
from app.simulators.faults import Fault, FaultKind
from app.store import cursors
from app.store.session import Sessions
from app.store.tables import Connection, Cursor, Operation
from app.sync.ports import Backend, ChangePage, Position
from tests.simulated import House, build_house


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """A house that polls accounts and has read their feed once."""
    made = await build_house(sessions, new_id)
    await options(made, account={"pollSalesforce": True})
    await made.poll()
    made.clock.advance(1200)
    return made


async def options(house: House, **objects: dict[str, object]) -> None:
    """Set options of objects."""
    await configuration.change(house.context, house.connection.id, objects=objects)
    async with house.context.begin() as session:
        house.connection = await session.get_one(Connection, house.connection.id, populate_existing=True)


async def operations(house: House, origin: str = "schedule") -> list[Operation]:
    """All operations of an origin, oldest first."""
    async with house.context.begin() as session:
        query = (
            select(Operation).where(Operation.origin == origin).order_by(col(Operation.created_at), col(Operation.id))
        )
        return list(await session.exec(query))


async def linked(house: House, name: str = "Acme") -> str:
    """An account that is a customer, synced by button and long out of the look back."""
    (account,) = house.seed("Account", {"Name": name})
    (done,) = await house.sync("account", account)
    assert done.result == "created", done.message
    house.clock.advance(3600)
    await house.poll()
    return account


async def cycles(house: House, number: int = 4) -> None:
    """Poll and sync, a minute apart."""
    for _ in range(number):
        house.clock.advance(60)
        await house.poll()


def customers(house: House) -> list[str]:
    """The names of all customers."""
    return sorted(row["NAME"] for row in house.ia("CUSTOMER"))


async def test_an_edit_nobody_told_us_about_arrives_and_is_synced_once(house: House) -> None:
    account = await linked(house)
    await house.edit("Account", account, Name="Acme Two")
    await cycles(house)
    assert customers(house) == ["Acme Two"]
    assert [(row.record_id, row.result) for row in await operations(house)] == [(account, "updated")]


async def test_a_new_account_becomes_a_customer(house: House) -> None:
    house.clock.advance(60)
    (account,) = house.seed("Account", {"Name": "Fresh"})
    await cycles(house)
    assert customers(house) == ["Fresh"]
    assert [(row.record_id, row.result) for row in await operations(house)] == [(account, "created")]


async def test_a_new_account_stays_where_new_ones_are_not_added_and_is_asked_about_once(house: House) -> None:
    await options(house, account={"addNewAccounts": False})
    house.seed("Account", {"Name": "Fresh"})
    await cycles(house)
    assert customers(house) == []
    assert [row.reason for row in await operations(house)] == ["add_new_off"]


async def test_sync_only_once_keeps_an_edit_here(house: House) -> None:
    account = await linked(house)
    await options(house, account={"syncOnlyOnce": True})
    await house.edit("Account", account, Name="Acme Two")
    await cycles(house)
    assert customers(house) == ["Acme"]
    assert [row.reason for row in await operations(house)] == ["sync_only_once"]


async def test_our_own_write_back_makes_no_operation(house: House) -> None:
    account = await linked(house)
    (customer,) = house.ia("CUSTOMER")
    await house.edit_intacct("CUSTOMER", customer["RECORDNO"], {"NAME": "Acme by Intacct"})
    await cycles(house)
    assert house.sf("Account", account)["Name"] == "Acme by Intacct"
    assert await operations(house) == []


async def test_an_edit_of_a_field_that_is_not_mapped_makes_no_operation(house: House) -> None:
    account = await linked(house)
    await house.edit("Account", account, NumberOfEmployees=7)
    await cycles(house)
    assert await operations(house) == []


async def test_a_record_that_cannot_be_synced_is_not_tried_at_every_reading(house: House) -> None:
    account = await linked(house)
    house.clock.advance(60)
    await house.edit("Account", account, ia_crm__Tax_ID__c="T" * 21)
    await cycles(house, 12)
    first = [row.result for row in await operations(house)]
    await house.edit("Account", account, ia_crm__Tax_ID__c="T-1")
    await cycles(house)
    assert (first, [row.result for row in await operations(house)]) == (["failed"], ["failed", "updated"])


async def test_an_edit_back_to_what_was_wished_for_before_arrives(house: House) -> None:
    account = await linked(house)
    await house.edit("Account", account, Name="A")
    await house.poll()
    await house.edit("Account", account, Name="B")
    await house.sync("account", account)
    await house.edit("Account", account, Name="A")
    await house.poll()
    assert customers(house) == ["A"]


@dataclass
class SmallPages:
    """The `Backends` port whose Salesforce feed comes in pages of three."""

    inner: Backends

    def of(self, connection: Connection, lane: Lane, errand: Errand = Errand.SYNC) -> Pair:
        """The pair, with the feed in small pages."""
        pair = self.inner.of(connection, lane, errand)
        return Pair(InThrees(pair.salesforce), pair.intacct) if errand is Errand.POLL else pair


class InThrees:
    """A Salesforce client that gives three records a page."""

    def __init__(self, inner: Backend) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def changes(
        self, kind: str, since: Position, until: datetime, fields: Sequence[str], page_size: int
    ) -> ChangePage:
        """A page of at most three."""
        return await self._inner.changes(kind, since, until, fields, min(page_size, 3))


async def test_records_with_one_stamp_are_all_read_over_several_pages(house: House) -> None:
    house.context = replace(house.context, backends=SmallPages(house.context.backends))
    made = house.seed("Account", *({"Name": f"N {n}"} for n in range(8)))
    stamps = {house.sf("Account", one)["SystemModstamp"] for one in made}
    await cycles(house, 1)
    assert len(stamps) == 1
    assert sorted(row.record_id for row in await operations(house)) == sorted(made)
    assert len(customers(house)) == 8


async def test_a_commit_that_shows_late_is_found_within_the_look_back(house: House) -> None:
    account = await linked(house)
    house.salesforce.state.configure({"late_commit_seconds": 600.0})
    await house.edit("Account", account, Name="Late")
    house.salesforce.state.configure({"late_commit_seconds": 0.0})
    await cycles(house, 5)
    assert customers(house) == ["Acme"]
    await cycles(house, 8)
    assert customers(house) == ["Late"]
    assert len(await operations(house)) == 1


async def test_a_deleted_account_has_its_customer_made_inactive_once_and_comes_back_with_it(house: House) -> None:
    account = await linked(house)
    await options(house, account={"onDelete": "inactivate"})
    house.salesforce.state.delete({"object": "Account", "ids": [account]})
    await cycles(house)
    assert [row["STATUS"] for row in house.ia("CUSTOMER")] == ["inactive"]
    assert [row.reason for row in await operations(house)] == ["inactivated_in_intacct"]
    house.salesforce.state.undelete({"object": "Account", "ids": [account]})
    await cycles(house)
    assert [row["STATUS"] for row in house.ia("CUSTOMER")] == ["active"]
    assert len(await operations(house)) == 2


async def test_a_merged_account_hands_its_customer_to_the_winner(house: House) -> None:
    loser = await linked(house)
    (winner,) = house.seed("Account", {"Name": "Winner"})
    house.clock.advance(10)
    house.salesforce.state.merge({"object": "Account", "winner": winner, "losers": [loser]})
    await cycles(house)
    assert [row["SFDC_ID"] for row in house.ia("CUSTOMER")] == [winner]
    assert customers(house) == ["Winner"]


async def test_with_the_option_off_salesforce_is_not_asked(house: House) -> None:
    await options(house, account={"pollSalesforce": False})
    await changes.poll(house.context)  # the Intacct feed reads the descriptions of the org
    before = house.salesforce.state.meters()["calls"]
    house.seed("Account", {"Name": "Fresh"})
    await changes.poll(house.context)
    assert house.salesforce.state.meters()["calls"] == before


async def test_objects_that_intacct_owns_are_not_read_until_they_turn(house: House) -> None:
    await options(house, product={"enabled": True, "pollSalesforce": True})
    assert "product" not in await salesforce_changes.poll(house.context, house.connection, pace())
    await options(house, product={"direction": "toIntacct"})
    assert "product" in await salesforce_changes.poll(house.context, house.connection, pace())


async def test_a_reading_that_fails_leaves_the_cursor_and_is_made_up_for(house: House) -> None:
    account = await linked(house)
    before = (await cursor(house)).position_at
    await house.edit("Account", account, Name="Acme Two")
    house.salesforce.state.faults.add(Fault(FaultKind.SERVER_ERROR, match="query", times=999))
    await changes.poll(house.context)
    assert (await cursor(house)).position_at == before
    house.salesforce.state.faults.reset()
    await cycles(house, 1)
    assert customers(house) == ["Acme Two"]


async def cursor(house: House) -> Cursor:
    """The cursor of the accounts' feed."""
    async with house.context.begin() as session:
        found = await cursors.known(session, house.connection.id, "account", salesforce_changes.FEED)
    assert found is not None
    return found


def pace() -> Pace:
    """Read now."""
    return Pace(0, 0)


def test_marks_of_a_long_reading_are_bounded_and_those_of_the_last_one_hold_to_its_end() -> None:
    marks = salesforce_changes.Marks({"old": "a"})
    assert all(marks.is_news(str(number), "b") for number in range(5 * salesforce_changes.REMEMBERED))
    assert len(marks.latest) == salesforce_changes.REMEMBERED
    assert not marks.is_news("old", "a")
    kept = marks.kept()
    assert (len(kept), kept["old"]) == (salesforce_changes.REMEMBERED, "a")
