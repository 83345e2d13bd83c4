"""Transaction definitions of Order Entry: which may be created from Salesforce and which come back."""

# ruff: noqa: FAST003 - path parameters are read through aliases: camelCase outside, snake_case here

from typing import Annotated

from fastapi import APIRouter
from fastapi import Path as InPath

from app.api.auth import Admin, Viewer
from app.api.deps import CorrelationId, Here
from app.api.errors import BAD_REQUEST, CONFLICT, NOT_FOUND, UNPROCESSABLE, UNSUPPORTED_MEDIA, problems
from app.api.schemas.definitions import (
    NAME,
    DefinitionDetail,
    DefinitionGone,
    DefinitionList,
    DefinitionUse,
    definition_out,
)
from app.services import definitions

router = APIRouter(tags=["salesDocuments"])

Name = Annotated[str, InPath(alias="definitionName", pattern=NAME, description="Name of the definition in Intacct.")]


@router.get(
    "/v1/transaction-definitions",
    operation_id="listTransactionDefinitions",
    summary="The transaction definitions",
    description="Those the Intacct company has, and how each is used here; one never set is not used.",
    response_description="All definitions, by name.",
    responses=problems(CONFLICT),
)
async def list_definitions(context: Here, who: Viewer, correlation_id: CorrelationId) -> DefinitionList:
    """See the description."""
    shown = await definitions.listed(context, who.connection)
    return DefinitionList(items=[definition_out(one) for one in shown], correlation_id=correlation_id)


@router.put(
    "/v1/transaction-definitions/{definitionName}",
    operation_id="setTransactionDefinition",
    summary="Set how a definition is used",
    description="Whether Salesforce may create its documents, whether they come back, and whether with lines.",
    response_description="The definition as it is used now.",
    responses=problems(NOT_FOUND, CONFLICT, BAD_REQUEST, UNSUPPORTED_MEDIA, UNPROCESSABLE),
)
async def set_definition(
    context: Here, who: Admin, correlation_id: CorrelationId, name: Name, wanted: DefinitionUse
) -> DefinitionDetail:
    """See the description."""
    shown = definition_out(await definitions.put(context, who.connection, name, wanted.whole()))
    return DefinitionDetail(**shown.model_dump(), correlation_id=correlation_id)


@router.delete(
    "/v1/transaction-definitions/{definitionName}",
    operation_id="forgetTransactionDefinition",
    summary="Use a definition no more",
    description="Nothing of it is created or comes back any more; what is linked stays linked.",
    response_description="It is not used.",
    responses=problems(NOT_FOUND, UNPROCESSABLE),
)
async def forget_definition(context: Here, who: Admin, correlation_id: CorrelationId, name: Name) -> DefinitionGone:
    """See the description."""
    await definitions.forget(context, who.connection_id, name)
    return DefinitionGone(name=name, correlation_id=correlation_id)
