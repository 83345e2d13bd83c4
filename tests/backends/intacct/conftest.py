"""A scripted Sage Intacct on a mock transport, the simulator in process, and the backend under test before either."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape

import httpx
import pytest
from lxml import etree

from app.backends.http import HttpClient, HttpPolicy
from app.backends.intacct.auth import IntacctCredentials
from app.backends.intacct.client import IntacctBackend, IntacctOptions
from app.backends.pool import LocalSlots
from app.domain.records import Lane, System
from app.simulators.clock import SimClock
from app.simulators.intacct.app import IntacctSimulator, create_simulator
from app.simulators.wire import Dropped
from app.sync.ports import Action, Write

Answer = httpx.Response | Exception | Callable[["Asked"], httpx.Response]
URL = "https://api.intacct.com/ia/xml/xmlgw.phtml"
TYPES = {
    "RECORDNO": "INTEGER",
    "CUSTOMERID": "TEXT",
    "NAME": "TEXT",
    "STATUS": "ENUM",
    "CREDITLIMIT": "DECIMAL",
    "ONHOLD": "BOOLEAN",
    "LASTDATE": "DATE",
    "WHENCREATED": "TIMESTAMP",
    "WHENMODIFIED": "TIMESTAMP",
}


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


class Asked:
    """One request as the other side saw it."""

    def __init__(self, request: httpx.Request) -> None:
        self.url = str(request.url)
        self.raw = request.content
        self.root = etree.fromstring(request.content)
        self.functions = self.root.findall("operation/content/function")
        self.names = [str(function[0].tag) for function in self.functions]
        self.control_ids = [function.get("controlid", "") for function in self.functions]

    def text(self, path: str) -> str | None:
        return self.root.findtext(path)

    def values(self, path: str) -> list[str | None]:
        return [found.text for found in self.root.iterfind(path)]


class ScriptedCompany:
    """Answers logins, lookups and formatting by itself, all else from `script`, in order. Keeps every request."""

    def __init__(self) -> None:
        self.script: list[Answer] = []
        self.logins: list[Answer] = []
        self.lookups: list[Answer] = []
        self.requests: list[Asked] = []
        self.login_count = 0
        self.endpoint = URL
        self.location = ""
        self.follows = False  # whether a session is opened in the entity it is asked for, as in life
        self.types: dict[str, str] = dict(TYPES)
        self.formatting: Answer | None = None
        self.delay: Callable[[Asked], Awaitable[None]] | None = None

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        asked = Asked(request)
        self.requests.append(asked)
        if asked.names == ["getAPISession"]:
            self.login_count += 1
            return self._give(asked, self.logins.pop(0) if self.logins else self.session)
        if asked.names == ["lookup"]:
            return self._give(asked, self.lookups.pop(0) if self.lookups else self.lookup)
        if asked.names == ["readUserFormatting"] and self.formatting is not None:
            return self._give(asked, self.formatting)
        answer = self.script.pop(0)
        if self.delay is not None:
            await self.delay(asked)
        return self._give(asked, answer)

    @staticmethod
    def _give(asked: Asked, answer: Answer) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(asked)

    def sent(self, *names: str) -> list[Asked]:
        """Requests whose first function has one of the names; without names, all but logins and lookups."""
        wanted = names or ("query", "create", "update", "readUserFormatting")
        return [asked for asked in self.requests if asked.names[0] in wanted]

    def session(self, asked: Asked) -> httpx.Response:
        api = f"<api><sessionid>session-{self.login_count}-id</sessionid><endpoint>{self.endpoint}</endpoint>"
        place = asked.text("*//getAPISession/locationid") if self.follows else self.location
        data = f"<data>{api}<locationid>{place or ''}</locationid></api></data>"
        return self.answer(self.result(asked.control_ids[0], "getAPISession", data))

    def lookup(self, asked: Asked) -> httpx.Response:
        fields = "".join(
            f"<Field><ID>{name}</ID><REQUIRED>false</REQUIRED><READONLY>{str(name == 'RECORDNO').lower()}</READONLY>"
            f"<DATATYPE>{datatype}</DATATYPE><ISCUSTOM>false</ISCUSTOM></Field>"
            for name, datatype in self.types.items()
        )
        data = f'<data listtype="All" count="1"><Type Name="X"><Fields>{fields}</Fields></Type></data>'
        return self.answer(self.result(asked.control_ids[0], "lookup", data))

    def confirm(self, asked: Asked) -> httpx.Response:
        """Say yes to every function; RECORDNO counts from 101."""
        results = []
        for number, function in enumerate(asked.functions, 101):
            record = function[0][0]
            kind, key = str(record.tag).lower(), record.findtext("RECORDNO") or str(number)
            body = f"<{kind}><RECORDNO>{key}</RECORDNO><CUSTOMERID>C-{key}</CUSTOMERID></{kind}>"
            data = f'<data listtype="objects" count="1">{body}</data>'
            results.append(self.result(function.get("controlid", ""), str(function[0].tag), data))
        return self.answer(*results)

    def page(self, *rows: dict[str, Any], remaining: int = 0, kind: str = "CUSTOMER") -> Answer:
        """One page of a query."""

        def give(asked: Asked) -> httpx.Response:
            cells = ["".join(f"<{n}>{escape(str(v))}</{n}>" for n, v in row.items()) for row in rows]
            body = "".join(f"<{kind}>{row}</{kind}>" for row in cells)
            head = f'listtype="{kind}" totalcount="9" offset="0" count="{len(rows)}" numremaining="{remaining}"'
            return self.answer(self.result(asked.control_ids[0], "query", f"<data {head}>{body}</data>"))

        return give

    def refuse(self, *errors: dict[str, str], status: str | None = "failure", data: str = "") -> Answer:
        """Refuse every function with the errors given."""

        def give(asked: Asked) -> httpx.Response:
            block = data + self.errors(*errors)
            pairs = zip(asked.control_ids, asked.names, strict=True)
            return self.answer(*(self.result(control_id, name, block, status=status) for control_id, name in pairs))

        return give

    @staticmethod
    def errors(*errors: dict[str, str]) -> str:
        if not errors:
            return ""
        parts = ["".join(f"<{name}>{escape(text)}</{name}>" for name, text in error.items()) for error in errors]
        return f"<errormessage>{''.join(f'<error>{part}</error>' for part in parts)}</errormessage>"

    @staticmethod
    def result(control_id: str, function: str, body: str, *, status: str | None = "success") -> str:
        word = "" if status is None else f"<status>{status}</status>"
        return (
            f"<result>{word}<function>{function}</function><controlid>{escape(control_id)}</controlid>{body}</result>"
        )

    @staticmethod
    def answer(*results: str, control: str = "success", authentication: str = "success") -> httpx.Response:
        who = "<userid>U</userid><companyid>C</companyid>"
        auth = f"<authentication><status>{authentication}</status>{who}</authentication>"
        text = (
            f"<response><control><status>{control}</status></control>"
            f"<operation>{auth}{''.join(results)}</operation></response>"
        )
        return httpx.Response(200, text=text, headers={"Content-Type": "text/xml; charset=UTF-8"})

    def control_failure(self, *errors: dict[str, str], status: int = 200, **headers: str) -> httpx.Response:
        """A refusal of the whole request at the control level."""
        text = f"<response><control><status>failure</status></control>{self.errors(*errors)}</response>"
        return httpx.Response(status, text=text, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def authentication_failure(self, text: str = "Invalid session abc", errorno: str = "XL03000006") -> httpx.Response:
        """A refusal of the login or the session."""
        auth = "<authentication><status>failure</status><userid/><companyid/></authentication>"
        errors = self.errors({"errorno": errorno, "description": "", "description2": text})
        return httpx.Response(
            200,
            text=f"<response><control><status>success</status></control><operation>{auth}{errors}</operation></response>",
        )


class LosingTransport(httpx.ASGITransport):
    """The simulator in process; a dropped connection becomes what httpx raises over a socket."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await super().handle_async_request(request)
        except Dropped as dropped:
            raise httpx.ReadError("connection closed", request=request) from dropped


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def company() -> ScriptedCompany:
    return ScriptedCompany()


@pytest.fixture
def credentials() -> IntacctCredentials:
    return IntacctCredentials("sender", "canary-sender-pw", "acme", "api", "canary-user-pw")


@pytest.fixture
def make_backend(
    company: ScriptedCompany, clock: FakeClock, credentials: IntacctCredentials
) -> Callable[..., IntacctBackend]:
    def make(
        login: IntacctCredentials = credentials, options: IntacctOptions | None = None, capacity: int = 4
    ) -> IntacctBackend:
        http = HttpClient(HttpPolicy(allowed_hosts=("intacct.com",)), httpx.MockTransport(company))
        slots = LocalSlots({System.INTACCT: capacity})
        rng = random.Random(7)
        return IntacctBackend(login, http, slots, clock, Lane.INTERACTIVE, rng=rng, options=options)

    return make


@pytest.fixture
def backend(make_backend: Callable[..., IntacctBackend]) -> IntacctBackend:
    return make_backend()


@pytest.fixture
def simulator(clock: FakeClock) -> IntacctSimulator:
    return create_simulator(SimClock(lambda: clock.now().timestamp()), seed=1)


@pytest.fixture
def make_live(simulator: IntacctSimulator, clock: FakeClock) -> Callable[..., IntacctBackend]:
    """Backends before the simulator."""

    def make(options: IntacctOptions | None = None, *, entity_id: str = "", password: str = "secret") -> IntacctBackend:
        address = "http://127.0.0.1/ia/xml/xmlgw.phtml"
        login = IntacctCredentials("sender", "secret", "demo", "api", password, entity_id=entity_id, url=address)
        http = HttpClient(HttpPolicy(allowed_hosts=(), allow_loopback=True), LosingTransport(app=simulator))
        slots = LocalSlots({System.INTACCT: 2})
        return IntacctBackend(login, http, slots, clock, Lane.BULK, rng=random.Random(7), options=options)

    return make


@pytest.fixture
def live(make_live: Callable[..., IntacctBackend]) -> IntacctBackend:
    return make_live()


@pytest.fixture
def customer() -> Callable[..., Write]:
    """Writes of customers: `customer(3)` creates number 3, `customer(3, key="17")` updates RECORDNO 17."""

    def make(number: int = 1, key: str | None = None, kind: str = "CUSTOMER", **values: Any) -> Write:
        action = Action.UPDATE if key else Action.CREATE
        named = {name.replace("__", "."): value for name, value in values.items()}
        return Write(kind, action, named or {"NAME": f"Customer {number}"}, f"op-{number:04d}", key)

    return make


@pytest.fixture(autouse=True)
def _no_pending_script(request: pytest.FixtureRequest) -> Iterator[None]:
    """A scripted answer nobody asked for means the test did not test what it says."""
    company: ScriptedCompany | None = None
    if "company" in request.fixturenames:
        company = request.getfixturevalue("company")
    yield
    if company is not None:
        assert not company.script
