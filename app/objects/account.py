"""Account to customer. Accounts create customers; customers never create accounts (product.md 2.2 no. 1, 3.3)."""

from collections.abc import Mapping

from app.domain.declaration import (
    CREATE_AT_TOP_LEVEL,
    ON_DELETE,
    POLL_SALESFORCE,
    SYNC_ONLY_ONCE,
    Companion,
    End,
    Field,
    Mark,
    Option,
    Rule,
    SyncedObject,
    WriteBack,
)
from app.domain.records import Value
from app.domain.transforms import Amount, Choices, Flag, Identifier, Reference, Street, Text, Truth

TO, FROM = Rule.TO_INTACCT, Rule.FROM_INTACCT
MAIL = "MAILADDRESS"


def complete(source: Mapping[str, Value], values: Mapping[str, Value]) -> Mapping[str, Value]:
    """What Intacct needs of a new customer beyond the rows: the display contact's printed name and company.

    The display contact's own name is left to Intacct, which forms `NAME(CCUSTOMERID)`.
    """
    return {"DISPLAYCONTACT.PRINTAS": values["NAME"], "DISPLAYCONTACT.COMPANYNAME": values["NAME"], "STATUS": "active"}


def as_named(values: Mapping[str, Value]) -> Mapping[str, Value]:
    """A person account bears the name of the person."""
    if not values.get("IsPersonAccount"):
        return {}
    return {"Name": " ".join(str(part) for name in ("FirstName", "LastName") if (part := values.get(name)))}


def never_returned(values: Mapping[str, Value]) -> frozenset[str]:
    """Salesforce works the name of a person account out itself: Intacct's cannot be written there."""
    return frozenset({"NAME"} if values.get("IsPersonAccount") else ())


def address_contact(role: str, letter: str, prefix: str) -> Companion:
    """The contact made from an account's address when no contact is looked up for the role."""
    address = {part: f"{prefix}{part}" for part in ("Street", "City", "State", "PostalCode", "Country")}
    return Companion(
        name=role,
        kind="CONTACT",
        key_field="CONTACTNAME",
        key=letter + "_{id}",
        link=f"{role}.CONTACTNAME",
        unless=f"ia_crm__{'Bill_to' if role == 'BILLTO' else 'Ship_to'}_Contact__c",
        needs=tuple(address.values()),
        fields=(
            Field("PRINTAS", "Name", TO, Text(200)),
            Field("COMPANYNAME", "Name", TO),
            Field(tuple(f"{MAIL}.ADDRESS{n}" for n in (1, 2, 3)), address["Street"], TO, Street()),
            Field(f"{MAIL}.CITY", address["City"], TO, Text(80)),
            Field(f"{MAIL}.STATE", address["State"], TO, Text(40)),
            Field(f"{MAIL}.ZIP", address["PostalCode"], TO, Text(30)),
            Field(f"{MAIL}.COUNTRY", address["Country"], TO, Text(60)),
        ),
    )


OBJECT = SyncedObject(
    name="account",
    label="Account to customer",
    salesforce=End("Account", "Name"),
    intacct=End("CUSTOMER", "CUSTOMERID"),
    match_by=("CUSTOMERID", "NAME"),
    also_read=("CreatedDate", "IsPersonAccount", "FirstName", "LastName"),
    flag="ia_crm__Sync_with_Intacct__c",
    entity="ia_crm__Intacct_Entity__c",
    merges=True,
    sees=as_named,
    sends_only=never_returned,
    prepare=complete,
    companions=(address_contact("BILLTO", "B", "Billing"), address_contact("SHIPTO", "S", "Shipping")),
    write_back=WriteBack(intacct_id="ia_crm__IntacctID__c", id_copy="ia_crm__SFDC_Account_Id__c"),
    options=(
        SYNC_ONLY_ONCE,
        CREATE_AT_TOP_LEVEL,
        POLL_SALESFORCE,
        Option(
            "addNewAccounts",
            True,
            "New accounts become customers when a flow or schedule brings them; accounts from before it was switched "
            "on do not. Off: only on demand, by button, mass tool, Apex or the checkbox Sync with Intacct.",
            dated=True,
        ),
        ON_DELETE,
        Option(
            "customerIdSource",
            "automatic",
            "automatic: the id found on the account, else the Intacct customer sequence. sequence: always the "
            "sequence. salesforce: always the id found on the account, which must be there.",
            ("automatic", "sequence", "salesforce"),
        ),
        Option(
            "createAddressContacts", True, "Accounts with addresses but no bill-to or ship-to contact get contacts."
        ),
        Option(
            "requireContacts",
            False,
            "An account becomes a customer only when a bill-to and a ship-to contact are looked up on it; none is made "
            "from its addresses.",
        ),
    ),
    fields=(
        Field("NAME", "Name", required=True),
        Field("CURRENCY", "CurrencyIsoCode", TO, Identifier(3), Mark.FIXED),
        Field("TERMNAME", "ia_crm__Term__c", via=Identifier(40), refers_to="term"),
        Field("CUSTTYPE", "ia_crm__Customer_Type__c", via=Identifier(80), refers_to="customer_type"),
        Field("TERRITORYID", "ia_crm__Territory__c", via=Identifier(20), refers_to="territory"),
        Field("CUSTREPID", "ia_crm__Sales_Rep__c", via=Identifier(20), refers_to="employee"),
        Field("TAXID", "ia_crm__Tax_ID__c", via=Identifier(20)),
        Field("RESALENO", "ia_crm__Resale_Number__c", via=Identifier(20)),
        Field("DELIVERY_OPTIONS", "ia_crm__Delivery_Options__c", via=Choices(("Print", "E-Mail"))),
        Field("DISPLAYCONTACT.TAXABLE", "ia_crm__Taxable__c", via=Truth()),
        Field("DISPLAYCONTACT.EMAIL1", "ia_crm__Email_ID__c", via=Identifier(200, back=80)),
        Field("DISPLAYCONTACT.PHONE1", "Phone", via=Text(30)),
        Field("DISPLAYCONTACT.FAX", "Fax", via=Text(30)),
        Field("DISPLAYCONTACT.URL1", "Website", via=Text(100)),
        Field("BILLTO.CONTACTNAME", "ia_crm__Bill_to_Contact__c", via=Reference(), refers_to="contact"),
        Field("SHIPTO.CONTACTNAME", "ia_crm__Ship_to_Contact__c", via=Reference(), refers_to="contact"),
        Field("PARENTID", "ParentId", TO, Reference(), refers_to="account"),
        Field("COMMENTS", "Description", TO, Text(1000), active=False),
        Field("MEGAENTITYID", "ia_crm__Intacct_Entity__c", FROM, Identifier(20), refers_to="location"),
        Field("STATUS", "ia_crm__Intacct_Status__c", FROM, Flag("active", "inactive")),
        Field("CREDITLIMIT", "ia_crm__Credit_Limit__c", FROM, Amount()),
        Field("ONHOLD", "ia_crm__On_Hold__c", FROM, Truth()),
        Field("GLGROUP", "ia_crm__Customer_GL_Group__c", FROM, Identifier(100)),
        Field("TOTALDUE", "ia_crm__Corp_Currency_Balance__c", FROM, Amount(), Mark.FORMULA),
    ),
)
