"""What stands in the way of a write: locks, uniqueness, duplicate rules, validation rules, triggers that throw."""

from datetime import timedelta
from typing import Any

from app.simulators.salesforce.errors import Refusal, refuse
from app.simulators.salesforce.org import Org
from app.simulators.salesforce.query import holds
from app.simulators.salesforce.saving import Change
from app.simulators.salesforce.store import Values, key_of


def lock(org: Org, record_id: str, seconds: float) -> None:
    """Hold a record for `seconds` from now."""
    org.locks[record_id] = org.clock.now() + timedelta(seconds=seconds)


def lock_refusal(org: Org, kind: str) -> Refusal:
    """How this org words a lock."""
    if org.knobs.wrap_locks:
        return refuse("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY/lock", object=kind)
    return refuse("UNABLE_TO_LOCK_ROW")


def check_locks(org: Org, change: Change) -> None:
    """A locked record, or a locked parent (old or new), stops the write."""
    if not org.locks:
        return
    now = org.clock.now()
    held = {record_id for record_id, until in org.locks.items() if until > now}
    if not held:
        org.locks.clear()
        return
    for values in (change.old or {}, change.new):
        links = {values.get(f.name) for f in change.schema.all_fields.values() if f.references or f.type == "id"}
        if links & held:
            raise lock_refusal(org, change.schema.name)


def check_required(change: Change) -> None:
    """Fields that may not be empty."""
    missing = [f.name for f in change.schema.all_fields.values() if f.required and change.new.get(f.name) is None]
    if missing:
        raise refuse("REQUIRED_FIELD_MISSING", field=", ".join(missing), fields=missing)


def check_unique(org: Org, change: Change) -> None:
    """No two living records share a unique field's value."""
    table = org.store.table(change.schema)
    for made in change.schema.all_fields.values():
        value = change.new.get(made.name)
        if made.unique and value is not None and change.changed(made.name):
            others = [i for i in table.with_value(made, value) if i != change.new["Id"]]
            if others:
                if org.knobs.unknown_duplicates:
                    raise refuse("DUPLICATE_VALUE", field="<unknown>", id="<unknown>")
                raise refuse("DUPLICATE_VALUE", field=made.name, id=others[0][:15])


def _matches(org: Org, change: Change, names: list[str]) -> list[Values]:
    fields = [change.schema.all_fields[n] for n in names]
    if any(change.new.get(n) is None for n in names):
        return []
    table = org.store.table(change.schema)
    same = [table.rows[i].values for i in table.with_value(fields[0], change.new[names[0]]) if i != change.new["Id"]]
    return [v for v in same if all(key_of(f, v.get(f.name)) == key_of(f, change.new[f.name]) for f in fields)]


def _duplicate_result(change: Change, rule: dict[str, Any], found: list[Values]) -> dict[str, Any]:
    records = [
        {
            "additionalInformation": [],
            "fieldDiffs": [],
            "matchConfidence": 100.0,
            "record": {
                "attributes": {
                    "type": change.schema.name,
                    "url": f"/services/data/v64.0/sobjects/{change.schema.name}/{values['Id']}",
                },
                "Id": values["Id"],
            },
        }
        for values in found
    ]
    name = rule.get("name", f"{change.schema.name}_Duplicates")
    match = {
        "entityType": change.schema.name,
        "errors": [],
        "matchEngine": "ExactMatchEngine",
        "matchRecords": records,
        "rule": f"{name}_Matching_Rule",
        "size": len(records),
        "success": True,
    }
    return {
        "allowSave": rule["action"] == "alert",
        "duplicateRule": name,
        "duplicateRuleEntityType": change.schema.name,
        "errorMessage": rule.get("message", "Use one of these records?"),
        "matchResults": [match],
    }


def check_duplicate_rules(org: Org, change: Change) -> None:
    """Admin-made duplicate rules; an alert may be passed by the caller's header, a block may not."""
    for rule in org.knobs.duplicate_rules:
        names = list(rule["fields"])
        if rule["object"] != change.schema.name or not any(change.changed(n) for n in names):
            continue
        found = _matches(org, change, names)
        if found and not (rule["action"] == "alert" and change.writer.allow_save):
            result = _duplicate_result(change, rule, found)
            raise refuse("DUPLICATES_DETECTED", text=result["errorMessage"], extra={"duplicateResult": result})


def check_validation_rules(org: Org, change: Change) -> None:
    """Admin-made validation rules, then automation that throws."""
    for rule in org.knobs.validation_rules:
        if rule["object"] == change.schema.name and holds(org, change.schema, rule["when"], change.new):
            named = [rule["field"]] if rule.get("field") else []
            raise refuse("FIELD_CUSTOM_VALIDATION_EXCEPTION", text=rule["message"], fields=named)
    for trigger in org.knobs.throwing_triggers:
        if trigger["object"] == change.schema.name and holds(org, change.schema, trigger["when"], change.new):
            raise refuse(trigger.get("code", "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"), text=trigger["text"])


def check(org: Org, change: Change) -> None:
    """All of the above, in the order in which the platform runs them."""
    check_locks(org, change)
    check_required(change)
    check_unique(org, change)
    if not change.writer.system:
        check_validation_rules(org, change)
        check_duplicate_rules(org, change)
