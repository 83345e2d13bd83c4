"""Conditional requests: dates and entity tags that decide whether a call is carried out. No bodies."""

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from app.simulators.salesforce.call import Call
from app.simulators.salesforce.errors import refuse
from app.simulators.salesforce.org import Org
from app.simulators.salesforce.schema import ObjectSchema
from app.simulators.salesforce.store import Values
from app.simulators.salesforce.values import parse_stamp


def http_date(instant: datetime) -> str:
    """An instant as HTTP writes it."""
    return format_datetime(instant.astimezone(UTC), usegmt=True)


def read_date(call: Call, header: str) -> datetime | None:
    """The date in a header, or None. A date that cannot be read is refused on PATCH and POST and ignored elsewhere."""
    text = call.headers.get(header)
    if text is None:
        return None
    try:
        instant = parsedate_to_datetime(text)
    except ValueError as broken:
        if call.method in ("PATCH", "POST"):
            raise refuse("INVALID_HEADER", header=header, value=text) from broken
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def modified(values: Values) -> datetime:
    """When a record was last modified, to the second."""
    instant = parse_stamp(values["LastModifiedDate"])
    assert instant is not None
    return instant


def entity_tag(org: Org, schema: ObjectSchema, values: Values) -> str:
    """The tag of a row's present state."""
    row = org.store.table(schema).rows[values["Id"]]
    return f'"{row.version:x}-{values["SystemModstamp"]}"'


def _tags(call: Call, header: str) -> set[str]:
    tags = call.headers.get(header, "").split(",")
    return {tag.strip().removeprefix("W/") for tag in tags} - {""}


def unchanged(org: Org, call: Call, schema: ObjectSchema, values: Values) -> bool:
    """Whether a read may be answered 304. Refuses 412 when its conditions fail."""
    check_write(org, call, schema, values)
    if schema.etag and (tags := _tags(call, "if-none-match")):
        return bool(tags & {"*", entity_tag(org, schema, values)})
    since = read_date(call, "if-modified-since")
    return since is not None and modified(values) <= since


def check_write(org: Org, call: Call, schema: ObjectSchema, values: Values) -> None:
    """Refuse PRECONDITION_FAILED when the record is not as the caller last saw it."""
    if schema.etag and (tags := _tags(call, "if-match")) and not tags & {"*", entity_tag(org, schema, values)}:
        raise refuse("PRECONDITION_FAILED")
    before = read_date(call, "if-unmodified-since")
    if before is not None and modified(values) > before:
        raise refuse("PRECONDITION_FAILED")


def validators(org: Org, schema: ObjectSchema, values: Values) -> dict[str, str]:
    """Response headers that let a later call be conditional."""
    headers = {"Last-Modified": http_date(modified(values))}
    if schema.etag:
        headers["ETag"] = entity_tag(org, schema, values)
    return headers
