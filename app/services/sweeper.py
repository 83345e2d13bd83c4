"""Finds what was left behind: leases of dead workers, lost rings. Runs every few seconds, any number at once."""

from datetime import timedelta

from app.domain.records import Lane
from app.services.context import Context
from app.store import idempotency, payments, work

SIZE = 500
FREE_LOSSES = 3


async def sweep(context: Context) -> int:
    """Put operations of passed leases back in line and ring for every lane with something due; how many were put back.

    An operation put back keeps its intents: the next run reads an open one as "outcome unknown", not as free. One that
    was put back several times waits longer each time, so that a record that kills its worker does not stop the others.
    """
    now = context.clock.now()
    async with context.begin() as session:
        left = await work.expired(session, now, SIZE)
        for row in left:
            row.attempts += 1
            delay = timedelta(seconds=min(30.0 * 2 ** (row.attempts - FREE_LOSSES), 900.0))
            row.due_at = now if row.attempts <= FREE_LOSSES else now + delay
            row.state, row.lease_until, row.worker = "queued", None, None
        for row in await work.forgotten(session, SIZE):
            row.due_at, row.waits_on = now, None
        await session.flush()
        lanes = set(await work.lanes_due(session, now))
        lanes |= {(connection_id, Lane.BULK.value) for connection_id in await payments.undelivered_due(session, now)}
    for connection_id, lane in sorted(lanes):
        await context.bell.ring(connection_id, Lane(lane))
    return len(left)


async def purge(context: Context) -> int:
    """Forget request keys past their published expiry; how many."""
    async with context.begin() as session:
        return await idempotency.purge(session, context.clock.now())
