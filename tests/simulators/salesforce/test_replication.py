"""SIM-56 and SIM-60 to SIM-62: late commits, what was updated, what was deleted."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.simulators.salesforce.bench import START, Bench, code_of


async def ask(org: Bench, verb: str, start: int = -60, end: int = 60, kind: str = "Account") -> httpx.Response:
    """Updated or deleted within a window of minutes around START."""
    bounds = {n: (START + timedelta(minutes=m)).isoformat() for n, m in (("start", start), ("end", end))}
    return await org.call("GET", f"/sobjects/{kind}/{verb}/", params=bounds)


async def test_updated_names_what_changed(org: Bench) -> None:
    first, second = [await org.create("Account", {"Name": n}) for n in "AB"]
    org.clock.advance(600)
    await org.call("PATCH", f"/sobjects/Account/{first}", json={"Name": "C"})
    assert (await ask(org, "updated")).json()["ids"] == [first, second]
    assert (await ask(org, "updated", 5)).json()["ids"] == [first]
    assert (await ask(org, "updated", 5, 10)).json()["ids"] == []


async def test_the_latest_date_covered_is_never_in_the_future(org: Bench) -> None:
    assert (await ask(org, "updated", -60, -10)).json()["latestDateCovered"] == "2026-03-02T08:50:00.000+0000"
    assert (await ask(org, "updated", -60, 60)).json()["latestDateCovered"] == "2026-03-02T09:00:00.000+0000"


async def test_seconds_are_ignored(org: Bench) -> None:
    record_id = await org.create("Account", {"Name": "A"})
    window = {"start": "2026-03-02T09:00:59Z", "end": "2026-03-02T09:01:00Z"}
    reply = await org.call("GET", "/sobjects/Account/updated", params=window)
    assert reply.json()["ids"] == [record_id]


@pytest.mark.parametrize(("start", "end"), [(0, 0), (10, 5), (-31 * 24 * 60, 0)])
async def test_a_wrong_window_is_refused(org: Bench, start: int, end: int) -> None:
    assert code_of(await ask(org, "updated", start, end)) == (400, "INVALID_REPLICATION_DATE")


async def test_the_reach_of_deleted_is_15_days(org: Bench) -> None:
    assert (await ask(org, "deleted", -15 * 24 * 60)).status_code == 200
    assert code_of(await ask(org, "deleted", -16 * 24 * 60)) == (400, "INVALID_REPLICATION_DATE")


async def test_a_date_that_is_none_is_refused(org: Bench) -> None:
    reply = await org.call("GET", "/sobjects/Account/updated", params={"start": "x", "end": "y"})
    assert code_of(reply) == (400, "INVALID_REPLICATION_DATE")


async def test_an_open_transaction_holds_the_covered_date_back(org: Bench) -> None:
    await org.sim("long_transaction", {"open": True})
    org.clock.advance(1800)
    assert (await ask(org, "updated")).json()["latestDateCovered"] == "2026-03-02T09:00:00.000+0000"
    await org.sim("long_transaction", {"open": False})
    assert (await ask(org, "updated")).json()["latestDateCovered"] == "2026-03-02T09:30:00.000+0000"


async def test_deleted_names_the_deleted_and_the_merged(org: Bench) -> None:
    a, b, c = [await org.create("Account", {"Name": n}) for n in "ABC"]
    org.clock.advance(60)
    await org.call("DELETE", f"/sobjects/Account/{a}")
    await org.sim("merge", {"object": "Account", "winner": b, "losers": [c]})
    answer = (await ask(org, "deleted")).json()
    date = "2026-03-02T09:01:00.000+0000"
    assert answer["deletedRecords"] == [{"id": a, "deletedDate": date}, {"id": c, "deletedDate": date}]
    assert answer["latestDateCovered"] == date
    assert answer["earliestDateAvailable"] == "2026-02-15T09:01:00.000+0000"
    assert a not in (await ask(org, "updated")).json()["ids"]


async def test_a_purge_moves_the_earliest_date(org: Bench) -> None:
    record_id = await org.create("Account", {"Name": "A"})
    await org.call("DELETE", f"/sobjects/Account/{record_id}")
    await org.sim("purge", {"object": "Account"})
    answer = (await ask(org, "deleted")).json()
    assert (answer["deletedRecords"], answer["earliestDateAvailable"]) == ([], "2026-03-02T09:00:00.000+0000")


async def test_the_number_of_ids_is_capped(org: Bench) -> None:
    await org.knobs(id_limit=1)
    await org.create("Account", {"Name": "A"})
    assert (await ask(org, "updated")).status_code == 200
    await org.create("Account", {"Name": "B"})
    assert code_of(await ask(org, "updated")) == (400, "EXCEEDED_ID_LIMIT")


# --- late visibility ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["knob", "fault"])
async def test_a_late_commit_is_seen_after_its_own_stamp(org: Bench, how: str) -> None:
    if how == "knob":
        await org.knobs(late_commit_seconds=30)
    else:
        await org.fault(kind="read_lag", seconds=30)
    record_id = await org.create("Account", {"Name": "A"})
    assert await org.names("Name = 'A'") == []
    assert await org.names(f"Id = '{record_id}'") == []
    assert (await ask(org, "updated")).json()["ids"] == []
    org.clock.advance(30)
    (found,) = await org.rows("SELECT Name, SystemModstamp FROM Account")
    assert found["SystemModstamp"] == "2026-03-02T09:00:00.000+0000"


async def test_a_lagging_update_shows_its_former_values(org: Bench) -> None:
    record_id = await org.create("Account", {"Name": "A"})
    await org.knobs(late_commit_seconds=30)
    await org.call("PATCH", f"/sobjects/Account/{record_id}", json={"Name": "B"})
    org.clock.advance(10)
    await org.call("PATCH", f"/sobjects/Account/{record_id}", json={"Name": "C"})
    seen: list[Any] = [await org.names("Name IN ('A', 'B', 'C')")]
    for _ in range(2):
        org.clock.advance(20)
        seen.append(await org.names("Name IN ('A', 'B', 'C')"))
    assert seen == [["A"], ["B"], ["C"]]


async def test_a_read_by_id_is_never_late(org: Bench) -> None:
    await org.knobs(late_commit_seconds=30)
    record_id = await org.create("Account", {"Name": "A"})
    assert (await org.read("Account", record_id))["Name"] == "A"


async def test_a_lagging_delete_is_still_queried(org: Bench) -> None:
    record_id = await org.create("Account", {"Name": "A"})
    await org.knobs(late_commit_seconds=30)
    await org.call("DELETE", f"/sobjects/Account/{record_id}")
    assert await org.names("Name = 'A'") == ["A"]
    org.clock.advance(31)
    assert await org.names("Name = 'A'") == []


async def test_many_rows_may_share_a_stamp(org: Bench) -> None:
    rows = [{"attributes": {"type": "Account"}, "Name": str(n)} for n in range(50)]
    await org.call("POST", "/composite/sobjects", json={"records": rows})
    stamps = {r["SystemModstamp"] for r in await org.rows("SELECT SystemModstamp FROM Account")}
    assert stamps == {"2026-03-02T09:00:00.000+0000"}


async def test_a_lag_of_commits_holds_the_covered_date_back(org: Bench) -> None:
    await org.knobs(late_commit_seconds=600)
    await org.create("Account", {"Name": "A"})
    org.clock.advance(300)
    assert (await ask(org, "updated")).json()["latestDateCovered"] == "2026-03-02T09:00:00.000+0000"
