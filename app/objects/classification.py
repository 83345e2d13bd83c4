"""Classes, the accounting dimension: a managed list (product.md 3.4). Its status is a checkbox in Salesforce."""

from app.domain.lists import STATUS_FLAG, managed_list

OBJECT = managed_list(
    "classification",
    "Class",
    intacct=("CLASS", "CLASSID", "NAME"),
    salesforce=("ia_crm__Class__c", "ia_crm__Class_ID__c"),
    status=STATUS_FLAG,
)
