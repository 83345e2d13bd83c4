"""Billing price list of contracts and price book; the price source decides the direction (product.md 2.2, 3.3)."""

from app.domain.declaration import (
    BASE_PRICE_LIST,
    ENABLED,
    PRICE_SOURCE,
    Creates,
    Designated,
    End,
    Field,
    Mark,
    Rule,
    SyncedObject,
    WriteBack,
)
from app.domain.transforms import Flag, Identifier, Text

FROM = Rule.FROM_INTACCT

OBJECT = SyncedObject(
    name="billing_price_book",
    label="Price book and billing price list",
    salesforce=End("Pricebook2", "Name", external_id="ia_crm__Intacct_Billing_Key__c"),
    intacct=End("CONTRACTPRICELIST", "NAME"),
    creates=Creates.FROM_INTACCT,
    link_key=None,
    match_by=("NAME",),
    match_salesforce=("Name",),
    key_width=100,
    keys_for=lambda source: tuple(str(source[name]) for name in ("Name",) if source.get(name)),
    designated=Designated(BASE_PRICE_LIST.name, "IsStandard"),
    source_wins=True,
    retires=True,
    write_back=WriteBack(intacct_id="ia_crm__Intacct_Billing_Price_List__c", id_copy="ia_crm__SFDC_Pricebook_Id__c"),
    options=(ENABLED, PRICE_SOURCE, BASE_PRICE_LIST),
    fields=(
        Field("NAME", "Name", FROM, Identifier(100), Mark.FIXED, required=True),
        Field("STATUS", "IsActive", FROM, Flag("active", "inactive")),
        Field("DESCRIPTION", "Description", FROM, Text(255)),
    ),
)
