"""Who may do what: keys, roles, and the walls between connections."""

import re

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from app.services import keys
from app.services.context import Context
from app.services.keys import Role
from app.store.tables import ApiKey, Connection
from tests.api.conftest import KEYS, open_client
from tests.fakes import FakeClock
from tests.houses import ACCOUNT

ONE = f"/v1/sync/account/{ACCOUNT}"

LOWEST = {
    ("GET", "/v1/operations"): Role.VIEWER,
    ("GET", "/v1/operations/none"): Role.VIEWER,
    ("GET", "/v1/errors"): Role.VIEWER,
    ("GET", "/v1/errors/export"): Role.VIEWER,
    ("GET", "/v1/error-groups"): Role.VIEWER,
    ("GET", "/v1/error-groups/none"): Role.VIEWER,
    ("GET", "/v1/journal-mappings"): Role.VIEWER,
    ("GET", "/v1/transaction-definitions"): Role.VIEWER,
    ("GET", "/v1/journal-mappings/none"): Role.VIEWER,
    ("GET", "/v1/journal-suggestions"): Role.VIEWER,
    ("GET", f"/v1/errors/account/{ACCOUNT}"): Role.VIEWER,
    ("GET", f"/v1/records/account/{ACCOUNT}"): Role.VIEWER,
    ("GET", f"/v1/records/account/{ACCOUNT}/history"): Role.VIEWER,
    ("GET", "/v1/mass-runs"): Role.VIEWER,
    ("GET", "/v1/mass-runs/none"): Role.VIEWER,
    ("GET", "/v1/bulk-updates"): Role.VIEWER,
    ("GET", "/v1/bulk-updates/none"): Role.VIEWER,
    ("GET", "/v1/bulk-updates/none/records"): Role.VIEWER,
    ("GET", "/v1/mappings/account"): Role.VIEWER,
    ("POST", "/v1/mappings/account/validate"): Role.VIEWER,
    ("GET", "/v1/mappings/account/versions"): Role.VIEWER,
    ("GET", "/v1/mappings/account/versions/1"): Role.VIEWER,
    ("GET", "/v1/mappings/account/export"): Role.VIEWER,
    ("GET", "/v1/payments"): Role.VIEWER,
    ("GET", "/v1/payments/equation"): Role.VIEWER,
    ("GET", "/v1/payments/reconciliation"): Role.VIEWER,
    ("GET", "/v1/payments/grant"): Role.VIEWER,
    ("GET", "/v1/payments/none"): Role.VIEWER,
    ("GET", "/v1/objects"): Role.VIEWER,
    ("GET", "/v1/configuration"): Role.VIEWER,
    ("GET", "/v1/configuration/objects/account"): Role.VIEWER,
    ("GET", "/v1/requests/none"): Role.VIEWER,
    ("GET", "/ready"): Role.VIEWER,
    ("GET", "/v1/health/budget"): Role.VIEWER,
    ("GET", "/v1/health/completeness"): Role.VIEWER,
    ("GET", "/metrics"): Role.VIEWER,
    ("POST", ONE): Role.CALLER,
    ("POST", "/v1/sync/account"): Role.CALLER,
    ("POST", "/v1/events/intacct"): Role.CALLER,
    ("POST", "/v1/preview/account"): Role.CALLER,
    ("POST", "/v1/projects/from-opportunity"): Role.CALLER,
    ("POST", "/v1/sales-documents/from-opportunity"): Role.CALLER,
    ("POST", "/v1/journal-mappings/none/preview"): Role.CALLER,
    ("POST", "/v1/journal-mappings/none/run"): Role.CALLER,
    ("POST", "/v1/mappings/account/preview"): Role.CALLER,
    ("POST", "/v1/payments"): Role.CALLER,
    ("POST", "/v1/payments/none/retry"): Role.OPERATOR,
    ("POST", "/v1/payments/none/cancel"): Role.OPERATOR,
    ("POST", "/v1/payments/none/release"): Role.OPERATOR,
    ("POST", "/v1/payments/none/reject"): Role.OPERATOR,
    ("POST", "/v1/payments/none/reverse"): Role.OPERATOR,
    ("DELETE", "/v1/payments/none/proposal"): Role.OPERATOR,
    ("PUT", "/v1/payments/grant"): Role.ADMIN,
    ("DELETE", "/v1/payments/grant"): Role.ADMIN,
    ("POST", "/v1/resync/account"): Role.OPERATOR,
    ("POST", "/v1/match/account"): Role.OPERATOR,
    ("POST", f"/v1/records/account/{ACCOUNT}/link"): Role.OPERATOR,
    ("POST", f"/v1/records/account/{ACCOUNT}/copy"): Role.OPERATOR,
    ("POST", f"/v1/records/account/{ACCOUNT}/review"): Role.OPERATOR,
    ("POST", "/v1/health/completeness/account"): Role.OPERATOR,
    ("POST", "/v1/error-groups/none/retry"): Role.OPERATOR,
    ("POST", "/v1/error-groups/none/ignore"): Role.OPERATOR,
    ("POST", "/v1/error-groups/none/resolve"): Role.OPERATOR,
    ("POST", "/v1/mass-runs/account/count"): Role.OPERATOR,
    ("POST", "/v1/mass-runs/account/start"): Role.OPERATOR,
    ("POST", "/v1/mass-runs/none/cancel"): Role.OPERATOR,
    ("POST", "/v1/bulk-updates/account/count"): Role.OPERATOR,
    ("POST", "/v1/bulk-updates/account/preview"): Role.OPERATOR,
    ("POST", "/v1/bulk-updates/account/start"): Role.OPERATOR,
    ("POST", "/v1/bulk-updates/none/cancel"): Role.OPERATOR,
    ("POST", "/v1/operations/none/retry"): Role.OPERATOR,
    ("POST", "/v1/operations/none/cancel"): Role.OPERATOR,
    ("POST", "/v1/errors/none/resolve"): Role.OPERATOR,
    ("POST", f"/v1/records/account/{ACCOUNT}/unlink"): Role.OPERATOR,
    ("PATCH", "/v1/configuration"): Role.ADMIN,
    ("POST", "/v1/journal-mappings"): Role.ADMIN,
    ("PUT", "/v1/transaction-definitions/none"): Role.ADMIN,
    ("DELETE", "/v1/transaction-definitions/none"): Role.ADMIN,
    ("PATCH", "/v1/journal-mappings/none"): Role.ADMIN,
    ("DELETE", "/v1/journal-mappings/none"): Role.ADMIN,
    ("POST", "/v1/mappings/account"): Role.ADMIN,
    ("PATCH", "/v1/mappings/account"): Role.ADMIN,
    ("DELETE", "/v1/mappings/account"): Role.ADMIN,
    ("POST", "/v1/mappings/account/activate"): Role.ADMIN,
    ("POST", "/v1/mappings/account/rollback"): Role.ADMIN,
    ("POST", "/v1/mappings/account/import"): Role.ADMIN,
    ("PATCH", "/v1/configuration/objects/account"): Role.ADMIN,
    ("POST", "/v1/connection/disconnect"): Role.ADMIN,
    ("GET", "/v1/connection"): Role.ADMIN,
    ("PATCH", "/v1/connection"): Role.ADMIN,
    ("GET", "/v1/keys"): Role.ADMIN,
    ("POST", "/v1/keys"): Role.ADMIN,
    ("POST", "/v1/keys/none/rotate"): Role.ADMIN,
    ("POST", "/v1/keys/none/revoke"): Role.ADMIN,
}


@pytest.mark.parametrize(("route", "lowest"), LOWEST.items(), ids=lambda value: str(value))
async def test_a_route_opens_from_its_role_upwards(app: FastAPI, route: tuple[str, str], lowest: Role) -> None:
    method, path = route
    opened = set()
    for role, key in KEYS.items():
        async with open_client(app, key) as client:
            answer = await client.request(method, path, json={} if method in ("POST", "PATCH", "PUT") else None)
        if answer.status_code == 403:
            assert answer.json()["code"] == "role_missing"
        else:
            opened.add(role)
    assert opened == {role for role in Role if role.includes(lowest)}


async def test_the_table_above_knows_every_route(app: FastAPI) -> None:
    open_to_all = {("GET", "/health")}
    documented = {(method.upper(), path) for path, methods in app.openapi()["paths"].items() for method in methods}
    for method, template in documented - open_to_all:
        pattern = re.sub(r"\{\w+\}", "[^/]+", template)
        assert any(m == method and re.fullmatch(pattern, path) for m, path in LOWEST), (method, template)


@pytest.mark.parametrize("route", LOWEST, ids=str)
async def test_without_a_key_nothing_opens(app: FastAPI, route: tuple[str, str]) -> None:
    async with open_client(app, None) as client:
        answer = await client.request(*route)
    assert (answer.status_code, answer.json()["code"]) == (401, "key_missing")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("key", ["tnd_wrong", "x", "tnd_" + "a" * 5000, "schlüssel"])
async def test_a_wrong_key_is_refused(app: FastAPI, key: str) -> None:
    async with open_client(app, None) as client:
        answer = await client.get("/v1/objects", headers=[(b"X-API-Key", key.encode())])
    assert (answer.status_code, answer.json()["code"]) == (401, "key_refused")


async def test_a_key_may_come_as_a_bearer_token(app: FastAPI) -> None:
    async with open_client(app, None) as client:
        answer = await client.get("/v1/objects", headers={"Authorization": f"Bearer {KEYS[Role.VIEWER]}"})
    assert answer.status_code == 200


async def test_a_revoked_key_stops_at_once(app: FastAPI, client: AsyncClient) -> None:
    made = (await client.post("/v1/keys", json={"name": "org", "role": "caller"})).json()
    async with open_client(app, made["apiKey"]) as caller:
        assert (await caller.post(ONE)).status_code == 202
        revoked = (await client.post(f"/v1/keys/{made['keyId']}/revoke")).json()
        assert (await caller.post(ONE)).status_code == 401
    assert not revoked["active"]


async def test_a_key_ends_with_its_life(app: FastAPI, client: AsyncClient, clock: FakeClock) -> None:
    made = (await client.post("/v1/keys", json={"name": "org", "role": "viewer", "lifeDays": 1})).json()
    async with open_client(app, made["apiKey"]) as viewer:
        assert (await viewer.get("/v1/objects")).status_code == 200
        clock.advance(24 * 3600)
        assert (await viewer.get("/v1/objects")).status_code == 401


async def test_both_keys_work_while_one_is_rotated(app: FastAPI, client: AsyncClient) -> None:
    made = (await client.post("/v1/keys", json={"name": "org", "role": "viewer"})).json()
    next_one = (await client.post(f"/v1/keys/{made['keyId']}/rotate")).json()
    for key in (made["apiKey"], next_one["apiKey"]):
        async with open_client(app, key) as viewer:
            assert (await viewer.get("/v1/objects")).status_code == 200


async def test_keys_are_listed_without_themselves(client: AsyncClient) -> None:
    made = (await client.post("/v1/keys", json={"name": "org", "role": "viewer"})).json()
    listed = await client.get("/v1/keys")
    assert made["keyId"] in {item["keyId"] for item in listed.json()["items"]}
    assert made["apiKey"] not in listed.text


async def test_a_key_cannot_end_itself(client: AsyncClient) -> None:
    items = (await client.get("/v1/keys")).json()["items"]
    [own] = [item["keyId"] for item in items if item["role"] == "admin"]
    answer = await client.post(f"/v1/keys/{own}/revoke")
    assert (answer.status_code, answer.json()["code"]) == (409, "key_in_use")


async def test_an_ended_key_cannot_be_rotated(client: AsyncClient) -> None:
    made = (await client.post("/v1/keys", json={"name": "org", "role": "viewer"})).json()
    await client.post(f"/v1/keys/{made['keyId']}/revoke")
    answer = await client.post(f"/v1/keys/{made['keyId']}/rotate")
    assert (answer.status_code, answer.json()["code"]) == (409, "key_ended")


async def test_the_last_use_is_noted_once_a_minute(
    client: AsyncClient, context: Context, home: Connection, clock: FakeClock
) -> None:
    async def last_used() -> object:
        [admin] = [row for row in await keys.listed(context, home.id) if row.role == Role.ADMIN]
        assert isinstance(admin, ApiKey)
        return admin.last_used_at

    await client.get("/v1/objects")
    first = await last_used()
    clock.advance(30)
    await client.get("/v1/objects")
    assert await last_used() == first
    clock.advance(30)
    await client.get("/v1/objects")
    assert await last_used() == clock.now()


async def test_a_neighbour_sees_nothing_of_ours(client: AsyncClient, neighbour: AsyncClient) -> None:
    ours = (await client.post(ONE, json={"requestId": "k-1"})).json()
    key = (await client.post("/v1/keys", json={"name": "org", "role": "viewer"})).json()["keyId"]
    operation = f"/v1/operations/{ours['operationId']}"
    for method, path in (
        ("GET", operation),
        ("POST", f"{operation}/retry"),
        ("POST", f"{operation}/cancel"),
        ("GET", "/v1/requests/k-1"),
        ("POST", f"/v1/keys/{key}/revoke"),
        ("POST", f"/v1/keys/{key}/rotate"),
    ):
        assert (await neighbour.request(method, path)).status_code == 404, path
    assert (await neighbour.get("/v1/operations")).json()["items"] == []
    assert (await neighbour.get(f"/v1/records/account/{ACCOUNT}")).json()["live"] is None
    assert key not in {item["keyId"] for item in (await neighbour.get("/v1/keys")).json()["items"]}


async def test_a_neighbours_switch_is_not_ours(client: AsyncClient, neighbour: AsyncClient) -> None:
    await neighbour.patch("/v1/configuration", json={"syncEnabled": False})
    assert (await client.get("/v1/configuration")).json()["syncEnabled"]
