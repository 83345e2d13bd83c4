"""The catalogue as it is sent: what is synced, by which rows, under which rules and options."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from app.api.schemas.model import Out
from app.domain.declaration import Field as Row
from app.domain.declaration import Option, SyncedObject
from app.services.catalogue import plain


class FieldRow(Out):
    """One mapping row."""

    row_id: str
    intacct_fields: Annotated[list[str], Field(description="Several where one Salesforce field is spread over them.")]
    salesforce_field: Annotated[str, Field(description="ia_crm__ stands for the connection's namespace.")]
    rule: Annotated[str, Field(description="toIntacct, fromIntacct or bidirectional.")]
    mark: Annotated[str, Field(description="free, fixed or formula: what may be changed about the row.")]
    policy: Annotated[str, Field(description="Who wins when both sides changed: newest, salesforce or intacct.")]
    required: bool
    active: bool
    refers_to: Annotated[str | None, Field(description="The object it is a reference to.")]


class OptionView(Out):
    """A setting of the object."""

    name: str
    description: str
    kind: Annotated[str, Field(description="switch, choice, number, text or list.")]
    default_value: Annotated[str, Field(description="As text: true or false, a number, words with commas between.")]
    choices: Annotated[list[str], Field(description="The words that are allowed; empty where none are named.")]


class ObjectView(Out):
    """One synced object."""

    object_name: str
    label: str
    kind: str
    creates: Annotated[str, Field(description="On which side a missing twin is created.")]
    salesforce_object: str
    intacct_object: str
    natural_key: Annotated[str, Field(description="The Intacct field that holds the readable key.")]
    cascade: list[str]
    rows: list[FieldRow]
    options: list[OptionView]


class Catalogue(Out):
    """All synced objects, dependencies first."""

    items: list[ObjectView]
    correlation_id: str


def catalogue_out(declared: Iterable[SyncedObject], correlation_id: str) -> Catalogue:
    """The catalogue as it is sent."""
    return Catalogue(items=[_object_out(one) for one in declared], correlation_id=correlation_id)


def _object_out(declared: SyncedObject) -> ObjectView:
    return ObjectView(
        object_name=declared.name,
        label=declared.label,
        kind=declared.kind,
        creates=declared.creates,
        salesforce_object=declared.salesforce.kind,
        intacct_object=declared.intacct.kind,
        natural_key=declared.intacct.natural_key,
        cascade=list(declared.cascade),
        rows=[_row_out(row) for row in declared.fields],
        options=[_option_out(option) for option in declared.options],
    )


def _row_out(row: Row) -> FieldRow:
    return FieldRow(
        row_id=row.id,
        intacct_fields=list(row.names),
        salesforce_field=row.salesforce,
        rule=row.rule,
        mark=row.mark,
        policy=row.policy,
        required=row.required,
        active=row.active,
        refers_to=row.refers_to,
    )


def _option_out(option: Option) -> OptionView:
    return OptionView(
        name=option.name,
        description=option.says,
        kind=option.kind,
        default_value=plain(option.default),
        choices=list(option.choices),
    )
