"""Row 18: a new project goes into the entity it names, or to the top level by option; never into another one."""

from collections.abc import Callable
from typing import Any

import pytest

from app.domain.records import System
from app.simulators.faults import Fault, FaultKind
from app.store.session import Sessions
from tests.scenarios.listed import switch_on
from tests.simulated import BreakableTransport, House, build_house

PROJECT, ENTITY = "ia_crm__Project__c", "ia_crm__Intacct_Entity__c"


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """A house that syncs projects; the entities of the company stand in Salesforce."""
    made = await build_house(sessions, new_id)
    await switch_on(made, "project", "location")
    await made.poll()
    return made


def entity(house: House, location_id: str) -> str:
    """The Salesforce record of an entity or location."""
    return next(
        str(one["Id"])
        for one in house.salesforce.state.records(ENTITY)
        if one["ia_crm__Intacct_Entity_ID__c"] == location_id
    )


def project(house: House, name: str, location_id: str | None) -> str:
    """A project that names an entity, or none."""
    chosen = entity(house, location_id) if location_id else None
    return house.seed(PROJECT, {"Name": name, ENTITY: chosen})[0]


def owners(house: House) -> dict[str, Any]:
    """The entity each project stands in, by its name; None is the top level."""
    return {row["NAME"]: row["MEGAENTITYID"] or None for row in house.ia("PROJECT")}


def requests(house: House, what: bytes) -> int:
    """How many requests to Intacct bore a function."""
    wire: BreakableTransport = house.context.backends.wires[System.INTACCT]  # type: ignore[attr-defined]
    return sum(what in body for body in wire.sent)


async def test_project_is_made_in_the_entity_it_names_and_keeps_it(house: House) -> None:
    made = project(house, "Bridge", "E200")
    (done,) = await house.sync("project", made)
    assert done.result == "created", done.message
    assert owners(house) == {"Bridge": "E200"}
    assert house.sf(PROJECT, made)[ENTITY] == entity(house, "E200")


async def test_project_that_names_no_entity_is_made_at_top_level(house: House) -> None:
    await house.sync("project", project(house, "Bridge", None))
    assert owners(house) == {"Bridge": None}


async def test_with_the_option_a_project_is_made_at_top_level_and_says_so(house: House) -> None:
    await switch_on(house, project={"createAtTopLevel": True})
    made = project(house, "Bridge", "E200")
    (done,) = await house.sync("project", made)
    assert done.result == "created", done.message
    assert owners(house) == {"Bridge": None}
    assert house.sf(PROJECT, made)[ENTITY] is None


async def test_each_entity_has_one_request_and_one_session(house: House) -> None:
    wanted = ["E100", "E200", None] * 3
    ids = [project(house, f"P{number}", where) for number, where in enumerate(wanted)]
    before = requests(house, b"<getAPISession")
    await house.sync("project", *ids)
    assert owners(house) == {f"P{number}": where for number, where in enumerate(wanted)}
    assert (requests(house, b"<create>"), requests(house, b"<getAPISession") - before) == (3, 3)


async def test_edit_of_a_project_of_an_entity_flows_both_ways(house: House) -> None:
    made = project(house, "Bridge", "E200")
    await house.sync("project", made)
    await house.edit(PROJECT, made, Name="Tunnel")
    await house.sync("project", made)
    (twin,) = house.ia("PROJECT")
    assert (twin["NAME"], twin["MEGAENTITYID"]) == ("Tunnel", "E200")
    await house.edit_intacct("PROJECT", twin["RECORDNO"], {"DESCRIPTION": "Under the river"})
    await house.poll()
    assert house.sf(PROJECT, made)["ia_crm__Description__c"] == "Under the river"


@pytest.mark.parametrize("kind", [FaultKind.RESET_BEFORE_COMMIT, FaultKind.RESET_AFTER_COMMIT])
async def test_project_whose_answer_was_lost_stands_once_and_in_its_entity(house: House, kind: FaultKind) -> None:
    house.intacct.state.faults.add(Fault(kind, match="create:PROJECT"))
    (held,) = await house.sync("project", project(house, "Bridge", "E200"))
    assert held.reason == "outcome_unknown", held.message
    await switch_on(house, project={"createAtTopLevel": True})  # what was promised stays as it was
    await house.pass_time(3000)
    assert (await house.operation(held.id)).result == "created"
    assert owners(house) == {"Bridge": "E200"}


async def test_project_of_a_location_that_is_no_entity_is_refused(house: House) -> None:
    house.seed_intacct("LOCATION", {"LOCATIONID": "L7", "NAME": "Workshop", "STATUS": "active"})
    await house.poll()
    (done,) = await house.sync("project", project(house, "Bridge", "L7"))
    assert (done.result, done.reason, house.ia("PROJECT")) == ("failed", "not_an_entity", [])


async def test_project_of_an_entity_never_goes_elsewhere_when_entities_are_not_synced(house: House) -> None:
    made = project(house, "Bridge", None)
    (unknown,) = house.seed(ENTITY, {"Name": "Entity three", "ia_crm__Intacct_Entity_ID__c": "E300"})
    await house.edit(PROJECT, made, **{ENTITY: unknown})
    await switch_on(house, location={"enabled": False})
    (done,) = await house.sync("project", made)
    assert (done.result, done.reason, house.ia("PROJECT")) == ("failed", "reference_not_enabled", [])


async def test_project_of_an_entity_the_user_may_not_work_in_is_not_sent(house: House) -> None:
    made = project(house, "Bridge", "E200")
    house.intacct.state.configure({"restricted_entity": "E100"})
    (done,) = await house.sync("project", made)
    assert (done.result, house.ia("PROJECT")) == ("failed", [])
    assert done.reason == "entity_refused", done.message
