"""User-defined dimensions, those that are selected, all in one Salesforce object (product.md 3.4, CFG-UDD).

Which Intacct objects they are is an option. Hidden, which takes a record from picklists, is Salesforce's own field.
"""

from dataclasses import replace

from app.domain.declaration import DIMENSIONS, OF_KIND, Field, Mark, Rule
from app.domain.lists import STATUS_TEXT, managed_list
from app.domain.transforms import Identifier, Reference, Text

FROM = Rule.FROM_INTACCT

OBJECT = replace(
    managed_list(
        "user_dimension",
        "User-defined dimension",
        intacct=("+", f"{OF_KIND}:ID", f"{OF_KIND}:ID"),
        salesforce=("ia_crm__Intacct_User_Dimension__c", "ia_crm__Intacct_Id__c"),
        among=("ia_crm__Type__c",),
        options=(DIMENSIONS,),
    ),
    kinds_from=DIMENSIONS.name,
    fields=(
        Field("ID", "ia_crm__Intacct_Id__c", FROM, Identifier(80), Mark.FIXED),
        Field("NAME", "Name", FROM, Text(80), Mark.FIXED),
        Field(OF_KIND, "ia_crm__Type__c", FROM, Identifier(80), Mark.FIXED),
        Field("MEGAENTITYID", "ia_crm__Intacct_Entity__c", FROM, Reference(), Mark.FIXED, refers_to="location"),
        Field("STATUS", "ia_crm__Status__c", FROM, STATUS_TEXT, Mark.FIXED),
    ),
)
