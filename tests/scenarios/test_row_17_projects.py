"""Row 17: a project made in Salesforce takes its tasks along, parents before children; edits flow both ways."""

from collections.abc import Callable

import pytest

from app.domain.errors import SyncError
from app.services import projects
from app.store.session import Sessions
from tests.scenarios.listed import switch_on
from tests.simulated import House, build_house

PROJECT, TASK = "ia_crm__Project__c", "ia_crm__Task__c"


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str]) -> House:
    """A house that syncs projects, tasks and what they pick from."""
    made = await build_house(sessions, new_id)
    lists = ("department", "classification", "location", "employee", "project_status", "project_type", "product")
    await switch_on(made, "project", "task", *lists)
    return made


async def test_project_and_three_tasks_go_in_one_sync_parents_first(house: House) -> None:
    (project,) = house.seed(PROJECT, {"Name": "Bridge"})
    (top,) = house.seed(TASK, {"Name": "Build", "ia_crm__Project__c": project})
    (middle,) = house.seed(TASK, {"Name": "Pour", "ia_crm__Project__c": project, "ia_crm__Parent_Task__c": top})
    house.seed(TASK, {"Name": "Wait", "ia_crm__Project__c": project, "ia_crm__Parent_Task__c": middle})
    (done,) = await house.sync("project", project)
    assert done.result == "created", done.message
    tasks = {task["NAME"]: task for task in house.ia("TASK")}
    assert [tasks[name]["PARENTKEY"] for name in ("Build", "Pour", "Wait")] == [
        "",
        tasks["Build"]["RECORDNO"],
        tasks["Pour"]["RECORDNO"],
    ]


async def test_parent_of_a_task_made_in_intacct_comes_as_a_look_up(house: House) -> None:
    (project,) = house.seed(PROJECT, {"Name": "Bridge"})
    (top,) = house.seed(TASK, {"Name": "Build", "ia_crm__Project__c": project})
    await house.sync("project", project)
    (parent,) = house.ia("TASK")
    child = {"TASKID": "C1", "NAME": "Child", "PROJECTID": parent["PROJECTID"], "TASKSTATUS": "Planned"}
    house.seed_intacct("TASK", {**child, "PARENTKEY": parent["RECORDNO"]})
    await house.poll()
    (made,) = [task for task in house.salesforce.state.records(TASK) if task["Name"] == "Child"]
    assert made["ia_crm__Parent_Task__c"] == top


async def test_edit_of_a_task_flows_the_other_way_from_each_side(house: House) -> None:
    (project,) = house.seed(PROJECT, {"Name": "Bridge"})
    (task,) = house.seed(TASK, {"Name": "Build", "ia_crm__Project__c": project})
    await house.sync("project", project)
    await house.edit_intacct("TASK", house.ia("TASK")[0]["RECORDNO"], {"TASKSTATUS": "In Progress"})
    await house.poll()
    assert house.sf(TASK, task)["ia_crm__Task_Status__c"] == "In Progress"
    await house.edit(TASK, task, Name="Build well")
    await house.sync("task", task)
    assert house.ia("TASK")[0]["NAME"] == "Build well"


async def test_department_and_location_of_a_project_are_look_ups(house: House) -> None:
    house.seed_intacct("DEPARTMENT", {"DEPARTMENTID": "D1", "TITLE": "Sales", "STATUS": "active"})
    await house.poll()
    (department,) = house.salesforce.state.records("ia_crm__Department__c")
    (entity, _) = house.salesforce.state.records("ia_crm__Intacct_Entity__c")
    dims = {"ia_crm__Department__c": department["Id"], "ia_crm__Intacct_Location__c": entity["Id"]}
    (project,) = house.seed(PROJECT, {"Name": "Bridge", **dims})
    (done,) = await house.sync("project", project)
    assert done.result == "created", done.message
    assert (house.ia("PROJECT")[0]["DEPARTMENTID"], house.ia("PROJECT")[0]["LOCATIONID"]) == ("D1", "E100")


def template_of(house: House) -> str:
    """A template with a task and a task below it."""
    (template,) = house.seed(
        PROJECT, {"Name": "Standard", "ia_crm__Is_Template__c": True, "ia_crm__Billing_Type__c": "Fixed fee"}
    )
    (top,) = house.seed(TASK, {"Name": "Plan", "ia_crm__Project__c": template})
    house.seed(TASK, {"Name": "Sketch", "ia_crm__Project__c": template, "ia_crm__Parent_Task__c": top})
    return template


def opportunity_of(house: House) -> str:
    """An opportunity of an account."""
    (account,) = house.seed("Account", {"Name": "Acme"})
    values = {"Name": "Big deal", "AccountId": account, "StageName": "Prospecting", "CloseDate": "2026-12-01"}
    (opportunity,) = house.seed("Opportunity", {**values, "Amount": 5000})
    return opportunity


async def make(house: House, opportunity: str, template: str | None, request: str, **more: bool) -> projects.Made:
    """Ask for the project of an opportunity, and let the workers run."""
    asked = projects.Asked(opportunity, template, more.get("another", False), "button", None, request)
    made = await projects.from_opportunity(house.context, house.connection, asked, "test")
    await house.drain()
    return made


async def test_project_from_opportunity_takes_the_tasks_of_its_template_to_intacct(house: House) -> None:
    opportunity, template = opportunity_of(house), template_of(house)
    made = await make(house, opportunity, template, "r-1")
    assert (made.created, made.tasks) == (True, 2)
    (project,) = house.ia("PROJECT")
    assert (project["NAME"], project["BILLINGTYPE"], project["CUSTOMERID"] != "") == ("Big deal", "Fixed fee", True)
    tasks = {task["NAME"]: task for task in house.ia("TASK")}
    assert tasks["Sketch"]["PARENTKEY"] == tasks["Plan"]["RECORDNO"]


async def test_repeat_finds_the_project_and_leaves_what_people_changed(house: House) -> None:
    opportunity, template = opportunity_of(house), template_of(house)
    first = await make(house, opportunity, template, "r-1")
    await house.edit(PROJECT, first.project_id, Name="Renamed")
    again = await make(house, opportunity, template, "r-2")
    assert (again.project_id, again.created, again.tasks) == (first.project_id, False, 0)
    assert (house.sf(PROJECT, first.project_id)["Name"], len(house.ia("TASK"))) == ("Renamed", 2)


async def test_another_project_of_the_opportunity_is_made_only_when_asked_for(house: House) -> None:
    opportunity = opportunity_of(house)
    first = await make(house, opportunity, None, "r-1")
    other = await make(house, opportunity, None, "r-2", another=True)
    repeated = await make(house, opportunity, None, "r-2", another=True)
    assert first.project_id != other.project_id == repeated.project_id


async def test_template_and_its_tasks_never_go_to_intacct(house: House) -> None:
    template = template_of(house)
    task = next(t["Id"] for t in house.salesforce.state.records(TASK) if t["Name"] == "Plan")
    done = [*(await house.sync("project", template)), *(await house.sync("task", task))]
    assert [(one.result, one.reason) for one in done] == [("skipped", "is_template")] * 2
    assert house.ia("PROJECT") == []


async def test_project_that_is_no_template_is_refused(house: House) -> None:
    (project,) = house.seed(PROJECT, {"Name": "Bridge"})
    with pytest.raises(SyncError, match="is no template"):
        await make(house, opportunity_of(house), project, "r-1")
