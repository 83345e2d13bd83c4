"""Projects made out of opportunities."""

from fastapi import APIRouter

from app.api.auth import Asker
from app.api.deps import CorrelationId, Here
from app.api.errors import ACCEPTED, BAD_REQUEST, CONFLICT, UNAVAILABLE, UNPROCESSABLE, UNSUPPORTED_MEDIA, problems
from app.api.schemas.projects import ProjectMade, ProjectWanted, made_out
from app.services import projects

router = APIRouter(tags=["sync"])


@router.post(
    "/v1/projects/from-opportunity",
    operation_id="createProjectFromOpportunity",
    summary="Make the project of an opportunity",
    description="Makes the project in Salesforce, with the tasks of a template, and syncs it with them. An opportunity "
    "has one project: a repeat finds it, adds the tasks it lacks and leaves the rest as people changed it.",
    status_code=ACCEPTED,
    response_description="Made or found; its sync is accepted.",
    responses=problems(BAD_REQUEST, CONFLICT, UNSUPPORTED_MEDIA, UNPROCESSABLE, UNAVAILABLE),
)
async def create_project(
    context: Here, who: Asker, correlation_id: CorrelationId, wanted: ProjectWanted
) -> ProjectMade:
    """See the description."""
    asked = projects.Asked(
        wanted.opportunity_id,
        wanted.template_id,
        wanted.another,
        wanted.origin,
        wanted.requested_by,
        wanted.request_id,
    )
    made = await projects.from_opportunity(context, who.connection, asked, correlation_id)
    return made_out(made, wanted.request_id, correlation_id)
