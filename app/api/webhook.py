"""What Intacct posts to us, and whether its signature is genuine (intacct-api.md 7). Stores nothing, decides nothing.

A signature is a JWT (HS256, keyed with the OAuth client's secret) that names the company and the hash of the body. It
proves the body and not the other headers, so what those say is a hint.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from app.domain.errors import Kind, SyncError
from app.services.events import Notice

SIGNATURE = "x-ia-sage-signature"
CONTEXT = "x-clientcontext"
MESSAGE_IDS = ("idempotency-key", "x-idempotencykey")
ISSUER = "Sage Intacct"
SKEW = timedelta(minutes=5)
LONGEST_KEPT = 2000
NAMES = {
    "kind": ("object", "objectname", "kind"),
    "key": ("recordno", "recordnumber", "key"),
    "natural": ("id", "vid", "naturalid"),
    "event": ("event", "eventname"),
    "user": ("user", "userid"),
}
"""By which names, in any spelling of case, a body or the context may say what a notice needs."""


def notice_of(headers: Mapping[str, str], body: bytes) -> Notice:
    """What a message says, however badly: a body that cannot be read gives a notice without an object."""
    text = body.decode("utf-8", "replace").replace("\x00", "")
    said = _context(headers) | _fields(text)
    found = {name: next((said[one] for one in names if said.get(one)), "") for name, names in NAMES.items()}
    signed = SIGNATURE in headers
    message_id = next((headers[name] for name in MESSAGE_IDS if headers.get(name)), "")
    proof = hashlib.sha256(headers.get(SIGNATURE, "").encode()).hexdigest() if signed else ""
    return Notice(
        source="webhook" if signed else "smartEvent",
        kind=found["kind"].upper()[:60],
        key=found["key"] if found["key"].isascii() and found["key"].isdigit() else "",
        natural=found["natural"][:200],
        event=found["event"][:80],
        user=found["user"],
        text="" if found["kind"] else text[:LONGEST_KEPT],
        marks=tuple(f"{what}:{value[:240]}" for what, value in (("id", message_id), ("proof", proof)) if value),
    )


def company_of(headers: Mapping[str, str]) -> str:
    """The company a signature claims to come from; not proved. Raises SyncError AUTH `signature_refused`."""
    _, claims = _token(headers)
    return str(claims.get("tenant_id") or "")


def check(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> bool:
    """Whether the signature was made with `secret`, over exactly these bytes, and is valid now."""
    token, claims = _token(headers)
    signed, _, given = token.rpartition(".")
    made = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    if not hmac.compare_digest(base64.urlsafe_b64encode(made).rstrip(b"="), given.encode().rstrip(b"=")):
        return False
    digest = hashlib.sha256(body).hexdigest()
    same = hmac.compare_digest(str(claims.get("payload_signature")).lower().encode(), digest.encode())
    issued, ends = _moment(claims.get("iat")), _moment(claims.get("exp"))
    known = claims.get("iss") == ISSUER and claims.get("payload_signature_alg", "SHA-256") == "SHA-256"
    return bool(same and known and issued and ends and issued - SKEW <= now < ends)


def refused() -> SyncError:
    """A signature that proves nothing."""
    message = "The signature of the message is not valid for any connection."
    return SyncError(Kind.AUTH, "signature_refused", message, "Check the OAuth client's secret of the connection.")


def _token(headers: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """The JWT and its claims, from either form of the header."""
    given = headers.get(SIGNATURE, "").strip()
    try:
        if given.count(".") != 2:
            given = str(json.loads(_decoded(given))["jwtData"])
        head, claims, _ = given.split(".")
        algorithm, said = json.loads(_decoded(head)), json.loads(_decoded(claims))
    except (ValueError, KeyError, TypeError, RecursionError) as broken:
        raise refused() from broken
    if not isinstance(said, dict) or not isinstance(algorithm, dict) or algorithm.get("alg") != "HS256":
        raise refused()
    return given, said


def _decoded(text: str) -> bytes:
    """Base64 in either alphabet, with or without padding. Raises ValueError."""
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except binascii.Error as broken:
        raise ValueError("not base64") from broken


def _moment(value: object) -> datetime | None:
    """A moment given in milliseconds, as Intacct does, or in seconds, as the standard has it."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 1e14:
        return None
    return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)


def _context(headers: Mapping[str, str]) -> dict[str, str]:
    try:
        return _plain(json.loads(_decoded(headers.get(CONTEXT, ""))))
    except (ValueError, RecursionError):
        return {}


def _fields(text: str) -> dict[str, str]:
    """The fields of a body: a JSON object, or a form."""
    try:
        return _plain(json.loads(text))
    except (ValueError, RecursionError):
        try:
            return _plain(dict(parse_qsl(text[: LONGEST_KEPT * 10], max_num_fields=100)))
        except ValueError:
            return {}


def _plain(said: object) -> dict[str, str]:
    """Texts and numbers at the top, by lower-case name."""
    if not isinstance(said, dict):
        return {}
    return {
        str(name).lower(): str(value).strip()
        for name, value in said.items()
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip() not in ("", "{}")
    }
