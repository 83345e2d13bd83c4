"""Somebody who calls a running installation. No test stands here."""

from typing import Any

import httpx

from app.cli.stack import Stack


class Caller:
    """Somebody with the admin key, and with a hand on the simulators."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._http = httpx.AsyncClient(timeout=20, headers={"X-API-Key": stack.admin_key or ""})

    async def __aenter__(self) -> "Caller":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def get(self, path: str) -> dict[str, Any]:
        """What the API answers; fails for an error."""
        body: dict[str, Any] = (await self._http.get(self._stack.url + path)).raise_for_status().json()
        return body

    async def text(self, path: str) -> str:
        """The same as text."""
        return (await self._http.get(self._stack.url + path)).raise_for_status().text

    async def accounts(self, name: str, number: int) -> list[str]:
        """Ids of that many new accounts in Salesforce."""
        rows = [{"Name": f"{name} {n}"} for n in range(number)]
        answer = await self._http.post(f"{self._stack.salesforce_url}/_sim/seed", json={"Account": rows})
        return [row["Id"] for row in answer.raise_for_status().json()["Account"]]

    async def sync(self, ids: list[str], origin: str, wait: float = 0) -> list[dict[str, Any]]:
        """Wish the accounts in step; the items of the answer."""
        url = f"{self._stack.url}/v1/sync/account?wait={wait:g}"
        answer = await self._http.post(url, json={"recordIds": ids, "origin": origin})
        items: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
        return items

    async def customers(self, name: str) -> int:
        """How many customers of that name there are in Intacct."""
        answer = await self._http.get(f"{self._stack.intacct_url}/_sim/records/CUSTOMER")
        return sum(row["NAME"].startswith(f"{name} ") for row in answer.raise_for_status().json())

    async def fault(self, **fault: Any) -> None:
        """Plan a fault at Intacct."""
        (await self._http.post(f"{self._stack.intacct_url}/_sim/faults", json=fault)).raise_for_status()

    async def no_faults(self) -> None:
        """Forget all faults."""
        (await self._http.delete(f"{self._stack.intacct_url}/_sim/faults")).raise_for_status()

    async def struck(self) -> bool:
        """Whether a planned fault has hit a request, which is then at work."""
        planned = (await self._http.get(f"{self._stack.intacct_url}/_sim/faults")).json()
        return any(fault["drawn"] for fault in planned)

    async def all_done(self, ids: list[str]) -> bool:
        """Whether the accounts' latest operations are over."""
        items = (await self.get("/v1/operations?pageSize=200"))["items"]
        return {item["recordId"] for item in items if item["state"] == "done"} >= set(ids)
