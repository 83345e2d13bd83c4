"""Ending links, records untouched: of one record, of a connection, or of all whose other side is not the one it was.

History (operations, decisions, errors, promised writes) stays. Nothing is sent to either side here.
"""

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.domain.errors import Kind, SyncError
from app.services.configuration import known, touch
from app.services.context import Context
from app.services.succession import UNLINKED, ended
from app.store import bindings, builds, connections, mass, operations
from app.store.build_tables import JournalBuild, JournalMappingRow, JournalUse
from app.store.feed_tables import Completeness, Hint
from app.store.link_tables import FormerLink
from app.store.mass_tables import Review
from app.store.payment_tables import InvoiceInFlight, Payment, PaymentDetail, PaymentEntry
from app.store.sales_tables import TransactionDefinition
from app.store.tables import Binding, Connection, Cursor, Intent, MappingVersion, Operation

_FOLLOWED = (Binding, FormerLink, Review, Cursor, Hint, Completeness)
"""Links, ended ones, records set aside while linking, feed positions, what Intacct told, what was verified."""

FORGOTTEN = (*_FOLLOWED, MappingVersion, JournalMappingRow, TransactionDefinition)
"""What a disconnect erases. Every table of a connection is here or among those that stay (test_unlinking.py)."""

EMPTIED = (*_FOLLOWED, Intent, JournalUse, JournalBuild, InvoiceInFlight, PaymentEntry, PaymentDetail, Payment)
"""What is about records that are no more when both sides start empty; what refers to something goes before it."""

GONE = "The connection was disconnected before this was done."


async def unlink(context: Context, connection_id: str, object_name: str, record_id: str, by: str) -> None:
    """End the link of one record; both records stay, and that it was linked is remembered (sync only once).

    The next sync looks for a twin again, by our key first. `by` is the API key that asked. Raises SyncError CONFLICT
    `not_linked`, and `record_busy` while an operation for the record is not over.
    """
    async with context.begin() as session:
        live = await operations.lock_live(session, connection_id, object_name, [record_id])
        if live:
            message = "An operation for this record is not over."
            raise SyncError(Kind.CONFLICT, "record_busy", message, "Wait for its end, or cancel it first.")
        rows = await bindings.by_salesforce_id(session, connection_id, object_name, [record_id])
        if not rows:
            raise SyncError(
                Kind.CONFLICT, "not_linked", "The record has no twin in Intacct.", "There is no link to end."
            )
        session.add(ended(context.new_id(), rows[0], UNLINKED, by, context.clock.now()))
        await session.delete(rows[0])


async def disconnect(context: Context, connection_id: str) -> Connection:
    """Erase options, mappings, links, feed positions and pins of a connection and switch it off; records stay.

    What waits is cancelled: operations, mass runs, journal entries nothing of which was written yet. Credentials stay
    until they are changed, for a new start with the same or another org; the first sync after it matches records anew
    and creates none twice. Raises SyncError CONFLICT `work_running`.
    """
    async with context.begin() as session:
        row = known(await connections.get(session, connection_id, lock=True))
        await mass.cancel_open(session, connection_id, context.clock.now(), "disconnected", GONE)
        await _cancel_all(context, session, connection_id)
        await builds.give_up_unbegun(session, connection_id, GONE)
        for table in FORGOTTEN:
            await session.exec(delete(table).where(col(table.connection_id) == connection_id))
        row.enabled, row.options, row.pins = False, {}, {}
        touch(context, row)
        return row


async def _cancel_all(context: Context, session: AsyncSession, connection_id: str) -> None:
    live = await operations.all_live(session, connection_id)
    if any(row.state == "running" for row in live):
        message = "Records are being synced at this moment."
        advice = "Switch synchronisation off, wait a minute, then disconnect."
        raise SyncError(Kind.CONFLICT, "work_running", message, advice)
    for row in live:
        _cancel(context, row)


def _cancel(context: Context, row: Operation) -> None:
    row.state, row.due_at, row.finished_at = "cancelled", None, context.clock.now()
    row.reason, row.message = "disconnected", GONE


async def forget_links(context: Context, environment: str) -> None:
    """Delete all that is remembered of records for all connections of an environment; the next syncs match anew."""
    async with context.begin() as session:
        ids = list(await session.exec(select(Connection.id).where(Connection.environment == environment)))
        for table in EMPTIED:
            await session.exec(delete(table).where(col(table.connection_id).in_(ids)))
