"""Operations: looked at, tried again, cancelled."""

# ruff: noqa: FAST003 - path parameters are read through aliases: camelCase outside, snake_case here

from typing import Annotated

from fastapi import APIRouter, Path, Query

from app.api.auth import Operator, Viewer
from app.api.deps import CorrelationId, Here, Id, full_id
from app.api.errors import CONFLICT, NOT_FOUND, UNPROCESSABLE, not_found, problems
from app.api.schemas.operations import OperationDetail, OperationPage, OperationQuery, detail_out, filter_of, page_out
from app.services import operations

router = APIRouter(tags=["operations"])

OperationId = Annotated[str, Path(alias="operationId", pattern=Id, description="Id of the operation.")]


@router.get(
    "/v1/operations",
    operation_id="listOperations",
    summary="Operations, newest first",
    description="Narrowed by what is given. The cursor of a page leads to the next one.",
    response_description="One page.",
    responses=problems(UNPROCESSABLE),
)
async def list_operations(
    context: Here, who: Viewer, correlation_id: CorrelationId, query: Annotated[OperationQuery, Query()]
) -> OperationPage:
    """See the description."""
    wanted = filter_of(query, full_id(query.record_id))
    page = await operations.listed(context, who.connection_id, wanted, query.cursor, query.page_size)
    return page_out(page, correlation_id)


@router.get(
    "/v1/operations/{operationId}",
    operation_id="getOperation",
    summary="One operation with its history",
    description="What its runs decided and why, and what is known of its writes to Intacct.",
    response_description="The operation.",
    responses=problems(NOT_FOUND, UNPROCESSABLE),
)
async def get_operation(
    context: Here, who: Viewer, correlation_id: CorrelationId, operation_id: OperationId
) -> OperationDetail:
    """See the description."""
    history = await operations.get(context, who.connection_id, operation_id)
    if history is None:
        raise not_found("operation")
    return detail_out(history, correlation_id)


@router.post(
    "/v1/operations/{operationId}/retry",
    operation_id="retryOperation",
    summary="Try an operation again now",
    description="One that went well becomes a new wish; the answer is then the new operation. A write whose outcome is "
    "unclear is looked up first. Retrying a held one is the decision that it may be sent again if it is not found.",
    response_description="The operation that is due now.",
    responses=problems(NOT_FOUND, CONFLICT, UNPROCESSABLE),
)
async def retry_operation(
    context: Here, who: Operator, correlation_id: CorrelationId, operation_id: OperationId
) -> OperationDetail:
    """See the description."""
    history = await operations.retry(context, who.connection_id, operation_id, correlation_id)
    if history is None:
        raise not_found("operation")
    return detail_out(history, correlation_id)


@router.post(
    "/v1/operations/{operationId}/cancel",
    operation_id="cancelOperation",
    summary="Give an operation up",
    description="While it is queued, waiting or held. A running one cannot be cancelled.",
    response_description="The cancelled operation.",
    responses=problems(NOT_FOUND, CONFLICT, UNPROCESSABLE),
)
async def cancel_operation(
    context: Here, who: Operator, correlation_id: CorrelationId, operation_id: OperationId
) -> OperationDetail:
    """See the description."""
    history = await operations.cancel(context, who.connection_id, operation_id)
    if history is None:
        raise not_found("operation")
    return detail_out(history, correlation_id)
