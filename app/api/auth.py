"""Who is calling and what the key's role allows. `services.keys` checks keys; the table of roles stands here."""

from collections.abc import Callable, Coroutine, Mapping
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from app.api import webhook
from app.api.deps import TheHouse
from app.api.doors import Caller
from app.domain.errors import Kind, SyncError
from app.services import events
from app.services.keys import Role
from app.store.tables import Connection


class Permission(StrEnum):
    """What a route asks for."""

    READ = "read"
    SYNC = "sync"
    OPERATE = "operate"
    ADMINISTER = "administer"


GRANTS: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.READ}),
    Role.CALLER: frozenset({Permission.READ, Permission.SYNC}),
    Role.OPERATOR: frozenset({Permission.READ, Permission.SYNC, Permission.OPERATE}),
    Role.ADMIN: frozenset(Permission),
}

_header = APIKeyHeader(name="X-API-Key", scheme_name="ApiKey", auto_error=False, description="A key of the service.")
_bearer = HTTPBearer(scheme_name="BearerKey", auto_error=False, description="The same key as a bearer token.")


async def caller(
    house: TheHouse,
    api_key: Annotated[str | None, Security(_header)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> Caller:
    """The caller behind the presented key. Raises SyncError AUTH `key_missing` or `key_refused`."""
    presented = {key for key in (api_key, bearer.credentials if bearer else None) if key}
    if not presented:
        raise SyncError(Kind.AUTH, "key_missing", "The request carries no API key.", "Send it as X-API-Key.")
    who = await house.doors.caller(house.context, presented.pop())
    if who is None or presented:  # two different keys are no key
        raise SyncError(Kind.AUTH, "key_refused", "The API key is unknown, expired or revoked.", "Use a valid key.")
    return who


async def poster(
    request: Request,
    house: TheHouse,
    api_key: Annotated[str | None, Security(_header)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> Connection:
    """The connection a message from Intacct is for: proved by its signature, else by an API key that may sync.

    Raises SyncError AUTH `signature_refused` for a signature that fits no connection, and what `caller` raises.
    """
    if webhook.SIGNATURE not in request.headers:
        return (await allowed(Permission.SYNC)(request, await caller(house, api_key, bearer))).connection
    body, now = await request.body(), house.context.clock.now()
    company = webhook.company_of(request.headers)
    for connection, secret in await events.keyholders(house.context, company):
        if webhook.check(request.headers, body, secret, now):
            return connection
    raise webhook.refused()


def allowed(permission: Permission) -> Callable[[Request, Caller], Coroutine[Any, Any, Caller]]:
    """A dependency: the caller, if the key's role grants `permission`. Raises SyncError PERMISSION `role_missing`."""

    async def check(request: Request, who: Annotated[Caller, Depends(caller)]) -> Caller:
        if permission not in GRANTS[Role(who.key.role)]:
            needed = next(role for role in Role if permission in GRANTS[role])
            message = f"This needs a key of role {needed} or above; yours is {who.key.role}."
            raise SyncError(Kind.PERMISSION, "role_missing", message, "Ask an administrator for another key.")
        return who

    return check


Viewer = Annotated[Caller, Depends(allowed(Permission.READ))]
Asker = Annotated[Caller, Depends(allowed(Permission.SYNC))]
Operator = Annotated[Caller, Depends(allowed(Permission.OPERATE))]
Admin = Annotated[Caller, Depends(allowed(Permission.ADMINISTER))]
Poster = Annotated[Connection, Depends(poster)]
"""The connection a message from Intacct is for."""
