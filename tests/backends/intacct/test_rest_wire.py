"""REST over a scripted company: tokens, verdicts, error placements, paging that cannot run on (CLI-42 to CLI-44)."""

import json
from dataclasses import replace

import httpx
import pytest

from app.domain.errors import Kind, SyncError
from app.sync.ports import Verdict
from tests.backends.intacct.conftest import FakeClock
from tests.backends.intacct.rest_side import LISTS, SECRET, Script, backend_over, done, price_list, refused, rows

LOST = httpx.ReadError("gone")


async def written(clock: FakeClock, *answers: object, **more: object) -> tuple[Script, object]:
    script = Script(*answers)  # type: ignore[arg-type]  # answers of the three kinds a script takes
    (outcome,) = await backend_over(script, clock).write([price_list("Base", **more)])  # type: ignore[arg-type]
    return script, outcome


def reasoned(status: int, number: str, message: str, **more: str) -> httpx.Response:
    """A refusal with one detail."""
    return refused(status, "invalidRequest", details=[{"errorId": number, "message": message, **more}])


# -- tokens


async def test_token_is_asked_for_once_and_named_in_every_call(clock: FakeClock) -> None:
    script = Script(done("1"), done("2"))
    backend = backend_over(script, clock, entity_id="E100")
    await backend.write([price_list("A"), price_list("B")])
    assert script.tokens == 1
    assert {one.headers["authorization"] for one in script.asked} == {"Bearer canary-token-1"}
    assert {one.headers["x-ia-api-param-entity"] for one in script.asked} == {"E100"}


async def test_token_is_renewed_before_its_end(clock: FakeClock) -> None:
    script = Script(done(), done())
    backend = backend_over(script, clock)
    await backend.write([price_list("A")])
    clock.advance(3550)
    await backend.write([price_list("B")])
    assert script.tokens == 2


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(401, json={"error": {"code": "GW-0034", "message": "Invalid Authorization header"}}),
        httpx.Response(
            400, json={"ia::error": {"code": "x", "message": "Invalid token", "details": {"requestId": "r"}}}
        ),
        refused(400, "invalidRequest", "The token is not valid"),
    ],
)
async def test_refused_token_is_renewed_once_and_the_write_goes_again_under_its_key(
    clock: FakeClock, answer: httpx.Response
) -> None:
    script = Script(answer, done())
    (outcome,) = await backend_over(script, clock).write([price_list("Base")])
    assert (outcome.verdict, script.tokens) == (Verdict.CONFIRMED, 2)
    assert len({one.headers["idempotency-key"] for one in script.asked}) == 1


async def test_second_refusal_of_a_token_stops(clock: FakeClock) -> None:
    refusal = httpx.Response(401, json={"error": {"code": "GW-0034"}})
    script = Script(refusal, refusal)
    backend = backend_over(script, clock)
    outcomes = [(await backend.write([price_list("Base")]))[0] for _ in range(2)]
    assert [one.verdict for one in outcomes] == [Verdict.NOT_SENT] * 2
    assert outcomes[0].error is not None
    assert outcomes[0].error.kind is Kind.AUTH
    assert len(script.asked) == 2


# -- verdicts


async def test_created_record_is_confirmed_with_key_and_id(clock: FakeClock) -> None:
    script, outcome = await written(clock, done("17"))
    assert (outcome.verdict, outcome.key, dict(outcome.returned)) == (Verdict.CONFIRMED, "17", {"id": "Base"})  # type: ignore[attr-defined]
    assert script.asked[0].headers["idempotency-key"] == "op-Base-None"


async def test_write_of_an_entity_is_refused_here(clock: FakeClock) -> None:
    script = Script()
    (outcome,) = await backend_over(script, clock).write([replace(price_list("Base"), entity="E100")])
    assert (outcome.verdict, outcome.error and outcome.error.code) == (Verdict.REJECTED, "entity_over_rest")
    assert script.asked == []


@pytest.mark.parametrize("key", [None, "17"])
async def test_write_leaves_as_it_was_rendered(clock: FakeClock, key: str | None) -> None:
    script = Script(done("17", 200 if key else 201))
    side, write = backend_over(script, clock), price_list("Base", key, status="active")
    text = side.render(write)
    await side.write([write])
    (request,) = script.asked
    head, body = text.split("\n\n")
    assert body.encode() == request.content
    method, path = head.splitlines()[0].split(" ")
    assert (method, request.url.path.endswith(path)) == (request.method, True)
    assert head.endswith(f"Idempotency-Key: {request.headers['idempotency-key']}")


@pytest.mark.parametrize(
    "lost", [LOST, httpx.Response(502, text="<html>"), httpx.Response(201, text="{"), httpx.Response(504, json={})]
)
async def test_lost_answer_is_replayed_under_the_same_key(clock: FakeClock, lost: object) -> None:
    script, outcome = await written(clock, lost, done("17"))
    assert (outcome.verdict, outcome.key) == (Verdict.CONFIRMED, "17")  # type: ignore[attr-defined]
    first, second = script.asked
    assert (first.headers["idempotency-key"], first.content) == (second.headers["idempotency-key"], second.content)


@pytest.mark.parametrize("again", [LOST, httpx.ConnectError("down"), refused(409, "conflict")])
async def test_write_lost_twice_is_ambiguous(clock: FakeClock, again: object) -> None:
    _, outcome = await written(clock, LOST, again)
    assert (outcome.verdict, outcome.error.kind) == (Verdict.AMBIGUOUS, Kind.AMBIGUOUS)  # type: ignore[attr-defined]


async def test_used_key_past_its_replay_is_ambiguous_and_not_asked_again(clock: FakeClock) -> None:
    script, outcome = await written(clock, refused(409, "conflict", "The Idempotency-Key was used before"))
    assert (outcome.verdict, outcome.error.code) == (Verdict.AMBIGUOUS, "repeat_refused")  # type: ignore[attr-defined]
    assert len(script.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(429, json={"error": {"code": "GW-0010"}}, headers={"X-IA-Throttle-Limit-RetryAfter": "9"}),
        httpx.ConnectError("down"),
    ],
)
async def test_refusal_at_the_door_leaves_the_write_and_its_followers_unsent(clock: FakeClock, answer: object) -> None:
    script = Script(answer)  # type: ignore[arg-type]
    outcomes = await backend_over(script, clock).write([price_list("A"), price_list("B")])
    assert [one.verdict for one in outcomes] == [Verdict.NOT_SENT] * 2
    assert len(script.asked) == 1


async def test_wait_the_vendor_asks_for_is_kept(clock: FakeClock) -> None:
    refusal = httpx.Response(429, json={"error": {"code": "GW-0010"}}, headers={"X-IA-Throttle-Limit-Retry-After": "9"})
    backend = backend_over(Script(refusal), clock)
    await backend.write([price_list("A")])
    assert backend.retry_after == 9


async def test_writes_after_an_unclear_one_are_held_back(clock: FakeClock) -> None:
    script = Script(LOST, LOST)
    outcomes = await backend_over(script, clock).write([price_list("A"), price_list("B")])
    assert [one.verdict for one in outcomes] == [Verdict.AMBIGUOUS, Verdict.NOT_SENT]


@pytest.mark.parametrize(
    ("answer", "code", "field"),
    [
        (reasoned(400, "REST-1043", "/x is not a valid field", target="/x"), "unknown_field", "x"),
        (reasoned(422, "BL34000061", "Another one ...", code="duplicateId"), "already_exists", None),
        (reasoned(422, "BL01001973", "This record is being edited by another user"), "record_locked", None),
        (refused(404, "invalidKey"), "record_not_found", None),
        (refused(403, "unauthorizedUser"), "permission_missing", None),
        (refused(405, "methodNotAllowed"), "method_not_allowed", None),
        (refused(422, "operationFailed", "Something else"), "refused", None),
        (httpx.Response(400, text="?"), "bad_request", None),
    ],
)
async def test_complete_refusal_is_rejected_with_its_meaning(
    clock: FakeClock, answer: httpx.Response, code: str, field: str | None
) -> None:
    script, outcome = await written(clock, answer)
    assert (outcome.verdict, outcome.error.code, outcome.error.field) == (Verdict.REJECTED, code, field)  # type: ignore[attr-defined]
    assert len(script.asked) == 1


async def test_support_ids_stand_apart_from_the_text(clock: FakeClock) -> None:
    detail = {"errorId": "BL01001973", "message": "Wrong [Support ID: abc%7E1]"}
    _, outcome = await written(clock, refused(422, "operationFailed", details=[detail], supportId="outer"))
    assert (outcome.error.message, outcome.error.vendor.support_id) == ("Sage Intacct: Wrong", "abc~1")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(201, json={"ia::result": {"id": "Base"}, "ia::meta": {}}),
        httpx.Response(201, json={"ia::result": {"ia::error": {"code": "x"}}}),
        httpx.Response(202, json={"ia::result": {"jobId": "1"}}),
        httpx.Response(207, json={"ia::result": [{"ia::status": 201, "key": "1"}]}),
    ],
)
async def test_only_a_plain_success_with_a_key_is_a_yes(clock: FakeClock, answer: httpx.Response) -> None:
    _, outcome = await written(clock, answer, answer)
    assert outcome.verdict is Verdict.AMBIGUOUS  # type: ignore[attr-defined]


async def test_answer_for_another_record_is_no_yes(clock: FakeClock) -> None:
    script = Script(done("8", 200))
    (outcome,) = await backend_over(script, clock).write([price_list("Base", key="7", status="inactive")])
    assert outcome.verdict is Verdict.AMBIGUOUS
    assert json.loads(script.asked[0].content) == {"status": "inactive"}


# -- reading


async def test_pages_go_on_by_key_from_the_first_row(clock: FakeClock) -> None:
    script = Script(rows({"key": "1", "id": "A"}, {"key": "2", "id": "B"}, next_start=3), rows({"key": "5", "id": "C"}))
    found = await backend_over(script, clock).find(LISTS, {"id": ["A", "B", "C"]}, ["id"])
    assert [record.key for record in found] == ["1", "2", "5"]
    first, second = (json.loads(one.content) for one in script.asked)
    assert (first["start"], second["start"]) == (1, 1)
    assert {"$gt": {"key": "2"}} in second["filters"]
    assert second["filterExpression"] == "(1 and 2)"


async def test_next_that_never_ends_is_an_error(clock: FakeClock) -> None:
    same = rows({"key": "1", "id": "A"}, next_start=2)
    with pytest.raises(SyncError) as raised:
        await backend_over(Script(*[same] * 3), clock).find(LISTS, {"id": ["A"]}, ["id"])
    assert raised.value.code == "page_unreliable"


async def test_reading_is_tried_again_and_then_given_up(clock: FakeClock) -> None:
    script = Script(httpx.Response(503), LOST, rows({"key": "1", "id": "A"}))
    assert len(await backend_over(script, clock).find(LISTS, {"id": ["A"]}, ["id"])) == 1
    with pytest.raises(SyncError):
        await backend_over(Script(*[LOST] * 4), clock).find(LISTS, {"id": ["A"]}, ["id"])


async def test_amounts_never_become_floats(clock: FakeClock) -> None:
    script = Script(httpx.Response(200, text='{"ia::result":[{"key":"1","id":12.10}],"ia::meta":{"next":null}}'))
    (record,) = await backend_over(script, clock).find(LISTS, {"id": ["A"]}, ["id"])
    assert record.values["id"] == "12.10"


async def test_secrets_stand_in_no_error(clock: FakeClock) -> None:
    answer = refused(422, "operationFailed", f"{SECRET} and canary-token-1")
    _, outcome = await written(clock, answer)
    assert "canary" not in f"{outcome!r} {outcome.error!r} {outcome.error.vendor}"  # type: ignore[attr-defined]


async def test_redirect_is_not_followed(clock: FakeClock) -> None:
    moved = httpx.Response(302, headers={"Location": "https://evil.example/"})
    script, outcome = await written(clock, moved, moved)
    assert outcome.verdict is Verdict.AMBIGUOUS  # type: ignore[attr-defined]
    assert {one.url.host for one in script.asked} == {"api.intacct.com"}
