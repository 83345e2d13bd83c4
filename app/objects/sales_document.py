"""Sales documents of Order Entry, the advanced workflow: made and edited on either side, with lines.

product.md 2.2 no. 7 and 3.3. EXTERNALID bears our key; a document is known by DOCID, never by its AR invoice.
"""

from app.domain.declaration import ENABLED, Creates, End, Kind, Lines, SyncedObject, WriteBack
from app.domain.sales import (
    COUNT,
    DUE,
    HEADER,
    LINE,
    LINE_PRICES,
    ONE_TO_ONE,
    ORDER_REPLACES,
    QUOTE_AMOUNT,
    QUOTE_WITH_TAX,
    SOURCE_LINE,
    TERM,
    USAGE_PRICED,
    priced_by_intacct,
    sound,
    takes_no_edits,
)
from app.domain.transactions import Defined

OBJECT = SyncedObject(
    name="sales_document",
    label="Sales document",
    kind=Kind.DOCUMENT,
    money=True,
    salesforce=End("ia_crm__Sales_Document__c", "Name", external_id="ia_crm__Intacct_Key__c"),
    intacct=End("SODOCUMENT", "DOCID"),
    creates=Creates.BOTH,
    link_key="EXTERNALID",
    key_width=140,
    defined=Defined("DOCPARID"),
    update_needs=("DOCID",),
    closed=takes_no_edits,
    opportunity="ia_crm__Opportunity__c",
    also_read=("ia_crm__Opportunity__c",),
    entity="ia_crm__Intacct_Entity__c",
    write_back=WriteBack(intacct_id="ia_crm__Document_ID__c"),
    options=(ENABLED, LINE_PRICES, QUOTE_AMOUNT, QUOTE_WITH_TAX, ORDER_REPLACES, ONE_TO_ONE),
    fields=HEADER,
    lines=Lines(
        salesforce="ia_crm__Sales_Document_Item__c",
        parent="ia_crm__Sales_Document__c",
        key="ia_crm__Intacct_Line_Key__c",
        intacct="SODOCUMENTENTRY",
        header="DOCHDRNO",
        number="LINE_NO",
        path="SODOCUMENTENTRIES.SODOCUMENTENTRY",
        needs=(TERM, DUE, COUNT),
        check=sound,
        edits=True,
        consults=(USAGE_PRICED, SOURCE_LINE),
        left_to_intacct=priced_by_intacct,
        external_id="ia_crm__Intacct_Key__c",
        fields=LINE,
    ),
)
