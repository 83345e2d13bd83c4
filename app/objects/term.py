"""AR terms: a managed list keyed by name (product.md 3.4)."""

from app.domain.declaration import Field, Mark, Rule
from app.domain.lists import managed_list
from app.domain.transforms import Text

OBJECT = managed_list(
    "term",
    "AR term",
    intacct=("ARTERM", "NAME", "NAME"),
    salesforce=("ia_crm__AR_Term__c", "Name"),
    more=(Field("DESCRIPTION", "ia_crm__Description__c", Rule.FROM_INTACCT, Text(255), Mark.FIXED),),
)
