"""Mapping versions: drafted, put in force while work goes on, rolled back; what a new row does to records in step."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest
from sqlmodel import col, select

from app.domain.declaration import Policy
from app.domain.errors import SyncError
from app.domain.mapping_rules import Severity
from app.domain.mappings import Content, RowChange, ValueKind
from app.domain.records import Errand, Lane, Record
from app.services import mappings, runner
from app.services.context import Backends, Context, Pair
from app.simulators.faults import parse_faults
from app.store.session import Sessions
from app.store.tables import Binding, Connection, Decision
from app.sync.ports import Backend
from tests.houses import make_connection
from tests.mappings import BOTH, FROM, KEY, TO, in_force, own
from tests.simulated import House, build_house

SITE = own("site", "SHIPPINGMETHOD", "Site", width=40)


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """An empty house."""
    return await build_house(sessions, new_id)


async def in_step(house: House, **values: Any) -> str:
    """An account that is a customer under the standard mapping."""
    (account,) = house.seed("Account", {"Name": "Acme", **values})
    (done,) = await house.sync("account", account)
    assert (done.result, done.mapping_version) == ("created", "standard"), done.message
    return account


async def edit_customer(house: House, **values: Any) -> None:
    """Edit the one customer in Intacct."""
    await house.edit_intacct("CUSTOMER", str(house.ia("CUSTOMER")[0]["RECORDNO"]), values)


async def warnings(house: House) -> list[str]:
    """Warnings of all decisions, oldest first."""
    async with house.context.begin() as session:
        rows = await session.exec(select(Decision).order_by(col(Decision.at), col(Decision.id)))
        return [str(said) for row in rows for said in row.warnings]


def fault(house: House, **planned: Any) -> None:
    """Plan a fault at Intacct."""
    house.intacct.state.faults.add(parse_faults([planned])[0])


async def binding(house: House) -> Binding:
    """The one link there is."""
    async with house.context.begin() as session:
        return (await session.exec(select(Binding))).one()


class Slow:
    """A side that answers a search only when it is told to."""

    def __init__(self, inner: Backend, backends: "SlowBackends") -> None:
        self._inner, self._backends = inner, backends

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def find(self, *given: Any, **more: Any) -> list[Record]:
        """See `Backend.find`."""
        self._backends.reached.set()
        await self._backends.go_on.wait()
        return await self._inner.find(*given, **more)


class SlowBackends:
    """The house's clients, with a slow Intacct."""

    def __init__(self, inner: Backends) -> None:
        self._inner, self.reached, self.go_on = inner, asyncio.Event(), asyncio.Event()

    def of(self, connection: Connection, lane: Lane, errand: Errand = Errand.SYNC) -> Pair:
        """See `Backends.of`."""
        pair = self._inner.of(connection, lane, errand)
        return Pair(pair.salesforce, cast(Backend, Slow(pair.intacct, self)))


# --- versions -------------------------------------------------------------------------------------------------------


async def test_a_draft_works_on_nothing_until_it_is_put_in_force(context: Context, home: Connection) -> None:
    draft = await mappings.put_draft(context, home.id, "account", Content((SITE,)), by=KEY, note="try")
    known = await mappings.read(context, home.id, "account")
    assert (known.active, known.draft and known.draft.number) == (None, 1)
    assert (draft.row.state, draft.row.revision, draft.row.note) == ("draft", 1, "try")
    assert {(one.row, one.what) for one in draft.differences} >= {("site", "intacctField"), ("site", "rule")}


async def test_a_draft_that_was_changed_meanwhile_is_not_overwritten(context: Context, home: Connection) -> None:
    await mappings.put_draft(context, home.id, "account", Content((SITE,)), by=KEY, revision=0)
    with pytest.raises(SyncError, match="revision is 1"):
        await mappings.change_draft(context, home.id, "account", (), ["site"], by=KEY, revision=0)
    changed = await mappings.change_draft(context, home.id, "account", (), ["site"], by=KEY, revision=1)
    assert (changed.content, changed.row.revision) == (Content(), 2)


async def test_a_change_begins_from_the_version_in_force(house: House) -> None:
    await in_force(house, "account", SITE)
    off = RowChange("TAXID", active=False)
    changed = await mappings.change_draft(house.context, house.connection.id, "account", [off], [], by=KEY)
    assert changed.content == Content((SITE, off))
    assert [(one.row, one.what, one.before, one.after) for one in changed.differences] == [
        ("TAXID", "active", None, "false")
    ]


async def test_a_dropped_draft_leaves_the_version_in_force(house: House) -> None:
    await in_force(house, "account", SITE)
    await mappings.change_draft(house.context, house.connection.id, "account", (), ["site"], by=KEY)
    await mappings.drop_draft(house.context, house.connection.id, "account")
    known = await mappings.read(house.context, house.connection.id, "account")
    assert (known.draft, known.content) == (None, Content((SITE,)))
    with pytest.raises(SyncError, match="no draft"):
        await mappings.drop_draft(house.context, house.connection.id, "account")


async def test_rolling_back_makes_a_new_version_with_the_old_content(house: House) -> None:
    await in_force(house, "account", SITE)
    await in_force(house, "account", RowChange("TAXID", active=False))
    back = await mappings.roll_back(house.context, house.connection, "account", 1, by=KEY)
    assert (back.row.number, back.row.state, back.content) == (3, "active", Content((SITE,)))
    rows, below = await mappings.versions(house.context, house.connection.id, "account", None, 2)
    assert [(row.number, row.state) for row in rows] == [(3, "active"), (2, "retired")]
    assert below == 2


async def test_the_way_back_to_the_standard_is_open_when_a_side_is_away(house: House) -> None:
    await in_force(house, "account", SITE)
    fault(house, kind="server_error", times=100)
    back = await mappings.roll_back(house.context, house.connection, "account", 0, by=KEY)
    assert back.content == Content()


@pytest.mark.parametrize("number", [1, 9])
async def test_only_a_version_that_was_in_force_is_gone_back_to(
    context: Context, home: Connection, number: int
) -> None:
    await mappings.put_draft(context, home.id, "account", Content((SITE,)), by=KEY)
    with pytest.raises(SyncError, match="no version"):
        await mappings.roll_back(context, home, "account", number, by=KEY)


async def test_two_who_activate_the_same_draft_make_one_version(house: House) -> None:
    await mappings.put_draft(house.context, house.connection.id, "account", Content((SITE,)), by=KEY)
    tries = [mappings.activate(house.context, house.connection, "account", by=KEY) for _ in range(2)]
    ended = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(one).__name__ for one in ended) == ["SyncError", "Version"]


async def test_a_neighbours_mapping_is_out_of_sight_and_reach(context: Context, home: Connection) -> None:
    neighbour = make_connection("neighbour")
    async with context.begin() as session:
        session.add(neighbour)
    await mappings.put_draft(context, neighbour.id, "account", Content((SITE,)), by=KEY)
    assert (await mappings.read(context, home.id, "account")).draft is None
    for reach in (mappings.drop_draft(context, home.id, "account"), mappings.version(context, home.id, "account", 1)):
        with pytest.raises(SyncError):
            await reach
    mine = await mappings.put_draft(context, home.id, "account", Content(), by=KEY)
    assert mine.row.number == 1


# --- held against both sides ----------------------------------------------------------------------------------------


async def test_everything_the_two_sides_lack_is_said_at_once(house: House) -> None:
    rows = (
        own("gone", "NOSUCHFIELD", "Nor_This__c"),
        own("dotted", "SUPDOCID", "Owner_Nope__r.Name", rule=TO),
        own("kept", "ENTITY", "Sic"),
        own("shape", "ADVBILLBY", "ia_crm__Is_Merged__c", rule=FROM, kind=ValueKind.NUMBER),
        own("words", "ADVBILLBYTYPE", "Ownership", rule=TO, kind=ValueKind.PICK, value_map=(("weeks", "Public"),)),
        RowChange("TERMNAME", rule=TO, value_map=(("Net 30", "30"),)),
    )
    await mappings.put_draft(house.context, house.connection.id, "account", Content(rows), by=KEY)
    _, found = await mappings.validate(house.context, house.connection, "account")
    assert {(one.row, one.field, one.code) for one in found if one.severity is Severity.ERROR} == {
        ("gone", "salesforceFields", "field_missing"),
        ("gone", "intacctField", "field_missing"),
        ("dotted", "salesforceFields", "field_missing"),
        ("kept", "rule", "field_read_only"),
        ("shape", "kind", "type_unfit"),
        ("words", "valueMap", "word_unknown"),
    }
    with pytest.raises(SyncError) as refused:
        await mappings.activate(house.context, house.connection, "account", by=KEY)
    assert refused.value.code == "mapping_not_ready"
    assert len(refused.value.faults) == 6
    assert (await mappings.read(house.context, house.connection.id, "account")).active is None


async def test_picklist_words_without_a_pair_are_named_as_a_warning(house: House) -> None:
    row = own("rating", "ACCOUNTLABEL", "Rating", rule=TO, kind=ValueKind.PICK, value_map=(("A", "Hot"),))
    await mappings.put_draft(house.context, house.connection.id, "account", Content((row,)), by=KEY)
    _, found = await mappings.validate(house.context, house.connection, "account")
    (said,) = [one for one in found if one.row == "rating"]
    assert (said.severity, said.code) == (Severity.WARNING, "word_unmapped")
    assert "'Cold', 'Warm'" in said.message


# --- values ---------------------------------------------------------------------------------------------------------


async def test_several_fields_become_one_and_come_back(house: House) -> None:
    row = own(
        "place",
        "SHIPPINGMETHOD",
        "Site",
        "Sic",
        to_intacct="concat(Site, ' / ', Sic)",
        to_salesforce=(("Site", "before(value, ' / ')"), ("Sic", "after(value, ' / ')")),
    )
    await in_force(house, "account", row)
    (account,) = house.seed("Account", {"Name": "Acme", "Site": "Reno", "Sic": "7"})
    await house.sync("account", account)
    assert house.ia("CUSTOMER")[0]["SHIPPINGMETHOD"] == "Reno / 7"
    await edit_customer(house, SHIPPINGMETHOD="Elko / 8")
    await house.poll()
    record = house.sf("Account", account)
    assert (record["Site"], record["Sic"]) == ("Elko", "8")
    writes = len(house.intacct.state.ledger)
    (done,) = await house.sync("account", account)
    assert (done.result, len(house.intacct.state.ledger)) == ("unchanged", writes)


async def test_a_value_that_would_not_come_back_the_same_is_not_written(house: House) -> None:
    row = own("loud", "SHIPPINGMETHOD", "Site", to_intacct="concat(Site, '!')")
    await in_force(house, "account", row)
    (account,) = house.seed("Account", {"Name": "Acme", "Site": "Reno"})
    await house.sync("account", account)
    await edit_customer(house, SHIPPINGMETHOD="Elko")
    await house.poll()
    assert house.sf("Account", account)["Site"] == "Reno"
    await house.sync("account", account)
    assert house.ia("CUSTOMER")[0]["SHIPPINGMETHOD"] == "Elko"
    assert any("would read back" in said for said in await warnings(house))


async def test_words_are_mapped_both_ways_and_unmapped_ones_named(house: House) -> None:
    words = (("Warm", "Hot"), ("Cold", "Warm"), ("Icy", "Cold"))
    await in_force(house, "account", own("rating", "ACCOUNTLABEL", "Rating", kind=ValueKind.PICK, value_map=words))
    (account,) = house.seed("Account", {"Name": "Acme", "Rating": "Hot"})
    await house.sync("account", account)
    assert house.ia("CUSTOMER")[0]["ACCOUNTLABEL"] == "Warm"
    await edit_customer(house, ACCOUNTLABEL="Icy")
    await house.poll()
    assert house.sf("Account", account)["Rating"] == "Cold"
    await edit_customer(house, ACCOUNTLABEL="Tepid")
    await house.poll()
    assert house.sf("Account", account)["Rating"] == "Cold"
    assert any("'Tepid' is not in the value map" in said for said in await warnings(house))


async def test_an_unmapped_word_of_salesforce_is_an_error_that_names_it(house: House) -> None:
    row = own("rating", "ACCOUNTLABEL", "Rating", rule=TO, kind=ValueKind.PICK, value_map=(("A", "Hot"),))
    await in_force(house, "account", row)
    (account,) = house.seed("Account", {"Name": "Acme", "Rating": "Cold"})
    (done,) = await house.sync("account", account)
    assert (done.result, done.reason) == ("failed", "unmapped_value")
    assert "Rating 'Cold' is not in the value map: Hot" in done.message


async def test_a_default_fills_gaps_on_both_sides_and_overwrites_nothing(house: House) -> None:
    await in_force(house, "account", own("site", "SHIPPINGMETHOD", "Site", width=40, default="Truck"))
    (account,) = house.seed("Account", {"Name": "Acme"})
    await house.sync("account", account)
    assert (house.ia("CUSTOMER")[0]["SHIPPINGMETHOD"], house.sf("Account", account)["Site"]) == ("Truck", "Truck")
    await house.edit("Account", account, Site="Ship")
    await house.sync("account", account)
    await house.edit("Account", account, Site=None)
    await house.sync("account", account)
    assert (house.ia("CUSTOMER")[0]["SHIPPINGMETHOD"], house.sf("Account", account)["Site"]) == ("Ship", "Ship")
    (done,) = await house.sync("account", account)
    assert done.result == "unchanged"


async def test_a_default_is_nothing_both_sides_agreed_on(house: House) -> None:
    row = own("site", "SHIPPINGMETHOD", "Site", rule=FROM, width=40, default="Truck")
    await in_force(house, "account", row)
    (account,) = house.seed("Account", {"Name": "Acme"})
    await house.sync("account", account)
    assert house.sf("Account", account)["Site"] == "Truck"
    agreed = {name.partition("~")[0]: value for name, value in (await binding(house)).base.items()}
    assert agreed.get("SHIPPINGMETHOD") is None


@pytest.mark.parametrize(
    ("row", "values", "there"),
    [
        (own("r", "ADVBILLBY", "NumberOfEmployees", kind=ValueKind.NUMBER), {"NumberOfEmployees": 7}, 7),
        (own("r", "SHIPPINGMETHOD", "NumberOfEmployees"), {"NumberOfEmployees": 7}, "7"),
        (own("r", "SHIPPINGMETHOD", "AnnualRevenue", kind=ValueKind.AMOUNT), {"AnnualRevenue": "12.5"}, "12.50"),
        (own("r", "EMAILOPTIN", "ia_crm__Is_Merged__c", kind=ValueKind.TRUTH), {"ia_crm__Is_Merged__c": True}, True),
    ],
    ids=["number", "number as text", "amount", "checkbox"],
)
async def test_values_are_converted_to_the_types_of_both_sides(
    house: House, row: RowChange, values: dict[str, Any], there: object
) -> None:
    await in_force(house, "account", row)
    (account,) = house.seed("Account", {"Name": "Acme", **values})
    (done,) = await house.sync("account", account)
    assert done.result == "created", done.message
    name = row.own.intacct if row.own else ""
    assert str(house.ia("CUSTOMER")[0][name]).lower() == str(there).lower()
    await edit_customer(house, **{name: "9" if there is not True else "false"})
    await house.poll()
    (field,) = values
    assert house.sf("Account", account)[field] in (9, False)
    (again,) = await house.sync("account", account)
    assert again.result == "unchanged"


async def test_a_text_that_is_no_number_does_not_reach_a_number_field(house: House) -> None:
    await in_force(house, "account", own("r", "SHIPPINGMETHOD", "NumberOfEmployees"))
    (account,) = house.seed("Account", {"Name": "Acme", "NumberOfEmployees": 7})
    await house.sync("account", account)
    await edit_customer(house, SHIPPINGMETHOD="many")
    await house.poll()
    assert house.sf("Account", account)["NumberOfEmployees"] == 7
    await house.sync("account", account)
    assert house.ia("CUSTOMER")[0]["SHIPPINGMETHOD"] == "many"
    assert any("NumberOfEmployees 'many' is not a number" in said for said in await warnings(house))


@pytest.mark.parametrize(("policy", "wins"), [(Policy.SALESFORCE, "SF"), (Policy.INTACCT, "IA")])
async def test_a_conflict_is_decided_by_the_policy_of_the_row(house: House, policy: Policy, wins: str) -> None:
    await in_force(house, "account", RowChange("TAXID", policy=policy))
    (account,) = house.seed("Account", {"Name": "Acme", "ia_crm__Tax_ID__c": "old"})
    await house.sync("account", account)
    await house.edit("Account", account, ia_crm__Tax_ID__c="SF")
    await edit_customer(house, TAXID="IA")
    await house.sync("account", account)
    assert (house.sf("Account", account)["ia_crm__Tax_ID__c"], house.ia("CUSTOMER")[0]["TAXID"]) == (wins, wins)
    assert any("was changed on both sides" in said for said in await warnings(house))


async def test_two_who_roll_back_at_once_make_two_versions_of_which_one_is_in_force(house: House) -> None:
    await in_force(house, "account", SITE)
    await asyncio.gather(
        *(mappings.roll_back(house.context, house.connection, "account", number, by=KEY) for number in (0, 1))
    )
    rows, _ = await mappings.versions(house.context, house.connection.id, "account", None, 9)
    assert sorted((row.number, row.state) for row in rows) == [(1, "retired"), (2, "retired"), (3, "active")]


async def test_an_own_reference_waits_for_what_it_names(house: House) -> None:
    row = own("partner", "PRICESCHEDULE", "ParentId", rule=TO, kind=ValueKind.REFERENCE, lookup="account")
    await in_force(house, "account", RowChange("PARENTID", active=False), row)
    (parent,) = house.seed("Account", {"Name": "Parent"})
    (child,) = house.seed("Account", {"Name": "Child", "ParentId": parent})
    (done,) = await house.sync("account", child)
    assert done.result == "created", done.message
    by_name = {customer["NAME"]: customer for customer in house.ia("CUSTOMER")}
    assert by_name["Child"]["PRICESCHEDULE"] == by_name["Parent"]["CUSTOMERID"]


# --- the first merge of a row that is new to records in step ---------------------------------------------------------


async def test_activation_alone_writes_nothing(house: House) -> None:
    await in_step(house, Site="Reno")
    before = len(house.intacct.state.ledger), len(house.salesforce.state.org.ledger)
    await in_force(house, "account", SITE)
    await house.poll()
    await house.pass_time(20)
    assert (len(house.intacct.state.ledger), len(house.salesforce.state.org.ledger)) == before


@pytest.mark.parametrize(
    ("rule", "here", "there", "ends"),
    [
        (BOTH, "Reno", None, ("Reno", "Reno")),
        (BOTH, None, "Elko", ("Elko", "Elko")),
        (BOTH, "Reno", "Elko", ("Elko", "Elko")),
        (TO, None, "Elko", (None, "Elko")),
        (TO, "Reno", "Elko", ("Reno", "Reno")),
        (FROM, "Reno", None, ("Reno", None)),
        (FROM, "Reno", "Elko", ("Elko", "Elko")),
    ],
)
async def test_the_first_merge_of_a_new_row_clears_nothing(
    house: House, rule: Any, here: str | None, there: str | None, ends: tuple[str | None, str | None]
) -> None:
    account = await in_step(house, Site=here)
    await edit_customer(house, SHIPPINGMETHOD=there)
    await in_force(house, "account", own("site", "SHIPPINGMETHOD", "Site", rule=rule, width=40))
    for _ in range(2):  # the second run writes nothing more
        await house.sync("account", account)
        found = house.sf("Account", account)["Site"], house.ia("CUSTOMER")[0].get("SHIPPINGMETHOD") or None
        assert found == ends
    (again,) = await house.sync("account", account)
    assert again.result == "unchanged"


async def test_after_its_first_merge_a_new_row_carries_edits_and_clears(house: House) -> None:
    account = await in_step(house)
    await edit_customer(house, SHIPPINGMETHOD="Elko")
    await in_force(house, "account", own("site", "SHIPPINGMETHOD", "Site", rule=TO, width=40))
    await house.sync("account", account)
    await house.edit("Account", account, Site="Ely")
    await house.sync("account", account)
    assert house.ia("CUSTOMER")[0]["SHIPPINGMETHOD"] == "Ely"
    await house.edit("Account", account, Site=None)
    await house.sync("account", account)
    assert not house.ia("CUSTOMER")[0]["SHIPPINGMETHOD"]


async def test_what_was_agreed_under_another_value_map_is_no_base(house: House) -> None:
    first = own("rating", "ACCOUNTLABEL", "Rating", kind=ValueKind.PICK, value_map=(("A", "Hot"), ("B", "Cold")))
    await in_force(house, "account", first)
    (account,) = house.seed("Account", {"Name": "Acme", "Rating": "Hot"})
    await house.sync("account", account)
    turned = own("rating", "ACCOUNTLABEL", "Rating", kind=ValueKind.PICK, value_map=(("B", "Hot"), ("A", "Cold")))
    await in_force(house, "account", turned)
    await house.sync("account", account)
    assert (house.sf("Account", account)["Rating"], house.ia("CUSTOMER")[0]["ACCOUNTLABEL"]) in [
        ("Hot", "B"),
        ("Cold", "A"),
    ]
    assert any("when first compared" in said for said in await warnings(house))
    link = await binding(house)
    assert [name.split("~")[0] for name in link.base if name.startswith("ACCOUNTLABEL")] == ["ACCOUNTLABEL"]
    assert link.mapping_version == "v2"


async def test_a_row_switched_off_and_on_again_forgets_what_it_agreed(house: House) -> None:
    account = await in_step(house, Phone="1")
    await in_force(house, "account", RowChange("DISPLAYCONTACT.PHONE1", active=False))
    await house.edit("Account", account, Phone=None)
    await house.sync("account", account)
    assert "DISPLAYCONTACT.PHONE1" not in (await binding(house)).base
    await mappings.roll_back(house.context, house.connection, "account", 0, by=KEY)
    await house.sync("account", account)
    assert house.sf("Account", account)["Phone"] == "1"
    assert house.ia("CUSTOMER")[0]["DISPLAYCONTACT"]["PHONE1"] == "1"


# --- activation while work goes on ----------------------------------------------------------------------------------


async def test_work_queued_before_an_activation_runs_under_the_new_version(house: House) -> None:
    (account,) = house.seed("Account", {"Name": "Acme", "Site": "Reno"})
    (item,) = await house.wish("account", [account])
    await in_force(house, "account", SITE)
    await house.drain()
    done = await house.operation(str(item.operation_id))
    assert (done.result, done.mapping_version) == ("created", "v1"), done.message
    assert house.ia("CUSTOMER")[0]["SHIPPINGMETHOD"] == "Reno"


async def test_a_run_under_way_keeps_the_version_it_began_with(house: House) -> None:
    (account,) = house.seed("Account", {"Name": "Acme", "Site": "Reno"})
    (item,) = await house.wish("account", [account])
    slow = SlowBackends(house.context.backends)
    context = replace(house.context, backends=slow)
    run = asyncio.create_task(runner.drain(context, house.connection.id, Lane.INTERACTIVE))
    await slow.reached.wait()
    await in_force(house, "account", SITE)
    slow.go_on.set()
    await run
    done = await house.operation(str(item.operation_id))
    assert (done.result, done.mapping_version) == ("created", "standard"), done.message
    assert not house.ia("CUSTOMER")[0].get("SHIPPINGMETHOD")
    (after,) = await house.sync("account", account)
    assert (after.result, after.mapping_version) == ("updated", "v1"), after.message
    assert house.ia("CUSTOMER")[0]["SHIPPINGMETHOD"] == "Reno"


async def test_an_unclear_write_of_the_old_version_is_settled_under_the_new(house: House) -> None:
    await in_force(house, "account", SITE)
    (account,) = house.seed("Account", {"Name": "Acme", "Site": "Reno"})
    fault(house, kind="reset_after_commit", match="create:CUSTOMER", times=1)
    (item,) = await house.wish("account", [account])
    await house.drain()
    assert (await house.operation(str(item.operation_id))).state != "done"
    await in_force(house, "account", own("other", "SUPDOCID", "Sic", width=20))
    await house.edit("Account", account, Site="Ely", Sic="7")
    await house.pass_time(1200)
    done = await house.operation(str(item.operation_id))
    assert (done.state, done.mapping_version) == ("done", "v2"), done.message
    (customer,) = house.ia("CUSTOMER")
    assert (customer["SHIPPINGMETHOD"], customer["SUPDOCID"]) == ("Reno", "7")
    (again,) = await house.sync("account", account)
    assert again.result == "unchanged"
