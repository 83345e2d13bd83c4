"""Records that Intacct makes anew with another number: the link follows the key that lasts, whoever comes first."""

import pytest

from app.domain.decisions import Result
from app.domain.merge import Direction
from app.domain.plan import Plan, make_plan
from app.objects import CATALOGUE
from app.sync.ports import Bound, Claim
from tests.fakes import FakeClock
from tests.sync.rig import Rig

DOCID, KEY, STATE = "SODOCUMENT.DOCID", "ia_crm__AR_Record_Key__c", "ia_crm__Payment_Status__c"
KIND, NAME = "ia_crm__Sales_Invoice__c", "Sales Invoice-SI1"


def plan() -> Plan:
    declared = CATALOGUE["invoice"]
    rows = declared.fields
    return make_plan(
        declared,
        scope="t",
        namespace="ia_crm",
        link_field="SFDC_ID",
        options={"enabled": True},
        salesforce_has=[*(row.salesforce for row in rows), "ia_crm__Intacct_Key__c", "ia_crm__Document_Key__c"],
        intacct_has=[DOCID, *(name for row in rows for name in row.names)],
    )


@pytest.fixture
async def rig(clock: FakeClock) -> Rig:
    """A linked invoice, number 1, that has been made anew as number 2."""
    made = Rig(clock)
    made.plan = plan()
    put(made, "1")
    claim = Claim("op", "#1", "intacct", 1)
    (settled,) = await made.engine.run(made.plan, [claim], Direction.FROM_INTACCT)
    assert settled.result is Result.CREATED
    made.intacct.bury("ARINVOICE", "1")
    put(made, "2")
    return made


def put(rig: Rig, key: str, **values: str) -> None:
    said = {DOCID: NAME, "MODULEKEY": "8.SO", "RECORDNO": key, "RECORDID": "SI1", "STATE": "Posted"}
    rig.intacct.put("ARINVOICE", {**said, **values}, key)


def the_id(rig: Rig) -> str:
    (record,) = rig.salesforce.all(KIND)
    return str(record["Id"])


async def run(rig: Rig, *keys: str) -> list[str]:
    claims = [Claim(f"op {key}", key, "intacct", 1) for key in keys]
    settled = await rig.engine.run(rig.plan, claims, Direction.FROM_INTACCT)
    return [one.reason for one in settled]


def number(rig: Rig) -> tuple[object, object]:
    """What the link and the Salesforce record say of the invoice's number."""
    bound: Bound | None = rig.journal.bound("invoice", the_id(rig))
    assert bound is not None
    return bound.intacct_key, rig.salesforce.all(KIND)[0][KEY]


async def test_new_record_takes_the_link_of_the_one_it_replaces(rig: Rig) -> None:
    assert await run(rig, "#2") == ["updated"]
    assert number(rig) == ("2", "2")


async def test_linked_record_whose_twin_is_gone_finds_the_one_in_its_place(rig: Rig) -> None:
    assert await run(rig, the_id(rig)) == ["updated"]
    assert number(rig) == ("2", "2")


async def test_both_in_one_run_write_once(rig: Rig) -> None:
    rig.salesforce.take_writes()
    assert await run(rig, the_id(rig), "#2") == ["updated", "replaces_another"]
    assert (number(rig), len(rig.salesforce.writes)) == (("2", "2"), 1)


async def test_second_run_writes_nothing(rig: Rig) -> None:
    await run(rig, the_id(rig))
    rig.salesforce.take_writes()
    assert await run(rig, the_id(rig)) == ["in_step"]
    assert rig.salesforce.writes == []


async def test_record_read_while_it_is_replaced_comes_again_later(rig: Rig) -> None:
    put(rig, "3", **{DOCID: ""})
    claim = Claim("op", "#3", "intacct", 1)
    (settled,) = await rig.engine.run(rig.plan, [claim], Direction.FROM_INTACCT)
    assert (settled.reason, settled.again_at is not None) == ("being_replaced", True)
    assert len(rig.salesforce.all(KIND)) == 1


async def test_record_without_a_successor_is_shown_as_deleted(rig: Rig) -> None:
    rig.intacct.bury("ARINVOICE", "2")
    await run(rig, the_id(rig))
    assert rig.salesforce.all(KIND)[0][STATE] == "Deleted"
