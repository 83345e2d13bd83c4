"""Searches and the change feed against scripted answers."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from app.backends.salesforce.client import SalesforceBackend
from app.domain.errors import Kind, SyncError
from app.domain.records import salesforce_id
from app.sync.ports import Position
from tests.backends.salesforce.conftest import ScriptedOrg, page, refusal

STAMP = "2026-11-22T09:00:00.000+0000"
SINCE = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
UNTIL = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def sfid(number: int) -> str:
    return salesforce_id(f"001{number:012d}")


def row(number: int, **more: Any) -> dict[str, Any]:
    return {"attributes": {"type": "Account"}, "Id": sfid(number), "SystemModstamp": STAMP, **more}


async def test_values_come_back_typed(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    body = (
        '{"totalSize":1,"done":true,"records":[{"Id":"001000000000001AAA","Name":"Acme ","SystemModstamp":"'
        + STAMP
        + '",'
        '"AnnualRevenue":1234567.10,"NumberOfEmployees":7,"SlaExpiration__c":"2026-01-31","Active__c":false,'
        '"Ext__c":null}]}'
    )
    org.script = [httpx.Response(200, text=body)]
    names = ["Name", "AnnualRevenue", "NumberOfEmployees", "SlaExpiration__c", "Active__c", "Ext__c"]
    (record,) = await backend.find("Account", {"Name": ["Acme"]}, names)
    assert record.values == {
        "Name": "Acme",
        "AnnualRevenue": Decimal("1234567.10"),
        "NumberOfEmployees": 7,
        "SlaExpiration__c": date(2026, 1, 31),
        "Active__c": False,
        "Ext__c": None,
    }
    assert str(record.values["AnnualRevenue"]) == "1234567.10"
    assert (record.kind, record.key) == ("Account", "001000000000001AAA")
    assert record.modified_at == datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


async def test_alternatives_are_joined_by_or(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    org.script = [page()]
    await backend.find("Account", {"Id": [sfid(1)[:15]], "Name": ["A", "O'B"]}, ["Name"])
    assert org.queries() == [
        f"SELECT Name,Id,SystemModstamp FROM Account WHERE (Id IN ('{sfid(1)}') OR Name IN ('A','O\\'B'))"
    ]


@pytest.mark.parametrize("any_of", [{}, {"Name": []}, {"Name": [], "Id": []}])
async def test_nothing_to_look_for_makes_no_call(
    org: ScriptedOrg, backend: SalesforceBackend, any_of: dict[str, list[str]]
) -> None:
    assert await backend.find("Account", any_of, ["Name"]) == []
    assert org.requests == []


async def test_keys_no_record_can_have_are_not_asked_for(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    assert await backend.find("Account", {"Id": ["broken"], "Name": ["", " "]}, ["Name"]) == []
    assert org.data_requests() == []


async def test_fields_are_asked_in_the_orgs_spelling_and_answered_in_ours(
    org: ScriptedOrg, backend: SalesforceBackend
) -> None:
    org.script = [page(row(1, Name="Acme"))]
    (record,) = await backend.find("Account", {"name": ["Acme"]}, ["NAME", "Name"])
    assert org.queries()[0].startswith("SELECT Name,Id,SystemModstamp FROM Account WHERE Name IN")
    assert (record.values["NAME"], record.values["Name"]) == ("Acme", "Acme")


async def test_a_parents_field_comes_under_its_dotted_name(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    org.script = [page(row(1, Parent={"attributes": {}, "AnnualRevenue": 5}), row(2, Parent=None))]
    found = await backend.find("Account", {"Name": ["x"]}, ["Parent.AnnualRevenue"])
    assert [record.values["Parent.AnnualRevenue"] for record in found] == [Decimal(5), None]


async def test_a_parent_of_several_kinds_is_typed_by_the_one_that_has_the_field(
    org: ScriptedOrg, backend: SalesforceBackend
) -> None:
    org.script = [page(row(1, Owner={"Alias": "jd"}))]
    (record,) = await backend.find("Account", {"Name": ["x"]}, ["Owner.Alias"])
    assert record.values["Owner.Alias"] == "jd"


async def test_a_field_nobody_may_see_is_named_before_the_query(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    with pytest.raises(SyncError) as caught:
        await backend.find("Account", {"Name": ["x"]}, ["Hidden__c"])
    assert (caught.value.kind, caught.value.field) == (Kind.CONFIG, "Hidden__c")
    assert org.data_requests() == []


async def test_a_field_created_a_moment_ago_is_found(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    await backend.describe("Account")
    org.schemas["Account"] = [*org.schemas["Account"], {"name": "New__c", "type": "string"}]
    org.script = [page(row(1, New__c="x"))]
    (record,) = await backend.find("Account", {"Name": ["x"]}, ["New__c"])
    assert record.values["New__c"] == "x"


@pytest.mark.parametrize("name", ["CurrencyIsoCode", "IsPersonAccount", "BillingStateCode", "Parent.CurrencyIsoCode"])
async def test_a_field_of_an_edition_the_org_lacks_is_left_out(
    org: ScriptedOrg, backend: SalesforceBackend, name: str
) -> None:
    org.script = [page(row(1, Name="x"))]
    (record,) = await backend.find("Account", {"Name": ["x"]}, ["Name", name])
    assert name not in record.values
    assert name not in org.queries()[0]


@pytest.mark.parametrize("name", ["Name FROM User", "Name'", "(SELECT Id FROM Contacts)", ""])
async def test_a_name_that_is_no_name_sends_nothing(org: ScriptedOrg, backend: SalesforceBackend, name: str) -> None:
    with pytest.raises(SyncError):
        await backend.find("Account", {"Name": ["x"]}, [name])
    assert org.requests == []


@pytest.mark.parametrize("kind", ["Account WHERE Id != null", "..", "", "a/b"])
async def test_a_kind_that_is_no_name_finds_nothing(org: ScriptedOrg, backend: SalesforceBackend, kind: str) -> None:
    with pytest.raises(SyncError) as caught:
        await backend.find(kind, {"Name": ["x"]}, ["Name"])
    assert caught.value.kind is Kind.CONFIG
    assert org.data_requests() == []


async def test_long_lists_are_cut_below_the_address_limit(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    wanted = [sfid(number) for number in range(2000)]
    org.script = [page() for _ in range(20)]
    await backend.find("Account", {"Id": wanted, "Name": ["Ünï" * 20] * 40}, ["Name"])
    sizes = [len(str(r.url)) + sum(len(k) + len(v) + 4 for k, v in r.headers.raw) for r in org.data_requests()]
    assert max(sizes) < 16_384
    assert len(sizes) <= 6
    asked = "".join(org.queries())
    assert all(key in asked for key in wanted)


async def test_a_record_found_twice_is_given_once(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    names = ["x" * 250 + str(number) for number in range(100)]
    org.script = [page(row(1)) for _ in range(5)]
    assert len(await backend.find("Account", {"Name": names}, ["Name"])) == 1
    assert len(org.queries()) > 1


async def test_fields_that_leave_no_place_for_a_key_are_refused(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    fields = [f"F{number:03d}_{'x' * 30}__c" for number in range(400)]
    org.schemas["Account"] = [*org.schemas["Account"], *({"name": f, "type": "string"} for f in fields)]
    with pytest.raises(SyncError) as caught:
        await backend.find("Account", {"Name": ["x"]}, fields)
    assert caught.value.code == "salesforce_query_too_large"


async def test_deleted_records_are_read_by_query_all(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    org.script = [page(row(1, IsDeleted=True, MasterRecordId=sfid(2)))]
    (record,) = await backend.find("Account", {"Id": [sfid(1)]}, ["MasterRecordId"], include_deleted=True)
    assert org.data_requests()[0].url.path.endswith("/queryAll")
    assert (record.values["IsDeleted"], record.values["MasterRecordId"]) == (True, sfid(2))


@pytest.mark.parametrize("base", ["", "https://acme.my.salesforce.com"])
async def test_pages_are_followed_as_given(org: ScriptedOrg, backend: SalesforceBackend, base: str) -> None:
    link = "/services/data/v64.0/query/01gxx-2000"
    org.script = [page(row(1), then=base + link), page(row(2))]
    found = await backend.find("Account", {"Name": ["x"]}, ["Name"])
    assert [record.key for record in found] == [sfid(1), sfid(2)]
    assert str(org.data_requests()[1].url) == "https://acme.my.salesforce.com" + link


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/services/data/v64.0/query/01g",
        "https://acme.my.salesforce.com.evil.example/services/data/x",
        "//evil.example/services/data/x",
        "@evil.example/services/data/x",
        "/other/place",
    ],
)
async def test_a_page_on_another_host_is_refused(org: ScriptedOrg, backend: SalesforceBackend, link: str) -> None:
    org.script = [page(row(1), then=link)]
    with pytest.raises(SyncError) as caught:
        await backend.find("Account", {"Name": ["x"]}, ["Name"])
    assert caught.value.code == "salesforce_host_forbidden"
    assert len(org.data_requests()) == 1


async def test_lost_pages_begin_again_without_repeats(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    link = "/services/data/v64.0/query/01gxx-2000"
    stale = refusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    org.script = [page(row(1), then=link), stale, page(row(1), then=link), page(row(2))]
    found = await backend.find("Account", {"Name": ["x"]}, ["Name"])
    assert [record.key for record in found] == [sfid(1), sfid(2)]


async def test_pages_that_are_always_lost_end_in_an_error(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    org.script = [refusal(400, "INVALID_QUERY_LOCATOR")] * 9
    with pytest.raises(SyncError) as caught:
        await backend.find("Account", {"Name": ["x"]}, ["Name"])
    assert (caught.value.kind, len(org.data_requests())) == (Kind.TRANSIENT, 3)


@pytest.mark.parametrize(
    "body",
    ["", "<html>", "[]", '{"records":[]}', '{"done":false,"records":[]}', '{"done":true}', '{"done":true,"records":[1'],
)
async def test_a_page_that_is_none_is_a_typed_error(org: ScriptedOrg, backend: SalesforceBackend, body: str) -> None:
    org.script = [httpx.Response(200, text=body)] * 9
    with pytest.raises(SyncError) as caught:
        await backend.find("Account", {"Name": ["x"]}, ["Name"])
    assert caught.value.code == "salesforce_unreadable"


@pytest.mark.parametrize(
    "broken", [5, None, {}, {"Id": "x"}, {"Id": None, "Name": "x"}, row(1, Name={"a": 1}), row(1, SystemModstamp="now")]
)
async def test_a_row_that_is_none_is_a_typed_error(org: ScriptedOrg, backend: SalesforceBackend, broken: Any) -> None:
    org.script = [page(broken)]
    with pytest.raises(SyncError) as caught:
        await backend.find("Account", {"Name": ["x"]}, ["Name"])
    assert caught.value.code == "salesforce_unreadable_record"


async def test_the_feed_begins_at_an_instant(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    org.script = [page(row(1), row(2))]
    got = await backend.changes("Account", Position(SINCE), UNTIL, ["Name"], 2)
    assert org.queries() == [
        "SELECT Name,Id,SystemModstamp FROM Account "
        "WHERE (SystemModstamp >= 2026-11-22T08:00:00Z AND SystemModstamp <= 2026-11-22T09:30:00Z) "
        "ORDER BY SystemModstamp,Id LIMIT 2"
    ]
    assert got.position == Position(datetime(2026, 11, 22, 9, 0, tzinfo=UTC), sfid(2))
    assert not got.done


async def test_the_feed_goes_on_after_a_record(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    org.script = [page()]
    since = Position(SINCE, sfid(7))
    got = await backend.changes("Account", since, UNTIL, ["Name"], 2)
    assert (
        f"WHERE (((SystemModstamp = 2026-11-22T08:00:00Z AND Id > '{sfid(7)}') OR "
        "SystemModstamp > 2026-11-22T08:00:00Z) AND SystemModstamp <= 2026-11-22T09:30:00Z) ORDER" in org.queries()[0]
    )
    assert (got.position, got.done) == (since, True)


async def test_the_feed_refuses_an_instant_without_zone(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    with pytest.raises(SyncError) as caught:
        await backend.changes("Account", Position(SINCE.replace(tzinfo=None)), UNTIL, ["Name"], 2)
    assert caught.value.kind is Kind.BUG
