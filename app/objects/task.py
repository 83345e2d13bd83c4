"""Tasks of a project, created and edited on either side (product.md 2.2 no. 14, 3.3). Ids are unique in a project."""

from collections.abc import Mapping

from app.domain.declaration import ENABLED, POLL_SALESFORCE, Creates, End, Field, Mark, SyncedObject, WriteBack
from app.domain.records import Value
from app.domain.transforms import Day, Flag, Identifier, Quantity, Reference, Text, Truth, clean


def task_ids(source: Mapping[str, Value]) -> tuple[str, ...]:
    """The task's own id, else one made from the end of its Salesforce id, which no other task of the org has."""
    return (clean(source.get("ia_crm__Task_ID__c")) or f"T-{str(source['Id'])[3:15]}",)


OBJECT = SyncedObject(
    name="task",
    label="Task",
    salesforce=End("ia_crm__Task__c", "Name", external_id="ia_crm__Intacct_Key__c"),
    intacct=End("TASK", "TASKID"),
    key_scope="PROJECTID",
    creates=Creates.BOTH,
    match_by=("TASKID",),
    match_salesforce=("ia_crm__Task_ID__c", "ia_crm__Project__c"),
    requires="projects",
    kept_here="ia_crm__Project__r.ia_crm__Is_Template__c",
    keys_for=task_ids,
    defaults={"TASKSTATUS": "Not Started"},
    write_back=WriteBack(intacct_id="ia_crm__Task_ID__c"),
    options=(ENABLED, POLL_SALESFORCE),
    fields=(
        Field("NAME", "Name", via=Text(80), mark=Mark.FIXED, required=True),
        Field("PROJECTID", "ia_crm__Project__c", via=Reference(), mark=Mark.FIXED, refers_to="project", required=True),
        Field("TASKSTATUS", "ia_crm__Task_Status__c", via=Identifier(40), mark=Mark.FIXED, keep_filled=True),
        Field("PARENTKEY", "ia_crm__Parent_Task__c", via=Reference(), refers_to="task", by_key=True),
        Field("ITEMID", "ia_crm__Product__c", via=Reference(), refers_to="product"),
        Field("PBEGINDATE", "ia_crm__Planned_Begin_Date__c", via=Day()),
        Field("PENDDATE", "ia_crm__Planned_End_Date__c", via=Day()),
        Field("BUDGETQTY", "ia_crm__Planned_Duration__c", via=Quantity()),
        Field("DESCRIPTION", "ia_crm__Description__c", via=Text(1000)),
        Field("BILLABLE", "ia_crm__Billable__c", via=Truth()),
        Field("TASKNO", "ia_crm__WBS_Code__c", via=Identifier(40)),
        Field("STATUS", "ia_crm__Status__c", via=Flag("active", "inactive")),
    ),
)
