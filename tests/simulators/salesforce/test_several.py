"""SIM-40 to SIM-43: collections, composite, graph, tree."""

from typing import Any

import pytest

from tests.simulators.salesforce.bench import DATA, Bench


def row(kind: str = "Account", **values: Any) -> dict[str, Any]:
    """One record of a collections body."""
    return {"attributes": {"type": kind}, **values}


async def post(org: Bench, rows: list[Any], **more: Any) -> Any:
    """The results of a collections create."""
    reply = await org.call("POST", "/composite/sobjects", json={"records": rows, **more})
    assert reply.status_code == 200, reply.text
    return reply.json()


# --- collections ----------------------------------------------------------------------------------------------------


async def test_results_come_in_request_order_with_partial_success(org: Bench) -> None:
    results = await post(org, [row(Name="A"), row(), row("Contact", LastName="B")])
    assert [r["success"] for r in results] == [True, False, True]
    assert [r.get("id", "")[:3] for r in results] == ["001", "", "003"]
    error = {
        "statusCode": "REQUIRED_FIELD_MISSING",
        "message": "Required fields are missing: [Name]",
        "fields": ["Name"],
    }
    assert results[1] == {"success": False, "errors": [error]}
    assert await org.names("Name != null") == ["A"]


async def test_all_or_none_rolls_back_and_marks_the_others(org: Bench) -> None:
    results = await post(org, [row(Name="A"), row(), row(Name="C")], allOrNone=True)
    codes = [r["errors"][0]["statusCode"] for r in results]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING", "ALL_OR_NONE_OPERATION_ROLLED_BACK"]
    assert await org.names("Name != null") == []
    assert (await org.sim("meters"))["writes"] == 0


async def test_collections_update(org: Bench) -> None:
    ids = [await org.create("Account", {"Name": n}) for n in ("A", "B")]
    rows = [
        row(id=ids[0], Name="X"),
        row(Id=ids[1][:15], Name="Y"),
        row(id="001000000000000AAA", Name="Z"),
        row(Name="W"),
    ]
    reply = await org.call("PATCH", "/composite/sobjects", json={"records": rows})
    results = reply.json()
    assert [r.get("id") for r in results[:2]] == ids
    codes = [r["errors"][0]["statusCode"] for r in results[2:]]
    assert codes == ["INVALID_CROSS_REFERENCE_KEY", "MISSING_ARGUMENT"]
    assert await org.names("Name != null") == ["X", "Y"]


async def test_collections_upsert_tells_created_from_updated(org: Bench) -> None:
    await org.create("Account", {"Name": "A", "Intacct_Id__c": "C-1"})
    rows = [row(Intacct_Id__c="C-1", Name="B"), row(Intacct_Id__c="C/2", Name="C")]
    reply = await org.call("PATCH", "/composite/sobjects/Account/Intacct_Id__c", json={"records": rows})
    assert [(r["success"], r["created"]) for r in reply.json()] == [(True, False), (True, True)]
    assert await org.names("Name != null") == ["B", "C"]


async def test_the_same_external_id_twice_is_a_row_error(org: Bench) -> None:
    rows = [row(Intacct_Id__c="C-1", Name="A"), row(Intacct_Id__c="c-1", Name="B")]
    reply = await org.call("PATCH", "/composite/sobjects/Account/Intacct_Id__c", json={"records": rows})
    assert [r["success"] for r in reply.json()] == [True, False]
    assert reply.json()[1]["errors"][0]["statusCode"] == "DUPLICATE_VALUE"


async def test_several_matches_are_a_row_error(org: Bench) -> None:
    for name in ("A", "B"):
        await org.create("Account", {"Name": name, "Group_Key__c": "G"})
    rows = [row(Group_Key__c="G", Name="C")]
    reply = await org.call("PATCH", "/composite/sobjects/Account/Group_Key__c", json={"records": rows})
    assert reply.json()[0]["success"] is False


async def test_collections_delete(org: Bench) -> None:
    ids = [await org.create("Account", {"Name": n}) for n in ("A", "B")]
    await org.call("DELETE", f"/sobjects/Account/{ids[1]}")
    reply = await org.call("DELETE", "/composite/sobjects", params={"ids": ",".join(ids)})
    assert [r["success"] for r in reply.json()] == [True, False]
    assert reply.json()[1]["errors"][0]["statusCode"] == "ENTITY_IS_DELETED"


async def test_collections_read_answers_null_for_what_is_missing(org: Bench) -> None:
    record_id = await org.create("Account", {"Name": "A"})
    body = {"ids": ["001000000000000AAA", record_id], "fields": ["Name"]}
    found = (await org.call("POST", "/composite/sobjects/Account", json=body)).json()
    assert found[0] is None
    assert found[1]["Name"] == "A"


@pytest.mark.parametrize(
    "rows",
    [
        [row(Name=str(n)) for n in range(201)],
        [row("Account" if n % 2 else "Contact", Name="A", LastName="B") for n in range(11)],
        [{"Name": "A"}],
        [],
    ],
    ids=["201 records", "11 chunks", "no type", "none"],
)
async def test_a_malformed_collection_is_refused_whole(org: Bench, rows: list[Any]) -> None:
    reply = await org.call("POST", "/composite/sobjects", json={"records": rows})
    assert reply.status_code == 400
    assert await org.names("Name != null") == []


async def test_an_upsert_with_record_ids_is_refused_whole(org: Bench) -> None:
    rows = [row(Id="001000000000000AAA", Intacct_Id__c="C-1", Name="A")]
    reply = await org.call("PATCH", "/composite/sobjects/Account/Intacct_Id__c", json={"records": rows})
    assert reply.status_code == 400


async def test_ten_chunks_of_200_rows_pass(org: Bench) -> None:
    rows = [
        row("Account" if n // 20 % 2 else "Contact", **({"Name": "A"} if n // 20 % 2 else {"LastName": "B"}))
        for n in range(200)
    ]
    assert sum(r["success"] for r in await post(org, rows)) == 200


# --- composite ------------------------------------------------------------------------------------------------------


def part(reference: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
    """One subrequest."""
    made = {"method": method, "url": DATA + path, "referenceId": reference}
    return made if body is None else {**made, "body": body}


async def composite(org: Bench, parts: list[Any], whole: bool = False) -> Any:
    """The parts of a composite answer."""
    reply = await org.call("POST", "/composite", json={"allOrNone": whole, "compositeRequest": parts})
    assert reply.status_code == 200, reply.text
    return reply.json()["compositeResponse"]


async def test_references_resolve_in_urls_and_bodies(org: Bench) -> None:
    answers = await composite(
        org,
        [
            part("acc", "POST", "/sobjects/Account", {"Name": "A"}),
            part("con", "POST", "/sobjects/Contact", {"LastName": "B", "AccountId": "@{acc.id}"}),
            part("found", "GET", "/query?q=SELECT+Id+FROM+Contact+WHERE+AccountId='@{acc.id}'"),
            part("read", "GET", "/sobjects/Contact/@{found.records[0].Id}?fields=LastName"),
        ],
    )
    assert [a["httpStatusCode"] for a in answers] == [201, 201, 200, 200]
    assert answers[3]["body"]["LastName"] == "B"
    assert answers[0]["httpHeaders"] == {"Location": f"{DATA}/sobjects/Account/{answers[0]['body']['id']}"}


async def test_a_failing_part_leaves_the_others_alone(org: Bench) -> None:
    answers = await composite(
        org, [part("a", "POST", "/sobjects/Account", {}), part("b", "POST", "/sobjects/Account", {"Name": "B"})]
    )
    assert [a["httpStatusCode"] for a in answers] == [400, 201]
    assert answers[0]["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"


async def test_a_reference_to_a_failed_part_halts(org: Bench) -> None:
    answers = await composite(
        org, [part("a", "POST", "/sobjects/Account", {}), part("b", "GET", "/sobjects/Account/@{a.id}")]
    )
    assert answers[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"


async def test_all_or_none_takes_everything_back(org: Bench) -> None:
    parts = [
        part("a", "POST", "/sobjects/Account", {"Name": "A"}),
        part("b", "POST", "/sobjects/Account", {}),
        part("c", "POST", "/sobjects/Account", {"Name": "C"}),
    ]
    answers = await composite(org, parts, whole=True)
    assert [a["httpStatusCode"] for a in answers] == [400, 400, 400]
    codes = [a["body"][0]["errorCode"] for a in answers]
    assert codes == ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING", "PROCESSING_HALTED"]
    assert await org.names("Name != null") == []


async def test_the_outer_flag_overrides_a_collection_s_own(org: Bench) -> None:
    collection = {"allOrNone": False, "records": [row(Name="A"), row()]}
    parts = [
        part("x", "POST", "/sobjects/Account", {"Name": "X"}),
        part("y", "POST", "/composite/sobjects", collection),
    ]
    await composite(org, parts, whole=True)
    assert await org.names("Name != null") == []
    await composite(org, parts)
    assert await org.names("Name != null") == ["A", "X"]


@pytest.mark.parametrize(
    "parts",
    [
        [part(f"r{n}", "GET", "/limits") for n in range(26)],
        [part(f"r{n}", "GET", "/query?q=SELECT+Id+FROM+User") for n in range(6)],
        [part("bad-name", "GET", "/limits")],
        [part("same", "GET", "/limits"), part("same", "GET", "/limits")],
        [],
    ],
    ids=["26 parts", "6 queries", "bad reference", "same reference", "none"],
)
async def test_a_malformed_composite_is_refused_whole(org: Bench, parts: list[Any]) -> None:
    reply = await org.call("POST", "/composite", json={"compositeRequest": parts})
    assert reply.status_code == 400


async def test_a_composite_counts_as_one_call(org: Bench) -> None:
    await composite(org, [part(f"r{n}", "GET", "/limits") for n in range(25)])
    assert (await org.sim("meters"))["calls"] == 1


# --- graph ----------------------------------------------------------------------------------------------------------


async def graphs(org: Bench, groups: list[list[Any]]) -> Any:
    """The answer to a graph request."""
    body = {"graphs": [{"graphId": str(n), "compositeRequest": parts} for n, parts in enumerate(groups)]}
    return await org.call("POST", "/composite/graph", json=body)


async def test_graphs_stand_alone(org: Bench) -> None:
    good = [part("a", "POST", "/sobjects/Account", {"Name": "A"})]
    bad = [part("b", "POST", "/sobjects/Account", {"Name": "B"}), part("c", "POST", "/sobjects/Account", {})]
    answer = (await graphs(org, [good, bad])).json()["graphs"]
    assert [g["isSuccessful"] for g in answer] == [True, False]
    assert answer[1]["graphResponse"]["compositeResponse"][0]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert await org.names("Name != null") == ["A"]


async def test_after_14_failed_graphs_the_rest_is_halted(org: Bench) -> None:
    bad = [part("c", "POST", "/sobjects/Account", {})]
    good = [part("a", "POST", "/sobjects/Account", {"Name": "A"})]
    answer = (await graphs(org, [bad] * 14 + [good])).json()["graphs"]
    assert answer[-1]["isSuccessful"] is False
    assert await org.names("Name != null") == []


CHAIN = [
    part(f"r{n}", "POST", "/sobjects/Account", {"Name": f"A{n}", "ParentId": f"@{{r{n - 1}.id}}" if n else None})
    for n in range(16)
]
KINDS = [part(f"k{n}", "GET", f"/sobjects/Kind{n}") for n in range(16)]
ONE = [part("a", "GET", "/limits")]


@pytest.mark.parametrize(
    "groups",
    [[ONE] * 76, [[part(f"r{n}", "GET", "/limits") for n in range(501)]], [CHAIN], [KINDS]],
    ids=["76 graphs", "501 nodes", "depth 16", "16 kinds"],
)
async def test_a_graph_beyond_its_limits_is_refused_whole(org: Bench, groups: list[list[Any]]) -> None:
    assert (await graphs(org, groups)).status_code == 400


async def test_a_graph_of_depth_15_passes(org: Bench) -> None:
    answer = (await graphs(org, [CHAIN[:15]])).json()["graphs"]
    assert answer[0]["isSuccessful"] is True


# --- tree -----------------------------------------------------------------------------------------------------------


def node(kind: str, reference: str, **values: Any) -> dict[str, Any]:
    """One record of a tree."""
    return {"attributes": {"type": kind, "referenceId": reference}, **values}


async def test_a_tree_inserts_parents_and_children(org: Bench) -> None:
    below = {"records": [node("Contact", "c1", LastName="B"), node("Contact", "c2", LastName="C")]}
    reply = await org.call(
        "POST", "/composite/tree/Account", json={"records": [node("Account", "a1", Name="A", Contacts=below)]}
    )
    assert reply.status_code == 201
    assert reply.json()["hasErrors"] is False
    assert [r["referenceId"] for r in reply.json()["results"]] == ["a1", "c1", "c2"]
    assert len(await org.rows("SELECT Id FROM Contact WHERE Account.Name = 'A'")) == 2


async def test_one_bad_record_of_a_tree_stops_it(org: Bench) -> None:
    below = {"records": [node("Contact", "c1", LastName="B"), node("Contact", "c2")]}
    reply = await org.call(
        "POST", "/composite/tree/Account", json={"records": [node("Account", "a1", Name="A", Contacts=below)]}
    )
    assert reply.status_code == 400
    assert reply.json()["hasErrors"] is True
    assert [r["referenceId"] for r in reply.json()["results"]] == ["c2"]
    assert await org.names("Name != null") == []


def deep(level: int) -> dict[str, Any]:
    """A chain of accounts, `level` deep."""
    below = {"ChildAccounts": {"records": [deep(level - 1)]}} if level > 1 else {}
    return node("Account", f"r{level}", Name="A", **below)


@pytest.mark.parametrize(
    ("records", "status"),
    [
        ([node("Account", f"r{n}", Name="A") for n in range(201)], 400),
        ([deep(6)], 400),
        ([deep(5)], 201),
        ([node("Account", "same", Name="A"), node("Account", "same", Name="B")], 400),
    ],
    ids=["201 records", "6 levels", "5 levels", "same reference"],
)
async def test_the_limits_of_a_tree(org: Bench, records: list[Any], status: int) -> None:
    assert (await org.call("POST", "/composite/tree/Account", json={"records": records})).status_code == status
