"""OAuth 2 of the company's app registrations: who gets an access token, how long it lives, what it stands for.

Grants client_credentials and refresh_token. The authorisation-code grant needs a browser and is refused by name.
"""

import base64
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.simulators.clock import SimClock
from app.simulators.intacct.company import Company
from app.simulators.intacct.knobs import Knobs
from app.simulators.intacct.rest.errors import RestRefused, bad_token, gateway
from app.simulators.intacct.sessions import COMPANY_ID, USERS

CLIENTS = {"client": "secret"}


@dataclass(frozen=True)
class Caller:
    """Who a token speaks for; `location` is the entity it was asked for ('' at top level)."""

    user: str
    location: str


@dataclass(frozen=True)
class _Token:
    caller: Caller
    expires: datetime


class Tokens:
    """Live access and refresh tokens."""

    def __init__(self, clock: SimClock, knobs: Knobs, company: Company, seed: int) -> None:
        self._clock, self._knobs, self._company = clock, knobs, company
        self._random = random.Random(f"tokens-{seed}")
        self._access: dict[str, _Token] = {}
        self._refresh: dict[str, Caller] = {}
        self.issued = 0

    def grant(self, form: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of the token endpoint. RestRefused (a bare gateway error) for anything that is not right."""
        for name, code in (("client_id", "GW-0037"), ("client_secret", "GW-0015")):
            if not form.get(name):
                raise gateway(400, code, f"{name} is missing")
        if CLIENTS.get(str(form["client_id"])) != form["client_secret"]:
            raise gateway(401, "GW-0011", "Invalid request: the client id is unknown, inactive or its secret is wrong")
        grant = form.get("grant_type")
        if grant == "client_credentials":
            return self._issue(self._named(str(form.get("username") or "")))
        if grant == "refresh_token":
            caller = self._refresh.pop(str(form.get("refresh_token") or ""), None)
            if caller is None:
                raise gateway(400, "GW-0032", "Invalid token payload: the refresh token is unknown or was used")
            location = str(form.get("entity_id") or caller.location)
            self._entity(location)
            return self._issue(Caller(caller.user, location))
        raise gateway(400, "GW-0032", f"Invalid token payload: grant_type {grant!r} is not supported")

    def revoke(self, token: str) -> None:
        """The token, of either kind, ends now; an unknown one is no error."""
        self._access.pop(token, None)
        self._refresh.pop(token, None)

    def caller(self, header: str, entity: str) -> Caller:
        """Who the Authorization header speaks for, in `entity` if one is named there. RestRefused otherwise."""
        word, _, token = header.partition(" ")
        found = self._access.get(token) if word.lower() == "bearer" else None
        if found is None or found.expires <= self._clock.now():
            raise bad_token(self._knobs["rest_expired_shape"])
        if not entity:
            return found.caller
        self._entity(entity)
        return Caller(found.caller.user, entity)

    def end_all(self) -> None:
        """Every access token ends now."""
        self._access.clear()

    def _named(self, username: str) -> Caller:
        if not username:
            raise gateway(400, "GW-0036", "user name is missing")
        user, _, place = username.partition("@")
        company, _, location = place.partition("|")
        if user not in USERS or company != COMPANY_ID:
            raise gateway(401, "GW-0011", "Invalid request: tenant not found or inactive")
        self._entity(location)
        return Caller(user, location)

    def _entity(self, location: str) -> None:
        restricted = self._knobs["restricted_entity"]
        exists = not location or self._company.tables["LOCATIONENTITY"].find("LOCATIONID", location)
        if not exists or (restricted and location != restricted):
            raise RestRefused(403, "unauthorizedUser", f"The user may not work in entity {location!r}", "REST-1100")

    def _issue(self, caller: Caller) -> dict[str, Any]:
        seconds = self._knobs["rest_token_s"]
        expires = self._clock.now() + timedelta(seconds=seconds)
        claims = {"clientId": "client", "cnyId": COMPANY_ID, "userId": caller.user, "exp": int(expires.timestamp())}
        parts = [json.dumps(part, separators=(",", ":")).encode() for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
        access = ".".join([*map(_base64, parts), _base64(self._random.randbytes(32))])
        refresh = _base64(self._random.randbytes(30))
        self._access[access], self._refresh[refresh] = _Token(caller, expires), caller
        self.issued += 1
        return {
            "token_type": "Bearer",
            "access_token": access,
            "refresh_token": refresh,
            "expires_in": seconds,
        }


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
