"""AR invoices: what Intacct bills, shown in Salesforce with what is paid and due (product.md 3.3). A mirror.

An invoice that Order Entry posts is made anew, with a new RECORDNO, whenever its document is edited: it is known by
the document's DOCID, and its Salesforce record stays. One that was born in AR is known by its RECORDNO.
"""

from app.domain.declaration import (
    ENABLED,
    INCLUDE_DETAILS,
    Creates,
    End,
    Field,
    Kind,
    Lasting,
    Lines,
    Mark,
    Rule,
    SyncedObject,
    WriteBack,
)
from app.domain.transforms import Amount, Constant, Day, Identifier, Quantity, Reference, Text

LOOK_UPS = (
    ("ACCOUNTNO", "Intacct_Account", "gl_account"),
    ("ITEMID", "Item", "product"),
    ("LOCATIONID", "Intacct_Location", "location"),
    ("DEPARTMENTID", "Department", "department"),
    ("CLASSID", "Class", "classification"),
    ("PROJECTID", "Project", "project"),
    ("EMPLOYEEID", "Employee", "employee"),
    ("CUSTOMERID", "Account", "account"),
)
FROM, FIXED, FORMULA = Rule.FROM_INTACCT, Mark.FIXED, Mark.FORMULA

OBJECT = SyncedObject(
    name="invoice",
    label="Invoice",
    kind=Kind.MIRROR,
    salesforce=End("ia_crm__Sales_Invoice__c", "Name", external_id="ia_crm__Intacct_Key__c"),
    intacct=End("ARINVOICE", "SODOCUMENT.DOCID"),
    lasting=Lasting(when=("MODULEKEY", "8.SO")),
    creates=Creates.FROM_INTACCT,
    link_key=None,
    match_by=("SODOCUMENT.DOCID",),
    match_salesforce=("ia_crm__Document_Key__c",),
    source_wins=True,
    gone_as=("STATE", "Deleted"),
    write_back=WriteBack(intacct_id="ia_crm__Document_Key__c"),
    options=(ENABLED, INCLUDE_DETAILS),
    fields=(
        Field("RECORDID", "Name", FROM, Identifier(45), FIXED, keep_filled=True),
        Field("RECORDNO", "ia_crm__AR_Record_Key__c", FROM, Identifier(40), FIXED),
        Field("CUSTOMERID", "ia_crm__Account__c", FROM, Reference(), FIXED, refers_to="account"),
        Field("WHENCREATED", "ia_crm__Document_Date__c", FROM, Day(), FIXED),
        Field("CURRENCY", "CurrencyIsoCode", FROM, Identifier(3), FIXED),
        Field("WHENPOSTED", "ia_crm__GL_Posting_Date__c", FROM, Day()),
        Field("WHENDUE", "ia_crm__Due_Date__c", FROM, Day()),
        Field("TERMNAME", "ia_crm__Term__c", FROM, Identifier(40), refers_to="term"),
        Field("DOCNUMBER", "ia_crm__Reference_Number__c", FROM, Identifier(120)),
        Field("DESCRIPTION", "ia_crm__Message__c", FROM, Text(1000)),
        Field("BILLTO.CONTACTNAME", "ia_crm__Bill_to__c", FROM, Identifier(200), refers_to="contact"),
        Field("SHIPTO.CONTACTNAME", "ia_crm__Ship_to__c", FROM, Identifier(200), refers_to="contact"),
        Field("TRX_TOTALENTERED", "ia_crm__Invoice_Amount__c", FROM, Amount(), FORMULA),
        Field("TRX_TOTALPAID", "ia_crm__Amount_Paid__c", FROM, Amount(), FORMULA),
        Field("TRX_TOTALDUE", "ia_crm__Amount_Due__c", FROM, Amount(), FORMULA),
        Field("TOTALENTERED", "ia_crm__Base_Invoice_Amount__c", FROM, Amount(), FORMULA),
        Field("TOTALPAID", "ia_crm__Base_Amount_Paid__c", FROM, Amount(), FORMULA),
        Field("TOTALDUE", "ia_crm__Base_Amount_Due__c", FROM, Amount(), FORMULA),
        Field("BASECURR", "ia_crm__Base_Currency__c", FROM, Identifier(3), FORMULA),
        Field("STATE", "ia_crm__Payment_Status__c", FROM, Identifier(40), FORMULA),
        Field("WHENPAID", "ia_crm__Paid_Date__c", FROM, Day(), FORMULA),
        Field("MODULEKEY", "ia_crm__Source_Module__c", FROM, Identifier(10), FORMULA),
        Field("MEGAENTITYID", "ia_crm__Intacct_Entity__c", FROM, Identifier(20), refers_to="location"),
    ),
    mirrored=Lines(
        salesforce="ia_crm__Sales_Invoice_Item__c",
        parent="ia_crm__Sales_Invoice__c",
        key="ia_crm__Intacct_Key__c",
        intacct="ARINVOICEITEM",
        header="RECORDKEY",
        number="LINE_NO",
        path="",
        fields=(
            Field("RECORDNO", "ia_crm__Intacct_Line_Key__c", FROM, Identifier(40), FIXED),
            Field("LINE_NO", "ia_crm__Line_Number__c", FROM, Quantity(), FIXED),
            Field((), "ia_crm__Status__c", FROM, Constant("Active", ("Inactive",)), FIXED),
            Field("ENTRYDESCRIPTION", "ia_crm__Memo__c", FROM, Text(255)),
            Field("TRX_AMOUNT", "ia_crm__Extended_Price__c", FROM, Amount()),
            Field(
                "REVRECTEMPLATE",
                "ia_crm__Revenue_Recognition_Template__c",
                FROM,
                Identifier(80),
                refers_to="revenue_template_oe",
            ),
            *(Field(field, f"ia_crm__{name}__c", FROM, Identifier(40), refers_to=o) for field, name, o in LOOK_UPS),
        ),
    ),
)
