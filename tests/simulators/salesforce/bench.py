"""A simulated org within reach of a test: in process, logged in, on a clock that stands still until it is moved."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from app.simulators.clock import SimClock
from app.simulators.salesforce.app import SalesforceSimulator, create_simulator
from app.simulators.salesforce.flags import OrgFlags

SCHEMAS = Path(__file__).parent / "schemas"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DATA = "/services/data/v64.0"
CREDENTIALS = {"grant_type": "client_credentials", "client_id": "client", "client_secret": "secret"}
JsonReply = Any


def error_of(reply: httpx.Response) -> dict[str, Any]:
    """The one error of a refused call."""
    body = reply.json()
    assert isinstance(body, list), body
    assert len(body) == 1, body
    error: dict[str, Any] = body[0]
    return error


def code_of(reply: httpx.Response) -> tuple[int, str]:
    """Status and error code of a refused call."""
    return reply.status_code, error_of(reply)["errorCode"]


class Bench:
    """The org and an HTTP client for it. `token` is sent with every data call."""

    def __init__(self, simulator: SalesforceSimulator, clock: SimClock, base: str = "http://org.test") -> None:
        self.simulator, self.clock = simulator, clock
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app=simulator), base_url=base)
        self.token = ""

    async def login(self) -> None:
        """Fetch a token."""
        reply = await self.http.post("/services/oauth2/token", data=CREDENTIALS)
        self.token = reply.json()["access_token"]

    async def call(self, method: str, path: str, **how: Any) -> httpx.Response:
        """A data call; `path` is below the version unless it begins with /services."""
        url = path if path.startswith("/services") else DATA + path
        headers = {"Authorization": f"Bearer {self.token}", **how.pop("headers", {})}
        return await self.http.request(method, url, headers=headers, **how)

    async def create(self, kind: str, values: Mapping[str, Any]) -> str:
        """The id of a record created over the wire."""
        reply = await self.call("POST", f"/sobjects/{kind}", json=values)
        assert reply.status_code == 201, reply.text
        return str(reply.json()["id"])

    async def read(self, kind: str, record_id: str) -> dict[str, Any]:
        """A record as read over the wire."""
        reply = await self.call("GET", f"/sobjects/{kind}/{record_id}")
        assert reply.status_code == 200, reply.text
        values: dict[str, Any] = reply.json()
        return values

    async def query(self, soql: str, verb: str = "query", **how: Any) -> httpx.Response:
        """The answer to a query."""
        return await self.call("GET", f"/{verb}", params={"q": soql}, **how)

    async def rows(self, soql: str, verb: str = "query") -> list[dict[str, Any]]:
        """The records of a query's first page."""
        reply = await self.query(soql, verb)
        assert reply.status_code == 200, reply.text
        found: list[dict[str, Any]] = reply.json()["records"]
        return found

    async def names(self, condition: str, verb: str = "query") -> list[str]:
        """The names of the Accounts for which a condition holds, in alphabetical order."""
        return [r["Name"] for r in await self.rows(f"SELECT Name FROM Account WHERE {condition} ORDER BY Name", verb)]

    async def sim(self, path: str, body: Any = None) -> JsonReply:
        """The control plane: a GET, or a POST of `body`."""
        reply = await (self.http.get(f"/_sim/{path}") if body is None else self.http.post(f"/_sim/{path}", json=body))
        assert reply.status_code == 200, reply.text
        return reply.json()

    async def knobs(self, **values: Any) -> None:
        """Turn knobs."""
        await self.sim("knobs", values)

    async def fault(self, **fault: Any) -> None:
        """Plan one fault."""
        await self.sim("faults", fault)


def standing_clock() -> SimClock:
    """A clock that shows START until it is advanced."""
    clock = SimClock(lambda: START.timestamp())
    clock.freeze()
    return clock


async def make_bench(flags: OrgFlags | None = None, **how: Any) -> Bench:
    """A logged-in bench on a fresh org with the schemas of these tests."""
    clock = standing_clock()
    bench = Bench(create_simulator(clock, flags=flags, schemas=[SCHEMAS], **how), clock)
    await bench.login()
    return bench
