"""The token endpoints: client credentials, JWT bearer, introspection, revocation. It stores sessions only."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt.types import Options

from app.simulators.salesforce.call import Reply
from app.simulators.salesforce.errors import TOKEN_ERRORS
from app.simulators.salesforce.org import Org
from app.simulators.salesforce.sessions import Session

CLIENT_ID, CLIENT_SECRET = "client", "secret"
RUN_AS = "integration@example.com"
SCOPE = "api"
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
AUDIENCES = ("https://login.salesforce.com", "https://test.salesforce.com")
# time is the org's own, so that expiry is checked here and not by the library
UNTIMED: Options = {"verify_exp": False, "verify_aud": False, "verify_nbf": False, "verify_iat": False}
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class Denied(Exception):
    """A token request is refused for the reason named (a key of TOKEN_ERRORS)."""


def load_key(pem: str) -> RSAPublicKey:
    """The RSA key of a certificate or of a bare public key. ValueError for anything else."""
    data = pem.encode()
    key = x509.load_pem_x509_certificate(data).public_key() if b"CERTIFICATE" in data else load_pem_public_key(data)
    if not isinstance(key, RSAPublicKey):
        raise ValueError("only RSA keys can verify RS256")  # noqa: TRY004 - the caller sent a wrong value
    return key


def credentials(form: Mapping[str, str], headers: Mapping[str, str]) -> tuple[str, str]:
    """Client id and secret, from HTTP Basic or from the form."""
    scheme, _, coded = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(coded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return name, secret
    return form.get("client_id", ""), form.get("client_secret", "")


def check_client(form: Mapping[str, str], headers: Mapping[str, str]) -> None:
    """Deny a wrong client id or secret."""
    name, secret = credentials(form, headers)
    if name != CLIENT_ID:
        raise Denied("wrong_client")
    if not hmac.compare_digest(secret.encode(), CLIENT_SECRET.encode()):
        raise Denied("wrong_secret")


def by_client_credentials(form: Mapping[str, str], headers: Mapping[str, str]) -> str:
    """The run-as user, for a client that knows its secret, on a My Domain host only."""
    host = headers.get("host", "").lower()
    if host.startswith(("login.", "test.")):
        raise Denied("wrong_host")
    check_client(form, headers)
    return RUN_AS


def by_assertion(org: Org, form: Mapping[str, str], keys: Mapping[str, RSAPublicKey], base: str) -> str:
    """The user named by a signed assertion (RS256, registered key, our audience, soon to expire)."""
    assertion = form.get("assertion", "")
    try:
        issuer = jwt.decode(assertion, options={"verify_signature": False}).get("iss")
    except jwt.PyJWTError as broken:
        raise Denied("bad_assertion") from broken
    key = keys.get(str(issuer))
    if key is None:
        raise Denied("wrong_client")
    try:
        claims = jwt.decode(assertion, key, algorithms=["RS256"], options=UNTIMED)
    except jwt.PyJWTError as broken:
        raise Denied("bad_assertion") from broken
    audience = claims.get("aud")
    if not {str(a).rstrip("/") for a in (audience if isinstance(audience, list) else [audience])} & {*AUDIENCES, base}:
        raise Denied("audience")
    now = org.clock.now().timestamp()
    try:
        expires = float(claims["exp"])  # simple-salesforce sends it as text
    except (KeyError, TypeError, ValueError) as broken:
        raise Denied("bad_assertion") from broken
    if not now < expires <= now + org.knobs.assertion_seconds:
        raise Denied("expired_assertion")
    user = str(claims.get("sub", ""))
    if user not in org.knobs.jwt_users:
        raise Denied("not_approved")
    return user


def _granted(org: Org, session: Session, base: str) -> Reply:
    issued = str(int(session.issued.timestamp() * 1000))
    identity = f"{base}/id/{org.flags.organization_id}/{org.user_id}"
    digest = hmac.new(CLIENT_SECRET.encode(), (identity + issued).encode(), hashlib.sha256).digest()
    body = {
        "access_token": session.token,
        "signature": base64.b64encode(digest).decode(),
        "scope": SCOPE,
        "instance_url": base,
        "id": identity,
        "token_type": "Bearer",
        "issued_at": issued,
    }
    return Reply(200, body, NO_STORE)


def denial(reason: str) -> Reply:
    """The answer to a refused token request."""
    error, text = TOKEN_ERRORS[reason]
    return Reply(400, {"error": error, "error_description": text}, NO_STORE)


def token(
    org: Org, form: Mapping[str, str], headers: Mapping[str, str], base: str, keys: Mapping[str, RSAPublicKey]
) -> Reply:
    """An access token, or a denial."""
    try:
        if org.knobs.token_error:
            raise Denied(org.knobs.token_error)
        grant = form.get("grant_type", "")
        if grant == "client_credentials":
            user = by_client_credentials(form, headers)
        elif grant == JWT_GRANT:
            user = by_assertion(org, form, keys, base)
        else:
            raise Denied("grant_type")
    except Denied as denied:
        return denial(str(denied))
    return _granted(org, org.sessions.open(org.flags.organization_id, user, org.knobs.session_seconds), base)


def introspect(org: Org, form: Mapping[str, str], headers: Mapping[str, str]) -> Reply:
    """Whether a token lives; an unknown, expired or revoked one is not active."""
    try:
        check_client(form, headers)
    except Denied as denied:
        return denial(str(denied))
    session = org.sessions.find(form.get("token", ""))
    if session is None:
        return Reply(200, {"active": False}, NO_STORE)
    issued = int(session.issued.timestamp())
    body: dict[str, Any] = {
        "active": True,
        "scope": SCOPE,
        "client_id": CLIENT_ID,
        "username": session.username,
        "sub": f"{org.flags.organization_id}/{org.user_id}",
        "token_type": "access_token",
        "exp": int(session.expires.timestamp()),
        "iat": issued,
        "nbf": issued,
    }
    return Reply(200, body, NO_STORE)


def revoke(org: Org, form: Mapping[str, str]) -> Reply:
    """End a token's life."""
    org.sessions.end(form.get("token", ""))
    return Reply(200, None, NO_STORE)
