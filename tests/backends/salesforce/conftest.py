"""A scripted Salesforce on a mock transport, and the backend under test in front of it."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.backends.http import HttpClient, HttpPolicy
from app.backends.pool import LocalSlots
from app.backends.salesforce.auth import SalesforceCredentials
from app.backends.salesforce.client import SalesforceBackend
from app.backends.salesforce.options import SalesforceOptions
from app.domain.records import Lane, System

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]

ACCOUNT_FIELDS: list[dict[str, Any]] = [
    {"name": "Id", "type": "id", "length": 18, "nillable": False, "createable": False, "updateable": False},
    {"name": "Name", "type": "string", "length": 255, "nillable": False},
    {"name": "SystemModstamp", "type": "datetime", "nillable": False, "createable": False, "updateable": False},
    {"name": "CreatedDate", "type": "datetime", "createable": False},
    {"name": "IsDeleted", "type": "boolean", "nillable": False, "createable": False},
    {"name": "MasterRecordId", "type": "reference", "referenceTo": ["Account"], "relationshipName": "MasterRecord"},
    {"name": "ParentId", "type": "reference", "referenceTo": ["Account"], "relationshipName": "Parent"},
    {"name": "OwnerId", "type": "reference", "referenceTo": ["Group", "User"], "relationshipName": "Owner"},
    {"name": "AnnualRevenue", "type": "currency"},
    {"name": "NumberOfEmployees", "type": "int"},
    {"name": "SlaExpiration__c", "type": "date", "custom": True},
    {"name": "Active__c", "type": "boolean", "nillable": False, "custom": True},
    {"name": "Ext__c", "type": "string", "length": 80, "custom": True},
    {
        "name": "Rating",
        "type": "picklist",
        "picklistValues": [{"value": "Hot", "active": True}, {"value": "Old", "active": False}],
    },
]
USER_FIELDS: list[dict[str, Any]] = [{"name": "Id", "type": "id"}, {"name": "Alias", "type": "string"}]


class FakeClock:
    """Time that passes only when somebody sleeps or a test says so."""

    def __init__(self) -> None:
        self.instant = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.instant

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.instant += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        self.instant += timedelta(seconds=seconds)


class ScriptedOrg:
    """Answers logins and describes by itself, everything else from `script`, in order. Keeps every request."""

    def __init__(self) -> None:
        self.script: list[Answer] = []
        self.logins: list[Answer] = []
        self.requests: list[httpx.Request] = []
        self.login_count = 0
        self.describe_status: list[Answer] = []
        self.headers: dict[str, str] = {}
        self.schemas = {"Account": ACCOUNT_FIELDS, "User": USER_FIELDS}

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        self.requests.append(request)
        if request.url.path.endswith("/token"):
            self.login_count += 1
            return self._give(request, self.logins.pop(0) if self.logins else self.token(self.login_count))
        if request.url.path.endswith("/describe"):
            kind = request.url.path.split("/")[-2]
            return self._give(request, self.describe_status.pop(0) if self.describe_status else self.describe(kind))
        return self._give(request, self.script.pop(0))

    @staticmethod
    def _give(request: httpx.Request, answer: Answer) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)

    def token(self, number: int) -> httpx.Response:
        body = {
            "access_token": f"00D!token{number}",
            "instance_url": "https://acme.my.salesforce.com",
            "id": "https://login.salesforce.com/id/00D000000000001EAA/005000000000001AAA",
            "token_type": "Bearer",
            "issued_at": "1700000000000",
        }
        return httpx.Response(200, json=body)

    def describe(self, kind: str) -> httpx.Response:
        if kind not in self.schemas:
            return refusal(404, "NOT_FOUND", "The requested resource does not exist")
        headers = {"Last-Modified": "Sun, 22 Nov 2026 09:00:00 GMT", **self.headers}
        return httpx.Response(200, json={"name": kind, "fields": self.schemas[kind]}, headers=headers)

    def data_requests(self) -> list[httpx.Request]:
        """Requests that are neither logins nor describes."""
        return [r for r in self.requests if not r.url.path.endswith(("/token", "/describe"))]

    def queries(self) -> list[str]:
        return [r.url.params["q"] for r in self.data_requests() if "q" in r.url.params]

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(r.content) for r in self.data_requests() if r.content]


def refusal(status: int, code: str, text: str = "no", **more: Any) -> httpx.Response:
    """An error answer of the data API."""
    headers = more.pop("headers", {})
    return httpx.Response(status, json=[{"errorCode": code, "message": text, **more}], headers=headers)


def page(*rows: dict[str, Any], then: str | None = None) -> httpx.Response:
    """One page of a query."""
    body: dict[str, Any] = {"totalSize": len(rows), "done": then is None, "records": list(rows)}
    return httpx.Response(200, json=body | ({"nextRecordsUrl": then} if then else {}))


@pytest.fixture
def make_refusal() -> Callable[..., httpx.Response]:
    return refusal


@pytest.fixture
def make_page() -> Callable[..., httpx.Response]:
    return page


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def org() -> ScriptedOrg:
    return ScriptedOrg()


@pytest.fixture
def credentials() -> SalesforceCredentials:
    return SalesforceCredentials("https://acme.my.salesforce.com", "client", client_secret="s3cret")


@pytest.fixture
def make_backend(
    org: ScriptedOrg, clock: FakeClock, credentials: SalesforceCredentials
) -> Callable[..., SalesforceBackend]:
    def make(
        lane: Lane = Lane.INTERACTIVE,
        login: SalesforceCredentials = credentials,
        options: SalesforceOptions | None = None,
        capacity: int = 5,
    ) -> SalesforceBackend:
        http = HttpClient(HttpPolicy(allowed_hosts=("salesforce.com",)), httpx.MockTransport(org))
        slots = LocalSlots({System.SALESFORCE: capacity})
        return SalesforceBackend(login, http, slots, clock, lane, options=options, jitter=lambda: 1.0)

    return make


@pytest.fixture
def backend(make_backend: Callable[..., SalesforceBackend]) -> SalesforceBackend:
    return make_backend()
