"""Groups of errors: one cause on many records, tried again, ignored for a while, closed by hand."""

# ruff: noqa: FAST003 - path parameters are read through aliases: camelCase outside, snake_case here

from typing import Annotated

from fastapi import APIRouter, Path, Query

from app.api.auth import Operator, Viewer
from app.api.deps import CorrelationId, Here, Id
from app.api.errors import BAD_REQUEST, NOT_FOUND, UNPROCESSABLE, UNSUPPORTED_MEDIA, not_found, problems
from app.api.schemas.error_groups import (
    ErrorGroupDetail,
    ErrorGroupPage,
    ErrorGroupState,
    GroupQuery,
    IgnoreUntil,
    RecordsQuery,
    RetryAnswer,
    detail_out,
    filter_of,
    page_out,
    retry_out,
    state_out,
)
from app.services import error_groups

router = APIRouter(tags=["errors"])

GroupId = Annotated[str, Path(alias="errorGroupId", pattern=Id, description="Id of the group.")]
WHAT = "error group"


@router.get(
    "/v1/error-groups",
    operation_id="listErrorGroups",
    summary="Causes of errors, the last seen first",
    description="The same cause on many records is one group; records that wait for one missing record are one, too.",
    response_description="One page.",
    responses=problems(UNPROCESSABLE),
)
async def list_error_groups(
    context: Here, who: Viewer, correlation_id: CorrelationId, query: Annotated[GroupQuery, Query()]
) -> ErrorGroupPage:
    """See the description."""
    page = await error_groups.listed(context, who.connection_id, filter_of(query), query.cursor, query.page_size)
    return page_out(page, correlation_id)


@router.get(
    "/v1/error-groups/{errorGroupId}",
    operation_id="getErrorGroup",
    summary="One cause with its records",
    description="The open errors of the group, page by page.",
    response_description="The group.",
    responses=problems(NOT_FOUND, UNPROCESSABLE),
)
async def get_error_group(
    context: Here,
    who: Viewer,
    correlation_id: CorrelationId,
    group_id: GroupId,
    query: Annotated[RecordsQuery, Query()],
) -> ErrorGroupDetail:
    """See the description."""
    group = await error_groups.get(context, who.connection_id, group_id)
    if group is None:
        raise not_found(WHAT)
    rows = await error_groups.records(context, who.connection_id, group, query.after or "", query.page_size + 1)
    return detail_out(group, rows, query.page_size, correlation_id)


@router.post(
    "/v1/error-groups/{errorGroupId}/retry",
    operation_id="retryErrorGroup",
    summary="Try all records of a group again",
    description="Up to 10,000 records at a call, on the bulk lane. Records that succeed leave the group.",
    response_description="The group, and how many records were wished anew.",
    responses=problems(NOT_FOUND, UNPROCESSABLE),
)
async def retry_error_group(
    context: Here, who: Operator, correlation_id: CorrelationId, group_id: GroupId
) -> RetryAnswer:
    """See the description."""
    retried = await error_groups.retry(context, who.connection, group_id, correlation_id)
    if retried is None:
        raise not_found(WHAT)
    return retry_out(retried, correlation_id)


@router.post(
    "/v1/error-groups/{errorGroupId}/ignore",
    operation_id="ignoreErrorGroup",
    summary="Leave a group aside until a time",
    description="It goes on being counted. Until then its state is ignored. A time that has passed ends this.",
    response_description="The group.",
    responses=problems(BAD_REQUEST, NOT_FOUND, UNSUPPORTED_MEDIA, UNPROCESSABLE),
)
async def ignore_error_group(
    context: Here, who: Operator, correlation_id: CorrelationId, group_id: GroupId, said: IgnoreUntil
) -> ErrorGroupState:
    """See the description."""
    group = await error_groups.ignore(context, who.connection_id, group_id, said.until, by=who.key.id)
    if group is None:
        raise not_found(WHAT)
    return state_out(group, correlation_id)


@router.post(
    "/v1/error-groups/{errorGroupId}/resolve",
    operation_id="resolveErrorGroup",
    summary="Close all errors of a group by hand",
    description="Errors close by themselves with the next success. A cause that is still there comes "
    "back as regressed.",
    response_description="The group.",
    responses=problems(NOT_FOUND, UNPROCESSABLE),
)
async def resolve_error_group(
    context: Here, who: Operator, correlation_id: CorrelationId, group_id: GroupId
) -> ErrorGroupState:
    """See the description."""
    group = await error_groups.resolve(context, who.connection_id, group_id, by=who.key.id)
    if group is None:
        raise not_found(WHAT)
    return state_out(group, correlation_id)
