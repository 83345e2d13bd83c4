"""Order Entry price list and price book, over REST; the price source decides the direction (product.md 2.2, 3.3)."""

from datetime import date

from app.domain.declaration import (
    BASE_PRICE_LIST,
    ENABLED,
    POLL_SALESFORCE,
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
from app.domain.transforms import Day, Flag, Identifier

FROM = Rule.FROM_INTACCT

OBJECT = SyncedObject(
    name="price_book",
    label="Price book and Order Entry price list",
    salesforce=End("Pricebook2", "Name", external_id="ia_crm__Intacct_Key__c"),
    intacct=End("order-entry/price-list", "id"),
    creates=Creates.FROM_INTACCT,
    link_key=None,
    match_by=("id",),
    match_salesforce=("Name",),
    key_width=100,
    keys_for=lambda source: tuple(str(source[name]) for name in ("Name",) if source.get(name)),
    designated=Designated(BASE_PRICE_LIST.name, "IsStandard"),
    source_wins=True,
    retires=True,
    defaults={"startDate": date(2000, 1, 1), "endDate": date(2099, 12, 31)},
    write_back=WriteBack(intacct_id="ia_crm__Intacct_Price_List__c", id_copy="ia_crm__SFDC_Pricebook_Id__c"),
    options=(ENABLED, PRICE_SOURCE, BASE_PRICE_LIST, POLL_SALESFORCE),
    fields=(
        Field("id", "Name", FROM, Identifier(100), Mark.FIXED, required=True),
        Field("status", "IsActive", FROM, Flag("active", "inactive")),
        Field("startDate", "ia_crm__Start_Date__c", FROM, Day()),
        Field("endDate", "ia_crm__End_Date__c", FROM, Day()),
    ),
)
