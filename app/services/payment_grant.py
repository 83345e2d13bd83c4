"""AR payments are off until they are granted: recorded per connection by an administrator, and told by every refusal.

product.md R15. It stands in the settings of the connection, where every plan looks for it, and outlives a disconnect.
"""

from dataclasses import dataclass
from datetime import datetime

from app.domain.errors import Kind, SyncError
from app.domain.payments import PAYMENTS_GRANT
from app.services.configuration import known, touch
from app.services.context import Context
from app.store import connections
from app.store.tables import Connection


@dataclass(frozen=True, slots=True)
class Grant:
    """Who recorded that payments are granted, on what ground, and when. `by` names the API key, never its secret."""

    by: str
    reference: str
    at: datetime


def granted(connection: Connection) -> Grant | None:
    """The grant of a connection; None while payments are off."""
    said = connection.settings.get(PAYMENTS_GRANT)
    if not said:
        return None
    return Grant(str(said["by"]), str(said["reference"]), datetime.fromisoformat(said["at"]))


def require(connection: Connection) -> None:
    """Raises SyncError PERMISSION `payments_not_granted` while payments are off."""
    if granted(connection) is None:
        raise SyncError(
            Kind.PERMISSION,
            "payments_not_granted",
            "AR payments are off for this connection: nobody has recorded that they are granted.",
            "An administrator records the grant with PUT /v1/payments/grant.",
        )


async def grant(context: Context, connection_id: str, reference: str, by: str) -> Grant:
    """Record the grant; a second one replaces the first. `reference`: the ticket or letter it rests on."""
    async with context.begin() as session:
        row = known(await connections.get(session, connection_id, lock=True))
        made = Grant(by, reference, context.clock.now())
        said = {"by": by, "reference": reference, "at": made.at.isoformat()}
        row.settings = row.settings | {PAYMENTS_GRANT: said}
        touch(context, row)
        return made


async def withdraw(context: Context, connection_id: str) -> None:
    """Payments are off again. What is being posted comes to its end; what waits goes on waiting."""
    async with context.begin() as session:
        row = known(await connections.get(session, connection_id, lock=True))
        row.settings = {name: part for name, part in row.settings.items() if name != PAYMENTS_GRANT}
        touch(context, row)
