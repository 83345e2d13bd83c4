"""Groups of errors as they are sent, and the error log as a spreadsheet."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from app.api.schemas.errors import ErrorView, Word, error_out
from app.api.schemas.model import In, Instant, Moment, Out, PageSize
from app.api.schemas.operations import Absent, Cursor, KnownObject
from app.domain.errors import Kind
from app.domain.spreadsheets import sheet
from app.services.error_groups import Group, Retried
from app.services.paging import Page
from app.store.error_groups import GroupFilter
from app.store.tables import ErrorLog

GroupState = Literal["open", "ignored", "resolved", "regressed"]


class GroupQuery(In):
    """What a list of groups is narrowed to."""

    object_name: Annotated[KnownObject | Absent, Field(description="A synced object.")] = None
    kind: Annotated[Kind | Absent, Field(description="What sort of trouble.")] = None
    code: Annotated[Word | Absent, Field(description="The stable word of the error.")] = None
    state: Annotated[GroupState | Absent, Field(description="Where it stands; all, when absent.")] = None
    cursor: Annotated[Cursor | Absent, Field(description="nextCursor of the page before.")] = None
    page_size: PageSize = 50


class RecordsQuery(In):
    """Which records of a group are shown."""

    after: Annotated[
        Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,36}$")] | Absent,
        Field(description="nextAfter of the page before."),
    ] = None
    page_size: PageSize = 50


class IgnoreUntil(In):
    """How long a group is left out of what needs attention."""

    until: Instant


class ErrorGroupView(Out):
    """One cause, on however many records."""

    error_group_id: str
    object_name: Annotated[str | None, Field(description="Null where records of several objects wait for one record.")]
    kind: str
    code: str
    message: Annotated[str, Field(description="What was said the last time.")]
    advice: str
    field: str | None
    blocked_object: Annotated[str | None, Field(description="Object of the missing record that all of them wait for.")]
    blocked_record_id: str | None
    state: GroupState
    open_records: Annotated[int, Field(description="Records on which it is open.")]
    occurrences: Annotated[int, Field(description="How often it was seen in all.")]
    regressions: Annotated[int, Field(description="How often it came back after its last error had been closed.")]
    trend: Annotated[
        Literal["rising", "falling", "steady"],
        Field(description="Whether more or fewer records fell to it in the last 24 hours than in the 24 before."),
    ]
    first_seen_at: Moment
    last_seen_at: Moment
    ignored_until: Moment | None


class ErrorGroupState(ErrorGroupView):
    """One group after a change."""

    correlation_id: str


class ErrorGroupDetail(ErrorGroupView):
    """One group with open errors of it."""

    items: list[ErrorView]
    next_after: Annotated[str | None, Field(description="Null on the last page.")]
    correlation_id: str


class ErrorGroupPage(Out):
    """A page of groups, the last seen first."""

    items: list[ErrorGroupView]
    next_cursor: Annotated[str | None, Field(description="Null on the last page.")]
    correlation_id: str


class RetryAnswer(ErrorGroupView):
    """A group whose records were wished anew."""

    wished: int
    joined: Annotated[int, Field(description="Of the wished, those that had an operation already.")]
    correlation_id: str


def filter_of(query: GroupQuery) -> GroupFilter:
    """The filter a query means."""
    return GroupFilter(query.object_name, query.kind, query.code, query.state)


def _fields(group: Group) -> dict[str, Any]:
    row, standing = group.standing.group, group.standing
    return {
        "error_group_id": row.id,
        "object_name": row.object,
        "kind": row.kind,
        "code": row.code,
        "message": row.message,
        "advice": row.advice,
        "field": row.field,
        "blocked_object": row.blocked_object,
        "blocked_record_id": row.blocked_id,
        "state": group.state,
        "open_records": standing.records,
        "occurrences": row.occurrences,
        "regressions": row.regressions,
        "trend": group.trend,
        "first_seen_at": row.first_seen,
        "last_seen_at": row.last_seen,
        "ignored_until": row.ignored_until,
    }


def state_out(group: Group, correlation_id: str) -> ErrorGroupState:
    """A group as it stands."""
    return ErrorGroupState.model_validate(_fields(group) | {"correlation_id": correlation_id})


def detail_out(group: Group, rows: Sequence[ErrorLog], size: int, correlation_id: str) -> ErrorGroupDetail:
    """A group with up to `size` of its errors, of which one more was asked for."""
    shown = rows[:size]
    rest = {"items": [error_out(row) for row in shown], "correlation_id": correlation_id}
    return ErrorGroupDetail.model_validate(
        _fields(group) | rest | {"next_after": shown[-1].id if len(rows) > size else None}
    )


def page_out(page: Page[Group], correlation_id: str) -> ErrorGroupPage:
    """A page as it is sent."""
    return ErrorGroupPage(
        items=[ErrorGroupView.model_validate(_fields(group)) for group in page.rows],
        next_cursor=page.next_cursor,
        correlation_id=correlation_id,
    )


def retry_out(retried: Retried, correlation_id: str) -> RetryAnswer:
    """What a retry of a group did."""
    rest = {"wished": retried.wished, "joined": retried.joined, "correlation_id": correlation_id}
    return RetryAnswer.model_validate(_fields(retried.group) | rest)


def sheet_out(rows: Iterable[ErrorLog]) -> str:
    """Errors as a spreadsheet, one line each, under the names of the list."""
    names = [info.alias or name for name, info in ErrorView.model_fields.items()]
    views = (error_out(row).model_dump(by_alias=True, mode="json") for row in rows)
    return sheet(names, (["" if view[name] is None else str(view[name]) for name in names] for view in views))
