"""API keys: made, verified, rotated, revoked. A key is shown once, when it is made; only its SHA-256 is kept.

SHA-256 is enough because a key is 256 random bits: there is nothing to guess. Decides who somebody is, never what a
route allows beyond the order of roles.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import or_
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from app.domain.errors import Kind, SyncError
from app.services.context import Context
from app.store.tables import ApiKey

PREFIX = "tnd_"
HINT_LENGTH = 12
OVERLAP = timedelta(hours=24)
"""How long a rotated key goes on working beside its successor."""

USED_STEP = timedelta(minutes=1)
"""`last_used_at` is written at most this often."""


class Role(StrEnum):
    """What a key may do; each role includes those before it."""

    VIEWER = "viewer"
    CALLER = "caller"
    OPERATOR = "operator"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        """Whether this role may do what `other` may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made: its row, and the key itself, which nobody can show again."""

    row: ApiKey
    plain: str = field(repr=False)


def digest_of(plain: str) -> str:
    """What is stored of a key."""
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


async def create(
    context: Context,
    connection_id: str,
    name: str,
    role: Role,
    ttl: timedelta | None = None,
    *,
    plain: str | None = None,
    session: AsyncSession | None = None,
) -> NewKey:
    """A new key that ends after `ttl`, or never. `plain` fixes the key (offline); `session` joins a transaction.

    Raises SyncError DATA `ttl_invalid` for a `ttl` that is not above zero.
    """
    if ttl is not None and ttl <= timedelta(0):
        raise SyncError(Kind.DATA, "ttl_invalid", "A key must live for some time", "Give a longer life, or none.")
    now = context.clock.now()
    made = _new(context, connection_id, name, role, now + ttl if ttl else None, plain)
    if session is not None:
        session.add(made.row)
        return made
    async with context.begin() as own:
        own.add(made.row)
    return made


async def verify(context: Context, presented: str) -> ApiKey | None:
    """The row of a live key, or None for anything else; notes that the key was used.

    The look-up is by digest, so its time tells nothing about the key; the comparison is constant-time all the same.
    """
    digest, now = digest_of(presented), context.clock.now()
    async with context.begin() as session:
        row = (await session.exec(select(ApiKey).where(ApiKey.digest == digest))).one_or_none()
        if row is None or not hmac.compare_digest(row.digest, digest) or not is_live(row, now):
            return None
        if row.last_used_at is None or now - row.last_used_at >= USED_STEP:
            row.last_used_at = now
    return row


async def listed(context: Context, connection_id: str) -> Sequence[ApiKey]:
    """All keys of a connection, newest first, ended ones included."""
    async with context.begin() as session:
        newest_first = select(ApiKey).where(ApiKey.connection_id == connection_id).order_by(col(ApiKey.id).desc())
        return (await session.exec(newest_first)).all()


async def rotate(context: Context, connection_id: str, key_id: str, overlap: timedelta = OVERLAP) -> NewKey:
    """A successor with the same name, role and end; the old key works on for `overlap`, so callers can change over.

    Raises SyncError DATA `key_unknown` for a key of another connection or none, `key_ended` for one that is over.
    """
    now = context.clock.now()
    async with context.begin() as session:
        old = await _one(session, connection_id, key_id)
        if not is_live(old, now):
            raise SyncError(Kind.DATA, "key_ended", "The key has ended already", "Create a new key instead.")
        made = _new(context, connection_id, old.name, Role(old.role), old.expires_at, None)
        session.add(made.row)
        ending = now + overlap
        old.expires_at = ending if old.expires_at is None else min(old.expires_at, ending)
        session.add(old)
    return made


async def revoke(context: Context, connection_id: str, key_id: str) -> ApiKey:
    """End a key at once; a second time changes nothing. Raises SyncError DATA `key_unknown`."""
    async with context.begin() as session:
        row = await _one(session, connection_id, key_id)
        if row.revoked_at is None:
            row.revoked_at = context.clock.now()
            session.add(row)
    return row


async def has_admin(session: AsyncSession, connection_id: str, now: datetime) -> bool:
    """Whether a connection has an admin key that works."""
    live = select(ApiKey.id).where(
        ApiKey.connection_id == connection_id,
        ApiKey.role == Role.ADMIN.value,
        col(ApiKey.revoked_at).is_(None),
        or_(col(ApiKey.expires_at).is_(None), col(ApiKey.expires_at) > now),
    )
    return (await session.exec(live.limit(1))).first() is not None


async def fix_admin(context: Context, session: AsyncSession, connection_id: str, plain: str) -> None:
    """Make `plain` an admin key of the connection, whether or not it is known already. For offline use."""
    known = update(ApiKey).where(col(ApiKey.digest) == digest_of(plain))
    revived = known.values(connection_id=connection_id, role=Role.ADMIN.value, revoked_at=None, expires_at=None)
    if (await session.exec(revived)).rowcount == 0:
        await create(context, connection_id, "fixed admin", Role.ADMIN, plain=plain, session=session)


def is_live(row: ApiKey, now: datetime) -> bool:
    """Neither revoked nor past its end."""
    return row.revoked_at is None and (row.expires_at is None or row.expires_at > now)


def _new(
    context: Context, connection_id: str, name: str, role: Role, expires_at: datetime | None, plain: str | None
) -> NewKey:
    key = plain or PREFIX + secrets.token_urlsafe(32)
    row = ApiKey(
        id=context.new_id(),
        connection_id=connection_id,
        name=name,
        role=role.value,
        digest=digest_of(key),
        hint=key[:HINT_LENGTH] if plain is None else key[:4],
        created_at=context.clock.now(),
        expires_at=expires_at,
    )
    return NewKey(row, key)


async def _one(session: AsyncSession, connection_id: str, key_id: str) -> ApiKey:
    wanted = select(ApiKey).where(ApiKey.connection_id == connection_id, ApiKey.id == key_id)
    row = (await session.exec(wanted)).one_or_none()
    if row is None:
        raise SyncError(Kind.DATA, "key_unknown", "There is no such key", "List the keys of the connection.")
    return row
