"""Sales documents made out of opportunities."""

from fastapi import APIRouter

from app.api.auth import Asker
from app.api.deps import CorrelationId, Here
from app.api.errors import ACCEPTED, BAD_REQUEST, CONFLICT, UNAVAILABLE, UNPROCESSABLE, UNSUPPORTED_MEDIA, problems
from app.api.schemas.sales_documents import SalesDocumentMade, SalesDocumentWanted, made_out
from app.services import sales_orders

router = APIRouter(tags=["salesDocuments"])


@router.post(
    "/v1/sales-documents/from-opportunity",
    operation_id="createDocumentFromOpportunity",
    summary="Make a quote, order or invoice of an opportunity",
    description="Makes a sales document in Salesforce with a line per product, and syncs it. With the option oneToOne "
    "an opportunity has one document per transaction definition; without, one per requestId.",
    status_code=ACCEPTED,
    response_description="Made; its sync is accepted.",
    responses=problems(BAD_REQUEST, CONFLICT, UNSUPPORTED_MEDIA, UNPROCESSABLE, UNAVAILABLE),
)
async def create_document(
    context: Here, who: Asker, correlation_id: CorrelationId, wanted: SalesDocumentWanted
) -> SalesDocumentMade:
    """See the description."""
    asked = sales_orders.Asked(
        wanted.opportunity_id, wanted.definition, wanted.origin, wanted.requested_by, wanted.request_id
    )
    made = await sales_orders.from_opportunity(context, who.connection, asked, correlation_id)
    return made_out(made, wanted.request_id, correlation_id)
