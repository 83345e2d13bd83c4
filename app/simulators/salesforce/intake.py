"""What a caller sent for one record, made into field values: names, types, rights, references. It stores nothing."""

from collections.abc import Mapping
from typing import Any

from app.simulators.salesforce.errors import refuse
from app.simulators.salesforce.ids import normalise
from app.simulators.salesforce.org import Org, Writer
from app.simulators.salesforce.schema import Field, ObjectSchema
from app.simulators.salesforce.store import Values
from app.simulators.salesforce.values import read_value


def find_record(org: Org, schema: ObjectSchema, text: object, *, row: bool = False) -> Values:
    """The stored values of a living record. Refuses any other id; `row`: in the words of a row."""
    record_id = normalise(text)
    if record_id is None:
        if row:
            raise refuse("MALFORMED_ID", label=f"{schema.label} ID", value=text, fields=["Id"])
        raise refuse("NOT_FOUND/external", field=text)
    if not record_id.startswith(schema.prefix):
        raise refuse("MALFORMED_ID", label=f"{schema.label} ID", value=text, fields=["Id"])
    found = org.store.table(schema).rows.get(record_id)
    if found is None:
        raise refuse("INVALID_CROSS_REFERENCE_KEY" if row else "NOT_FOUND")
    if found.values["IsDeleted"]:
        raise refuse("ENTITY_IS_DELETED")
    return found.values


def lookup_field(schema: ObjectSchema, name: str) -> Field:
    """The external-id or id-lookup field called `name`. Refuses NOT_FOUND for any other."""
    made = schema.find(name)
    if made is None or not made.lookup_key:
        raise refuse("NOT_FOUND/external", field=name)
    return made


def find_by_key(org: Org, schema: ObjectSchema, made: Field, value: Any) -> list[str]:
    """Ids of the living records whose key field has `value`."""
    if made.type == "id":
        return [str(find_record(org, schema, value)["Id"])]
    return org.store.table(schema).with_value(made, read_value(made, value)) if value not in (None, "") else []


def check_reference(org: Org, made: Field, record_id: str) -> None:
    """A reference must point at a living record of the right kind."""
    parents = [p for p in map(org.catalogue.find, made.references) if p is not None]
    target = next((p for p in parents if p.prefix == record_id[:3]), None)
    if target is None:
        raise refuse("MALFORMED_ID", label=made.label, value=record_id, fields=[made.name])
    row = org.store.table(target).rows.get(record_id)
    if row is None or row.values["IsDeleted"]:
        raise refuse("INVALID_CROSS_REFERENCE_KEY", fields=[made.name])


def _by_parent_key(org: Org, schema: ObjectSchema, link: Field, keys: Any) -> str | None:
    """The parent's id, when a body addresses it by external id: `"Account": {"Key__c": "C-1"}`."""
    if keys is None:
        return None
    parent = org.catalogue.find(link.references[0])
    wanted = {k: v for k, v in keys.items() if k.lower() != "attributes"} if isinstance(keys, Mapping) else {}
    if parent is None or len(wanted) != 1:
        raise refuse("INVALID_FIELD", field=link.relationship, object=schema.name)
    name, value = next(iter(wanted.items()))
    made = parent.find(name)
    if made is None or not made.lookup_key:
        raise refuse("INVALID_FIELD", field=name, object=parent.name)
    found = find_by_key(org, parent, made, value)
    if len(found) != 1:
        words = {"value": value, "field": made.name, "object": parent.name}
        raise refuse("INVALID_CROSS_REFERENCE_KEY/foreign", **words)
    return found[0]


def read_fields(
    org: Org, schema: ObjectSchema, sent: Mapping[str, Any], writer: Writer, *, creating: bool
) -> tuple[Values, frozenset[str]]:
    """Values by field name, and which names were sent. Refuses the first thing that is wrong."""
    values: Values = {}
    refused = []
    for name, value in sent.items():
        if name.lower() == "attributes":
            continue
        made, link = schema.find(name), schema.relation(name)
        if made is None and link is not None and (value is None or isinstance(value, Mapping)):
            values[link.name] = _by_parent_key(org, schema, link, value)
            made = link
        elif made is None:
            raise refuse("INVALID_FIELD", field=name, object=schema.name)
        else:
            values[made.name] = value
        if not writer.system and not (made.createable if creating else made.updateable):
            refused.append(made.name)
    if refused:
        raise refuse("INVALID_FIELD_FOR_INSERT_UPDATE", field=", ".join(refused), fields=refused)
    for name, value in values.items():
        made = schema.all_fields[name]
        values[name] = read_value(made, value) if made.type != "address" else value
        if made.references and values[name] is not None:
            check_reference(org, made, values[name])
    return values, frozenset(values)
