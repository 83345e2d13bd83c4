"""API keys as they are sent and made. The key itself is shown once, when it is made."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from app.api.schemas.model import In, Line, Moment, Out, Whole
from app.services import keys
from app.services.keys import NewKey
from app.store.tables import ApiKey

LifeDays = Annotated[int, Field(ge=1, le=3650, description="Days until it ends; absent: never."), Whole]
RoleName = Literal["viewer", "caller", "operator", "admin"]


class KeyWish(In):
    """A key to be made."""

    name: Annotated[Line, Field(min_length=1, max_length=80)]
    role: RoleName
    life_days: LifeDays | None = None


class KeyView(Out):
    """A key, without itself."""

    key_id: str
    name: str
    role: RoleName
    key_hint: Annotated[str, Field(description="How the key begins.")]
    active: bool
    created_at: Moment
    expires_at: Moment | None
    revoked_at: Moment | None
    last_used_at: Annotated[Moment | None, Field(description="To the minute.")]


class KeyDetail(KeyView):
    """One key."""

    correlation_id: str


class KeyMade(KeyDetail):
    """A key just made."""

    api_key: Annotated[str, Field(description="The key itself. It cannot be shown again.")]


class KeyList(Out):
    """All keys of the connection, newest first, ended ones included."""

    items: list[KeyView]
    correlation_id: str


def _fields(row: ApiKey, now: datetime) -> dict[str, object]:
    return {
        "key_id": row.id,
        "name": row.name,
        "role": row.role,
        "key_hint": row.hint,
        "active": keys.is_live(row, now),
        "created_at": row.created_at,
        "expires_at": row.expires_at,
        "revoked_at": row.revoked_at,
        "last_used_at": row.last_used_at,
    }


def key_out(row: ApiKey, now: datetime) -> KeyView:
    """A key as it stands in lists."""
    return KeyView.model_validate(_fields(row, now))


def detail_out(row: ApiKey, now: datetime, correlation_id: str) -> KeyDetail:
    """One key."""
    return KeyDetail.model_validate(_fields(row, now) | {"correlation_id": correlation_id})


def made_out(made: NewKey, now: datetime, correlation_id: str) -> KeyMade:
    """A key just made, with itself."""
    rest = {"correlation_id": correlation_id, "api_key": made.plain}
    return KeyMade.model_validate(_fields(made.row, now) | rest)
