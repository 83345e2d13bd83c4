"""Mappings over the API: who may, what is answered, and that a file comes back as it went."""

from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from app.services.keys import Role
from tests.api.conftest import KEYS, open_client
from tests.houses import OnePair

URL = "/v1/mappings/account"
OFF: dict[str, Any] = {"rowId": "TAXID", "active": False}
OWN: dict[str, Any] = {
    "rowId": "segment",
    "intacctField": "SUPDOCID",
    "salesforceFields": ["Segment__c", "Site"],
    "kind": "text",
    "width": 20,
    "rule": "toIntacct",
    "toIntacct": "concat(Segment__c, '-', Site)",
    "defaultValue": "none",
}


@pytest.fixture
async def client(client: AsyncClient, backends: OnePair) -> AsyncClient:
    """The administrator's, of a connection whose sides have the fields of the own row."""
    backends.salesforce.kinds["Account"] += ["Segment__c", "Site"]
    backends.intacct.kinds["CUSTOMER"] += ["SUPDOCID"]
    return client


async def in_force(client: AsyncClient, *rows: dict[str, Any]) -> dict[str, Any]:
    """Draft and activate; the answer."""
    drafted = await client.post(URL, json={"rows": list(rows)})
    assert drafted.status_code == 200, drafted.text
    done = await client.post(f"{URL}/activate", json={"revision": drafted.json()["revision"]})
    assert done.status_code == 200, done.text
    body: dict[str, Any] = done.json()
    return body


async def test_without_a_version_the_rows_are_the_declared_ones(client: AsyncClient) -> None:
    body = (await client.get(URL)).json()
    name = next(row for row in body["rows"] if row["rowId"] == "NAME")
    assert (body["versionName"], body["activeVersion"], body["draft"]) == ("standard", None, None)
    assert (name["own"], name["changed"], name["required"], name["rule"]) == (False, False, True, "bidirectional")


async def test_the_rows_show_what_is_in_force_and_not_the_draft(client: AsyncClient) -> None:
    done = await in_force(client, OFF, OWN)
    await client.patch(URL, json={"removed": ["segment"]})
    body = (await client.get(URL)).json()
    rows = {row["rowId"]: row for row in body["rows"]}
    assert (done["versionName"], done["state"], body["versionName"]) == ("v1", "active", "v1")
    assert (body["draft"]["versionNumber"], body["draft"]["state"]) == (2, "draft")
    assert (rows["TAXID"]["active"], rows["TAXID"]["changed"]) == (False, True)
    assert rows["segment"]["toIntacct"] == OWN["toIntacct"]
    assert (rows["segment"]["own"], rows["segment"]["salesforceFields"]) == (True, ["Segment__c", "Site"])


async def test_all_that_is_wrong_is_answered_at_once_by_row_and_part(client: AsyncClient) -> None:
    rows = [{"rowId": "CURRENCY", "active": False}, {**OWN, "toIntacct": "open('x')"}, {"rowId": "GHOST"}]
    answer = await client.post(URL, json={"rows": rows})
    assert (answer.status_code, answer.json()["code"]) == (409, "mapping_invalid")
    fields = [error["field"] for error in answer.json()["errors"]]
    assert fields == ["rows.CURRENCY.active", "rows.segment.toIntacct", "rows.GHOST.rowId"]


async def test_half_an_own_row_is_told_what_it_lacks(client: AsyncClient) -> None:
    answer = await client.post(URL, json={"rows": [{"rowId": "x", "intacctField": "SUPDOCID", "rule": "toIntacct"}]})
    assert [error["field"] for error in answer.json()["errors"]] == ["rows.x.kind", "rows.x.salesforceFields"]


async def test_a_draft_whose_fields_a_side_lacks_is_kept_and_not_put_in_force(client: AsyncClient) -> None:
    await client.post(URL, json={"rows": [{**OWN, "intacctField": "NOWHERE"}]})
    checked = (await client.post(f"{URL}/validate")).json()
    assert (checked["ready"], checked["versionName"]) == (False, "v1")
    assert [(one["rowId"], one["field"], one["severity"]) for one in checked["findings"]] == [
        ("segment", "intacctField", "error")
    ]
    answer = await client.post(f"{URL}/activate", json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "mapping_not_ready")
    assert [error["field"] for error in answer.json()["errors"]] == ["rows.segment.intacctField"]


async def test_a_change_made_from_an_old_revision_is_refused(client: AsyncClient) -> None:
    await client.post(URL, json={"rows": [OFF], "revision": 0})
    for answer in (
        await client.post(URL, json={"rows": [], "revision": 0}),
        await client.patch(URL, json={"revision": 7}),
        await client.post(f"{URL}/activate", json={"revision": 7}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "version_conflict")


async def test_versions_are_listed_shown_and_gone_back_to(client: AsyncClient) -> None:
    await in_force(client, OFF)
    await in_force(client, OWN)
    back = (await client.post(f"{URL}/rollback", json={"versionNumber": 1})).json()
    assert (back["versionNumber"], [row["rowId"] for row in back["rows"]]) == (3, ["TAXID"])
    listed = (await client.get(f"{URL}/versions", params={"pageSize": 2})).json()
    assert [(one["versionNumber"], one["state"]) for one in listed["items"]] == [(3, "active"), (2, "retired")]
    rest = (await client.get(f"{URL}/versions", params={"below": listed["nextBelow"]})).json()
    assert ([one["versionNumber"] for one in rest["items"]], rest["nextBelow"]) == ([1], None)
    shown = (await client.get(f"{URL}/versions/2")).json()
    assert {(one["rowId"], one["what"]) for one in shown["differences"]} >= {("segment", "rule"), ("TAXID", "active")}


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/versions/1"), ("DELETE", ""), ("POST", "/activate"), ("POST", "/rollback")]
)
async def test_what_is_not_there_is_not_found(client: AsyncClient, method: str, path: str) -> None:
    body = None if method != "POST" else {"versionNumber": 4} if path == "/rollback" else {}
    answer = await client.request(method, URL + path, json=body)
    assert answer.status_code == 404


async def test_a_file_comes_back_as_it_went(client: AsyncClient) -> None:
    pairs = [{"intacct": "N30", "salesforce": "no"}, {"intacct": "é", "salesforce": "#"}]
    words = {"rowId": "TERMNAME", "valueMap": pairs}
    await in_force(client, OFF, OWN, words)
    exported = (await client.get(f"{URL}/export")).json()
    taken = (await client.post(f"{URL}/import", json={"yaml": exported["yaml"]})).json()
    assert (exported["versionName"], taken["state"], taken["differences"]) == ("v1", "draft", [])


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "just text",
        "[1, 2]",
        "a: [",
        "format: 2\nobjectName: account\nrows: []",
        "format: 1\nobjectName: contact\nrows: []",
        "format: 1\nobjectName: account\nrows: []\nextra: 1",
        "format: 1\nobjectName: account\nrows: [{rowId: TAXID, activ: false}]",
        "format: 1\nobjectName: account\nrows: &a []\nnote: *a",
        "format: 1\nobjectName: account\nrows: !!python/object/apply:os.system ['true']",
        "format: 1\nobjectName: account\nrows: " + "[" * 300 + "]" * 300,
        "format: 1\nobjectName: account\nrows: [{rowId: CURRENCY, active: false}]",
    ],
)
async def test_a_file_that_is_none_is_refused_and_changes_nothing(client: AsyncClient, text: str) -> None:
    answer = await client.post(f"{URL}/import", json={"yaml": text})
    assert answer.status_code in (409, 422)
    assert (await client.get(URL)).json()["draft"] is None


async def test_viewers_read_and_only_administrators_change(app: FastAPI) -> None:
    async with open_client(app, KEYS[Role.VIEWER]) as viewer:
        for path in ("", "/versions", "/export"):
            assert (await viewer.get(URL + path)).status_code == 200
        assert (await viewer.post(f"{URL}/validate")).status_code == 200
    bodies = {"": {"rows": []}, "/activate": {}, "/rollback": {"versionNumber": 0}, "/import": {"yaml": "a"}}
    async with open_client(app, KEYS[Role.OPERATOR]) as operator:
        for path, body in bodies.items():
            assert (await operator.post(URL + path, json=body)).status_code == 403
        assert (await operator.patch(URL, json={})).status_code == 403
        assert (await operator.delete(URL)).status_code == 403


async def test_a_neighbour_sees_nothing_of_it(client: AsyncClient, neighbour: AsyncClient) -> None:
    await in_force(client, OFF)
    assert (await neighbour.get(URL)).json()["versionName"] == "standard"
    assert (await neighbour.get(f"{URL}/versions/1")).status_code == 404
    assert (await neighbour.post(f"{URL}/rollback", json={"versionNumber": 1})).status_code == 404


async def test_the_effect_of_a_draft_is_answered_with_figures_and_a_sentence(client: AsyncClient) -> None:
    await client.post(URL, json={"rows": [OFF]})
    body = (await client.post(f"{URL}/preview", json={"sampleSize": 10})).json()
    assert (body["draftVersion"], body["versionName"], body["examined"]) == ("v1", "standard", 0)
    assert body["summary"] == "Would change 0 of 0; none would fail because of it."
    missing = await client.post("/v1/mappings/contact/preview", json={})
    assert (missing.status_code, missing.json()["code"]) == (404, "mapping_draft_missing")
