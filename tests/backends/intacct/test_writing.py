"""The table of verdicts: what may be called done, what was refused, what nobody knows, and what never left."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from app.backends.intacct.client import IntacctBackend, IntacctOptions
from app.domain.errors import Kind
from app.sync.ports import Outcome, Usage, Verdict, Write

Customer = Callable[..., Write]
DUPLICATE = {"errorno": "BL34000061", "description2": "Another Customer with the given value(s) A already exists"}
COMPANION = {"errorno": "XL03000009", "description2": "The entire transaction has been rolled back due to an error."}


def said(outcomes: list[Outcome]) -> list[tuple[Verdict, str | None]]:
    return [(outcome.verdict, outcome.error.code if outcome.error else None) for outcome in outcomes]


async def test_a_chunk_is_one_request_with_one_record_per_function(
    company: Any, backend: IntacctBackend, customer: Customer
) -> None:
    company.script = [company.confirm]
    outcomes = await backend.write([customer(1), customer(2, key="17")])
    (asked,) = company.sent()
    assert asked.names == ["create", "update"]
    assert asked.control_ids == ["op-0001", "op-0002"]
    assert asked.text("control/uniqueid") == "true"
    assert asked.root.find("operation").get("transaction") == "false"
    assert [(o.verdict, o.key, o.returned, o.created) for o in outcomes] == [
        (Verdict.CONFIRMED, "101", {"CUSTOMERID": "C-101"}, True),
        (Verdict.CONFIRMED, "17", {"CUSTOMERID": "C-17"}, False),
    ]


async def test_nothing_to_write_calls_nobody(company: Any, backend: IntacctBackend) -> None:
    assert await backend.write([]) == []
    assert company.requests == []


@pytest.mark.parametrize(
    ("status", "code"),
    [(None, "repeat_refused"), ("", "repeat_refused"), ("Success", "unknown_status"), ("done", "unknown_status")],
)
async def test_no_word_but_success_is_success(
    company: Any, backend: IntacctBackend, customer: Customer, status: str | None, code: str
) -> None:
    company.script = [company.refuse(status=status, data="<data><customer><RECORDNO>7</RECORDNO></customer></data>")]
    assert said(await backend.write([customer()])) == [(Verdict.AMBIGUOUS, code)]


async def test_a_failure_is_rejected_with_its_reason(company: Any, backend: IntacctBackend, customer: Customer) -> None:
    wrapper = {"errorno": "BL01001973", "description2": "Could not create Customer record!"}
    company.script = [company.refuse(DUPLICATE, wrapper)]
    (outcome,) = await backend.write([customer()])
    assert said([outcome]) == [(Verdict.REJECTED, "already_exists")]
    assert outcome.error is not None
    assert outcome.error.kind is Kind.DATA


async def test_a_failure_nobody_knows_is_still_a_refusal(
    company: Any, backend: IntacctBackend, customer: Customer
) -> None:
    company.script = [company.refuse({"errorno": "ZZ9", "description": "odd"})]
    (outcome,) = await backend.write([customer()])
    assert said([outcome]) == [(Verdict.REJECTED, "refused")]


async def test_a_failure_without_errors_is_rejected(company: Any, backend: IntacctBackend, customer: Customer) -> None:
    company.script = [company.refuse()]
    assert said(await backend.write([customer()])) == [(Verdict.REJECTED, "refused")]


async def test_a_locked_record_is_rejected_as_trouble_that_passes(
    company: Any, backend: IntacctBackend, customer: Customer
) -> None:
    company.script = [company.refuse({"errorno": "X", "description2": "being updated by another user"})]
    (outcome,) = await backend.write([customer(key="1")])
    assert said([outcome]) == [(Verdict.REJECTED, "record_locked")]
    assert outcome.error is not None
    assert outcome.error.kind is Kind.TRANSIENT


async def test_a_refused_repeat_is_never_taken_for_a_refusal_of_the_record(
    company: Any, backend: IntacctBackend, customer: Customer
) -> None:
    company.script = [company.refuse({"errorno": "X", "description2": "This controlid was already used"})]
    assert said(await backend.write([customer()])) == [(Verdict.AMBIGUOUS, "repeat_refused")]


async def test_in_an_all_aborted_answer_the_culprit_is_found_and_the_others_may_go_again(
    company: Any, backend: IntacctBackend, customer: Customer
) -> None:
    def aborted(asked: Any) -> httpx.Response:
        bodies = [company.errors(COMPANION), company.errors(DUPLICATE, COMPANION)]
        pairs = zip(asked.control_ids, bodies, strict=True)
        return company.answer(*(company.result(c, "create", body, status="aborted") for c, body in pairs))  # type: ignore[no-any-return]

    company.script = [aborted]
    assert said(await backend.write([customer(1), customer(2)])) == [
        (Verdict.NOT_SENT, "rolled_back"),
        (Verdict.REJECTED, "already_exists"),
    ]


async def test_aborted_without_any_error_says_nothing(
    company: Any, backend: IntacctBackend, customer: Customer
) -> None:
    company.script = [company.refuse(status="aborted")]
    assert said(await backend.write([customer()])) == [(Verdict.AMBIGUOUS, "unknown_status")]


async def test_a_failure_that_lists_a_created_record_is_partial_success(
    company: Any, backend: IntacctBackend, customer: Customer
) -> None:
    row = '<data count="1"><customer><RECORDNO>7</RECORDNO><CUSTOMERID>C7</CUSTOMERID></customer></data>'
    company.script = [company.refuse(DUPLICATE, data=row)]
    (outcome,) = await backend.write([customer()])
    assert said([outcome]) == [(Verdict.AMBIGUOUS, "partial_success")]
    assert (outcome.key, outcome.returned) == ("7", {"CUSTOMERID": "C7"})


async def test_missing_results_are_ambiguous_and_aligned_ones_count(
    company: Any, backend: IntacctBackend, customer: Customer
) -> None:
    row = "<data><customer><RECORDNO>7</RECORDNO></customer></data>"
    company.script = [lambda asked: company.answer(company.result("op-0001", "create", row))]
    assert said(await backend.write([customer(1), customer(2)])) == [
        (Verdict.CONFIRMED, None),
        (Verdict.AMBIGUOUS, "answer_misaligned"),
    ]


async def test_results_in_another_order_are_ambiguous(
    company: Any, backend: IntacctBackend, customer: Customer
) -> None:
    row = "<data><customer><RECORDNO>7</RECORDNO></customer></data>"
    company.script = [lambda asked: company.answer(*(company.result(c, "create", row) for c in ("op-0002", "op-0001")))]
    assert {o.verdict for o in await backend.write([customer(1), customer(2)])} == {Verdict.AMBIGUOUS}


async def test_more_results_than_functions_are_ambiguous(
    company: Any, backend: IntacctBackend, customer: Customer
) -> None:
    row = "<data><customer><RECORDNO>7</RECORDNO></customer></data>"
    company.script = [lambda asked: company.answer(*(company.result("op-0001", "create", row) for _ in range(2)))]
    assert said(await backend.write([customer(1)])) == [(Verdict.AMBIGUOUS, "answer_misaligned")]


@pytest.mark.parametrize("function", ["update", "query"])
async def test_a_result_of_another_function_is_ambiguous(
    company: Any, backend: IntacctBackend, customer: Customer, function: str
) -> None:
    company.script = [lambda asked: company.answer(company.result("op-0001", function, ""))]
    assert said(await backend.write([customer(1)])) == [(Verdict.AMBIGUOUS, "answer_misaligned")]


async def test_no_result_at_all_is_ambiguous(company: Any, backend: IntacctBackend, customer: Customer) -> None:
    company.script = [lambda asked: company.answer()]
    assert said(await backend.write([customer(1)])) == [(Verdict.AMBIGUOUS, "answer_misaligned")]


async def test_a_created_record_without_its_key_is_looked_up(
    company: Any, backend: IntacctBackend, customer: Customer
) -> None:
    company.script = [lambda asked: company.answer(company.result("op-0001", "create", "<data/>"))]
    assert said(await backend.write([customer(1)])) == [(Verdict.AMBIGUOUS, "answer_without_key")]


async def test_an_update_that_answers_for_another_record_is_ambiguous(
    company: Any, backend: IntacctBackend, customer: Customer
) -> None:
    row = "<data><customer><RECORDNO>99</RECORDNO></customer></data>"
    company.script = [lambda asked: company.answer(company.result("op-0001", "update", row))]
    assert said(await backend.write([customer(1, key="7")])) == [(Verdict.AMBIGUOUS, "answer_for_other_record")]


HTML = "<!DOCTYPE html><html><body>Please try again later. cf-error-details</body></html>"


@pytest.mark.parametrize(
    ("answer", "verdict", "code"),
    [
        (httpx.ReadTimeout("slow"), Verdict.AMBIGUOUS, "answer_lost"),
        (httpx.ReadError("reset"), Verdict.AMBIGUOUS, "answer_lost"),
        (httpx.WriteError("reset"), Verdict.AMBIGUOUS, "answer_lost"),
        (httpx.RemoteProtocolError("cut"), Verdict.AMBIGUOUS, "answer_lost"),
        (httpx.ConnectError("dns"), Verdict.NOT_SENT, "unreachable"),
        (httpx.ConnectTimeout("tls"), Verdict.NOT_SENT, "unreachable"),
        *((httpx.Response(s, text=HTML), Verdict.AMBIGUOUS, "gateway_trouble") for s in (500, 502, 503, 504, 524)),
        (httpx.Response(200, text=HTML), Verdict.AMBIGUOUS, "unreadable_answer"),
        (httpx.Response(200, text=""), Verdict.AMBIGUOUS, "unreadable_answer"),
        (httpx.Response(200, text='{"a": 1}'), Verdict.AMBIGUOUS, "unreadable_answer"),
        (httpx.Response(200, text="<response><control><sta"), Verdict.AMBIGUOUS, "unreadable_answer"),
        (httpx.Response(200, text="<response/>"), Verdict.AMBIGUOUS, "unreadable_answer"),
        (httpx.Response(200, text="<html/>"), Verdict.AMBIGUOUS, "unreadable_answer"),
        (httpx.Response(307, headers={"Location": "https://evil.example"}), Verdict.AMBIGUOUS, "redirect_refused"),
        (httpx.Response(429, text="slow down"), Verdict.NOT_SENT, "rate_limited"),
        (httpx.Response(429, json={"code": "GW-0010"}), Verdict.NOT_SENT, "rate_limited"),
        (httpx.Response(200, json={"m": "API rate limit exceeded"}), Verdict.NOT_SENT, "rate_limited"),
        (httpx.Response(500, json={"code": "GW-0001"}), Verdict.AMBIGUOUS, "gateway_trouble"),
        (httpx.Response(403, text="no"), Verdict.NOT_SENT, "permission_missing"),
        (httpx.Response(400, json={"error": "invalidRequest"}), Verdict.REJECTED, "bad_request"),
    ],
)
async def test_trouble_of_a_whole_request_is_the_verdict_of_each_write(
    company: Any, backend: IntacctBackend, customer: Customer, answer: Any, verdict: Verdict, code: str
) -> None:
    company.script = [answer]
    assert said(await backend.write([customer(1), customer(2)])) == [(verdict, code)] * 2
    assert len(company.sent()) == 1


@pytest.mark.parametrize(
    ("errorno", "text", "status", "verdict", "code"),
    [
        ("GW-0010", "", 429, Verdict.NOT_SENT, "rate_limited"),
        ("GW-0001", "", 500, Verdict.AMBIGUOUS, "gateway_trouble"),
        ("PL04000050", "", 200, Verdict.NOT_SENT, "service_offline"),
        ("PL04000050", "", 503, Verdict.AMBIGUOUS, "service_offline"),
        ("XL03000003", "XML Parse error", 200, Verdict.REJECTED, "request_malformed"),
        ("PL04000055", "", 200, Verdict.NOT_SENT, "company_expired"),
        ("ZZ9", "odd", 200, Verdict.AMBIGUOUS, "unclassified"),
    ],
)
async def test_refusals_at_the_control_level(
    company: Any,
    backend: IntacctBackend,
    customer: Customer,
    errorno: str,
    text: str,
    status: int,
    verdict: Verdict,
    code: str,
) -> None:
    company.script = [company.control_failure({"errorno": errorno, "description": text}, status=status)]
    assert said(await backend.write([customer()])) == [(verdict, code)]


@pytest.mark.parametrize(("control", "authentication"), [("Success", "success"), ("success", "maybe"), ("", "success")])
async def test_an_envelope_that_does_not_say_success_twice_confirms_nothing(
    company: Any, backend: IntacctBackend, customer: Customer, control: str, authentication: str
) -> None:
    row = "<data><customer><RECORDNO>7</RECORDNO></customer></data>"
    result = company.result("op-0001", "create", row)
    company.script = [company.answer(result, control=control, authentication=authentication)]
    (outcome,) = await backend.write([customer()])
    assert outcome.verdict is Verdict.AMBIGUOUS


async def test_a_refused_login_next_to_results_is_ambiguous(
    company: Any, backend: IntacctBackend, customer: Customer
) -> None:
    company.script = [company.answer(company.result("op-0001", "create", ""), authentication="failure")]
    (outcome,) = await backend.write([customer()])
    assert outcome.verdict is Verdict.AMBIGUOUS
    assert company.login_count == 1


async def test_an_expired_session_is_renewed_once_and_the_write_keeps_its_control_ids(
    company: Any, backend: IntacctBackend, customer: Customer
) -> None:
    company.script = [company.authentication_failure(), company.confirm]
    outcomes = await backend.write([customer(1)])
    first, second = company.sent()
    assert outcomes[0].verdict is Verdict.CONFIRMED
    assert first.control_ids == second.control_ids == ["op-0001"]
    assert second.text("control/uniqueid") == "true"
    assert (first.text("*//sessionid"), second.text("*//sessionid")) == ("session-1-id", "session-2-id")


async def test_a_second_refusal_of_the_session_is_auth_and_not_sent(
    company: Any, backend: IntacctBackend, customer: Customer
) -> None:
    company.script = [httpx.Response(401), httpx.Response(498)]
    (outcome,) = await backend.write([customer()])
    assert said([outcome]) == [(Verdict.NOT_SENT, "session_refused")]
    assert outcome.error is not None
    assert outcome.error.kind is Kind.AUTH


async def test_a_lost_login_means_the_write_was_not_sent(
    company: Any, backend: IntacctBackend, customer: Customer
) -> None:
    company.logins = [httpx.ReadTimeout("slow")]
    (outcome,) = await backend.write([customer()])
    assert said([outcome]) == [(Verdict.NOT_SENT, "answer_lost")]
    assert outcome.error is not None
    assert outcome.error.kind is Kind.TRANSIENT


async def test_retry_after_pauses_writes_until_the_time_has_come(
    company: Any, backend: IntacctBackend, customer: Customer, clock: Any
) -> None:
    company.script = [httpx.Response(429, headers={"Retry-After": "20"}), company.confirm]
    first = await backend.write([customer()])
    clock.advance(5)
    second = await backend.write([customer()])
    assert first[0].error is not None
    assert second[0].error is not None
    assert (first[0].error.retry_after, second[0].error.retry_after, backend.retry_after) == (20.0, 15.0, 15.0)
    assert len(company.sent()) == 1
    clock.advance(15)
    assert (await backend.write([customer()]))[0].verdict is Verdict.CONFIRMED


async def test_a_rate_refusal_shrinks_the_concurrency_hint_and_answers_let_it_recover(
    company: Any, backend: IntacctBackend, customer: Customer
) -> None:
    company.script = [httpx.Response(429), *[company.confirm] * 101]
    assert backend.concurrency == 2
    await backend.write([customer()])
    assert backend.concurrency == 1
    for _ in range(101):
        await backend.write([customer()])
    assert backend.concurrency == 2


async def test_what_cannot_be_sent_is_rejected_here_and_the_rest_goes_out(
    company: Any, backend: IntacctBackend, customer: Customer
) -> None:
    company.script = [company.confirm]
    outcomes = await backend.write([customer(1, NAME="x" * 500_000), customer(2), customer(3, **{"not a name": "x"})])
    assert said(outcomes) == [
        (Verdict.REJECTED, "record_too_large"),
        (Verdict.CONFIRMED, None),
        (Verdict.REJECTED, "write_impossible"),
    ]
    assert company.sent()[0].control_ids == ["op-0002"]


async def test_a_chunk_above_the_limits_is_not_sent(company: Any, backend: IntacctBackend, customer: Customer) -> None:
    outcomes = await backend.write([customer(n) for n in range(51)])
    assert {outcome.verdict for outcome in outcomes} == {Verdict.NOT_SENT}
    assert company.requests == []


def test_chunks_hold_at_most_fifty_functions_in_order(backend: IntacctBackend, customer: Customer) -> None:
    writes = [customer(n) for n in range(120)]
    chunks = backend.chunks(writes)
    assert [len(chunk) for chunk in chunks] == [50, 50, 20]
    assert [write for chunk in chunks for write in chunk] == writes


def test_chunks_never_mix_entities(backend: IntacctBackend, customer: Customer) -> None:
    writes = [replace(customer(number), entity="E100" if number < 3 else "") for number in range(5)]
    assert backend.chunks(writes) == [writes[:3], writes[3:]]


async def test_request_for_two_entities_is_not_sent(company: Any, backend: IntacctBackend, customer: Customer) -> None:
    outcomes = await backend.write([customer(1), replace(customer(2), entity="E100")])
    assert [(one.verdict, one.error.code) for one in outcomes if one.error] == [
        (Verdict.NOT_SENT, "chunk_of_entities")
    ] * 2
    assert company.requests == []


def test_an_entity_changes_no_byte_of_a_function(backend: IntacctBackend, customer: Customer) -> None:
    assert backend.render(replace(customer(), entity="E100")) == backend.render(customer())


def test_chunks_stay_below_the_bytes_of_a_request_counted_in_utf8(backend: IntacctBackend, customer: Customer) -> None:
    writes = [customer(n, NAME="é" * 60_000) for n in range(7)]
    assert [len(chunk) for chunk in backend.chunks(writes)] == [3, 3, 1]


def test_an_oversized_record_gets_a_chunk_of_its_own(backend: IntacctBackend, customer: Customer) -> None:
    writes = [customer(1), customer(2, NAME="x" * 500_000), customer(3)]
    assert [len(chunk) for chunk in backend.chunks(writes)] == [1, 1, 1]


@pytest.mark.parametrize(("per_function", "size"), [(0.1, 50), (0.25, 38), (0.5, 19), (60.0, 1)])
async def test_chunks_adapt_to_ten_seconds_a_request(
    company: Any, backend: IntacctBackend, customer: Customer, clock: Any, per_function: float, size: int
) -> None:
    def slow(asked: Any) -> httpx.Response:
        clock.advance(0.5 + per_function * len(asked.functions))
        return company.confirm(asked)  # type: ignore[no-any-return]

    company.script = [slow]
    await backend.write([customer(n) for n in range(10)])
    assert len(backend.chunks([customer(n) for n in range(60)])[0]) == size
    assert len(backend.chunks([customer(n, kind="CONTACT") for n in range(60)])[0]) == 50


async def test_usage_counts_calls_and_carried_out_writes(
    company: Any, backend: IntacctBackend, customer: Customer
) -> None:
    company.script = [company.confirm, company.refuse(DUPLICATE), httpx.ConnectError("no"), httpx.ReadError("cut")]
    await backend.write([customer(1), customer(2)])
    await backend.write([customer(3)])
    await backend.write([customer(4)])
    assert backend.take_usage() == Usage(calls=3, transactions=2)
    await backend.write([customer(5)])
    assert backend.take_usage() == Usage(calls=1, transactions=1)
    assert backend.take_usage() == Usage()


async def test_forbidden_characters_are_scrubbed_and_counted(
    company: Any, backend: IntacctBackend, customer: Customer
) -> None:
    company.script = [company.confirm]
    await backend.write([customer(1, NAME="A\x0bB\ud800 😀")])
    assert company.sent()[0].text("*//NAME") == "AB 😀"
    assert backend.scrubbed == 2


async def test_additional_error_information_is_asked_for_and_names_the_field(
    company: Any, make_backend: Callable[..., IntacctBackend], customer: Customer
) -> None:
    error = (
        "<errormessage><error><errorno>BL01001973</errorno><description2>Required</description2>"
        '<additionalinfo><target object="CUSTOMER" field="PRINTAS"/></additionalinfo></error></errormessage>'
    )
    company.script = [company.refuse(data=error)]
    (outcome,) = await make_backend(options=IntacctOptions(explain=True)).write([customer()])
    assert company.sent()[0].text("control/showadditionalerrorinfo") == "true"
    assert outcome.error is not None
    assert outcome.error.field == "PRINTAS"
