"""Order Entry prices and price book entries, over REST: one per product, book and currency (product.md 3.3).

Several dated entries of Intacct stand for one in Salesforce, which shows the one in force.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from app.domain.declaration import (
    ENABLED,
    POLL_SALESFORCE,
    PRICE_SOURCE,
    Creates,
    End,
    Field,
    Mark,
    Rule,
    SyncedObject,
    WriteBack,
)
from app.domain.records import Value
from app.domain.stages import Stages
from app.domain.transforms import Amount, Day, Flag, Identifier, Reference

FROM = Rule.FROM_INTACCT


def no_price(values: Mapping[str, Value]) -> str | None:
    """Why an entry is no plain price: it marks up or down, or holds from some quantity on only."""
    kind, least = values.get("valueType"), values.get("minimumQuantity")
    if kind not in (None, "actual"):
        return f"The price list entry holds no price but a {kind}."
    if isinstance(least, Decimal) and least > 1:
        return f"The price holds from a quantity of {least} on; Salesforce has one price per product."
    return None


OBJECT = SyncedObject(
    name="price_book_entry",
    label="Price book entry and Order Entry price",
    salesforce=End("PricebookEntry", "Id", external_id="ia_crm__Intacct_Key__c"),
    intacct=End("order-entry/price-list-entry", "id"),
    creates=Creates.FROM_INTACCT,
    link_key=None,
    match_by=("item.id",),
    match_within=("priceList.id", "currency"),
    match_salesforce=("Product2Id", "Pricebook2Id", "CurrencyIsoCode"),
    stages=Stages(("item.id", "priceList.id", "currency"), "startDate", "endDate"),
    daily=True,
    source_wins=True,
    retires=True,
    consults=("valueType", "minimumQuantity"),
    refuse=no_price,
    defaults={"startDate": date(2000, 1, 1), "endDate": date(2099, 12, 31)},
    prepare=lambda source, values: {"valueType": "actual"},
    write_back=WriteBack(intacct_id="ia_crm__Intacct_Price__c"),
    options=(ENABLED, PRICE_SOURCE, POLL_SALESFORCE),
    fields=(
        Field("item.id", "Product2Id", FROM, Reference(), Mark.FIXED, refers_to="product", required=True),
        Field("priceList.id", "Pricebook2Id", FROM, Reference(), Mark.FIXED, refers_to="price_book", required=True),
        Field("currency", "CurrencyIsoCode", FROM, Identifier(3), Mark.FIXED),
        Field("value", "UnitPrice", FROM, Amount(), Mark.FIXED, required=True),
        Field("status", "IsActive", FROM, Flag("active", "inactive")),
        Field("startDate", "ia_crm__Start_Date__c", FROM, Day()),
        Field("endDate", "ia_crm__End_Date__c", FROM, Day()),
    ),
)
