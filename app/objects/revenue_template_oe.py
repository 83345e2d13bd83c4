"""Revenue templates of Order Entry, over REST: they arrive with the type Order Entry (product.md 3.3, RN24R3).

The XML gateway does not know them. Templates of contracts stand in the same Salesforce object with the type Contract.
"""

from app.domain.declaration import Field, Mark, Rule
from app.domain.lists import STATUS_FLAG, managed_list
from app.domain.transforms import Constant, Identifier, Text

FROM = Rule.FROM_INTACCT

OBJECT = managed_list(
    "revenue_template_oe",
    "Order Entry revenue template",
    intacct=("accounts-receivable/revenue-recognition-template", "id", "id"),
    salesforce=("ia_crm__Revenue_Recognition_Template__c", "Name"),
    status=STATUS_FLAG,
    among=("ia_crm__Type__c",),
    more=(
        Field((), "ia_crm__Type__c", FROM, Constant("Order Entry", ("Contract",), unset_fits=True), Mark.FIXED),
        Field("description", "ia_crm__Description__c", FROM, Text(255)),
        Field("recognitionMethod", "ia_crm__Method__c", FROM, Identifier(80)),
    ),
)
