"""Billing templates of contracts: a managed list keyed by name (product.md 3.4)."""

from app.domain.declaration import Field, Mark, Rule
from app.domain.lists import managed_list
from app.domain.transforms import Identifier, Text

FROM = Rule.FROM_INTACCT

OBJECT = managed_list(
    "billing_template",
    "Billing template",
    intacct=("CONTRACTBILLINGTEMPLATE", "NAME", "NAME"),
    salesforce=("ia_crm__Billing_Template__c", "Name"),
    more=(
        Field("DESCRIPTION", "ia_crm__Description__c", FROM, Text(255), Mark.FIXED),
        Field("METHOD", "ia_crm__Method__c", FROM, Identifier(80), Mark.FIXED),
    ),
)
