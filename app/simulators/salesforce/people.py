"""Person accounts: an Account that is a person, and the Contact that is its twin. Only in orgs with the feature on."""

from app.simulators.salesforce.errors import refuse
from app.simulators.salesforce.org import Org
from app.simulators.salesforce.saving import Change, blank, save

NAMES = ("FirstName", "LastName")


def complete_person(org: Org, change: Change) -> None:
    """A record type for persons makes a person: the name is worked out, a twin Contact is prepared."""
    if not org.flags.person_accounts:
        return
    new = change.new
    record_type = org.record_types.get(new.get("RecordTypeId") or "", {})
    person = bool(record_type.get("IsPersonType"))
    wrong = {"Name"} if person else {f.name for f in change.schema.all_fields.values() if f.mirrors}
    for name in sorted(wrong & change.given):
        if new.get(name) is not None:
            raise refuse("INVALID_FIELD_FOR_INSERT_UPDATE", field=name, fields=[name])
    new["IsPersonAccount"] = person
    if not person:
        return
    if not new.get("LastName"):
        raise refuse("REQUIRED_FIELD_MISSING", field="LastName", fields=["LastName"])
    new["Name"] = " ".join(p for p in (new.get("FirstName"), new["LastName"]) if p)
    contacts = org.catalogue.find("Contact")
    if contacts is not None and not new.get("PersonContactId"):
        new["PersonContactId"] = blank(org, contacts)["Id"]


def keep_twin(org: Org, change: Change) -> None:
    """The twin Contact follows its person account."""
    contacts = org.catalogue.find("Contact")
    if not org.flags.person_accounts or contacts is None or not change.new.get("PersonContactId"):
        return
    row = org.store.table(contacts).rows.get(change.new["PersonContactId"])
    values = dict(row.values) if row else {**blank(org, contacts), "Id": change.new["PersonContactId"]}
    for made in change.schema.all_fields.values():
        if made.mirrors:
            values[made.mirrors] = change.new.get(made.name)
    values.update(AccountId=change.new["Id"], IsPersonAccount=True, Name=change.new["Name"])
    save(org, contacts, values)


def protect_twin(_: Org, change: Change) -> None:
    """The twin is written through its Account only."""
    if change.old is not None and change.old.get("IsPersonAccount") and not change.writer.system:
        names = sorted(change.given)
        raise refuse("INVALID_FIELD_FOR_INSERT_UPDATE", field=", ".join(names), fields=names)
