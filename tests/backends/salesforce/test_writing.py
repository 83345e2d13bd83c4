"""Collections: how writes are cut and sent, and one verdict per record whatever comes back."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.backends.salesforce.client import SalesforceBackend
from app.backends.salesforce.writing import chunks
from app.domain.errors import Kind
from app.domain.records import Value, salesforce_id
from app.sync.ports import Action, Outcome, Verdict, Write
from tests.backends.salesforce.conftest import ScriptedOrg, refusal


def sfid(number: int) -> str:
    return salesforce_id(f"001{number:012d}")


def update(number: int, kind: str = "Account", **values: Value) -> Write:
    return Write(kind, Action.UPDATE, values or {"Name": "x"}, f"c{number}", key=sfid(number))


def create(value: str, field: str = "Ext__c", values: Mapping[str, Value] | None = None) -> Write:
    return Write("Account", Action.CREATE, values or {"Name": "x"}, f"c-{value}", external_id=(field, value))


def good(number: int, **more: Any) -> dict[str, Any]:
    return {"id": sfid(number), "success": True, "errors": [], **more}


def bad(code: str, text: str = "no", *fields: str) -> dict[str, Any]:
    return {"success": False, "errors": [{"statusCode": code, "message": text, "fields": list(fields)}]}


def answer(*rows: Any) -> httpx.Response:
    return httpx.Response(200, json=list(rows))


def verdicts(outcomes: list[Outcome]) -> list[str]:
    return [outcome.verdict.value for outcome in outcomes]


async def test_updates_go_by_id_in_one_call(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    org.script = [answer(good(1), good(2))]
    outcomes = await backend.write([update(1, Amount=Decimal("12.50")), update(2, Since=date(2026, 1, 31), Name=None)])
    (request,) = org.data_requests()
    assert (request.method, request.url.path) == ("PATCH", "/services/data/v64.0/composite/sobjects")
    assert json.loads(request.content, parse_float=Decimal) == {
        "allOrNone": False,
        "records": [
            {"attributes": {"type": "Account"}, "id": sfid(1), "Amount": Decimal("12.50")},
            {"attributes": {"type": "Account"}, "id": sfid(2), "Since": "2026-01-31", "Name": None},
        ],
    }
    assert b":12.50" in request.content
    assert [(o.verdict, o.key, o.created) for o in outcomes] == [
        (Verdict.CONFIRMED, sfid(1), False),
        (Verdict.CONFIRMED, sfid(2), False),
    ]


async def test_creates_go_by_external_id(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    org.script = [answer(good(1, created=True), good(2, created=False))]
    outcomes = await backend.write([create("C/1"), create("a b.inc", values={"Id": "x", "EXT__C": "y", "Name": "n"})])
    assert org.data_requests()[0].url.path == "/services/data/v64.0/composite/sobjects/Account/Ext__c"
    assert org.bodies()[0]["records"] == [
        {"attributes": {"type": "Account"}, "Ext__c": "C/1", "Name": "x"},
        {"attributes": {"type": "Account"}, "Ext__c": "a b.inc", "Name": "n"},
    ]
    assert [(o.key, o.created) for o in outcomes] == [(sfid(1), True), (sfid(2), False)]


@pytest.mark.parametrize("value", ["", " ", ".", ".."])
async def test_an_external_id_that_names_nothing_is_not_sent(
    org: ScriptedOrg, backend: SalesforceBackend, value: str
) -> None:
    (outcome,) = await backend.write([create(value)])
    assert (outcome.verdict, org.requests) == (Verdict.REJECTED, [])


@pytest.mark.parametrize(
    "write",
    [
        Write("Account", Action.CREATE, {}, "c"),
        Write("Account", Action.UPDATE, {}, "c"),
        Write("Account", Action.UPDATE, {}, "c", key="broken"),
        Write("..", Action.UPDATE, {}, "c", key="001000000000001AAA"),
        Write("Account", Action.UPDATE, {"Parent.Name": "x"}, "c", key="001000000000001AAA"),
        Write("Account", Action.UPDATE, {"Amount": Decimal("NaN")}, "c", key="001000000000001AAA"),
        Write("Account", Action.CREATE, {}, "c", external_id=("..", "x")),
    ],
)
async def test_a_write_that_cannot_leave_is_rejected(
    org: ScriptedOrg, backend: SalesforceBackend, write: Write
) -> None:
    (outcome,) = await backend.write([write])
    assert (outcome.verdict, org.requests) == (Verdict.REJECTED, [])
    assert outcome.error is not None


async def test_the_others_go_out_without_a_write_that_cannot(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    org.script = [answer(good(1), good(3))]
    outcomes = await backend.write([update(1), update(2, Amount=Decimal("NaN")), update(3)])
    assert verdicts(outcomes) == ["confirmed", "rejected", "confirmed"]
    assert outcomes[2].key == sfid(3)


async def test_no_writes_make_no_call(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    assert await backend.write([]) == []
    assert org.requests == []


async def test_writes_of_several_chunks_are_refused_whole(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    outcomes = await backend.write([update(1), create("x")])
    assert verdicts(outcomes) == ["rejected", "rejected"]
    assert org.requests == []


async def test_results_are_matched_by_position(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    org.script = [answer(good(1), bad("STRING_TOO_LONG", "Name: data value too large", "Name"), good(3))]
    outcomes = await backend.write([update(1), update(2), update(3)])
    assert verdicts(outcomes) == ["confirmed", "rejected", "confirmed"]
    error = outcomes[1].error
    assert error is not None
    assert (error.kind, error.code, error.field) == (Kind.DATA, "salesforce_text_too_long", "Name")
    assert error.vendor is not None
    assert error.vendor.code == "STRING_TOO_LONG"


@pytest.mark.parametrize(
    ("code", "verdict", "kind"),
    [
        ("UNABLE_TO_LOCK_ROW", Verdict.NOT_SENT, Kind.TRANSIENT),
        ("REQUEST_LIMIT_EXCEEDED", Verdict.NOT_SENT, Kind.RATE_LIMITED),
        ("DUPLICATES_DETECTED", Verdict.REJECTED, Kind.CONFLICT),
        ("ENTITY_IS_DELETED", Verdict.REJECTED, Kind.DATA),
        ("INVALID_FIELD", Verdict.REJECTED, Kind.CONFIG),
        ("INSUFFICIENT_ACCESS_OR_READONLY", Verdict.REJECTED, Kind.PERMISSION),
        ("PROCESSING_HALTED", Verdict.NOT_SENT, Kind.TRANSIENT),
    ],
)
async def test_a_rows_error_decides_its_verdict(
    org: ScriptedOrg, backend: SalesforceBackend, code: str, verdict: Verdict, kind: Kind
) -> None:
    org.script = [answer(bad(code), good(2))]
    first, second = await backend.write([update(1), update(2)])
    assert first.error is not None
    assert (first.verdict, first.error.kind, second.verdict) == (verdict, kind, Verdict.CONFIRMED)


@pytest.mark.parametrize(
    ("culprit", "verdict", "kind"),
    [
        ("STRING_TOO_LONG", Verdict.REJECTED, Kind.DATA),
        ("UNABLE_TO_LOCK_ROW", Verdict.NOT_SENT, Kind.TRANSIENT),
    ],
)
async def test_a_halted_row_takes_the_class_of_its_sibling(
    org: ScriptedOrg, backend: SalesforceBackend, culprit: str, verdict: Verdict, kind: Kind
) -> None:
    org.script = [answer(bad("ALL_OR_NONE_OPERATION_ROLLED_BACK"), bad(culprit, "the reason"))]
    halted, _ = await backend.write([update(1), update(2)])
    assert halted.error is not None
    assert (halted.verdict, halted.error.kind) == (verdict, kind)
    assert "the reason" in halted.error.message


async def test_the_holder_of_a_duplicate_value_is_named(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    text = f"duplicate value found: Ext__c duplicates value on record with id: {sfid(9)[:15]}"
    org.script = [answer(bad("DUPLICATE_VALUE", text))]
    (outcome,) = await backend.write([update(1)])
    assert (outcome.verdict, outcome.returned) == (Verdict.REJECTED, {"duplicate_of": sfid(9)})


@pytest.mark.parametrize(
    "rows", [[], [good(1)], [good(1), good(2), good(3)], {}, {"hasErrors": True}, "x", None, [good(1), [good(2)], 3]]
)
async def test_results_that_do_not_match_leave_all_in_doubt(
    org: ScriptedOrg, backend: SalesforceBackend, rows: Any
) -> None:
    org.script = [httpx.Response(200, json=rows)]
    assert verdicts(await backend.write([update(1), update(2)])) == ["ambiguous", "ambiguous"]


@pytest.mark.parametrize(
    "row",
    [
        None,
        5,
        [],
        {},
        {"id": sfid(1)},
        {"success": "true", "id": sfid(1)},
        {"success": True},
        {"success": True, "id": "broken"},
        good(7),
        {"success": False, "errors": []},
        {"success": False},
        {"success": False, "errors": ["x"]},
        {"errors": [{"statusCode": "X", "message": "x"}]},
    ],
)
async def test_a_result_that_says_neither_yes_nor_no_is_in_doubt(
    org: ScriptedOrg, backend: SalesforceBackend, row: Any
) -> None:
    org.script = [answer(row, good(2))]
    assert verdicts(await backend.write([update(1), update(2)])) == ["ambiguous", "confirmed"]


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ReadTimeout("late"),
        httpx.ReadError("reset"),
        httpx.WriteError("reset"),
        httpx.RemoteProtocolError("cut"),
        httpx.Response(500, text="<html>"),
        httpx.Response(502, text="<html>"),
        refusal(503, "SERVER_UNAVAILABLE"),
        httpx.Response(504),
        httpx.Response(420),
        refusal(420, "ROUTING", "wrong instance"),
        httpx.Response(403, text="<html>blocked</html>"),
        httpx.Response(302, headers={"Location": "https://evil.example"}),
        httpx.Response(204),
        httpx.Response(200, text=""),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, text='[{"id":"001'),
    ],
)
@pytest.mark.parametrize("write", [update(1), create("x")])
async def test_a_write_without_complete_answer_is_in_doubt_and_sent_once(
    org: ScriptedOrg, backend: SalesforceBackend, trouble: Any, write: Write
) -> None:
    org.script = [trouble]
    (outcome,) = await backend.write([write])
    assert outcome.error is not None
    assert (outcome.verdict, outcome.error.kind) == (Verdict.AMBIGUOUS, Kind.AMBIGUOUS)
    assert len(org.data_requests()) == 1


@pytest.mark.parametrize("trouble", [httpx.ConnectError("down"), httpx.ConnectTimeout("late"), httpx.PoolTimeout("x")])
async def test_a_write_that_never_left_may_go_again(
    org: ScriptedOrg, backend: SalesforceBackend, trouble: Exception
) -> None:
    org.script = [trouble]
    (outcome,) = await backend.write([update(1)])
    assert outcome.error is not None
    assert (outcome.verdict, outcome.error.kind) == (Verdict.NOT_SENT, Kind.TRANSIENT)


async def test_a_throttled_write_may_go_again_later(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    org.script = [httpx.Response(429, headers={"Retry-After": "30"}, text="<html>")]
    (outcome,) = await backend.write([update(1)])
    assert outcome.error is not None
    assert (outcome.verdict, outcome.error.retry_after) == (Verdict.NOT_SENT, 30.0)


async def test_a_write_beyond_the_quota_may_go_after_the_pause(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    org.script = [refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")]
    (outcome,) = await backend.write([update(1)])
    assert outcome.error is not None
    assert (outcome.verdict, outcome.error.kind, outcome.error.retry_after) == (
        Verdict.NOT_SENT,
        Kind.RATE_LIMITED,
        900.0,
    )


async def test_a_call_refused_whole_rejects_each_record(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    org.script = [refusal(400, "INVALID_FIELD", "No such column 'X' on sobject of type Account", fields=["X"])]
    outcomes = await backend.write([update(1), update(2)])
    assert verdicts(outcomes) == ["rejected", "rejected"]
    assert outcomes[1].error is not None
    assert (outcomes[1].error.kind, outcomes[1].error.field) == (Kind.CONFIG, "X")


async def test_a_refused_login_sends_no_write(org: ScriptedOrg, backend: SalesforceBackend) -> None:
    org.logins = [httpx.Response(400, json={"error": "invalid_client", "error_description": "wrong"})]
    (outcome,) = await backend.write([update(1)])
    assert outcome.error is not None
    assert (outcome.verdict, outcome.error.kind) == (Verdict.NOT_SENT, Kind.AUTH)


def test_chunks_hold_two_hundred() -> None:
    assert [len(chunk) for chunk in chunks([update(n) for n in range(450)])] == [200, 200, 50]


def test_chunks_hold_one_action_kind_and_external_field() -> None:
    writes = [update(1), update(2, "Contact"), create("a"), create("b", "Other__c"), create("c", "OTHER__c")]
    assert [len(chunk) for chunk in chunks(writes)] == [1, 1, 1, 2]


@pytest.mark.parametrize("pair", [[create("A-1"), create("a-1")], [update(1), update(1)]])
def test_chunks_hold_no_record_twice(pair: list[Write]) -> None:
    assert [len(chunk) for chunk in chunks(pair)] == [1, 1]


@given(st.lists(st.one_of(st.integers(0, 5).map(update), st.text(max_size=2).map(create)), max_size=30))
def test_chunks_keep_every_write_in_order(writes: list[Write]) -> None:
    assert [write for chunk in chunks(writes) for write in chunk] == writes
