"""From source records to journal entries in Salesforce: decide, store, write, refer back, then the normal sync.

A source line is never used twice. Before anything is written, the whole entry and a row per source line are committed;
a unique constraint decides who speaks for a line. What is written is written by external id and may be written again.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.building import BuiltEntry, JournalMapping, Outcome, build
from app.domain.errors import Kind, SyncError
from app.domain.records import Lane, Record, salesforce_id
from app.services.build_content import content_of
from app.services.build_writing import finish
from app.services.context import Context, Pair
from app.services.journal_mappings import load
from app.store import builds, cursors
from app.store.build_tables import JournalBuild
from app.store.tables import Connection

LOG = logging.getLogger("tandem.building")

TRIES = 5
"""How often a plan is made anew because another worker took a line meanwhile; each time fewer are left."""

LEFT_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for a run, and why: for the builds it makes."""

    correlation_id: str
    requested_by: str | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """What became of one source record: `result` is built, planned, skipped or failed, `reason` a word, `message` a
    sentence. `entries` are the Salesforce ids of its journal entries, former ones included."""

    record_id: str
    result: str
    reason: str
    message: str = ""
    entries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sources:
    """What was read for a run: headers, and line sources by header id."""

    headers: Sequence[Record]
    lines: Mapping[str, Sequence[Record]]

    @property
    def line_ids(self) -> list[str]:
        """Ids of all line sources."""
        return [line.key for lines in self.lines.values() for line in lines]


async def preview(context: Context, connection: Connection, name: str, record_ids: Sequence[str]) -> Outcome:
    """What a run over these records would make. Reads, and stores nothing."""
    mapping = await load(context, connection.id, name)
    pair = context.backends.of(connection, Lane.INTERACTIVE)
    sources = await _read(pair, mapping, _known(record_ids))
    async with context.begin() as session:
        used = await builds.uses(session, connection.id, sources.line_ids)
    return build(mapping, sources.headers, sources.lines, set(used))


async def run(
    context: Context, connection: Connection, name: str, record_ids: Sequence[str], asked: Asked
) -> list[Made]:
    """Make the entries of these records and have them synced; one answer per record, in the order given.

    Whoever runs it again, at once or later, gets the entries there are. Raises SyncError `mapping_unknown`, or when
    Salesforce cannot be read. What could not be written stays planned and is finished by the clock.
    """
    mapping = await load(context, connection.id, name)
    pair = context.backends.of(connection, Lane.INTERACTIVE)
    sources = await _read(pair, mapping, _known(record_ids))
    outcome, mine = await _plan(context, connection, mapping, sources, asked)
    for build_id in mine:
        await finish(context, connection, pair, build_id)
    return await _answers(context, connection, record_ids, sources, outcome, mine)


async def finish_left(context: Context) -> int:
    """Finish what runs have left planned (a crash, an outage), for all enabled connections; how many were tried."""
    async with context.begin() as session:
        connections = await cursors.enabled_connections(session)
    tried = 0
    for connection in connections:
        async with context.begin() as session:
            ids = await builds.planned(session, connection.id, context.clock.now(), LEFT_AT_ONCE)
        for build_id in ids:
            tried += 1
            try:
                pair = context.backends.of(connection, Lane.BULK)
                await finish(context, connection, pair, build_id)
            except SyncError as error:
                LOG.warning("build_unfinished", extra={"build": build_id, "code": error.code, "error": error.message})
    return tried


async def _read(pair: Pair, mapping: JournalMapping, ids: Sequence[str]) -> Sources:
    headers = await pair.salesforce.find(mapping.header, {"Id": ids}, mapping.header_fields)
    if mapping.line is None or mapping.parent is None:
        return Sources(headers, {header.key: [header] for header in headers})
    keys = [header.key for header in headers]
    found = await pair.salesforce.find(mapping.line, {mapping.parent: keys}, mapping.line_fields) if keys else []
    lines: dict[str, list[Record]] = {key: [] for key in keys}
    for record in sorted(found, key=lambda record: record.key):
        owner = str(record.values.get(mapping.parent))
        if owner in lines:
            lines[owner].append(record)
    return Sources(headers, lines)


async def _plan(
    context: Context, connection: Connection, mapping: JournalMapping, sources: Sources, asked: Asked
) -> tuple[Outcome, list[str]]:
    """Decide and store all builds; the outcome of the last decision and the ids stored.

    An entry stands with all its source lines or not at all; when a line was taken meanwhile the rest is decided anew.
    """
    mine: list[str] = []
    for _ in range(TRIES):
        async with context.begin() as session:
            used = await builds.uses(session, connection.id, sources.line_ids)
        outcome = build(mapping, sources.headers, sources.lines, set(used))
        stored = [await _store(context, connection, mapping, entry, sources, asked) for entry in outcome.entries]
        mine += [build_id for build_id in stored if build_id is not None]
        if all(stored):
            return outcome, mine
    message = "Other runs keep taking the same source lines."
    raise SyncError(Kind.TRANSIENT, "sources_contended", message, "Repeat the run in a moment.")


class _Taken(Exception):
    """Another build speaks for one of the lines: the transaction must leave nothing."""


async def _store(
    context: Context,
    connection: Connection,
    mapping: JournalMapping,
    entry: BuiltEntry,
    sources: Sources,
    asked: Asked,
) -> str | None:
    """One build with its lines, in one transaction; None when a line is taken."""
    owners = {line.key: header for header, lines in sources.lines.items() for line in lines}
    now = context.clock.now()
    made = JournalBuild(
        id=context.new_id(),
        connection_id=connection.id,
        mapping=mapping.name,
        content=content_of(mapping, entry),
        state=builds.PLANNED,
        correlation_id=asked.correlation_id,
        requested_by=asked.requested_by,
        created_at=now,
    )
    wanted = dict.fromkeys(source for line in entry.lines for source in line.sources)
    uses = [
        {
            "id": context.new_id(),
            "connection_id": connection.id,
            "line_id": source,
            "header_id": owners[source],
            "build_id": made.id,
            "created_at": now,
        }
        for source in wanted
    ]
    try:
        async with context.begin() as session:
            session.add(made)
            await session.flush()
            if not await builds.take(session, uses):
                raise _Taken
    except _Taken:
        return None
    return made.id


async def _answers(
    context: Context,
    connection: Connection,
    ids: Sequence[str],
    sources: Sources,
    outcome: Outcome,
    mine: Sequence[str],
) -> list[Made]:
    """What became of each record, by the builds of this run and those its lines are spoken for by."""
    async with context.begin() as session:
        uses = await builds.uses(session, connection.id, sources.line_ids)
        rows = await builds.by_ids(session, connection.id, sorted({*uses.values(), *mine}))
    known = {header.key for header in sources.headers}
    out = []
    for given in ids:
        record_id = _long(given) or given
        if record_id not in known:
            said = "The record is not visible to the integration user."
            out.append(Made(record_id, "failed", "record_not_found", said))
            continue
        fresh = [rows[one] for one in mine if one in rows and record_id in rows[one].content["headers"]]
        used = {uses[line.key] for line in sources.lines.get(record_id, ()) if line.key in uses}
        out.append(_answer(record_id, outcome, fresh, [rows[one] for one in sorted(used) if one in rows]))
    return out


def _answer(record_id: str, outcome: Outcome, fresh: Sequence[JournalBuild], standing: Sequence[JournalBuild]) -> Made:
    entries = tuple(dict.fromkeys(row.record_id for row in standing if row.record_id))
    refused = [row for row in fresh if row.state == builds.REFUSED]
    waiting = [row for row in standing if row.state == builds.PLANNED]
    if problems := outcome.problems.get(record_id):
        return Made(record_id, "failed", problems[0].code, " ".join(p.message for p in problems), entries)
    if refused:
        return Made(record_id, "failed", "refused_by_salesforce", refused[0].error, entries)
    if waiting:
        return Made(record_id, "planned", "not_written_yet", waiting[0].error, entries)
    if fresh:
        return Made(record_id, "built", "built", "", entries)
    reason, message = outcome.skipped.get(record_id, ("already_used", "Every line is in a journal entry already."))
    return Made(record_id, "skipped", reason, message, entries)


def _known(record_ids: Sequence[str]) -> list[str]:
    """The ids that can be ids, in their long form, each once."""
    return list(dict.fromkeys(known for given in record_ids if (known := _long(given)) is not None))


def _long(given: str) -> str | None:
    try:
        return salesforce_id(given)
    except ValueError:
        return None
