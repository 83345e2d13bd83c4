"""An org whose package fields bear another namespace, or none: kinds, fields and a declaration's functions follow."""

import json
from collections.abc import Callable

import pytest

from app.simulators.salesforce.schema import FOLDER
from app.store.session import Sessions
from tests.scenarios.listed import switch_on
from tests.simulated import House, build_house

pytestmark = pytest.mark.parametrize("namespace", ["acme", ""])


@pytest.fixture
async def house(sessions: Sessions, new_id: Callable[[], str], namespace: str) -> House:
    """A house whose org has the package under another namespace, that syncs projects, tasks and products."""
    made = await build_house(sessions, new_id, namespace=namespace)
    for path in sorted(FOLDER.glob("*.json")):
        text = path.read_text("utf-8")
        if "ia_crm__" in text and not path.name.startswith("_"):
            schema = json.loads(text.replace("ia_crm__", of(namespace)))
            if path.name.startswith("ia_crm__"):
                schema["prefix"] = f"z{schema['prefix'][1:]}"  # a kind of its own, beside the one that stays
            made.salesforce.state.change_schema(schema)
    await switch_on(made, "project", "task", "product")
    return made


def of(namespace: str) -> str:
    """What stands before a package name."""
    return f"{namespace}__" if namespace else ""


async def test_contact_is_named_linked_and_told(house: House, namespace: str) -> None:
    (contact,) = house.seed("Contact", {"FirstName": "Ann", "LastName": "Lee"})
    (done,) = await house.sync("contact", contact)
    assert (done.result, done.message) == ("created", "")
    assert house.sf("Contact", contact)[f"{of(namespace)}Intacct_Contact_Name__c"] == "Ann Lee"
    assert "Ann Lee" in [row["CONTACTNAME"] for row in house.ia("CONTACT")]


async def test_task_keeps_the_id_it_has_and_follows_its_project(house: House, namespace: str) -> None:
    ours = of(namespace)
    (project,) = house.seed(f"{ours}Project__c", {"Name": "Bridge"})
    own, made = house.seed(
        f"{ours}Task__c",
        {"Name": "Build", f"{ours}Project__c": project, f"{ours}Task_ID__c": "A-1"},
        {"Name": "Paint", f"{ours}Project__c": project},
    )
    done = await house.sync("task", own, made)
    assert [one.result for one in done] == ["created", "created"], [one.message for one in done]
    assert [(task["TASKID"], task["NAME"]) for task in house.ia("TASK")] == [
        ("A-1", "Build"),
        (f"T-{made[3:15]}", "Paint"),
    ]
    assert house.sf(f"{ours}Task__c", made)[f"{ours}Task_ID__c"] == f"T-{made[3:15]}"
    assert house.sf(f"{ours}Project__c", project)[f"{ours}Intacct_Sync_Status__c"] == "OK"


async def test_new_project_takes_its_tasks_along(house: House, namespace: str) -> None:
    ours = of(namespace)
    (project,) = house.seed(f"{ours}Project__c", {"Name": "Bridge"})
    house.seed(f"{ours}Task__c", {"Name": "Build", f"{ours}Project__c": project})
    await house.sync("project", project)
    assert [task["NAME"] for task in house.ia("TASK")] == ["Build"]


async def test_item_becomes_a_product(house: House, namespace: str) -> None:
    house.seed_intacct("ITEM", {"ITEMID": "I-1", "NAME": "Widget", "ITEMTYPE": "Kit", "BASEPRICE": "12.50"})
    await house.poll()
    (product,) = house.salesforce.state.records("Product2")
    assert (product["ProductCode"], float(product[f"{of(namespace)}Base_Price__c"])) == ("I-1", 12.5)
