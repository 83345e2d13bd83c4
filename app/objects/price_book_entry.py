"""Order Entry prices and price book entries, over REST: one per product, book and currency (product.md 3.3).

Several dated entries of Intacct stand for one in Salesforce, which shows the one in force.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from app.domain.declaration import End, Field
from app.domain.prices import FROM, price_entry, unit_price
from app.domain.records import Value
from app.domain.stages import Stages
from app.domain.transforms import Day


def no_price(values: Mapping[str, Value]) -> str | None:
    """Why an entry is no plain price: it marks up or down, or holds from some quantity on only."""
    kind, least = values.get("valueType"), values.get("minimumQuantity")
    if kind not in (None, "actual"):
        return f"The price list entry holds no price but a {kind}."
    if isinstance(least, Decimal) and least > 1:
        return f"The price holds from a quantity of {least} on; Salesforce has one price per product."
    return None


OBJECT = replace(
    price_entry(
        "price_book_entry",
        "Price book entry and Order Entry price",
        intacct=End("order-entry/price-list-entry", "id"),
        external_id="ia_crm__Intacct_Key__c",
        shown="ia_crm__Intacct_Price__c",
        names=("item.id", "priceList.id", "currency", "status"),
        book="price_book",
        price=unit_price("value", required=True),
        more=(
            Field("startDate", "ia_crm__Start_Date__c", FROM, Day()),
            Field("endDate", "ia_crm__End_Date__c", FROM, Day()),
        ),
    ),
    stages=Stages(("item.id", "priceList.id", "currency"), "startDate", "endDate"),
    consults=("valueType", "minimumQuantity"),
    refuse=no_price,
    defaults={"startDate": date(2000, 1, 1), "endDate": date(2099, 12, 31)},
    prepare=lambda source, values: {"valueType": "actual"},
)
