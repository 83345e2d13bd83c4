"""Operations and their history, as they are sent. Contents of writes stay inside; their outcomes are told."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from app.api.schemas.model import In, Instant, Moment, Out, PageSize
from app.api.schemas.sync import ResultName, State
from app.objects import CATALOGUE
from app.services.budget import Stops
from app.services.intake import Origin
from app.services.items import item_of
from app.services.operations import History, Listed
from app.services.paging import CURSOR
from app.store.operations import OperationFilter
from app.store.tables import Decision, Intent, Operation

WaitingFor = Literal["sync_switched_off", "budget_used_up"]
AnyOrigin = Literal["button", "massTool", "flow", "apex", "schedule", "cascade", "intacct"]
Absent = SkipJsonSchema[None]
"""The type of a query parameter that was not sent; null is no value of it."""

KnownObject = Annotated[str, Field(pattern=f"^({'|'.join(CATALOGUE)})$")]
KnownRecord = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{15}([A-Za-z0-9]{3})?$")]
Cursor = Annotated[str, Field(pattern=CURSOR)]


class FilterQuery(In):
    """What every list is narrowed to."""

    object_name: Annotated[KnownObject | Absent, Field(description="A synced object.")] = None
    record_id: Annotated[KnownRecord | Absent, Field(description="A Salesforce id, 15 or 18 characters.")] = None
    since: Annotated[Instant | Absent, Field(description="At this time or later.")] = None
    until: Annotated[Instant | Absent, Field(description="Before this time.")] = None


class PageQuery(FilterQuery):
    """The same, and what it is paged by."""

    cursor: Annotated[Cursor | Absent, Field(description="nextCursor of the page before.")] = None
    page_size: PageSize = 50


class OperationQuery(PageQuery):
    """What a list of operations is narrowed to; times are those of the wish."""

    state: Annotated[State | Absent, Field(description="Where it stands.")] = None
    result: Annotated[ResultName | Absent, Field(description="How it ended, or how the last try did.")] = None
    origin: Annotated[AnyOrigin | Absent, Field(description="Where the wish came from.")] = None


class OperationSummary(Out):
    """One wish to bring one record in step."""

    operation_id: str
    object_name: str
    record_id: str
    direction: str
    lane: str
    origin: Origin
    requested_by: str | None
    request_correlation_id: Annotated[str, Field(description="Correlation id of the request that asked for it.")]
    parent_operation_id: str | None
    state: State
    result: ResultName | None
    reason: str | None
    message: str
    intacct_id: str | None
    intacct_record_key: str | None
    error_code: str | None
    retryable: Annotated[bool, Field(description="Whether it is tried again by itself.")]
    runs_again: Annotated[bool, Field(description="Whether a further wish arrived while it ran.")]
    attempts: int
    waits_on: Annotated[str | None, Field(description="The record it waits for, as object/id.")]
    waiting_for: Annotated[
        WaitingFor | None,
        Field(description="What keeps it from being run although its time has come: the master switch or the budget."),
    ]
    due_at: Moment | None
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None


class FieldChange(Out):
    """One field a run wrote."""

    side: Annotated[str, Field(description="salesforce or intacct: where it was written.")]
    field: str
    value_before: str | None
    value_after: str | None


class DecisionView(Out):
    """What one run decided, and why."""

    operation_id: str
    run: int
    result: ResultName
    reason: str
    message: str
    changes: list[FieldChange]
    warnings: list[str]
    mapping_version: str | None
    decided_at: Moment


class TrailEntry(Out):
    """One thing that became known about a write."""

    noted_at: str
    state: str
    note: str


class IntentView(Out):
    """One write to Intacct and what is known of its outcome. Its content is not shown."""

    control_id: str
    revision: int
    kind: str
    action: str
    state: str
    sends: int
    looks: int
    sent_at: Moment
    next_look_at: Moment | None
    settled_at: Moment | None
    intacct_id: str | None
    intacct_record_key: str | None
    trail: list[TrailEntry]


class OperationDetail(OperationSummary):
    """An operation with its history."""

    decisions: list[DecisionView]
    intents: list[IntentView]
    correlation_id: str


class OperationPage(Out):
    """A page of operations, newest first."""

    items: list[OperationSummary]
    next_cursor: Annotated[str | None, Field(description="Null on the last page.")]
    correlation_id: str


def filter_of(query: OperationQuery, record_id: str | None) -> OperationFilter:
    """The filter a query means; `record_id` in its 18-character form."""
    return OperationFilter(
        query.object_name, record_id, query.state, query.result, query.origin, query.since, query.until
    )


def _fields(row: Operation, stops: Stops) -> dict[str, Any]:
    item = item_of(row)
    return {
        "operation_id": row.id,
        "object_name": row.object,
        "record_id": row.record_id,
        "direction": row.direction,
        "lane": row.lane,
        "origin": row.origin,
        "requested_by": row.requested_by,
        "request_correlation_id": row.correlation_id,
        "parent_operation_id": row.parent_id,
        "state": row.state,
        "result": row.result,
        "reason": row.reason,
        "message": row.message,
        "intacct_id": row.intacct_id,
        "intacct_record_key": row.intacct_key,
        "error_code": item.error_code,
        "retryable": item.retryable,
        "runs_again": row.again,
        "attempts": row.attempts,
        "waits_on": row.waits_on,
        "waiting_for": stops.of(row),
        "due_at": row.due_at,
        "created_at": row.created_at,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
    }


def summary_out(row: Operation, stops: Stops) -> OperationSummary:
    """An operation as it stands in lists."""
    return OperationSummary.model_validate(_fields(row, stops))


def detail_out(history: History, correlation_id: str) -> OperationDetail:
    """An operation with its history."""
    return OperationDetail.model_validate(
        _fields(history.operation, history.stops)
        | {
            "decisions": [decision_out(row) for row in history.decisions],
            "intents": [intent_out(row) for row in history.intents],
            "correlation_id": correlation_id,
        }
    )


def page_out(page: Listed, correlation_id: str) -> OperationPage:
    """A page as it is sent."""
    return OperationPage(
        items=[summary_out(row, page.stops) for row in page.rows],
        next_cursor=page.next_cursor,
        correlation_id=correlation_id,
    )


def decision_out(row: Decision) -> DecisionView:
    """A decision as it is sent; values as text."""
    return DecisionView.model_validate(
        {
            "operation_id": row.operation_id,
            "run": row.run,
            "result": row.result,
            "reason": row.reason,
            "message": row.message,
            "changes": [_change_out(change) for change in row.changes],
            "warnings": row.warnings,
            "mapping_version": row.mapping_version,
            "decided_at": row.at,
        }
    )


def intent_out(row: Intent) -> IntentView:
    """A write as it is sent, without its content."""
    return IntentView(
        control_id=row.control_id,
        revision=row.revision,
        kind=row.kind,
        action=row.action,
        state=row.state,
        sends=row.sends,
        looks=row.looks,
        sent_at=row.sent_at,
        next_look_at=row.next_look_at,
        settled_at=row.settled_at,
        intacct_id=row.remote_id,
        intacct_record_key=row.remote_key,
        trail=[TrailEntry(noted_at=one["at"], state=one["state"], note=one["note"]) for one in row.trail],
    )


def _change_out(change: Mapping[str, Any]) -> FieldChange:
    return FieldChange(
        side=change["system"],
        field=change["field"],
        value_before=_text(change["before"]),
        value_after=_text(change["after"]),
    )


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
