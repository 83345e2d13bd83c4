"""What a whole reading of an object did not show: links whose Intacct record is gone, or is not selected any more.

Only of objects that Intacct owns; the engine then marks the Salesforce record inactive. Nothing is deleted. Which
records were shown is noted on their links, page by page, so that a reading needs no more memory the longer it is.
"""

from collections.abc import Sequence
from datetime import datetime

from app.domain.merge import Direction
from app.domain.plan import Plan
from app.services import intake
from app.services.context import Context
from app.store import bindings
from app.store.tables import Connection

PAGE = 500


async def note_shown(context: Context, connection: Connection, name: str, keys: Sequence[str], reading: str) -> None:
    """Note on the links of an object that the reading showed their Intacct records."""
    async with context.begin() as session:
        await bindings.mark_shown(session, connection.id, name, keys, reading)


async def wish_missing(context: Context, connection: Connection, plan: Plan, reading: str, began: datetime) -> int:
    """Wish every linked record of the object that the reading did not show; how many there were.

    A link that was made since the reading `began` is left out: its record may have been shown before it was linked.
    """
    name, after, count = plan.object.name, "", 0
    while True:
        async with context.begin() as session:
            missing = await bindings.not_shown(session, connection.id, name, reading, began, after, PAGE)
        count += len(missing)
        if missing:
            await intake.wish(
                context,
                connection,
                name,
                missing,
                origin="intacct",
                correlation_id=context.new_id(),
                direction=Direction.FROM_INTACCT,
            )
        if len(missing) < PAGE:
            return count
        after = missing[-1]
