"""A wish becomes operations: rows in one transaction, then the bell. The only way in, for every origin.

The partial unique index decides whether a record already has a live operation, never a look beforehand. Callers' keys
are kept in the same transaction (reliability.md 6). Nothing is read from Salesforce or Intacct here.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession

from app.domain.errors import Kind, SyncError
from app.domain.merge import Direction
from app.domain.records import Lane, record_key, salesforce_id
from app.services.budget import stops
from app.services.context import Context
from app.services.items import Item, item_of, malformed, stopped
from app.services.items import refused as not_accepted
from app.services.users import user_refusal
from app.store import idempotency, operations
from app.store.tables import Connection, IdempotencyKey, Operation
from app.store.upsert import collided

SCOPE = "sync"
"""All wishes share one scope of request keys, so that "what became of key K" has one answer."""

RETENTION = timedelta(days=7)
"""How long a request key is remembered; never under the 72 h in which Salesforce itself may deliver again."""

INTERACTIVE_IDS = 10
"""Up to so many records a person may be waiting for the answer."""

TRIES = 4
"""Transactions that met in a deadlock run again so often."""


class Origin(StrEnum):
    """Where a wish came from."""

    BUTTON = "button"
    MASS_TOOL = "massTool"
    FLOW = "flow"
    APEX = "apex"
    SCHEDULE = "schedule"
    CASCADE = "cascade"
    INTACCT = "intacct"


ATTENDED = (Origin.BUTTON, Origin.FLOW, Origin.APEX)
"""Origins behind which a person may be waiting."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Bring these records of one object in step. `record_ids` as given, in the caller's order.

    `refusal`: code and sentence of why its user may not ask.
    """

    object: str
    record_ids: tuple[str, ...]
    origin: str
    correlation_id: str
    direction: str = Direction.TO_INTACCT
    requested_by: str | None = None
    parent_id: str | None = None
    refusal: tuple[str, str] | None = None

    @property
    def request_hash(self) -> str:
        """The same for the same request, whatever its correlation id."""
        said = [self.object, list(self.record_ids), self.origin, self.direction, self.requested_by]
        return sha256(json.dumps(said, ensure_ascii=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What was accepted, in the caller's order; `replayed` when the request key had been used for the same before."""

    items: tuple[Item, ...]
    lanes: frozenset[str] = frozenset()
    replayed: bool = False


async def wish(
    context: Context,
    connection: Connection,
    object_name: str,
    record_ids: Sequence[str],
    *,
    origin: str,
    correlation_id: str,
    direction: str = Direction.TO_INTACCT,
    requested_by: str | None = None,
    request_id: str | None = None,
    parent_id: str | None = None,
    session: AsyncSession | None = None,
) -> list[Item]:
    """Accept a wish; one item per id, in the order given. See `accept`."""
    asked = Wish(object_name, tuple(record_ids), origin, correlation_id, direction, requested_by, parent_id)
    return list((await accept(context, connection, asked, request_id=request_id, session=session)).items)


async def accept(
    context: Context,
    connection: Connection,
    asked: Wish,
    *,
    request_id: str | None = None,
    session: AsyncSession | None = None,
) -> Acceptance:
    """Store the wish in one transaction, commit, then ring once per lane.

    With an outer `session` the wish joins that transaction, ringing is the caller's, and its user was asked for
    before. An id that is no Salesforce
    id gives an item that says so; the others go on. Raises SyncError DATA `request_id_reused` when the request key
    was used for another request.
    """
    if session is not None:
        return await _store(context, session, connection, asked, request_id)
    asked = replace(asked, refusal=user_refusal(connection, asked.origin, asked.requested_by))
    acceptance = await _in_transaction(context, connection, asked, request_id)
    for lane in sorted(acceptance.lanes):
        await context.bell.ring(connection.id, Lane(lane))
    return acceptance


async def _in_transaction(context: Context, connection: Connection, asked: Wish, request_id: str | None) -> Acceptance:
    for left in reversed(range(TRIES)):
        try:
            async with context.begin() as session:
                return await _store(context, session, connection, asked, request_id)
        except DBAPIError as error:
            if not left or not collided(error):
                raise
    raise AssertionError("the last try returns or raises")


async def _store(
    context: Context, session: AsyncSession, connection: Connection, asked: Wish, request_id: str | None
) -> Acceptance:
    if request_id is None:
        return await _place(context, session, connection, asked)
    now = context.clock.now()
    mine = IdempotencyKey(
        id=context.new_id(),
        connection_id=connection.id,
        scope=SCOPE,
        key=request_id,
        request_hash=asked.request_hash,
        created_at=now,
        expires_at=now + RETENTION,
    )
    first = await idempotency.reserve(session, mine)
    if first.id == mine.id:
        acceptance = await _place(context, session, connection, asked)
        await idempotency.keep(session, mine.id, {"items": [asdict(item) for item in acceptance.items]})
        return acceptance
    if first.request_hash != mine.request_hash:
        raise reused()
    return Acceptance(stored_items(first), replayed=True)


def reused() -> SyncError:
    """A request key came back with another request."""
    return SyncError(
        Kind.DATA,
        "request_id_reused",
        "This request id was used for another request.",
        "Use a new request id for a new request; repeat a request unchanged.",
        field="requestId",
    )


def stored_items(row: IdempotencyKey) -> tuple[Item, ...]:
    """The items of the first answer, as they were given then."""
    return tuple(Item(**item) for item in row.answer.get("items", ()))


async def _place(context: Context, session: AsyncSession, connection: Connection, asked: Wish) -> Acceptance:
    """Insert or join one operation per record."""
    known: dict[str, str] = {}
    refused: dict[str, Item] = {}
    for given in asked.record_ids:
        if asked.refusal is not None:
            refused[given] = not_accepted(asked.object, given, *asked.refusal)
            continue
        try:
            known[given] = record_key(given) if asked.origin == Origin.INTACCT else salesforce_id(given)
        except ValueError as error:
            refused[given] = malformed(asked.object, given, str(error))
    lane = await _lane(session, connection.id, asked)
    now = context.clock.now()
    # one order for all, so that parallel wishes wait for each other instead of locking each other out
    fresh = {
        record_id: _row(context, connection, asked, record_id, lane, now) for record_id in sorted({*known.values()})
    }
    placed: dict[str, Item] = {}
    halts = (await stops(session, connection, now)).by_lane
    lanes: set[str] = set()
    while fresh:
        inserted = await operations.insert_live(session, list(fresh.values()))
        done = {record_id for record_id, row in fresh.items() if row.id in inserted}
        placed |= {record_id: stopped(item_of(fresh[record_id]), halts.get(lane)) for record_id in done}
        lanes |= {lane} if done else set()
        living = await operations.lock_live(session, connection.id, asked.object, sorted({*fresh} - done))
        looking = await operations.unsettled(session, [row.id for row in living.values()]) if living else set()
        for record_id, row in living.items():
            if _join(row, asked.direction, lane, now, outcome_open=row.id in looking):
                lanes.add(row.lane)
            placed[record_id] = stopped(item_of(row, joined=True), halts.get(row.lane))
        # what is neither inserted nor living ended between the two statements: its place is free now
        fresh = {record_id: row for record_id, row in fresh.items() if record_id not in placed}
    await session.flush()
    items = [refused.get(given) or placed[known[given]] for given in asked.record_ids]
    return Acceptance(tuple(items), frozenset(lanes))


async def _lane(session: AsyncSession, connection_id: str, asked: Wish) -> str:
    """Interactive when a person may be waiting; a cascade goes with the operation that caused it."""
    if asked.parent_id is not None:
        parent = await operations.get(session, connection_id, asked.parent_id)
        if parent is not None:
            return parent.lane
    attended = asked.origin in ATTENDED and len(asked.record_ids) <= INTERACTIVE_IDS
    return Lane.INTERACTIVE if attended else Lane.BULK


def _row(context: Context, connection: Connection, asked: Wish, record_id: str, lane: str, now: datetime) -> Operation:
    return Operation(
        id=context.new_id(),
        connection_id=connection.id,
        object=asked.object,
        record_id=record_id,
        direction=asked.direction,
        lane=lane,
        origin=asked.origin,
        requested_by=asked.requested_by,
        correlation_id=asked.correlation_id,
        parent_id=asked.parent_id,
        state="queued",
        due_at=now,
        created_at=now,
    )


def _join(row: Operation, direction: str, lane: str, now: datetime, *, outcome_open: bool) -> bool:
    """Let a live operation take a further wish in; whether a worker should be woken for it.

    A held operation stays as it is: a person decides first.
    """
    if row.state == "running":
        row.again = True
        row.again_direction = _wider(row.again_direction, direction)
        return False
    if row.state == "held":
        return False
    row.direction = _wider(row.direction, direction)
    hurried = lane == Lane.INTERACTIVE and row.lane != lane
    if hurried:
        row.lane = lane
    waits_for_time = row.waits_on is None and not outcome_open
    if waits_for_time and (row.state == "waiting" or row.due_at is None or row.due_at > now):
        row.state = "queued"
        row.due_at = now
        return True
    return hurried


def _wider(before: str | None, direction: str) -> str:
    return Direction.TO_INTACCT if Direction.TO_INTACCT in (before, direction) else direction
