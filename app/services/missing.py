"""What a whole reading of an object did not show: links whose Intacct record is gone, or is not selected any more.

Only of objects that Intacct owns; the engine then marks the Salesforce record inactive. Nothing is deleted.
"""

from collections.abc import Set

from app.domain.merge import Direction
from app.domain.plan import Plan
from app.services import intake
from app.services.context import Context
from app.store import bindings
from app.store.tables import Connection

PAGE = 500


async def wish_missing(context: Context, connection: Connection, plan: Plan, seen: Set[str]) -> int:
    """Wish every linked record of the object whose Intacct key is not in `seen`; how many there were."""
    name, after, count = plan.object.name, "", 0
    while True:
        async with context.begin() as session:
            page = await bindings.page(session, connection.id, name, after, PAGE)
        missing = [salesforce_id for salesforce_id, key in page if key not in seen]
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
        if len(page) < PAGE:
            return count
        after = page[-1][0]
