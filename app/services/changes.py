"""Intacct to Salesforce: reads what changed, drops our own echo, wishes the rest. One feed per object and connection.

Pages by (WHENMODIFIED, RECORDNO). Commits become visible late, so each reading looks back some minutes, and every other
hour some hours (reliability.md 10). The cursor moves only when the window was read and its count agrees.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from app.domain.declaration import Creates, Kind, Rule, SyncedObject
from app.domain.errors import Kind as Trouble
from app.domain.errors import SyncError
from app.domain.merge import Direction
from app.domain.plan import Plan
from app.domain.records import BORN_IN_INTACCT, Errand, Lane, Record
from app.objects import CATALOGUE
from app.services import deletions, intake, salesforce_changes
from app.services.context import Context, Pair
from app.services.journal import SqlJournal
from app.services.missing import note_shown, wish_missing
from app.services.planning import enabled, plan_for
from app.services.spending import note_spending
from app.services.turns import Pace, Turn, pace_of, rewind, turn
from app.store import cursors
from app.store.tables import Connection
from app.sync.echo import edited, is_inactive, made_from
from app.sync.lines import lines_edited, lines_of
from app.sync.list_values import values_named
from app.sync.mirrored import mirror_edited
from app.sync.ports import Backend, Position
from app.sync.work import twins_of

LOG = logging.getLogger("tandem.changes")

FEED = "intacct"
LOOK_BACK = timedelta(minutes=5)
SECOND_LOOK = timedelta(hours=2)
"""How late Intacct may show a commit. So often a reading goes back so far behind the last one that did."""
PAGE = 2000
BEGINNING = datetime(1990, 1, 1, tzinfo=UTC)
"""Where the feed of an object starts whose existing records go to Salesforce too."""
UNDATED_EVERY = timedelta(days=1)
"""How often rows without a modification time are looked for as well: a query more, for rows that are rare."""
TRIES = 2
"""How often a window is read whose count does not agree, before the reading is given up."""


@dataclass(slots=True)
class Counts:
    """What one reading of a feed found: `seen` = `unlinked` + `unchanged` + `wished` + `postponed`.

    `new` of the wished are unknown to Salesforce; `postponed` may be ours, which is not known yet: the cursor stays.
    `dated` of the seen have a modification time. `reading` names a reading of the whole object.
    """

    seen: int = 0
    postponed: int = 0
    unlinked: int = 0
    new: int = 0
    unchanged: int = 0
    wished: int = 0
    dated: int = 0
    reading: str = ""

    def plain(self) -> dict[str, int]:
        """For the cursor row."""
        counted = ("seen", "unlinked", "unchanged", "wished", "new")
        return {name: getattr(self, name) for name in counted}


@dataclass(frozen=True, slots=True)
class _Window:
    """What one reading covers: from `start` (rows without a time first, unless its key says otherwise) to `until`."""

    start: Position
    until: datetime
    everything: bool


async def poll(context: Context, every: timedelta = timedelta(0)) -> dict[str, Counts]:
    """Read the feeds that are due, of all enabled connections; counts by "connection/object".

    `every` is the shortest pause of a feed; without one all are read now. A feed that cannot be read is logged and
    read again later; its cursor stays. Nothing is asked for a connection that is switched off.
    """
    async with context.begin() as session:
        connections = await cursors.enabled_connections(session)
    read: dict[str, Counts] = {}
    for connection in connections:
        followed = [declared for declared in CATALOGUE.values() if follows(connection, declared)]
        pace = await pace_of(context, connection, len(followed) + 1, every)
        if pace.stopped:
            LOG.warning("feeds_stopped", extra={"connection": connection.name})
            continue
        for declared in followed:
            try:
                counts = await poll_object(context, connection, declared, pace)
            except SyncError as error:
                LOG.warning("feed_unread", extra={"object": declared.name, "code": error.code, "error": error.message})
                continue
            if counts is not None:
                read[f"{connection.name}/{declared.name}"] = counts
        await deletions.poll(context, connection, followed, pace)
        await salesforce_changes.poll(context, connection, pace)
    return read


def follows(connection: Connection, declared: SyncedObject) -> bool:
    """Whether anything of the object can come from Intacct to this connection."""
    return enabled(connection, declared) and any(row.rule is not Rule.TO_INTACCT for row in declared.fields)


async def poll_object(context: Context, connection: Connection, declared: SyncedObject, pace: Pace) -> Counts | None:
    """Read one feed from its cursor to now; None when another worker is at it or it is not due."""
    beginning = connection.created_at if declared.creates is Creates.TO_INTACCT else BEGINNING
    async with turn(context, connection, declared.name, FEED, beginning, pace) as mine:
        if mine is None:
            return None
        window = _window(connection, declared, mine)
        pair = context.backends.of(connection, Lane.BULK, Errand.POLL)
        try:
            plan = await plan_for(context, connection, declared, pair)
            counts = await _read_whole(context, connection, plan, pair, window)
            if window.everything and plan.creates is Creates.FROM_INTACCT:
                counts.wished += await wish_missing(context, connection, plan, counts.reading, window.until)
        finally:
            await note_spending(context, connection.id, Errand.POLL, pair)
        mine.busy, mine.stays = counts.wished > 0, counts.postponed > 0
        mine.said = {} if mine.stays else {**mine.said, **counts.plain()}
    return counts


def _window(connection: Connection, declared: SyncedObject, mine: Turn) -> _Window:
    """What is to be read this time; notes in the turn when the rarer looks were taken."""
    undated_at = datetime.fromisoformat(mine.counts.get("undatedAt", connection.created_at.isoformat()))
    undated = "undatedAt" not in mine.counts or mine.now - undated_at >= UNDATED_EVERY
    second_at = datetime.fromisoformat(mine.counts.get("secondAt", mine.position_at.isoformat()))
    second = mine.now - second_at >= SECOND_LOOK
    start = mine.position_at - LOOK_BACK
    if second:
        start = min(start, second_at - SECOND_LOOK)
    if undated and declared.daily:
        start = BEGINNING
    mine.said = {
        "undatedAt": (mine.now if undated else undated_at).isoformat(),
        "secondAt": (mine.now if second else second_at).isoformat(),
    }
    return _Window(Position(start, "" if undated else "0"), mine.now, "resync" in mine.counts)


async def _read_whole(context: Context, connection: Connection, plan: Plan, pair: Pair, window: _Window) -> Counts:
    """Read a window, then have it counted there. Raises SyncError TRANSIENT `window_incomplete` for an under-read.

    A record that is edited while we read leaves the window, so that fewer are counted than were read; once more, then.
    """
    kind, since, until = plan.object.intacct.kind, window.start.modified_at, window.until
    for left in reversed(range(TRIES)):
        counts = await _read(context, connection, plan, pair, window)
        if not counts.dated:
            return counts  # an idle window is not counted: that would double what idle feeds cost
        there = await pair.intacct.changed(kind, since, until)
        if there == counts.dated or (there < counts.dated and not left):
            return counts
        LOG.warning("window_differs", extra={"object": plan.object.name, "counted": there, "read": counts.dated})
    message = f"Intacct counts {there} changed {kind} records where its pages showed {counts.dated}."
    raise SyncError(Trouble.TRANSIENT, "window_incomplete", message)


async def _read(context: Context, connection: Connection, plan: Plan, pair: Pair, window: _Window) -> Counts:
    memory, counts, position = SqlJournal(context, connection.id), Counts(reading=context.new_id()), window.start
    while True:
        kind, fields = plan.object.intacct.kind, plan.intacct_fields
        page = await pair.intacct.changes(kind, position, window.until, fields, PAGE)
        counts.dated += 0 if page.undated else len(page.records)
        wanted = await _edits(
            plan, memory, pair.intacct, page.records, counts, today=window.until.date(), everything=window.everything
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
        if window.everything:
            keys = [record.key for record in page.records]
            await note_shown(context, connection, plan.object.name, keys, counts.reading)
        if page.done:
            return counts
        position = page.position


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
    marks = await memory.references(name, plan.object.reference) if unclear and plan.object.reference else None
    bound = await memory.by_intacct_key(name, [record.key for record in records])
    replaced = await _replaced(plan, memory, [record for record in records if record.key not in bound])
    known: dict[str, set[str]] = {}
    for row in plan.rows:
        if row.refers_to and row.rule is not Rule.TO_INTACCT:
            ids = sorted({str(value) for r in records if (value := r.values.get(row.names[0]))})
            known.setdefault(row.refers_to, set()).update(await twins_of(memory, row.refers_to, ids))
    linked = [record.key for record in records if record.key in bound]
    kept = plan.lines or plan.mirrored
    lines = await lines_of(kept, intacct, linked) if kept and linked else {}
    await _add_of_lines(plan, memory, [line for found in lines.values() for line in found], known)
    wanted = []
    for record in records:
        counts.seen += 1
        link = bound.get(record.key)
        if link is None and not _comes(plan, record, today):
            counts.unlinked += 1
        elif link is None and record.key in replaced:
            wanted.append(replaced[record.key])
        elif link is not None and not everything and not plan.returns(record.values):
            counts.unchanged += 1
        elif link is None and plan.born_in_intacct and (maker := made_from(plan, record)) is not None:
            wanted.append(maker)
        elif link is None and unclear and _may_be_ours(plan, record, marks):
            counts.postponed += 1
        elif link is None and plan.born_in_intacct:
            counts.new += 1
            wanted.append(f"{BORN_IN_INTACCT}{record.key}")
        elif link is None:
            counts.unlinked += 1
        elif (
            everything
            or edited(plan, record, link.base, known)
            or any(value not in known.get(name, ()) for name, value in values_named(plan, record).values())
            or (plan.lines is not None and lines_edited(plan.lines, link.base, lines.get(record.key, []), known))
            or (plan.mirrored is not None and mirror_edited(plan.mirrored, link.base, lines.get(record.key, [])))
        ):
            wanted.append(link.salesforce_id)
        else:
            counts.unchanged += 1
    return wanted


async def _replaced(plan: Plan, memory: SqlJournal, records: Sequence[Record]) -> dict[str, str]:
    """Salesforce ids by the keys of records that Intacct put in the place of linked ones."""
    natural = plan.object.intacct.natural_key
    named = {str(one.values[natural]): one.key for one in records if one.values.get(natural)}
    if plan.object.lasting is None or not named:
        return {}
    links = await memory.by_intacct_id(plan.object.name, sorted(named))
    return {named[name]: link.salesforce_id for name, link in links.items()}


async def _add_of_lines(plan: Plan, memory: SqlJournal, lines: Sequence[Record], known: dict[str, set[str]]) -> None:
    """Add to `known` the natural ids that lines name in look-ups and that have a Salesforce twin."""
    for row in plan.lines.rows if plan.lines else ():
        if row.refers_to and row.rule is not Rule.TO_INTACCT:
            named = sorted({str(value) for line in lines if (value := line.values.get(row.names[0]))})
            known.setdefault(row.refers_to, set()).update(await twins_of(memory, row.refers_to, named))


def _may_be_ours(plan: Plan, record: Record, marks: set[str] | None) -> bool:
    """Whether a new record may be what an unclear create of ours made: any may, unless it would bear its reference."""
    return marks is None or str(record.values.get(plan.object.reference or "") or "") in marks


def _comes(plan: Plan, record: Record, today: date) -> bool:
    """Whether an unlinked record is worth a wish: inactive ones of a list only, stages while they hold."""
    if not plan.shows(record.values):
        return False
    if plan.object.pays is not None and record.values.get(plan.object.pays.part_of):
        return False  # Intacct's own record of an overpayment, beside the payment
    if is_inactive(record) and plan.object.kind is not Kind.MANAGED_LIST:
        return False
    return plan.object.stages is None or plan.object.stages.holds(record, today)


async def resync(context: Context, connection: Connection, declared: SyncedObject) -> None:
    """Have the next reading of an object's feed start from the beginning and bring every record in step.

    Repairs what was edited in Salesforce although Intacct owns it, and finds what was missed.
    """
    await rewind(context, connection.id, declared.name, FEED, BEGINNING, {"resync": True})
