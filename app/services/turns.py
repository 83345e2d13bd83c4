"""Whose turn it is to read a feed, and when it is next: one reader at a time, by a lease on the feed's cursor.

The pause between two readings adapts: short after something was found or hinted at, long while nothing is, never so
short that idle feeds together take more than their share of the month (`sync.budget`).
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from app.domain.records import Errand
from app.services import budget
from app.services.context import Context
from app.store import cursors
from app.store.tables import Connection, Cursor
from app.sync.budget import Step, next_pause

LEASE = timedelta(minutes=10)
AFTER_HINTS = timedelta(minutes=5)
PAUSE = "pause"
"""Where the cursor's counts keep the last pause, in seconds."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the feeds of a connection may be read: pauses from `least` to `most` seconds.

    `frugal`: polling is beyond its share, so that nothing is quickened. `stopped`: the month is used up.
    """

    least: float
    most: float
    frugal: bool = False
    stopped: bool = False


@dataclass(slots=True)
class Turn:
    """One reading of a feed. The reader says `busy` when it found something, and what is to be kept in `said`.

    `stays`: the reading ended well, but the cursor stays where it was, with all it knew.
    """

    position_at: datetime
    counts: Mapping[str, Any]
    now: datetime
    busy: bool = False
    stays: bool = False
    said: dict[str, Any] = field(default_factory=dict)


async def pace_of(context: Context, connection: Connection, feeds: int, every: timedelta) -> Pace:
    """The pace of a connection's feeds at present. `every` is the shortest pause the installation wants."""
    least, now = every.total_seconds(), context.clock.now()
    entitlement = budget.entitlement_of(connection)
    async with context.begin() as session:
        spent = await budget.used(session, connection.id, now)
    total = sum(spent.values())
    return Pace(
        least,
        entitlement.longest_pause(feeds, total, least),
        frugal=not entitlement.polls_within(spent.get(Errand.POLL, 0), now),
        stopped=entitlement.step(total) is Step.STOP and not entitlement.beyond,
    )


@asynccontextmanager
async def turn(
    context: Context, connection: Connection, name: str, feed: str, beginning: datetime, pace: Pace
) -> AsyncIterator[Turn | None]:
    """The turn to read a feed; None when another worker is at it or it is not due.

    The cursor moves to the turn's `now` when the block ends without raising, else it stays and the feed is tried again
    after the shortest pause, doubled with each failure in a row.
    """
    now = context.clock.now()
    fresh = _fresh(context, connection.id, name, feed, beginning, now)
    async with context.begin() as session:
        cursor = await cursors.take(session, fresh, now, LEASE, forced=pace.least == 0)
    if cursor is None:
        yield None
        return
    mine = Turn(cursor.position_at, dict(cursor.counts), now)
    done = False
    try:
        yield mine
        done = True
    finally:
        failures = 0 if done else int(mine.counts.get("failures", 0)) + 1
        pause = _pause(mine, pace, failures)
        async with context.begin() as session:
            row = await session.get_one(Cursor, cursor.id, populate_existing=True, with_for_update=True)
            row.lease_until, row.updated_at = None, now
            hinted = row.due_at is not None and row.due_at >= now  # somebody has hinted while we were reading
            row.due_at = row.due_at if hinted else now + timedelta(seconds=pause)
            rewound = (row.position_at, row.counts) != (mine.position_at, mine.counts)
            if done and not rewound:
                row.position_at = mine.position_at if mine.stays else now
                row.counts = {**(mine.counts if mine.stays else {}), **mine.said, PAUSE: pause}
            elif not rewound:
                row.counts = {**mine.counts, "failures": failures}


def _pause(mine: Turn, pace: Pace, failures: int) -> float:
    if failures:
        return float(min(max(pace.least, 1.0) * 2 ** min(failures - 1, 10), max(pace.most, pace.least)))
    busy = mine.busy and not pace.frugal
    least = pace.most if pace.frugal else pace.least
    return next_pause(float(mine.counts.get(PAUSE, pace.least)), least=least, most=pace.most, busy=busy)


async def hint(context: Context, session: AsyncSession, connection_id: str, name: str, feed: str) -> None:
    """Somebody says that there is something to read: the feed is due soon, unless it was never read at all.

    Soon, not now: any number of hints leads to one reading in five minutes, since each is billed.
    """
    row = await cursors.known(session, connection_id, name, feed)
    soon = max(context.clock.now(), row.updated_at + AFTER_HINTS) if row is not None else None
    if row is not None and soon is not None and (row.due_at is None or row.due_at > soon):
        row.due_at = soon


async def rewind(
    context: Context, connection_id: str, name: str, feed: str, to: datetime, said: dict[str, Any]
) -> None:
    """Have the next reading of a feed start at `to`, at once. What `said` holds is handed to that reading."""
    fresh = _fresh(context, connection_id, name, feed, to, context.clock.now())
    async with context.begin() as session:
        row = await cursors.held(session, fresh)
        row.position_at, row.due_at, row.counts = to, context.clock.now(), said


def _fresh(context: Context, connection_id: str, name: str, feed: str, at: datetime, now: datetime) -> Cursor:
    return Cursor(
        id=context.new_id(), connection_id=connection_id, object=name, feed=feed, position_at=at, updated_at=now
    )
