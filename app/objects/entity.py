"""Entities of a multi-entity company: a managed list, read from LOCATIONENTITY (product.md 3.4, intacct-api.md 4.1)."""

from app.domain.declaration import Field, Mark, Rule
from app.domain.lists import managed_list
from app.domain.transforms import Identifier

OBJECT = managed_list(
    "entity",
    "Entity",
    intacct=("LOCATIONENTITY", "LOCATIONID", "NAME"),
    salesforce=("ia_crm__Intacct_Entity__c", "ia_crm__Intacct_Entity_ID__c"),
    more=(Field("CURRENCY", "ia_crm__Currency__c", Rule.FROM_INTACCT, Identifier(3), Mark.FIXED),),
)
