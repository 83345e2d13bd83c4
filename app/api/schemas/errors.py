"""The error log as it is sent."""

from typing import Annotated, Literal

from pydantic import Field

from app.api.schemas.model import Moment, Out
from app.api.schemas.operations import Absent, FilterQuery, PageQuery
from app.domain.errors import Kind
from app.services.paging import Page
from app.store.errors import ErrorFilter
from app.store.tables import ErrorLog

Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,60}$")]


class ErrorFilterQuery(FilterQuery):
    """What errors are narrowed to; times are those of the last occurrence."""

    kind: Annotated[Kind | Absent, Field(description="What sort of trouble.")] = None
    code: Annotated[Word | Absent, Field(description="The stable word of the error.")] = None
    state: Annotated[Literal["open", "resolved"] | Absent, Field(description="Both, when absent.")] = None


class ErrorQuery(PageQuery, ErrorFilterQuery):
    """The same for a list in pages."""


class ErrorView(Out):
    """One cause on one record: what is wrong, how often it was seen, and what to do."""

    error_id: str
    object_name: str
    record_id: str
    intacct_id: str | None
    operation_id: str
    kind: str
    code: str
    message: str
    advice: str
    field: str | None
    vendor_name: Annotated[str | None, Field(description="salesforce or intacct, where it said no.")]
    vendor_code: str | None
    vendor_text: str | None
    support_id: str | None
    blocked_object: Annotated[str | None, Field(description="Object of the record that must come first.")]
    blocked_record_id: str | None
    occurrences: int
    first_seen_at: Moment
    last_seen_at: Moment
    resolved: bool
    resolved_at: Moment | None
    resolved_by: Annotated[str | None, Field(description="The operation that succeeded, or the key of a person.")]


class ErrorDetail(ErrorView):
    """One error."""

    correlation_id: str


class ErrorPage(Out):
    """A page of errors, the last seen first."""

    items: list[ErrorView]
    next_cursor: Annotated[str | None, Field(description="Null on the last page.")]
    correlation_id: str


class RecordErrors(Out):
    """The errors of one record, open and resolved, the last seen first."""

    object_name: str
    record_id: str
    items: list[ErrorView]
    correlation_id: str


def filter_of(query: ErrorFilterQuery, record_id: str | None) -> ErrorFilter:
    """The filter a query means; `record_id` in its 18-character form."""
    unresolved = None if query.state is None else query.state == "open"
    return ErrorFilter(query.object_name, record_id, query.kind, query.code, unresolved, query.since, query.until)


def _fields(row: ErrorLog) -> dict[str, object]:
    vendor = row.vendor or {}
    return {
        "error_id": row.id,
        "object_name": row.object,
        "record_id": row.record_id,
        "intacct_id": row.intacct_id,
        "operation_id": row.operation_id,
        "kind": row.kind,
        "code": row.code,
        "message": row.message,
        "advice": row.advice,
        "field": row.field,
        "vendor_name": vendor.get("system"),
        "vendor_code": vendor.get("code"),
        "vendor_text": vendor.get("text"),
        "support_id": vendor.get("supportId"),
        "blocked_object": row.blocked_object,
        "blocked_record_id": row.blocked_id,
        "occurrences": row.occurrences,
        "first_seen_at": row.first_seen,
        "last_seen_at": row.last_seen,
        "resolved": row.resolved_at is not None,
        "resolved_at": row.resolved_at,
        "resolved_by": row.resolved_by,
    }


def error_out(row: ErrorLog) -> ErrorView:
    """An error as it stands in lists."""
    return ErrorView.model_validate(_fields(row))


def detail_out(row: ErrorLog, correlation_id: str) -> ErrorDetail:
    """One error alone."""
    return ErrorDetail.model_validate(_fields(row) | {"correlation_id": correlation_id})


def page_out(page: Page[ErrorLog], correlation_id: str) -> ErrorPage:
    """A page as it is sent."""
    return ErrorPage(
        items=[error_out(row) for row in page.rows], next_cursor=page.next_cursor, correlation_id=correlation_id
    )
