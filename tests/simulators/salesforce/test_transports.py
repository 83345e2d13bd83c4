"""SIM-01: the same behaviour in process, under a mount, on a plain and on a TLS port; and wires that really break."""

import ipaddress
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from starlette.applications import Starlette
from starlette.routing import Mount

from app.simulators.salesforce.app import create_simulator
from tests.peers.salesforce_server import RunningSalesforce, running_salesforce
from tests.simulators.salesforce.bench import CREDENTIALS, SCHEMAS


def certify(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, private


@pytest.fixture(params=["process", "mount", "http", "tls"])
async def http(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose base is the org's address, by each way there is."""
    simulator = create_simulator(schemas=[SCHEMAS])
    if request.param == "process":
        async with httpx.AsyncClient(transport=httpx.ASGITransport(simulator), base_url="http://org.test") as client:
            yield client
    elif request.param == "mount":
        app = Starlette(routes=[Mount("/orgs/one", app=simulator)])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://org.test/orgs/one") as client:
            yield client
    else:
        certificate, key = certify(tmp_path) if request.param == "tls" else (None, None)
        with running_salesforce(simulator, certificate=certificate, private_key=key) as running:
            async with httpx.AsyncClient(base_url=running.base, verify=running.verify, trust_env=False) as client:
                yield client


async def login(http: httpx.AsyncClient) -> dict[str, str]:
    """The headers of a logged-in caller."""
    reply = await http.post("services/oauth2/token", data=CREDENTIALS)
    assert reply.json()["instance_url"] == str(http.base_url).rstrip("/")
    return {"Authorization": f"Bearer {reply.json()['access_token']}"}


async def test_a_life_of_a_record_by_every_way(http: httpx.AsyncClient) -> None:
    headers = await login(http)
    key = "services/data/v64.0/sobjects/Account/Intacct_Id__c/C%2F1"
    made = await http.patch(key, json={"Name": "A"}, headers=headers)
    assert (made.status_code, made.headers["location"][:26]) == (201, "/services/data/v64.0/sobje")
    assert (await http.get(key, headers=headers)).json()["Intacct_Id__c"] == "C/1"
    assert (await http.delete(key, headers=headers)).content == b""
    assert (await http.get(key, headers=headers)).status_code == 404


async def test_pages_by_every_way(http: httpx.AsyncClient) -> None:
    headers = await login(http)
    await http.post("_sim/seed", json={"Account": [{"Name": f"A{n}"} for n in range(15)]})
    await http.post("_sim/knobs", json={"page_cap": 10})
    soql = {"q": "SELECT Id FROM Account"}
    first = (await http.get("services/data/v64.0/query/", params=soql, headers=headers)).json()
    # the address of the next page is relative to instance_url
    rest = (await http.get(first["nextRecordsUrl"].lstrip("/"), headers=headers)).json()
    assert (len(first["records"]), len(rest["records"])) == (10, 5)


async def test_a_truncated_answer_by_every_way(http: httpx.AsyncClient) -> None:
    headers = await login(http)
    await http.post("_sim/faults", json={"kind": "truncated"})
    reply = await http.get("services/data/v64.0/limits", headers=headers)
    assert reply.text.startswith("{")
    assert not reply.text.endswith("}")


@pytest.fixture
async def running() -> AsyncIterator[RunningSalesforce]:
    """An org on a port."""
    with running_salesforce() as made:
        yield made


@pytest.mark.parametrize(
    ("kind", "stored"), [("reset_before_commit", 0), ("reset_after_commit", 1), ("timeout_after_commit", 1)]
)
async def test_a_dropped_wire_is_a_transport_error(running: RunningSalesforce, kind: str, stored: int) -> None:
    async with httpx.AsyncClient(base_url=running.base, trust_env=False) as client:
        headers = await login(client)
        running.control("faults", {"kind": kind})
        with pytest.raises(httpx.TransportError):
            await client.post("services/data/v64.0/sobjects/Account", json={"Name": "A"}, headers=headers)
    assert len(running.control("records/Account")) == stored


async def test_a_hanging_answer_is_a_timeout_after_the_commit(running: RunningSalesforce) -> None:
    async with httpx.AsyncClient(base_url=running.base, trust_env=False, timeout=0.2) as client:
        headers = await login(client)
        running.control("faults", {"kind": "timeout_after_commit", "seconds": 1})
        with pytest.raises(httpx.ReadTimeout):
            await client.post("services/data/v64.0/sobjects/Account", json={"Name": "A"}, headers=headers)
    assert len(running.control("records/Account")) == 1
