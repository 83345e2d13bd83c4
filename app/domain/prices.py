"""Price books and their entries: what is the same whichever of Intacct's price lists they are the twins of.

A declaration names its own kinds, fields and rules; what is said here holds for Order Entry and for contract billing.
"""

from collections.abc import Mapping

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
from app.domain.records import Value
from app.domain.transforms import Amount, Flag, Identifier, Reference

FROM = Rule.FROM_INTACCT
ACTIVE = Flag("active", "inactive")


def by_name(source: Mapping[str, Value]) -> tuple[str, ...]:
    """The name of a book is the natural key of its list."""
    return tuple(str(source[name]) for name in ("Name",) if source.get(name))


def price_book(
    name: str, label: str, *, intacct: End, external_id: str, shown: str, status: str, more: tuple[Field, ...]
) -> SyncedObject:
    """A price book and a price list of one name (product.md 2.2, 3.3).

    The price source decides the direction; an edit on the other side is written over. The list that the option names is
    the twin of the standard book, whatever that is called. Nothing is deleted: what goes is made inactive. `shown` is
    the Salesforce field that names the list, `status` the list's own field.
    """
    return SyncedObject(
        name=name,
        label=label,
        salesforce=End("Pricebook2", "Name", external_id=external_id),
        intacct=intacct,
        creates=Creates.FROM_INTACCT,
        link_key=None,
        match_by=(intacct.natural_key,),
        match_salesforce=("Name",),
        key_width=100,
        keys_for=by_name,
        designated=Designated(BASE_PRICE_LIST.name, "IsStandard"),
        source_wins=True,
        retires=True,
        write_back=WriteBack(intacct_id=shown, id_copy="ia_crm__SFDC_Pricebook_Id__c"),
        options=(ENABLED, PRICE_SOURCE, BASE_PRICE_LIST, POLL_SALESFORCE),
        fields=(
            Field(intacct.natural_key, "Name", FROM, Identifier(100), Mark.FIXED, required=True),
            Field(status, "IsActive", FROM, ACTIVE),
            *more,
        ),
    )


def price_entry(
    name: str,
    label: str,
    *,
    intacct: End,
    external_id: str,
    shown: str,
    names: tuple[str, str, str, str],
    book: str,
    price: Field,
    more: tuple[Field, ...],
) -> SyncedObject:
    """A price of one product in one book and currency (product.md 3.3).

    `names` are Intacct's fields for item, price list, currency and status, `book` is the object of the list. What a
    price means changes with the date, so its feed is read whole once a day. An org of one currency has no field for it,
    and the row rests.
    """
    item, price_list, currency, status = names
    return SyncedObject(
        name=name,
        label=label,
        salesforce=End("PricebookEntry", "Id", external_id=external_id),
        intacct=intacct,
        creates=Creates.FROM_INTACCT,
        link_key=None,
        match_by=(item,),
        match_within=(price_list, currency),
        match_salesforce=("Product2Id", "Pricebook2Id", "CurrencyIsoCode"),
        daily=True,
        source_wins=True,
        retires=True,
        write_back=WriteBack(intacct_id=shown),
        options=(ENABLED, PRICE_SOURCE, POLL_SALESFORCE),
        fields=(
            Field(item, "Product2Id", FROM, Reference(), Mark.FIXED, refers_to="product", required=True),
            Field(price_list, "Pricebook2Id", FROM, Reference(), Mark.FIXED, refers_to=book, required=True),
            Field(currency, "CurrencyIsoCode", FROM, Identifier(3), Mark.FIXED),
            price,
            Field(status, "IsActive", FROM, ACTIVE),
            *more,
        ),
    )


def unit_price(intacct: str, *, required: bool = False, default: Value = None) -> Field:
    """The row of the price itself."""
    return Field(intacct, "UnitPrice", FROM, Amount(), Mark.FIXED, required=required, default=default)
