"""What was deleted in Intacct: one watch over the audit history for all objects of a connection (intacct-api.md 6.3).

A deletion is a hint that a record has to be looked at again; what follows from it is the engine's. Nothing is ever
deleted in Salesforce. Where the history may not be read, readiness says so; a resync
finds what is gone of the objects Intacct owns.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta

from app.domain.declaration import SyncedObject
from app.domain.errors import Kind, SyncError
from app.domain.merge import Direction
from app.domain.records import Errand, Lane
from app.services import intake
from app.services.context import Context
from app.services.spending import note_spending
from app.services.turns import Pace, turn
from app.store import bindings, decisions
from app.store.tables import Connection
from app.sync.ports import Deletion

LOG = logging.getLogger("tandem.deletions")

FEED = "deletions"
ALL = "*"
"""The name under which the one cursor for all objects is kept."""
LATE = timedelta(hours=2)
"""How late a row of the history may appear."""
REFUSED = "refused"
"""Where the cursor's counts say that the history may not be read, and in which words."""
GONE = "deleted_in_intacct"
"""The reason of decisions that know already that the Intacct record is gone."""
LAG = timedelta(minutes=5)
"""A decision so much later than a deletion was made by a read that shows it, as a rule."""


async def poll(context: Context, connection: Connection, followed: Sequence[SyncedObject], pace: Pace) -> int:
    """Ask what was deleted since the last time, and wish that linked records be looked at; how many.

    Trouble is logged. A missing permission is noted for readiness, asked again next time, and is no failure.
    """
    try:
        async with turn(context, connection, ALL, FEED, connection.created_at, pace) as mine:
            if mine is None or not followed:
                return 0
            pair = context.backends.of(connection, Lane.BULK, Errand.POLL)
            kinds = [declared.intacct.kind for declared in followed]
            try:
                found = await pair.intacct.deletes(kinds, mine.position_at - LATE, mine.now)
            except SyncError as error:
                if error.kind is not Kind.PERMISSION:
                    raise
                mine.said, mine.stays = {REFUSED: error.message}, True
                return 0
            finally:
                await note_spending(context, connection.id, Errand.POLL, pair)
            wished = 0
            for declared in followed:
                wished += await _wish(context, connection, declared, found)
            mine.said |= {"seen": len(found), "wished": wished}
            mine.busy = wished > 0
    except SyncError as error:
        LOG.warning("deletions_unread", extra={"code": error.code, "error": error.message})
        return 0
    return wished


async def _wish(context: Context, connection: Connection, declared: SyncedObject, found: Sequence[Deletion]) -> int:
    """Wish for the linked records among the deleted ones, unless it is known already that they are gone."""
    mine = [one for one in found if one.kind == declared.intacct.kind]
    keys, naturals = sorted({one.key for one in mine if one.key}), sorted({one.natural for one in mine if one.natural})
    if not mine:
        return 0
    async with context.begin() as session:
        linked = await bindings.by_intacct_key(session, connection.id, declared.name, keys)
        linked += await bindings.by_intacct_id(session, connection.id, declared.name, naturals)
        ids = {link.salesforce_id for link in linked}
        last = await decisions.latest(session, connection.id, declared.name, sorted(ids))
    latest = max(one.at for one in mine)
    known = {i for i, decision in last.items() if decision.reason == GONE or decision.at >= latest + LAG}
    wanted = sorted(ids - known)
    if wanted:
        await intake.wish(
            context,
            connection,
            declared.name,
            wanted,
            origin="intacct",
            correlation_id=context.new_id(),
            direction=Direction.FROM_INTACCT,
        )
    return len(wanted)
