"""SIM-10 to SIM-16: tokens earned, refused, inspected and ended."""

from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.simulators.salesforce.bench import CREDENTIALS, START, Bench, code_of

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_KEYS = {"access_token", "instance_url", "id", "token_type", "scope", "issued_at", "signature"}
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
CLAIMS = {
    "iss": "client",
    "sub": "sync@example.com",
    "aud": "https://login.salesforce.com",
    "exp": int((START + timedelta(minutes=3)).timestamp()),
}


async def ask(org: Bench, form: dict[str, str], **how: Any) -> httpx.Response:
    """A token request."""
    return await org.http.post("/services/oauth2/token", data=form, **how)


async def bear(org: Bench, key: Any = KEY, algorithm: str = "RS256", **claims: Any) -> httpx.Response:
    """A token request with an assertion whose claims are CLAIMS but for those given."""
    await org.knobs(jwt_public_key=PUBLIC)
    assertion = jwt.encode({**CLAIMS, **claims}, key, algorithm=algorithm)
    return await ask(org, {"grant_type": JWT_GRANT, "assertion": assertion})


def denied(reply: httpx.Response) -> tuple[str, str]:
    """Error and description of a refused token request."""
    assert reply.status_code == 400
    assert reply.headers["cache-control"] == "no-store"
    return reply.json()["error"], reply.json()["error_description"]


async def test_client_credentials_in_the_form(org: Bench) -> None:
    reply = await ask(org, CREDENTIALS)
    assert reply.status_code == 200
    assert set(reply.json()) == TOKEN_KEYS
    assert reply.json()["issued_at"] == str(int(START.timestamp() * 1000))
    assert reply.json()["instance_url"] == "http://org.test"


async def test_client_credentials_as_basic(org: Bench) -> None:
    reply = await ask(org, {"grant_type": "client_credentials"}, auth=("client", "secret"))
    assert reply.status_code == 200


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "wrong"}, "invalid_client_id"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "unsupported_grant_type"),
    ],
)
async def test_wrong_credentials_are_refused(org: Bench, change: dict[str, str], error: str) -> None:
    assert denied(await ask(org, {**CREDENTIALS, **change}))[0] == error


@pytest.mark.parametrize("host", ["login.salesforce.test", "test.salesforce.test"])
async def test_client_credentials_need_a_my_domain_host(org: Bench, host: str) -> None:
    assert denied(await ask(org, CREDENTIALS, headers={"Host": host}))[0] == "invalid_grant"


async def test_instance_url_echoes_scheme_host_and_port(org: Bench) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=org.simulator), base_url="https://a.test:8443"
    ) as http:
        reply = await http.post("/services/oauth2/token", data=CREDENTIALS)
    assert reply.json()["instance_url"] == "https://a.test:8443"


async def test_a_signed_assertion_earns_a_token(org: Bench) -> None:
    reply = await bear(org)
    assert reply.status_code == 200
    assert set(reply.json()) == TOKEN_KEYS


async def test_an_assertion_may_name_the_host_as_audience(org: Bench) -> None:
    assert (await bear(org, aud="http://org.test")).status_code == 200


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"aud": "https://elsewhere.example"}, ("invalid_grant", "audience is invalid")),
        ({"exp": int(START.timestamp()) - 1}, ("invalid_grant", "expired authorization code")),
        ({"exp": int(START.timestamp()) + 301}, ("invalid_grant", "expired authorization code")),
        ({"exp": int(START.timestamp() + 60) * 1000}, ("invalid_grant", "expired authorization code")),
        ({"sub": "stranger@example.com"}, ("invalid_grant", "user hasn't approved this consumer")),
        ({"iss": "other"}, ("invalid_client_id", "client identifier invalid")),
    ],
)
async def test_an_assertion_with_a_wrong_claim_is_refused(
    org: Bench, claims: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert denied(await bear(org, **claims)) == expected


async def test_an_assertion_signed_by_another_key_is_refused(org: Bench) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert denied(await bear(org, key=other))[0] == "invalid_grant"


async def test_an_assertion_with_a_shared_secret_is_refused(org: Bench) -> None:
    assert denied(await bear(org, key="0" * 32, algorithm="HS256"))[0] == "invalid_grant"


async def test_an_assertion_that_is_none_is_refused(org: Bench) -> None:
    assert denied(await ask(org, {"grant_type": JWT_GRANT, "assertion": "x.y"}))[0] == "invalid_grant"


@pytest.mark.parametrize(
    ("name", "error", "text"),
    [
        ("not_approved", "invalid_grant", "user hasn't approved this consumer"),
        ("no_run_as_user", "invalid_grant", "no client credentials user enabled"),
        ("no_scopes", "invalid_scope", "no valid scopes defined"),
        ("inactive_user", "inactive_user", "user is inactive"),
        ("app_access", "invalid_app_access", "user is not admin approved to access this app"),
    ],
)
async def test_every_token_failure_can_be_produced(org: Bench, name: str, error: str, text: str) -> None:
    await org.knobs(token_error=name)
    assert denied(await ask(org, CREDENTIALS)) == (error, text)


async def inspect(org: Bench, token: str, **how: Any) -> dict[str, Any]:
    """What introspection says of a token."""
    reply = await org.http.post("/services/oauth2/introspect", data={"token": token}, auth=("client", "secret"), **how)
    assert reply.status_code == 200
    answer: dict[str, Any] = reply.json()
    return answer


async def test_introspection_of_a_living_token(org: Bench) -> None:
    answer = await inspect(org, org.token)
    assert answer["active"] is True
    assert answer["exp"] == int(START.timestamp()) + 7200


async def test_introspection_with_credentials_in_the_form(org: Bench) -> None:
    form = {"token": org.token, "client_id": "client", "client_secret": "secret"}
    assert (await org.http.post("/services/oauth2/introspect", data=form)).json()["active"] is True


async def test_introspection_of_an_unknown_token(org: Bench) -> None:
    assert await inspect(org, "nonsense") == {"active": False}


async def test_introspection_of_an_expired_token(org: Bench) -> None:
    org.clock.advance(7200)
    assert await inspect(org, org.token) == {"active": False}


async def test_introspection_of_a_revoked_token(org: Bench) -> None:
    await org.http.post("/services/oauth2/revoke", data={"token": org.token})
    assert await inspect(org, org.token) == {"active": False}


async def test_a_session_expires_and_a_new_token_helps(org: Bench) -> None:
    org.clock.advance(7200)
    assert code_of(await org.call("GET", "/limits")) == (401, "INVALID_SESSION_ID")
    old = org.token
    await org.login()
    assert (await org.call("GET", "/limits")).status_code == 200
    org.token = old
    assert code_of(await org.call("GET", "/limits")) == (401, "INVALID_SESSION_ID")


async def test_use_extends_a_session(org: Bench) -> None:
    for _ in range(3):
        org.clock.advance(7000)
        assert (await org.call("GET", "/limits")).status_code == 200


async def test_sessions_end_on_command(org: Bench) -> None:
    await org.sim("expire_sessions", {})
    assert code_of(await org.call("GET", "/limits")) == (401, "INVALID_SESSION_ID")


@pytest.mark.parametrize("header", [None, "", "Basic eDp5", "Bearer", "Bearer nonsense"])
async def test_a_missing_or_malformed_authorization_is_refused(org: Bench, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    reply = await org.http.get("/services/data/v64.0/limits", headers=headers)
    assert code_of(reply) == (401, "INVALID_SESSION_ID")


async def test_versions_need_no_token(org: Bench) -> None:
    reply = await org.http.get("/services/data/")
    assert reply.status_code == 200
    assert "sforce-limit-info" not in reply.headers
