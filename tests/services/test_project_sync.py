"""Projects and tasks, both ways; managed lists, one way (checklist rows 17, 20)."""

from collections.abc import Callable

import pytest
from sqlmodel import select

from app.objects import CATALOGUE
from app.services import changes
from app.simulators.faults import Fault, FaultKind
from app.store.session import Sessions
from app.store.tables import Connection, Operation
from tests.simulated import House, build_house

PROJECT, TASK = "ia_crm__Project__c", "ia_crm__Task__c"
LISTS = ("department", "classification", "location", "term", "employee")


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """A house that syncs everything."""
    made = await build_house(sessions, new_id)
    async with made.context.begin() as session:
        row = await session.get_one(Connection, made.connection.id)
        row.options = {"objects": {name: {"enabled": True} for name in (*LISTS, "project", "task")}}
        made.connection = row
    return made


async def test_new_project_takes_its_three_tasks_along(house: House) -> None:
    (project,) = house.seed(PROJECT, {"Name": "Bridge", "ia_crm__Begin_Date__c": "2026-01-05"})
    house.seed(TASK, *[{"Name": f"Step {n}", "ia_crm__Project__c": project} for n in (1, 2, 3)])
    (done,) = await house.sync("project", project)
    assert done.result == "created", done.message
    (stands,) = house.ia("PROJECT")
    assert (stands["NAME"], stands["BEGINDATE"]) == ("Bridge", "01/05/2026")
    assert house.sf(PROJECT, project)["ia_crm__Project_ID__c"] == stands["PROJECTID"]
    tasks = house.ia("TASK")
    assert {task["NAME"] for task in tasks} == {"Step 1", "Step 2", "Step 3"}
    assert {task["PROJECTID"] for task in tasks} == {stands["PROJECTID"]}
    async with house.context.begin() as session:
        wished = list(await session.exec(select(Operation).where(Operation.object == "task")))
    assert [(row.parent_id, row.result) for row in wished] == [(done.id, "created")] * 3


async def test_task_alone_brings_its_project_first(house: House) -> None:
    (project,) = house.seed(PROJECT, {"Name": "Bridge"})
    (task,) = house.seed(TASK, {"Name": "Step", "ia_crm__Project__c": project, "ia_crm__Task_ID__c": "A"})
    (done,) = await house.sync("task", task)
    assert done.result == "created", done.message
    assert (len(house.ia("PROJECT")), house.ia("TASK")[0]["TASKID"]) == (1, "A")


async def test_same_task_id_in_two_projects_makes_two_tasks(house: House) -> None:
    one, two = house.seed(PROJECT, {"Name": "One"}, {"Name": "Two"})
    ids = house.seed(TASK, *[{"Name": "Step", "ia_crm__Project__c": p, "ia_crm__Task_ID__c": "A"} for p in (one, two)])
    done = await house.sync("task", *ids)
    assert [row.result for row in done] == ["created", "created"], [row.message for row in done]
    assert len({task["PROJECTID"] for task in house.ia("TASK")}) == 2


async def test_project_and_task_made_in_intacct_arrive_once(house: House) -> None:
    (made,) = house.seed_intacct("PROJECT", {"NAME": "Tunnel", "PROJECTCATEGORY": "Contract"})
    house.seed_intacct("TASK", {"TASKID": "T1", "NAME": "Dig", "PROJECTID": made["PROJECTID"], "TASKSTATUS": "Planned"})
    await house.poll()
    await house.pass_time(120)
    await house.poll()
    (project,) = house.salesforce.state.records(PROJECT)
    (task,) = house.salesforce.state.records(TASK)
    assert (project["Name"], task["Name"], task["ia_crm__Project__c"]) == ("Tunnel", "Dig", project["Id"])


async def test_edit_in_intacct_after_a_lost_answer_of_salesforce_still_arrives(house: House) -> None:
    await house.poll()  # the lists first
    (made,) = house.seed_intacct("PROJECT", {"NAME": "Tunnel", "PROJECTCATEGORY": "Contract", "CONTRACTAMOUNT": "1003"})
    house.salesforce.state.faults.add(Fault(FaultKind.RESET_AFTER_COMMIT, match="collections"))
    await house.poll()
    (arrived,) = house.salesforce.state.records(PROJECT)
    assert arrived["ia_crm__Contract_Amount__c"] == 1003.0
    await house.edit_intacct("PROJECT", made["RECORDNO"], {"CONTRACTAMOUNT": "1005"})
    await house.pass_time(120)
    assert house.sf(PROJECT, arrived["Id"])["ia_crm__Contract_Amount__c"] == 1005.0


async def test_edits_of_a_project_travel_both_ways(house: House) -> None:
    (project,) = house.seed(PROJECT, {"Name": "Bridge"})
    await house.sync("project", project)
    (stands,) = house.ia("PROJECT")
    await house.edit_intacct("PROJECT", stands["RECORDNO"], {"DESCRIPTION": "from there"})
    await house.poll()
    assert house.sf(PROJECT, project)["ia_crm__Description__c"] == "from there"
    await house.edit(PROJECT, project, Name="Bridge Two")
    (done,) = await house.sync("project", project)
    assert done.result == "updated", (done.reason, done.message)
    assert house.ia("PROJECT")[0]["NAME"] == "Bridge Two"


async def test_managed_lists_arrive_and_edits_in_salesforce_are_put_right(house: House) -> None:
    house.seed_intacct("DEPARTMENT", {"DEPARTMENTID": "D1", "TITLE": "Sales", "STATUS": "active"})
    await house.poll()
    (department,) = house.salesforce.state.records("ia_crm__Department__c")
    assert (department["Name"], department["ia_crm__Department_ID__c"]) == ("Sales", "D1")
    assert department["ia_crm__Status__c"] == "Active"
    assert len(house.salesforce.state.records("ia_crm__AR_Term__c")) == 3
    await house.edit("ia_crm__Department__c", department["Id"], Name="Marketing")
    await house.poll()
    assert house.ia("DEPARTMENT")[0]["TITLE"] == "Sales"
    await changes.resync(house.context, house.connection, CATALOGUE["department"])
    await house.poll()
    assert house.sf("ia_crm__Department__c", department["Id"])["Name"] == "Sales"


@pytest.mark.parametrize("link_fields", [["SFDC_ID"], []], ids=["company with our key field", "company without"])
async def test_project_whose_create_is_unclear_is_not_taken_for_one_born_in_intacct(
    house: House, link_fields: list[str]
) -> None:
    """The feed shows our own project before its link is known: it is no news, and no second one is made anywhere."""
    house.intacct.state.configure({"custom_fields": {"PROJECT": link_fields}})
    house.intacct.state.faults.add(Fault(FaultKind.RESET_AFTER_COMMIT, "create:PROJECT", times=1))
    (project,) = house.seed(PROJECT, {"Name": "Bridge"})
    (unclear,) = await house.sync("project", project)
    assert (unclear.state, unclear.reason) == ("waiting", "outcome_unknown")
    await house.poll()
    await house.pass_time(1200)
    await house.poll()
    assert len(house.ia("PROJECT")) == 1
    assert [record["Id"] for record in house.salesforce.state.records(PROJECT)] == [project]
    assert (await house.operation(unclear.id)).result == "created"
