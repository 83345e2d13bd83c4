"""Revenue templates of contracts: they arrive in Salesforce with the type Contract (product.md 3.3, RN24R3).

Templates of Order Entry stand in the same Salesforce object; they come from another kind of Intacct.
"""

from app.domain.declaration import Field, Mark, Rule
from app.domain.lists import STATUS_FLAG, managed_list, same_words
from app.domain.transforms import Constant, Identifier, Text, Truth

FROM = Rule.FROM_INTACCT
METHODS = (
    "Straight line",
    "Daily rate",
    "Quantity based",
    "Predefined percentages",
    "Project percent complete",
    "Task percent complete",
)
POSTING = ("Automatic", "Manual")

OBJECT = managed_list(
    "revenue_template",
    "Contract revenue template",
    intacct=("CONTRACTREVENUETEMPLATE", "NAME", "NAME"),
    salesforce=("ia_crm__Revenue_Recognition_Template__c", "Name"),
    status=STATUS_FLAG,
    among=("ia_crm__Type__c",),
    more=(
        Field((), "ia_crm__Type__c", FROM, Constant("Contract", ("Order Entry",), unset_fits=True), Mark.FIXED),
        Field("DESCRIPTION", "ia_crm__Description__c", FROM, Text(255)),
        Field("METHOD", "ia_crm__Method__c", FROM, same_words(METHODS)),
        Field("SOURCE", "ia_crm__Source__c", FROM, Identifier(80)),
        Field("POSTINGTYPE", "ia_crm__Posting_Type__c", FROM, same_words(POSTING)),
        Field("RESUMEOPTION", "ia_crm__Resume_Option__c", FROM, Identifier(80)),
        Field("STEPTEMPLATE", "ia_crm__Step_Template__c", FROM, Truth()),
    ),
)
