"""Order Entry price list and price book, over REST; the price source decides the direction (product.md 2.2, 3.3)."""

from dataclasses import replace
from datetime import date

from app.domain.declaration import End, Field
from app.domain.prices import FROM, price_book
from app.domain.transforms import Day

OBJECT = replace(
    price_book(
        "price_book",
        "Price book and Order Entry price list",
        intacct=End("order-entry/price-list", "id"),
        external_id="ia_crm__Intacct_Key__c",
        shown="ia_crm__Intacct_Price_List__c",
        status="status",
        more=(
            Field("startDate", "ia_crm__Start_Date__c", FROM, Day()),
            Field("endDate", "ia_crm__End_Date__c", FROM, Day()),
        ),
    ),
    defaults={"startDate": date(2000, 1, 1), "endDate": date(2099, 12, 31)},
)
