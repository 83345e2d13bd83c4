"""The client before the simulator: records there and back, every fault of a write, and never a second document."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.backends.intacct.client import IntacctBackend, IntacctOptions
from app.backends.intacct.retrying import RetryTimes
from app.domain.errors import Kind, SyncError
from app.domain.records import System, Value
from app.simulators.faults import Fault, FaultKind
from app.simulators.intacct.app import IntacctSimulator
from app.sync.ports import Action, Position, Verdict, Write

Make = Callable[..., IntacctBackend]


def create(number: int, **values: Any) -> Write:
    named: dict[str, Value] = {
        "CUSTOMERID": f"SF-{number}",
        "NAME": f"Acme & Sons {number}",
        "DISPLAYCONTACT.PRINTAS": f"Acme {number}",
        "DISPLAYCONTACT.EMAIL1": "ap@acme.test",
        "DISPLAYCONTACT.MAILADDRESS.CITY": "Reno",
        "CREDITLIMIT": Decimal("1500.50"),
        "ONHOLD": False,
        "SFDC_ID": f"001-{number}",
    }
    named.update({name.replace("__", "."): value for name, value in values.items()})
    return Write("CUSTOMER", Action.CREATE, named, f"control-{number}")


def customers(simulator: IntacctSimulator) -> list[dict[str, Any]]:
    return simulator.state.records("CUSTOMER")


def plan(simulator: IntacctSimulator, kind: FaultKind, match: str = "create:CUSTOMER", **more: Any) -> None:
    simulator.state.faults.add(Fault(kind, match=match, **more))


async def test_a_created_customer_is_found_again_as_it_was_sent(live: IntacctBackend) -> None:
    (outcome,) = await live.write([create(1)])
    assert (outcome.verdict, outcome.returned["CUSTOMERID"]) == (Verdict.CONFIRMED, "SF-1")
    fields = ["NAME", "CREDITLIMIT", "ONHOLD", "SFDC_ID", "TAXID", "DISPLAYCONTACT.EMAIL1", "BILLTO.CONTACTNAME"]
    (record,) = await live.find("CUSTOMER", {"SFDC_ID": ["001-1"], "CUSTOMERID": ["SF-1", "SF-2"]}, fields)
    assert record.key == outcome.key
    assert record.modified_at == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert dict(record.values) == {
        "NAME": "Acme & Sons 1",
        "CREDITLIMIT": Decimal("1500.50"),
        "ONHOLD": False,
        "SFDC_ID": "001-1",
        "TAXID": None,
        "DISPLAYCONTACT.EMAIL1": "ap@acme.test",
        "BILLTO.CONTACTNAME": "Acme & Sons 1(CSF-1)",
    }


async def test_an_update_clears_what_is_none_and_leaves_what_is_absent(live: IntacctBackend) -> None:
    (made,) = await live.write([create(1)])
    values: dict[str, Any] = {"CREDITLIMIT": None, "DISPLAYCONTACT.MAILADDRESS.CITY": "Elko"}
    (outcome,) = await live.write([Write("CUSTOMER", Action.UPDATE, values, "u-1", made.key)])
    assert (outcome.verdict, outcome.key, outcome.created) == (Verdict.CONFIRMED, made.key, False)
    fields = ["CREDITLIMIT", "NAME", "DISPLAYCONTACT.MAILADDRESS.CITY", "DISPLAYCONTACT.EMAIL1"]
    (record,) = await live.find("CUSTOMER", {"RECORDNO": [made.key or ""]}, fields)
    assert list(record.values.values()) == [None, "Acme & Sons 1", "Elko", "ap@acme.test"]


async def test_a_sequence_gives_the_id_that_was_left_out(live: IntacctBackend) -> None:
    (outcome,) = await live.write([create(1, CUSTOMERID=None)])
    assert str(outcome.returned["CUSTOMERID"]).startswith("C-")


@pytest.mark.parametrize(
    ("values", "kind", "code", "field"),
    [
        ({"CUSTOMERID": "TAKEN"}, Kind.DATA, "already_exists", None),
        ({"NAME": None}, Kind.DATA, "required_field_missing", "NAME"),
        ({"DISPLAYCONTACT__PRINTAS": None}, Kind.DATA, "required_field_missing", "DISPLAYCONTACT.PRINTAS"),
        ({"NOSUCH": "x"}, Kind.CONFIG, "unknown_field", "NOSUCH"),
        ({"STATUS": "sleeping"}, Kind.DATA, "invalid_value", "STATUS"),
        ({"TERMNAME": "Net 999"}, Kind.DATA, "reference_not_found", "TERMNAME"),
        ({"BILLTO__CONTACTNAME": "Nobody"}, Kind.DATA, "reference_not_found", "BILLTO.CONTACTNAME"),
        ({"NAME": "x" * 101}, Kind.DATA, "value_too_long", "NAME"),
        ({"DISPLAYCONTACT__EMAIL1": "no mail"}, Kind.DATA, "illegal_format", None),
    ],
)
async def test_each_refusal_of_a_record_is_explained(
    simulator: IntacctSimulator,
    live: IntacctBackend,
    values: dict[str, Any],
    kind: Kind,
    code: str,
    field: str | None,
) -> None:
    simulator.state.seed({"CUSTOMER": [{"CUSTOMERID": "TAKEN", "NAME": "Taken"}]})
    bad, good = await live.write([create(1, **values), create(2)])
    assert bad.error is not None
    assert (bad.verdict, bad.error.kind, bad.error.code) == (Verdict.REJECTED, kind, code)
    if field is not None:
        assert bad.error.field == field
    assert good.verdict is Verdict.CONFIRMED
    assert len(customers(simulator)) == 2


async def test_a_missing_sequence_names_the_field_to_fill(simulator: IntacctSimulator, live: IntacctBackend) -> None:
    simulator.state.configure({"sequences": {"CUSTOMER": False}})
    (outcome,) = await live.write([create(1, CUSTOMERID=None)])
    assert outcome.error is not None
    assert (outcome.error.code, outcome.error.field) == ("required_field_missing", "CUSTOMERID")


async def test_a_contact_of_the_same_name_keeps_the_customer_from_being_made(
    simulator: IntacctSimulator, live: IntacctBackend
) -> None:
    simulator.state.seed({"CONTACT": [{"CONTACTNAME": "Acme & Sons 1(CSF-1)", "PRINTAS": "A"}]})
    (outcome,) = await live.write([create(1)])
    assert outcome.error is not None
    assert outcome.error.code == "already_exists"
    assert "Contact" in outcome.error.message
    assert customers(simulator) == []


@pytest.mark.parametrize(
    ("kind", "more", "verdict", "code", "written"),
    [
        (FaultKind.RESET_BEFORE_COMMIT, {}, Verdict.AMBIGUOUS, "answer_lost", 0),
        (FaultKind.RESET_AFTER_COMMIT, {}, Verdict.AMBIGUOUS, "answer_lost", 2),
        (FaultKind.TIMEOUT_AFTER_COMMIT, {}, Verdict.AMBIGUOUS, "answer_lost", 2),
        (FaultKind.SERVER_ERROR, {}, Verdict.AMBIGUOUS, "gateway_trouble", 0),
        (FaultKind.SERVER_ERROR, {"after_commit": True, "status": 524}, Verdict.AMBIGUOUS, "gateway_trouble", 2),
        (FaultKind.TRUNCATED, {}, Verdict.AMBIGUOUS, "unreadable_answer", 2),
        (FaultKind.RATE_LIMIT, {"retry_after": 7}, Verdict.NOT_SENT, "rate_limited", 0),
        (FaultKind.SESSION_EXPIRED, {}, Verdict.CONFIRMED, None, 2),
    ],
)
async def test_a_fault_of_the_request_is_never_taken_for_an_answer(
    simulator: IntacctSimulator,
    live: IntacctBackend,
    kind: FaultKind,
    more: dict[str, Any],
    verdict: Verdict,
    code: str | None,
    written: int,
) -> None:
    plan(simulator, kind, **more)
    outcomes = await live.write([create(1), create(2)])
    assert [(o.verdict, o.error.code if o.error else None) for o in outcomes] == [(verdict, code)] * 2
    assert len(customers(simulator)) == written


@pytest.mark.parametrize(
    ("kind", "verdict", "code", "written"),
    [
        (FaultKind.ABORTED, Verdict.NOT_SENT, "rolled_back", 1),
        (FaultKind.NO_STATUS, Verdict.AMBIGUOUS, "repeat_refused", 2),
        (FaultKind.LOCK_ERROR, Verdict.REJECTED, "record_locked", 1),
    ],
)
async def test_a_fault_of_one_function_leaves_the_others_alone(
    simulator: IntacctSimulator, live: IntacctBackend, kind: FaultKind, verdict: Verdict, code: str, written: int
) -> None:
    plan(simulator, kind)
    first, second = await live.write([create(1), create(2)])
    assert first.error is not None
    assert (first.verdict, first.error.code, second.verdict) == (verdict, code, Verdict.CONFIRMED)
    assert len(customers(simulator)) == written


@pytest.mark.parametrize("shape", ["xml_429", "json_429", "in_200"])
async def test_a_rate_refusal_in_any_shape_means_not_sent(
    simulator: IntacctSimulator, live: IntacctBackend, shape: str
) -> None:
    simulator.state.configure({"rate_reply": shape})
    plan(simulator, FaultKind.RATE_LIMIT, retry_after=7)
    (outcome,) = await live.write([create(1)])
    assert outcome.error is not None
    assert (outcome.verdict, outcome.error.kind) == (Verdict.NOT_SENT, Kind.RATE_LIMITED)
    assert (outcome.error.retry_after, live.retry_after) == (7.0, 7.0)


@pytest.mark.parametrize("shape", ["no_status", "failure"])
async def test_a_repeat_after_a_lost_answer_is_refused_and_never_a_second_record(
    simulator: IntacctSimulator, live: IntacctBackend, shape: str
) -> None:
    simulator.state.configure({"uniqueid_refusal_shape": shape})
    plan(simulator, FaultKind.RESET_AFTER_COMMIT)
    await live.write([create(1, CUSTOMERID=None)])
    (again,) = await live.write([create(1, CUSTOMERID=None)])
    assert again.error is not None
    assert (again.verdict, again.error.code) == (Verdict.AMBIGUOUS, "repeat_refused")
    assert len(customers(simulator)) == 1
    assert len(await live.find("CUSTOMER", {"SFDC_ID": ["001-1"]}, [])) == 1


@pytest.mark.parametrize("shape", ["auth_failure", "http_401"])
async def test_an_expired_session_is_renewed_in_either_shape(
    simulator: IntacctSimulator, live: IntacctBackend, clock: Any, shape: str
) -> None:
    simulator.state.configure({"session_expired_shape": shape})
    await live.write([create(1)])
    clock.advance(3601)
    (outcome,) = await live.write([create(2)])
    assert outcome.verdict is Verdict.CONFIRMED
    assert simulator.state.meters()["logins"] == 2


async def test_parallel_reads_renew_an_expired_session_once(
    simulator: IntacctSimulator, live: IntacctBackend, clock: Any
) -> None:
    await live.find("CUSTOMER", {"NAME": ["x"]}, [])
    clock.advance(3601)
    await asyncio.gather(*(live.describe(kind) for kind in ("CONTACT", "ITEM", "CUSTOMER")))
    await asyncio.gather(*(live.find("CUSTOMER", {"NAME": [str(n)]}, []) for n in range(30)))
    assert simulator.state.meters()["logins"] == 2


async def test_wrong_credentials_are_auth(simulator: IntacctSimulator, make_live: Make) -> None:
    with pytest.raises(SyncError) as caught:
        await make_live(password="wrong!").identity()
    assert (caught.value.kind, caught.value.code) == (Kind.AUTH, "login_refused")


async def test_an_unknown_entity_is_a_matter_of_configuration(make_live: Make) -> None:
    with pytest.raises(SyncError) as caught:
        await make_live(entity_id="E999").identity()
    assert (caught.value.kind, caught.value.code) == (Kind.CONFIG, "login_impossible")


async def test_an_entity_session_writes_into_its_entity_and_top_level_sees_it(make_live: Make) -> None:
    (outcome,) = await make_live(entity_id="E100").write([create(1)])
    assert outcome.verdict is Verdict.CONFIRMED
    assert len(await make_live().find("CUSTOMER", {"CUSTOMERID": ["SF-1"]}, [])) == 1
    assert await make_live(entity_id="E200").find("CUSTOMER", {"CUSTOMERID": ["SF-1"]}, []) == []


async def test_identity_of_the_simulator_is_offline(live: IntacctBackend) -> None:
    who = await live.identity()
    assert (who.system, who.account, who.user, who.environment) == (System.INTACCT, "demo", "api", "offline")


async def test_a_user_in_another_zone_is_refused(simulator: IntacctSimulator, live: IntacctBackend) -> None:
    simulator.state.configure({"user_zone": "America/Los_Angeles"})
    with pytest.raises(SyncError) as caught:
        await live.identity()
    assert caught.value.code == "user_formatting"


async def test_an_unknown_object_and_an_unknown_field_are_configuration(live: IntacctBackend) -> None:
    with pytest.raises(SyncError) as no_object:
        await live.describe("NOSUCH")
    with pytest.raises(SyncError) as no_field:
        await live.find("CUSTOMER", {"NAME": ["x"]}, ["NOSUCH"])
    assert (no_object.value.kind, no_object.value.code) == (Kind.CONFIG, "unknown_object")
    assert (no_field.value.kind, no_field.value.code, no_field.value.field) == (Kind.CONFIG, "unknown_field", "NOSUCH")


async def test_a_custom_field_shows_in_the_description(live: IntacctBackend) -> None:
    fields = (await live.describe("CUSTOMER")).fields
    assert fields["SFDC_ID"].custom is True
    assert fields["STATUS"].values == ("active", "inactive")
    assert fields["RECORDNO"].createable is False


async def test_thousands_of_customers_are_found_page_by_page(simulator: IntacctSimulator, make_live: Make) -> None:
    simulator.state.seed({"CUSTOMER": [{"CUSTOMERID": f"S{n}", "NAME": f"N{n}"} for n in range(1250)]})
    backend = make_live(IntacctOptions(page_size=500))
    found = await backend.find(
        "CUSTOMER", {"CUSTOMERID": [f"S{n}" for n in range(0, 1250, 2)], "STATUS": ["active"]}, []
    )
    assert len({record.key for record in found}) == len(found) == 1250


async def test_reads_survive_two_faults_in_a_row(simulator: IntacctSimulator, live: IntacctBackend) -> None:
    await live.write([create(1)])
    for kind in (FaultKind.RESET_BEFORE_COMMIT, FaultKind.TRUNCATED, FaultKind.RATE_LIMIT):
        plan(simulator, kind, "query:CUSTOMER")
    assert len(await live.find("CUSTOMER", {"CUSTOMERID": ["SF-1"]}, [])) == 1


async def test_our_count_of_transactions_is_the_vendors(simulator: IntacctSimulator, live: IntacctBackend) -> None:
    await live.identity()
    await live.write([create(1), create(2), create(3, STATUS="odd")])
    await live.find("CUSTOMER", {"CUSTOMERID": ["SF-1"]}, ["NAME"])
    spent, meters = live.take_usage(), simulator.state.meters()
    assert (spent.transactions, spent.calls) == (meters["transactions"], meters["requests"])


async def test_an_overlapping_scan_reads_what_became_visible_late(
    simulator: IntacctSimulator, live: IntacctBackend, clock: Any
) -> None:
    simulator.state.configure({"read_lag_ms": 60_000})
    start = clock.now()
    await live.write([create(1)])
    clock.advance(30)
    early = await live.changes("CUSTOMER", Position(start - timedelta(minutes=5)), clock.now(), [], 100)
    clock.advance(60)
    late = await live.changes("CUSTOMER", Position(early.position.modified_at), clock.now(), [], 100)
    assert (len(early.records), len(late.records)) == (0, 1)


async def settle(backend: IntacctBackend, write: Write) -> Verdict:
    """What the engine does, in short: look up what is unclear, send again under the same control id what is absent."""
    for _ in range(30):
        (outcome,) = await backend.write([write])
        if outcome.verdict in (Verdict.CONFIRMED, Verdict.REJECTED):
            return outcome.verdict
        if outcome.verdict is Verdict.AMBIGUOUS:
            try:
                if await backend.find("CUSTOMER", {"SFDC_ID": [str(write.values["SFDC_ID"])]}, []):
                    return Verdict.CONFIRMED
            except SyncError:
                continue
    return Verdict.AMBIGUOUS


FAULTS = (
    FaultKind.RESET_BEFORE_COMMIT,
    FaultKind.RESET_AFTER_COMMIT,
    FaultKind.SERVER_ERROR,
    FaultKind.TRUNCATED,
    FaultKind.SESSION_EXPIRED,
    FaultKind.NO_STATUS,
    FaultKind.ABORTED,
    FaultKind.RATE_LIMIT,
)


@pytest.mark.parametrize("seed", range(25))
async def test_random_faults_never_make_a_second_document_for_one_intent(
    simulator: IntacctSimulator, make_live: Make, clock: Any, seed: int
) -> None:
    rng = random.Random(seed)
    simulator.state.faults.reset(seed)
    simulator.state.configure({"uniqueid_refusal_shape": rng.choice(["no_status", "failure"])})
    for kind in FAULTS:
        after = rng.random() < 0.5
        simulator.state.faults.add(Fault(kind, match="", probability=0.12, times=None, after_commit=after))
    backend = make_live(IntacctOptions(retry=RetryTimes(attempts=6)))
    writes = [replace(create(n, CUSTOMERID=None), control_id=f"s{seed}-{n}") for n in range(12)]
    verdicts = []
    for write in writes:
        clock.advance(61)
        verdicts.append(await settle(backend, write))
    made = [record["SFDC_ID"] for record in customers(simulator)]
    assert len(made) == len(set(made))
    confirmed = {str(w.values["SFDC_ID"]) for w, v in zip(writes, verdicts, strict=True) if v is Verdict.CONFIRMED}
    assert confirmed <= set(made)
    assert len(confirmed) >= 10
