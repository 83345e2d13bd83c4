"""The catalogue of synced objects."""

from fastapi import APIRouter

from app.api.auth import Viewer
from app.api.deps import CorrelationId
from app.api.errors import problems
from app.api.schemas.catalogue import Catalogue, catalogue_out
from app.objects import CATALOGUE

router = APIRouter(tags=["configuration"])


@router.get(
    "/v1/objects",
    operation_id="listObjects",
    summary="What is synced, and how",
    description="All objects with their mapping rows, rules and options, dependencies first.",
    response_description="The catalogue.",
    responses=problems(),
)
async def list_objects(who: Viewer, correlation_id: CorrelationId) -> Catalogue:
    """See the description."""
    return catalogue_out(CATALOGUE.values(), correlation_id)
