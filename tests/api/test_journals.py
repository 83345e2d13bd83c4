"""Journal mappings over the API: kept by name, checked, changed in parts, forgotten; roles."""

from typing import Any

import pytest
from httpx import AsyncClient

P = "ia_crm__"
MAPPING: dict[str, Any] = {
    "name": "Gifts",
    "headerSource": "Opportunity",
    "debitField": f"{P}Debit_Line__c",
    "creditField": f"{P}Credit_Line__c",
    "headerRows": [
        {"target": f"{P}Intacct_Journal__c", "fixedText": "a12000000000001AAA"},
        {"target": f"{P}Date__c", "sourceField": "CloseDate"},
        {"target": f"{P}Description__c", "sourceField": "Name"},
    ],
    "lineRows": [
        {"target": f"{P}Amount__c", "sourceField": "Amount"},
        {"target": f"{P}Intacct_Account__c", "fixedText": "a11000000000001AAA"},
    ],
    "headerFilter": {
        "junction": "anyOf",
        "groups": [{"conditions": [{"field": "StageName", "operator": "in", "values": ["Closed Won", "Pledged"]}]}],
    },
}


async def made(client: AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/v1/journal-mappings", json={**MAPPING, **changes})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_mapping_is_kept_as_it_was_sent(client: AsyncClient) -> None:
    await made(client)
    kept = (await client.get("/v1/journal-mappings/Gifts")).json()
    assert (kept["headerSource"], kept["lineSource"], kept["version"]) == ("Opportunity", None, 1)
    assert [row["target"] for row in kept["lineRows"]] == [f"{P}Amount__c", f"{P}Intacct_Account__c"]
    (group,) = kept["headerFilter"]["groups"]
    assert group["conditions"] == [{"field": "StageName", "operator": "in", "values": ["Closed Won", "Pledged"]}]
    assert [one["name"] for one in (await client.get("/v1/journal-mappings")).json()["items"]] == ["Gifts"]


async def test_what_is_kept_can_be_sent_again(client: AsyncClient) -> None:
    first = await made(client)
    kept = (await client.get("/v1/journal-mappings/Gifts")).json()
    for name in ("version", "updatedAt", "correlationId"):
        del kept[name]
    second = await made(client, **{**kept, "name": "Copy"})
    different = {"name", "correlationId", "updatedAt"}
    assert {k: v for k, v in first.items() if k not in different} == {
        k: v for k, v in second.items() if k not in different
    }


async def test_name_is_unique(client: AsyncClient) -> None:
    await made(client)
    answer = await client.post("/v1/journal-mappings", json=MAPPING)
    assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"creditField": None}, "creditField is missing"),
        ({"creditField": f"{P}Debit_Line__c"}, "must be two fields"),
        ({"lineSource": "OpportunityLineItem"}, "lineSource and parentField go together"),
        ({"headerRows": MAPPING["headerRows"][:2]}, "no header row fills Description__c"),
        ({"lineRows": MAPPING["lineRows"][1:]}, "exactly one line row fills Amount__c"),
        ({"lineRows": MAPPING["lineRows"][:1]}, "exactly one line row fills Intacct_Account__c for debit"),
        ({"lineRows": [*MAPPING["lineRows"], {"target": f"{P}SB_Amount__c", "fixedText": "1"}]}, "shows what stands"),
        ({"lineRows": [*MAPPING["lineRows"], {"target": f"{P}Source_Key__c", "fixedText": "1"}]}, "filled by the serv"),
        ({"lineRows": [*MAPPING["lineRows"], {"target": f"{P}Memo__c"}]}, "needs a field or a constant"),
        ({"lineRows": [*MAPPING["lineRows"], {"target": f"{P}Class__c", "fixedText": "<x>"}]}, "has the blank"),
    ],
)
async def test_mapping_that_cannot_work_is_refused(client: AsyncClient, change: dict[str, Any], said: str) -> None:
    answer = await client.post("/v1/journal-mappings", json={**MAPPING, **change})
    assert (answer.status_code, answer.json()["code"]) == (409, "mapping_invalid")
    assert said in answer.json()["detail"]


async def test_change_leaves_what_it_does_not_name(client: AsyncClient) -> None:
    await made(client)
    changed = await client.patch("/v1/journal-mappings/Gifts", json={"useInSchedule": True, "version": 1})
    assert (changed.json()["useInSchedule"], changed.json()["version"]) == (True, 2)
    assert changed.json()["creditField"] == f"{P}Credit_Line__c"
    late = await client.patch("/v1/journal-mappings/Gifts", json={"statistical": True, "version": 1})
    assert (late.status_code, late.json()["code"]) == (409, "version_conflict")
    emptied = await client.patch("/v1/journal-mappings/Gifts", json={"creditField": None, "statistical": True})
    assert emptied.json()["creditField"] is None


async def test_forgotten_mapping_is_gone(client: AsyncClient) -> None:
    await made(client)
    assert (await client.delete("/v1/journal-mappings/Gifts")).json()["name"] == "Gifts"
    for answer in (
        await client.get("/v1/journal-mappings/Gifts"),
        await client.delete("/v1/journal-mappings/Gifts"),
        await client.post("/v1/journal-mappings/Gifts/run", json={"recordIds": ["006000000000001AAA"]}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "mapping_unknown")


async def test_neighbour_does_not_see_it(client: AsyncClient, neighbour: AsyncClient) -> None:
    await made(client)
    assert (await neighbour.get("/v1/journal-mappings/Gifts")).status_code == 404
    assert (await neighbour.get("/v1/journal-mappings")).json()["items"] == []


async def test_run_answers_for_every_record(client: AsyncClient) -> None:
    await made(client)
    answer = await client.post("/v1/journal-mappings/Gifts/run", json={"recordIds": ["006000000000001AAA"]})
    assert [(one["result"], one["reason"]) for one in answer.json()["items"]] == [("failed", "record_not_found")]
    preview = await client.post("/v1/journal-mappings/Gifts/preview", json={"recordIds": ["006000000000001AAA"]})
    assert (preview.json()["entries"], preview.json()["without"]) == ([], [])
