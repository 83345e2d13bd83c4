"""Records written one at a time: create, update, upsert, delete, and what becomes of the removed. No HTTP."""

from collections.abc import Mapping
from typing import Any

from app.simulators.salesforce import guards, rules
from app.simulators.salesforce.errors import Refusal, refuse
from app.simulators.salesforce.intake import find_by_key, find_record, lookup_field, read_fields
from app.simulators.salesforce.org import Org, Writer
from app.simulators.salesforce.saving import Change, blank, record, save
from app.simulators.salesforce.schema import ObjectSchema
from app.simulators.salesforce.values import stamp

SYSTEM = Writer(client="", system=True)


def object_named(org: Org, name: str) -> ObjectSchema:
    """The schema of an object named in a body. Refuses INVALID_TYPE."""
    schema = org.catalogue.find(name)
    if schema is None:
        raise refuse("INVALID_TYPE", object=name)
    return schema


def _writable(schema: ObjectSchema, writer: Writer) -> None:
    if schema.read_only and not writer.system:
        raise refuse("INSUFFICIENT_ACCESS_OR_READONLY")


def _store(org: Org, verb: str, change: Change) -> str:
    """Run rules and guards around the storing of a change; all or nothing."""
    mark = org.store.mark()
    try:
        rules.before(org, change)
        guards.check(org, change)
        planted = change.writer.system
        save(org, change.schema, change.new, given=change.given if planted else frozenset(), at_once=planted)
        if not planted:
            record(org, verb, change.schema, change.new["Id"], change.writer, change.given)
        rules.after(org, change)
    except Refusal:
        org.store.rollback(mark)
        raise
    return str(change.new["Id"])


def create(org: Org, schema: ObjectSchema, sent: Mapping[str, Any], writer: Writer) -> str:
    """Store a new record; answers its id."""
    _writable(schema, writer)
    values, given = read_fields(org, schema, sent, writer, creating=True)
    return _store(org, "create", Change(schema, None, {**blank(org, schema), **values}, given, writer))


def update(
    org: Org, schema: ObjectSchema, record_id: object, sent: Mapping[str, Any], writer: Writer, **how: bool
) -> str:
    """Change a record; answers its id. `row=True` words an unknown id as a row error."""
    _writable(schema, writer)
    old = find_record(org, schema, record_id, **how)
    values, given = read_fields(org, schema, sent, writer, creating=False)
    return _store(org, "update", Change(schema, old, {**old, **values}, given, writer))


def upsert(
    org: Org,
    schema: ObjectSchema,
    key: tuple[str, Any],
    sent: Mapping[str, Any],
    writer: Writer,
    *,
    update_only: bool = False,
) -> tuple[str, bool] | list[str]:
    """Create or change the record with external id `key`; answers (id, created), or all ids when several match."""
    made = lookup_field(schema, key[0])
    for name in sent:
        if name.lower() in ("id", made.name.lower()):
            raise refuse("INVALID_FIELD/body", field=name, fields=[name])
    found = find_by_key(org, schema, made, key[1])
    if len(found) > 1:
        return found
    if found:
        return update(org, schema, found[0], sent, writer), False
    if update_only or made.type == "id":
        raise refuse("NOT_FOUND")
    return create(org, schema, {**sent, made.name: key[1]}, writer), True


def _children(org: Org, schema: ObjectSchema, record_id: str) -> list[tuple[ObjectSchema, Any, str]]:
    return [
        (child, made, child_id)
        for child, made in org.catalogue.referring(schema.name)
        if not made.read_only
        for child_id in org.store.table(child).with_value(made, record_id)
    ]


def _remove(org: Org, schema: ObjectSchema, old: dict[str, Any], writer: Writer, extra: Mapping[str, Any]) -> None:
    change = Change(schema, old, {**old, **extra, "IsDeleted": True}, frozenset(), writer)
    guards.check_locks(org, change)
    rules.before(org, change)
    save(org, schema, change.new)
    org.delete_log.append((schema.name, old["Id"], org.now()))
    org.store.on_undo(org.delete_log.pop)
    rules.after(org, change)


def delete(org: Org, schema: ObjectSchema, record_id: object, writer: Writer, **how: bool) -> str:
    """Move a record, and the children that die with it, to the recycle bin; other children lose the reference."""
    _writable(schema, writer)
    old = find_record(org, schema, record_id, **how)
    if not schema.deletable:
        raise refuse("INSUFFICIENT_ACCESS_OR_READONLY")
    mark = org.store.mark()
    try:
        _remove(org, schema, old, writer, {})
        for child, made, child_id in _children(org, schema, old["Id"]):
            values = org.store.table(child).rows[child_id].values
            if values["IsDeleted"]:
                continue
            if made.cascade:
                delete(org, child, child_id, writer)
            else:
                save(org, child, {**values, made.name: None}, by_user=False)
        record(org, "delete", schema, old["Id"], writer, frozenset())
    except Refusal:
        org.store.rollback(mark)
        raise
    return str(old["Id"])


def merge(org: Org, schema: ObjectSchema, winner: object, losers: list[Any]) -> str:
    """Join up to two losers into the winner: they go to the bin naming it, their children move over.

    The children's move is no user edit. A winner below a loser is below nothing afterwards (model): no record may stand
    above itself. Refuses what is not mergeable. Source: section 7.3 of the interface reference.
    """
    if not schema.mergeable or not 1 <= len(losers) <= 2:
        raise refuse("INVALID_PARAMETER", text="merge one or two losers of an object that can be merged")
    master = find_record(org, schema, winner)
    for loser in losers:
        old = find_record(org, schema, loser)
        for child, made, child_id in _children(org, schema, old["Id"]):
            values = org.store.table(child).rows[child_id].values
            above = None if child_id == master["Id"] else master["Id"]
            save(org, child, {**values, made.name: above}, by_user=False)
        _remove(org, schema, old, SYSTEM, {"MasterRecordId": master["Id"]})
    save(org, schema, dict(org.store.table(schema).rows[master["Id"]].values))
    return str(master["Id"])


def undelete(org: Org, schema: ObjectSchema, record_id: str) -> str:
    """Take a record out of the recycle bin. Refuses an id that is not in it."""
    row = org.store.table(schema).rows.get(record_id)
    if row is None or not row.values["IsDeleted"]:
        raise refuse("INVALID_PARAMETER", text="entity is not in the recycle bin")
    save(org, schema, {**row.values, "IsDeleted": False})
    org.delete_log[:] = [entry for entry in org.delete_log if entry[1] != record_id]
    return record_id


def purge(org: Org, schema: ObjectSchema) -> list[str]:
    """Empty the recycle bin of one object; the delete log begins anew now."""
    table = org.store.table(schema)
    gone = [record_id for record_id, row in table.rows.items() if row.values["IsDeleted"]]
    for record_id in gone:
        org.store.drop(schema, record_id)
    org.delete_log[:] = [entry for entry in org.delete_log if entry[0] != schema.name]
    org.purged_until = org.now()
    return gone


def plant(org: Org, schema: ObjectSchema, sent: Mapping[str, Any]) -> str:
    """Store a record past the question who may write what: read-only fields and stamps are taken as given.

    With the Id of a known record this is an edit by somebody in the org; with a new Id the record gets it.
    """
    values, given = read_fields(org, schema, sent, SYSTEM, creating=True)
    table = org.store.table(schema)
    row = table.rows.get(values.get("Id") or "")
    if row is not None:
        return _store(org, "update", Change(schema, row.values, {**row.values, **values}, given, SYSTEM))
    fresh = {**blank(org, schema), **values}
    if "CreatedDate" in given:
        fresh.update({n: fresh["CreatedDate"] for n in ("LastModifiedDate", "SystemModstamp") if n not in given})
        given |= {"LastModifiedDate", "SystemModstamp"}
    else:
        fresh["CreatedDate"] = stamp(org.now())
    return _store(org, "create", Change(schema, None, fresh, given, SYSTEM))
