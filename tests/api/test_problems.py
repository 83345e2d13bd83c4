"""Every failure is one Problem: what we refuse, what the framework refuses, and what nobody foresaw."""

import json
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy.exc import OperationalError

from app.api.gate import LARGEST_BODY
from app.domain.errors import Kind, SyncError
from app.services.keys import Role
from tests.api.conftest import KEYS, open_client
from tests.houses import ACCOUNT, OnePair

MEMBERS = {
    "problemType",
    "title",
    "status",
    "detail",
    "instance",
    "code",
    "retryable",
    "retryAfterSeconds",
    "correlationId",
    "errors",
}
ONE = f"/v1/sync/account/{ACCOUNT}"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def broken(app: FastAPI) -> AsyncIterator[AsyncClient]:
    """A caller of an application with three routes that fail."""

    async def bug() -> None:
        raise RuntimeError("the password is hunter2")

    async def outage() -> None:
        raise OperationalError("SELECT secret", {}, Exception("connection refused at 10.0.0.1"))

    async def busy() -> None:
        raise SyncError(Kind.RATE_LIMITED, "salesforce_busy", "Salesforce asks us to slow down.", retry_after=2.5)

    for path, endpoint in (("/bug", bug), ("/outage", outage), ("/busy", busy)):
        app.add_api_route(path, endpoint)
    async with open_client(app, None) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "content", "headers", "status", "code"),
    [
        ("POST", ONE, b"{", JSON, 400, "body_undecodable"),
        ("POST", ONE, b"\xff\xfe", JSON, 400, "body_undecodable"),
        ("POST", ONE, b"[" * 100_000, JSON, 400, "body_undecodable"),
        ("GET", "/v1/nowhere", b"", {}, 404, "path_unknown"),
        ("GET", "//health", b"", {}, 404, "path_unknown"),
        ("GET", "/health/", b"", {}, 404, "path_unknown"),
        ("DELETE", "/v1/keys", b"", {}, 405, "method_not_allowed"),
        ("POST", ONE, b" " * (LARGEST_BODY + 1), JSON, 413, "body_too_large"),
        ("POST", "/v1/sync/account", b"{}", {"Content-Type": "text/plain"}, 415, "body_not_json"),
        ("POST", "/v1/sync/account", b"{}", {}, 415, "body_not_json"),
        ("POST", "/v1/sync/account", b'{"recordIds": 7}', JSON, 422, "request_invalid"),
        ("POST", "/v1/sync/account", b'{"recordIds": [NaN]}', JSON, 422, "request_invalid"),
        ("PATCH", "/v1/configuration", b'{"version": 1e400}', JSON, 422, "request_invalid"),
        ("PATCH", "/v1/configuration", b'{"\\ud800": 1}', JSON, 422, "request_invalid"),
        ("POST", "/v1/keys", b'{"name": "\\ud800", "role": "viewer"}', JSON, 422, "request_invalid"),
        ("GET", "/v1/operations?surprise=1", b"", {}, 422, "request_invalid"),
        ("GET", "/v1/operations/unknown", b"", {}, 404, "not_found"),
    ],
)
async def test_the_framework_speaks_our_language(
    client: AsyncClient, method: str, path: str, content: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    answer = await client.request(method, path, content=content, headers=headers)
    body = answer.json()
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code)
    assert set(body) == MEMBERS
    assert answer.headers["Content-Type"] == "application/json"
    assert body["correlationId"] == answer.headers["X-Correlation-Id"]


async def test_a_large_body_without_a_length_is_refused_too(client: AsyncClient) -> None:
    async def stream() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 100_000

    answer = await client.post(ONE, content=stream(), headers=JSON)
    assert answer.status_code == 413


async def test_a_body_of_the_largest_size_is_read(client: AsyncClient) -> None:
    answer = await client.post(ONE, content=b"{}".ljust(LARGEST_BODY), headers=JSON)
    assert answer.status_code == 202


async def test_a_405_names_the_methods_of_all_routes_at_the_path(client: AsyncClient) -> None:
    answer = await client.request("DELETE", "/v1/configuration")
    assert answer.headers["Allow"] == "GET, PATCH"


async def test_what_was_sent_is_not_repeated(client: AsyncClient) -> None:
    answer = await client.patch("/v1/connection", json={"secrets": {"intacctUserPassword": ["hunter2"]}})
    assert answer.status_code == 422
    assert "hunter2" not in answer.text


async def test_all_wrong_fields_are_named_at_once(client: AsyncClient) -> None:
    answer = await client.post("/v1/sync/account", json={"recordIds": [], "origin": "x", "more": 1})
    assert {error["field"] for error in answer.json()["errors"]} == {"recordIds", "origin", "more"}


async def test_a_bug_tells_nothing_but_its_correlation_id(broken: AsyncClient) -> None:
    answer = await broken.get("/bug", headers={"X-Correlation-Id": "c-7"})
    body = answer.json()
    assert (answer.status_code, body["code"], body["correlationId"]) == (500, "unexpected", "c-7")
    assert "hunter2" not in answer.text
    assert not body["retryable"]


async def test_a_database_that_is_away_can_be_tried_again(broken: AsyncClient) -> None:
    answer = await broken.get("/outage")
    body = answer.json()
    assert (answer.status_code, body["retryable"], body["retryAfterSeconds"]) == (503, True, 5)
    assert answer.headers["Retry-After"] == "5"
    assert "10.0.0.1" not in answer.text
    assert "SELECT" not in answer.text


async def test_a_vendors_pause_is_passed_on_in_whole_seconds(broken: AsyncClient) -> None:
    answer = await broken.get("/busy")
    assert (answer.status_code, answer.json()["retryAfterSeconds"]) == (503, 3)


async def test_a_sane_correlation_id_is_kept(client: AsyncClient) -> None:
    answer = await client.get("/health", headers={"X-Correlation-Id": "Org-1:abc_2.3"})
    assert answer.json()["correlationId"] == answer.headers["X-Correlation-Id"] == "Org-1:abc_2.3"


@pytest.mark.parametrize("given", ["", "two words", "x" * 65, '{"a":1}'])
async def test_any_other_correlation_id_is_replaced(client: AsyncClient, given: str) -> None:
    answer = await client.get("/health", headers={"X-Correlation-Id": given})
    assert answer.json()["correlationId"].startswith("id-")


async def test_readiness_fails_with_the_same_body(client: AsyncClient, backends: OnePair) -> None:
    backends.intacct.refusal = SyncError(Kind.AUTH, "login_refused", "Intacct refuses the login.")
    answer = await client.get("/ready")
    body = answer.json()
    assert (answer.status_code, body["ready"]) == (503, False)
    [wrong] = [check for check in body["checks"] if not check["ok"]]
    assert (wrong["name"], wrong["message"]) == ("intacct", "Intacct refuses the login.")
    assert wrong["advice"]


async def test_readiness_is_complete(client: AsyncClient) -> None:
    answer = await client.get("/ready")
    assert answer.status_code == 200, json.dumps(answer.json(), indent=1)
    assert {check["name"] for check in answer.json()["checks"]} >= {"database", "salesforce", "intacct"}


async def test_health_needs_no_key(app: FastAPI) -> None:
    async with open_client(app, None) as client:
        assert (await client.get("/health")).json()["status"] == "ok"


async def test_metrics_are_prometheus_text(app: FastAPI) -> None:
    async with open_client(app, KEYS[Role.VIEWER]) as client:
        answer = await client.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "# HELP tandem_operations" in answer.text
