"""Checklist row 40: one record or many by object and record id, fired and forgotten, with the status read later."""

from collections.abc import AsyncIterator, Callable

import pytest
from httpx import AsyncClient

from app.main import create_app
from app.services import keys
from app.services.keys import Role
from app.store.session import Sessions
from tests.api.conftest import KEYS, open_client
from tests.simulated import House, build_house


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """A house with a key for callers."""
    made = await build_house(sessions, new_id)
    await keys.create(made.context, made.connection.id, "caller", Role.CALLER, plain=KEYS[Role.CALLER])
    return made


@pytest.fixture
async def client(house: House) -> AsyncIterator[AsyncClient]:
    """A caller, as a button, a flow or Apex is one."""
    app = create_app(house.context)
    async with app.router.lifespan_context(app), open_client(app, KEYS[Role.CALLER]) as client:
        yield client


async def test_one_record_is_accepted_at_once_and_its_status_is_read_later(house: House, client: AsyncClient) -> None:
    (account,) = house.seed("Account", {"Name": "Acme"})
    accepted = await client.post(f"/v1/sync/account/{account}", json={"origin": "button"})
    assert (accepted.status_code, accepted.json()["state"], house.ia("CUSTOMER")) == (202, "queued", [])
    await house.drain()
    later = (await client.get(f"/v1/operations/{accepted.json()['operationId']}")).json()
    (customer,) = house.ia("CUSTOMER")
    assert (later["state"], later["result"], later["intacctId"]) == ("done", "created", customer["CUSTOMERID"])


async def test_many_records_are_accepted_in_one_call_and_each_has_a_status(house: House, client: AsyncClient) -> None:
    good, bad = house.seed("Account", {"Name": "Acme"}, {"Name": "Bolt", "ia_crm__Tax_ID__c": "x" * 21})
    asked = {"recordIds": [good, bad, "nonsense"], "origin": "flow", "requestId": "batch-1"}
    accepted = await client.post("/v1/sync/account", json=asked)
    assert (accepted.status_code, house.ia("CUSTOMER")) == (202, [])
    await house.drain()
    later = (await client.get("/v1/requests/batch-1")).json()
    assert later["finished"]
    assert [(item["recordId"], item["result"]) for item in later["items"]] == [
        (good, "created"),
        (bad, "failed"),
        ("nonsense", "failed"),
    ]


async def test_the_object_says_what_is_synced(house: House, client: AsyncClient) -> None:
    (contact,) = house.seed("Contact", {"LastName": "Byron"})
    await client.post(f"/v1/sync/contact/{contact}")
    await house.drain()
    assert [one["CONTACTNAME"] for one in house.ia("CONTACT")] == ["Byron"]


async def test_a_large_call_is_one_customer_each(house: House, client: AsyncClient) -> None:
    accounts = house.seed("Account", *({"Name": f"Account {number}"} for number in range(60)))
    accepted = (await client.post("/v1/sync/account", json={"recordIds": accounts, "origin": "massTool"})).json()
    await house.drain()
    ids = [item["operationId"] for item in accepted["items"]]
    assert {(await house.operation(one)).result for one in ids} == {"created"}
    assert len(house.ia("CUSTOMER")) == 60


async def test_a_call_that_is_repeated_while_it_waits_is_the_same_work(house: House, client: AsyncClient) -> None:
    (account,) = house.seed("Account", {"Name": "Acme"})
    first = (await client.post(f"/v1/sync/account/{account}", json={"origin": "button"})).json()
    again = (await client.post("/v1/sync/account", json={"recordIds": [account], "origin": "apex"})).json()
    await house.drain()
    assert again["items"][0]["operationId"] == first["operationId"]
    assert len(house.ia("CUSTOMER")) == 1
