"""A project out of an opportunity, as it is asked for and answered."""

from typing import Annotated

from pydantic import Field

from app.api.schemas.model import In, Out
from app.api.schemas.sync import CallerOrigin, RequestedBy, RequestId, SyncItem, item_out
from app.services.projects import Made

SalesforceId = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{15}([A-Za-z0-9]{3})?$")]


class ProjectWanted(In):
    """The opportunity, and perhaps a template project whose fields and tasks are copied."""

    opportunity_id: Annotated[SalesforceId, Field(description="Salesforce id of the opportunity.")]
    template_id: Annotated[SalesforceId | None, Field(description="A project whose Is Template is set.")] = None
    another: Annotated[
        bool, Field(description="Make a further project although the opportunity has one; one per requestId.")
    ] = False
    origin: CallerOrigin = "button"
    requested_by: RequestedBy | None = None
    request_id: RequestId


class ProjectMade(Out):
    """The project in Salesforce, and the operation that brings it to Intacct with its tasks."""

    project_id: str
    created: Annotated[bool, Field(description="False: the opportunity had its project already.")]
    tasks_created: Annotated[int, Field(description="Copies of the template's tasks made by this call.")]
    item: SyncItem
    request_id: str
    correlation_id: str


def made_out(made: Made, request_id: str, correlation_id: str) -> ProjectMade:
    """The answer as it is sent."""
    return ProjectMade(
        project_id=made.project_id,
        created=made.created,
        tasks_created=made.tasks,
        item=item_out(made.synced.items[0]),
        request_id=request_id,
        correlation_id=correlation_id,
    )
