"""Departments: a managed list (product.md 3.4)."""

from app.domain.lists import managed_list

OBJECT = managed_list(
    "department",
    "Department",
    intacct=("DEPARTMENT", "DEPARTMENTID", "TITLE"),
    salesforce=("ia_crm__Department__c", "ia_crm__Department_ID__c"),
)
