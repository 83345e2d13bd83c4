"""The completeness equation: what accounts for a record, what is drift and named, what it costs, when it runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from app.domain.conditions import Condition
from app.domain.errors import SyncError
from app.domain.records import Errand, Lane, Record
from app.objects import CATALOGUE
from app.services import changes, completeness, payment_grant, unlinking
from app.services.context import Backends, Pair
from app.services.turns import Pace, turn
from app.store.feed_tables import Completeness
from app.store.session import Sessions
from app.store.tables import Binding, Connection, Spending
from tests.simulated import House, build_house

ITEM = {"NAME": "Widget", "ITEMTYPE": "Non-Inventory (Sales only)"}
HOUR, DAY = 3600, 86_400


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """A house that syncs accounts, products and projects."""
    made = await build_house(sessions, new_id)
    await reset(made, options={"objects": {name: {"enabled": True} for name in ("product", "project")}})
    return made


async def reset(house: House, **values: Any) -> None:
    """Change the connection's row."""
    async with house.context.begin() as session:
        row = await session.get_one(Connection, house.connection.id, populate_existing=True)
        for name, value in values.items():
            setattr(row, name, value)
    house.connection = row


async def verified(house: House, name: str, **how: int) -> Completeness:
    """The result of an object that is born on one side, after the equation was checked."""
    [row] = await completeness.verify(house.context, house.connection, CATALOGUE[name], **how)
    explained = row.in_step + sum(row.skipped.values()) + row.open_errors
    assert row.in_scope == explained + row.unread + row.drift
    return row


def transactions(house: House) -> int:
    """What the company has billed so far."""
    return int(house.intacct.state.meters()["transactions"])


async def stored(house: House, connection: Connection) -> tuple[Completeness, ...]:
    """The last results as they are kept."""
    return (await completeness.last(house.context, connection)).results


# --- records born in Salesforce ---------------------------------------------------------------------------------------


async def test_synced_accounts_are_in_step(house: House) -> None:
    ids = house.seed("Account", {"Name": "Acme"}, {"Name": "Bolt"})
    await house.sync("account", *ids)
    row = await verified(house, "account")
    assert (row.system, row.in_scope, row.in_step, row.drift) == ("salesforce", 2, 2, 0)


async def test_account_nobody_asked_for_is_drift_and_named(house: House) -> None:
    known, lost = house.seed("Account", {"Name": "Acme"}, {"Name": "Lost"})
    await house.sync("account", known)
    house.clock.advance(HOUR)
    row = await verified(house, "account")
    assert (row.in_scope, row.in_step, row.drift, row.unexplained) == (2, 1, 1, [[lost, None]])


async def test_account_from_before_the_switch_is_in_scope_only_when_it_is_flagged(house: House) -> None:
    _, flagged = house.seed("Account", {"Name": "Old"}, {"Name": "Flag", "ia_crm__Sync_with_Intacct__c": True})
    house.clock.advance(HOUR)
    since = {"account": house.clock.now().isoformat()}
    await reset(house, options={**house.connection.options, "since": since})
    row = await verified(house, "account")
    assert (row.in_scope, row.unexplained) == (1, [[flagged, None]])


async def test_account_made_a_minute_ago_is_too_new(house: House) -> None:
    house.seed("Account", {"Name": "Acme"})
    house.clock.advance(60)
    row = await verified(house, "account")
    assert (row.skipped, row.drift) == ({"too_new": 1}, 0)


async def test_wish_that_is_not_over_accounts_for_its_record(house: House) -> None:
    await house.wish("account", house.seed("Account", {"Name": "Acme"}))
    house.clock.advance(HOUR)
    row = await verified(house, "account")
    assert (row.skipped, row.drift) == ({"under_way": 1}, 0)


async def test_account_that_a_rule_left_alone_is_skipped_with_its_reason(house: House) -> None:
    objects = {"account": {"addNewAccounts": False}}
    await reset(house, options={"objects": objects})
    ids = house.seed("Account", {"Name": "Acme", "ia_crm__IntacctID__c": "C-77"})
    await house.sync("account", *ids, origin="flow")
    house.clock.advance(HOUR)
    row = await verified(house, "account")
    assert (row.in_scope, row.skipped, row.drift) == (1, {"add_new_off": 1}, 0)


async def test_account_whose_link_was_ended_is_skipped(house: House) -> None:
    (account,) = house.seed("Account", {"Name": "Acme"})
    await house.sync("account", account)
    await unlinking.unlink(house.context, house.connection.id, "account", account, "key")
    house.clock.advance(HOUR)
    assert (await verified(house, "account")).skipped == {"unlinked": 1}


async def test_open_error_accounts_for_its_record(house: House) -> None:
    await reset(house, options={"objects": {"account": {"requireContacts": True}}})
    (done,) = await house.sync("account", *house.seed("Account", {"Name": "Acme"}))
    assert done.result == "failed"
    house.clock.advance(HOUR)
    row = await verified(house, "account")
    assert (row.in_scope, row.open_errors, row.drift) == (1, 1, 0)


async def test_verifying_accounts_asks_intacct_for_nothing_but_descriptions(house: House) -> None:
    house.seed("Account", {"Name": "Acme"})
    await verified(house, "account")
    before = transactions(house)
    row = await verified(house, "account")
    assert (transactions(house) - before, row.transactions, row.salesforce_calls) == (0, 0, 2)


# --- records born in Intacct ------------------------------------------------------------------------------------------


async def test_items_that_came_are_in_step_and_cost_a_count_and_a_page(house: House) -> None:
    house.seed_intacct("ITEM", {**ITEM, "ITEMID": "A"}, {**ITEM, "ITEMID": "B"})
    await house.poll()
    await verified(house, "product")
    before = transactions(house)
    row = await verified(house, "product")
    assert (row.system, row.in_scope, row.in_step, row.drift) == ("intacct", 2, 2, 0)
    assert transactions(house) - before == row.transactions == 2


async def test_inactive_items_are_out_of_scope(house: House) -> None:
    house.seed_intacct("ITEM", {**ITEM, "ITEMID": "A"}, {**ITEM, "ITEMID": "B", "STATUS": "inactive"})
    await house.poll()
    assert (await verified(house, "product")).in_scope == 1


async def test_item_that_the_feed_has_not_come_to_is_too_new_for_a_day(house: House) -> None:
    await house.poll()
    house.clock.advance(60)
    house.seed_intacct("ITEM", {**ITEM, "ITEMID": "A"})
    house.clock.advance(HOUR)
    assert (await verified(house, "product")).skipped == {"too_new": 1}
    house.clock.advance(DAY)
    row = await verified(house, "product")
    assert (row.drift, [natural for _, natural in row.unexplained]) == (1, ["A"])


async def test_item_whose_link_is_lost_is_drift_and_named(house: House) -> None:
    (lost, _) = house.seed_intacct("ITEM", {**ITEM, "ITEMID": "A"}, {**ITEM, "ITEMID": "B"})
    await house.poll()
    async with house.context.begin() as session:
        [binding] = await session.exec(select(Binding).where(Binding.intacct_id == "A"))
        await session.delete(binding)
    row = await verified(house, "product")
    assert (row.in_scope, row.in_step, row.unexplained) == (2, 1, [[lost["RECORDNO"], "A"]])


async def test_link_of_another_connection_accounts_for_nothing(house: House) -> None:
    house.seed_intacct("ITEM", {**ITEM, "ITEMID": "A"})
    await house.poll()
    other = Connection(**{**house.connection.model_dump(), "id": "other", "name": "other"})
    async with house.context.begin() as session:
        session.add(other)
        await session.flush()
        [binding] = await session.exec(select(Binding))
        binding.connection_id = other.id
    assert (await verified(house, "product")).drift == 1
    assert await stored(house, other) == ()


async def test_object_born_on_both_sides_is_counted_on_both(house: House) -> None:
    house.seed_intacct("PROJECT", {"PROJECTID": "P1", "NAME": "Dig", "PROJECTCATEGORY": "Contract"})
    await house.poll()
    rows = await completeness.verify(house.context, house.connection, CATALOGUE["project"])
    assert [(row.system, row.in_scope, row.in_step) for row in rows] == [("salesforce", 1, 1), ("intacct", 1, 1)]


@dataclass
class Hiding:
    """The `Backends` port whose Intacct counts all records and shows all but the first."""

    inner: Backends

    def of(self, connection: Connection, lane: Lane, errand: Errand = Errand.SYNC) -> Pair:
        """The pair, with Intacct's pages shortened."""
        pair = self.inner.of(connection, lane, errand)
        return Pair(pair.salesforce, Hidden(pair.intacct))


class Hidden:
    """An Intacct client that shows one row too few."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def select(self, kind: str, where: Condition, fields: Sequence[str], **place: Any) -> list[Record]:
        """A page without its first row."""
        found: list[Record] = await self._inner.select(kind, where, fields, **place)
        return found[1:]


async def test_row_that_is_counted_and_never_shown_is_drift(house: House) -> None:
    house.seed_intacct("ITEM", {**ITEM, "ITEMID": "A"}, {**ITEM, "ITEMID": "B"})
    await house.poll()
    house.context = replace(house.context, backends=Hiding(house.context.backends))
    row = await verified(house, "product")
    assert (row.in_scope, row.in_step, row.drift, row.unexplained) == (2, 1, 1, [])


# --- what it costs, and when it runs ----------------------------------------------------------------------------------


async def test_verification_reads_so_many_pages_and_the_next_goes_on_behind_them(house: House) -> None:
    house.seed_intacct("ITEM", *({**ITEM, "ITEMID": f"I-{n}"} for n in range(5)))
    await house.poll()
    async with house.context.begin() as session:
        [binding] = await session.exec(select(Binding).where(Binding.intacct_id == "I-4"))
        await session.delete(binding)
    await verified(house, "product", pages=1, size=2)
    before = transactions(house)
    second = await verified(house, "product", pages=1, size=2)
    assert transactions(house) - before == 2
    assert (second.in_scope, second.in_step, second.unread, second.drift) == (5, 2, 3, 0)
    third = await verified(house, "product", pages=1, size=2)
    assert (third.drift, [natural for _, natural in third.unexplained], third.position) == (1, ["I-4"], "")


async def test_fifty_records_are_named_and_all_are_counted(house: House) -> None:
    house.seed("Account", *({"Name": f"Lost {n}"} for n in range(60)))
    house.clock.advance(HOUR)
    row = await verified(house, "account")
    assert (row.drift, len(row.unexplained)) == (60, 50)


async def test_daily_verification_runs_once_a_day_on_an_account_of_its_own(house: House) -> None:
    assert await completeness.verify_due(house.context) == 0
    house.clock.advance(DAY)
    assert await completeness.verify_due(house.context) == 4
    house.clock.advance(DAY - HOUR)
    assert await completeness.verify_due(house.context) == 0
    house.clock.advance(HOUR)
    assert await completeness.verify_due(house.context) == 4
    async with house.context.begin() as session:
        accounts = {row.lane for row in await session.exec(select(Spending))}
    assert accounts == {"verify"}


async def test_nothing_is_asked_for_a_connection_that_is_switched_off(house: House) -> None:
    await reset(house, enabled=False)
    house.clock.advance(2 * DAY)
    before = (transactions(house), house.salesforce.state.meters()["calls"])
    assert await completeness.verify_due(house.context) == 0
    assert (transactions(house), house.salesforce.state.meters()["calls"]) == before


async def test_daily_verification_waits_when_the_budget_is_nearly_used(house: House) -> None:
    await reset(house, environment="sandbox", options={"connection": {"monthlyTransactions": 1000}})
    day = (house.clock.now() + timedelta(days=2)).date().isoformat()
    spent: dict[str, Any] = {"system": "intacct", "lane": "bulk", "day": day, "transactions": 950}
    async with house.context.begin() as session:
        session.add(Spending(id="spent", connection_id=house.connection.id, **spent))
    house.clock.advance(2 * DAY)
    assert await completeness.verify_due(house.context) == 0


async def test_one_verification_of_an_object_at_a_time(house: House) -> None:
    at = changes.BEGINNING
    async with turn(house.context, house.connection, "product", completeness.FEED, at, Pace(0, 0)):
        with pytest.raises(SyncError) as refused:
            await verified(house, "product")
    assert refused.value.code == "verification_running"


async def test_object_that_is_off_is_not_verified(house: House) -> None:
    with pytest.raises(SyncError) as refused:
        await verified(house, "term")
    assert refused.value.code == "object_disabled"


async def test_last_results_tell_what_was_never_verified(house: House) -> None:
    house.seed("Account", {"Name": "Acme"})
    await verified(house, "account")
    house.clock.advance(HOUR)
    await verified(house, "account")
    known = await completeness.last(house.context, house.connection)
    assert [(row.object, row.verified_at) for row in known.results] == [("account", house.clock.now())]
    assert {"product", "project"} <= set(known.unverified)
    assert "term" not in known.unverified


async def test_every_object_of_the_catalogue_adds_up_once_its_feed_was_read(house: House) -> None:
    await payment_grant.grant(house.context, house.connection.id, "case 4711", "test")
    await reset(house, options={"objects": {name: {"enabled": True} for name in CATALOGUE}})
    await house.poll()
    for name in CATALOGUE:
        rows = await completeness.verify(house.context, house.connection, CATALOGUE[name])
        assert [row.drift for row in rows] == [0] * len(rows), name
