"""Billing price list of contracts and price book; the price source decides the direction (product.md 2.2, 3.3).

Where a book is the twin of an Order Entry price list too, that one says whether the book is active.
"""

from dataclasses import replace

from app.domain.declaration import End, Field, Yields
from app.domain.prices import FROM, price_book
from app.domain.transforms import Text

OBJECT = replace(
    price_book(
        "billing_price_book",
        "Price book and billing price list",
        intacct=End("CONTRACTPRICELIST", "NAME"),
        external_id="ia_crm__Intacct_Billing_Key__c",
        shown="ia_crm__Intacct_Billing_Price_List__c",
        status="STATUS",
        more=(Field("DESCRIPTION", "Description", FROM, Text(255)),),
    ),
    yields=Yields("price_book", ("IsActive",)),
)
