"""aiosalesforce 0.6.2 against the Salesforce simulator: in process, and over a port with its addresses turned there."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from aiosalesforce import Salesforce
from aiosalesforce.auth import ClientCredentialsFlow
from aiosalesforce.exceptions import (
    AuthenticationError,
    DuplicatesDetectedError,
    MoreThanOneRecordError,
    NotFoundError,
    SalesforceError,
)

from app.simulators.salesforce.app import SalesforceSimulator, create_simulator
from tests.peers.salesforce_server import PEER_FIELDS, running_salesforce

pytestmark = pytest.mark.peers
STUB = "https://stub.my.salesforce.com"


class ToSimulator(httpx.AsyncHTTPTransport):
    """Sends what is meant for the stub host to the simulator's port and keeps the Host header."""

    def __init__(self, base: str) -> None:
        self._base = httpx.URL(base)
        super().__init__()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The same request, elsewhere."""
        request.url = request.url.copy_with(scheme="http", host=self._base.host, port=self._base.port)
        return await super().handle_async_request(request)


@pytest.fixture
def simulator() -> SalesforceSimulator:
    """A fresh org with an external-id field."""
    made = create_simulator(seed=1)
    made.state.change_schema(PEER_FIELDS)
    return made


def connect(transport: httpx.AsyncBaseTransport, secret: str = "secret") -> tuple[httpx.AsyncClient, Any]:
    """An HTTP client to be closed and the peer that uses it."""
    http = httpx.AsyncClient(transport=transport)
    return http, Salesforce(http, STUB, auth=ClientCredentialsFlow("client", secret), version="64.0")


@pytest.fixture
async def sf(simulator: SalesforceSimulator) -> AsyncIterator[Any]:
    """In process."""
    http, peer = connect(httpx.ASGITransport(app=simulator))
    yield peer
    await http.aclose()


async def test_a_wrong_secret_is_an_authentication_error(simulator: SalesforceSimulator) -> None:
    http, peer = connect(httpx.ASGITransport(app=simulator), "wrong")
    with pytest.raises(AuthenticationError):
        await peer.get_limits()
    await http.aclose()


async def test_it_creates_reads_updates_and_deletes(sf: Any) -> None:
    record_id = await sf.sobject.create("Account", {"Name": "A"})
    await sf.sobject.update("Account", record_id, {"Name": "B"})
    assert (await sf.sobject.get("Account", record_id, fields=["Name"]))["Name"] == "B"
    await sf.sobject.delete("Account", record_id)
    with pytest.raises(NotFoundError):
        await sf.sobject.get("Account", record_id)


async def test_a_duplicate_is_told(sf: Any) -> None:
    await sf.sobject.create("Account", {"Name": "A", "Intacct_Id__c": "C-1"})
    with pytest.raises(SalesforceError) as caught:
        await sf.sobject.create("Account", {"Name": "B", "Intacct_Id__c": "C-1"})
    assert caught.value.error_code == "DUPLICATE_VALUE"


async def test_a_duplicate_rule_lists_what_it_found(simulator: SalesforceSimulator, sf: Any) -> None:
    simulator.state.configure({"duplicate_rules": [{"object": "Account", "fields": ["Name"], "action": "block"}]})
    first = await sf.sobject.create("Account", {"Name": "A"})
    with pytest.raises(DuplicatesDetectedError) as caught:
        await sf.sobject.create("Account", {"Name": "A"})
    assert [d["id"] for d in caught.value.duplicates] == [first]


async def test_upsert_of_a_new_an_existing_and_several_records(sf: Any) -> None:
    first = await sf.sobject.upsert("Account", "C-1", "Intacct_Id__c", {"Name": "A"})
    second = await sf.sobject.upsert("Account", "C-1", "Intacct_Id__c", {"Name": "B"})
    assert (first.created, second.created, first.id) == (True, False, second.id)
    for name in "xy":
        await sf.sobject.create("Account", {"Name": name, "Group_Key__c": "G"})
    with pytest.raises(MoreThanOneRecordError):
        await sf.sobject.upsert("Account", "G", "Group_Key__c", {"Name": "C"})


async def test_it_follows_pages(simulator: SalesforceSimulator, sf: Any) -> None:
    simulator.state.seed({"Account": [{"Name": f"A{n:02d}"} for n in range(25)]})
    simulator.state.configure({"page_cap": 10})
    found = [r["Name"] async for r in sf.query("SELECT Name FROM Account ORDER BY Name")]
    assert found == [f"A{n:02d}" for n in range(25)]


async def test_query_all_sees_the_deleted(sf: Any) -> None:
    await sf.sobject.delete("Account", await sf.sobject.create("Account", {"Name": "A"}))
    soql = "SELECT Name FROM Account WHERE IsDeleted = true"
    assert [r["Name"] async for r in sf.query(soql, include_all_records=True)] == ["A"]
    assert [r async for r in sf.query(soql)] == []


async def test_limits(sf: Any) -> None:
    assert (await sf.get_limits())["DailyApiRequests"]["Max"] == 100_000


async def test_composite_with_a_reference(sf: Any) -> None:
    async with sf.composite(all_or_none=True) as composite:
        account = composite.sobject.create("Account", {"Name": "A"})
        contact = composite.sobject.create("Contact", {"LastName": "B", "AccountId": str(account.reference.id)})
    assert (await sf.sobject.get("Contact", contact.id))["AccountId"] == account.id


async def test_collections_and_updated_through_the_free_call(sf: Any) -> None:
    rows = [{"attributes": {"type": "Account"}, "Name": "A"}, {"attributes": {"type": "Account"}}]
    base = f"{STUB}/services/data/v64.0"
    results = (await sf.request("POST", f"{base}/composite/sobjects", json={"records": rows})).json()
    assert [r["success"] for r in results] == [True, False]
    (stamp,) = [r["SystemModstamp"] async for r in sf.query("SELECT SystemModstamp FROM Account")]
    window = {"start": stamp, "end": "2999-01-01T00:00:00Z"}
    updated = (await sf.request("GET", f"{base}/sobjects/Account/updated", params=window)).json()
    assert updated["ids"] == [results[0]["id"]]


async def test_it_names_itself_as_the_writer(simulator: SalesforceSimulator, sf: Any) -> None:
    await sf.sobject.create("Account", {"Name": "A"})
    assert simulator.state.org.ledger[-1]["client"] == "aiosalesforce/0.6.2"


async def test_after_an_expired_session_it_logs_in_again(simulator: SalesforceSimulator, sf: Any) -> None:
    await sf.get_limits()
    simulator.state.expire_sessions({})
    await sf.get_limits()
    assert simulator.state.meters()["by_verb"]["token"] == 2


async def test_over_a_port(simulator: SalesforceSimulator) -> None:
    with running_salesforce(simulator) as running:
        http, peer = connect(ToSimulator(running.base))
        record_id = await peer.sobject.create("Account", {"Name": "A"})
        assert (await peer.sobject.get("Account", record_id))["Name"] == "A"
        await http.aclose()
