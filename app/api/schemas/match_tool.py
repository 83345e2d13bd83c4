"""The match tool: filters and acts as a caller sends them, proposals as they are sent."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.api.schemas.mass_runs import FieldName, RecordFilter
from app.api.schemas.model import In, Out, Truth, Whole
from app.api.schemas.sync import RequestedBy, SyncItem
from app.services.match_tool import Matches, Unlinked

RecordKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{15}([A-Za-z0-9]{3})?$")]
IntacctKey = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,17}$"), Field(description="RECORDNO of the record.")]


class MatchQuery(RecordFilter):
    """Which unlinked records are shown."""

    with_reviewed: Annotated[Truth, Field(description="Show those too that were set aside.")] = False
    after: Annotated[RecordKey | None, Field(description="nextAfter of the page before.")] = None
    page_size: Annotated[int, Field(ge=1, le=50), Whole] = 25


class TwinView(Out):
    """An Intacct record that may be the twin."""

    intacct_key: str
    intacct_id: str
    name: str
    matched_by: Annotated[str, Field(description="The Intacct field that agrees.")]
    taken_by: Annotated[str | None, Field(description="The Salesforce record it is linked to already.")]


class UnlinkedView(Out):
    """A Salesforce record without a twin."""

    record_id: str
    name: str
    reviewed: bool
    twins: Annotated[list[TwinView], Field(description="The surest first, at most ten.")]


class MatchPage(Out):
    """A page of unlinked records, by their ids."""

    object_name: str
    items: list[UnlinkedView]
    next_after: Annotated[str | None, Field(description="Null on the last page.")]
    salesforce_unlinked: Annotated[int, Field(description="Salesforce records without a twin, whatever the filter.")]
    intacct_unlinked: Annotated[int, Field(description="Intacct records without a twin.")]
    correlation_id: str


class LinkWish(In):
    """The record to link with."""

    intacct_key: IntacctKey


class CopyWish(In):
    """Which fields are copied, and where to."""

    fields: Annotated[list[FieldName], Field(min_length=1, max_length=100)]
    copy_to: Literal["salesforce", "intacct"]
    requested_by: RequestedBy | None = None


class ReviewMark(In):
    """Whether the record has been looked through."""

    reviewed: Truth = True


class ReviewAnswer(Out):
    """A record set aside, or taken out again."""

    object_name: str
    record_id: str
    reviewed: bool
    correlation_id: str


class CopyAnswer(SyncItem):
    """The sync that carries the copied values."""

    correlation_id: str


def page_out(object_name: str, found: Matches, correlation_id: str) -> MatchPage:
    """A page as it is sent."""
    return MatchPage(
        object_name=object_name,
        items=[_unlinked(one) for one in found.records],
        next_after=found.next_after,
        salesforce_unlinked=found.salesforce_unlinked,
        intacct_unlinked=found.intacct_unlinked,
        correlation_id=correlation_id,
    )


def _unlinked(one: Unlinked) -> UnlinkedView:
    twins = [
        TwinView(
            intacct_key=twin.key,
            intacct_id=twin.natural_id,
            name=twin.name,
            matched_by=twin.by,
            taken_by=twin.taken_by,
        )
        for twin in one.twins
    ]
    return UnlinkedView(record_id=one.record_id, name=one.name, reviewed=one.reviewed, twins=twins)
