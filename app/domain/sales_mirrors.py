"""The read-only mirrors of Order Entry in Salesforce: one declaration for all categories of classic definitions."""

from app.domain.declaration import ENABLED, Creates, End, Kind, Lines, SyncedObject, WriteBack
from app.domain.sales import HEADER, LINE, shown_only
from app.domain.transactions import Category, Defined


def sales_mirror(name: str, label: str, stem: str, category: Category) -> SyncedObject:
    """The mirror of one category. `stem` is the Salesforce object without `__c`; its lines are `_Item__c`."""
    return SyncedObject(
        name=name,
        label=label,
        kind=Kind.MIRROR,
        salesforce=End(f"{stem}__c", "Name", external_id="ia_crm__Intacct_Key__c"),
        intacct=End("SODOCUMENT", "DOCID"),
        creates=Creates.FROM_INTACCT,
        link_key=None,
        match_by=("DOCID",),
        key_width=140,
        defined=Defined("DOCPARID", category),
        source_wins=True,
        write_back=WriteBack(intacct_id="ia_crm__Document_ID__c"),
        options=(ENABLED,),
        fields=shown_only(HEADER),
        lines=Lines(
            salesforce=f"{stem}_Item__c",
            parent=f"{stem}__c",
            key="ia_crm__Intacct_Line_Key__c",
            intacct="SODOCUMENTENTRY",
            header="DOCHDRNO",
            number="LINE_NO",
            path="SODOCUMENTENTRIES.SODOCUMENTENTRY",
            external_id="ia_crm__Intacct_Key__c",
            fields=shown_only(LINE),
        ),
    )
