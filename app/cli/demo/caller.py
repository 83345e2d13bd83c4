"""The demo's hands: the public API as a Flow would call it, and the simulators' control planes to look behind it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import httpx

LIST = 200
"""Ids per call: one trigger chunk of Salesforce (salesforce-api.md 10.1)."""

PAGE = 200


class DemoError(Exception):
    """A call was refused; the text says which one, and the answer."""


class Caller:
    """Calls one installation. Any refusal raises DemoError."""

    def __init__(self, api: httpx.AsyncClient, salesforce: httpx.AsyncClient, intacct: httpx.AsyncClient) -> None:
        self._api, self._salesforce, self._intacct = api, salesforce, intacct

    async def account_fields(self) -> list[str]:
        """Fields of Account that may be set, from Salesforce's own description."""
        form = {"grant_type": "client_credentials", "client_id": "client", "client_secret": "secret"}
        token = (await _json(self._salesforce.post("/services/oauth2/token", data=form)))["access_token"]
        path, headers = "/services/data/v64.0/sobjects/Account/describe", {"Authorization": f"Bearer {token}"}
        described = await _json(self._salesforce.get(path, headers=headers))
        return [field["name"] for field in described["fields"] if field["createable"]]

    async def configure(self, objects: Mapping[str, Mapping[str, Any]]) -> None:
        """Set options of objects."""
        for name, options in objects.items():
            await _json(self._api.patch(f"/v1/configuration/objects/{name}", json={"options": options}))

    async def seed(self, system: str, kind: str, records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Put records of any kind into a simulator; the records with their keys."""
        client = {"salesforce": self._salesforce, "intacct": self._intacct}[system]
        made: dict[str, list[dict[str, Any]]] = await _json(client.post("/_sim/seed", json={kind: list(records)}))
        return made[kind]

    async def resync(self, object_name: str) -> None:
        """Ask for a whole object to be brought in step from Intacct."""
        await _json(self._api.post(f"/v1/resync/{object_name}"))

    async def load(self, records: Sequence[dict[str, Any]]) -> list[str]:
        """Put accounts into Salesforce; their ids."""
        made = await _json(self._salesforce.post("/_sim/seed", json={"Account": list(records)}))
        return [record["Id"] for record in made["Account"]]

    async def sync(self, ids: Sequence[str], run: str, object_name: str = "account") -> list[str]:
        """Ask for records to be brought in step, as a Flow would; the operations' ids, in order."""
        operations: list[str] = []
        for start in range(0, len(ids), LIST):
            part = list(ids[start : start + LIST])
            wish = {"recordIds": part, "origin": "flow", "requestedBy": "demo", "requestId": f"demo-{run}-{start}"}
            accepted = await _json(self._api.post(f"/v1/sync/{object_name}", json=wish))
            operations += [item["operationId"] for item in accepted["items"]]
        return operations

    async def operations(self, since: str, object_name: str = "account") -> dict[str, dict[str, Any]]:
        """All operations on an object accepted since an instant, by id."""
        found: dict[str, dict[str, Any]] = {}
        query: dict[str, Any] = {"objectName": object_name, "since": since, "pageSize": PAGE}
        while True:
            page = await _json(self._api.get("/v1/operations", params=query))
            found |= {item["operationId"]: item for item in page["items"]}
            if not page.get("nextCursor"):
                return found
            query["cursor"] = page["nextCursor"]

    async def errors(self, record_id: str) -> list[dict[str, Any]]:
        """The error log of one account."""
        listed: list[dict[str, Any]] = (await _json(self._api.get(f"/v1/errors/account/{record_id}")))["items"]
        return listed

    async def record(self, record_id: str) -> dict[str, Any]:
        """One account explained."""
        explained: dict[str, Any] = await _json(self._api.get(f"/v1/records/account/{record_id}"))
        return explained

    async def behind(self, system: str, kind: str) -> list[dict[str, Any]]:
        """Records as the vendor's simulator holds them."""
        client = {"salesforce": self._salesforce, "intacct": self._intacct}[system]
        records: list[dict[str, Any]] = await _json(client.get(f"/_sim/records/{kind}"))
        return records

    async def grant(self, reference: str) -> None:
        """Record that payments are granted."""
        await _json(self._api.put("/v1/payments/grant", json={"reference": reference}))

    async def use_definition(self, name: str) -> None:
        """Let documents of a transaction definition travel both ways, with their lines."""
        body = {"fromSalesforce": True, "toSalesforce": True}
        await _json(self._api.put(f"/v1/transaction-definitions/{name}", json=body))

    async def document_of(self, opportunity: str, definition: str, request_id: str) -> str:
        """Make a sales document of an opportunity; its Salesforce id."""
        body = {"opportunityId": opportunity, "definition": definition, "requestId": request_id}
        made = await _json(self._api.post("/v1/sales-documents/from-opportunity", json=body))
        return str(made["documentId"])

    async def hand_in(self, payment: Mapping[str, Any]) -> str:
        """Hand one payment in; its id. Raises RuntimeError when it is refused."""
        (item,) = (await _json(self._api.post("/v1/payments", json={"payments": [payment]})))["items"]
        if item["paymentId"] is None:
            raise RuntimeError(f"the payment was refused: {item['problems']}")
        return str(item["paymentId"])

    async def refusals(self, payment: Mapping[str, Any]) -> list[str]:
        """Why a payment is refused when it is handed in: codes."""
        (item,) = (await _json(self._api.post("/v1/payments", json={"payments": [payment]})))["items"]
        return [problem["code"] for problem in item["problems"]]

    async def payment(self, payment_id: str) -> dict[str, Any]:
        """One payment with its history."""
        found: dict[str, Any] = await _json(self._api.get(f"/v1/payments/{payment_id}"))
        return found

    async def payments(self, **wanted: str) -> list[dict[str, Any]]:
        """Payments, narrowed."""
        found: list[dict[str, Any]] = (await _json(self._api.get("/v1/payments", params=wanted)))["items"]
        return found

    async def equation(self) -> dict[str, Any]:
        """The money equation."""
        found: dict[str, Any] = await _json(self._api.get("/v1/payments/equation"))
        return found

    async def reverse_in_intacct(self, recordno: str) -> None:
        """Somebody reverses a payment in Intacct itself."""
        await _json(self._intacct.post("/_sim/reversals", json={"recordno": recordno}))

    async def fault(self, system: str, fault: Mapping[str, Any]) -> None:
        """Plan one fault at a vendor."""
        client = {"salesforce": self._salesforce, "intacct": self._intacct}[system]
        await _json(client.post("/_sim/faults", json=dict(fault)))

    async def meters(self) -> dict[str, int]:
        """What has been spent and written so far: `transactions`, `calls`, `intacct_writes`, `salesforce_writes`."""
        intacct = await _json(self._intacct.get("/_sim/meters"))
        salesforce = await _json(self._salesforce.get("/_sim/meters"))
        return {
            "transactions": intacct["transactions"],
            "calls": salesforce["calls"],
            "intacct_writes": intacct["records_written"],
            "salesforce_writes": salesforce["writes"],
        }


def difference(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """What was spent between two readings of the meters."""
    return {name: after[name] - before[name] for name in after}


def count_by(items: Iterable[dict[str, Any]], name: str) -> dict[str, int]:
    """How many items bear each value of a member."""
    counted: dict[str, int] = {}
    for item in items:
        counted[str(item.get(name))] = counted.get(str(item.get(name)), 0) + 1
    return counted


async def _json(answer: Any) -> Any:
    response: httpx.Response = await answer
    if not response.is_success:
        address = response.request.url.copy_with(query=None)
        raise DemoError(
            f"{response.request.method} {address} was answered {response.status_code}: {response.text[:500]}"
        )
    return response.json()
