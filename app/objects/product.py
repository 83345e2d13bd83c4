"""Product and item: one chosen direction, by default from Intacct (product.md 2.2 no. 3, 3.3)."""

from app.domain.declaration import (
    CREATE_AT_TOP_LEVEL,
    DIRECTION,
    ENABLED,
    POLL_SALESFORCE,
    Creates,
    End,
    Field,
    Mark,
    Rule,
    SyncedObject,
    WriteBack,
)
from app.domain.lists import same_words
from app.domain.transforms import Amount, Flag, Identifier, Text, Truth

FROM = Rule.FROM_INTACCT
ITEM_TYPES = (
    "Inventory",
    "Non-Inventory",
    "Non-Inventory (Purchase only)",
    "Non-Inventory (Sales only)",
    "Kit",
    "Stockable Kit",
)
COST_METHODS = ("Standard", "Average", "FIFO", "LIFO")

OBJECT = SyncedObject(
    name="product",
    label="Product and item",
    salesforce=End("Product2", "ProductCode", external_id="ia_crm__Intacct_Key__c"),
    intacct=End("ITEM", "ITEMID"),
    creates=Creates.FROM_INTACCT,
    match_by=("ITEMID",),
    must_agree=("NAME",),
    update_needs=("NAME",),
    match_salesforce=("ProductCode", "Name"),
    link_key=None,
    key_width=30,
    keys_for=lambda source: tuple(str(source[name]) for name in ("ProductCode",) if source.get(name)),
    defaults={"ITEMTYPE": "Non-Inventory (Sales only)"},
    write_back=WriteBack(intacct_id="ProductCode", id_copy="ia_crm__SFDC_Product_Id__c"),
    options=(ENABLED, DIRECTION, CREATE_AT_TOP_LEVEL, POLL_SALESFORCE),
    entity="ia_crm__Intacct_Entity__c",
    fields=(
        Field("ITEMID", "ProductCode", FROM, Identifier(30), Mark.FIXED),
        Field("NAME", "Name", FROM, Text(100), Mark.FIXED, required=True),
        Field("ITEMTYPE", "ia_crm__Item_Type__c", FROM, same_words(ITEM_TYPES), Mark.FIXED),
        Field("MEGAENTITYID", "ia_crm__Intacct_Entity__c", FROM, Identifier(20), refers_to="location"),
        Field("STATUS", "IsActive", FROM, Flag("active", "inactive")),
        Field("EXTENDED_DESCRIPTION", "Description", FROM, Text(1000)),
        Field("SODESCRIPTION", "ia_crm__Description_on_Sales_Transactions__c", FROM, Text(1000)),
        Field("PRODUCTLINEID", "Family", FROM, Identifier(80)),
        Field("GLGROUP", "ia_crm__Item_GL_Group__c", FROM, Identifier(80)),
        Field("UOMGRP", "ia_crm__Unit_of_Measure__c", FROM, Identifier(80)),
        Field("COST_METHOD", "ia_crm__Cost_Method__c", FROM, same_words(COST_METHODS)),
        Field("STANDARD_COST", "ia_crm__Standard_Cost__c", FROM, Amount()),
        Field("BASEPRICE", "ia_crm__Base_Price__c", FROM, Amount()),
        Field("TAXABLE", "ia_crm__Taxable__c", FROM, Truth()),
        Field("TAXGROUP", "ia_crm__Tax_Group__c", FROM, Identifier(80)),
        Field("MRR", "ia_crm__MRR__c", FROM, Truth()),
        Field(
            "DEFAULTREVRECTEMPLKEY",
            "ia_crm__Revenue_Recognition_Template__c",
            FROM,
            Identifier(80),
            refers_to="revenue_template_oe",
        ),
        Field("HASSTARTENDDATES", "ia_crm__Has_Start_and_End_Dates__c", FROM, Truth()),
        Field("UPC", "StockKeepingUnit", FROM, Identifier(30), active=False),
    ),
)
