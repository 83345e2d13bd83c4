"""Handlers of calls that concern one record, one object or the org as a whole. Several records are not dealt with."""

from collections.abc import Iterable
from typing import Any

from app.simulators.salesforce import records
from app.simulators.salesforce.call import Call, Reply
from app.simulators.salesforce.conditional import check_write, http_date, read_date, unchanged, validators
from app.simulators.salesforce.describe import describe, summary
from app.simulators.salesforce.errors import refuse
from app.simulators.salesforce.intake import find_by_key, find_record, lookup_field
from app.simulators.salesforce.org import Org
from app.simulators.salesforce.query import Run, next_page
from app.simulators.salesforce.schema import Field, ObjectSchema
from app.simulators.salesforce.store import Values

SEASONS = ("Winter", "Spring", "Summer")
FILE_ENDING = ".inc"  # "email@example.inc" as an external id in a path is documented to give 404
LIMITS = {  # name: maximum; what is not counted here is always whole
    "ConcurrentAsyncGetReportInstances": 200,
    "DailyAsyncApexExecutions": 250_000,
    "DailyBulkApiBatches": 15_000,
    "DailyBulkV2QueryFileStorageMB": 976_562,
    "DailyBulkV2QueryJobs": 10_000,
    "DailyDurableStreamingApiEvents": 100_000,
    "DataStorageMB": 1024,
    "FileStorageMB": 1024,
    "HourlyTimeBasedWorkflow": 1000,
}


def schema_of(org: Org, name: str) -> ObjectSchema:
    """The object a path names. Refuses NOT_FOUND."""
    schema = org.catalogue.find(name)
    if schema is None:
        raise refuse("NOT_FOUND")
    return schema


def versions(org: Org) -> Reply:
    """All supported API versions with the name of their release; v67.0 is Summer '26."""

    def one(number: int) -> dict[str, str]:
        year, season = divmod(number + 13, 3)
        return {"label": f"{SEASONS[season]} '{year}", "url": f"/services/data/v{number}.0", "version": f"{number}.0"}

    return Reply(body=[one(n) for n in range(org.knobs.min_version, org.knobs.max_version + 1)])


def resources(_: Org, call: Call) -> Reply:
    """What stands under one version."""
    base = f"/services/data/{call.version}"
    return Reply(body={name: f"{base}/{name}" for name in ("limits", "sobjects", "query", "queryAll", "composite")})


def limits(org: Org, _: Call) -> Reply:
    """The org's limits; the daily API requests agree with the quota."""
    daily = {"Max": org.knobs.quota_max, "Remaining": max(0, org.knobs.quota_max - org.quota.used())}
    rest = {name: {"Max": maximum, "Remaining": maximum} for name, maximum in LIMITS.items()}
    return Reply(body=dict(sorted({"DailyApiRequests": daily, **rest}.items())))


def describe_all(org: Org, call: Call) -> Reply:
    """The heads of all objects."""
    heads = [summary(schema, call.version) for schema in org.catalogue]
    return Reply(body={"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": heads})


def describe_one(org: Org, call: Call, name: str) -> Reply:
    """One object in full; 304 when the schema has not changed since the caller's date."""
    schema = schema_of(org, name)
    since = read_date(call, "if-modified-since")
    headers = {"Last-Modified": http_date(org.catalogue.modified)}
    if since is not None and org.catalogue.modified <= since:
        return Reply(304, None, headers)
    return Reply(body=describe(org, schema, call.version), headers=headers)


def basic(org: Org, call: Call, name: str) -> Reply:
    """The head of one object."""
    return Reply(body={"objectDescribe": summary(schema_of(org, name), call.version), "recentItems": []})


def create(org: Org, call: Call, name: str) -> Reply:
    """A new record."""
    schema = schema_of(org, name)
    read_date(call, "if-unmodified-since")
    record_id = records.create(org, schema, call.mapping(), call.writer())
    return created(call, schema, record_id)


def created(call: Call, schema: ObjectSchema, record_id: str, **more: bool) -> Reply:
    """201 with the place of the new record."""
    place = {"Location": f"/services/data/{call.version}/sobjects/{schema.name}/{record_id}"}
    return Reply(201, {"id": record_id, "success": True, "errors": [], **more}, place, rows=1)


def chosen(schema: ObjectSchema, names: str | Iterable[str] | None) -> list[Field]:
    """The fields asked for, all when none are named. Refuses INVALID_FIELD."""
    if not names:
        return list(schema.fields.values())
    wanted = names.split(",") if isinstance(names, str) else names
    found = [(n.strip(), schema.find(n.strip())) for n in wanted]
    for name, made in found:
        if made is None:
            raise refuse("INVALID_FIELD", field=name, object=schema.name)
    return [made for _, made in found if made is not None]


def shown(schema: ObjectSchema, values: Values, fields: list[Field], version: str) -> dict[str, Any]:
    """A record as a read answers it."""
    url = f"/services/data/{version}/sobjects/{schema.name}/{values['Id']}"
    picked = {f.name: values.get(f.name) for f in fields}
    return {"attributes": {"type": schema.name, "url": url}, **picked, "Id": values["Id"]}


def _read(org: Org, call: Call, schema: ObjectSchema, values: Values) -> Reply:
    fields = chosen(schema, call.query.get("fields"))
    headers = validators(org, schema, values)
    if unchanged(org, call, schema, values):
        return Reply(304, None, headers)
    org.meters.rows_read += 1
    return Reply(body=shown(schema, values, fields, call.version), headers=headers, rows=1)


def read(org: Org, call: Call, name: str, record_id: str) -> Reply:
    """One record by id."""
    schema = schema_of(org, name)
    return _read(org, call, schema, find_record(org, schema, record_id))


def update(org: Org, call: Call, name: str, record_id: str) -> Reply:
    """Change one record by id."""
    schema = schema_of(org, name)
    sent = call.mapping()
    check_write(org, call, schema, find_record(org, schema, record_id))
    for key in sent:
        if key.lower() == "id":
            raise refuse("INVALID_FIELD/body", field=key, fields=[key])
    records.update(org, schema, record_id, sent, call.writer())
    return Reply(204, rows=1)


def delete(org: Org, call: Call, name: str, record_id: str) -> Reply:
    """Delete one record by id."""
    records.delete(org, schema_of(org, name), record_id, call.writer())
    return Reply(204, rows=1)


def _several(call: Call, schema: ObjectSchema, ids: list[str]) -> Reply:
    return Reply(300, [f"/services/data/{call.version}/sobjects/{schema.name}/{i}" for i in ids])


def _keyed(org: Org, schema: ObjectSchema, field: str, value: str) -> list[str]:
    """Ids of the records a path names by external id. Refuses a value that the server takes for a file name."""
    made = lookup_field(schema, field)
    if value.lower().endswith(FILE_ENDING):
        raise refuse("NOT_FOUND")
    return find_by_key(org, schema, made, value)


def read_by_key(org: Org, call: Call, name: str, field: str, value: str) -> Reply:
    """One record by external id; 300 with the addresses when several match."""
    schema = schema_of(org, name)
    found = _keyed(org, schema, field, value)
    if len(found) > 1:
        return _several(call, schema, found)
    if not found:
        raise refuse("NOT_FOUND")
    return _read(org, call, schema, find_record(org, schema, found[0]))


def upsert(org: Org, call: Call, name: str, field: str, value: str) -> Reply:
    """Create or change by external id: 201, 200 (204 up to v45), or 300 and nothing written."""
    schema = schema_of(org, name)
    sent = call.mapping()
    found = _keyed(org, schema, field, value)
    if len(found) == 1:
        check_write(org, call, schema, find_record(org, schema, found[0]))
    only = call.query.get("updateOnly", "").lower() == "true"
    outcome = records.upsert(org, schema, (field, value), sent, call.writer(), update_only=only)
    if isinstance(outcome, list):
        return _several(call, schema, outcome)
    record_id, is_new = outcome
    if is_new:
        return created(call, schema, record_id, created=True)
    if call.version_number < 46:
        return Reply(204, rows=1)
    return Reply(200, {"id": record_id, "success": True, "errors": [], "created": False}, rows=1)


def delete_by_key(org: Org, call: Call, name: str, field: str, value: str) -> Reply:
    """Delete one record by external id."""
    schema = schema_of(org, name)
    found = _keyed(org, schema, field, value)
    if len(found) > 1:
        return _several(call, schema, found)
    if not found:
        raise refuse("NOT_FOUND")
    return delete(org, call, name, found[0])


def _query(org: Org, call: Call, *, deleted: bool) -> Reply:
    if "q" not in call.query:
        raise refuse("MISSING_ARGUMENT", text="q")
    run = Run(org, call.version, call.page_size(org.knobs.page_cap), deleted)
    body = run.answer(call.query["q"])
    org.meters.rows_read += len(body["records"])
    return Reply(body=body, rows=len(body["records"]))


def query(org: Org, call: Call) -> Reply:
    """SOQL over what is not deleted."""
    return _query(org, call, deleted=False)


def query_all(org: Org, call: Call) -> Reply:
    """SOQL over everything, the recycle bin included."""
    return _query(org, call, deleted=True)


def more(org: Org, call: Call, locator: str) -> Reply:
    """A further page of a query."""
    _, body = next_page(org, call.version, locator)
    org.meters.rows_read += len(body["records"])
    return Reply(body=body, rows=len(body["records"]))
