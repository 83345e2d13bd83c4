"""SIM-50 to SIM-55: the query language, its faults, pages and snapshots."""

from typing import Any

import pytest

from tests.simulators.salesforce.bench import DATA, Bench, code_of, error_of

PRINTED = {"ia_crm__Delivery_Options__c": "Print;E-Mail"}
ROWS: list[dict[str, Any]] = [
    {"Name": "Acme", "Score__c": 1, "Phone": "100%", "First_Order__c": "2026-01-31", "ia_crm__Taxable__c": True},
    {"Name": "Beta's", "Score__c": 2, "Phone": "a_b", "First_Order__c": "2026-03-01", "Tier__c": "Gold"},
    {"Name": "Gamma", "Score__c": 3, "Phone": "axb", "First_Order__c": "2026-03-02", **PRINTED},
    {"Name": "delta", "Phone": None},
]  # fmt: skip


async def fill(org: Bench) -> None:
    """Four accounts."""
    await org.sim("seed", {"Account": ROWS})


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("Name = 'acme'", ["Acme"]),
        ("name != 'ACME'", ["Beta's", "delta", "Gamma"]),
        ("Name <> 'Acme' AND Score__c != 2", ["delta", "Gamma"]),
        ("Score__c < 2", ["Acme"]),
        ("Score__c > 2", ["Gamma"]),
        ("Score__c <= 2", ["Acme", "Beta's"]),
        ("Score__c >= 2.0", ["Beta's", "Gamma"]),
        ("Score__c = null", ["delta"]),
        ("Score__c != null", ["Acme", "Beta's", "Gamma"]),
        ("Score__c != 1", ["Beta's", "delta", "Gamma"]),
        ("NOT Score__c = 1", ["Beta's", "delta", "Gamma"]),
        ("Name IN ('acme', 'GAMMA', 'none')", ["Acme", "Gamma"]),
        ("Phone NOT IN ('100%')", ["Beta's", "delta", "Gamma"]),
        ("Score__c IN (1, 3)", ["Acme", "Gamma"]),
        ("Name LIKE '%a'", ["delta", "Gamma"]),
        ("Name LIKE 'AC%'", ["Acme"]),
        ("Phone LIKE 'a_b'", ["Beta's", "Gamma"]),
        (r"Phone LIKE 'a\_b'", ["Beta's"]),
        (r"Phone LIKE '100\%'", ["Acme"]),
        (r"Name = 'Beta\'s'", ["Beta's"]),
        (r"Name = '\u0041cme'", ["Acme"]),
        ("ia_crm__Taxable__c = true", ["Acme"]),
        ("ia_crm__Taxable__c = false", ["Beta's", "delta", "Gamma"]),
        ("First_Order__c = 2026-01-31", ["Acme"]),
        ("First_Order__c > 2026-02-28", ["Beta's", "Gamma"]),
        ("First_Order__c = TODAY", ["Gamma"]),
        ("First_Order__c = YESTERDAY", ["Beta's"]),
        ("First_Order__c = LAST_N_DAYS:5", ["Beta's", "Gamma"]),
        ("First_Order__c < TODAY", ["Acme", "Beta's"]),
        ("CreatedDate = TODAY AND Name = 'Acme'", ["Acme"]),
        ("SystemModstamp = 2026-03-02T10:00:00+01:00 AND Name = 'Acme'", ["Acme"]),
        ("SystemModstamp < 2026-03-02T09:00:00Z", []),
        ("SystemModstamp >= 2026-03-02T09:00:00.000Z AND Name = 'Acme'", ["Acme"]),
        ("(Score__c = 1 OR Score__c = 2) AND Name LIKE 'a%'", ["Acme"]),
        ("Score__c = 1 OR (Score__c > 1 AND NOT Name = 'Gamma')", ["Acme", "Beta's"]),
        ("Name = 'Acme' OR Name = 'delta' OR Name = 'x'", ["Acme", "delta"]),
        ("ia_crm__Delivery_Options__c = 'Print;E-Mail'", ["Gamma"]),
        ("Parent.Name = null AND Name = 'Acme'", ["Acme"]),
        ("Owner.Name = 'User Integration' AND Name = 'Acme'", ["Acme"]),
        ("Phone = ''", ["delta"]),
        ("Id NOT IN (SELECT AccountId FROM Contact WHERE LastName = 'x') AND Score__c = 1", ["Acme"]),
    ],
)
async def test_conditions(org: Bench, condition: str, expected: list[str]) -> None:
    await fill(org)
    assert await org.names(condition) == expected


async def test_a_semi_join_follows_its_subquery(org: Bench) -> None:
    a, b = [await org.create("Account", {"Name": n}) for n in "AB"]
    await org.create("Contact", {"LastName": "x", "AccountId": b})
    assert await org.names("Id IN (SELECT AccountId FROM Contact WHERE LastName = 'X')") == ["B"]
    assert await org.names(f"Id NOT IN (SELECT AccountId FROM Contact) AND Id != '{b}'") == ["A"]
    assert a != b


async def test_ids_compare_in_both_lengths(org: Bench) -> None:
    a, b = [await org.create("Account", {"Name": n}) for n in "AB"]
    assert await org.names(f"Id = '{a[:15]}'") == ["A"]
    assert await org.names(f"Id IN ('{a}', '{b[:15]}')") == ["A", "B"]
    assert await org.names(f"Id > '{a}'") == ["B"]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("Score__c", [None, 1, 2, 3]),
        ("Score__c DESC", [None, 3, 2, 1]),
        ("Score__c ASC NULLS LAST", [1, 2, 3, None]),
        ("Score__c DESC NULLS LAST", [3, 2, 1, None]),
        ("ia_crm__Taxable__c DESC, Score__c DESC NULLS LAST", [1, 3, 2, None]),
    ],
)
async def test_order(org: Bench, order: str, expected: list[Any]) -> None:
    await fill(org)
    assert [r["Score__c"] for r in await org.rows(f"SELECT Score__c FROM Account ORDER BY {order}")] == expected


async def test_limit_and_offset(org: Bench) -> None:
    await fill(org)
    rows = await org.rows("SELECT Name FROM Account ORDER BY Name LIMIT 2 OFFSET 1")
    assert [r["Name"] for r in rows] == ["Beta's", "delta"]


async def test_counts(org: Bench) -> None:
    await fill(org)
    whole = (await org.query("SELECT COUNT() FROM Account WHERE Score__c > 1")).json()
    assert whole == {"totalSize": 2, "done": True, "records": []}
    one = (await org.query("SELECT COUNT(Id), COUNT(Score__c) FROM Account")).json()
    assert one["records"] == [{"attributes": {"type": "AggregateResult"}, "expr0": 4, "expr1": 3}]


async def test_parents_are_nested_and_null_when_absent(org: Bench) -> None:
    account = await org.create("Account", {"Name": "A"})
    await org.create("Contact", {"LastName": "B", "AccountId": account})
    await org.create("Contact", {"LastName": "C"})
    soql = "SELECT c.LastName, c.Account.Name, c.Account.Owner.Username FROM Contact c ORDER BY LastName"
    first, second = await org.rows(soql)
    assert first["Account"]["attributes"] == {"type": "Account", "url": f"{DATA}/sobjects/Account/{account}"}
    assert first["Account"]["Owner"]["Username"] == "integration@example.com"
    assert set(first["Account"]) == {"attributes", "Name", "Owner"}
    assert second["Account"] is None


async def test_package_references_have_package_relationships(org: Bench) -> None:
    contact = await org.create("Contact", {"LastName": "B"})
    await org.create("Account", {"Name": "A", "ia_crm__Bill_to_Contact__c": contact})
    (found,) = await org.rows("SELECT ia_crm__Bill_to_Contact__r.LastName FROM Account")
    assert found["ia_crm__Bill_to_Contact__r"]["LastName"] == "B"


async def test_children_are_nested_and_null_when_none(org: Bench) -> None:
    a, _ = [await org.create("Account", {"Name": n}) for n in "AB"]
    for name in "xyz":
        await org.create("Contact", {"LastName": name, "AccountId": a})
    soql = (
        "SELECT Name, (SELECT LastName FROM Contacts WHERE LastName != 'x' ORDER BY LastName DESC LIMIT 1) FROM Account"
    )
    first, second = await org.rows(soql + " ORDER BY Name")
    assert first["Contacts"]["totalSize"] == 1
    assert [c["LastName"] for c in first["Contacts"]["records"]] == ["z"]
    assert second["Contacts"] is None


async def test_children_of_children(org: Bench) -> None:
    top = await org.create("Widget__c", {"Name": "top"})
    middle = await org.create("Widget__c", {"Name": "middle", "Parent__c": top})
    await org.create("Widget__c", {"Name": "low", "Parent__c": middle})
    soql = "SELECT Name, (SELECT Name, (SELECT Name FROM Parts__r) FROM Parts__r) FROM Widget__c WHERE Parent__c = null"
    (found,) = await org.rows(soql)
    assert found["Parts__r"]["records"][0]["Parts__r"]["records"][0]["Name"] == "low"


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT Nothing FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Nothing = 1", "INVALID_FIELD"),
        ("SELECT Nobody.Name FROM Account", "INVALID_FIELD"),
        ("SELECT CurrencyIsoCode FROM Account", "INVALID_FIELD"),
        ("SELECT IsPersonAccount FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Nothing", "INVALID_TYPE"),
        ("SELECT Id, (SELECT Id FROM Nothings) FROM Account", "INVALID_TYPE"),
        ("SELECT Id Account", "MALFORMED_QUERY"),
        ("SELECT FROM Account", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name = 'a", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name = 'a' AND Name = 'b' OR Name = 'c'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name IN ()", "MALFORMED_QUERY"),
        ("SELECT Id, Id FROM Account", "MALFORMED_QUERY"),
        (r"SELECT Id FROM Account WHERE Name = '\q'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE CreatedDate > '2026-01-01T00:00:00Z'", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE CreatedDate > 2026-01-01", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE First_Order__c > 2026-01-01T00:00:00Z", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Score__c = '1'", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Name = 1", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE ia_crm__Taxable__c = 'true'", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE ia_crm__Intacct_Sync_Errors__c = 'x'", "INVALID_FIELD"),
        ("SELECT Id FROM Account ORDER BY ia_crm__Intacct_Sync_Errors__c", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Score__c LIKE '1%'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Account WHERE Id = 'nonsense'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Account LIMIT 1 OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"),
    ],
)
async def test_a_faulty_query_is_refused(org: Bench, soql: str, code: str) -> None:
    assert code_of(await org.query(soql)) == (400, code)


async def test_an_unknown_field_is_pointed_at(org: Bench) -> None:
    message = error_of(await org.query("SELECT Id, Nothing FROM Account"))["message"]
    assert "ERROR at Row:1:Column:12\nNo such column 'Nothing' on entity 'Account'." in message
    lines = message.splitlines()
    assert lines[1][lines[2].index("^")] == "N"


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT Name FROM Account GROUP BY Name",
        "SELECT Id FROM Account WHERE ia_crm__Delivery_Options__c INCLUDES ('Print')",
        "SELECT Id FROM Account WHERE CreatedDate = THIS_WEEK",
        "SELECT toLabel(Name) FROM Account",
        "SELECT FIELDS(ALL) FROM Account LIMIT 200",
        "SELECT MAX(SystemModstamp) FROM Account",
        "SELECT Id FROM Account FOR UPDATE",
        "SELECT TYPEOF Owner WHEN User THEN Name END FROM Account",
    ],
)
async def test_what_the_subset_lacks_is_refused_by_name(org: Bench, soql: str) -> None:
    reply = await org.query(soql)
    assert code_of(reply) == (400, "MALFORMED_QUERY")
    assert error_of(reply)["message"].startswith("simulator:")


# --- pages ----------------------------------------------------------------------------------------------------------


async def many(org: Bench, count: int) -> None:
    """`count` accounts named by number."""
    await org.sim("seed", {"Account": [{"Name": f"A{n:05d}"} for n in range(count)]})


async def pages(org: Bench, soql: str, verb: str = "query", **headers: str) -> list[dict[str, Any]]:
    """All pages of a query."""
    found = [(await org.query(soql, verb, headers=headers)).json()]
    while not found[-1]["done"]:
        found.append((await org.call("GET", found[-1]["nextRecordsUrl"])).json())
    return found


@pytest.mark.parametrize(
    ("header", "sizes"), [("", [2000, 100]), ("batchSize=1000", [1000, 1000, 100]), ("batchSize=3", [200] * 10 + [100])]
)
async def test_the_page_size_is_a_hint_within_bounds(org: Bench, header: str, sizes: list[int]) -> None:
    await many(org, 2100)
    found = await pages(org, "SELECT Id FROM Account", **({"Sforce-Query-Options": header} if header else {}))
    assert [len(p["records"]) for p in found] == sizes
    assert {p["totalSize"] for p in found} == {2100}


async def test_the_server_may_serve_smaller_pages(org: Bench) -> None:
    await many(org, 25)
    await org.knobs(page_cap=10)
    found = await pages(org, "SELECT Name FROM Account ORDER BY Name")
    assert [len(p["records"]) for p in found] == [10, 10, 5]
    assert found[0]["nextRecordsUrl"].startswith(f"{DATA}/query/01g")
    assert found[0]["nextRecordsUrl"].endswith("-10")
    assert [r["Name"] for p in found for r in p["records"]] == [f"A{n:05d}" for n in range(25)]


async def test_pages_are_a_snapshot(org: Bench) -> None:
    await many(org, 20)
    await org.knobs(page_cap=10)
    first = (await org.query("SELECT Id, Name FROM Account ORDER BY Name")).json()
    await org.call("DELETE", f"/sobjects/Account/{first['records'][0]['Id']}")
    await org.create("Account", {"Name": "A00005x"})
    second = (await org.call("GET", first["nextRecordsUrl"])).json()
    assert [r["Name"] for r in second["records"]] == [f"A{n:05d}" for n in range(10, 20)]


async def test_an_unknown_locator_is_refused(org: Bench) -> None:
    assert code_of(await org.call("GET", "/query/01g000000000000AAA-2000")) == (400, "INVALID_QUERY_LOCATOR")


async def test_an_expired_locator_is_refused(org: Bench) -> None:
    await many(org, 20)
    await org.knobs(page_cap=10, locator_seconds=60)
    first = (await org.query("SELECT Id FROM Account")).json()
    org.clock.advance(61)
    assert code_of(await org.call("GET", first["nextRecordsUrl"])) == (400, "INVALID_QUERY_LOCATOR")


async def test_query_all_pages_include_the_deleted(org: Bench) -> None:
    await many(org, 20)
    for record in await org.rows("SELECT Id FROM Account ORDER BY Name DESC LIMIT 5"):
        await org.call("DELETE", f"/sobjects/Account/{record['Id']}")
    await org.knobs(page_cap=10)
    found = await pages(org, "SELECT Name, IsDeleted FROM Account ORDER BY Name", "queryAll")
    assert "/query/" in found[0]["nextRecordsUrl"]
    assert sum(r["IsDeleted"] for p in found for r in p["records"]) == 5
    assert (await org.query("SELECT COUNT() FROM Account")).json()["totalSize"] == 15
    assert await org.names("IsDeleted = true") == []


async def test_a_large_child_set_has_pages_of_its_own(org: Bench) -> None:
    account = await org.create("Account", {"Name": "A"})
    await org.sim("seed", {"Contact": [{"LastName": f"C{n}", "AccountId": account} for n in range(15)]})
    await org.knobs(page_cap=10)
    (found,) = await org.rows("SELECT Name, (SELECT Id FROM Contacts) FROM Account")
    assert (found["Contacts"]["totalSize"], found["Contacts"]["done"], len(found["Contacts"]["records"])) == (
        15,
        False,
        10,
    )
    rest = (await org.call("GET", found["Contacts"]["nextRecordsUrl"])).json()
    assert len(rest["records"]) == 5


async def test_a_uri_that_is_too_long_is_refused(org: Bench) -> None:
    assert (await org.query("SELECT Id FROM Account WHERE Name = '" + "x" * 16_384 + "'")).status_code == 414


async def test_headers_that_are_too_long_are_refused(org: Bench) -> None:
    assert (await org.call("GET", "/limits", headers={"X-Long": "x" * 16_384})).status_code == 431


async def test_a_lookup_of_200_ids_does_not_scan(org: Bench) -> None:
    await many(org, 300)
    ids = [r["Id"] for r in await org.rows("SELECT Id FROM Account ORDER BY Name LIMIT 200")]
    soql = f"SELECT Name FROM Account WHERE Id IN ({','.join(repr(i) for i in ids)})"
    assert len(await org.rows(soql)) == 200
