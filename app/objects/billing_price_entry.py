"""Billing prices of contracts and price book entries: they come from Intacct, which keeps usage prices to itself.

One per product, book and currency (product.md 3.3). Of the dated rows inside an item the one in force comes.
"""

from collections.abc import Mapping
from decimal import Decimal

from app.domain.declaration import ENABLED, Creates, End, Field, Mark, Rule, SyncedObject, WriteBack
from app.domain.records import Value
from app.domain.transforms import Amount, Filled, Flag, Identifier, Reference

FROM = Rule.FROM_INTACCT
ROW = "CONTRACTITEMPRICELISTENTRIES.CONTRACTITEMPRICELISTENTRY."
USAGE = (ROW + "VARUNITRATE", ROW + "INCLUDEDUNITS")


def usage_stays(values: Mapping[str, Value]) -> frozenset[str]:
    """The price of an item that is priced by usage is no price of Salesforce's."""
    priced = any(values.get(name) not in (None, Decimal(0)) for name in USAGE)
    return frozenset({ROW + "VALUE"}) if priced else frozenset()


OBJECT = SyncedObject(
    name="billing_price_entry",
    label="Price book entry and billing price",
    salesforce=End("PricebookEntry", "Id", external_id="ia_crm__Intacct_Billing_Key__c"),
    intacct=End("CONTRACTITEMPRICELIST", "RECORDNO"),
    creates=Creates.FROM_INTACCT,
    link_key=None,
    match_by=("RECORDNO",),
    match_salesforce=("Product2Id", "Pricebook2Id", "CurrencyIsoCode"),
    daily=True,
    source_wins=True,
    consults=USAGE[1:],
    withhold=usage_stays,
    write_back=WriteBack(intacct_id="ia_crm__Intacct_Billing_Price__c"),
    options=(ENABLED,),
    fields=(
        Field("ITEMID", "Product2Id", FROM, Reference(), Mark.FIXED, refers_to="product", required=True),
        Field("PRICELISTNAME", "Pricebook2Id", FROM, Reference(), Mark.FIXED, "billing_price_book", required=True),
        Field("CURRENCY", "CurrencyIsoCode", FROM, Identifier(3), Mark.FIXED),
        Field(ROW + "VALUE", "UnitPrice", FROM, Amount(), Mark.FIXED, default=Decimal(0)),
        Field("STATUS", "IsActive", FROM, Flag("active", "inactive")),
        Field(USAGE[0], "ia_crm__Usage_Priced__c", FROM, Filled(), Mark.FORMULA),
    ),
)
