"""Groups of errors: the same cause on many records, listed, tried again, ignored for a while, closed by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.merge import Direction
from app.domain.records import BORN_IN_INTACCT, Lane
from app.services import intake
from app.services.context import Context
from app.services.intake import Origin
from app.services.paging import Page, cut, place_of
from app.store import error_groups
from app.store.error_groups import GroupFilter, Standing, state_of
from app.store.tables import Connection, ErrorLog

RISING, FALLING, STEADY = "rising", "falling", "steady"
MOST_RETRIED = 10_000
"""Records tried again by one call."""
CHUNK = 200


@dataclass(frozen=True, slots=True)
class Group:
    """A group as it stands: its state now, and whether more or fewer records than the day before fell to it."""

    standing: Standing
    state: str
    trend: str


@dataclass(frozen=True, slots=True)
class Retried:
    """How many records of a group were wished again, and how many had a live operation that took the wish in."""

    group: Group
    wished: int
    joined: int


async def listed(
    context: Context, connection_id: str, wanted: GroupFilter, cursor: str | None, size: int
) -> Page[Group]:
    """A page of groups, the last seen first."""
    now = context.clock.now()
    async with context.begin() as session:
        rows = await error_groups.page(session, connection_id, wanted, now, place_of(cursor), size + 1)
    return cut([_group(row, now) for row in rows], size, _place)


async def get(context: Context, connection_id: str, group_id: str) -> Group | None:
    """One group; None when the connection has no such group."""
    now = context.clock.now()
    async with context.begin() as session:
        row = await error_groups.get(session, connection_id, group_id, now)
    return _group(row, now) if row is not None else None


async def records(context: Context, connection_id: str, group: Group, after: str, size: int) -> Sequence[ErrorLog]:
    """Open errors of a group behind the error id `after`."""
    async with context.begin() as session:
        mark = group.standing.group.fingerprint
        return await error_groups.open_errors(session, connection_id, mark, after, size)


async def retry(context: Context, connection: Connection, group_id: str, correlation_id: str) -> Retried | None:
    """Wish every record of a group anew, on the bulk lane, up to 10,000 at a call. None when there is no such one."""
    group = await get(context, connection.id, group_id)
    if group is None:
        return None
    after, wished, joined = "", 0, 0
    while wished < MOST_RETRIED and (found := await records(context, connection.id, group, after, CHUNK)):
        after = found[-1].id
        for name, born in sorted({(row.object, _born(row)) for row in found}):
            ids = sorted({row.record_id for row in found if (row.object, _born(row)) == (name, born)})
            async with context.begin() as session:  # an operator's own act, so no user has to be named
                items = await intake.wish(
                    context,
                    connection,
                    name,
                    ids,
                    origin=Origin.INTACCT if born else Origin.MASS_TOOL,
                    direction=Direction.FROM_INTACCT if born else Direction.TO_INTACCT,
                    correlation_id=correlation_id,
                    session=session,
                )
            wished += len(items)
            joined += sum(item.joined for item in items)
    await context.bell.ring(connection.id, Lane.BULK)
    stands = await get(context, connection.id, group_id)
    assert stands is not None
    return Retried(stands, wished, joined)


async def ignore(context: Context, connection_id: str, group_id: str, until: datetime, by: str) -> Group | None:
    """Leave a group out of what needs attention until a time; one that has passed ends this. None: no such group."""
    now = context.clock.now()
    async with context.begin() as session:
        row = await error_groups.get(session, connection_id, group_id, now)
        if row is None:
            return None
        row.group.ignored_until, row.group.ignored_by = until, by
    return _group(row, now)


async def resolve(context: Context, connection_id: str, group_id: str, by: str) -> Group | None:
    """Close every error of a group by hand. A cause that is still there brings it back, as regressed."""
    now = context.clock.now()
    async with context.begin() as session:
        row = await error_groups.get(session, connection_id, group_id, now)
        if row is None:
            return None
        await error_groups.lock(session, connection_id, [row.group.fingerprint])
        await error_groups.resolve(session, connection_id, row.group.fingerprint, now, by)
        row = await error_groups.get(session, connection_id, group_id, now)
        assert row is not None
    return _group(row, now)


def _group(row: Standing, now: datetime) -> Group:
    change = row.last_day - row.day_before
    return Group(row, state_of(row, now), RISING if change > 0 else FALLING if change < 0 else STEADY)


def _born(row: ErrorLog) -> bool:
    return row.record_id.startswith(BORN_IN_INTACCT)


def _place(group: Group) -> tuple[datetime, str]:
    return group.standing.group.last_seen, group.standing.group.id
