"""Mappings as they are sent: rows, versions, findings, files. What a caller says stands in `mapping_wishes`."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from app.api.schemas.mapping_wishes import PolicyName, RuleName
from app.api.schemas.model import Moment, Out
from app.domain.declaration import Field as Row
from app.domain.declaration import SyncedObject
from app.domain.mapping_rules import Finding
from app.domain.mappings import Content, Difference, RowChange, plain_content
from app.services.mapping_effects import Effect
from app.services.mapping_files import written
from app.services.mappings import Mapping, Version
from app.services.planning import stored_content, version_name
from app.store.tables import MappingVersion


class WordPairView(Out):
    """One pair of a value map."""

    intacct: str
    salesforce: str


class BackFormulaView(Out):
    """How one Salesforce field is made."""

    target: str
    formula: str


class MappingRow(Out):
    """One row as it works under the version in force."""

    row_id: str
    own: Annotated[bool, Field(description="Whether it is a row of the administrator's own.")]
    changed: Annotated[bool, Field(description="Whether the mapping says anything about it.")]
    intacct_fields: list[str]
    salesforce_fields: list[str]
    rule: RuleName
    policy: PolicyName
    mark: Annotated[str, Field(description="free, fixed or formula: what may be changed about the row.")]
    active: bool
    required: bool
    kind: Annotated[str | None, Field(description="Of an own row.")]
    width: int | None
    refers_to: str | None
    value_map: list[WordPairView]
    default_value: str | None
    to_intacct: str | None
    to_salesforce: list[BackFormulaView]


class DifferenceView(Out):
    """One thing two versions say differently."""

    row_id: str
    what: str
    before: str | None
    after: str | None


class VersionView(Out):
    """A version without its rows."""

    object_name: str
    version_number: int
    version_name: Annotated[str, Field(description="As operations and decisions name it.")]
    state: Annotated[str, Field(description="draft, active or retired.")]
    note: str
    revision: Annotated[int, Field(description="Grows with every change of a draft.")]
    created_by: str
    created_at: Moment
    updated_at: Moment
    activated_by: str | None
    activated_at: Moment | None


class RowSaid(Out):
    """What a version says about one row; null where it says nothing."""

    row_id: str
    active: bool | None
    rule: str | None
    policy: str | None
    value_map: list[WordPairView] | None
    default_value: str | None
    intacct_field: str | None
    salesforce_fields: list[str] | None
    kind: str | None
    width: int | None
    lookup_object: str | None
    to_intacct: str | None
    to_salesforce: list[BackFormulaView] | None


class VersionDetail(VersionView):
    """A version with what it says, and how that differs from the version in force (or the one before it)."""

    rows: list[RowSaid]
    differences: list[DifferenceView]
    correlation_id: str


class MappingView(Out):
    """The mapping of one object."""

    object_name: str
    version_name: Annotated[str, Field(description="standard, or v and the number of the version in force.")]
    active_version: VersionView | None
    draft: VersionView | None
    rows: list[MappingRow]
    correlation_id: str


class VersionList(Out):
    """Versions, newest first."""

    items: list[VersionView]
    next_below: Annotated[int | None, Field(description="Ask for versions below this number; null on the last page.")]
    correlation_id: str


class FindingView(Out):
    """One thing that is wrong."""

    row_id: str
    field: Annotated[str, Field(description="The part of the row that is to blame.")]
    severity: Literal["error", "warning"]
    code: str
    message: str
    advice: str


class Validation(Out):
    """A draft, or the mapping in force, held against both sides."""

    object_name: str
    version_name: str
    ready: Annotated[bool, Field(description="Whether there is no error.")]
    findings: list[FindingView]
    correlation_id: str


class FieldEffectView(Out):
    """A field that would be written otherwise."""

    side: Annotated[str, Field(description="salesforce or intacct.")]
    field: str
    records: int


class FailureGroupView(Out):
    """Records that would fail for one reason under the draft alone."""

    code: str
    field: str
    message: Annotated[str, Field(description="Of one of them.")]
    records: int
    example_ids: list[str]


class EffectView(Out):
    """The draft against the mapping in force."""

    object_name: str
    draft_version: str
    version_name: Annotated[str, Field(description="The mapping in force.")]
    summary: str
    linked_records: int
    examined: int
    would_change: int
    would_fail: int
    fail_already: Annotated[int, Field(description="Records that fail under both.")]
    fields: list[FieldEffectView]
    failures: list[FailureGroupView]
    example_ids: Annotated[list[str], Field(description="Some of the records that would change.")]
    transactions: Annotated[int, Field(description="Spent at Intacct by looking.")]
    correlation_id: str


class MappingFile(Out):
    """A mapping as a file."""

    object_name: str
    version_name: str
    yaml: str
    correlation_id: str


def mapping_out(declared: SyncedObject, mapping: Mapping, correlation_id: str) -> MappingView:
    """The mapping as it is sent."""
    content = mapping.content
    own = [change for change in content.rows if change.own is not None]
    return MappingView(
        object_name=mapping.object,
        version_name=version_name(mapping.active.number) if mapping.active else "standard",
        active_version=version_out(mapping.active) if mapping.active else None,
        draft=version_out(mapping.draft) if mapping.draft else None,
        rows=[
            *(_declared_out(row, content.of(row.id)) for row in declared.fields),
            *(_own_out(change) for change in own),
        ],
        correlation_id=correlation_id,
    )


def _declared_out(row: Row, change: RowChange | None) -> MappingRow:
    said = change or RowChange(row.id)
    return MappingRow.model_validate(
        {
            **_said(said),
            "own": False,
            "changed": change is not None,
            "intacct_fields": list(row.names),
            "salesforce_fields": list(row.places),
            "rule": said.rule or row.rule,
            "policy": said.policy or row.policy,
            "mark": row.mark,
            "active": row.active if said.active is None else said.active,
            "required": row.required,
            "refers_to": row.refers_to,
        }
    )


def _own_out(change: RowChange) -> MappingRow:
    own = change.own
    assert own is not None
    return MappingRow.model_validate(
        {
            **_said(change),
            "own": True,
            "changed": True,
            "intacct_fields": [own.intacct],
            "salesforce_fields": list(own.salesforce),
            "rule": change.rule or "bidirectional",
            "policy": change.policy or "newest",
            "mark": "free",
            "active": change.active is not False,
            "required": False,
            "refers_to": own.lookup,
        }
    )


def _said(change: RowChange) -> dict[str, Any]:
    own = change.own
    return {
        "row_id": change.row_id,
        "kind": own.kind if own else None,
        "width": own.width if own else None,
        "value_map": [{"intacct": a, "salesforce": b} for a, b in change.value_map or ()],
        "default_value": change.default,
        "to_intacct": own.to_intacct if own else None,
        "to_salesforce": [{"target": t, "formula": f} for t, f in own.to_salesforce] if own else [],
    }


def _version_fields(row: MappingVersion) -> dict[str, Any]:
    return {
        "object_name": row.object,
        "version_number": row.number,
        "version_name": version_name(row.number),
        "state": row.state,
        "note": row.note,
        "revision": row.revision,
        "created_by": row.created_by,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "activated_by": row.activated_by,
        "activated_at": row.activated_at,
    }


def version_out(row: MappingVersion) -> VersionView:
    """A version without its rows."""
    return VersionView.model_validate(_version_fields(row))


def detail_out(version: Version, correlation_id: str) -> VersionDetail:
    """A version with what it says."""
    keys = [field.alias or name for name, field in RowSaid.model_fields.items()]
    rows = [{key: row.get(key) for key in keys} for row in plain_content(version.content)["rows"]]
    return VersionDetail.model_validate(
        {
            **_version_fields(version.row),
            "rows": rows,
            "differences": [_difference_out(one) for one in version.differences],
            "correlation_id": correlation_id,
        }
    )


def _difference_out(one: Difference) -> DifferenceView:
    return DifferenceView(row_id=one.row, what=one.what, before=one.before, after=one.after)


def validation_out(name: str, row: MappingVersion | None, found: Sequence[Finding], correlation_id: str) -> Validation:
    """What was found, errors first."""
    ordered = sorted(found, key=lambda one: one.severity)
    return Validation(
        object_name=name,
        version_name=version_name(row.number) if row else "standard",
        ready=all(one.severity != "error" for one in found),
        findings=[
            FindingView(
                row_id=one.row,
                field=one.field,
                severity=one.severity.value,
                code=one.code,
                message=one.message,
                advice=one.advice,
            )
            for one in ordered
        ],
        correlation_id=correlation_id,
    )


def file_out(mapping: Mapping, correlation_id: str) -> MappingFile:
    """The draft, else the mapping in force, as a file."""
    row = mapping.draft or mapping.active
    content = stored_content(row) if row else Content()
    return MappingFile(
        object_name=mapping.object,
        version_name=version_name(row.number) if row else "standard",
        yaml=written(mapping.object, content, row.note if row else ""),
        correlation_id=correlation_id,
    )


def effect_out(found: Effect, correlation_id: str) -> EffectView:
    """An effect as it is sent."""
    return EffectView(
        object_name=found.object,
        draft_version=found.draft,
        version_name=found.in_force,
        summary=found.summary,
        linked_records=found.linked,
        examined=found.examined,
        would_change=found.would_change,
        would_fail=found.would_fail,
        fail_already=found.fail_already,
        fields=[FieldEffectView(side=one.side, field=one.field, records=one.records) for one in found.fields],
        failures=[
            FailureGroupView(
                code=one.code,
                field=one.field,
                message=one.message,
                records=one.records,
                example_ids=list(one.examples),
            )
            for one in found.failures
        ],
        example_ids=list(found.examples),
        transactions=found.transactions,
        correlation_id=correlation_id,
    )
