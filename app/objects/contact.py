"""Contact to contact (product.md 2.2 no. 2, 3.3). The Intacct name is made once and never changed."""

from collections.abc import Mapping

from app.domain.declaration import (
    ON_DELETE,
    POLL_SALESFORCE,
    SYNC_ONLY_ONCE,
    End,
    Field,
    Mark,
    Rule,
    SyncedObject,
    WriteBack,
)
from app.domain.records import Value
from app.domain.transforms import Flag, Identifier, Street, Text, Truth, clean

TO, FROM = Rule.TO_INTACCT, Rule.FROM_INTACCT
MAIL = "MAILADDRESS"


def contact_names(source: Mapping[str, Value]) -> tuple[str, ...]:
    """Names for the Intacct contact, best first: the person's name, then the name with the end of the Salesforce id."""
    name = (clean(source.get("Name")) or "")[:180].rstrip()
    return (name, f"{name} {str(source['Id'])[9:15]}") if name else ()


def of_a_person(source: Mapping[str, Value]) -> tuple[str, str] | None:
    """The contact of a person account is written through its account, never twice."""
    if not source.get("IsPersonAccount"):
        return None
    return "person_account", "The contact belongs to a person account, which is synced as an account."


OBJECT = SyncedObject(
    name="contact",
    label="Contact to contact",
    salesforce=End("Contact", "Name"),
    intacct=End("CONTACT", "CONTACTNAME"),
    match_by=("CONTACTNAME",),
    key_width=200,
    keys_for=contact_names,
    also_read=("AccountId", "CreatedDate", "IsPersonAccount"),
    merges=True,
    passes_over=of_a_person,
    options=(SYNC_ONLY_ONCE, POLL_SALESFORCE, ON_DELETE),
    write_back=WriteBack(intacct_id="ia_crm__Intacct_Contact_Name__c", id_copy="ia_crm__SFDC_Contact_Id__c"),
    fields=(
        Field("PRINTAS", "Name", TO, Text(200), Mark.FIXED, required=True),
        Field("COMPANYNAME", "Account.Name", TO, mark=Mark.FIXED),
        Field("PREFIX", "Salutation", via=Text(15)),
        Field("FIRSTNAME", "FirstName", via=Text(40)),
        Field("INITIAL", "MiddleName", via=Text(40)),
        Field("LASTNAME", "LastName", via=Text(40), keep_filled=True),
        Field("EMAIL1", "Email", via=Identifier(200, back=80)),
        Field("EMAIL2", "ia_crm__Email_2__c", via=Identifier(200, back=80)),
        Field("PHONE1", "Phone", via=Text(30)),
        Field("PHONE2", "OtherPhone", via=Text(30)),
        Field("CELLPHONE", "MobilePhone", via=Text(30)),
        Field("FAX", "Fax", via=Text(30)),
        Field(tuple(f"{MAIL}.ADDRESS{n}" for n in (1, 2, 3)), "MailingStreet", via=Street()),
        Field(f"{MAIL}.CITY", "MailingCity", via=Text(80)),
        Field(f"{MAIL}.STATE", "MailingState", via=Text(40)),
        Field(f"{MAIL}.ZIP", "MailingPostalCode", via=Text(30)),
        Field(f"{MAIL}.COUNTRY", "MailingCountry", via=Text(60)),
        Field("URL1", "ia_crm__URL__c", via=Text(100), active=False),
        Field("TAXABLE", "ia_crm__Taxable__c", via=Truth()),
        Field("TAXGROUP", "ia_crm__Tax_Group__c", via=Identifier(100)),
        Field("STATUS", "ia_crm__Intacct_Status__c", FROM, Flag("active", "inactive")),
    ),
)
