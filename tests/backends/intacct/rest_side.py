"""What the tests of both APIs share: a backend with REST credentials, and prices as they are written."""

import random
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import httpx

from app.backends.http import HttpClient, HttpPolicy
from app.backends.intacct.auth import IntacctCredentials, RestCredentials
from app.backends.intacct.client import IntacctBackend, IntacctOptions
from app.backends.pool import LocalSlots
from app.domain.records import Lane, System
from app.sync.ports import Action, Clock, Write

PRICES, LISTS, TEMPLATES = (
    "order-entry/price-list-entry",
    "order-entry/price-list",
    "accounts-receivable/revenue-recognition-template",
)
SECRET = "canary-client-secret"
YEAR = {"startDate": date(2026, 1, 1), "endDate": date(2026, 12, 31)}


def backend_over(
    transport: httpx.AsyncBaseTransport,
    clock: Clock,
    *,
    base: str = "https://api.intacct.com/ia/api/v1",
    secret: str = SECRET,
    entity_id: str = "",
    options: IntacctOptions | None = None,
) -> IntacctBackend:
    """A backend whose both sides go over `transport`."""
    rest = RestCredentials("client", secret, "api@demo", entity_id, base)
    url = "http://127.0.0.1/ia/xml/xmlgw.phtml"
    login = IntacctCredentials("sender", "secret", "demo", "api", "secret", entity_id, url, rest)
    http = HttpClient(HttpPolicy(allowed_hosts=("intacct.com",), allow_loopback=True), transport)
    slots = LocalSlots({System.INTACCT: 2})
    return IntacctBackend(login, http, slots, clock, Lane.BULK, rng=random.Random(7), options=options)


def price_list(name: str, key: str | None = None, **more: Any) -> Write:
    """The create of a price list, or its update."""
    action = Action.UPDATE if key else Action.CREATE
    values = more if key else {"id": name, **YEAR, **more}
    return Write(LISTS, action, values, f"op-{name}-{key}", key)


def price(item: str, value: str, **more: Any) -> Write:
    """The create of an entry of the list `Base`."""
    values = {"priceList.id": "Base", "item.id": item, "currency": "USD", "value": Decimal(value), **YEAR, **more}
    return Write(PRICES, Action.CREATE, values, f"op-{item}-{more.get('currency', 'USD')}")


class Script(httpx.AsyncBaseTransport):
    """Grants tokens and describes price lists by itself; answers all else from a script, in order, and keeps it."""

    def __init__(self, *answers: httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.tokens = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The next answer."""
        if request.url.path.endswith("/oauth2/token"):
            self.tokens += 1
            return httpx.Response(200, json={"access_token": f"canary-token-{self.tokens}", "expires_in": 3600})
        if request.url.path.endswith("/core/model"):
            fields = {"key": {"type": "string"}, "id": {"type": "string"}}
            return httpx.Response(200, json={"ia::result": {"fields": fields}})
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)


def done(key: str = "7", status: int = 201) -> httpx.Response:
    """A successful write."""
    meta = {"totalCount": 1, "totalSuccess": 1, "totalError": 0}
    return httpx.Response(status, json={"ia::result": {"key": key, "id": "Base", "href": "/x"}, "ia::meta": meta})


def refused(status: int, code: str, message: str = "No.", details: Sequence[Any] = (), **more: Any) -> httpx.Response:
    """A refusal of the application."""
    error = {"code": code, "message": message, "details": list(details), **more}
    return httpx.Response(status, json={"ia::result": {"ia::error": error}, "ia::meta": {}})


def rows(*found: dict[str, Any], next_start: int | None = None) -> httpx.Response:
    """One page of a query."""
    meta = {"totalCount": len(found), "start": 1, "pageSize": 100, "next": next_start, "previous": None}
    return httpx.Response(200, json={"ia::result": list(found), "ia::meta": meta})
