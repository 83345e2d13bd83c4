"""SIM-02 to SIM-08 and SIM-91: paths, refusals, schemas from data, ids, the clock."""

import json
from pathlib import Path

import pytest

from app.simulators.salesforce.app import create_simulator
from app.simulators.salesforce.ids import make_id, normalise, to18
from tests.simulators.salesforce.bench import Bench, code_of, error_of, make_bench, standing_clock

VALUES = {"C%2F1": "C/1", "a%20b": "a b", "100%25": "100%", "x%23y%3Fz": "x#y?z", "%C3%A9": "é", "O%27Neil": "O'Neil"}
VALUES["a%2Bb"] = "a+b"


@pytest.mark.parametrize("encoded", VALUES)
async def test_an_external_id_in_the_path_reaches_the_store_decoded_once(org: Bench, encoded: str) -> None:
    reply = await org.call("PATCH", f"/sobjects/Account/Intacct_Id__c/{encoded}", json={"Name": "A"})
    assert reply.status_code == 201
    assert (await org.read("Account", reply.json()["id"]))["Intacct_Id__c"] == VALUES[encoded]


@pytest.mark.parametrize(
    "path", ["/limits", "/sobjects", "/sobjects/Account/describe", "/query?q=SELECT+Id+FROM+User", ""]
)
async def test_a_trailing_slash_changes_nothing(org: Bench, path: str) -> None:
    bare, _, query = path.partition("?")
    plain = await org.call("GET", path)
    slashed = await org.call("GET", bare + "/" + ("?" + query if query else ""))
    assert (plain.status_code, slashed.status_code) == (200, 200)
    assert slashed.json() == plain.json() or path == "/limits"


@pytest.mark.parametrize("path", ["/nothing", "/sobjects/Nothing", "/jobs/ingest", "/jobs/query", "/composite/batch"])
async def test_an_unknown_path_is_not_found(org: Bench, path: str) -> None:
    assert code_of(await org.call("POST", path, json={})) == (404, "NOT_FOUND")


async def test_a_known_path_with_another_method_is_not_allowed(org: Bench) -> None:
    assert code_of(await org.call("DELETE", "/limits")) == (405, "METHOD_NOT_ALLOWED")


async def test_a_body_that_is_no_json_is_refused(org: Bench) -> None:
    headers = {"Content-Type": "application/json"}
    reply = await org.call("POST", "/sobjects/Account", content=b"{no", headers=headers)
    assert code_of(reply) == (400, "JSON_PARSER_ERROR")


async def test_a_body_of_another_type_is_refused(org: Bench) -> None:
    reply = await org.call("POST", "/sobjects/Account", content=b"Name=A", headers={"Content-Type": "text/plain"})
    assert code_of(reply) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_an_object_needs_a_data_file_only(org: Bench) -> None:
    account = await org.create("Account", {"Name": "A"})
    widget = await org.read("Widget__c", await org.create("widget__c", {"name": "W", "account__c": account}))
    assert widget["attributes"]["type"] == "Widget__c"
    assert (widget["Account__c"], widget["Serial__c"]) == (account, "W-0001")
    assert widget["Id"].startswith("a0W")


STANDARD = """Account Contact AccountContactRelation Opportunity OpportunityLineItem Product2 Pricebook2 PricebookEntry
    Contract Order OrderItem Invoice InvoiceLine CreditMemo CreditMemoLine Payment PaymentLineInvoice User RecordType"""


@pytest.mark.parametrize("name", STANDARD.split())
async def test_the_standard_objects_are_there(org: Bench, name: str) -> None:
    assert (await org.call("GET", f"/sobjects/{name}/describe")).json()["name"] == name


async def test_package_fields_are_on_account_and_contact(org: Bench) -> None:
    account = {f["name"]: f for f in (await org.call("GET", "/sobjects/Account/describe")).json()["fields"]}
    contact = {f["name"]: f for f in (await org.call("GET", "/sobjects/Contact/describe")).json()["fields"]}
    key = account["ia_crm__IntacctID__c"]
    assert (key["length"], key["unique"], key["externalId"], key["idLookup"]) == (20, False, False, False)
    bill_to = account["ia_crm__Bill_to_Contact__c"]
    assert (bill_to["referenceTo"], bill_to["relationshipName"]) == (["Contact"], "ia_crm__Bill_to_Contact__r")
    assert contact["ia_crm__Intacct_Contact_Name__c"]["length"] == 200
    assert contact["ia_crm__Sync_with_Intacct__c"]["type"] == "boolean"


async def test_an_unknown_member_in_a_schema_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "Bad__c.json").write_text(
        json.dumps({"name": "Bad__c", "label": "Bad", "prefix": "a0B", "fields": [{"nam": 1}]})
    )
    with pytest.raises(ValueError, match="nam"):
        create_simulator(schemas=[tmp_path])


def test_ids_carry_the_documented_suffix() -> None:
    assert to18("0035400000hDwBh") == "0035400000hDwBhAAK"
    assert make_id("001", 61).startswith("0015g000000000z")
    assert normalise("0035400000hdwbhaak") == "0035400000hDwBhAAK"


async def test_a_15_character_id_is_accepted(org: Bench) -> None:
    record_id = await org.create("Account", {"Name": "A"})
    assert (await org.read("Account", record_id[:15]))["Id"] == record_id


async def test_a_15_character_id_in_the_wrong_case_is_not_found(org: Bench) -> None:
    record_id = await org.create("Account", {"Name": "A"})
    reply = await org.call("GET", f"/sobjects/Account/{record_id[:15].upper()}")
    assert code_of(reply) == (404, "NOT_FOUND")


async def test_an_id_of_another_object_is_malformed(org: Bench) -> None:
    contact = await org.create("Contact", {"LastName": "B"})
    reply = await org.call("GET", f"/sobjects/Account/{contact}")
    assert code_of(reply) == (400, "MALFORMED_ID")
    assert error_of(reply)["message"] == f"Account ID: id value of incorrect type: {contact}"
    assert error_of(reply)["fields"] == ["Id"]


async def test_the_clock_stamps_records(org: Bench) -> None:
    record_id = await org.create("Account", {"Name": "A"})
    await org.sim("clock", {"advance": 90})
    await org.call("PATCH", f"/sobjects/Account/{record_id}", json={"Name": "B"})
    values = await org.read("Account", record_id)
    assert values["CreatedDate"] == "2026-03-02T09:00:00.000+0000"
    assert values["LastModifiedDate"] == values["SystemModstamp"] == "2026-03-02T09:01:30.000+0000"


async def test_two_orgs_do_not_see_each_other(org: Bench) -> None:
    other = await make_bench()
    await org.create("Account", {"Name": "A"})
    assert await other.names("Name != null") == []
    assert (await other.sim("meters"))["calls"] == 1
    other.token = org.token + "x"
    assert code_of(await other.call("GET", "/limits")) == (401, "INVALID_SESSION_ID")
    await other.http.aclose()


async def test_the_same_seed_gives_the_same_tokens() -> None:
    first, second = await make_bench(seed=7), await make_bench(seed=7)
    other = await make_bench(seed=8)
    assert first.token == second.token
    assert first.token != other.token
    for bench in (first, second, other):
        await bench.http.aclose()


async def test_reset_gives_a_fresh_org(org: Bench) -> None:
    await org.create("Account", {"Name": "A"})
    await org.knobs(page_cap=5)
    await org.sim("reset", {})
    assert await org.sim("records/Account") == []
    assert (await org.sim("knobs"))["page_cap"] == 2000
    assert (await org.sim("meters"))["calls"] == 0


async def test_the_control_plane_can_be_switched_off() -> None:
    bench = Bench(create_simulator(standing_clock(), control=False), standing_clock())
    assert (await bench.http.get("/_sim/meters")).status_code == 404
    await bench.http.aclose()
