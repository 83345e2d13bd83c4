"""Managed lists: what Intacct owns, Salesforce only shows and picks from. One declaration line per list and field."""

from collections.abc import Iterable

from app.domain.declaration import ENABLED, Creates, End, Field, Kind, Mark, Option, Rule, SyncedObject, WriteBack
from app.domain.transforms import Constant, Flag, Identifier, Pick, Text, Transform

STATUS_TEXT = Pick((("active", "Active"), ("inactive", "Inactive")))
STATUS_FLAG = Flag("active", "inactive")


def same_words(words: Iterable[str]) -> Pick:
    """A value map of words that both sides spell alike: any other word is an error that names it."""
    return Pick(tuple((word, word) for word in words))


def managed_list(
    name: str,
    label: str,
    *,
    intacct: tuple[str, str, str],
    salesforce: tuple[str, str],
    status: Transform = STATUS_TEXT,
    more: tuple[Field, ...] = (),
    among: tuple[str, ...] = (),
    options: tuple[Option, ...] = (),
) -> SyncedObject:
    """The declaration of a list.

    `intacct` is kind, key field and label field; `salesforce` is the object and the field that holds the key. All rows
    are fixed and come from Intacct (product.md 3.4); an edit in Salesforce is put right at the next reading. `among`
    are the fields, of rows in `more`, that tell the records of this list from others in the same Salesforce object.
    """
    kind, key, title = intacct
    object_name, key_field = salesforce
    titled = (Field(title, "Name", Rule.FROM_INTACCT, Text(80), Mark.FIXED),) if title != key else ()
    return SyncedObject(
        name=name,
        label=label,
        kind=Kind.MANAGED_LIST,
        salesforce=End(object_name, key_field, external_id="ia_crm__Intacct_Key__c"),
        intacct=End(kind, key),
        creates=Creates.FROM_INTACCT,
        match_by=(key,),
        match_salesforce=(key_field, *among),
        link_key=None,
        write_back=WriteBack(intacct_id=key_field, status=None, errors=None, synced_at=None),
        options=(ENABLED, *options),
        fields=(
            Field(key, key_field, Rule.FROM_INTACCT, Identifier(80), Mark.FIXED),
            *titled,
            Field("STATUS", "ia_crm__Status__c", Rule.FROM_INTACCT, status, Mark.FIXED),
            *more,
        ),
    )


def list_value(name: str, label: str, *, intacct: tuple[str, str, str]) -> SyncedObject:
    """The declaration of a small list whose values stand, with those of the others, in one Salesforce object.

    `ia_crm__List__c` there bears the label and tells the lists apart.
    """
    _, key, title = intacct
    which = Field((), "ia_crm__List__c", Rule.FROM_INTACCT, Constant(label), Mark.FIXED)
    return managed_list(
        name,
        label,
        intacct=intacct,
        salesforce=("ia_crm__Intacct_List_Value__c", "Name" if key == title else "ia_crm__Value_ID__c"),
        more=(which,),
        among=("ia_crm__List__c",),
    )
