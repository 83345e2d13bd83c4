"""Billing prices of contracts and price book entries: one per product, book and currency (product.md 3.3).

Of the dated rows inside an item the one in force counts. Prices by usage are Intacct's, whichever the price source.
Where an entry is the twin of an Order Entry price too, that one gives the price.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from app.domain.dated import DatedRows
from app.domain.declaration import End, Field, Mark, Yields
from app.domain.prices import FROM, price_entry, unit_price
from app.domain.records import Value
from app.domain.transforms import Filled

PATH = "CONTRACTITEMPRICELISTENTRIES.CONTRACTITEMPRICELISTENTRY"
VALUE = f"{PATH}.VALUE"
TIERS = f"{PATH}.CONTRACTITEMPRCLSTENTYTIERS.CONTRACTITEMPRCLSTENTYTIER.TIERRATE"
USAGE = (f"{PATH}.VARUNITRATE", f"{PATH}.INCLUDEDUNITS", TIERS)


def usage_stays(values: Mapping[str, Value]) -> frozenset[str]:
    """The price of an item that is priced by usage is no price of Salesforce's."""
    priced = any(values.get(name) not in (None, Decimal(0)) for name in USAGE)
    return frozenset({VALUE}) if priced else frozenset()


OBJECT = replace(
    price_entry(
        "billing_price_entry",
        "Price book entry and billing price",
        intacct=End("CONTRACTITEMPRICELIST", "RECORDNO"),
        external_id="ia_crm__Intacct_Billing_Key__c",
        shown="ia_crm__Intacct_Billing_Price__c",
        names=("ITEMID", "PRICELISTNAME", "CURRENCY", "STATUS"),
        book="billing_price_book",
        price=unit_price(VALUE, default=Decimal(0)),
        more=(Field(USAGE, "ia_crm__Usage_Priced__c", FROM, Filled(), Mark.FORMULA),),
    ),
    dated=DatedRows(
        PATH,
        "STARTDATE",
        first={
            "STARTDATE": date(2000, 1, 1),
            "VALUE": Decimal(0),
            "INCLUDEDUNITS": Decimal(0),
            "VARUNITRATE": Decimal(0),
        },
        keeps=("VALUE", "INCLUDEDUNITS", "VARUNITRATE", "MEMO"),
        bars=("INCLUDEDUNITS", "VARUNITRATE"),
    ),
    consults=USAGE,
    withhold=usage_stays,
    prepare=lambda source, values: {"ITMPRCLSTTYP": "Range", "VARUNITDIVSR": Decimal(1)},
    yields=Yields("price_book_entry", ("UnitPrice", "IsActive")),
)
