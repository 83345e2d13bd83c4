"""What a caller says about a mapping: rows, drafts, files. The other half, what is answered, stands in `mappings`."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from app.api.schemas.model import In, Line, PageSize, QueryWhole, Truth, Whole
from app.domain.errors import Kind, SyncError
from app.domain.mappings import Content, RowChange, content_of
from app.services.formulas import LONGEST_FORMULA
from app.services.mapping_effects import LARGEST_SAMPLE
from app.services.mapping_files import LONGEST_FILE
from app.services.mappings import MOST_ROWS
from app.services.preview import MOST

NAME = r"^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*){0,3}$"
ROW_ID = r"^[A-Za-z][A-Za-z0-9_.-]{0,99}$"

FieldName = Annotated[str, Field(max_length=120, pattern=NAME, description="ia_crm__ stands for the namespace.")]
RowId = Annotated[str, Field(pattern=ROW_ID, description="Of a standard row, or any other name for an own row.")]
Word = Annotated[Line, Field(max_length=255)]
FormulaText = Annotated[Line, Field(min_length=1, max_length=LONGEST_FORMULA)]
Note = Annotated[Line, Field(max_length=500, description="What the version is for.")]
Revision = Annotated[
    int,
    Field(ge=0, le=2147483647, description="The revision of the draft the change was made from; 0: no draft."),
    Whole,
]
Number = Annotated[int, Field(ge=0, le=2147483647, description="Number of a version; 0: the standard."), Whole]
RecordText = Annotated[Line, Field(min_length=1, max_length=18)]
RuleName = Literal["toIntacct", "fromIntacct", "bidirectional"]
PolicyName = Literal["newest", "salesforce", "intacct"]
KindName = Literal[
    "text", "identifier", "number", "amount", "date", "datetime", "truth", "flag", "pick", "multi", "reference"
]


class WordPair(In):
    """One pair of a value map."""

    intacct: Word
    salesforce: Word


class BackFormula(In):
    """How one Salesforce field is made of the Intacct field."""

    target: FieldName
    formula: FormulaText


class RowWish(In):
    """What is said about one row; what is absent or null stays as declared. An own row needs its fields and a rule."""

    row_id: RowId
    active: Truth | None = None
    rule: RuleName | None = None
    policy: PolicyName | None = None
    value_map: Annotated[list[WordPair] | None, Field(max_length=500)] = None
    default_value: Annotated[Word | None, Field(description="As Intacct writes it.")] = None
    intacct_field: FieldName | None = None
    salesforce_fields: Annotated[list[FieldName] | None, Field(min_length=1, max_length=8)] = None
    kind: KindName | None = None
    width: Annotated[Annotated[int, Field(ge=1, le=4000), Whole] | None, Field(description="Characters.")] = None
    lookup_object: Annotated[Line | None, Field(max_length=40)] = None
    to_intacct: FormulaText | None = None
    to_salesforce: Annotated[list[BackFormula] | None, Field(max_length=8)] = None


class DraftWish(In):
    """A draft as a whole."""

    rows: Annotated[list[RowWish], Field(max_length=MOST_ROWS)]
    note: Note | None = None
    revision: Revision | None = None


class DraftChange(In):
    """Rows to be given anew and rows to be taken out; the rest of the draft stays."""

    rows: Annotated[list[RowWish] | None, Field(max_length=MOST_ROWS)] = None
    removed: Annotated[list[RowId] | None, Field(max_length=MOST_ROWS)] = None
    note: Note | None = None
    revision: Revision | None = None


class Activation(In):
    """Which draft is meant."""

    revision: Revision | None = None


class Reversal(In):
    """The version to go back to."""

    version_number: Number


class EffectWish(In):
    """The records to look at; without ids, a sample of the linked ones, evenly spread."""

    record_ids: Annotated[list[RecordText] | None, Field(min_length=1, max_length=MOST)] = None
    sample_size: Annotated[
        Annotated[int, Field(ge=1, le=LARGEST_SAMPLE), Whole] | None, Field(description=f"{MOST} when absent.")
    ] = None


class FileWish(In):
    """A file to be taken for the draft."""

    yaml: Annotated[str, Field(min_length=1, max_length=LONGEST_FILE)]
    revision: Revision | None = None


class VersionQuery(In):
    """Which versions are wanted."""

    below: Annotated[
        Annotated[int, Field(ge=1, le=2147483647), QueryWhole] | None, Field(description="Only below this number.")
    ] = None
    page_size: PageSize = 50


class _FileContent(In):
    """What stands in a file beside its format and object."""

    rows: Annotated[list[RowWish], Field(max_length=MOST_ROWS)]
    note: Note | None = None


def content_in(rows: Sequence[RowWish]) -> Content:
    """The content of the rows a caller sent. Raises SyncError CONFIG `mapping_invalid` for half an own row."""
    found: list[tuple[str, str]] = []
    made: list[RowChange] = []
    for row in rows:
        said: dict[str, Any] = row.model_dump(by_alias=True, exclude_none=True)
        own = {"intacctField", "salesforceFields", "kind"}
        extra = {"width", "lookupObject", "toIntacct", "toSalesforce"} & set(said)
        missing = own - set(said) if own & set(said) or extra else set()
        if missing:
            said_of = f"{row.row_id} is an own row and needs"
            found += [(f"rows.{row.row_id}.{name}", f"{said_of} {name}.") for name in sorted(missing)]
            continue
        made += content_of({"rows": [said]}).rows
    if found:
        raise SyncError(Kind.CONFIG, "mapping_invalid", found[0][1], faults=tuple(found))
    return Content(tuple(made))


def file_in(said: Mapping[str, Any]) -> tuple[Content, str]:
    """Content and note of a file's plain data. Raises SyncError CONFIG `mapping_file_invalid`, all at once."""
    try:
        wish = _FileContent.model_validate(dict(said))
    except ValidationError as wrong:
        faults = tuple((".".join(map(str, one["loc"])), f"{one['msg']}.") for one in wrong.errors())
        message = f"The file cannot be used: {faults[0][0]}: {faults[0][1]}"
        raise SyncError(Kind.CONFIG, "mapping_file_invalid", message, "Correct the file.", faults=faults) from wrong
    return content_in(wish.rows), wish.note or ""
