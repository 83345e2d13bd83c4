"""Forgetting what was linked to what, records untouched: when the other side is not the one it was.

History (operations, decisions, errors) stays; links, open writes and feed positions speak of records that are gone.
"""

from sqlalchemy import delete
from sqlmodel import col, select

from app.services.context import Context
from app.store.tables import Binding, Connection, Cursor, Intent


async def forget_links(context: Context, environment: str) -> None:
    """Delete links, intents and feed positions of all connections of an environment; the next syncs match anew."""
    async with context.begin() as session:
        ids = list(await session.exec(select(Connection.id).where(Connection.environment == environment)))
        for table in (Binding, Intent, Cursor):
            await session.exec(delete(table).where(col(table.connection_id).in_(ids)))
