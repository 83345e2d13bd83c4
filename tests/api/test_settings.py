"""Configuration and connection over the API."""

from typing import Any

import pytest
from httpx import AsyncClient

from app.objects import CATALOGUE
from app.services import connections
from app.services.context import Context
from app.store.tables import Connection


def present(body: dict[str, Any], name: str) -> dict[str, Any]:
    """The present options of an object in a configuration."""
    (one,) = [one for one in body["objects"] if one["objectName"] == name]
    return {option["name"]: option["presentValue"] for option in one["options"]}


async def test_options_are_changed_in_part(client: AsyncClient) -> None:
    change = {"objectName": "account", "options": {"syncOnlyOnce": True}}
    body = (await client.patch("/v1/configuration", json={"objects": [change]})).json()
    shown = present(body, "account")
    assert (shown["syncOnlyOnce"], shown["addNewAccounts"]) == (True, True)
    assert body["syncEnabled"]


async def test_objects_bear_their_own_names(client: AsyncClient) -> None:
    body = (await client.get("/v1/configuration")).json()
    assert [one["objectName"] for one in body["objects"]] == list(CATALOGUE)
    changes = [{"objectName": "price_book", "options": {"enabled": True}}]
    body = (await client.patch("/v1/configuration", json={"objects": changes})).json()
    assert present(body, "price_book")["enabled"] is True


async def test_option_that_an_object_does_not_have_is_not_found(client: AsyncClient) -> None:
    changes = [{"objectName": "contact", "options": {"requireContacts": True}}]
    answer = await client.patch("/v1/configuration", json={"objects": changes})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_option")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"objects": [{"objectName": "subscription", "options": {}}]}, "objects.0.objectName"),
        ({"objects": [{"objectName": "account", "options": {"syncTwice": True}}]}, "objects.0.options.syncTwice"),
        (
            {"objects": [{"objectName": "account", "options": {"syncOnlyOnce": "true"}}]},
            "objects.0.options.syncOnlyOnce",
        ),
        ({"options": {"userAccessList": ["ann", "ann"]}}, "options.userAccessList"),
        ({"syncEnabled": 1}, "syncEnabled"),
        ({"version": True}, "version"),
    ],
    ids=str,
)
async def test_what_is_not_declared_is_refused_by_name(
    client: AsyncClient, change: dict[str, object], field: str
) -> None:
    answer = await client.patch("/v1/configuration", json=change)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_options_of_the_whole_connection_are_changed_beside_those_of_objects(client: AsyncClient) -> None:
    body = (await client.patch("/v1/configuration", json={"options": {"userAccessList": ["ann@acme.com"]}})).json()
    assert (body["options"]["userAccessList"], body["options"]["syncForUnmappedUsers"]) == (["ann@acme.com"], False)


async def test_an_object_shows_what_each_option_takes(client: AsyncClient) -> None:
    body = (await client.get("/v1/configuration/objects/account")).json()
    (shown,) = [option for option in body["options"] if option["name"] == "customerIdSource"]
    assert (shown["kind"], shown["defaultValue"], shown["presentValue"]) == ("choice", "automatic", "automatic")
    assert shown["choices"] == ["automatic", "sequence", "salesforce"]


async def test_options_of_one_object_are_changed_alone(client: AsyncClient) -> None:
    path = "/v1/configuration/objects/contact"
    body = (await client.patch(path, json={"options": {"syncOnlyOnce": True, "onDelete": None}})).json()
    assert {option["name"]: option["presentValue"] for option in body["options"]} == {
        "syncOnlyOnce": True,
        "onDelete": "leave",
        "pollSalesforce": False,
    }


async def test_an_option_the_object_does_not_have_is_not_found(client: AsyncClient) -> None:
    answer = await client.patch("/v1/configuration/objects/contact", json={"options": {"requireContacts": True}})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_option")


@pytest.mark.parametrize("body", [{}, {"confirm": "yes"}])
async def test_a_disconnect_needs_its_word(client: AsyncClient, body: dict[str, str]) -> None:
    assert (await client.post("/v1/connection/disconnect", json=body)).status_code == 422


async def test_null_changes_nothing(client: AsyncClient) -> None:
    before = (await client.get("/v1/configuration")).json()
    nothing = {"objectName": "account", "options": {"syncOnlyOnce": None}}
    change = {"syncEnabled": None, "objects": [nothing], "options": None, "version": None}
    after = (await client.patch("/v1/configuration", json=change)).json()
    assert {**after, "correlationId": ""} == {**before, "correlationId": ""}


async def test_an_old_version_is_refused(client: AsyncClient) -> None:
    await client.patch("/v1/configuration", json={"syncEnabled": False, "version": 1})
    answer = await client.patch("/v1/configuration", json={"syncEnabled": True, "version": 1})
    assert (answer.status_code, answer.json()["code"]) == (409, "version_conflict")


async def test_a_connection_is_set_up(client: AsyncClient, context: Context, home: Connection) -> None:
    answer = await client.patch(
        "/v1/connection",
        json={
            "environment": "sandbox",
            "salesforce": {
                "loginUrl": "https://acme.my.salesforce.com",
                "clientId": "id",
                "auth": "client_credentials",
            },
            "intacct": {"companyId": "acme", "userId": "api", "senderId": "tandem"},
            "concurrency": {"intacct": 4},
            "namespace": "",
            "secrets": {"salesforceClientSecret": "s3cret", "intacctUserPassword": "pw"},
        },
    )
    body = answer.json()
    stored = await connections.get(context, home.id)
    assert answer.status_code == 200, answer.text
    assert stored.settings == {
        "salesforce": {"login_url": "https://acme.my.salesforce.com", "client_id": "id", "auth": "client_credentials"},
        "intacct": {"company_id": "acme", "user_id": "api", "sender_id": "tandem"},
        "concurrency": {"intacct": 4},
        "namespace": "",
    }
    assert context.vault.open(stored.secrets) == {"salesforce_client_secret": "s3cret", "intacct_user_password": "pw"}
    assert (body["environment"], body["namespace"], body["linkField"]) == ("sandbox", "", None)
    assert body["concurrency"] == {"salesforce": None, "intacct": 4}


async def test_secrets_are_never_shown(client: AsyncClient) -> None:
    changed = await client.patch("/v1/connection", json={"secrets": {"intacctSenderPassword": "hunter2"}})
    shown = await client.get("/v1/connection")
    assert "hunter2" not in changed.text + shown.text
    assert shown.json()["secretsSet"] == {
        "salesforceClientSecret": False,
        "salesforcePrivateKey": False,
        "intacctSenderPassword": True,
        "intacctUserPassword": False,
        "intacctRestClientSecret": False,
    }


async def test_what_is_absent_stays_and_null_removes(client: AsyncClient) -> None:
    await client.patch("/v1/connection", json={"intacct": {"companyId": "acme", "entityId": "E1"}, "linkField": "F"})
    body = (await client.patch("/v1/connection", json={"intacct": {"entityId": None}, "linkField": None})).json()
    assert (body["intacct"]["companyId"], body["intacct"]["entityId"], body["linkField"]) == ("acme", None, None)


@pytest.mark.parametrize("url", ["http://api.intacct.com", "https://", "https://u:p@api.intacct.com", "javascript:1"])
async def test_an_address_without_encryption_or_with_credentials_is_refused(client: AsyncClient, url: str) -> None:
    answer = await client.patch("/v1/connection", json={"intacct": {"url": url}})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "intacct.url"
