"""SIM-20 to SIM-23: versions, limits, the limit header, describe."""

import pytest

from tests.simulators.salesforce.bench import Bench, code_of


async def test_versions_name_their_release(org: Bench) -> None:
    listed = {v["version"]: v for v in (await org.http.get("/services/data")).json()}
    assert listed["67.0"] == {"label": "Summer '26", "url": "/services/data/v67.0", "version": "67.0"}
    assert listed["68.0"]["label"] == "Winter '27"


@pytest.mark.parametrize(("version", "status"), [("v30.0", 410), ("v99.0", 404), ("64.0", 404), ("v64", 404)])
async def test_a_version_out_of_range_is_refused(org: Bench, version: str, status: int) -> None:
    assert (await org.call("GET", f"/services/data/{version}/limits")).status_code == status


async def test_limits_agree_with_the_quota(org: Bench) -> None:
    await org.knobs(quota_max=50, quota_used=20)
    limits = (await org.call("GET", "/limits")).json()
    assert limits["DailyApiRequests"] == {"Max": 50, "Remaining": 30}
    assert {"DailyBulkApiBatches", "DailyBulkV2QueryJobs", "DailyAsyncApexExecutions"} <= set(limits)


async def test_a_long_answer_is_compressed_for_who_takes_it(org: Bench) -> None:
    packed = await org.call("GET", "/sobjects/Account/describe", headers={"Accept-Encoding": "gzip"})
    plain = await org.call("GET", "/sobjects/Account/describe", headers={"Accept-Encoding": "identity"})
    assert (packed.headers.get("content-encoding"), plain.headers.get("content-encoding")) == ("gzip", None)
    assert packed.json() == plain.json()


async def test_every_call_raises_the_limit_header_by_one(org: Bench) -> None:
    rows = [{"attributes": {"type": "Account"}, "Name": str(n)} for n in range(5)]
    replies = [
        await org.call("GET", "/limits"),
        await org.call("POST", "/composite/sobjects", json={"records": rows}),
        await org.call("GET", "/sobjects/Account/001000000000000AAA"),
        await org.call("GET", "/nothing"),
    ]
    seen = [reply.headers["sforce-limit-info"] for reply in replies]
    assert seen == [f"api-usage={n}/100000" for n in (1, 2, 3, 4)]


async def test_the_limit_header_can_lag_and_name_the_app(org: Bench) -> None:
    await org.knobs(limit_info_lag=3, per_app_usage=True, quota_used=10)
    header = (await org.call("GET", "/limits")).headers["sforce-limit-info"]
    assert header == "api-usage=8/100000; per-app-api-usage=8/100000(appName=client)"


async def test_describe_says_what_a_client_needs(org: Bench) -> None:
    answer = (await org.call("GET", "/sobjects/account/describe")).json()
    fields = {f["name"]: f for f in answer["fields"]}
    assert (answer["keyPrefix"], answer["mergeable"], answer["replicateable"]) == ("001", True, True)
    assert (fields["Name"]["nillable"], fields["Name"]["length"]) == (False, 255)
    assert (fields["Intacct_Id__c"]["externalId"], fields["Intacct_Id__c"]["unique"]) == (True, True)
    assert fields["SystemModstamp"]["createable"] is False
    assert fields["ia_crm__Intacct_Sync_Errors__c"]["filterable"] is False
    values = [v["value"] for v in fields["ia_crm__Delivery_Options__c"]["picklistValues"]]
    assert values == ["Print", "E-Mail"]
    children = {c["relationshipName"]: c["childSObject"] for c in answer["childRelationships"]}
    assert children["Contacts"] == "Contact"
    assert children["ChildAccounts"] == "Account"
    assert {"Master", "Business Account"} == {t["name"] for t in answer["recordTypeInfos"]}


async def test_a_schema_not_modified_since_is_not_sent_again(org: Bench) -> None:
    first = await org.call("GET", "/sobjects/Account/describe")
    since = {"If-Modified-Since": first.headers["last-modified"]}
    again = await org.call("GET", "/sobjects/Account/describe", headers=since)
    assert (again.status_code, again.content) == (304, b"")
    await org.sim("schema", {"name": "Account", "fields": [{"name": "New__c", "length": 5}]})
    changed = await org.call("GET", "/sobjects/Account/describe", headers=since)
    assert changed.status_code == 200
    assert "New__c" in {f["name"] for f in changed.json()["fields"]}


async def test_a_hidden_field_is_absent_everywhere(org: Bench) -> None:
    record_id = await org.create("Account", {"Name": "A", "Phone": "1"})
    await org.sim("hide", {"object": "Account", "fields": ["Phone"]})
    described = (await org.call("GET", "/sobjects/Account/describe")).json()
    assert "Phone" not in {f["name"] for f in described["fields"]}
    assert "Phone" not in await org.read("Account", record_id)
    assert code_of(await org.query("SELECT Phone FROM Account")) == (400, "INVALID_FIELD")
    reply = await org.call("PATCH", f"/sobjects/Account/{record_id}", json={"Phone": "2"})
    assert code_of(reply) == (400, "INVALID_FIELD")


async def test_the_list_of_objects_names_them_all(org: Bench) -> None:
    listed = {o["name"] for o in (await org.call("GET", "/sobjects")).json()["sobjects"]}
    assert {"Account", "Contact", "Widget__c"} <= listed
