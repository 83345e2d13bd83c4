"""SIM-30 to SIM-39: one record at a time."""

from typing import Any

import pytest

from tests.simulators.salesforce.bench import DATA, Bench, code_of, error_of

LONG = "x" * 256
BAD_CHOICE = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


async def test_create_answers_id_and_place(org: Bench) -> None:
    reply = await org.call("POST", "/sobjects/Account/", json={"Name": "A"})
    record_id = reply.json()["id"]
    assert reply.status_code == 201
    assert reply.json() == {"id": record_id, "success": True, "errors": []}
    assert reply.headers["location"] == f"{DATA}/sobjects/Account/{record_id}"


async def test_read_answers_the_fields_asked_for(org: Bench) -> None:
    record_id = await org.create("Account", {"Name": "A"})
    reply = await org.call("GET", f"/sobjects/Account/{record_id}", params={"fields": "name,Phone"})
    attributes = {"type": "Account", "url": f"{DATA}/sobjects/Account/{record_id}"}
    assert reply.json() == {"attributes": attributes, "Name": "A", "Phone": None, "Id": record_id}


async def test_read_of_an_unknown_field_is_refused(org: Bench) -> None:
    record_id = await org.create("Account", {"Name": "A"})
    reply = await org.call("GET", f"/sobjects/Account/{record_id}?fields=Nothing")
    assert code_of(reply) == (400, "INVALID_FIELD")


async def test_update_and_delete_answer_nothing(org: Bench) -> None:
    record_id = await org.create("Account", {"Name": "A"})
    changed = await org.call("PATCH", f"/sobjects/Account/{record_id}", json={"Name": "B"})
    removed = await org.call("DELETE", f"/sobjects/Account/{record_id}")
    assert (changed.status_code, changed.content) == (204, b"")
    assert (removed.status_code, removed.content) == (204, b"")


async def test_null_clears_and_absent_keeps(org: Bench) -> None:
    record_id = await org.create("Account", {"Name": "A", "Phone": "1", "Fax": "2"})
    await org.call("PATCH", f"/sobjects/Account/{record_id}", json={"Phone": None})
    values = await org.read("Account", record_id)
    assert (values["Phone"], values["Fax"]) == (None, "2")


@pytest.mark.parametrize(
    ("name", "sent", "stored"),
    [
        ("First_Order__c", "2026-01-31", "2026-01-31"),
        ("ia_crm__Synced_With_Intacct_Date__c", "2026-01-31T09:15:30+01:00", "2026-01-31T08:15:30.000+0000"),
        ("ia_crm__Synced_With_Intacct_Date__c", "2026-01-31T08:15:30.123Z", "2026-01-31T08:15:30.000+0000"),
        ("AnnualRevenue", "12.345", 12.35),
        ("AnnualRevenue", 12.344, 12.34),
        ("Score__c", "9999.994", 9999.99),
        ("NumberOfEmployees", 7, 7),
        ("Name", "  padded ", "padded"),
        ("Phone", "", None),
        ("ia_crm__Delivery_Options__c", "E-Mail;Print", "Print;E-Mail"),
        ("Tier__c", "gold", "Gold"),
        ("ia_crm__Taxable__c", "true", True),
        ("ia_crm__Taxable__c", None, False),
    ],
)
async def test_values_are_stored_in_the_org_s_own_form(org: Bench, name: str, sent: Any, stored: Any) -> None:
    record_id = await org.create("Account", {"Name": "A", name: sent})
    assert (await org.read("Account", record_id))[name] == stored


@pytest.mark.parametrize(
    ("values", "code", "message"),
    [
        ({"Name": None}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]"),
        ({"Name": LONG}, "STRING_TOO_LONG", f"Account Name: data value too large: {LONG} (max length=255)"),
        ({"Tier__c": "Tin"}, BAD_CHOICE, "Tier: bad value for restricted picklist field: Tin"),
        ({"ia_crm__Delivery_Options__c": "Fax"}, BAD_CHOICE, None),
        (
            {"AnnualRevenue": "x"},
            "JSON_PARSER_ERROR",
            "Cannot deserialize instance of double from VALUE_STRING value x",
        ),
        ({"Score__c": 10000}, "NUMBER_OUTSIDE_VALID_RANGE", None),
        ({"First_Order__c": "31.01.2026"}, "JSON_PARSER_ERROR", None),
        ({"First_Order__c": "2026-02-30"}, "JSON_PARSER_ERROR", None),
        ({"ia_crm__Synced_With_Intacct_Date__c": "2026-01-31"}, "JSON_PARSER_ERROR", None),
        ({"ia_crm__Email_ID__c": "a.b"}, "INVALID_EMAIL_ADDRESS", "Email ID: invalid email address: a.b"),
        ({"ParentId": "nonsense"}, "MALFORMED_ID", None),
        ({"ParentId": "003000000000000AAA"}, "MALFORMED_ID", None),
        ({"ParentId": "001000000000000AAA"}, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"),
        ({"SystemModstamp": "2026-01-31T08:15:30Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE", None),
        ({"BillingAddress": {"city": "Rome"}}, "INVALID_FIELD_FOR_INSERT_UPDATE", None),
        ({"Id": "001000000000000AAA"}, "INVALID_FIELD_FOR_INSERT_UPDATE", None),
        ({"Name": 5}, "JSON_PARSER_ERROR", None),
    ],
)
async def test_a_value_the_field_cannot_hold_is_refused(
    org: Bench, values: dict[str, Any], code: str, message: str | None
) -> None:
    reply = await org.call("POST", "/sobjects/Account", json={"Name": "A", **values})
    assert code_of(reply) == (400, code)
    assert message is None or error_of(reply)["message"] == message
    assert error_of(reply)["fields"] == list(values)
    assert await org.names("Name != null") == []


async def test_an_unknown_field_is_refused(org: Bench) -> None:
    reply = await org.call("POST", "/sobjects/Account", json={"Name": "A", "Nothing": 1})
    assert code_of(reply) == (400, "INVALID_FIELD")
    assert error_of(reply)["message"] == "No such column 'Nothing' on sobject of type Account"


async def test_a_refused_update_changes_nothing(org: Bench) -> None:
    record_id = await org.create("Account", {"Name": "A"})
    reply = await org.call("PATCH", f"/sobjects/Account/{record_id}", json={"Name": "B", "Nothing": 1})
    assert reply.status_code == 400
    assert (await org.read("Account", record_id))["Name"] == "A"


async def test_a_compound_address_mirrors_its_parts(org: Bench) -> None:
    record_id = await org.create("Account", {"Name": "A", "BillingCity": "Rome", "BillingCountry": "Italy"})
    address = (await org.read("Account", record_id))["BillingAddress"]
    assert (address["city"], address["country"], address["street"]) == ("Rome", "Italy", None)


# --- upsert ---------------------------------------------------------------------------------------------------------


async def test_upsert_creates_then_updates(org: Bench) -> None:
    path = "/sobjects/Account/Intacct_Id__c/C-1"
    first = await org.call("PATCH", path, json={"Name": "A"})
    second = await org.call("PATCH", path, json={"Name": "B"})
    record_id = first.json()["id"]
    assert (first.status_code, first.json()["created"]) == (201, True)
    assert second.status_code == 200
    assert second.json() == {"id": record_id, "success": True, "errors": [], "created": False}
    assert (await org.read("Account", record_id))["Name"] == "B"


async def test_upsert_in_an_old_version_answers_nothing_on_update(org: Bench) -> None:
    path = "/services/data/v45.0/sobjects/Account/Intacct_Id__c/C-1"
    await org.call("PATCH", path, json={"Name": "A"})
    reply = await org.call("PATCH", path, json={"Name": "B"})
    assert (reply.status_code, reply.content) == (204, b"")


async def test_upsert_with_several_matches_writes_nothing(org: Bench) -> None:
    ids = [await org.create("Account", {"Name": n, "Group_Key__c": "G"}) for n in ("A", "B")]
    reply = await org.call("PATCH", "/sobjects/Account/Group_Key__c/G", json={"Name": "C"})
    assert reply.status_code == 300
    assert reply.json() == [f"{DATA}/sobjects/Account/{i}" for i in ids]
    assert await org.names("Name != null") == ["A", "B"]


@pytest.mark.parametrize("name", ["Id", "Intacct_Id__c", "intacct_id__C"])
async def test_upsert_refuses_its_own_key_in_the_body(org: Bench, name: str) -> None:
    reply = await org.call("PATCH", "/sobjects/Account/Intacct_Id__c/C-1", json={"Name": "A", name: "C-1"})
    assert code_of(reply) == (400, "INVALID_FIELD")


async def test_upsert_with_update_only_never_inserts(org: Bench) -> None:
    reply = await org.call("PATCH", "/sobjects/Account/Intacct_Id__c/C-1?updateOnly=true", json={"Name": "A"})
    assert code_of(reply) == (404, "NOT_FOUND")
    assert await org.names("Name != null") == []


async def test_upsert_by_a_field_that_is_no_key_is_not_found(org: Bench) -> None:
    reply = await org.call("PATCH", "/sobjects/Account/ia_crm__IntacctID__c/C-1", json={"Name": "A"})
    assert code_of(reply) == (404, "NOT_FOUND")


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_a_key_that_looks_like_a_file_is_not_found(org: Bench, method: str) -> None:
    await org.create("Account", {"Name": "A", "Intacct_Id__c": "a@b.inc"})
    body = {"json": {"Name": "B"}} if method == "PATCH" else {}
    assert code_of(await org.call(method, "/sobjects/Account/Intacct_Id__c/a@b.inc", **body)) == (404, "NOT_FOUND")


async def test_read_by_external_id(org: Bench) -> None:
    record_id = await org.create("Account", {"Name": "A", "Intacct_Id__c": "A/B"})
    reply = await org.call("GET", "/sobjects/Account/Intacct_Id__c/A%2FB")
    assert (reply.status_code, reply.json()["Id"]) == (200, record_id)


async def test_read_by_external_id_of_several_or_none(org: Bench) -> None:
    for name in ("A", "B"):
        await org.create("Account", {"Name": name, "Group_Key__c": "G"})
    several = await org.call("GET", "/sobjects/Account/Group_Key__c/g")
    assert (several.status_code, len(several.json())) == (300, 2)
    assert code_of(await org.call("GET", "/sobjects/Account/Group_Key__c/H")) == (404, "NOT_FOUND")


async def test_a_parent_is_found_by_its_external_id(org: Bench) -> None:
    account = await org.create("Account", {"Name": "A", "Intacct_Id__c": "C-1"})
    contact = await org.create("Contact", {"LastName": "B", "Account": {"Intacct_Id__c": "C-1"}})
    assert (await org.read("Contact", contact))["AccountId"] == account


async def test_an_unknown_parent_stops_the_write(org: Bench) -> None:
    reply = await org.call("POST", "/sobjects/Contact", json={"LastName": "B", "Account": {"Intacct_Id__c": "C-9"}})
    assert code_of(reply) == (400, "INVALID_CROSS_REFERENCE_KEY")
    assert await org.rows("SELECT Id FROM Contact") == []


# --- duplicates and rules -------------------------------------------------------------------------------------------


async def test_a_unique_clash_names_the_other_record_with_15_characters(org: Bench) -> None:
    first = await org.create("Account", {"Name": "A", "Intacct_Id__c": "C-1"})
    reply = await org.call("POST", "/sobjects/Account", json={"Name": "B", "Intacct_Id__c": "c-1"})
    assert code_of(reply) == (400, "DUPLICATE_VALUE")
    expected = f"duplicate value found: Intacct_Id__c duplicates value on record with id: {first[:15]}"
    assert error_of(reply)["message"] == expected


async def test_a_unique_clash_may_hide_field_and_record(org: Bench) -> None:
    await org.knobs(unknown_duplicates=True)
    await org.create("Account", {"Name": "A", "Intacct_Id__c": "C-1"})
    reply = await org.call("POST", "/sobjects/Account", json={"Name": "B", "Intacct_Id__c": "C-1"})
    expected = "duplicate value found: <unknown> duplicates value on record with id: <unknown>"
    assert error_of(reply)["message"] == expected


async def test_a_case_sensitive_unique_field_minds_case(org: Bench) -> None:
    await org.create("Account", {"Name": "A", "Secret__c": "x"})
    await org.create("Account", {"Name": "B", "Secret__c": "X"})
    reply = await org.call("POST", "/sobjects/Account", json={"Name": "C", "Secret__c": "x"})
    assert code_of(reply) == (400, "DUPLICATE_VALUE")


async def test_intacct_ids_of_the_package_are_not_unique(org: Bench) -> None:
    for name in ("A", "B"):
        await org.create("Account", {"Name": name, "ia_crm__IntacctID__c": "C-1"})
    assert await org.names("ia_crm__IntacctID__c = 'C-1'") == ["A", "B"]


@pytest.mark.parametrize(
    ("action", "header", "status"),
    [
        ("alert", "", 400),
        ("alert", "allowSave=true", 201),
        ("block", "allowSave=true", 400),
    ],
)
async def test_duplicate_rules(org: Bench, action: str, header: str, status: int) -> None:
    await org.knobs(duplicate_rules=[{"object": "Account", "fields": ["Name"], "action": action}])
    first = await org.create("Account", {"Name": "A"})
    reply = await org.call(
        "POST", "/sobjects/Account", json={"Name": "a"}, headers={"Sforce-Duplicate-Rule-Header": header}
    )
    assert reply.status_code == status
    if status == 400:
        result = error_of(reply)["duplicateResult"]
        assert error_of(reply)["errorCode"] == "DUPLICATES_DETECTED"
        assert result["matchResults"][0]["matchRecords"][0]["record"]["Id"] == first
        assert result["allowSave"] is (action == "alert")


async def test_a_validation_rule_from_data_refuses(org: Bench) -> None:
    rule = {
        "object": "Account",
        "when": "Phone = null AND ia_crm__Sync_with_Intacct__c = true",
        "message": "No phone.",
        "field": "Phone",
    }
    await org.knobs(validation_rules=[rule])
    await org.create("Account", {"Name": "A"})
    reply = await org.call("POST", "/sobjects/Account", json={"Name": "B", "ia_crm__Sync_with_Intacct__c": True})
    assert code_of(reply) == (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION")
    assert (error_of(reply)["message"], error_of(reply)["fields"]) == ("No phone.", ["Phone"])


async def test_a_trigger_that_throws_refuses(org: Bench) -> None:
    trigger = {"object": "Account", "when": "Name = 'bad'", "code": "CANNOT_EXECUTE_FLOW_TRIGGER", "text": "flow broke"}
    await org.knobs(throwing_triggers=[trigger])
    reply = await org.call("POST", "/sobjects/Account", json={"Name": "Bad"})
    assert code_of(reply) == (400, "CANNOT_EXECUTE_FLOW_TRIGGER")


# --- deleted and merged ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_a_deleted_record_is_gone(org: Bench, method: str) -> None:
    record_id = await org.create("Account", {"Name": "A"})
    await org.call("DELETE", f"/sobjects/Account/{record_id}")
    body = {"json": {"Name": "B"}} if method == "PATCH" else {}
    assert code_of(await org.call(method, f"/sobjects/Account/{record_id}", **body)) == (404, "ENTITY_IS_DELETED")


async def test_a_reference_to_a_deleted_record_is_refused(org: Bench) -> None:
    record_id = await org.create("Account", {"Name": "A"})
    await org.call("DELETE", f"/sobjects/Account/{record_id}")
    reply = await org.call("POST", "/sobjects/Contact", json={"LastName": "B", "AccountId": record_id})
    assert code_of(reply) == (400, "INVALID_CROSS_REFERENCE_KEY")


async def test_upsert_by_a_deleted_record_s_external_id_inserts(org: Bench) -> None:
    old = await org.create("Account", {"Name": "A", "Intacct_Id__c": "C-1"})
    await org.call("DELETE", f"/sobjects/Account/{old}")
    reply = await org.call("PATCH", "/sobjects/Account/Intacct_Id__c/C-1", json={"Name": "B"})
    assert reply.status_code == 201
    assert reply.json()["id"] != old


async def test_children_die_with_their_parent_or_lose_it(org: Bench) -> None:
    parent = await org.create("Account", {"Name": "P"})
    child = await org.create("Account", {"Name": "C", "ParentId": parent})
    contact = await org.create("Contact", {"LastName": "B", "AccountId": parent})
    await org.call("DELETE", f"/sobjects/Account/{parent}")
    assert (await org.read("Account", child))["ParentId"] is None
    assert code_of(await org.call("GET", f"/sobjects/Contact/{contact}")) == (404, "ENTITY_IS_DELETED")


async def test_a_merge_leaves_a_loser_that_names_the_winner(org: Bench) -> None:
    winner, loser = [await org.create("Account", {"Name": n}) for n in ("W", "L")]
    contact = await org.create("Contact", {"LastName": "B", "AccountId": loser})
    org.clock.advance(60)
    await org.sim("merge", {"object": "Account", "winner": winner, "losers": [loser]})
    lost = await org.rows("SELECT Id, MasterRecordId FROM Account WHERE IsDeleted = true", "queryAll")
    assert [(r["Id"], r["MasterRecordId"]) for r in lost] == [(loser, winner)]
    moved = await org.read("Contact", contact)
    assert moved["AccountId"] == winner
    assert moved["SystemModstamp"] == "2026-03-02T09:01:00.000+0000"
    assert moved["LastModifiedDate"] == "2026-03-02T09:00:00.000+0000"
    reply = await org.call("PATCH", f"/sobjects/Account/{loser}", json={"Name": "X"})
    assert code_of(reply) == (404, "ENTITY_IS_DELETED")


async def test_a_winner_below_the_loser_is_below_nothing_after_the_merge(org: Bench) -> None:
    loser = await org.create("Account", {"Name": "L"})
    winner = await org.create("Account", {"Name": "W", "ParentId": loser})
    await org.sim("merge", {"object": "Account", "winner": winner, "losers": [loser]})
    assert (await org.read("Account", winner))["ParentId"] is None


async def test_after_a_purge_the_loser_is_gone_from_query_all(org: Bench) -> None:
    winner, loser = [await org.create("Account", {"Name": n}) for n in ("W", "L")]
    await org.sim("merge", {"object": "Account", "winner": winner, "losers": [loser]})
    await org.sim("purge", {"object": "Account"})
    assert await org.names("Name != null", "queryAll") == ["W"]
    assert code_of(await org.call("GET", f"/sobjects/Account/{loser}")) == (404, "NOT_FOUND")


async def test_an_undeleted_record_lives_again(org: Bench) -> None:
    record_id = await org.create("Account", {"Name": "A"})
    await org.call("DELETE", f"/sobjects/Account/{record_id}")
    await org.sim("undelete", {"object": "Account", "ids": [record_id]})
    assert (await org.read("Account", record_id))["Name"] == "A"


# --- conditional requests -------------------------------------------------------------------------------------------

BEFORE, AFTER = "Mon, 02 Mar 2026 09:00:00 GMT", "Mon, 02 Mar 2026 09:00:01 GMT"


async def test_an_update_fails_when_the_record_changed_since(org: Bench) -> None:
    record_id = await org.create("Contact", {"LastName": "A"})
    path = f"/sobjects/Contact/{record_id}"
    same_second = await org.call("PATCH", path, json={"LastName": "B"}, headers={"If-Unmodified-Since": BEFORE})
    org.clock.advance(1)
    await org.call("PATCH", path, json={"LastName": "C"})
    later = await org.call("PATCH", path, json={"LastName": "D"}, headers={"If-Unmodified-Since": BEFORE})
    assert (same_second.status_code, later.status_code) == (204, 412)
    assert (await org.read("Contact", record_id))["LastName"] == "C"


async def test_an_invalid_date_is_refused_on_writes(org: Bench) -> None:
    record_id = await org.create("Contact", {"LastName": "A"})
    headers = {"If-Unmodified-Since": "yesterday"}
    patched = await org.call("PATCH", f"/sobjects/Contact/{record_id}", json={"LastName": "B"}, headers=headers)
    posted = await org.call("POST", "/sobjects/Contact", json={"LastName": "B"}, headers=headers)
    assert (patched.status_code, posted.status_code) == (400, 400)


async def test_a_row_not_modified_since_is_not_sent_again(org: Bench) -> None:
    record_id = await org.create("Contact", {"LastName": "A"})
    path = f"/sobjects/Contact/{record_id}"
    assert (await org.call("GET", path, headers={"If-Modified-Since": AFTER})).status_code == 304
    assert (
        await org.call("GET", path, headers={"If-Modified-Since": "Mon, 02 Mar 2026 08:00:00 GMT"})
    ).status_code == 200


async def test_entity_tags_work_on_accounts(org: Bench) -> None:
    record_id = await org.create("Account", {"Name": "A"})
    path = f"/sobjects/Account/{record_id}"
    tag = (await org.call("GET", path)).headers["etag"]
    assert (await org.call("GET", path, headers={"If-None-Match": tag})).status_code == 304
    assert (await org.call("PATCH", path, json={"Name": "B"}, headers={"If-Match": tag})).status_code == 204
    assert (await org.call("PATCH", path, json={"Name": "C"}, headers={"If-Match": tag})).status_code == 412


async def test_entity_tags_are_ignored_on_other_objects(org: Bench) -> None:
    record_id = await org.create("Contact", {"LastName": "A"})
    path = f"/sobjects/Contact/{record_id}"
    assert "etag" not in (await org.call("GET", path)).headers
    assert (await org.call("PATCH", path, json={"LastName": "B"}, headers={"If-Match": '"x"'})).status_code == 204
