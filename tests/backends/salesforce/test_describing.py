"""Describes, their cache, and who we are."""

import asyncio
from collections.abc import Callable

import httpx
import pytest

from app.backends.salesforce.client import SalesforceBackend
from app.domain.errors import Kind, SyncError
from app.domain.records import System
from app.sync.ports import FieldInfo, Identity
from tests.backends.salesforce.conftest import FakeClock, ScriptedOrg, page, refusal

Make = Callable[..., SalesforceBackend]
NOT_MODIFIED = httpx.Response(304)


async def test_a_description_names_what_a_mapping_needs(backend: SalesforceBackend) -> None:
    schema = await backend.describe("Account")
    assert schema.kind == "Account"
    assert schema.fields["Name"] == FieldInfo("Name", "string", required=True, length=255)
    assert schema.fields["Rating"].values == ("Hot",)
    assert not schema.fields["Active__c"].required
    assert schema.fields["Active__c"].custom
    assert not schema.fields["Id"].createable


async def test_a_description_is_kept_for_its_time(
    org: ScriptedOrg, backend: SalesforceBackend, clock: FakeClock
) -> None:
    first = await backend.describe("Account")
    clock.advance(899)
    assert await backend.describe("ACCOUNT") is first
    assert len(org.requests) == 2


async def test_an_unchanged_description_is_kept_longer(
    org: ScriptedOrg, backend: SalesforceBackend, clock: FakeClock
) -> None:
    first = await backend.describe("Account")
    clock.advance(901)
    org.describe_status = [NOT_MODIFIED]
    assert await backend.describe("Account") is first
    assert org.requests[-1].headers["If-Modified-Since"] == "Sun, 22 Nov 2026 09:00:00 GMT"
    clock.advance(899)
    assert await backend.describe("Account") is first
    assert len(org.requests) == 3


async def test_a_changed_description_replaces_the_old_one(
    org: ScriptedOrg, backend: SalesforceBackend, clock: FakeClock
) -> None:
    await backend.describe("Account")
    clock.advance(901)
    org.schemas["Account"] = [{"name": "Id", "type": "id"}]
    assert list((await backend.describe("Account")).fields) == ["Id"]


async def test_many_askers_make_one_describe(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    await asyncio.gather(*(backend.describe("Account") for _ in range(20)))
    assert len(org.requests) == 2


async def test_an_unknown_object_is_a_matter_of_set_up(backend: SalesforceBackend) -> None:
    with pytest.raises(SyncError) as caught:
        await backend.describe("Nothing__c")
    assert caught.value.kind is Kind.CONFIG


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"name":"Account","fields":[{}]}', '{"name":"Account","fields":5}'])
async def test_a_broken_description_is_a_typed_error(org: ScriptedOrg, backend: SalesforceBackend, body: str) -> None:
    org.describe_status = [httpx.Response(200, text=body)] * 9
    with pytest.raises(SyncError) as caught:
        await backend.describe("Account")
    assert caught.value.code == "salesforce_unreadable"


@pytest.mark.parametrize(("sandbox", "environment"), [(True, "sandbox"), (False, "production"), (None, None)])
async def test_the_identity_names_org_user_and_environment(
    org: ScriptedOrg, backend: SalesforceBackend, sandbox: bool | None, environment: str | None
) -> None:
    org.script = [page({"Id": "00D000000000001EAA", "IsSandbox": sandbox})]
    assert await backend.identity() == Identity(
        System.SALESFORCE, "00D000000000001EAA", "005000000000001AAA", environment, multi_currency=False
    )


async def test_an_org_that_hides_its_kind_still_has_an_identity(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    org.script = [refusal(400, "INVALID_TYPE", "sObject type 'Organization' is not supported.")]
    assert (await backend.identity()).environment is None


async def test_a_currency_field_tells_of_several_currencies(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    org.schemas["Account"] = [*org.schemas["Account"], {"name": "CurrencyIsoCode", "type": "picklist"}]
    org.script = [page()]
    assert (await backend.identity()).multi_currency


async def test_an_org_that_is_down_has_no_identity(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    org.script = [httpx.Response(503)] * 9
    with pytest.raises(SyncError) as caught:
        await backend.identity()
    assert caught.value.kind is Kind.TRANSIENT
