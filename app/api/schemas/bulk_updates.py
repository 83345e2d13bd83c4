"""Bulk updates as a caller sends them, and as they are sent."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.api.schemas.mapping_wishes import FormulaText
from app.api.schemas.mass_runs import MassFilter, RunView, run_fields
from app.api.schemas.model import In, Line, Out, PageSize, Whole
from app.api.schemas.operations import Absent
from app.api.schemas.sync import RequestedBy
from app.domain.records import Value
from app.services.bulk_updates import MOST_SHOWN, Outlook
from app.services.bulk_values import MOST, Given, Planned, shown
from app.services.mass_runs import Progress
from app.services.paging import Page
from app.store.mass_tables import MassEdit
from app.store.values import decode

TargetName = Annotated[
    str,
    StringConstraints(max_length=80, pattern=r"^[A-Za-z][A-Za-z0-9_]*$"),
    Field(description="A field of the object by its API name; ia_crm__ stands for the namespace."),
]
AfterRecord = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{1,18}$")]
AfterPlace = Annotated[str, StringConstraints(pattern=r"^[er]:([A-Za-z0-9]{15}([A-Za-z0-9]{3})?)?$")]


class ConstantValue(In):
    """A field that every record is to hold the same in."""

    field: TargetName
    value: Annotated[
        Annotated[Line, Field(max_length=255)] | None,
        Field(description="As text, read by the type of the field; null or empty clears it."),
    ]


class FormulaValue(In):
    """A field that is computed per record."""

    field: TargetName
    formula: Annotated[
        FormulaText, Field(description="Over fields of the record, and through look-ups with dots: Owner.Name.")
    ]


class BulkWish(MassFilter):
    """Which records, by the filters of mass runs, and what they are to hold."""

    values: Annotated[list[ConstantValue | FormulaValue], Field(min_length=1, max_length=MOST)]


class BulkPreviewWish(BulkWish):
    """The same, a page at a time."""

    after: Annotated[AfterPlace | None, Field(description="nextAfter of the page before.")] = None
    page_size: Annotated[int, Field(ge=1, le=MOST_SHOWN, description="Records of a page."), Whole] = 20


class BulkStart(BulkWish):
    """The same with the number somebody has looked at."""

    confirmed_records: Annotated[
        int, Field(ge=0, le=100_000_000, description="What the count answered. Refused when it has moved much."), Whole
    ]
    requested_by: RequestedBy | None = None


class BulkRecordQuery(In):
    """Which records of a bulk update are wanted."""

    result: Annotated[
        Literal["planned", "updated", "unchanged", "failed", "cancelled"] | Absent, Field(description="One result.")
    ] = None
    after: Annotated[AfterRecord | Absent, Field(description="nextAfter of the page before.")] = None
    page_size: PageSize = 50


class BulkCount(Out):
    """What an update would concern."""

    object_name: str
    records: int
    correlation_id: str


class FieldEdit(Out):
    """One field of a record, both values as text."""

    field: str
    before: str | None
    after: str | None


class RecordEdit(Out):
    """One record: only fields that hold something else are changed; one that fails is left whole."""

    record_id: str
    result: Annotated[str, Field(description="planned, updated, unchanged, failed or cancelled.")]
    code: Annotated[str | None, Field(description="Why it failed, as a stable word.")]
    message: str
    field: Annotated[str | None, Field(description="The field to blame.")]
    changes: list[FieldEdit]


class BulkPreview(Out):
    """How many records, and a page of them with what would change."""

    object_name: str
    records: int
    items: list[RecordEdit]
    next_after: Annotated[str | None, Field(description="Null on the last page.")]
    correlation_id: str


class BulkRunView(RunView):
    """An update and its records: `selected` is the sum of pending, updated, unchanged, failed and cancelled."""

    bulk_update_id: str


class BulkRunDetail(BulkRunView):
    """One update."""

    correlation_id: str


class BulkRunPage(Out):
    """A page of updates, newest first."""

    items: list[BulkRunView]
    next_cursor: Annotated[str | None, Field(description="Null on the last page.")]
    correlation_id: str


class BulkRecordPage(Out):
    """A page of the records of an update, by id."""

    items: list[RecordEdit]
    next_after: Annotated[str | None, Field(description="Null on the last page.")]
    correlation_id: str


def given_of(said: BulkWish) -> tuple[Given, ...]:
    """The values a caller means."""
    return tuple(
        Given(one.field, formula=one.formula) if isinstance(one, FormulaValue) else Given(one.field, one.value)
        for one in said.values
    )


def count_out(object_name: str, records: int, correlation_id: str) -> BulkCount:
    """A count as it is sent."""
    return BulkCount(object_name=object_name, records=records, correlation_id=correlation_id)


def preview_out(object_name: str, outlook: Outlook, correlation_id: str) -> BulkPreview:
    """A page of a preview."""
    return BulkPreview(
        object_name=object_name,
        records=outlook.records,
        items=[_planned(one) for one in outlook.planned],
        next_after=outlook.behind,
        correlation_id=correlation_id,
    )


def detail_out(progress: Progress, correlation_id: str) -> BulkRunDetail:
    """One update alone."""
    return BulkRunDetail.model_validate(run_fields(progress, "bulk_update_id") | {"correlation_id": correlation_id})


def page_out(page: Page[Progress], correlation_id: str) -> BulkRunPage:
    """A page as it is sent."""
    items = [BulkRunView.model_validate(run_fields(one, "bulk_update_id")) for one in page.rows]
    return BulkRunPage(items=items, next_cursor=page.next_cursor, correlation_id=correlation_id)


def records_out(rows: list[MassEdit], behind: str | None, correlation_id: str) -> BulkRecordPage:
    """Records as they are sent."""
    items = [
        _edit(row.record_id, row.result, (row.code, row.message, row.field), decode(row.before), decode(row.after))
        for row in rows
    ]
    return BulkRecordPage(items=items, next_after=behind, correlation_id=correlation_id)


def _planned(one: Planned) -> RecordEdit:
    result = "failed" if one.problem else "planned" if one.after else "unchanged"
    return _edit(one.record_id, result, one.problem or (None, "", None), one.before, one.after)


def _edit(
    record_id: str,
    result: str,
    why: tuple[str | None, str, str | None],
    before: Mapping[str, Value],
    after: Mapping[str, Value],
) -> RecordEdit:
    changes = [FieldEdit(field=name, before=shown(before[name]), after=shown(after[name])) for name in after]
    code, message, field = why
    return RecordEdit(record_id=record_id, result=result, code=code, message=message, field=field, changes=changes)
