"""Access to REST v1: the token request, what its answer opens, and the headers and bodies of calls. Sends nothing."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from app.backends.intacct.auth import RestCredentials, Session
from app.backends.intacct.errors import UNREADABLE, to_error

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
MARGIN = timedelta(seconds=60)
"""How long before its end a token is replaced."""


def token_form(who: RestCredentials) -> bytes:
    """The body of a client-credentials token request (intacct-api.md 9.1)."""
    username = f"{who.username}|{who.entity_id}" if who.entity_id else who.username
    named = {
        "grant_type": "client_credentials",
        "client_id": who.client_id,
        "client_secret": who.client_secret,
        "username": username,
    }
    return urlencode(named).encode("ascii")


def opened(said: Mapping[str, Any], url: str, entity: str, now: datetime) -> Session:
    """The session a token answer opens; sources differ on the lifetime, so the answer's own number is believed."""
    token, seconds = said.get("access_token"), said.get("expires_in")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or " " in token:
        raise to_error(UNREADABLE, None)
    lasts = timedelta(seconds=int(seconds)) if isinstance(seconds, int | str) and str(seconds).isdigit() else None
    return Session(token, url, entity, expires=now + max(lasts - MARGIN, lasts / 2) if lasts else None)


def bearer(session: Session) -> dict[str, str]:
    """Headers of a call. The entity is named in each, in the spelling production clients use (U-8)."""
    headers = {"Authorization": f"Bearer {session.id}", "Accept": "application/json"}
    return {**headers, "X-IA-API-Param-Entity": session.entity} if session.entity else headers


def encoded(body: object) -> bytes:
    """A body as it goes out."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
