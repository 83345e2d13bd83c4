"""Describe answers: schemas in the words of the REST API. It changes nothing."""

from typing import Any

from app.simulators.salesforce.org import Org
from app.simulators.salesforce.places import places
from app.simulators.salesforce.schema import TEXT_TYPES, Field, ObjectSchema


def _choices(made: Field) -> list[dict[str, Any]]:
    values: list[tuple[str, str]] = [(v, v) for v in made.values]
    if made.name.endswith("CountryCode"):
        values = [(code, place["name"]) for code, place in places().items()]
    elif made.name.endswith("StateCode"):
        values = [pair for place in places().values() for pair in place.get("states", {}).items()]
    return [
        {"active": True, "defaultValue": v == made.default, "label": label, "validFor": None, "value": v}
        for v, label in values
    ]


def describe_field(made: Field) -> dict[str, Any]:
    """One field as describe shows it."""
    text = made.type in TEXT_TYPES or made.type in ("id", "reference")
    return {
        "name": made.name,
        "label": made.label,
        "type": made.type,
        "length": made.length or (18 if made.type in ("id", "reference") else 0),
        "byteLength": 3 * made.length if made.type in TEXT_TYPES else 18 if text else 0,
        "precision": made.precision if made.type not in ("int",) else 0,
        "digits": made.precision if made.type == "int" else 0,
        "scale": made.scale,
        "nillable": not (made.required or made.type in ("boolean", "id")),
        "createable": made.createable,
        "updateable": made.updateable,
        "calculated": made.calculated,
        "autoNumber": bool(made.auto_number),
        "custom": made.name.endswith(("__c", "__pc")),
        "unique": made.unique,
        "caseSensitive": made.case_sensitive,
        "externalId": made.external_id,
        "idLookup": made.lookup_key,
        "filterable": made.filterable,
        "sortable": made.filterable and made.type != "multipicklist",
        "groupable": made.filterable,
        "aggregatable": made.filterable,
        "defaultedOnCreate": made.default is not None or made.name in ("OwnerId", "Id"),
        "defaultValue": made.default,
        "referenceTo": list(made.references),
        "relationshipName": made.relationship or None,
        "picklistValues": _choices(made),
        "restrictedPicklist": made.restricted,
        "compoundFieldName": made.compound or None,
        "cascadeDelete": made.cascade,
        "deprecatedAndHidden": False,
    }


def summary(schema: ObjectSchema, version: str) -> dict[str, Any]:
    """The head of a describe, also an entry of the list of all objects."""
    base = f"/services/data/{version}/sobjects/{schema.name}"
    return {
        "name": schema.name,
        "label": schema.label,
        "labelPlural": f"{schema.label}s",
        "keyPrefix": schema.prefix,
        "custom": schema.name.endswith("__c"),
        "customSetting": False,
        "createable": not schema.read_only,
        "updateable": not schema.read_only,
        "deletable": schema.deletable,
        "undeletable": schema.deletable,
        "queryable": True,
        "retrieveable": True,
        "searchable": True,
        "mergeable": schema.mergeable,
        "replicateable": True,
        "triggerable": True,
        "urls": {"sobject": base, "describe": f"{base}/describe", "rowTemplate": f"{base}/{{ID}}"},
    }


def describe(org: Org, schema: ObjectSchema, version: str) -> dict[str, Any]:
    """The whole describe of one object, as the running user sees it."""
    children = [
        {
            "childSObject": child.name,
            "field": made.name,
            "relationshipName": made.children or None,
            "cascadeDelete": made.cascade,
            "deprecatedAndHidden": False,
            "restrictedDelete": False,
        }
        for child, made in org.catalogue.referring(schema.name)
        if made.name in child.fields
    ]
    types = [
        {
            "recordTypeId": record_id,
            "name": values["Name"],
            "developerName": values["DeveloperName"],
            "active": True,
            "available": True,
            "defaultRecordTypeMapping": False,
            "master": False,
            "urls": {},
        }
        for record_id, values in org.record_types.items()
        if values["SobjectType"] == schema.name
    ]
    master = {
        "recordTypeId": "012000000000000AAA",
        "name": "Master",
        "developerName": "Master",
        "active": True,
        "available": True,
        "defaultRecordTypeMapping": True,
        "master": True,
        "urls": {},
    }
    return {
        **summary(schema, version),
        "fields": [describe_field(f) for f in schema.fields.values()],
        "childRelationships": children,
        "recordTypeInfos": [*types, master],
    }
