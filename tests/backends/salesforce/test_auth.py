"""Logging in: two flows, one token for all, refusals that name the cause and no secret."""

import asyncio
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.backends.salesforce.auth import SalesforceCredentials, Token
from app.backends.salesforce.client import SalesforceBackend
from app.domain.errors import Kind, SyncError
from tests.backends.salesforce.conftest import FakeClock, ScriptedOrg, page, refusal

Make = Callable[..., SalesforceBackend]


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def by_key(key: rsa.RSAPrivateKey) -> SalesforceCredentials:
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return SalesforceCredentials("https://login.salesforce.com/", "consumer", private_key=pem, username="me@acme.com")


def form(request: httpx.Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.content.decode()).items()}


def login_refused(error: str, description: str) -> httpx.Response:
    body = {"error": error, "error_description": description}
    return httpx.Response(400, json=body, headers={"Cache-Control": "no-store"})


async def test_no_login_before_the_first_call(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    assert backend.chunks([]) == []
    assert org.requests == []


async def test_client_credentials_go_in_the_form(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    await backend.describe("Account")
    assert str(org.requests[0].url) == "https://acme.my.salesforce.com/services/oauth2/token"
    assert form(org.requests[0]) == {
        "grant_type": "client_credentials",
        "client_id": "client",
        "client_secret": "s3cret",
    }


async def test_the_assertion_is_signed_and_short_lived(
    org: ScriptedOrg,
    make_backend: Make,
    by_key: SalesforceCredentials,
    key: rsa.RSAPrivateKey,
    clock: FakeClock,
) -> None:
    await make_backend(login=by_key).describe("Account")
    sent = form(org.requests[0])
    claims = jwt.decode(
        sent["assertion"],
        key.public_key(),
        algorithms=["RS256"],
        audience="https://login.salesforce.com",
        options={"verify_exp": False},
    )
    assert sent["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert (claims["iss"], claims["sub"]) == ("consumer", "me@acme.com")
    assert 0 < claims["exp"] - clock.now().timestamp() <= 180


async def test_fifty_cold_calls_log_in_once(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    org.script = [page() for _ in range(50)]
    await asyncio.gather(*(backend.find("Account", {"Name": ["a"]}, ["Name"]) for _ in range(50)))
    assert org.login_count == 1


async def test_fifty_calls_with_a_dead_session_log_in_once_more(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    await backend.describe("Account")

    def answer(request: httpx.Request) -> httpx.Response:
        live = request.headers["Authorization"] == "Bearer 00D!token2"
        return page() if live else refusal(401, "INVALID_SESSION_ID", "Session expired or invalid")

    org.script = [answer] * 100
    await asyncio.gather(*(backend.find("Account", {"Name": ["a"]}, ["Name"]) for _ in range(50)))
    assert org.login_count == 2


async def test_a_late_refusal_of_an_old_token_keeps_the_newer_one(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    caller = backend._caller
    old = await caller.token()
    new = await caller.token(stale=old)
    assert await caller.token(stale=old) is new
    assert org.login_count == 2


async def test_all_waiters_share_a_refused_login(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    org.logins = [login_refused("invalid_client", "invalid client credentials")] * 5
    results = await asyncio.gather(*(backend.identity() for _ in range(5)), return_exceptions=True)
    assert [type(result) for result in results] == [SyncError] * 5
    assert org.login_count == 1


async def test_a_waiter_logs_in_when_the_leader_is_cancelled(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    leader = asyncio.create_task(backend._caller.token())
    waiter = asyncio.create_task(backend._caller.token())
    await asyncio.sleep(0)
    leader.cancel()
    assert isinstance(await waiter, Token)
    assert leader.cancelled()


@pytest.mark.parametrize(
    ("error", "description", "kind"),
    [
        ("invalid_grant", "user hasn't approved this consumer", Kind.AUTH),
        ("invalid_grant", "no client credentials user enabled", Kind.CONFIG),
        ("invalid_scope", "no valid scopes defined", Kind.CONFIG),
        ("invalid_grant", "audience is invalid", Kind.CONFIG),
        ("invalid_grant", "expired authorization code", Kind.AUTH),
        ("invalid_client_id", "client identifier invalid", Kind.AUTH),
        ("inactive_user", "user is inactive", Kind.AUTH),
        ("invalid_app_access", "user is not admin approved", Kind.CONFIG),
        ("something_new", "whatever", Kind.AUTH),
    ],
)
async def test_a_refused_login_is_final_and_says_why(
    org: ScriptedOrg, backend: SalesforceBackend, error: str, description: str, kind: Kind
) -> None:
    org.logins = [login_refused(error, description)]
    with pytest.raises(SyncError) as caught:
        await backend.identity()
    assert caught.value.kind is kind
    assert error in caught.value.message
    assert description in caught.value.message
    assert org.login_count == 1


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(503, text="<html>"), httpx.ReadTimeout("late"), httpx.ConnectError("down"), httpx.Response(429)],
)
async def test_a_login_that_is_down_is_tried_again(
    org: ScriptedOrg, backend: SalesforceBackend, clock: FakeClock, answer: Any
) -> None:
    org.logins = [answer, org.token(1)]
    await backend.describe("Account")
    assert len(clock.slept) == 1


@pytest.mark.parametrize("body", ["", "<html>", "[]", "{}", '{"access_token":5,"instance_url":"https://x"}'])
async def test_a_login_answer_without_token_is_transient(
    org: ScriptedOrg, backend: SalesforceBackend, body: str
) -> None:
    org.logins = [httpx.Response(200, text=body)] * 9
    with pytest.raises(SyncError) as caught:
        await backend.identity()
    assert caught.value.kind is Kind.TRANSIENT


@pytest.mark.parametrize(
    "change",
    [
        {"client_secret": None},
        {"private_key": "not a key", "username": "me"},
        {"private_key": "not a key"},
        {"login_url": "https://login.salesforce.com"},
        {"login_url": "https://test.salesforce.com"},
    ],
)
async def test_unusable_credentials_send_nothing(
    org: ScriptedOrg, make_backend: Make, credentials: SalesforceCredentials, change: dict[str, Any]
) -> None:
    with pytest.raises(SyncError) as caught:
        await make_backend(login=replace(credentials, **change)).identity()
    assert caught.value.kind is Kind.CONFIG
    assert org.requests == []


async def test_an_instance_on_a_foreign_host_gets_no_token(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    org.logins = [httpx.Response(200, json={"access_token": "t", "instance_url": "https://evil.example"})]
    with pytest.raises(SyncError) as caught:
        await backend.describe("Account")
    assert caught.value.code == "salesforce_host_forbidden"
    assert len(org.requests) == 1


async def test_no_secret_in_reprs_and_traces(
    org: ScriptedOrg, make_backend: Make, by_key: SalesforceCredentials, credentials: SalesforceCredentials
) -> None:
    org.logins = [login_refused("invalid_grant", "client s3cret is wrong")]
    with pytest.raises(SyncError) as caught:
        await make_backend().identity()
    shown = "".join(traceback.format_exception(caught.value)) + repr((caught.value, caught.value.vendor))
    shown += repr(credentials) + repr(by_key) + repr(Token("00D!secret", "https://x", ""))
    assert not [secret for secret in ("s3cret", "PRIVATE KEY", "00D!secret") if secret in shown]


async def test_a_gateway_page_that_quotes_the_token_is_blanked(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    org.describe_status = [httpx.Response(403, text="<html>Authorization: Bearer 00D!token1</html>")]
    with pytest.raises(SyncError) as caught:
        await backend.describe("Account")
    assert caught.value.vendor is not None
    assert caught.value.vendor.text == "<html>Authorization: Bearer ***</html>"
