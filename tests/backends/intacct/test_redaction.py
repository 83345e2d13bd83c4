"""No secret in any repr, message, advice, vendor text or traceback, whatever goes wrong."""

import traceback
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from app.backends.intacct.auth import IntacctCredentials, Session
from app.backends.intacct.client import IntacctBackend
from app.domain.errors import SyncError
from app.sync.ports import Write

SECRETS = ("canary-sender-pw", "canary-user-pw", "session-1-id", "session-2-id")
ECHO = "You sent canary-sender-pw and canary-user-pw with session-1-id"


def shown(error: BaseException | None) -> str:
    if error is None:
        return ""
    text = "".join(traceback.format_exception(error)) + repr(error) + str(error)
    if isinstance(error, SyncError):
        text += repr(error.vendor) + error.message + error.advice
    return text


def scripts(company: Any) -> list[Any]:
    return [
        httpx.ReadTimeout("x"),
        httpx.ConnectError("x"),
        httpx.Response(502, text=f"<html>{ECHO}</html>"),
        httpx.Response(200, text=f"<response>{ECHO}"),
        httpx.Response(302, headers={"Location": f"https://evil.example/?{SECRETS[0]}"}),
        httpx.Response(429, json={"error": f"API rate limit exceeded {ECHO}"}),
        company.control_failure({"errorno": "XL03000003", "description": ECHO}),
        company.control_failure({"errorno": ECHO}),
        company.authentication_failure(ECHO),
        company.refuse({"errorno": "BL01001973", "description2": ECHO}),
        company.refuse({"errorno": ECHO, "correction": ECHO}, status="aborted"),
        company.refuse({"description": ECHO}, status="odd"),
        company.answer(),
    ]


@pytest.mark.parametrize("number", range(13))
async def test_no_failure_of_a_write_shows_a_secret(
    company: Any, backend: IntacctBackend, customer: Callable[..., Write], number: int
) -> None:
    company.script = [scripts(company)[number]] * 2
    outcomes = await backend.write([customer()])
    text = "".join(shown(outcome.error) for outcome in outcomes) + repr(outcomes) + repr(backend)
    company.script.clear()
    assert not [secret for secret in SECRETS if secret in text]


@pytest.mark.parametrize("number", range(13))
async def test_no_failure_of_a_read_or_a_login_shows_a_secret(
    company: Any, backend: IntacctBackend, number: int
) -> None:
    company.lookups = [scripts(company)[number]] * 8
    company.logins = [company.session, scripts(company)[number]]
    with pytest.raises(SyncError) as caught:
        await backend.describe("CUSTOMER")
    assert not [secret for secret in SECRETS if secret in shown(caught.value)]


def test_reprs_show_no_secret(credentials: IntacctCredentials) -> None:
    text = repr(credentials) + repr(Session("session-1-id", "https://x"))
    assert "acme" in text
    assert not [secret for secret in SECRETS if secret in text]
