"""Does every account stand in Intacct once, as it should, and know it? Compared record by record, in both systems."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.transforms import Street, Text

NAME = Text(100)
ADDRESS = {
    "City": ("CITY", Text(80)),
    "State": ("STATE", Text(40)),
    "PostalCode": ("ZIP", Text(30)),
    "Country": ("COUNTRY", Text(60)),
}
ROLES = {"Billing": "BILLTO", "Shipping": "SHIPTO"}


def wrong_accounts(
    ids: Sequence[str],
    accounts: Sequence[Mapping[str, Any]],
    customers: Sequence[Mapping[str, Any]],
    contacts: Sequence[Mapping[str, Any]],
) -> dict[str, str]:
    """What is wrong with each account that is not right, in words, by Salesforce id."""
    by_id = {account["Id"]: account for account in accounts}
    names = {contact["CONTACTNAME"]: contact for contact in contacts}
    twins: dict[str, list[Mapping[str, Any]]] = {}
    for customer in customers:
        twins.setdefault(str(customer.get("SFDC_ID")), []).append(customer)
    found = {record_id: _wrong(by_id[record_id], twins.get(record_id, []), names) for record_id in ids}
    return {record_id: reason for record_id, reason in found.items() if reason}


def _wrong(account: Mapping[str, Any], twins: Sequence[Mapping[str, Any]], names: Mapping[str, Any]) -> str:
    if len(twins) != 1:
        return f"{len(twins)} customers instead of one"
    (customer,) = twins
    if customer["NAME"] != NAME.canonical(account["Name"]):
        return f"the customer is called {customer['NAME']!r}"
    if account["ia_crm__IntacctID__c"] != customer["CUSTOMERID"]:
        return f"the account says {account['ia_crm__IntacctID__c']!r}, the customer is {customer['CUSTOMERID']}"
    if account["ia_crm__Intacct_Sync_Status__c"] != "OK":
        return f"its status says {account['ia_crm__Intacct_Sync_Status__c']!r}"
    if not account["ia_crm__Synced_With_Intacct_Date__c"]:
        return "it bears no date of its sync"
    return next((said for prefix in ROLES if (said := _wrong_contact(prefix, account, customer, names))), "")


def _wrong_contact(
    prefix: str, account: Mapping[str, Any], customer: Mapping[str, Any], names: Mapping[str, Any]
) -> str:
    """Compare the contact made from one address of the account."""
    if not any(account.get(f"{prefix}{part}") for part in ("Street", *ADDRESS)):
        return ""
    name = str(customer[ROLES[prefix]]["CONTACTNAME"])
    if name != f"{ROLES[prefix][0]}_{customer['CUSTOMERID']}" or name not in names:
        return f"its {prefix.lower()} contact is {name!r}"
    stands = names[name]["MAILADDRESS"]
    lines = tuple(stands.get(f"ADDRESS{n}") or None for n in (1, 2, 3))
    if lines != Street().canonical(account.get(f"{prefix}Street")):
        return f"the street of {name} is {lines!r}"
    for part, (field, width) in ADDRESS.items():
        if (stands.get(field) or None) != width.canonical(account.get(f"{prefix}{part}")):
            return f"{field} of {name} is {stands.get(field)!r}"
    return ""
