"""What changed and what was deleted since when: the getUpdated and getDeleted calls. Section 7.2 of the reference."""

from datetime import datetime, timedelta

from app.simulators.salesforce.call import Call, Reply
from app.simulators.salesforce.errors import refuse
from app.simulators.salesforce.org import Org
from app.simulators.salesforce.schema import ObjectSchema
from app.simulators.salesforce.values import parse_stamp, stamp
from app.simulators.salesforce.verbs import schema_of

UPDATED_REACH, DELETED_REACH = timedelta(days=30), timedelta(days=15)


def minute(instant: datetime) -> datetime:
    """The instant without its seconds, which these calls ignore."""
    return instant.replace(second=0, microsecond=0)


def window(org: Org, call: Call, reach: timedelta) -> tuple[datetime, datetime]:
    """Start and end asked for. Refuses INVALID_REPLICATION_DATE."""
    bounds = []
    for name in ("start", "end"):
        text = call.query.get(name, "").replace(" ", "+")  # a `+` of the offset that was not percent-encoded
        instant = parse_stamp(text)
        if instant is None:
            raise refuse("INVALID_REPLICATION_DATE", text=f"{name} is not a date and time: {text}")
        bounds.append(minute(instant))
    start, end = bounds
    if start >= end:
        raise refuse("INVALID_REPLICATION_DATE", text="startDate before endDate required")
    if start < minute(org.clock.now() - reach):
        raise refuse("INVALID_REPLICATION_DATE", text=f"startDate cannot be more than {reach.days} days ago")
    return start, end


def covered(org: Org, schema: ObjectSchema, end: datetime) -> datetime:
    """Up to where the answer is complete: the end, now, or the beginning of a transaction that is still open."""
    bounds = [end, org.clock.now()]
    if org.knobs.long_transaction_since:
        bounds.append(datetime.fromisoformat(org.knobs.long_transaction_since))
    table = org.store.table(schema)
    for record_id in table.settle(org.clock.now()):
        instant = parse_stamp(table.rows[record_id].values["SystemModstamp"])
        if instant is not None:
            bounds.append(instant)
    return minute(min(bounds))


def _cap(org: Org, count: int) -> None:
    if count > org.knobs.id_limit:
        raise refuse("EXCEEDED_ID_LIMIT")


def updated(org: Org, call: Call, name: str) -> Reply:
    """Ids of living records whose SystemModstamp lies in [start, end)."""
    schema = schema_of(org, name)
    start, end = window(org, call, UPDATED_REACH)
    latest = covered(org, schema, end)
    first, last, now = stamp(start), stamp(end), org.clock.now()
    ids = []
    for record_id, row in org.store.table(schema).rows.items():
        values = row.seen(now)
        if values is not None and not values["IsDeleted"] and first <= values["SystemModstamp"] < last:
            ids.append(record_id)
    _cap(org, len(ids))
    return Reply(body={"ids": sorted(ids), "latestDateCovered": stamp(latest)}, rows=len(ids))


def deleted(org: Org, call: Call, name: str) -> Reply:
    """Ids and dates of what was deleted or merged away in [start, end)."""
    schema = schema_of(org, name)
    start, end = window(org, call, DELETED_REACH)
    found = [
        {"id": record_id, "deletedDate": stamp(at)}
        for kind, record_id, at in org.delete_log
        if kind == schema.name and start <= at < end
    ]
    _cap(org, len(found))
    earliest = org.clock.now() - DELETED_REACH
    if org.purged_until is not None:
        earliest = max(earliest, org.purged_until)
    body = {
        "deletedRecords": found,
        "earliestDateAvailable": stamp(minute(earliest)),
        "latestDateCovered": stamp(covered(org, schema, end)),
    }
    return Reply(body=body, rows=len(found))
