"""How much work there is and how long it waits: read from the rows, shown as metrics. Changes nothing."""

from datetime import datetime

from sqlmodel import col, func, select

from app import telemetry
from app.domain.records import Lane
from app.services.context import Context
from app.store.columns import among
from app.store.tables import LIVE, Operation

DUE = ("queued", "waiting")


async def observe(context: Context) -> None:
    """Set the gauges of backlog and lag, for all connections together."""
    now = context.clock.now()
    async with context.begin() as session:
        counted = select(Operation.lane, Operation.state, func.count()).where(among(Operation.state, LIVE))
        counts = {
            (lane, state): n for lane, state, n in await session.exec(counted.group_by(Operation.lane, Operation.state))
        }
        waiting = select(Operation.lane, func.min(Operation.due_at)).where(
            among(Operation.state, DUE), col(Operation.due_at) <= now
        )
        oldest: dict[str, datetime | None] = dict((await session.exec(waiting.group_by(Operation.lane))).all())
    for lane in Lane:
        for state in LIVE:
            telemetry.BACKLOG.labels(lane.value, state).set(counts.get((lane.value, state), 0))
        since = oldest.get(lane.value)
        telemetry.OLDEST_DUE.labels(lane.value).set((now - since).total_seconds() if since else 0)
