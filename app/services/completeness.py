"""Whether everything in scope is accounted for: in scope = in step + skipped with a reason + open errors, per object.

The side that owns the records is asked for their number, and for their keys page by page; what we know of each is
looked up. What is left over is drift, and named. Counts only: nothing is wished, nothing is written at a vendor.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from app.domain.declaration import SyncedObject
from app.domain.errors import Kind, SyncError
from app.domain.records import Errand, Lane, Record, System
from app.objects import CATALOGUE
from app.services import budget
from app.services.context import Context
from app.services.planning import enabled, plan_for
from app.services.scopes import DRIFT, IN_ERROR, IN_STEP, Scope, scope_of, sides
from app.services.spending import note_spending
from app.services.turns import Pace, turn
from app.store import completeness, cursors
from app.store.feed_tables import Completeness
from app.store.tables import Connection
from app.sync.ports import Backend

LOG = logging.getLogger("tandem.completeness")

FEED = "completeness"
PAGE = 2000
DAILY_PAGES, PAGES = 25, 5
"""Pages of keys of one side, of the daily verification and of one on demand. Each is a transaction at Intacct."""
NAMED = 50
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
"""Between two verifications, and before one that failed is tried again."""


@dataclass(frozen=True, slots=True)
class Last:
    """The last results of a connection, and the objects that are switched on and were never verified."""

    results: tuple[Completeness, ...]
    unverified: tuple[str, ...]


@dataclass(slots=True)
class _Tally:
    """What was found while reading keys. `position` is where the next verification goes on, empty at the end."""

    position: str
    rows: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    named: list[list[str | None]] = field(default_factory=list)


async def last(context: Context, connection: Connection) -> Last:
    """The last results of all objects that are switched on."""
    async with context.begin() as session:
        rows = await completeness.last(session, connection.id)
    on = [name for name, declared in CATALOGUE.items() if enabled(connection, declared)]
    known = {row.object for row in rows}
    return Last(tuple(row for row in rows if row.object in on), tuple(name for name in on if name not in known))


async def verify(
    context: Context, connection: Connection, declared: SyncedObject, *, pages: int = PAGES, size: int = PAGE
) -> list[Completeness]:
    """Verify an object now, with a few pages of `size` keys; one result per side on which its records are born.

    Raises SyncError CONFIG `object_disabled`, CONFLICT `verification_running`, or what a side answers.
    """
    if not enabled(connection, declared):
        message = f"{declared.label} is switched off for this connection."
        raise SyncError(Kind.CONFIG, "object_disabled", message, "Switch the object on, then ask again.")
    found = await _verify(context, connection, declared, Pace(0, DAY.total_seconds()), pages, size)
    if found is None:
        message = f"{declared.label} is being verified at this moment."
        raise SyncError(Kind.CONFLICT, "verification_running", message, "Wait a minute, then read the last result.")
    return found


async def verify_due(context: Context) -> int:
    """Verify every object whose last verification is a day old, of all connections that are switched on; how many.

    A new connection is first verified after a day. What cannot be verified is logged and tried again later. Nothing
    is asked while the budget lets no bulk work begin.
    """
    now, done = context.clock.now(), 0
    async with context.begin() as session:
        connections = await cursors.enabled_connections(session)
    for connection in connections:
        async with context.begin() as session:
            rows = await completeness.last(session, connection.id)
            admitted = await budget.admitted(session, connection, Lane.BULK, now)
        if not admitted:
            continue
        at = {row.object: row.verified_at for row in rows}
        for declared in CATALOGUE.values():
            if enabled(connection, declared) and now - at.get(declared.name, connection.created_at) >= DAY:
                done += await _tried(context, connection, declared)
    return done


async def _tried(context: Context, connection: Connection, declared: SyncedObject) -> bool:
    pace = Pace(HOUR.total_seconds(), DAY.total_seconds())
    try:
        found = await _verify(context, connection, declared, pace, DAILY_PAGES, PAGE)
    except SyncError as error:
        LOG.warning("unverified", extra={"object": declared.name, "code": error.code, "error": error.message})
        return False
    for row in found or ():
        if row.drift:
            said = {"connection": connection.name, "object": row.object, "side": row.system, "drift": row.drift}
            LOG.warning("drift", extra=said)
    return found is not None


async def _verify(
    context: Context, connection: Connection, declared: SyncedObject, pace: Pace, pages: int, size: int
) -> list[Completeness] | None:
    """Verify all sides of an object; None when somebody else does, or it is not due."""
    async with turn(context, connection, declared.name, FEED, connection.created_at, pace) as mine:
        if mine is None:
            return None
        async with context.begin() as session:
            before = {row.system: row for row in await completeness.last(session, connection.id, declared.name)}
        pair = context.backends.of(connection, Lane.BULK, Errand.VERIFY)
        rows = []
        try:
            plan = await plan_for(context, connection, declared, pair)
            for system in sides(plan):
                position = before[system].position if system in before else ""
                scope = await scope_of(context, connection, plan, pair, system)
                backend = pair.intacct if system is System.INTACCT else pair.salesforce
                rows.append(await _side(context, scope, backend, position, pages, size))
                here, there = await note_spending(context, connection.id, Errand.VERIFY, pair)
                rows[-1].salesforce_calls, rows[-1].transactions = here.calls, there.transactions
        finally:
            await note_spending(context, connection.id, Errand.VERIFY, pair)
        async with context.begin() as session:
            for old in await completeness.last(session, connection.id, declared.name):
                await session.delete(old)
            await session.flush()
            session.add_all(rows)
    return rows


async def _side(context: Context, scope: Scope, backend: Backend, position: str, pages: int, size: int) -> Completeness:
    """Count one side, read its keys from `position` on, and account for them."""
    number = await backend.count(scope.kind, scope.where)
    tally = _Tally(position if number else "")
    for _ in range(pages if number else 0):
        records = await backend.select(scope.kind, scope.where, scope.fields, after=tally.position, size=size)
        await _add(context, scope, tally, records)
        tally.position = records[-1].key if len(records) == size else ""
        if not tally.position:
            break
    return _result(context, scope, tally, number, whole=not position and not tally.position)


async def _add(context: Context, scope: Scope, tally: _Tally, records: Sequence[Record]) -> None:
    counted = await scope.account_for(context, records)
    tally.rows += len(records)
    tally.counts.update(counted.values())
    for record in records:
        if counted[record.key] == DRIFT and len(tally.named) < NAMED:
            tally.named.append([record.key, scope.natural_id(record)])


def _result(context: Context, scope: Scope, tally: _Tally, number: int, *, whole: bool) -> Completeness:
    """The equation. Rows that were counted and not shown are drift, too, unless only a part was read."""
    skipped = {reason: n for reason, n in sorted(tally.counts.items()) if reason not in (IN_STEP, IN_ERROR, DRIFT)}
    in_scope = max(number, tally.rows)  # what comes into being while we read is shown and was not counted
    hidden = in_scope - tally.rows
    return Completeness(
        id=context.new_id(),
        connection_id=scope.connection_id,
        object=scope.plan.object.name,
        system=scope.system.value,
        in_scope=in_scope,
        in_step=tally.counts[IN_STEP],
        skipped=skipped,
        open_errors=tally.counts[IN_ERROR],
        unread=0 if whole else hidden,
        drift=tally.counts[DRIFT] + (hidden if whole else 0),
        unexplained=tally.named,
        position=tally.position,
        transactions=0,
        salesforce_calls=0,
        verified_at=context.clock.now(),
    )
