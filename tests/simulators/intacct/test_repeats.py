"""Repeat protection and transactions: SIM-13, SIM-15 to SIM-17, SIM-50."""

import asyncio

import pytest

from app.simulators.clock import SimClock
from app.simulators.wire import Dropped
from tests.simulators.intacct.gate import Gate, create, customer, query

ROLLED_BACK = "XL03000009"


async def names(gate: Gate) -> list[str]:
    return [record["NAME"] for record in await gate.records("CUSTOMER")]


@pytest.mark.parametrize("unique", [True, None])
async def test_a_completed_control_id_is_refused_without_a_status(gate: Gate, unique: bool | None) -> None:
    first = await gate.one(customer(), unique=unique, ids=["K1"])
    again = await gate.one(customer(), unique=unique, ids=["K1"])
    assert first.status == "success"
    assert again.status is None
    assert again.element.find("data") is None
    assert await names(gate) == ["Acme"]
    assert len(await gate.ledger()) == 1


async def test_the_refusal_can_be_a_failure_with_text(gate: Gate) -> None:
    await gate.knobs(uniqueid_refusal_shape="failure", uniqueid_refusal_errorno="X1", uniqueid_refusal_text="used")
    await gate.one(customer(), unique=True, ids=["K1"])
    assert (await gate.one(customer(), unique=True, ids=["K1"])).errors == [("X1", "used")]


async def test_without_uniqueid_a_repeat_runs_again(gate: Gate) -> None:
    await gate.one(customer(), unique=False, ids=["K1"])
    await gate.one(customer(), unique=False, ids=["K1"])
    assert await names(gate) == ["Acme", "Acme"]


async def test_twins_in_one_request_run_once(gate: Gate) -> None:
    results = await gate.run(customer(), customer(), unique=True, ids=["K1", "K1"])
    assert [r.status for r in results] == ["success", None]
    assert await names(gate) == ["Acme"]


async def test_a_failed_function_leaves_its_control_id_free(gate: Gate) -> None:
    assert (await gate.one(create("CUSTOMER"), unique=True, ids=["K1"])).status == "failure"
    assert (await gate.one(customer(), unique=True, ids=["K1"])).status == "success"


async def test_a_failed_function_can_block_its_control_id(gate: Gate) -> None:
    await gate.knobs(uniqueid_failed_reuse="refused")
    await gate.one(create("CUSTOMER"), unique=True, ids=["K1"])
    assert (await gate.one(customer(), unique=True, ids=["K1"])).status is None


async def test_control_ids_are_forgotten_after_their_retention(gate: Gate, sim_clock: SimClock) -> None:
    await gate.knobs(uniqueid_retention_s=60)
    await gate.one(customer(), unique=True, ids=["K1"])
    sim_clock.advance(59)
    assert (await gate.one(customer(), unique=True, ids=["K1"])).status is None
    sim_clock.advance(1)
    assert (await gate.one(customer(), unique=True, ids=["K1"])).status == "success"


async def test_a_lost_answer_repeated_changes_nothing(gate: Gate) -> None:
    await gate.fault(kind="reset_after_commit", match="create:CUSTOMER")
    with pytest.raises(Dropped):
        await gate.one(customer(), unique=True, ids=["K1"])
    assert (await gate.one(customer(), unique=True, ids=["K1"])).status is None
    assert await names(gate) == ["Acme"]


@pytest.mark.parametrize(("inflight", "count"), [("execute", 2), ("refuse", 1)])
async def test_a_twin_while_the_first_still_runs(gate: Gate, inflight: str, count: int) -> None:
    await gate.knobs(uniqueid_inflight=inflight, latency_base_s=0.001)
    await asyncio.gather(*(gate.one(customer(), unique=True, ids=["K1"]) for _ in range(2)))
    assert len(await names(gate)) == count


async def test_a_failing_function_rolls_the_transaction_back(gate: Gate) -> None:
    results = await gate.run(customer("A"), create("CUSTOMER"), customer("B"), transaction=True)
    assert [r.status for r in results] == ["aborted", "failure", "aborted"]
    assert results[0].errors[0][0] == results[2].errors[0][0] == ROLLED_BACK
    assert await names(gate) == []
    assert await gate.records("CONTACT") == []
    assert await gate.records("AUDITHISTORY") == []
    assert await gate.ledger() == []
    assert (await gate.meters())["transactions"] == 0


async def test_the_culprit_can_be_aborted_with_both_errors(gate: Gate) -> None:
    await gate.knobs(abort_shape="all_aborted")
    results = await gate.run(customer("A"), create("CUSTOMER"), transaction=True)
    assert [r.status for r in results] == ["aborted", "aborted"]
    assert [number for number, _ in results[0].errors] == [ROLLED_BACK]
    assert results[1].errors[0][0] == "BL01001973"
    assert results[1].errors[-1][0] == ROLLED_BACK


async def test_a_transaction_of_good_functions_is_kept(gate: Gate) -> None:
    results = await gate.run(customer("A"), customer("B"), transaction=True, unique=True, ids=["1", "2"])
    assert [r.status for r in results] == ["success", "success"]
    assert await names(gate) == ["A", "B"]


async def test_rolled_back_control_ids_are_free_and_numbers_leave_a_gap(gate: Gate) -> None:
    await gate.run(customer("A"), create("CUSTOMER"), transaction=True, unique=True, ids=["1", "2"])
    again = await gate.one(customer("A"), unique=True, ids=["1"])
    assert again.rows == [{"RECORDNO": "2", "CUSTOMERID": "C-00002"}]


async def test_a_repeat_inside_a_transaction_rolls_it_back(gate: Gate) -> None:
    await gate.one(customer("A"), unique=True, ids=["K1"])
    results = await gate.run(customer("B"), customer("A"), transaction=True, unique=True, ids=["K2", "K1"])
    assert [r.status for r in results] == ["aborted", None]
    assert await names(gate) == ["A"]


def two_records() -> str:
    good, bad = customer("Good"), create("CUSTOMER")
    return good.replace("</create>", "") + bad.replace("<create>", "")


async def test_several_records_may_succeed_in_part(gate: Gate) -> None:
    found = await gate.one(two_records())
    assert found.status == "failure"
    assert found.data.get("count") == "1"
    assert found.rows[0]["CUSTOMERID"] == "C-00001"
    assert found.errors[0][0] == "BL01001973"
    assert await names(gate) == ["Good"]


async def test_several_records_can_be_all_or_nothing(gate: Gate) -> None:
    await gate.knobs(multi_record_failure="all_or_nothing")
    found = await gate.one(two_records())
    assert found.status == "failure"
    assert found.element.find("data") is None
    assert await names(gate) == []


async def test_records_of_different_objects_in_one_create(gate: Gate) -> None:
    mixed = customer("A").replace(
        "</create>", "<DEPARTMENT><DEPARTMENTID>D1</DEPARTMENTID><TITLE>T</TITLE></DEPARTMENT></create>"
    )
    found = await gate.ok(mixed)
    assert [row.tag for row in found.data] == ["customer", "department"]


async def test_more_than_100_records_are_refused(gate: Gate) -> None:
    many = "".join(f"<CLASS><CLASSID>K{n}</CLASSID><NAME>N</NAME></CLASS>" for n in range(101))
    assert (await gate.one(f"<create>{many}</create>")).status == "failure"
    assert await gate.records("CLASS") == []


async def test_the_number_of_functions_can_be_limited(gate: Gate) -> None:
    await gate.knobs(max_functions=1)
    assert {r.status for r in await gate.run(query("CUSTOMER", "NAME"), query("CUSTOMER", "NAME"))} == {"failure"}
