"""Mapping versions of an object: drafted, validated, activated, rolled back. One draft and one active version at most.

A version never changes once it was activated. Runs read the active version once, at their start; nothing that is queued
has to be stopped for an activation. No vendor is asked with a transaction open.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from app.domain.errors import Kind, SyncError
from app.domain.mapping_rules import Finding, Severity, problems
from app.domain.mappings import Content, Difference, RowChange, differences, plain_content
from app.objects import CATALOGUE
from app.services.context import Context
from app.services.formulas import compile_formula
from app.services.mapping_checks import checked
from app.services.planning import DEFAULT_LINK_FIELD, stored_content
from app.store import connections, mappings
from app.store.mappings import ACTIVE, DRAFT, RETIRED
from app.store.tables import Connection, MappingVersion

MOST_ROWS = 200
"""Rows a content may say something about."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """What is known of an object's mapping: the version in force, None for the declaration, and the draft."""

    object: str
    active: MappingVersion | None
    draft: MappingVersion | None

    @property
    def content(self) -> Content:
        """What the version in force says."""
        return stored_content(self.active) if self.active else Content()


@dataclass(frozen=True, slots=True)
class Version:
    """One version and what it says otherwise than the version it was compared with."""

    row: MappingVersion
    content: Content
    differences: Sequence[Difference]


async def read(context: Context, connection_id: str, name: str) -> Mapping:
    """The mapping of an object as it stands."""
    async with context.begin() as session:
        active = await mappings.in_state(session, connection_id, name, ACTIVE)
        draft = await mappings.in_state(session, connection_id, name, DRAFT)
    return Mapping(name, active, draft)


async def put_draft(
    context: Context,
    connection_id: str,
    name: str,
    content: Content,
    *,
    by: str,
    note: str = "",
    revision: int | None = None,
) -> Version:
    """Make `content` the draft, in place of one there may be. `by` is the id of the key that asks.

    Raises SyncError CONFIG `mapping_invalid` with everything that is wrong, and CONFLICT `version_conflict` when the
    draft has another revision than the given one.
    """
    async with context.begin() as session:
        home = await _connection(session, connection_id)
        draft = await mappings.in_state(session, connection_id, name, DRAFT, lock=True)
        _require_revision(draft, revision)
        active = await mappings.in_state(session, connection_id, name, ACTIVE)
        refuse(home, name, content)
        return _version(await _store(context, session, home.id, name, draft, content, note, by), active)


async def change_draft(
    context: Context,
    connection_id: str,
    name: str,
    rows: Sequence[RowChange],
    removed: Sequence[str],
    *,
    by: str,
    note: str | None = None,
    revision: int | None = None,
) -> Version:
    """Give rows of the draft anew and take others out; without a draft, one is begun from the version in force.

    Raises what `put_draft` does.
    """
    async with context.begin() as session:
        home = await _connection(session, connection_id)
        draft = await mappings.in_state(session, connection_id, name, DRAFT, lock=True)
        _require_revision(draft, revision)
        active = await mappings.in_state(session, connection_id, name, ACTIVE)
        start = draft or active
        content = (stored_content(start) if start else Content()).changed(rows, removed)
        refuse(home, name, content)
        said = note if note is not None else draft.note if draft else ""
        return _version(await _store(context, session, home.id, name, draft, content, said, by), active)


async def _store(
    context: Context,
    session: AsyncSession,
    connection_id: str,
    name: str,
    draft: MappingVersion | None,
    content: Content,
    note: str,
    by: str,
) -> MappingVersion:
    now = context.clock.now()
    if draft is None:
        draft = MappingVersion(
            id=context.new_id(),
            connection_id=connection_id,
            object=name,
            number=await mappings.next_number(session, connection_id, name),
            state=DRAFT,
            revision=0,
            created_by=by,
            created_at=now,
            updated_at=now,
        )
    draft.content, draft.note, draft.updated_at = plain_content(content), note, now
    draft.revision += 1
    session.add(draft)
    return draft


async def drop_draft(context: Context, connection_id: str, name: str) -> None:
    """Throw the draft away. Raises SyncError DATA `mapping_draft_missing`."""
    async with context.begin() as session:
        await session.delete(await draft_of(session, connection_id, name))


async def validate(context: Context, connection: Connection, name: str) -> tuple[MappingVersion | None, list[Finding]]:
    """The draft, else the version in force, held against both sides: its row (None: as declared) and what is wrong.

    Raises SyncError when a side cannot be asked.
    """
    mapping = await read(context, connection.id, name)
    row = mapping.draft or mapping.active
    return row, await findings(context, connection, name, stored_content(row) if row else Content())


async def findings(context: Context, connection: Connection, name: str, content: Content) -> list[Finding]:
    """Everything that is wrong with a content: what it may not say, and what the two sides do not have."""
    found = structure(connection, name, content)
    return found or await checked(context, connection, CATALOGUE[name], content)


async def activate(
    context: Context, connection: Connection, name: str, *, by: str, revision: int | None = None
) -> Version:
    """Put the draft in force. Queued and running work goes on: each run keeps the version it began with.

    Raises SyncError DATA `mapping_draft_missing`, CONFIG `mapping_not_ready` with all errors found against both sides,
    and CONFLICT `version_conflict` when the draft is not, or no more, of the given revision.
    """
    async with context.begin() as session:
        draft = await draft_of(session, connection.id, name)
        _require_revision(draft, revision)
    found = await findings(context, connection, name, stored_content(draft))
    errors = [one for one in found if one.severity is Severity.ERROR]
    if errors:
        message = f"The draft has {len(errors)} errors; the first: {errors[0].message}"
        advice = errors[0].advice or "Correct the draft and activate it again."
        raise SyncError(Kind.CONFIG, "mapping_not_ready", message, advice, faults=faults(errors))
    async with context.begin() as session:
        await _connection(session, connection.id)
        row = await mappings.in_state(session, connection.id, name, DRAFT, lock=True)
        _require_revision(row, draft.revision)
        assert row is not None
        before = await _retire(session, connection.id, name)
        _put_in_force(row, by, context.clock.now())
    return _version(row, before)


async def roll_back(context: Context, connection: Connection, name: str, number: int, *, by: str) -> Version:
    """Put what an earlier version said in force again, as a new version; 0 is the declaration as it is.

    Neither side is asked, so that the way back is open when one is away; what the house itself forbids stays forbidden.
    Raises SyncError DATA `mapping_version_unknown` and CONFIG `mapping_invalid`.
    """
    async with context.begin() as session:
        await _connection(session, connection.id)
        old = await mappings.numbered(session, connection.id, name, number) if number else None
        if number and (old is None or old.state == DRAFT):
            raise _unknown(number)
        content = stored_content(old) if old else Content()
        refuse(connection, name, content)
        before = await _retire(session, connection.id, name)
        now = context.clock.now()
        row = MappingVersion(
            id=context.new_id(),
            connection_id=connection.id,
            object=name,
            number=await mappings.next_number(session, connection.id, name),
            state=RETIRED,
            content=plain_content(content),
            note=f"Back to {f'version {number}' if number else 'the standard'}.",
            created_by=by,
            created_at=now,
            updated_at=now,
        )
        _put_in_force(row, by, now)
        session.add(row)
    return _version(row, before)


async def version(context: Context, connection_id: str, name: str, number: int) -> Version:
    """One version, compared with the one in force. Raises SyncError DATA `mapping_version_unknown`."""
    async with context.begin() as session:
        row = await mappings.numbered(session, connection_id, name, number)
        active = await mappings.in_state(session, connection_id, name, ACTIVE)
    if row is None:
        raise _unknown(number)
    return _version(row, active)


async def versions(
    context: Context, connection_id: str, name: str, below: int | None, size: int
) -> tuple[Sequence[MappingVersion], int | None]:
    """Versions from the newest to the oldest, and the number below which more follow."""
    async with context.begin() as session:
        rows = await mappings.newest(session, connection_id, name, below, size + 1)
    return rows[:size], rows[size - 1].number if len(rows) > size else None


def structure(connection: Connection, name: str, content: Content) -> list[Finding]:
    """What a content may not say, whatever the two sides have."""
    link_field = connection.settings.get("link_field", DEFAULT_LINK_FIELD)
    return problems(CATALOGUE[name], content, compile_formula, CATALOGUE, link_field)


def refuse(connection: Connection, name: str, content: Content) -> None:
    """Raises SyncError CONFIG `mapping_invalid` with everything a content may not say."""
    if len(content.rows) > MOST_ROWS:
        message = f"A mapping changes or adds at most {MOST_ROWS} rows."
        raise SyncError(Kind.CONFIG, "mapping_invalid", message, field="rows")
    if found := structure(connection, name, content):
        advice = found[0].advice or "Correct the rows and send them again."
        raise SyncError(Kind.CONFIG, "mapping_invalid", found[0].message, advice, faults=faults(found))


def faults(found: Sequence[Finding]) -> tuple[tuple[str, str], ...]:
    """Findings as the faults of an error, by row and part of the row."""
    return tuple((f"rows.{one.row}.{one.field}", one.message) for one in found)


async def _connection(session: AsyncSession, connection_id: str) -> Connection:
    """The connection, locked: the mappings of one connection are changed one after the other."""
    row = await connections.get(session, connection_id, lock=True)
    assert row is not None  # the caller's key belongs to it
    return row


async def draft_of(session: AsyncSession, connection_id: str, name: str) -> MappingVersion:
    """The draft, locked. Raises SyncError DATA `mapping_draft_missing`."""
    row = await mappings.in_state(session, connection_id, name, DRAFT, lock=True)
    if row is None:
        raise SyncError(Kind.DATA, "mapping_draft_missing", f"There is no draft of {name}.", "Make one first.")
    return row


async def _retire(session: AsyncSession, connection_id: str, name: str) -> MappingVersion | None:
    """Take the version in force out of force, and answer it."""
    row = await mappings.in_state(session, connection_id, name, ACTIVE, lock=True)
    if row is not None:
        row.state = RETIRED
        await session.flush()  # before another takes its place, of which there is one
    return row


def _put_in_force(row: MappingVersion, by: str, now: datetime) -> None:
    row.state, row.activated_by, row.activated_at = ACTIVE, by, now


def _version(row: MappingVersion, before: MappingVersion | None) -> Version:
    content = stored_content(row)
    return Version(row, content, differences(stored_content(before) if before else Content(), content))


def _require_revision(draft: MappingVersion | None, revision: int | None) -> None:
    present = draft.revision if draft is not None else 0
    if revision is not None and revision != present:
        message = f"The draft was changed meanwhile: its revision is {present}."
        raise SyncError(
            Kind.CONFLICT, "version_conflict", message, "Read it again and repeat the change.", field="revision"
        )


def _unknown(number: int) -> SyncError:
    message = f"There is no version {number} that was in force."
    return SyncError(Kind.DATA, "mapping_version_unknown", message, "See the list of versions.")
