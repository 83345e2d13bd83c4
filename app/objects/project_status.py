"""Statuses a project may have: a managed list keyed by name (product.md 3.4)."""

from app.domain.lists import managed_list

OBJECT = managed_list(
    "project_status",
    "Project status",
    intacct=("PROJECTSTATUS", "NAME", "NAME"),
    salesforce=("ia_crm__Project_Status__c", "Name"),
)
