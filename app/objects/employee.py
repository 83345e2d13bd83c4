"""Employees: a managed list with the name and nothing more personal (product.md 3.4)."""

from app.domain.lists import managed_list

OBJECT = managed_list(
    "employee",
    "Employee",
    intacct=("EMPLOYEE", "EMPLOYEEID", "CONTACT.CONTACTNAME"),
    salesforce=("ia_crm__Employee__c", "ia_crm__Employee_ID__c"),
)
