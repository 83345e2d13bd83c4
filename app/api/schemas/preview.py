"""What a sync would do, as it is sent: per record its decision, its fields and the exact requests."""

import json
from typing import Annotated

from pydantic import Field

from app.api.schemas.model import In, Out
from app.api.schemas.sync import CallerOrigin, GivenId, RequestedBy, ResultName
from app.domain.problems import Problem
from app.services.preview import Preview
from app.services.previewed import Previewed, PreviewedField, PreviewedRequest


class PreviewList(In):
    """Up to 200 records of one object, shown in this order."""

    record_ids: Annotated[
        list[GivenId],
        Field(min_length=1, max_length=200, description="Salesforce ids; # and a RECORDNO for one only Intacct has."),
    ]
    origin: Annotated[CallerOrigin, Field(description="As if the wish came from there: some rules depend on it.")] = (
        "apex"
    )
    requested_by: RequestedBy | None = None


class PreviewField(Out):
    """One mapping row of a record. Values as text; lists and truth as JSON."""

    row: Annotated[str, Field(description="The mapping row.")]
    salesforce_field: str
    intacct_field: str
    sync_rule: str
    salesforce_value: Annotated[str | None, Field(description="What stands in Salesforce now.")]
    intacct_value: Annotated[str | None, Field(description="What stands in Intacct now.")]
    base_value: Annotated[str | None, Field(description="What both sides last agreed on.")]
    mapped_value: Annotated[str | None, Field(description="Salesforce's value as Intacct would hold it.")]
    written_to: Annotated[str | None, Field(description="salesforce or intacct; null when nothing is written.")]
    written_value: str | None
    won_by: Annotated[str | None, Field(description="Which side wins where both have changed.")]


class PreviewRequest(Out):
    """One write as it would leave, without credentials."""

    side: Annotated[str, Field(description="salesforce or intacct.")]
    kind: str
    action: str
    content: Annotated[str, Field(description="An XML function, a REST request, or a record of a JSON body.")]
    exact: Annotated[
        bool,
        Field(description="False where it holds a stand-in for a number Intacct gives, or the time."),
    ]


class PreviewProblem(Out):
    """One thing that is wrong with the record."""

    code: str
    field: str | None
    message: str


class PreviewItem(Out):
    """What would become of one record."""

    record_id: Annotated[str, Field(description="18 characters, or the text as given when the wish were refused.")]
    result: ResultName
    reason: Annotated[str, Field(description="Why, as a stable word; docs/decisions.md explains each.")]
    message: str
    advice: str | None
    intacct_id: Annotated[str | None, Field(description="Of the twin it has, would get or would be linked to.")]
    fields: list[PreviewField]
    requests: Annotated[list[PreviewRequest], Field(description="In the order in which they would leave.")]
    predicted_transactions: Annotated[int, Field(description="Records it would write to Intacct.")]
    waits_for: Annotated[list[str], Field(description="Records that would be synced first, as object/id.")]
    warnings: list[str]
    problems: list[PreviewProblem]


class PreviewAnswer(Out):
    """A preview, in the order of the request. Nothing was written anywhere."""

    object_name: str
    mapping_version: str
    items: list[PreviewItem]
    transactions_spent: Annotated[int, Field(description="What this preview has cost at Intacct.")]
    predicted_transactions: Annotated[int, Field(description="What the sync would cost there, reads included.")]
    predicted_calls: Annotated[int, Field(description="Calls to Salesforce of the sync.")]
    correlation_id: str


def preview_out(object_name: str, shown: Preview, correlation_id: str) -> PreviewAnswer:
    """A preview as it is sent."""
    return PreviewAnswer(
        object_name=object_name,
        mapping_version=shown.mapping_version,
        items=[_item(one) for one in shown.records],
        transactions_spent=shown.transactions,
        predicted_transactions=shown.would_cost,
        predicted_calls=shown.would_call,
        correlation_id=correlation_id,
    )


def _item(one: Previewed) -> PreviewItem:
    return PreviewItem(
        record_id=one.record_id,
        result=one.result.value,
        reason=one.reason,
        message=one.message,
        advice=one.advice or None,
        intacct_id=one.intacct_id,
        fields=[_field(row) for row in one.fields],
        requests=[_request(request) for request in one.requests],
        predicted_transactions=one.transactions,
        waits_for=list(one.waits_for),
        warnings=list(one.warnings),
        problems=[_problem(problem) for problem in one.problems],
    )


def _field(row: PreviewedField) -> PreviewField:
    return PreviewField(
        row=row.row,
        salesforce_field=row.salesforce_field,
        intacct_field=row.intacct_field,
        sync_rule=row.rule,
        salesforce_value=_text(row.salesforce),
        intacct_value=_text(row.intacct),
        base_value=_text(row.base),
        mapped_value=_text(row.mapped),
        written_to=row.written_to,
        written_value=_text(row.written),
        won_by=row.won_by,
    )


def _request(one: PreviewedRequest) -> PreviewRequest:
    return PreviewRequest(side=one.system, kind=one.kind, action=one.action, content=one.text, exact=one.exact)


def _problem(problem: Problem) -> PreviewProblem:
    return PreviewProblem(code=problem.code, field=problem.field or None, message=problem.message)


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
