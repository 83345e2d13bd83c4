"""The connection of the key: how both sides are reached."""

from fastapi import APIRouter

from app.api.auth import Admin
from app.api.deps import CorrelationId, Here, TheHouse
from app.api.errors import BAD_REQUEST, CONFLICT, UNPROCESSABLE, UNSUPPORTED_MEDIA, problems
from app.api.schemas.connection import ConnectionChange, ConnectionView, Disconnect, connection_out
from app.services import connections, unlinking

router = APIRouter(tags=["configuration"])


@router.get(
    "/v1/connection",
    operation_id="getConnection",
    summary="How both sides are reached",
    description="Without secrets; only whether they are set.",
    response_description="The connection.",
    responses=problems(CONFLICT),
)
async def get_connection(context: Here, who: Admin, correlation_id: CorrelationId) -> ConnectionView:
    """See the description."""
    return connection_out(await connections.describe(context, who.connection_id), correlation_id)


@router.post(
    "/v1/connection/disconnect",
    operation_id="disconnectConnection",
    summary="Erase options, mappings and links",
    description="Switches synchronisation off, cancels what waits, and erases options, mappings, links and feed "
    "positions. Records of both sides, history and credentials stay. After a new start records are matched anew.",
    response_description="The connection after it.",
    responses=problems(BAD_REQUEST, CONFLICT, UNSUPPORTED_MEDIA, UNPROCESSABLE),
)
async def disconnect_connection(
    house: TheHouse, who: Admin, correlation_id: CorrelationId, confirmed: Disconnect
) -> ConnectionView:
    """See the description."""
    await unlinking.disconnect(house.context, who.connection_id)
    house.doors.forget()
    return connection_out(await connections.describe(house.context, who.connection_id), correlation_id)


@router.patch(
    "/v1/connection",
    operation_id="changeConnection",
    summary="Change how both sides are reached",
    description="What is absent stays, null removes. Secrets are stored encrypted and cannot be read again.",
    response_description="The connection after the change.",
    responses=problems(BAD_REQUEST, CONFLICT, UNSUPPORTED_MEDIA, UNPROCESSABLE),
)
async def change_connection(
    house: TheHouse, who: Admin, correlation_id: CorrelationId, wanted: ConnectionChange
) -> ConnectionView:
    """See the description."""
    known = await connections.change(
        house.context,
        who.connection_id,
        environment=wanted.environment,
        settings=wanted.settings(),
        secrets=wanted.sealed(),
        version=wanted.version,
    )
    house.doors.forget()
    return connection_out(known, correlation_id)
