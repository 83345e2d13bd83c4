"""The end of a run: settlements become decisions, error-log rows and the next state of each operation, in one commit.

Fenced: an operation whose lease has passed is left to its new owner. Whoever waits for a finished record is woken.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app import telemetry
from app.domain.decisions import STRENGTH, Change, Reference, Result, Settlement
from app.domain.errors import Kind, SyncError
from app.domain.merge import Direction
from app.domain.records import BORN_IN_INTACCT
from app.domain.transforms import plain
from app.objects import CATALOGUE
from app.services import intake, payment_ends
from app.services.context import Context
from app.services.error_keeping import keep_errors
from app.store import bindings as links
from app.store import journal, work
from app.store.tables import Connection, Decision, ErrorLog, Operation
from app.store.upsert import collided
from app.sync.ports import Claim

LONGEST_CHAIN = 50
TRIES = 4


@dataclass(slots=True)
class Settled:
    """What a commit led to, for the caller to act on afterwards."""

    finished: list[Operation] = field(default_factory=list)
    lanes: set[str] = field(default_factory=set)


async def settle(
    context: Context,
    connection: Connection,
    mapping_version: str,
    claims: Sequence[Claim],
    settlements: Sequence[Settlement],
) -> Settled:
    """Store the outcome of one run. Answers the operations that are over and the lanes that have new work due.

    Two workers whose records refer to each other may take the same rows in another order: then once more.
    """
    for left in reversed(range(TRIES)):
        try:
            return await _settle(context, connection, mapping_version, claims, settlements)
        except DBAPIError as error:
            if not left or not collided(error):
                raise
    raise AssertionError("the last try returns or raises")


async def _settle(
    context: Context,
    connection: Connection,
    mapping_version: str,
    claims: Sequence[Claim],
    settlements: Sequence[Settlement],
) -> Settled:
    now = context.clock.now()
    out = Settled()
    async with context.begin() as session:
        fences = [(claim.operation_id, claim.fence) for claim in claims]
        rows = await journal.held_leases(session, fences, now, lock=True)
        waiters: list[tuple[Operation, Settlement]] = []
        ours = [(rows[c.operation_id], s) for c, s in zip(claims, settlements, strict=True) if c.operation_id in rows]
        await keep_errors(context, session, connection.id, ours, now)
        for row, settlement in ours:
            session.add(_decision(context, row, settlement, mapping_version, now))
            _advance(row, settlement, mapping_version, now)
            if settlement.waits_for:
                waiters.append((row, settlement))
            elif row.state == "done":
                out.finished.append(row)
        if ours and CATALOGUE[ours[0][0].object].pays is not None:
            changed = await payment_ends.follow(context, session, connection.id, ours, now)
            await session.flush()
            await payment_ends.refresh(context, session, connection, changed)
            out.lanes |= {row.lane for row, _ in changed}
        await session.flush()
        for row, settlement in ours:
            if settlement.follow:
                await _follow(context, session, connection, row, settlement)
                out.lanes.add(row.lane)
        for row, settlement in waiters:
            await _await_references(context, session, connection, row, settlement, now)
        out.lanes |= await _follow_up(context, session, connection, out.finished, now)
    for row in out.finished:
        telemetry.OPERATIONS.labels(row.object, row.lane, row.result).inc()
    return out


def _decision(context: Context, row: Operation, said: Settlement, mapping_version: str, now: datetime) -> Decision:
    return Decision(
        id=context.new_id(),
        connection_id=row.connection_id,
        operation_id=row.id,
        run=row.fence,
        object=row.object,
        record_id=row.record_id,
        result=said.result,
        reason=said.reason,
        message=said.message,
        changes=[_change(change) for change in said.changes],
        warnings=list(said.warnings),
        mapping_version=mapping_version,
        at=now,
    )


def _change(change: Change) -> dict[str, object]:
    return {
        "system": change.system.value,
        "field": change.field,
        "before": plain(change.before),
        "after": plain(change.after),
    }


def _advance(row: Operation, said: Settlement, mapping_version: str, now: datetime) -> None:
    """The next state of an operation after a run."""
    row.lease_until, row.worker, row.waits_on = None, None, None
    row.mapping_version = mapping_version
    row.attempts += 1 if said.counts_as_try else 0
    row.intacct_id, row.intacct_key = said.intacct_id or row.intacct_id, said.intacct_key or row.intacct_key
    row.achieved = _stronger(row.achieved, said.achieved)
    row.reason, row.message = said.reason, said.message
    if said.again_at is not None or said.waits_for:
        row.state, row.due_at, row.result = "waiting", said.again_at, said.result.value
        if row.again:  # the next run of this very operation answers the wish
            row.direction = Direction.TO_INTACCT if row.again_direction == Direction.TO_INTACCT else row.direction
            row.again, row.again_direction = False, None
        return
    if said.result is Result.HELD:
        row.state, row.due_at, row.result = "held", None, said.result.value
        return
    row.state, row.due_at, row.finished_at = "done", None, now
    row.result = said.result.value
    if said.result in STRENGTH and row.achieved and row.achieved != said.result:
        row.result = _stronger(row.achieved, said.result)
        row.reason = row.result or row.reason


def _stronger(before: str | None, now: Result | None) -> str | None:
    known = [Result(word) for word in (before, now) if word]
    return max(known, key=STRENGTH.index).value if known else None


async def _follow(
    context: Context, session: AsyncSession, connection: Connection, row: Operation, said: Settlement
) -> None:
    """Wish the records that this run says come next, such as the winner of a merge."""
    for reference in said.follow:
        origin = {"origin": "cascade", "correlation_id": row.correlation_id, "parent_id": row.id}
        await intake.wish(context, connection, reference.object, [reference.record_id], session=session, **origin)


async def _await_references(
    context: Context, session: AsyncSession, connection: Connection, row: Operation, said: Settlement, now: datetime
) -> None:
    """Make the referenced records come first: join or start their operations, then wait for the first one."""
    history = set(row.waits_for)
    for reference in said.waits_for:
        if _word(reference) not in history:
            origin = {"origin": "cascade", "correlation_id": row.correlation_id, "parent_id": row.id}
            if reference.record_id.startswith(BORN_IN_INTACCT):
                origin |= {"origin": "intacct", "direction": Direction.FROM_INTACCT}
            await intake.wish(context, connection, reference.object, [reference.record_id], session=session, **origin)
    row.waits_for = sorted(history | {_word(reference) for reference in said.waits_for})
    live = await work.live_among(session, connection.id, {(r.object, r.record_id) for r in said.waits_for})
    pending = [reference for reference in said.waits_for if (reference.object, reference.record_id) in live]
    if not pending:
        row.due_at = now
        return
    row.waits_on = _word(pending[0])
    if await _circle(session, connection, row):
        message = f"{row.object} {row.record_id} and the records it refers to refer to each other in a circle."
        error = SyncError(Kind.DATA, "reference_circle", message, "Break the circle, then sync again.")
        row.state, row.waits_on, row.finished_at = "done", None, now
        row.result, row.reason, row.message = Result.FAILED.value, error.code, message
        failed = Settlement(Result.FAILED, error.code, message, error=error)
        await keep_errors(context, session, connection.id, [(row, failed)], now)


async def _circle(session: AsyncSession, connection: Connection, row: Operation) -> bool:
    """Whether following who waits for whom from `row` leads back to it."""
    me, word = f"{row.object}/{row.record_id}", row.waits_on
    for _ in range(LONGEST_CHAIN):
        if word is None or word == me:
            return word == me
        name, record_id = word.split("/")
        live = await work.live_among(session, connection.id, {(name, record_id)})
        owner = live.get((name, record_id))
        word = owner.waits_on if owner is not None else None
    return True


async def _follow_up(
    context: Context, session: AsyncSession, connection: Connection, finished: Sequence[Operation], now: datetime
) -> set[str]:
    """Wake whoever waited for the finished records, wish blocked ones anew, and repeat what was asked meanwhile."""
    lanes = {
        row.lane
        for row in await work.wake(session, connection.id, {f"{r.object}/{r.record_id}" for r in finished}, now)
    }
    arrived = [row for row in finished if row.result in STRENGTH and row.record_id.startswith(BORN_IN_INTACCT)]
    linked = {(row.object, row.record_id) for row in arrived}
    for name in sorted({row.object for row in finished if row.result in STRENGTH}):
        ids = sorted(row.record_id for row in finished if row.object == name)
        linked |= {(name, b.salesforce_id) for b in await links.by_salesforce_id(session, connection.id, name, ids)}
    for error in await _blocked_on(session, connection.id, linked):
        origin = {"origin": "cascade", "correlation_id": error.operation_id}
        await intake.wish(context, connection, error.object, [error.record_id], session=session, **origin)
        lanes.add("bulk")
    for row in finished:
        if row.again:
            direction = row.again_direction or row.direction
            origin = {"origin": row.origin, "correlation_id": row.correlation_id, "direction": direction}
            requested_by = row.requested_by
            await intake.wish(
                context, connection, row.object, [row.record_id], session=session, requested_by=requested_by, **origin
            )
            lanes.add(row.lane)
    return lanes


async def _blocked_on(session: AsyncSession, connection_id: str, records: set[tuple[str, str]]) -> Sequence[ErrorLog]:
    """Open errors that say a record is blocked by one of `records`."""
    if not records:
        return []
    found = await session.exec(
        select(ErrorLog).where(
            ErrorLog.connection_id == connection_id,
            col(ErrorLog.blocked_object).in_(sorted({name for name, _ in records})),
            col(ErrorLog.blocked_id).in_(sorted(record_id for _, record_id in records)),
            col(ErrorLog.resolved_at).is_(None),
        )
    )
    return [row for row in found if (row.blocked_object, row.blocked_id) in records]


def _word(reference: Reference) -> str:
    return f"{reference.object}/{reference.record_id}"
