"""Previews and histories over the API."""

from datetime import timedelta
from typing import Any

from httpx import AsyncClient

from app.services.context import Context
from app.store.tables import Connection, Decision
from tests.contract.service import rows_in_every_state
from tests.fakes import START
from tests.houses import ACCOUNT, account_id


async def test_preview_answers_in_order_and_a_wrong_id_fails_alone(client: AsyncClient) -> None:
    answer = await client.post("/v1/preview/account", json={"recordIds": ["nonsense", ACCOUNT]})
    assert answer.status_code == 200, answer.text
    wrong, missing = answer.json()["items"]
    assert (wrong["recordId"], wrong["reason"]) == ("nonsense", "record_id_malformed")
    assert (missing["recordId"], missing["result"], missing["reason"]) == (ACCOUNT, "failed", "record_not_found")
    assert missing["requests"] == []


async def test_preview_of_more_than_two_hundred_is_refused(client: AsyncClient) -> None:
    answer = await client.post("/v1/preview/account", json={"recordIds": [account_id(n) for n in range(201)]})
    assert answer.status_code == 422


async def test_history_is_told_page_by_page_with_who_asked(
    client: AsyncClient, context: Context, home: Connection
) -> None:
    owner = "op-done"
    async with context.begin() as session:
        session.add_all(rows_in_every_state(home.id))
        for n in range(3):
            session.add(
                Decision(
                    id=f"more-{n}",
                    connection_id=home.id,
                    operation_id=owner,
                    run=n,
                    object="account",
                    record_id=ACCOUNT,
                    result="updated",
                    reason="updated",
                    changes=[{"system": "intacct", "field": "NAME", "before": "A", "after": "B"}],
                    mapping_version="v3",
                    at=START + timedelta(seconds=n // 2),
                )
            )
    seen: list[dict[str, Any]] = []
    query: dict[str, Any] = {"pageSize": 2}
    for _ in range(4):
        answer = await client.get(f"/v1/records/account/{ACCOUNT}/history", params=query)
        assert answer.status_code == 200, answer.text
        seen += answer.json()["items"]
        if answer.json()["nextCursor"] is None:
            break
        query["cursor"] = answer.json()["nextCursor"]
    assert [entry["run"] for entry in seen[:3]] == [2, 1, 0]
    first = seen[0]
    assert (first["origin"], first["requestCorrelationId"], first["mappingVersion"]) == ("schedule", "seed", "v3")
    assert first["changes"] == [{"side": "intacct", "field": "NAME", "valueBefore": "A", "valueAfter": "B"}]
