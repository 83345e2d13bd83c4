"""The effect of a draft: counted over chosen or sampled records, by the real engine, with nothing written."""

from collections.abc import Callable

import pytest

from app.domain.errors import SyncError
from app.domain.mappings import Content, RowChange, ValueKind
from app.services import mappings
from app.services.mapping_effects import effect
from app.store import bindings
from app.store.session import Sessions
from tests.mappings import KEY, TO, own
from tests.simulated import House, build_house

RATING = own("rating", "ACCOUNTLABEL", "Rating", rule=TO, kind=ValueKind.PICK, value_map=(("A", "Hot"), ("B", "Warm")))


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """Five accounts in step: two hot, one warm, one cold, one without a rating."""
    house = await build_house(sessions, new_id)
    ratings = ("Hot", "Hot", "Warm", "Cold", None)
    accounts = [{"Name": f"Acme {n}", "Rating": rating} for n, rating in enumerate(ratings)]
    done = await house.sync("account", *house.seed("Account", *accounts))
    assert {one.result for one in done} == {"created"}
    return house


async def draft(house: House, *rows: RowChange) -> None:
    """Make a draft that says exactly this."""
    await mappings.put_draft(house.context, house.connection.id, "account", Content(rows), by=KEY)


async def test_what_would_change_and_what_would_fail_is_counted_by_field_and_reason(house: House) -> None:
    await draft(house, RATING)
    found = await effect(house.context, house.connection, "account")
    assert (found.linked, found.examined, found.would_change, found.would_fail) == (5, 5, 3, 1)
    assert [(one.side, one.field, one.records) for one in found.fields] == [("intacct", "ACCOUNTLABEL", 3)]
    (group,) = found.failures
    assert (group.code, group.field, group.records) == ("unmapped_value", "Rating", 1)
    assert found.summary == (
        "Would change 3 of 5; 1 would fail, because: 1: Rating 'Cold' is not in the value map: Hot, Warm."
    )
    assert (found.in_force, found.draft) == ("standard", "v1")


async def test_looking_writes_nothing_and_putting_in_force_does_what_was_foretold(house: House) -> None:
    await draft(house, RATING)
    before = len(house.intacct.state.ledger), len(house.salesforce.state.org.ledger)
    found = await effect(house.context, house.connection, "account")
    assert (len(house.intacct.state.ledger), len(house.salesforce.state.org.ledger)) == before
    await mappings.activate(house.context, house.connection, "account", by=KEY)
    ids = [str(record["Id"]) for record in house.salesforce.state.records("Account")]
    done = await house.sync("account", *ids)
    results = [one.result for one in done]
    assert (results.count("updated"), results.count("failed")) == (found.would_change, found.would_fail)


async def test_what_both_mappings_would_do_is_no_effect(house: House) -> None:
    (first, *_) = [str(record["Id"]) for record in house.salesforce.state.records("Account")]
    await house.edit("Account", first, Phone="123", Rating=None)
    await draft(house, RATING)
    found = await effect(house.context, house.connection, "account", record_ids=[first])
    assert (found.examined, found.would_change) == (1, 0)


async def test_a_record_that_fails_anyway_is_not_laid_on_the_draft(house: House) -> None:
    (new,) = house.seed("Account", {"Name": "Long", "ia_crm__Tax_ID__c": "9" * 21})
    await draft(house, RATING)
    found = await effect(house.context, house.connection, "account", record_ids=[new])
    assert (found.would_fail, found.fail_already) == (0, 1)


async def test_a_sample_is_spread_evenly_and_the_whole_is_estimated(house: House) -> None:
    await draft(house, own("site", "SHIPPINGMETHOD", "Name", rule=TO, to_intacct="upper(Name)"))
    found = await effect(house.context, house.connection, "account", sample=2)
    assert (found.linked, found.examined, found.would_change) == (5, 2, 2)
    assert (
        found.summary
        == "Would change 2 of 2 examined records (about 5 of 5 linked ones); none would fail because of it."
    )
    async with house.context.begin() as session:
        picked, linked = await bindings.spread(session, house.connection.id, "account", 2)
        everything, _ = await bindings.spread(session, house.connection.id, "account", 9)
    assert (picked, linked) == ([sorted(everything)[0], sorted(everything)[3]], 5)


async def test_without_a_draft_there_is_nothing_to_look_at(house: House) -> None:
    with pytest.raises(SyncError, match="no draft"):
        await effect(house.context, house.connection, "account")
