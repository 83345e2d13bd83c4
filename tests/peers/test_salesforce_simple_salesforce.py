"""simple-salesforce 1.12.10 against the Salesforce simulator, its https addresses turned to the loopback port."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceResourceNotFound,
)

from tests.peers.salesforce_server import PEER_FIELDS, RunningSalesforce, running_salesforce

pytestmark = pytest.mark.peers


class ToSimulator(HTTPAdapter):
    """Sends what is meant for `https://stub.my.salesforce.com` to the simulator and keeps the Host header."""

    def __init__(self, base: str) -> None:
        self._base = urlsplit(base)
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **how: Any) -> requests.Response:
        """The same request, elsewhere."""
        meant = urlsplit(str(request.url))
        request.headers["Host"] = meant.netloc
        request.url = urlunsplit((self._base.scheme, self._base.netloc, meant.path, meant.query, ""))
        return super().send(request, *args, **how)


@pytest.fixture
def org() -> Iterator[RunningSalesforce]:
    """A fresh org with an external-id field."""
    with running_salesforce() as running:
        running.control("schema", PEER_FIELDS)
        yield running


@pytest.fixture
def session(org: RunningSalesforce) -> Iterator[requests.Session]:
    """A session that leads to the simulator."""
    with requests.Session() as made:
        made.trust_env = False
        made.mount("https://", ToSimulator(org.base))
        yield made


def sign_in(session: requests.Session, secret: str = "secret") -> Any:
    """Logged in by client credentials."""
    return Salesforce(consumer_key="client", consumer_secret=secret, domain="stub.my", session=session, version="64.0")


@pytest.fixture
def sf(session: requests.Session) -> Any:
    """Logged in."""
    return sign_in(session)


def test_it_logs_in_with_basic_credentials(org: RunningSalesforce, sf: Any) -> None:
    assert sf.sf_instance == "stub.my.salesforce.com"
    assert org.control("meters")["by_verb"]["token"] == 1


def test_a_wrong_secret_is_an_authentication_failure(session: requests.Session) -> None:
    with pytest.raises(SalesforceAuthenticationFailed):
        sign_in(session, "wrong")


def test_it_logs_in_with_a_signed_assertion(org: RunningSalesforce, session: requests.Session) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    org.control("knobs", {"jwt_public_key": public})
    sf: Any = Salesforce(
        username="sync@example.com",
        consumer_key="client",
        privatekey=private,
        domain="test",
        instance_url="stub.my",
        session=session,
        version="64.0",
    )
    assert sf.limits()["DailyApiRequests"]["Max"] == 100_000


def test_it_creates_reads_updates_and_deletes(sf: Any) -> None:
    made = sf.Account.create({"Name": "A"})
    assert made["success"] is True
    assert sf.Account.update(made["id"], {"Name": "B"}) == 204
    assert sf.Account.get(made["id"])["Name"] == "B"
    assert sf.Account.delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound):
        sf.Account.get(made["id"])


def test_a_duplicate_is_a_malformed_request_that_names_the_other(sf: Any) -> None:
    first = sf.Account.create({"Name": "A", "Intacct_Id__c": "C-1"})["id"]
    with pytest.raises(SalesforceMalformedRequest) as caught:
        sf.Account.create({"Name": "B", "Intacct_Id__c": "C-1"})
    content: Any = caught.value.content
    (error,) = content
    assert error["errorCode"] == "DUPLICATE_VALUE"
    assert error["message"].endswith(first[:15])


def test_upsert_of_a_new_an_existing_and_several_records(sf: Any) -> None:
    assert sf.Account.upsert("Intacct_Id__c/C-1", {"Name": "A"}) == 201
    assert sf.Account.upsert("Intacct_Id__c/C-1", {"Name": "B"}) == 200
    for name in "xy":
        sf.Account.create({"Name": name, "Group_Key__c": "G"})
    with pytest.raises(SalesforceMoreThanOneRecord):
        sf.Account.upsert("Group_Key__c/G", {"Name": "C"})


def test_it_follows_pages(org: RunningSalesforce, sf: Any) -> None:
    org.control("seed", {"Account": [{"Name": f"A{n}"} for n in range(25)]})
    org.control("knobs", {"page_cap": 10})
    found = sf.query_all("SELECT Id, Name FROM Account ORDER BY Name")
    assert (found["totalSize"], len(found["records"]), found["done"]) == (25, 25, True)


def test_it_reads_the_limit_header(sf: Any) -> None:
    sf.limits()
    sf.query("SELECT Id FROM Account")
    assert sf.api_usage["api-usage"].used == 2


def test_collections_through_the_free_call(sf: Any) -> None:
    rows = [{"attributes": {"type": "Account"}, "Name": "A"}, {"attributes": {"type": "Account"}}]
    results: Any = sf.restful("composite/sobjects", method="POST", json={"records": rows})
    assert [r["success"] for r in results] == [True, False]


def test_updated_and_deleted(sf: Any) -> None:
    kept, gone = [sf.Account.create({"Name": n})["id"] for n in "AB"]
    sf.Account.delete(gone)
    now = datetime.now(UTC)
    start, end = now - timedelta(hours=1), now + timedelta(hours=1)
    assert sf.Account.updated(start, end)["ids"] == [kept]
    assert [r["id"] for r in sf.Account.deleted(start, end)["deletedRecords"]] == [gone]


def test_describe(sf: Any) -> None:
    described = sf.Account.describe()
    assert described["keyPrefix"] == "001"
    assert "Intacct_Id__c" in [f["name"] for f in described["fields"]]


def test_an_expired_direct_token_is_told(org: RunningSalesforce, sf: Any, session: requests.Session) -> None:
    direct = Salesforce(session_id=sf.session_id, instance_url="https://stub.my.salesforce.com", session=session)
    org.control("expire_sessions", {})
    with pytest.raises(SalesforceExpiredSession):
        direct.limits()


def test_with_credentials_it_logs_in_again_and_replays(org: RunningSalesforce, sf: Any) -> None:
    org.control("expire_sessions", {})
    assert sf.Account.create({"Name": "A"})["success"] is True
    assert org.control("meters")["by_verb"]["token"] == 2
