"""What is remembered about callers, and for how long."""

from fastapi import FastAPI
from httpx import AsyncClient

from app.api.doors import REMEMBERED
from app.services import keys
from app.services.context import Context
from app.services.keys import Role
from app.store.tables import Connection
from tests.api.conftest import open_client
from tests.fakes import FakeClock
from tests.houses import ACCOUNT

ONE = f"/v1/sync/account/{ACCOUNT}"


async def test_a_key_revoked_by_another_process_stops_within_two_seconds(
    app: FastAPI, context: Context, home: Connection, clock: FakeClock
) -> None:
    made = await keys.create(context, home.id, "org", Role.VIEWER)
    async with open_client(app, made.plain) as viewer:
        assert (await viewer.get("/v1/objects")).status_code == 200
        await keys.revoke(context, home.id, made.row.id)
        clock.advance(REMEMBERED.total_seconds())
        assert (await viewer.get("/v1/objects")).status_code == 401
    assert REMEMBERED.total_seconds() <= 2


async def test_a_key_that_ends_meanwhile_is_not_remembered_past_its_end(
    app: FastAPI, context: Context, home: Connection, clock: FakeClock
) -> None:
    made = await keys.create(context, home.id, "org", Role.VIEWER, REMEMBERED / 2)
    async with open_client(app, made.plain) as viewer:
        assert (await viewer.get("/v1/objects")).status_code == 200
        clock.advance(REMEMBERED.total_seconds() / 2)
        assert (await viewer.get("/v1/objects")).status_code == 401


async def test_a_refusal_is_not_remembered(app: FastAPI, context: Context, home: Connection) -> None:
    plain = keys.PREFIX + "x" * 43
    async with open_client(app, plain) as viewer:
        assert (await viewer.get("/v1/objects")).status_code == 401
        await keys.create(context, home.id, "org", Role.VIEWER, plain=plain)
        assert (await viewer.get("/v1/objects")).status_code == 200


async def test_the_master_switch_is_felt_at_once(client: AsyncClient) -> None:
    assert (await client.post(ONE)).json()["reason"] is None
    await client.patch("/v1/configuration", json={"syncEnabled": False})
    assert (await client.post(ONE)).json()["reason"] == "sync_switched_off"
