"""GL accounts and statistical accounts, those that are selected, in one Salesforce object (product.md 3.4, CFG-GL)."""

from app.domain.declaration import OF_KIND, SELECTION, Field, Mark, Rule
from app.domain.lists import managed_list
from app.domain.transforms import Flag, Identifier

FROM = Rule.FROM_INTACCT

OBJECT = managed_list(
    "gl_account",
    "GL or statistical account",
    intacct=("GLACCOUNT+STATACCOUNT", "ACCOUNTNO", "TITLE"),
    salesforce=("ia_crm__Intacct_Account__c", "ia_crm__Account_No__c"),
    options=(SELECTION,),
    more=(
        Field("ACCOUNTTYPE", "ia_crm__Account_Type__c", FROM, Identifier(40), Mark.FIXED),
        Field(OF_KIND, "ia_crm__Statistical__c", FROM, Flag("STATACCOUNT", "GLACCOUNT"), Mark.FIXED),
    ),
)
