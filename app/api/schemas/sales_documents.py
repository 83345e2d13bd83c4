"""A sales document out of an opportunity, as it is asked for and answered."""

from typing import Annotated

from pydantic import Field, StringConstraints

from app.api.schemas.definitions import NAME
from app.api.schemas.model import In, Out
from app.api.schemas.projects import SalesforceId
from app.api.schemas.sync import CallerOrigin, RequestedBy, RequestId, SyncItem, item_out
from app.services.sales_orders import Made

DefinitionName = Annotated[str, StringConstraints(pattern=NAME)]


class SalesDocumentWanted(In):
    """The opportunity, and which document it becomes."""

    opportunity_id: Annotated[SalesforceId, Field(description="Salesforce id of the opportunity.")]
    definition: Annotated[
        DefinitionName | None, Field(description="Transaction definition; none: the one the opportunity names.")
    ] = None
    origin: CallerOrigin = "button"
    requested_by: RequestedBy | None = None
    request_id: RequestId


class SalesDocumentMade(Out):
    """The document in Salesforce, and the operation that brings it to Intacct."""

    document_id: str
    lines: int
    item: SyncItem
    request_id: str
    correlation_id: str


def made_out(made: Made, request_id: str, correlation_id: str) -> SalesDocumentMade:
    """The answer as it is sent."""
    return SalesDocumentMade(
        document_id=made.document_id,
        lines=made.lines,
        item=item_out(made.synced.items[0]),
        request_id=request_id,
        correlation_id=correlation_id,
    )
