"""Filters as a caller sends them, and mass runs as they are sent."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from app.api.schemas.model import In, Line, Moment, Out, PageSize, Truth, Whole
from app.api.schemas.operations import Absent, Cursor, KnownObject
from app.api.schemas.sync import RequestedBy
from app.domain.conditions import VALUELESS, AllOf, AnyOf, Compare, Condition, Operator
from app.services.mass_runs import Count, Progress
from app.services.paging import Page
from app.services.selections import Wanted

FieldName = Annotated[
    str,
    StringConstraints(max_length=200, pattern=r"^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*){0,4}$"),
    Field(description="A Salesforce field by its API name, through look-ups with dots."),
]
Junction = Annotated[
    Literal["allOf", "anyOf"], Field(description="allOf: every part holds. anyOf: at least one of them.")
]


class FilterCondition(In):
    """One field, compared. Several values: one of them fits, or, for ne and notIn, none. No value: the field is empty,
    or, for ne and notIn, filled."""

    field: FieldName
    operator: Operator
    values: Annotated[list[Annotated[Line, Field(max_length=255)]], Field(max_length=20)] = []


class FilterGroup(In):
    """Conditions joined by AND or OR."""

    junction: Junction = "allOf"
    conditions: Annotated[list[FilterCondition], Field(min_length=1, max_length=6)]


class RecordFilter(In):
    """Groups of conditions joined by AND or OR; without groups every record fits."""

    junction: Junction = "allOf"
    groups: Annotated[list[FilterGroup], Field(max_length=5)] = []


class MassFilter(RecordFilter):
    """Which records a mass run takes: every chosen default filter and the conditions have to hold."""

    flagged_for_sync: Annotated[Truth, Field(description="The box Sync with Intacct is ticked.")] = False
    synced: Annotated[Truth, Field(description="The last sync went well.")] = False
    has_sync_errors: Annotated[Truth, Field(description="An error is open, or the record's status says so.")] = False


class MassStart(MassFilter):
    """The same filter with the number somebody has looked at."""

    confirmed_records: Annotated[
        int, Field(ge=0, le=100_000_000, description="What the count answered. Refused when it has moved much."), Whole
    ]
    requested_by: RequestedBy | None = None


class MassRunQuery(In):
    """What a list of mass runs is narrowed to."""

    object_name: Annotated[KnownObject | Absent, Field(description="A synced object.")] = None
    cursor: Annotated[Cursor | Absent, Field(description="nextCursor of the page before.")] = None
    page_size: PageSize = 50


class MassCount(Out):
    """What a run would concern."""

    object_name: str
    records: int
    most_transactions: Annotated[int, Field(description="Intacct transactions at most: every record written.")]
    correlation_id: str


class RunView(Out):
    """What is told of a run over many records, whatever it does to them."""

    object_name: str
    state: Annotated[str, Field(description="selecting, running, done, cancelled or failed.")]
    confirmed_records: int
    selected: int
    pending: Annotated[int, Field(description="Not over: queued, being written, tried again later.")]
    updated: int
    unchanged: int
    failed: int
    cancelled: int
    reason: Annotated[str | None, Field(description="Why the run stopped or waits, as a stable word.")]
    message: Annotated[str, Field(description="The same in a sentence; at the end of a bulk update its result.")]
    requested_by: str | None
    created_at: Moment
    selected_at: Annotated[Moment | None, Field(description="When all records had been selected.")]
    finished_at: Annotated[Moment | None, Field(description="When nothing of it moved any more.")]


class MassRunView(RunView):
    """A run and its records: `selected` is the sum of the numbers by result, `pending`, `cancelled` and `forgotten`."""

    mass_run_id: str
    created: int
    skipped: int
    blocked: int
    conflicted: int
    held: int
    forgotten: Annotated[int, Field(description="Operations that were removed before the run was over.")]
    joined: Annotated[int, Field(description="Of the selected, those that had an operation already.")]


class MassRunDetail(MassRunView):
    """One run."""

    correlation_id: str


class MassRunPage(Out):
    """A page of runs, newest first."""

    items: list[MassRunView]
    next_cursor: Annotated[str | None, Field(description="Null on the last page.")]
    correlation_id: str


def condition_of(said: RecordFilter) -> Condition:
    """The tree a filter means."""
    parts = tuple(_joined(group.junction, tuple(map(_compared, group.conditions))) for group in said.groups)
    return _joined(said.junction, parts) if parts else AllOf()


def wanted_of(said: MassFilter) -> Wanted:
    """The filter a caller means."""
    return Wanted(said.flagged_for_sync, said.synced, said.has_sync_errors, condition_of(said))


def _joined(junction: str, parts: tuple[Condition, ...]) -> Condition:
    return AllOf(parts) if junction == "allOf" else AnyOf(parts)


_SEVERAL = {
    Operator.EQ: Operator.IN,
    Operator.IN: Operator.IN,
    Operator.NE: Operator.NOT_IN,
    Operator.NOT_IN: Operator.NOT_IN,
}
_NO_VALUE = {Operator.IN: Operator.IS_EMPTY, Operator.NOT_IN: Operator.IS_FILLED}


def _compared(said: FilterCondition) -> Condition:
    values = tuple(value for value in said.values if value.strip())
    if said.operator in VALUELESS:
        return Compare(said.field, said.operator)
    listed = _SEVERAL.get(said.operator)
    if listed is not None:
        return Compare(said.field, listed, values) if values else Compare(said.field, _NO_VALUE[listed])
    return AnyOf(tuple(Compare(said.field, said.operator, (value,)) for value in values))


def count_out(object_name: str, count: Count, correlation_id: str) -> MassCount:
    """A count as it is sent."""
    return MassCount(
        object_name=object_name,
        records=count.records,
        most_transactions=count.most_transactions,
        correlation_id=correlation_id,
    )


def run_fields(progress: Progress, own_id: str) -> dict[str, Any]:
    """A run by the names of its view; `own_id` is what its id is called there."""
    row = progress.run
    return {
        **progress.counts,
        own_id: row.id,
        "object_name": row.object,
        "state": row.state,
        "confirmed_records": row.confirmed,
        "selected": row.selected,
        "joined": progress.joined,
        "reason": row.reason,
        "message": row.message,
        "requested_by": row.requested_by,
        "created_at": row.created_at,
        "selected_at": row.selected_at,
        "finished_at": row.finished_at,
    }


def detail_out(progress: Progress, correlation_id: str) -> MassRunDetail:
    """One run alone."""
    return MassRunDetail.model_validate(run_fields(progress, "mass_run_id") | {"correlation_id": correlation_id})


def page_out(page: Page[Progress], correlation_id: str) -> MassRunPage:
    """A page as it is sent."""
    return MassRunPage(
        items=[MassRunView.model_validate(run_fields(one, "mass_run_id")) for one in page.rows],
        next_cursor=page.next_cursor,
        correlation_id=correlation_id,
    )
