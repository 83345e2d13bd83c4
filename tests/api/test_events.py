"""Messages from Intacct: who is believed, what is refused, and what follows from them."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response
from sqlmodel import select

from app.services.context import Context
from app.store.feed_tables import Hint
from app.store.tables import Binding, Connection, Operation
from tests.api.conftest import open_client
from tests.fakes import START

SECRET = "client-secret-of-the-company"
BODY = json.dumps({"object": "CUSTOMER", "recordno": "17", "event": "after_update"}).encode()
PATH = "/v1/events/intacct"


@pytest.fixture
async def company(context: Context, home: Connection) -> Connection:
    """The connection, to a company whose messages can be proved, with one linked customer."""
    async with context.begin() as session:
        row = await session.get_one(Connection, home.id)
        row.settings = {"intacct": {"company_id": "Acme-Co", "user_id": "api"}}
        row.secrets = context.vault.seal({"intacct_rest_client_secret": SECRET})
        session.add(
            Binding(
                id="b",
                connection_id=home.id,
                object="account",
                salesforce_id="001000000000001AAA",
                intacct_key="17",
                intacct_id="C-17",
                how="created",
                created_at=START,
                updated_at=START,
            )
        )
    return row


def encoded(said: Any) -> str:
    """Base64 for URLs, without padding."""
    return base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()


def signature(body: bytes = BODY, *, secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    """A webhook's signature over a body."""
    now = int(START.timestamp() * 1000)
    said = {
        "iat": now,
        "exp": now + 3_600_000,
        "iss": "Sage Intacct",
        "tenant_id": "acme-co",
        "payload_signature": hashlib.sha256(body).hexdigest(),
        "payload_signature_alg": "SHA-256",
    } | claims
    signed = f"{encoded({'alg': algorithm, 'typ': 'JWT'})}.{encoded(said)}"
    made = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


async def post(app: FastAPI, headers: Mapping[str, str], body: bytes = BODY) -> Response:
    """Post as Intacct does, without an API key."""
    async with open_client(app, None) as client:
        return await client.post(PATH, content=body, headers=headers)


async def wishes(context: Context) -> list[Operation]:
    """All operations."""
    async with context.begin() as session:
        return list(await session.exec(select(Operation)))


async def test_signed_message_has_the_record_read_again(app: FastAPI, context: Context, company: Connection) -> None:
    answer = await post(
        app, {"X-IA-Sage-Signature": signature(), "Idempotency-Key": "m-1", "Authorization": "Bearer x"}
    )
    assert (answer.status_code, answer.json()["outcome"]) == (200, "wished")
    (row,) = await wishes(context)
    assert (row.record_id, row.direction, row.origin) == ("001000000000001AAA", "fromIntacct", "intacct")


async def test_signature_may_come_wrapped(app: FastAPI, company: Connection) -> None:
    wrapped = base64.b64encode(json.dumps({"jwtData": signature()}).encode()).decode()
    answer = await post(app, {"X-IA-Sage-Signature": wrapped, "X-IdempotencyKey": "m-1"})
    assert answer.json()["outcome"] == "wished"


@pytest.mark.parametrize(
    "given",
    [
        signature(secret="another"),
        signature(b"{}"),
        signature(BODY + b" "),
        signature(algorithm="none"),
        signature(tenant_id="other-co"),
        signature(iss="Somebody"),
        signature(exp=int(START.timestamp() * 1000)),
        signature(iat=int((START + timedelta(hours=1)).timestamp() * 1000)),
        signature(exp=None),
        "nonsense",
        "a.b.c",
        "",
    ],
)
async def test_message_that_is_not_proved_is_refused(
    app: FastAPI, context: Context, company: Connection, given: str
) -> None:
    answer = await post(app, {"X-IA-Sage-Signature": given})
    assert (answer.status_code, answer.json()["code"]) == (401, "signature_refused")
    assert await wishes(context) == []


@pytest.mark.parametrize("again", [{"Idempotency-Key": "m-1"}, {"Idempotency-Key": "m-2"}, {"X-IdempotencyKey": "m-1"}])
async def test_message_that_comes_again_has_no_second_effect(
    app: FastAPI, context: Context, company: Connection, again: dict[str, str]
) -> None:
    first = {"X-IA-Sage-Signature": signature(), "Idempotency-Key": "m-1"}
    await post(app, first)
    answer = await post(app, {"X-IA-Sage-Signature": signature(), **again})
    assert (answer.status_code, answer.json()["outcome"]) == (200, "replayed")
    async with context.begin() as session:
        assert len(list(await session.exec(select(Hint)))) == 1


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (b'{"object":"customer","RECORDNO":17}', "wished"),
        (b'{"object":"CUSTOMER","id":"C-17"}', "wished"),
        (b"object=CUSTOMER&recordno=17", "wished"),
        (b'{"object":"CUSTOMER","recordno":"99"}', "notLinked"),
        (b'{"object":"CUSTOMER","recordno":"17","user":"api"}', "ownWrite"),
        (b'{"object":"CUSTOMER"}', "feedHinted"),
        (b'{"object":"VENDOR","recordno":"17"}', "notSynced"),
        (b'{"object":"CUSTOMER","name":"6" pipe"}', "unreadable"),
        (b"\xff\x00", "unreadable"),
        (b"", "unreadable"),
    ],
)
async def test_smart_event_with_a_key_is_a_hint_whatever_it_says(
    client: AsyncClient, company: Connection, body: bytes, outcome: str
) -> None:
    answer = await client.post(PATH, content=body)
    assert (answer.status_code, answer.json()["outcome"]) == (200, outcome)


async def test_context_names_the_record_where_the_body_does_not(app: FastAPI, company: Connection) -> None:
    said = base64.b64encode(json.dumps({"OBJECTNAME": "CUSTOMER", "ID": "C-17", "EVENT": "after_update"}).encode())
    body = b"anything"
    headers = {"X-IA-Sage-Signature": signature(body), "X-ClientContext": said.decode()}
    assert (await post(app, headers, body)).json()["outcome"] == "wished"


async def test_neither_key_nor_signature_is_refused(app: FastAPI, company: Connection) -> None:
    assert (await post(app, {})).status_code == 401
