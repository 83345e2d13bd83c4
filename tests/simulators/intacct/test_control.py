"""The control plane: seed, records, ledger, log, knobs, reset, determinism (SIM-94, SIM-95)."""

import random
from typing import Any

import httpx
import pytest
from lxml import etree

from app.simulators.clock import SimClock
from app.simulators.intacct.app import create_simulator
from app.simulators.intacct.querying import read_query
from app.simulators.intacct.views import View
from tests.simulators.intacct.conftest import START
from tests.simulators.intacct.gate import Gate, cond, contact, create, customer, query, update


async def test_seeded_customers_come_back_with_keys_and_contacts(gate: Gate) -> None:
    record = {
        "NAME": "Acme",
        "SFDC_ID": "001",
        "TOTALDUE": "12.5",
        "WHENCREATED": "01/01/2020 00:00:00",
        "DISPLAYCONTACT": {"EMAIL1": "a@b.test", "MAILADDRESS": {"CITY": "Reno"}},
    }
    made = (await gate.control("POST", "seed", {"CUSTOMER": [record]}))["CUSTOMER"][0]
    assert (made["RECORDNO"], made["CUSTOMERID"], made["TOTALDUE"]) == ("1", "C-00001", "12.50")
    assert made["WHENCREATED"] == "01/01/2020 00:00:00"
    assert made["DISPLAYCONTACT"]["CONTACTNAME"] == "Acme(CC-00001)"
    assert made["DISPLAYCONTACT"]["MAILADDRESS"]["CITY"] == "Reno"
    assert made["BILLTO"]["CONTACTNAME"] == "Acme(CC-00001)"
    assert await gate.records("CUSTOMER") == [made]


async def test_seeding_costs_nothing_and_leaves_no_trail(gate: Gate) -> None:
    await gate.control("POST", "seed", {"CUSTOMER": [{"NAME": "Acme"}]})
    assert (await gate.meters())["transactions"] == 0
    assert await gate.ledger() == []
    assert await gate.records("AUDITHISTORY") == []


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"NOPE": [{}]}, "unknown kind"),
        ({"CUSTOMER": [{"NAME": "A", "NOPE": 1}]}, "NOPE"),
        ({"CUSTOMER": [{"NAME": "A"}, {"NAME": "A", "CUSTOMERID": "C-00001"}]}, "already exists"),
    ],
)
async def test_a_bad_seed_is_refused_as_a_whole(gate: Gate, body: dict[str, Any], text: str) -> None:
    answer = await gate.http.post("/_sim/seed", json=body)
    assert answer.status_code == 400
    assert text in answer.json()["error"]
    assert await gate.records("CUSTOMER") == []
    assert await gate.records("CONTACT") == []


async def test_shown_records_can_be_seeded_elsewhere(gate: Gate) -> None:
    await gate.customer("Acme", "<BILLTO><CONTACTNAME/></BILLTO>", SFDC_ID="001", TERMNAME="Net 30")
    shown = await gate.records("CUSTOMER")
    other = create_simulator(gate.sim.state.clock)
    assert other.state.seed({"CUSTOMER": shown})["CUSTOMER"][0]["CUSTOMERID"] == shown[0]["CUSTOMERID"]


async def test_an_unknown_kind_of_records_is_not_there(gate: Gate) -> None:
    assert (await gate.http.get("/_sim/records/NOPE")).status_code == 404


async def test_the_ledger_has_one_entry_per_executed_write(gate: Gate) -> None:
    await gate.one(customer("A", SFDC_ID="1"), unique=True, ids=["K1"])
    await gate.one(customer("A", SFDC_ID="1"), unique=True, ids=["K1"])
    await gate.one(create("CUSTOMER"), ids=["bad"])
    await gate.one(update("CUSTOMER", RECORDNO="1", NAME="B"), ids=["K2"])
    await gate.one("<delete><object>CUSTOMER</object><keys>1</keys></delete>", ids=["K3"])
    entries = await gate.ledger()
    assert [(e["seq"], e["function"], e["object"], e["controlid"], e["recordno"]) for e in entries] == [
        (1, "create", "CUSTOMER", "K1", 1),
        (2, "update", "CUSTOMER", "K2", 1),
        (3, "delete", "CUSTOMER", "K3", 1),
    ]
    assert entries[0]["values"] == {"NAME": "A", "SFDC_ID": "1", "DISPLAYCONTACT": {"PRINTAS": "A"}}
    assert entries[0]["at"].startswith("2026-01-31T10:00:00")


async def test_the_log_shows_requests_and_no_secret(gate: Gate) -> None:
    session = (await gate.ok("<getAPISession/>")).text("data/api/sessionid")
    gate.session = session
    await gate.ok(customer("Acme"))
    await gate.one("<set><password attr='x'>hidden</password><api_token>hidden</api_token></set>")
    await gate.post("<request><password>hidden</password>")
    log = await gate.http.get("/_sim/log")
    assert [f["tag"] for entry in log.json() for f in entry.get("functions", [])] == [
        "getAPISession:",
        "create:CUSTOMER",
        "set:",
    ]
    assert "<NAME>Acme</NAME>" in log.json()[1]["functions"][0]["xml"]
    for secret in ("hidden", session, "secret"):
        assert secret not in log.text
    assert log.json()[3]["answer"] == "XL03000003"


@pytest.mark.parametrize(
    "knobs",
    [
        {"nope": 1},
        {"rate_reply": "shout"},
        {"concurrency": -1},
        {"concurrency": "2"},
        {"company_expired": 1},
        {"custom_fields": {"NOPE": []}},
    ],
)
async def test_unknown_knobs_and_values_are_refused(gate: Gate, knobs: dict[str, Any]) -> None:
    before = await gate.control("GET", "knobs")
    assert (await gate.http.post("/_sim/knobs", json=knobs)).status_code == 400
    assert await gate.control("GET", "knobs") == before


async def test_reset_brings_a_fresh_company(gate: Gate) -> None:
    await gate.customer()
    await gate.knobs(company_expired=True)
    await gate.fault(kind="aborted")
    await gate.control("POST", "reset")
    assert (await gate.customer("B"))["CUSTOMERID"] == "C-00001"
    assert (await gate.meters())["requests"] == 1
    assert await gate.control("GET", "faults") == []


async def test_the_clock_moves_from_outside(gate: Gate) -> None:
    await gate.control("POST", "clock", {"advance": 3600})
    await gate.customer()
    assert (await gate.records("CUSTOMER"))[0]["WHENCREATED"] == "01/31/2026 11:00:00"


async def play(seed: int) -> list[bytes]:
    clock = SimClock()
    clock.freeze()
    clock.set(START)
    sim = create_simulator(clock, seed)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(sim), base_url="http://sim.test") as http:
        gate = Gate(sim, http)
        functions = [customer(str(n)) for n in range(20)]
        return [
            (await gate.post(gate.envelope(text))).content
            for text in ("<getAPISession/>", *functions, query("CUSTOMER", "NAME"), create("CUSTOMER"))
        ]


async def test_the_same_seed_gives_the_same_answers(gate: Gate) -> None:
    assert await play(3) == await play(3)
    assert await play(3) != await play(4)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (cond("in", "CLASSID", "K7", "K8"), [8, 9]),
        (cond("equalto", "RECORDNO", "5"), [5]),
        (f"<and>{cond('isnotnull', 'NAME')}{cond('in', 'CLASSID', 'K7')}</and>", [8]),
        (f"<or>{cond('equalto', 'CLASSID', 'K1')}{cond('equalto', 'RECORDNO', '5')}</or>", [2, 5]),
    ],
)
async def test_filters_on_keys_look_at_their_rows_only(gate: Gate, where: str, expected: list[int]) -> None:
    company = gate.sim.state.company
    gate.sim.state.seed({"CLASS": [{"CLASSID": f"K{n}", "NAME": f"N{n}"} for n in range(300)]})
    view = View(company, "", random.Random(0))
    condition = read_query(view, etree.fromstring(query("CLASS", "CLASSID", where=where))).condition
    assert condition.candidates is not None
    assert list(condition.candidates(company.tables["CLASS"])) == expected


async def test_contacts_are_found_by_name_without_a_scan(gate: Gate) -> None:
    await gate.ok(contact("Ann"))
    table = gate.sim.state.company.tables["CONTACT"]
    assert all(table.indexed(name) for name in ("RECORDNO", "CONTACTNAME", "SFDC_ID", "EMAIL1"))
    assert all(gate.sim.state.company.tables["CUSTOMER"].indexed(n) for n in ("CUSTOMERID", "NAME", "SFDC_ID"))
