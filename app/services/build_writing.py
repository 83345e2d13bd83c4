"""A stored build is written to Salesforce: entry, lines, references, and then the wish that takes it to Intacct.

Every step is repeatable: records go by external id, references by value, the wish joins what is under way. Whoever
stops between two steps leaves the build planned, and the next one writes the same again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.domain.declaration import NAMESPACE
from app.domain.errors import Kind, SyncError
from app.domain.records import Lane, Value
from app.objects import CATALOGUE
from app.services import intake
from app.services.build_content import reference_of, values_of
from app.services.context import Context, Pair
from app.services.planning import DEFAULT_NAMESPACE
from app.store import builds
from app.store.build_tables import JournalBuild
from app.store.tables import Connection
from app.sync.ports import Action, Backend, Outcome, Verdict, Write

OBJECT = "journal_entry"
SOURCE_KEY, LINE_COUNT, AMOUNT_SIDE = "Source_Key__c", "Line_Count__c", "Debit_Credit__c"
WORDS = {"debit": "Debit", "credit": "Credit"}
HELD = timedelta(minutes=2)
PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=30)

LONGEST_TEXT = 450

PASSING = (Verdict.NOT_SENT, Verdict.AMBIGUOUS)
"""Verdicts after which the same upsert simply goes again."""


class _Unwritten(Exception):
    """A step that failed. `complete`: every line of the entry stands, only references or later steps are missing."""

    def __init__(self, error: SyncError, *, complete: bool) -> None:
        super().__init__(error.message)
        self.error, self.complete = error, complete


async def finish(context: Context, connection: Connection, pair: Pair, build_id: str) -> None:
    """Bring a planned build to its end, or note why not. Does nothing when it is finished or another worker has it."""
    now = context.clock.now()
    until = now + HELD
    async with context.begin() as session:
        row = await builds.hold(session, build_id, now, until)
    if row is None:
        return
    try:
        entry_id = await _write(pair.salesforce, _prefix(connection), row)
    except _Unwritten as unwritten:
        await _failed(context, row, unwritten, until)
        return
    async with context.begin() as session:
        stored = await session.get_one(JournalBuild, build_id)
        stored.state, stored.record_id, stored.error = builds.BUILT, entry_id, ""
        stored.built_at, stored.held_until = context.clock.now(), None
        asked = intake.Wish(OBJECT, (entry_id,), "cascade", row.correlation_id, requested_by=row.requested_by)
        accepted = await intake.accept(context, connection, asked, session=session)
    for lane in sorted(accepted.lanes):
        await context.bell.ring(connection.id, Lane(lane))


async def _write(salesforce: Backend, prefix: str, row: JournalBuild) -> str:
    """Entry, lines, references; the Salesforce id of the entry. Raises _Unwritten for the first that fails."""
    declared, lines = CATALOGUE[OBJECT], row.content["lines"]
    assert declared.lines is not None
    head: dict[str, Value] = {**values_of(row.content), f"{prefix}{LINE_COUNT}": len(lines)}
    kind, key = declared.salesforce.kind.replace(NAMESPACE, prefix), f"{prefix}{SOURCE_KEY}"
    entry = Write(kind, Action.CREATE, head, row.id, external_id=(key, row.id))
    (entry_id,) = await _send(salesforce, [entry], complete=False)
    kind, parent = (name.replace(NAMESPACE, prefix) for name in (declared.lines.salesforce, declared.lines.parent))
    writes = []
    for number, line in enumerate(lines, 1):
        side = {f"{prefix}{AMOUNT_SIDE}": WORDS[line["side"]]}
        values = {**values_of(line), **side, parent: entry_id}
        writes.append(Write(kind, Action.CREATE, values, row.id, external_id=(key, f"{row.id}:{number}")))
    line_ids = await _send(salesforce, writes, complete=False)
    await _send(salesforce, _references(row, line_ids), complete=True)
    return entry_id


def _references(row: JournalBuild, line_ids: Sequence[str]) -> list[Write]:
    """One update per source line: into its reference fields the ids of the lines it went into."""
    said: dict[str, dict[str, Value]] = {}
    for line, line_id in zip(row.content["lines"], line_ids, strict=True):
        for source in line["sources"]:
            said.setdefault(source, {})[reference_of(row.content, line)] = line_id
    kind = row.content["source"]
    return [Write(kind, Action.UPDATE, values, row.id, source) for source, values in sorted(said.items())]


async def _send(salesforce: Backend, writes: Sequence[Write], *, complete: bool) -> list[str]:
    """Send all writes in chunks; their Salesforce ids in order. Raises _Unwritten for the first not confirmed."""
    ids = []
    for chunk in salesforce.chunks(writes):
        for outcome in await salesforce.write(chunk):
            if outcome.verdict is not Verdict.CONFIRMED or outcome.key is None:
                raise _Unwritten(_error(outcome), complete=complete)
            ids.append(outcome.key)
    return ids


def _error(outcome: Outcome) -> SyncError:
    """Why a write did not stand; one that may simply go again is TRANSIENT."""
    error = outcome.error or SyncError(Kind.BUG, "unconfirmed", "Salesforce gave no reason.")
    if outcome.verdict not in PASSING:
        return error
    wait = error.retry_after
    return SyncError(Kind.TRANSIENT, error.code, error.message, retry_after=wait, field=error.field)


async def _failed(context: Context, row: JournalBuild, unwritten: _Unwritten, until: datetime) -> None:
    """Planned, and tried again later. A refusal at the first try is the end: its source lines are free again.

    Only then is the entry known to lack lines, so that it can never be sent (`lines_missing`). Had an earlier try or
    another worker written them all, freeing the source lines would let an amount be posted twice.
    """
    error = unwritten.error
    passing = error.kind in (Kind.TRANSIENT, Kind.RATE_LIMITED, Kind.AUTH)
    async with context.begin() as session:
        stored = await session.get_one(JournalBuild, row.id, with_for_update=True)
        if stored.state != builds.PLANNED or stored.held_until != until:
            return  # another worker has taken over; what it finds stands
        stored.error = error.message[:LONGEST_TEXT]
        stored.held_until = context.clock.now() + min(PAUSE * 2 ** min(stored.attempts, 10), LONGEST_PAUSE)
        if not passing and not unwritten.complete and stored.attempts == 1:
            stored.state, stored.held_until = builds.REFUSED, None
            await builds.release(session, row.id)


def _prefix(connection: Connection) -> str:
    namespace = connection.settings.get("namespace", DEFAULT_NAMESPACE)
    return f"{namespace}__" if namespace else ""
