"""Entities and locations in one Salesforce object: a managed list (product.md 3.4, intacct-api.md 4.1).

Every entity is a location as well, so a location that is an entity is carried as the entity alone.
"""

from dataclasses import replace

from app.domain.declaration import OF_KIND, Field, Mark, Rule
from app.domain.lists import managed_list
from app.domain.transforms import Flag, Identifier

FROM = Rule.FROM_INTACCT

OBJECT = replace(
    managed_list(
        "location",
        "Entity or location",
        intacct=("LOCATIONENTITY+LOCATION", "LOCATIONID", "NAME"),
        salesforce=("ia_crm__Intacct_Entity__c", "ia_crm__Intacct_Entity_ID__c"),
        more=(
            Field("CURRENCY", "ia_crm__Currency__c", FROM, Identifier(3), Mark.FIXED),
            Field(OF_KIND, "ia_crm__Is_Entity__c", FROM, Flag("LOCATIONENTITY", "LOCATION"), Mark.FIXED),
        ),
    ),
    first_kind_wins=True,
)
