"""Projects, created and edited on either side (product.md 2.2 no. 13, 3.3). A new one takes its tasks along."""

from app.domain.declaration import (
    CREATE_AT_TOP_LEVEL,
    ENABLED,
    POLL_SALESFORCE,
    SYNC_ONLY_ONCE,
    Creates,
    End,
    Field,
    Mark,
    Rule,
    SyncedObject,
    WriteBack,
)
from app.domain.transforms import Amount, Day, Flag, Identifier, Quantity, Reference, Text

FROM = Rule.FROM_INTACCT

OBJECT = SyncedObject(
    name="project",
    label="Project",
    salesforce=End("ia_crm__Project__c", "Name", external_id="ia_crm__Intacct_Key__c"),
    intacct=End("PROJECT", "PROJECTID"),
    creates=Creates.BOTH,
    match_by=("PROJECTID", "NAME"),
    match_salesforce=("ia_crm__Project_ID__c",),
    cascade=("task",),
    kept_here="ia_crm__Is_Template__c",
    requires="projects",
    defaults={"PROJECTCATEGORY": "Contract"},
    write_back=WriteBack(intacct_id="ia_crm__Project_ID__c"),
    options=(ENABLED, SYNC_ONLY_ONCE, CREATE_AT_TOP_LEVEL, POLL_SALESFORCE),
    entity="ia_crm__Intacct_Entity__c",
    fields=(
        Field("NAME", "Name", via=Text(80), mark=Mark.FIXED, required=True),
        Field("PROJECTCATEGORY", "ia_crm__Project_Category__c", via=Identifier(80), mark=Mark.FIXED, keep_filled=True),
        Field("CURRENCY", "CurrencyIsoCode", via=Identifier(3), mark=Mark.FIXED),
        Field("CUSTOMERID", "ia_crm__Account__c", via=Reference(), refers_to="account"),
        Field("PARENTID", "ia_crm__Parent_Project__c", via=Reference(), refers_to="project"),
        Field("BEGINDATE", "ia_crm__Begin_Date__c", via=Day()),
        Field("ENDDATE", "ia_crm__End_Date__c", via=Day()),
        Field("PROJECTSTATUS", "ia_crm__Project_Status__c", via=Identifier(80), refers_to="project_status"),
        Field("PROJECTTYPE", "ia_crm__Project_Type__c", via=Identifier(80), refers_to="project_type"),
        Field("MANAGERID", "ia_crm__Manager__c", via=Identifier(20), refers_to="employee"),
        Field("MEGAENTITYID", "ia_crm__Intacct_Entity__c", FROM, Identifier(20), refers_to="location"),
        Field("LOCATIONID", "ia_crm__Intacct_Location__c", via=Identifier(20), refers_to="location"),
        Field("DEPARTMENTID", "ia_crm__Department__c", via=Identifier(20), refers_to="department"),
        Field("CLASSID", "ia_crm__Class__c", via=Identifier(20), refers_to="classification"),
        Field("STATUS", "ia_crm__Status__c", via=Flag("active", "inactive")),
        Field("DESCRIPTION", "ia_crm__Description__c", via=Text(1000)),
        Field("BILLINGTYPE", "ia_crm__Billing_Type__c", via=Identifier(40)),
        Field("CONTRACTAMOUNT", "ia_crm__Contract_Amount__c", via=Amount()),
        Field("BUDGETQTY", "ia_crm__Budgeted_Duration__c", via=Quantity()),
        Field("PERCENTCOMPLETE", "ia_crm__Complete_by_Duration__c", FROM, Quantity(), Mark.FORMULA),
        Field("ACTUALQTY", "ia_crm__Actual_Duration__c", FROM, Quantity(), Mark.FORMULA),
        Field("APPROVEDQTY", "ia_crm__Approved_Duration__c", FROM, Quantity(), Mark.FORMULA),
    ),
)
