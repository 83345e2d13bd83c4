"""API keys of the connection."""

# ruff: noqa: FAST003 - path parameters are read through aliases: camelCase outside, snake_case here

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path

from app.api.auth import Admin
from app.api.deps import CorrelationId, Here, Id, TheHouse
from app.api.errors import (
    BAD_REQUEST,
    CONFLICT,
    CREATED,
    NOT_FOUND,
    UNPROCESSABLE,
    UNSUPPORTED_MEDIA,
    own_key,
    problems,
)
from app.api.schemas.keys import KeyDetail, KeyList, KeyMade, KeyWish, detail_out, key_out, made_out
from app.services import keys
from app.services.keys import Role

router = APIRouter(tags=["keys"])

KeyId = Annotated[str, Path(alias="keyId", pattern=Id, description="Id of the key.")]


@router.get(
    "/v1/keys",
    operation_id="listKeys",
    summary="The keys of the connection",
    description="Newest first, ended ones included. Keys themselves are never shown.",
    response_description="The keys.",
    responses=problems(),
)
async def list_keys(context: Here, who: Admin, correlation_id: CorrelationId) -> KeyList:
    """See the description."""
    now = context.clock.now()
    rows = await keys.listed(context, who.connection_id)
    return KeyList(items=[key_out(row, now) for row in rows], correlation_id=correlation_id)


@router.post(
    "/v1/keys",
    operation_id="createKey",
    summary="Make a key",
    description="The key is in the answer and is never shown again.",
    status_code=CREATED,
    response_description="The new key.",
    responses=problems(BAD_REQUEST, UNSUPPORTED_MEDIA, UNPROCESSABLE),
)
async def create_key(context: Here, who: Admin, correlation_id: CorrelationId, wanted: KeyWish) -> KeyMade:
    """See the description."""
    life = timedelta(days=wanted.life_days) if wanted.life_days is not None else None
    made = await keys.create(context, who.connection_id, wanted.name, Role(wanted.role), life)
    return made_out(made, context.clock.now(), correlation_id)


@router.post(
    "/v1/keys/{keyId}/rotate",
    operation_id="rotateKey",
    summary="Replace a key",
    description="The new key has the same name, role and end; the old one works for another 24 hours.",
    status_code=CREATED,
    response_description="The new key.",
    responses=problems(NOT_FOUND, CONFLICT, UNPROCESSABLE),
)
async def rotate_key(house: TheHouse, who: Admin, correlation_id: CorrelationId, key_id: KeyId) -> KeyMade:
    """See the description."""
    made = await keys.rotate(house.context, who.connection_id, key_id)
    house.doors.forget()
    return made_out(made, house.context.clock.now(), correlation_id)


@router.post(
    "/v1/keys/{keyId}/revoke",
    operation_id="revokeKey",
    summary="End a key at once",
    description="A key cannot end itself, so that a connection is not locked out.",
    response_description="The ended key.",
    responses=problems(NOT_FOUND, CONFLICT, UNPROCESSABLE),
)
async def revoke_key(house: TheHouse, who: Admin, correlation_id: CorrelationId, key_id: KeyId) -> KeyDetail:
    """See the description."""
    if key_id == who.key.id:
        raise own_key()
    row = await keys.revoke(house.context, who.connection_id, key_id)
    house.doors.forget()
    return detail_out(row, house.context.clock.now(), correlation_id)
