"""What Intacct tells us unasked: a hint that a record has to be read again, never the truth about it.

A message is answered as soon as it is stored, together with the wish that follows from it. What no wish can be made of
makes the object's feed due. Nothing is read from either side here.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from sqlmodel import col, delete
from sqlmodel.ext.asyncio.session import AsyncSession

from app.domain.declaration import Creates, SyncedObject
from app.domain.merge import Direction
from app.domain.records import Lane
from app.objects import CATALOGUE
from app.services import changes, intake
from app.services.context import Context
from app.services.turns import hint
from app.store import bindings, connections
from app.store.feed_tables import Hint
from app.store.tables import Connection, IdempotencyKey
from app.store.upsert import insert_absent

SCOPE = "intacctEvent"
REMEMBERED = timedelta(hours=48)
"""How long a message that was seen is refused; Intacct delivers again within minutes and keeps failed ones 7 days."""
KEPT = timedelta(days=7)
SECRET = "intacct_rest_client_secret"  # noqa: S105 - the name of a secret, not one
WISHED, HINTED, REPLAYED = "wished", "feedHinted", "replayed"
UNREADABLE, OWN, STRANGER, NOT_SYNCED, OFF = "unreadable", "ownWrite", "notLinked", "notSynced", "switchedOff"


@dataclass(frozen=True, slots=True)
class Notice:
    """What a message says. `kind` is empty when it could not be read; then `text` keeps its beginning.

    `key` is a RECORDNO, `natural` a readable id. `marks` are what makes the message the same when it comes again.
    """

    source: str
    kind: str = ""
    key: str = ""
    natural: str = ""
    event: str = ""
    user: str = ""
    text: str = ""
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Received:
    """What followed from a message."""

    outcome: str
    object_name: str | None = None


async def keyholders(context: Context, company: str) -> list[tuple[Connection, str]]:
    """Connections to the company that know a secret by which its messages can be proved, with that secret."""
    async with context.begin() as session:
        rows = await connections.everyone(session)
    wanted = company.strip().lower()
    mine = [row for row in rows if wanted and str(row.settings.get("intacct", {}).get("company_id")).lower() == wanted]
    found = [(row, context.vault.open(row.secrets).get(SECRET, "")) for row in mine if row.secrets]
    return [(row, secret) for row, secret in found if secret]


async def receive(context: Context, connection: Connection, notice: Notice) -> Received:
    """Store a message and what follows from it in one transaction, then ring."""
    now = context.clock.now()
    async with context.begin() as session:
        if not await _first_time(context, session, connection.id, notice):
            return Received(REPLAYED)
        done = await _follow(context, session, connection, notice)
        session.add(
            Hint(
                id=context.new_id(),
                connection_id=connection.id,
                source=notice.source,
                object=done.object_name,
                intacct_key=notice.key[:40] or None,
                intacct_id=notice.natural or None,
                event=notice.event,
                outcome=done.outcome,
                text=notice.text,
                received_at=now,
            )
        )
    if done.outcome == WISHED:
        await context.bell.ring(connection.id, Lane.BULK)
    return done


async def purge(context: Context) -> None:
    """Forget messages of more than a week ago."""
    async with context.begin() as session:
        await session.exec(delete(Hint).where(col(Hint.received_at) < context.clock.now() - KEPT))


async def _first_time(context: Context, session: AsyncSession, connection_id: str, notice: Notice) -> bool:
    """Whether none of the message's marks was seen; remembers them. The unique index decides."""
    now = context.clock.now()
    rows = [
        IdempotencyKey(
            id=context.new_id(),
            connection_id=connection_id,
            scope=SCOPE,
            key=mark,
            request_hash="",
            created_at=now,
            expires_at=now + REMEMBERED,
        ).model_dump()
        for mark in sorted(notice.marks)
    ]
    table = IdempotencyKey.__table__  # type: ignore[attr-defined]
    inserted = await insert_absent(session, table, rows, unique=("connection_id", "scope", "key"))
    return len(inserted) == len(rows)


async def _follow(context: Context, session: AsyncSession, connection: Connection, notice: Notice) -> Received:
    if not notice.kind:
        return Received(UNREADABLE)
    known = [one for one in CATALOGUE.values() if one.intacct.kind == notice.kind and changes.follows(connection, one)]
    if not known:
        return Received(NOT_SYNCED)
    done = Received(STRANGER, known[0].name)
    if not connection.enabled:
        return replace(done, outcome=OFF)
    if notice.user and notice.user == connection.settings.get("intacct", {}).get("user_id"):
        return replace(done, outcome=OWN)
    for declared in known:
        outcome = await _one(context, session, connection, declared, notice)
        done = Received(outcome, declared.name) if outcome in (WISHED, HINTED) else done
    return done


async def _one(
    context: Context, session: AsyncSession, connection: Connection, declared: SyncedObject, notice: Notice
) -> str:
    """Wish for the linked record the message names; else have the feed read, where a new record may concern us."""
    keys = [key for key in (notice.key, notice.natural) if key.isascii() and key.isdigit()]
    linked = await bindings.by_intacct_key(session, connection.id, declared.name, keys)
    if not linked and notice.natural:
        linked = await bindings.by_intacct_id(session, connection.id, declared.name, [notice.natural])
    if linked:
        ids = sorted(link.salesforce_id for link in linked)
        origin, correlation_id = "intacct", context.new_id()
        await intake.wish(
            context,
            connection,
            declared.name,
            ids,
            origin=origin,
            correlation_id=correlation_id,
            direction=Direction.FROM_INTACCT,
            session=session,
        )
        return WISHED
    nameless = not (notice.key or notice.natural)
    if nameless or declared.creates in (Creates.FROM_INTACCT, Creates.BOTH):
        await hint(context, session, connection.id, declared.name, changes.FEED)
        return HINTED
    return STRANGER
