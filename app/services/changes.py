"""Intacct to Salesforce: reads what changed, drops our own echo, wishes the rest. One feed per object and connection.

Pages by (WHENMODIFIED, RECORDNO) with a look-back, because commits become visible late (reliability.md 10). The cursor
moves only when the whole window was read.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from app.domain.declaration import Creates, Kind, Rule, SyncedObject
from app.domain.errors import SyncError
from app.domain.merge import Direction
from app.domain.plan import Plan
from app.domain.records import BORN_IN_INTACCT, Lane, Record, salesforce_id
from app.objects import CATALOGUE
from app.services import intake
from app.services.context import Context, Pair
from app.services.journal import SqlJournal
from app.services.missing import wish_missing
from app.services.planning import enabled, plan_for
from app.services.spending import note_spending
from app.store import cursors
from app.store.tables import Connection, Cursor
from app.sync.echo import edited, is_inactive
from app.sync.lines import lines_edited, lines_of
from app.sync.ports import Backend, Position
from app.sync.work import twins_of

LOG = logging.getLogger("tandem.changes")

FEED = "intacct"
LOOK_BACK = timedelta(minutes=5)
LEASE = timedelta(minutes=10)
PAGE = 1000
BEGINNING = datetime(1990, 1, 1, tzinfo=UTC)
"""Where the feed of an object starts whose existing records go to Salesforce too."""
UNDATED_EVERY = timedelta(days=1)
"""How often rows without a modification time are looked for as well: a query more, for rows that are rare."""


@dataclass(slots=True)
class Counts:
    """What one reading of a feed found: `seen` = `unlinked` + `unchanged` + `wished` + `postponed`.

    `new` of the wished are unknown to Salesforce; `postponed` may be ours, which is not known yet: the cursor stays.
    `keys` are those of all records of a whole reading.
    """

    seen: int = 0
    postponed: int = 0
    unlinked: int = 0
    new: int = 0
    unchanged: int = 0
    wished: int = 0
    ids: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    def plain(self) -> dict[str, int]:
        """For the cursor row."""
        counted = ("seen", "unlinked", "unchanged", "wished", "new")
        return {name: getattr(self, name) for name in counted}


async def poll(context: Context, every: timedelta = timedelta(0)) -> dict[str, Counts]:
    """Read the feeds of all enabled connections that were not read within `every`; counts by "connection/object".

    A feed that cannot be read is logged and read again next time; its cursor stays.
    """
    async with context.begin() as session:
        connections = await cursors.enabled_connections(session)
    read: dict[str, Counts] = {}
    for connection in connections:
        for declared in CATALOGUE.values():
            if all(row.rule is Rule.TO_INTACCT for row in declared.fields) or not enabled(connection, declared):
                continue
            try:
                counts = await poll_object(context, connection, declared, every)
            except SyncError as error:
                LOG.warning("feed_unread", extra={"object": declared.name, "code": error.code, "error": error.message})
                continue
            if counts is not None:
                read[f"{connection.name}/{declared.name}"] = counts
    return read


async def poll_object(
    context: Context, connection: Connection, declared: SyncedObject, every: timedelta
) -> Counts | None:
    """Read one feed from its cursor to now; None when another worker is at it or it is not due."""
    now = context.clock.now()
    fresh = Cursor(
        id=context.new_id(),
        connection_id=connection.id,
        object=declared.name,
        feed=FEED,
        position_at=connection.created_at if declared.creates is Creates.TO_INTACCT else BEGINNING,
        updated_at=now,
    )
    async with context.begin() as session:
        cursor = await cursors.take(session, fresh, now, LEASE, now - every)
    if cursor is None:
        return None
    counts, done = Counts(), False
    undated_at = datetime.fromisoformat(cursor.counts.get("undatedAt", connection.created_at.isoformat()))
    undated = not cursor.counts or now - undated_at >= UNDATED_EVERY
    start = Position(cursor.position_at - LOOK_BACK, "" if undated else "0")
    if undated and declared.daily:
        start = Position(BEGINNING, "")
    try:
        pair = context.backends.of(connection, Lane.BULK)
        plan = await plan_for(context, connection, declared, pair)
        await _read(context, connection, plan, pair, start, now, counts, everything="resync" in cursor.counts)
        await note_spending(context, connection.id, Lane.BULK, pair)
        done = True
    finally:
        async with context.begin() as session:
            row = await session.get_one(Cursor, cursor.id)
            row.lease_until, row.updated_at = None, now
            asked_meanwhile = "resync" in row.counts and "resync" not in cursor.counts
            if done and not counts.postponed and not asked_meanwhile:
                said = {**counts.plain(), "undatedAt": (now if undated else undated_at).isoformat()}
                row.position_at, row.counts = now, said
    return counts


async def _read(
    context: Context,
    connection: Connection,
    plan: Plan,
    pair: Pair,
    position: Position,
    until: datetime,
    counts: Counts,
    *,
    everything: bool,
) -> None:
    memory = SqlJournal(context, connection.id)
    while True:
        page = await pair.intacct.changes(plan.object.intacct.kind, position, until, plan.intacct_fields, PAGE)
        wanted = await _edits(
            plan, memory, pair.intacct, page.records, counts, today=until.date(), everything=everything
        )
        if wanted:
            correlation_id = context.new_id()
            await intake.wish(
                context,
                connection,
                plan.object.name,
                wanted,
                origin="intacct",
                correlation_id=correlation_id,
                direction=Direction.FROM_INTACCT,
            )
        counts.wished += len(wanted)
        counts.ids += wanted
        counts.keys |= {record.key for record in page.records} if everything else set()
        if page.done:
            break
        position = page.position
    if everything and plan.creates is Creates.FROM_INTACCT:
        counts.wished += await wish_missing(context, connection, plan, counts.keys)


async def _edits(
    plan: Plan,
    memory: SqlJournal,
    intacct: Backend,
    records: Sequence[Record],
    counts: Counts,
    *,
    today: date,
    everything: bool,
) -> list[str]:
    """Keys of the records that were edited in Intacct, or are new there; of all linked ones with `everything`.

    A document counts as edited when one of its lines was: one more query for the linked documents of the page.
    """
    name = plan.object.name
    # asked before the links: a create of ours that is settled in between has its link by then
    unclear = plan.born_in_intacct and not plan.link_field and await memory.creating(name)
    bound = await memory.by_intacct_key(name, [record.key for record in records])
    known: dict[str, set[str]] = {}
    for row in plan.rows:
        if row.refers_to and row.rule is not Rule.TO_INTACCT:
            ids = sorted({str(value) for r in records if (value := r.values.get(row.names[0]))})
            known.setdefault(row.refers_to, set()).update(await twins_of(memory, row.refers_to, ids))
    linked = [record.key for record in records if record.key in bound]
    lines = await lines_of(plan.lines, intacct, linked) if plan.lines and linked else {}
    wanted = []
    for record in records:
        counts.seen += 1
        link = bound.get(record.key)
        if link is None and not _comes(plan, record, today):
            counts.unlinked += 1
        elif link is None and plan.born_in_intacct and (maker := _maker(plan, record)) is not None:
            wanted.append(maker)
        elif link is None and unclear:
            counts.postponed += 1
        elif link is None and plan.born_in_intacct:
            counts.new += 1
            wanted.append(f"{BORN_IN_INTACCT}{record.key}")
        elif link is None:
            counts.unlinked += 1
        elif (
            everything
            or edited(plan, record, link.base, known)
            or (plan.lines is not None and lines_edited(plan.lines, link.base, lines.get(record.key, [])))
        ):
            wanted.append(link.salesforce_id)
        else:
            counts.unchanged += 1
    return wanted


def _maker(plan: Plan, record: Record) -> str | None:
    """The Salesforce record that an unlinked Intacct record was made from: a create of ours with an unknown answer."""
    try:
        return salesforce_id(str(record.values.get(plan.link_field or "") or ""))
    except ValueError:
        return None


def _comes(plan: Plan, record: Record, today: date) -> bool:
    """Whether an unlinked record is worth a wish: inactive ones of a list only, stages while they hold."""
    if is_inactive(record) and plan.object.kind is not Kind.MANAGED_LIST:
        return False
    return plan.object.stages is None or plan.object.stages.holds(record, today)


async def resync(context: Context, connection: Connection, declared: SyncedObject) -> None:
    """Have the next reading of an object's feed start from the beginning and bring every record in step.

    Repairs what was edited in Salesforce although Intacct owns it, and finds what was missed.
    """
    now = context.clock.now()
    fresh = Cursor(
        id=context.new_id(),
        connection_id=connection.id,
        object=declared.name,
        feed=FEED,
        position_at=BEGINNING,
        updated_at=now,
    )
    async with context.begin() as session:
        row = await cursors.held(session, fresh)
        row.position_at, row.updated_at, row.counts = BEGINNING, BEGINNING, {"resync": True}
