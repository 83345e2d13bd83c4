"""A test's way to REST v1 of the simulated company: signed in, JSON in and out."""

from dataclasses import dataclass, field
from typing import Any

import httpx

from app.simulators.intacct.app import IntacctSimulator

BASE = "/ia/api/v1/"
GRANT = {"grant_type": "client_credentials", "client_id": "client", "client_secret": "secret", "username": "api@demo"}
LIST = {"id": "Base Price List", "startDate": "2026-01-01", "endDate": "2026-12-31"}
ENTRY = {
    "priceList": {"id": "Base Price List"},
    "item": {"id": "I-1"},
    "startDate": "2026-01-01",
    "endDate": "2026-12-31",
    "currency": "USD",
    "value": "12.50",
    "valueType": "actual",
}


@dataclass
class RestDoor:
    """Calls one simulator with the token of `api@demo`."""

    sim: IntacctSimulator
    http: httpx.AsyncClient
    headers: dict[str, str] = field(default_factory=dict)

    async def sign_in(self, **changes: str) -> httpx.Response:
        """Ask for a token and use it from now on."""
        answer = await self.http.post(BASE + "oauth2/token", data={**GRANT, **changes})
        if answer.status_code == 200:
            self.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return answer

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """One request; header names with underscores for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        given = {} if body is None else {"json": body}
        return await self.http.request(method, BASE + path, headers={**self.headers, **named}, **given)

    async def post(self, name: str, body: Any, **headers: str) -> httpx.Response:
        """Create."""
        return await self.call("POST", f"objects/{name}", body, **headers)

    async def query(self, name: str, *fields: str, **more: Any) -> dict[str, Any]:
        """A query that must succeed."""
        answer = await self.call("POST", "services/core/query", {"object": name, "fields": list(fields), **more})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found
