"""The master switch and the options of each object."""

# ruff: noqa: FAST003 - path parameters are read through aliases: camelCase outside, snake_case here

from fastapi import APIRouter

from app.api.auth import Admin, Viewer
from app.api.deps import CorrelationId, Here, ObjectName, TheHouse
from app.api.errors import BAD_REQUEST, CONFLICT, NOT_FOUND, UNPROCESSABLE, UNSUPPORTED_MEDIA, problems
from app.api.schemas.configuration import (
    ConfigurationChange,
    ConfigurationView,
    ObjectConfigurationChange,
    ObjectConfigurationView,
    configuration_out,
    object_configuration_out,
)
from app.services import configuration

router = APIRouter(tags=["configuration"])


@router.get(
    "/v1/configuration",
    operation_id="getConfiguration",
    summary="The master switch and all options",
    description="Options that were never set have their default.",
    response_description="The configuration.",
    responses=problems(),
)
async def get_configuration(context: Here, who: Viewer, correlation_id: CorrelationId) -> ConfigurationView:
    """See the description."""
    return configuration_out(await configuration.read(context, who.connection_id), correlation_id)


@router.patch(
    "/v1/configuration",
    operation_id="changeConfiguration",
    summary="Change the master switch or options",
    description="What is absent or null stays. Switching synchronisation on starts what was accepted meanwhile. "
    "Objects bear their own names, as everywhere; an option that the object does not have is not found.",
    response_description="The configuration after the change.",
    responses=problems(BAD_REQUEST, NOT_FOUND, CONFLICT, UNSUPPORTED_MEDIA, UNPROCESSABLE),
)
async def change_configuration(
    house: TheHouse, who: Admin, correlation_id: CorrelationId, wanted: ConfigurationChange
) -> ConfigurationView:
    """See the description."""
    known = await configuration.change(
        house.context,
        who.connection_id,
        sync_enabled=wanted.sync_enabled,
        options=wanted.whole(),
        objects=wanted.named(),
        version=wanted.version,
    )
    house.doors.forget()
    return configuration_out(known, correlation_id)


@router.get(
    "/v1/configuration/objects/{objectName}",
    operation_id="getObjectConfiguration",
    summary="The options of one object",
    description="Each with what it does, what it takes, its default and its present value.",
    response_description="The options.",
    responses=problems(NOT_FOUND, UNPROCESSABLE),
)
async def get_object_configuration(
    context: Here, who: Viewer, correlation_id: CorrelationId, object_name: ObjectName
) -> ObjectConfigurationView:
    """See the description."""
    known = await configuration.read(context, who.connection_id)
    return object_configuration_out(object_name, known, correlation_id)


@router.patch(
    "/v1/configuration/objects/{objectName}",
    operation_id="changeObjectConfiguration",
    summary="Change options of one object",
    description="What is absent or null stays. An option that the object does not have is not found.",
    response_description="The options after the change.",
    responses=problems(BAD_REQUEST, NOT_FOUND, CONFLICT, UNSUPPORTED_MEDIA, UNPROCESSABLE),
)
async def change_object_configuration(
    house: TheHouse,
    who: Admin,
    correlation_id: CorrelationId,
    object_name: ObjectName,
    wanted: ObjectConfigurationChange,
) -> ObjectConfigurationView:
    """See the description."""
    objects = {object_name: wanted.named()}
    known = await configuration.change(house.context, who.connection_id, objects=objects, version=wanted.version)
    house.doors.forget()
    return object_configuration_out(object_name, known, correlation_id)
