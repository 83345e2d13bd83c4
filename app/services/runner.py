"""Claim, run, settle: what a worker does when the bell rings, until nothing is due any more."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from app import telemetry
from app.domain.decisions import Reference, Result, Settlement
from app.domain.errors import RETRY, Kind, SyncError
from app.domain.merge import Direction
from app.domain.plan import Plan
from app.domain.records import Lane
from app.objects import CATALOGUE
from app.services.budget import admitted
from app.services.cascade import take_along
from app.services.context import Context, Pair
from app.services.journal import SqlJournal
from app.services.lease import Lease
from app.services.payment_book import SqlPaymentBook
from app.services.planning import plan_for
from app.services.settling import settle
from app.services.spending import note_spending
from app.store import work
from app.store.tables import Connection, Operation
from app.sync.engine import Engine
from app.sync.ports import Claim

LOG = logging.getLogger("tandem.runner")

BATCH = {Lane.INTERACTIVE: 20, Lane.BULK: 200}
"""Operations per run: one page of Salesforce's collections for mass runs, fewer where a person waits."""

MOST_BREAKS = 16
"""Breaks of one batch after which it is not halved any more: enough to single out two records of 200."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """Operations of one object and direction, held under one lease."""

    connection: Connection
    object_name: str
    direction: Direction
    claims: tuple[Claim, ...]
    lease_until: datetime


async def drain(context: Context, connection_id: str, lane: Lane) -> int:
    """Bring in step whatever is due on a lane of a connection; answers how many operations were run.

    Does nothing while the connection is switched off. Safe to run any number of times at once.
    """
    ran = 0
    while (claimed := await claim(context, connection_id, lane)) is not None:
        await run(context, lane, claimed)
        ran += len(claimed.claims)
    return ran


async def claim(context: Context, connection_id: str, lane: Lane) -> Claimed | None:
    """Take the next due operations under a lease, in one transaction; None when there are none, or may not be begun.

    What may not begin because the month's transactions are used up stays in line.
    """
    async with context.begin() as session:
        connection = await session.get(Connection, connection_id)
        if connection is None or not connection.enabled:
            return None
        lease = timedelta(seconds=context.lease_seconds)
        now = context.clock.now()
        if not await admitted(session, connection, lane, now):
            LOG.warning("budget_used_up", extra={"connection": connection.name, "lane": lane.value})
            return None
        rows = await work.claim(session, connection_id, lane, BATCH[lane], now, lease, context.worker)
        if not rows:
            return None
        given_up = await _given_up(session, connection_id, rows)
        claims = tuple(
            Claim(row.id, row.record_id, row.origin, row.fence, row.attempts, given_up.get(row.id, frozenset()))
            for row in rows
        )
        for row in rows:
            if row.due_at is not None and row.attempts == 0:
                telemetry.START_SECONDS.labels(lane).observe((now - row.due_at).total_seconds())
        return Claimed(connection, rows[0].object, Direction(rows[0].direction), claims, now + lease)


async def _given_up(
    session: AsyncSession, connection_id: str, rows: Sequence[Operation]
) -> dict[str, frozenset[Reference]]:
    """References an operation has waited for and nobody works on any more."""
    waited = {row.id: [_pair(word) for word in row.waits_for] for row in rows if row.waits_for}
    if not waited:
        return {}
    asked = {(name, record_id) for pairs in waited.values() for name, record_id in pairs}
    live = await work.live_among(session, connection_id, asked)
    return {
        operation_id: frozenset(Reference(*pair) for pair in pairs if pair not in live)
        for operation_id, pairs in waited.items()
    }


def _pair(word: str) -> tuple[str, str]:
    name, record_id = word.split("/")
    return name, record_id


async def run(context: Context, lane: Lane, claimed: Claimed) -> None:
    """One run of one batch: the engine without any transaction open, then one commit with everything that follows."""
    lease = Lease(context, [(one.operation_id, one.fence) for one in claimed.claims], claimed.lease_until)
    async with lease.kept():
        pair: Pair | None = None
        version = "standard"
        try:
            pair = context.backends.of(claimed.connection, lane)
            plan = await plan_for(context, claimed.connection, CATALOGUE[claimed.object_name], pair)
            version = plan.mapping_version
            memory = SqlJournal(context, claimed.connection.id)
            clock, ladder = context.clock, context.ladder
            book = SqlPaymentBook(context, claimed.connection.id)
            engine = Engine(pair.salesforce, pair.intacct, memory, memory, clock, ladder, lease.stands, book)
            settlements = await _isolated(context, engine, plan, claimed)
            if plan.object.cascade and claimed.direction is Direction.TO_INTACCT:
                settlements = await _children(context, claimed, pair, settlements)
        except SyncError as error:
            settlements = [_failed(context, one, error) for one in claimed.claims]
        except Exception as crash:
            settlements = _broken(context, claimed, claimed.claims, crash)
    settled = await settle(context, claimed.connection, version, claimed.claims, settlements)
    if pair is not None:
        await note_spending(context, claimed.connection.id, lane, pair)
    for name in sorted(settled.lanes - {lane.value}):
        await context.bell.ring(claimed.connection.id, Lane(name))


async def _isolated(context: Context, engine: Engine, plan: Plan, claimed: Claimed) -> list[Settlement]:
    """The engine's run; where one record breaks it, the halves are run by themselves, until it stands alone.

    What the broken run has sent is on disk as intents and is found by the next one, as after a crash of the process.
    """
    found: dict[str, Settlement] = {}
    parts, breaks = [claimed.claims], 0
    while parts:
        part = parts.pop(0)
        try:
            said = await engine.run(plan, part, claimed.direction)
        except Exception as crash:
            breaks += 1
            if len(part) > 1 and breaks <= MOST_BREAKS:
                half = len(part) // 2
                parts[:0] = [part[:half], part[half:]]
                continue
            said = _broken(context, claimed, part, crash)
        found |= {one.operation_id: settlement for one, settlement in zip(part, said, strict=True)}
    return [found[one.operation_id] for one in claimed.claims]


def _broken(context: Context, claimed: Claimed, claims: Sequence[Claim], crash: Exception) -> list[Settlement]:
    """A defect of ours stopped the run of these."""
    LOG.error("run_broke", exc_info=crash, extra={"object": claimed.object_name})
    ours = SyncError(Kind.BUG, "unexpected", f"An unexpected {type(crash).__name__} stopped the run.")
    return [_failed(context, one, ours) for one in claims]


async def _children(
    context: Context, claimed: Claimed, pair: Pair, settlements: Sequence[Settlement]
) -> list[Settlement]:
    """The settlements, after the children of created records were wished; tried again where they could not be read."""
    declared = CATALOGUE[claimed.object_name]
    try:
        await take_along(context, claimed.connection, declared, pair, claimed.claims, settlements)
    except SyncError as error:
        return [
            replace(_failed(context, one, error), achieved=said.achieved) if said.achieved is Result.CREATED else said
            for one, said in zip(claimed.claims, settlements, strict=True)
        ]
    return list(settlements)


def _failed(context: Context, one: Claim, error: SyncError) -> Settlement:
    """A run that could not start, or broke: tried again as its kind says."""
    policy, attempt = RETRY[error.kind], one.attempts + 1
    again_at = None
    if attempt <= policy.attempts:
        again_at = context.clock.now() + timedelta(seconds=max(policy.delay(attempt), error.retry_after or 0.0))
    return Settlement(Result.FAILED, error.code, error.message, error=error, again_at=again_at, counts_as_try=True)
