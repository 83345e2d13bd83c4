"""aio-sf 0.1.0b14 against the Salesforce simulator, over plain http. It always writes through collections."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from aio_sf import ClientCredentialsAuth, SalesforceAuthError, SalesforceClient

from tests.peers.salesforce_server import PEER_FIELDS, RunningSalesforce, running_salesforce

pytestmark = pytest.mark.peers


@pytest.fixture
def org() -> Iterator[RunningSalesforce]:
    """A fresh org with an external-id field."""
    with running_salesforce() as running:
        running.control("schema", PEER_FIELDS)
        yield running


def connect(org: RunningSalesforce, secret: str = "secret") -> Any:
    """A client that has not logged in yet."""
    auth = ClientCredentialsAuth(client_id="client", client_secret=secret, instance_url=org.base)
    return SalesforceClient(auth, version="v64.0")


@pytest.fixture
async def sf(org: RunningSalesforce) -> AsyncIterator[Any]:
    """Logged in."""
    async with connect(org) as client:
        yield client


async def test_it_logs_in_and_asks_for_the_expiry(org: RunningSalesforce, sf: Any) -> None:
    verbs = org.control("meters")["by_verb"]
    assert (verbs["token"], verbs["introspect"]) == (1, 1)
    assert sf.auth_strategy.expires_at > 0


async def test_a_wrong_secret_is_an_authentication_error(org: RunningSalesforce) -> None:
    client = connect(org, "wrong")
    with pytest.raises(SalesforceAuthError):
        await client.ensure_authenticated()
    await client.close()


async def test_insert_with_a_failing_row(org: RunningSalesforce, sf: Any) -> None:
    results = await sf.collections.insert([{"Name": "A"}, {"Phone": "1"}], "Account", all_or_none=False)
    assert [r["success"] for r in results] == [True, False]
    assert results[1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert len(org.control("records/Account")) == 1


async def test_a_duplicate_is_a_row_error(sf: Any) -> None:
    rows = [{"Name": "A", "Intacct_Id__c": "C-1"}]
    await sf.collections.insert(rows, "Account")
    (result,) = await sf.collections.insert(rows, "Account")
    assert result["errors"][0]["statusCode"] == "DUPLICATE_VALUE"


async def test_upsert_of_a_new_and_an_existing_record(sf: Any) -> None:
    rows = [{"Name": "A", "Intacct_Id__c": "C-1"}]
    for created in (True, False):
        (result,) = await sf.collections.upsert(rows, "Intacct_Id__c", "Account")
        assert (result["success"], result["created"]) == (True, created)


async def test_update_and_delete(org: RunningSalesforce, sf: Any) -> None:
    (made,) = await sf.collections.insert([{"Name": "A"}], "Account")
    (changed,) = await sf.collections.update([{"Id": made["id"], "Name": "B"}], "Account")
    assert changed["success"] is True
    assert org.control("records/Account")[0]["Name"] == "B"
    (gone,) = await sf.collections.delete([made["id"]])
    assert gone["success"] is True


async def test_it_splits_450_rows_into_batches(org: RunningSalesforce, sf: Any) -> None:
    results = await sf.collections.insert([{"Name": f"A{n}"} for n in range(450)], "Account")
    assert sum(r["success"] for r in results) == 450
    assert org.control("meters")["by_verb"]["collections.create"] == 3


async def test_it_follows_pages(org: RunningSalesforce, sf: Any) -> None:
    org.control("seed", {"Account": [{"Name": f"A{n:02d}"} for n in range(25)]})
    org.control("knobs", {"page_cap": 10})
    result = await sf.query.soql("SELECT Name FROM Account ORDER BY Name")
    assert len(result) == 25
    assert [r["Name"] async for r in result] == [f"A{n:02d}" for n in range(25)]


async def test_limits_and_describe(sf: Any) -> None:
    limits = await sf.describe.get_limits()
    assert limits["DailyApiRequests"]["Max"] == 100_000
    described = await sf.describe.sobject("Account")
    assert described["name"] == "Account"


async def test_updated_through_the_free_call(sf: Any) -> None:
    (made,) = await sf.collections.insert([{"Name": "A"}], "Account")
    stamp = (await (await sf.query.soql("SELECT SystemModstamp FROM Account")).collect_all())[0]["SystemModstamp"]
    url = sf.get_sobject_url("Account") + "/updated/"
    start = stamp.replace("+0000", "Z")
    reply = await sf.get(url, params={"start": start, "end": "2999-01-01T00:00:00Z"})
    assert reply.json()["ids"] == [made["id"]]


async def test_after_an_expired_session_it_logs_in_again(org: RunningSalesforce, sf: Any) -> None:
    org.control("expire_sessions", {})
    assert (await sf.describe.get_limits())["DailyApiRequests"]["Max"] == 100_000
    assert org.control("meters")["by_verb"]["token"] == 2
