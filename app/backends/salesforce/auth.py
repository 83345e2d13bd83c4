"""Logging in to Salesforce: JWT bearer or client credentials, one token for all who ask (salesforce-api.md 2).

Tokens, assertions and secrets appear in no repr, message or chained exception. Tokens are opaque and never parsed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt

from app.backends.http import Lost, Reply
from app.backends.salesforce.errors import SLOW_DOWN, UNAVAILABLE, Rule, make, retry_after, unreadable
from app.backends.salesforce.wire import parse_json
from app.domain.errors import Kind, SyncError, VendorFault
from app.domain.records import System
from app.sync.ports import Clock

JWT_LIFE = timedelta(minutes=3)
TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - an address
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class SalesforceCredentials:
    """How one org is logged in to: a client secret, or a private key (PEM) with the user it acts for.

    `login_url` is the login host or My Domain (client credentials: My Domain only). `audience` of the JWT is the login
    address unless given. `client_name` names us as the writer of every record we touch.
    """

    login_url: str
    client_id: str = field(repr=False)
    client_secret: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    username: str | None = None
    audience: str | None = None
    api_version: str = "64.0"
    client_name: str = "tandem"


@dataclass(frozen=True, slots=True)
class Token:
    """A live session: its secret, where to send calls, and the identity address the login named."""

    secret: str = field(repr=False)
    instance_url: str
    identity_url: str


LOGIN_REFUSED = Rule(Kind.AUTH, "salesforce_login_refused")
LOGIN_SETUP = Rule(Kind.CONFIG, "salesforce_login_setup")

LOGIN_RULES: tuple[tuple[str, Rule], ...] = (
    ("login rate exceeded", SLOW_DOWN),
    ("retry your request", UNAVAILABLE),
    (
        "user hasn't approved this consumer",
        Rule(Kind.AUTH, LOGIN_REFUSED.code, "Pre-authorise the app for the user by permission set or profile."),
    ),
    (
        "no client credentials user enabled",
        Rule(
            Kind.CONFIG, LOGIN_SETUP.code, "Enable the client credentials flow of the app and choose its run-as user."
        ),
    ),
    ("no valid scopes", Rule(Kind.CONFIG, LOGIN_SETUP.code, "Give the app the scope `api`.")),
    (
        "audience",
        Rule(Kind.CONFIG, LOGIN_SETUP.code, "Set the audience to the login address of the org (login, test or site)."),
    ),
    (
        "expired authorization code",
        Rule(Kind.AUTH, LOGIN_REFUSED.code, "The assertion had expired on arrival: check this machine's clock."),
    ),
    ("invalid_client", Rule(Kind.AUTH, LOGIN_REFUSED.code, "Check the consumer key and the secret or certificate.")),
    ("inactive_user", Rule(Kind.AUTH, LOGIN_REFUSED.code, "The Salesforce user is inactive or frozen: reactivate it.")),
    ("invalid_app_access", Rule(Kind.CONFIG, LOGIN_SETUP.code, "Allow the user in the access policy of the app.")),
    ("unsupported_grant_type", LOGIN_SETUP),
    ("invalid_request", LOGIN_SETUP),
    ("invalid_scope", LOGIN_SETUP),
)
"""Part of `error: error_description` in lower case, and what it means; the first that fits (salesforce-api.md 2.3)."""

Send = Callable[[str, str, dict[str, str], bytes], Awaitable[Reply]]
"""Sends one request (method, address, headers, body); raises SyncError when it was not sent, or Lost."""


class Session:
    """The token of one org in this process: fetched when first needed, by one request however many ask."""

    def __init__(self, credentials: SalesforceCredentials, clock: Clock) -> None:
        self._credentials = credentials
        self._clock = clock
        self._token: Token | None = None
        self._flight: asyncio.Future[Token | SyncError | None] | None = None

    async def token(self, send: Send, stale: Token | None = None) -> Token:
        """The current token; a new one if there is none, or if the current one is `stale` (refused with 401).

        `send` carries the request of the caller that leads; the others wait for the same answer, good or bad. Raises
        SyncError AUTH or CONFIG (login refused), TRANSIENT or RATE_LIMITED (login unavailable).
        """
        while True:
            if self._token is not None and self._token is not stale:
                return self._token
            if self._flight is None:
                return await self._lead(send)
            outcome = await asyncio.shield(self._flight)
            if isinstance(outcome, SyncError):
                raise _again(outcome) from outcome
            if outcome is not None:
                return outcome

    async def _lead(self, send: Send) -> Token:
        flight: asyncio.Future[Token | SyncError | None] = asyncio.get_running_loop().create_future()
        self._flight = flight
        outcome: Token | SyncError | None = None
        try:
            outcome = self._token = token = await self._fetch(send)
            return token
        except SyncError as refused:
            outcome = refused
            raise
        finally:
            self._flight = None
            flight.set_result(outcome)  # None when the leader was cancelled: a waiter leads then

    async def _fetch(self, send: Send) -> Token:
        form = login_form(self._credentials, int(self._clock.now().timestamp()))
        url = self._credentials.login_url.rstrip("/") + TOKEN_PATH
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        try:
            reply = await send("POST", url, headers, urlencode(form).encode())
        except Lost as lost:  # a login changes nothing, so nothing is in doubt
            raise make(UNAVAILABLE, "Salesforce's login gave no complete answer") from lost
        if reply.status != 200:
            raise self._refusal(reply, [form.get("client_secret", ""), form.get("assertion", "")])
        return _read_token(reply)

    def _refusal(self, reply: Reply, secrets: list[str]) -> SyncError:
        if reply.status == 429 or reply.status >= 500:
            rule = SLOW_DOWN if reply.status == 429 else UNAVAILABLE
            error = make(rule, f"Salesforce's login answered {reply.status}")
            error.retry_after = retry_after(reply, self._clock.now())
            return error
        body = _object(reply)
        code, text = str(body.get("error") or ""), str(body.get("error_description") or "")
        for secret in filter(None, secrets):
            code, text = code.replace(secret, "***"), text.replace(secret, "***")
        said = f"{code}: {text}" if code else f"status {reply.status}"
        default = LOGIN_REFUSED if code else LOGIN_SETUP
        rule = next((rule for part, rule in LOGIN_RULES if part in said.lower()), default)
        vendor = VendorFault(System.SALESFORCE, code=code[:80] or None, text=text[:500], http_status=reply.status)
        return make(rule, f"Salesforce refused the login ({said[:500]})", None, vendor)


def login_form(credentials: SalesforceCredentials, now: int) -> dict[str, str]:
    """The form of the token request. `now` in epoch seconds. Raises SyncError CONFIG for unusable credentials."""
    host = (urlsplit(credentials.login_url).hostname or "").lower()
    if credentials.private_key is not None:
        return {"grant_type": JWT_GRANT, "assertion": _assertion(credentials, now)}
    if not credentials.client_secret:
        raise make(LOGIN_SETUP, "The Salesforce connection has neither a client secret nor a private key")
    if host.startswith(("login.", "test.")):
        raise make(LOGIN_SETUP, "A client secret works at the org's own My Domain address only")
    return {
        "grant_type": "client_credentials",
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret,
    }


def _assertion(credentials: SalesforceCredentials, now: int) -> str:
    if not credentials.username:
        raise make(LOGIN_SETUP, "A login by private key needs the name of the user it acts for")
    claims = {
        "iss": credentials.client_id,
        "sub": credentials.username,
        "aud": credentials.audience or credentials.login_url.rstrip("/"),
        "exp": now + int(JWT_LIFE.total_seconds()),
    }
    try:
        return jwt.encode(claims, credentials.private_key or "", algorithm="RS256")
    except (ValueError, TypeError, jwt.PyJWTError):  # from None: the cause may quote the key
        raise make(LOGIN_SETUP, "The private key of the Salesforce connection is not an RSA key in PEM form") from None


def _read_token(reply: Reply) -> Token:
    body = _object(reply)
    secret, instance = body.get("access_token"), body.get("instance_url")
    if not isinstance(secret, str) or not isinstance(instance, str) or not secret.isascii() or not secret.isprintable():
        raise unreadable(Reply(reply.status, {}, b""), "a login answer")  # the body may hold a token: never quoted
    return Token(secret, instance.rstrip("/"), str(body.get("id") or ""))


def _object(reply: Reply) -> dict[str, Any]:
    try:
        body = parse_json(reply.body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _again(error: SyncError) -> SyncError:
    return SyncError(
        error.kind, error.code, error.message, error.advice, retry_after=error.retry_after, vendor=error.vendor
    )
