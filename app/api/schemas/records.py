"""One record explained, as it is sent."""

from typing import Annotated

from pydantic import Field

from app.api.schemas.errors import ErrorView, error_out
from app.api.schemas.model import In, Moment, Out, PageSize
from app.api.schemas.operations import Absent, Cursor, DecisionView, OperationSummary, decision_out, summary_out
from app.api.schemas.sync import ResultName
from app.services.paging import Page
from app.services.records import Explanation
from app.store.link_tables import FormerLink
from app.store.tables import Decision, Operation

NEVER = "never_asked"


class FormerLinkView(Out):
    """A link that ended."""

    salesforce_id: Annotated[str, Field(description="The record that was linked; one that was merged into this one.")]
    intacct_id: str
    intacct_record_key: str
    why: Annotated[str, Field(description="unlinked or merged.")]
    successor: Annotated[str | None, Field(description="The record it was merged into.")]
    ended_at: Moment


class RecordView(Out):
    """Everything known about one record: its link, what is happening, what was decided and why, what is wrong."""

    object_name: str
    record_id: str
    linked: bool
    intacct_id: str | None
    intacct_record_key: str | None
    linked_how: Annotated[str | None, Field(description="created, or how the existing record was found.")]
    linked_at: Moment | None
    former_links: Annotated[list[FormerLinkView], Field(description="Links that ended, newest first.")]
    last_result: ResultName | None
    last_reason: Annotated[str, Field(description="Reason of the last decision; never_asked when there is none.")]
    last_message: str
    last_decided_at: Moment | None
    live: Annotated[OperationSummary | None, Field(description="The operation under way.")]
    open_errors: list[ErrorView]
    decisions: Annotated[list[DecisionView], Field(description="Newest first, at most 50.")]
    correlation_id: str


def _former_out(row: FormerLink) -> FormerLinkView:
    return FormerLinkView(
        salesforce_id=row.salesforce_id,
        intacct_id=row.intacct_id,
        intacct_record_key=row.intacct_key,
        why=row.why,
        successor=row.successor,
        ended_at=row.ended_at,
    )


def record_out(object_name: str, record_id: str, known: Explanation, correlation_id: str) -> RecordView:
    """An explanation as it is sent."""
    link, last = known.binding, known.last
    never = "Nothing was decided about this record yet." if known.known else "Nobody has asked for this record yet."
    return RecordView(
        object_name=object_name,
        record_id=record_id,
        linked=link is not None,
        intacct_id=link.intacct_id if link else None,
        intacct_record_key=link.intacct_key if link else None,
        linked_how=link.how if link else None,
        linked_at=link.created_at if link else None,
        former_links=[_former_out(row) for row in known.former],
        last_result=decision_out(last).result if last else None,
        last_reason=last.reason if last else NEVER,
        last_message=last.message if last else never,
        last_decided_at=last.at if last else None,
        live=summary_out(known.live, known.stops) if known.live else None,
        open_errors=[error_out(row) for row in known.errors],
        decisions=[decision_out(row) for row in known.decisions],
        correlation_id=correlation_id,
    )


class HistoryQuery(In):
    """Which page of a history."""

    cursor: Annotated[Cursor | Absent, Field(description="nextCursor of the page before.")] = None
    page_size: PageSize = 50


class HistoryEntry(DecisionView):
    """One decision, with the wish it answers; those members are null once the operation is no longer kept."""

    origin: Annotated[str | None, Field(description="Where the wish came from.")]
    requested_by: Annotated[str | None, Field(description="Who asked, where that was said.")]
    direction: str | None
    request_correlation_id: str | None


class RecordHistory(Out):
    """A page of what was decided about a record, newest first."""

    object_name: str
    record_id: str
    items: list[HistoryEntry]
    next_cursor: Annotated[str | None, Field(description="Null on the last page.")]
    correlation_id: str


def history_out(
    object_name: str, record_id: str, page: Page[tuple[Decision, Operation | None]], correlation_id: str
) -> RecordHistory:
    """A page of a history as it is sent."""
    return RecordHistory(
        object_name=object_name,
        record_id=record_id,
        items=[_entry(decision, operation) for decision, operation in page.rows],
        next_cursor=page.next_cursor,
        correlation_id=correlation_id,
    )


def _entry(decision: Decision, operation: Operation | None) -> HistoryEntry:
    return HistoryEntry(
        **dict(decision_out(decision)),
        origin=operation.origin if operation else None,
        requested_by=operation.requested_by if operation else None,
        direction=operation.direction if operation else None,
        request_correlation_id=operation.correlation_id if operation else None,
    )
