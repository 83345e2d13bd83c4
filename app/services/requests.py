"""What became of a caller's request key. A Salesforce transaction may roll back after a call that succeeded."""

from dataclasses import dataclass
from datetime import datetime

from app.services import operations
from app.services.context import Context
from app.services.intake import SCOPE, stored_items
from app.services.items import Item
from app.store import idempotency


@dataclass(frozen=True, slots=True)
class Request:
    """A remembered request: its items as they stand now, and whether all of them are over."""

    request_id: str
    items: tuple[Item, ...]
    over: bool
    created_at: datetime
    expires_at: datetime


async def get(context: Context, connection_id: str, request_id: str) -> Request | None:
    """The request accepted under the key; None when the connection remembers none."""
    async with context.begin() as session:
        row = await idempotency.find(session, connection_id, SCOPE, request_id)
    if row is None or row.expires_at <= context.clock.now():
        return None
    items = await operations.present(context, connection_id, stored_items(row))
    return Request(request_id, items, operations.over(items), row.created_at, row.expires_at)
