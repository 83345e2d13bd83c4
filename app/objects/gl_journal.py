"""Journals and statistical journals, those that are selected, in one Salesforce object (product.md 3.4, CFG-GL)."""

from app.domain.declaration import OF_KIND, SELECTION, Field, Mark, Rule
from app.domain.lists import managed_list
from app.domain.transforms import Flag

OBJECT = managed_list(
    "gl_journal",
    "Journal or statistical journal",
    intacct=("JOURNAL+STATJOURNAL", "SYMBOL", "TITLE"),
    salesforce=("ia_crm__Intacct_Journal__c", "ia_crm__Symbol__c"),
    options=(SELECTION,),
    more=(Field(OF_KIND, "ia_crm__Statistical__c", Rule.FROM_INTACCT, Flag("STATJOURNAL", "JOURNAL"), Mark.FIXED),),
)
