"""sObject collections: up to 200 records a call, row by row or all or none. Section 4 of the reference."""

from collections.abc import Callable, Iterable
from typing import Any

from app.simulators.salesforce import records
from app.simulators.salesforce.call import Call, Reply
from app.simulators.salesforce.errors import Refusal, refuse
from app.simulators.salesforce.ids import normalise
from app.simulators.salesforce.intake import lookup_field
from app.simulators.salesforce.org import Org
from app.simulators.salesforce.verbs import chosen, schema_of, shown

LARGEST, CHUNKS, READABLE = 200, 10, 2000
Result = dict[str, Any]


def _row(record_id: str, **more: bool) -> Result:
    return {"id": record_id, "success": True, "errors": [], **more}


def _failed(error: Refusal) -> Result:
    return {"success": False, "errors": [error.as_row()]}


def _kind(item: Any) -> str:
    attributes = item.get("attributes") if isinstance(item, dict) else None
    kind = attributes.get("type") if isinstance(attributes, dict) else None
    if not isinstance(kind, str) or not kind:
        raise refuse("INVALID_PARAMETER", text="each record needs attributes with a type")
    return kind


def _batch(call: Call) -> tuple[list[Any], bool]:
    """The records of the body and its allOrNone. Refuses the whole call for a shape that is wrong."""
    body = call.mapping()
    items = body.get("records")
    if not isinstance(items, list) or not items:
        raise refuse("MISSING_ARGUMENT", text="records")
    if len(items) > LARGEST:
        raise refuse("LIMIT_EXCEEDED", text=f"record limit reached. cannot submit more than {LARGEST} records")
    chunks, last = 0, ""
    for kind in map(_kind, items):
        if kind.lower() != last:
            chunks, last = chunks + 1, kind.lower()
    if chunks > CHUNKS:
        raise refuse("LIMIT_EXCEEDED", text=f"cannot have more than {CHUNKS} chunks in one request")
    return items, bool(body.get("allOrNone", False))


def run(org: Org, call: Call, items: Iterable[Any], one: Callable[[Any], Result], all_or_none: bool) -> Reply:
    """Each item's result in request order; with all-or-none a failure takes everything back."""
    mark, results, failed = org.store.mark(), [], False
    for item in items:
        inner = org.store.mark()
        try:
            results.append(one(item))
        except Refusal as error:
            org.store.rollback(inner)
            results.append(_failed(error))
            failed = True
    if failed and (all_or_none or call.halting):
        org.store.rollback(mark)
        halted = _failed(refuse("ALL_OR_NONE_OPERATION_ROLLED_BACK"))
        results = [halted if r["success"] else r for r in results]
    return Reply(200, results, rows=len(results))


def create(org: Org, call: Call) -> Reply:
    """New records, of several kinds if wanted."""
    items, whole = _batch(call)
    writer = call.writer()
    return run(
        org, call, items, lambda i: _row(records.create(org, records.object_named(org, _kind(i)), i, writer)), whole
    )


def update(org: Org, call: Call) -> Reply:
    """Changes to records named by id."""
    items, whole = _batch(call)
    writer = call.writer()

    def one(item: dict[str, Any]) -> Result:
        named = next((k for k in item if k.lower() == "id"), None)
        if named is None:
            raise refuse("MISSING_ARGUMENT", text="id not specified in an update call")
        rest = {k: v for k, v in item.items() if k != named}
        schema = records.object_named(org, _kind(item))
        return _row(records.update(org, schema, item[named], rest, writer, row=True))

    return run(org, call, items, one, whole)


def upsert(org: Org, call: Call, name: str, field: str) -> Reply:
    """Create or change by external id, which stands in each record's body; one kind only, never a record id."""
    items, whole = _batch(call)
    schema = schema_of(org, name)
    made = lookup_field(schema, field)
    for item in items:
        if _kind(item).lower() != schema.name.lower():
            raise refuse("INVALID_PARAMETER", text="all records of an upsert must be of the type in the path")
        if made.type != "id" and any(k.lower() == "id" for k in item):
            raise refuse("INVALID_FIELD/body", field="id", fields=["id"])
    writer, seen = call.writer(), set()

    def one(item: dict[str, Any]) -> Result:
        named = next((k for k in item if k.lower() == made.name.lower()), None)
        value = item[named] if named else None
        if value in (None, ""):
            raise refuse("MISSING_ARGUMENT", text=f"{made.name} not specified", fields=[made.name])
        key = str(value).casefold()
        if key in seen:
            raise refuse("DUPLICATE_VALUE/external", value=value, fields=[made.name])
        seen.add(key)
        rest = {k: v for k, v in item.items() if k != named}
        outcome = records.upsert(org, schema, (made.name, value), rest, writer)
        if isinstance(outcome, list):
            raise refuse("DUPLICATE_VALUE", field=made.name, id=", ".join(i[:15] for i in outcome))
        return _row(outcome[0], created=outcome[1])

    return run(org, call, items, one, whole)


def delete(org: Org, call: Call) -> Reply:
    """Delete the records named in `ids`, of any kind."""
    ids = [i for i in call.query.get("ids", "").split(",") if i]
    if not ids:
        raise refuse("MISSING_ARGUMENT", text="ids")
    if len(ids) > LARGEST:
        raise refuse("LIMIT_EXCEEDED", text=f"record limit reached. cannot submit more than {LARGEST} records")
    writer = call.writer()

    def one(text: str) -> Result:
        record_id = normalise(text)
        schema = org.catalogue.by_id(record_id) if record_id else None
        if schema is None:
            raise refuse("MALFORMED_ID", label="Record ID", value=text, fields=["Id"])
        return _row(records.delete(org, schema, record_id, writer, row=True))

    return run(org, call, ids, one, call.query.get("allOrNone", "").lower() == "true")


def read(org: Org, call: Call, name: str) -> Reply:
    """Several records by id (or by external id's Id), in request order, with null for what is not there."""
    schema = schema_of(org, name)
    if call.method == "GET":
        ids: Any = [i for i in call.query.get("ids", "").split(",") if i]
        names: Any = [f for f in call.query.get("fields", "").split(",") if f]
    else:
        body = call.mapping()
        ids, names = body.get("ids"), body.get("fields")
    if not isinstance(ids, list) or not isinstance(names, list) or not names:
        raise refuse("MISSING_ARGUMENT", text="ids and fields")
    if len(ids) > READABLE:
        raise refuse("LIMIT_EXCEEDED", text=f"cannot read more than {READABLE} records")
    fields = chosen(schema, names)
    table = org.store.table(schema)
    found: list[dict[str, Any] | None] = []
    for text in ids:
        row = table.rows.get(normalise(text) or "")
        living = row is not None and not row.values["IsDeleted"]
        found.append(shown(schema, row.values, fields, call.version) if row and living else None)
    org.meters.rows_read += len(found)
    return Reply(body=found, rows=len(found))
