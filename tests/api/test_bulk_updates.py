"""Bulk updates over HTTP, in a whole house: counted, previewed, started, read, cancelled."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from httpx import AsyncClient

from app.main import create_app
from app.services import keys, mass_steps
from app.services.keys import Role
from app.store.session import Sessions
from tests.api.conftest import KEYS, open_client
from tests.simulated import House, build_house

PATH = "/v1/bulk-updates"
WISH: dict[str, Any] = {
    "groups": [{"conditions": [{"field": "Name", "operator": "startsWith", "values": ["A"]}]}],
    "values": [{"field": "Site", "value": "HQ"}, {"field": "Phone", "formula": "CONCAT(Phone, Parent.Phone)"}],
}


@pytest.fixture
async def house(file_sessions: Sessions, new_id: Callable[[], str]) -> House:
    """A house with two accounts, one of which has a parent."""
    made = await build_house(file_sessions, new_id)
    (parent,) = made.seed("Account", {"Name": "Parent", "Phone": "7"})
    made.seed("Account", {"Name": "Acme", "Phone": "1", "ParentId": parent}, {"Name": "Ajax", "Site": "HQ"})
    return made


@pytest.fixture
async def caller(house: House) -> AsyncIterator[AsyncClient]:
    """An operator of the house."""
    await keys.create(house.context, house.connection.id, "operator", Role.OPERATOR, plain=KEYS[Role.OPERATOR])
    app = create_app(house.context)
    async with app.router.lifespan_context(app), open_client(app, KEYS[Role.OPERATOR]) as client:
        yield client


async def test_an_update_from_the_count_to_its_result(house: House, caller: AsyncClient) -> None:
    assert (await caller.post(f"{PATH}/account/count", json=WISH)).json()["records"] == 2
    shown = (await caller.post(f"{PATH}/account/preview", json=WISH | {"pageSize": 1})).json()
    (first,) = shown["items"]
    assert (shown["records"], first["result"]) == (2, "planned")
    changes = [(one["field"], one["before"], one["after"]) for one in first["changes"]]
    assert changes == [("Site", None, "HQ"), ("Phone", "1", "17")]
    more = (await caller.post(f"{PATH}/account/preview", json=WISH | {"after": shown["nextAfter"]})).json()
    assert [one["result"] for one in more["items"]] == ["unchanged"]
    started = await caller.post(f"{PATH}/account/start", json=WISH | {"confirmedRecords": 2})
    assert started.status_code == 202, started.text
    run = started.json()["bulkUpdateId"]
    for _ in range(2):
        await mass_steps.advance(house.context)
    seen = (await caller.get(f"{PATH}/{run}")).json()
    assert seen["message"] == "2 records: 1 updated, 1 had the values already, 0 failed."
    told = [seen[name] for name in ("state", "selected", "pending", "updated", "unchanged", "failed")]
    assert told == ["done", 2, 0, 1, 1, 0]
    listed = (await caller.get(PATH, params={"objectName": "account"})).json()
    assert [one["bulkUpdateId"] for one in listed["items"]] == [run]
    page = (await caller.get(f"{PATH}/{run}/records", params={"result": "updated"})).json()
    assert [one["changes"][1]["after"] for one in page["items"]] == ["17"]
    assert (await caller.post(f"{PATH}/{run}/cancel")).json()["code"] == "mass_run_over"


async def test_what_may_not_be_written_is_told_with_its_field(caller: AsyncClient) -> None:
    for value, code in (("ia_crm__IntacctID__c", "change_refused"), ("Nothing__c", "field_missing")):
        answer = await caller.post(f"{PATH}/account/count", json=WISH | {"values": [{"field": value, "value": "x"}]})
        assert (answer.status_code, answer.json()["code"]) == (409, code)
        assert value in answer.json()["detail"]


async def test_a_value_is_a_constant_or_a_formula_and_nothing_else(caller: AsyncClient) -> None:
    for value in ({"field": "Site"}, {"field": "Site", "value": "x", "formula": "Name"}, {"field": "A.B", "value": ""}):
        answer = await caller.post(f"{PATH}/account/count", json=WISH | {"values": [value]})
        assert answer.status_code == 422


async def test_a_run_of_the_other_tool_is_not_found(caller: AsyncClient) -> None:
    started = await caller.post(f"{PATH}/account/start", json=WISH | {"confirmedRecords": 2})
    run = started.json()["bulkUpdateId"]
    assert (await caller.get(f"/v1/mass-runs/{run}")).status_code == 404
    assert (await caller.get(f"{PATH}/none/records")).status_code == 404
    assert (await caller.post(f"{PATH}/{run}/cancel")).json()["state"] == "cancelled"
