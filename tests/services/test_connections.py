"""Settings and secrets: changed in part, checked before anything is stored, secrets never read back."""

from typing import Any

import pytest

from app.domain.errors import SyncError
from app.services import connections
from app.services.context import Context
from app.store.tables import Connection


async def stored(context: Context, home: Connection) -> Connection:
    return await connections.get(context, home.id)


async def test_a_change_leaves_the_rest(context: Context, home: Connection) -> None:
    await connections.change(
        context, home.id, settings={"intacct": {"company_id": "acme", "user_id": "api"}, "namespace": "ia_crm"}
    )
    await connections.change(context, home.id, settings={"intacct": {"user_id": "sync"}})
    assert (await stored(context, home)).settings == {
        "intacct": {"company_id": "acme", "user_id": "sync"},
        "namespace": "ia_crm",
    }


async def test_none_removes(context: Context, home: Connection) -> None:
    await connections.change(context, home.id, settings={"link_field": "SFDC_KEY", "intacct": {"entity_id": "E1"}})
    await connections.change(context, home.id, settings={"link_field": None, "intacct": {"entity_id": None}})
    assert (await stored(context, home)).settings == {"intacct": {}}


async def test_secrets_are_sealed_and_only_named(context: Context, home: Connection) -> None:
    known = await connections.change(context, home.id, secrets={"intacct_user_password": "pw"})
    assert known.secrets_set == {"intacct_user_password"}
    assert context.vault.open((await stored(context, home)).secrets) == {"intacct_user_password": "pw"}


async def test_a_secret_is_removed_alone(context: Context, home: Connection) -> None:
    await connections.change(context, home.id, secrets={"intacct_user_password": "pw", "intacct_sender_password": "pw"})
    known = await connections.change(context, home.id, secrets={"intacct_user_password": None})
    assert known.secrets_set == {"intacct_sender_password"}


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"intact": {}}, "intact"),
        ({"intacct": {"pasword": "x"}}, "intacct.pasword"),
        ({"intacct": "x"}, "intacct"),
        ({"intacct": {"url": "http://api.intacct.com/"}}, "intacct.url"),
        ({"intacct": {"url": "ftp://api.intacct.com/"}}, "intacct.url"),
        ({"intacct": {"url": "https://user:pw@api.intacct.com/"}}, "intacct.url"),
        ({"intacct": {"company_id": "two\nlines"}}, "intacct.company_id"),
        ({"salesforce": {"auth": "password"}}, "salesforce.auth"),
        ({"salesforce": {"api_version": "v64"}}, "salesforce.api_version"),
        ({"concurrency": {"intacct": 0}}, "concurrency.intacct"),
        ({"concurrency": {"intacct": True}}, "concurrency.intacct"),
        ({"namespace": "ia-crm"}, "namespace"),
        ({"link_field": ""}, "link_field"),
    ],
    ids=str,
)
async def test_a_wrong_setting_is_refused_by_name_and_nothing_is_stored(
    context: Context, home: Connection, settings: dict[str, Any], field: str
) -> None:
    with pytest.raises(SyncError) as caught:
        await connections.change(context, home.id, settings={"link_field": "OK", **settings})
    assert (caught.value.code, caught.value.field) == ("setting_invalid", field)
    assert (await stored(context, home)).settings == {}


async def test_an_unknown_secret_is_refused(context: Context, home: Connection) -> None:
    with pytest.raises(SyncError, match="is no secret"):
        await connections.change(context, home.id, secrets={"password": "x"})


async def test_an_unknown_environment_is_refused(context: Context, home: Connection) -> None:
    with pytest.raises(SyncError, match="must be one of"):
        await connections.change(context, home.id, environment="moon")


async def test_a_change_makes_clients_new_and_no_change_does_not(context: Context, home: Connection) -> None:
    first = await connections.change(context, home.id, settings={"namespace": ""}, version=1)
    second = await connections.change(context, home.id, settings={"namespace": ""})
    assert (first.row.version, second.row.version) == (2, 2)


async def test_a_change_made_from_an_old_version_is_refused(context: Context, home: Connection) -> None:
    await connections.change(context, home.id, environment="sandbox")
    with pytest.raises(SyncError) as caught:
        await connections.change(context, home.id, environment="production", version=1)
    assert caught.value.code == "version_conflict"


async def test_an_unknown_connection_is_said_so(context: Context, home: Connection) -> None:
    with pytest.raises(SyncError) as caught:
        await connections.get(context, "c-none")
    assert caught.value.code == "connection_unknown"
