"""Mappings by which journal entries are made, as they are sent and shown."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from app.api.schemas.mass_runs import Junction, RecordFilter, condition_of
from app.api.schemas.model import In, Line, Moment, Out, Truth, Version
from app.domain.building import JournalMapping, Row, Side
from app.domain.conditions import AllOf, AnyOf, Compare, Condition, comparisons
from app.domain.transforms import plain
from app.services.journal_mappings import read
from app.services.orgs import Org
from app.store.build_tables import JournalMappingRow

NAME = r"^[A-Za-z0-9][A-Za-z0-9 _.-]{0,79}$"
"""What a mapping may be called: it stands in addresses."""

MappingName = Annotated[str, StringConstraints(pattern=NAME)]
ApiName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,79}$")]
"""An object or a field as Salesforce names it."""
Path = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,79}(\.[A-Za-z][A-Za-z0-9_]{0,79}){0,4}$")]
"""A field, of the record itself or of a parent."""
RecordIdText = Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9]{15}|[A-Za-z0-9]{18})$")]
Text = Annotated[Line, Field(max_length=255)]
SideName = Literal["both", "debit", "credit"]


class JournalRow(In):
    """One field of the entry or line and where its value comes from: a field of the source, or a fixed value."""

    target: ApiName
    source_field: Path | None = None
    fixed_text: Annotated[Text | None, Field(description="A text, or the id of the record a look-up names.")] = None
    fixed_flag: Truth | None = None
    side: SideName = "both"


class DefaultDimension(In):
    """A dimension for lines that have none."""

    target: ApiName
    record_id: RecordIdText


Rows = Annotated[list[JournalRow], Field(min_length=1, max_length=100)]
Paths = Annotated[list[Path], Field(max_length=10)]
Dimensions = Annotated[list[DefaultDimension], Field(max_length=20)]
RecordTypes = Annotated[list[ApiName], Field(max_length=20, description="Developer names; none: every type.")]


class JournalMappingWish(In):
    """A mapping to be made."""

    name: MappingName
    header_source: ApiName
    line_source: Annotated[ApiName | None, Field(description="None: the header itself is the line.")] = None
    parent_field: Annotated[ApiName | None, Field(description="The line source's look-up to the header.")] = None
    debit_field: Annotated[ApiName, Field(description="Reference field of the line source; filled: used.")]
    credit_field: ApiName | None = None
    header_rows: Rows
    line_rows: Rows
    entries_by: Annotated[Paths, Field(description="Headers that agree in these fields share an entry.")] = []
    lines_by: Annotated[Paths, Field(description="Lines that agree in these fields are summed.")] = []
    dimensions: Dimensions = []
    record_types: RecordTypes = []
    header_filter: RecordFilter = RecordFilter()
    line_filter: RecordFilter = RecordFilter()
    statistical: Truth = False
    use_in_schedule: Truth = False


class JournalMappingChange(In):
    """What of a mapping is to be changed. What is left out stays; null empties lineSource, parentField, creditField."""

    header_source: ApiName | None = None
    line_source: ApiName | None = None
    parent_field: ApiName | None = None
    debit_field: ApiName | None = None
    credit_field: ApiName | None = None
    header_rows: Rows | None = None
    line_rows: Rows | None = None
    entries_by: Paths | None = None
    lines_by: Paths | None = None
    dimensions: Dimensions | None = None
    record_types: RecordTypes | None = None
    header_filter: RecordFilter | None = None
    line_filter: RecordFilter | None = None
    statistical: Truth | None = None
    use_in_schedule: Truth | None = None
    version: Version | None = None


class FilterConditionView(Out):
    """One comparison, as in a filter that is sent."""

    field: str
    operator: str
    values: list[str]


class FilterGroupView(Out):
    """Conditions that must all hold, or of which one is enough."""

    junction: Junction
    conditions: list[FilterConditionView]


class RecordFilterView(Out):
    """Groups of conditions, joined; no group: every record."""

    junction: Junction
    groups: list[FilterGroupView]


class JournalRowView(Out):
    """One field of the entry or line and where its value comes from."""

    target: str
    source_field: str | None
    fixed_text: str | None
    fixed_flag: bool | None
    side: SideName


class DefaultDimensionView(Out):
    """A dimension for lines that have none."""

    target: str
    record_id: str


class JournalMappingView(Out):
    """A mapping by which entries are made."""

    name: str
    header_source: str
    line_source: str | None
    parent_field: str | None
    debit_field: str
    credit_field: str | None
    header_rows: list[JournalRowView]
    line_rows: list[JournalRowView]
    entries_by: list[str]
    lines_by: list[str]
    dimensions: list[DefaultDimensionView]
    record_types: list[str]
    header_filter: RecordFilterView
    line_filter: RecordFilterView
    statistical: bool
    use_in_schedule: bool


class JournalMappingDetail(JournalMappingView):
    """A stored mapping."""

    version: int
    updated_at: Moment
    correlation_id: str


class JournalMappingList(Out):
    """All mappings of the connection, by name."""

    items: list[JournalMappingView]
    correlation_id: str


class JournalMappingGone(Out):
    """A mapping that was forgotten; the entries it made stay."""

    name: str
    correlation_id: str


class JournalSuggestions(Out):
    """What kind of org this is, and mappings that suit it; texts in angle brackets are to be replaced."""

    org_kind: Literal["plain", "npsp", "nonprofitCloud"]
    person_accounts: bool
    items: list[JournalMappingView]
    correlation_id: str


PLAIN = {"header_source": "header", "line_source": "line", "parent_field": "parent", "debit_field": "debit_field"}
PLAIN |= {"credit_field": "credit_field", "statistical": "statistical", "use_in_schedule": "scheduled"}
LISTS = ("entries_by", "lines_by", "record_types")
CLEARED = ("line_source", "parent_field", "credit_field")


def members_of(said: JournalMappingWish | JournalMappingChange) -> dict[str, Any]:
    """Members of `JournalMapping` from what was sent; what was left out is left out."""
    sent = said.model_fields_set if isinstance(said, JournalMappingChange) else set(type(said).model_fields)
    given = {name: getattr(said, name) for name in sent}
    given = {name: value for name, value in given.items() if value is not None or name in CLEARED}
    out = {PLAIN[name]: value for name, value in given.items() if name in PLAIN}
    out |= {name: tuple(given[name]) for name in LISTS if name in given}
    out |= {name: tuple(map(_row, given[name])) for name in ("header_rows", "line_rows") if name in given}
    out |= {name: condition_of(given[name]) for name in ("header_filter", "line_filter") if name in given}
    if "dimensions" in given:
        out["dimensions"] = tuple((one.target, one.record_id) for one in given["dimensions"])
    return out


def _row(said: JournalRow) -> Row:
    fixed = said.fixed_text if said.fixed_text is not None else said.fixed_flag
    return Row(said.target, said.source_field, fixed, Side(said.side))


def mapping_out(mapping: JournalMapping) -> JournalMappingView:
    """A mapping as it stands in lists."""
    return JournalMappingView.model_validate(_fields(mapping))


def detail_out(row: JournalMappingRow, correlation_id: str) -> JournalMappingDetail:
    """A stored mapping."""
    rest = {"version": row.version, "updated_at": row.updated_at, "correlation_id": correlation_id}
    return JournalMappingDetail.model_validate(_fields(read(row)) | rest)


def _fields(mapping: JournalMapping) -> dict[str, Any]:
    return {
        "name": mapping.name,
        **{name: getattr(mapping, member) for name, member in PLAIN.items()},
        **{name: list(getattr(mapping, name)) for name in LISTS},
        "header_rows": [_row_fields(row) for row in mapping.header_rows],
        "line_rows": [_row_fields(row) for row in mapping.line_rows],
        "dimensions": [{"target": target, "record_id": one} for target, one in mapping.dimensions],
        "header_filter": _filter(mapping.header_filter),
        "line_filter": _filter(mapping.line_filter),
    }


def _row_fields(row: Row) -> dict[str, Any]:
    flag = isinstance(row.constant, bool)
    return {
        "target": row.target,
        "source_field": row.field,
        "fixed_text": None if flag else row.constant,
        "fixed_flag": row.constant if flag else None,
        "side": row.side.value,
    }


def _filter(condition: Condition) -> dict[str, Any]:
    """A condition as groups, in the shape in which it was sent."""
    if isinstance(condition, Compare) or all(isinstance(part, Compare) for part in condition.parts):
        groups = [condition] if condition != AllOf() else []
        return {"junction": "allOf", "groups": [_group(one) for one in groups]}
    return {"junction": _junction(condition), "groups": [_group(part) for part in condition.parts]}


def _group(condition: Condition) -> dict[str, Any]:
    parts = (condition,) if isinstance(condition, Compare) else condition.parts
    return {"junction": _junction(condition), "conditions": [_shown(list(comparisons(part))) for part in parts]}


def _shown(same: list[Compare]) -> dict[str, Any]:
    """Comparisons of one field, one for each value that was sent."""
    values = [word(value) for one in same for value in one.values]
    return {"field": same[0].field, "operator": same[0].operator.value, "values": values}


def _junction(condition: Condition) -> str:
    return "anyOf" if isinstance(condition, AnyOf) else "allOf"


def word(value: Any) -> str:
    """A value as text; truth in lower case."""
    return str(value).lower() if isinstance(value, bool) else str(plain(value))


def suggestions_out(org: Org, correlation_id: str) -> JournalSuggestions:
    """What suits an org."""
    return JournalSuggestions.model_validate(
        {
            "org_kind": org.kind.value,
            "person_accounts": org.person_accounts,
            "items": [_fields(one) for one in org.suggestions],
            "correlation_id": correlation_id,
        }
    )
