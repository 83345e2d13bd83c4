"""Changing the key that secrets are encrypted with: everything stored is sealed anew with the first key given."""

from sqlmodel import select

from app.services.context import Context
from app.store.tables import Connection


async def reseal(context: Context) -> int:
    """Seal the secrets of all connections anew; answers how many. Afterwards the older keys may be taken away.

    The secrets stay the same, so running clients are left alone. Raises SyncError CONFIG `secrets_unreadable` and
    changes nothing when one cannot be opened.
    """
    async with context.begin() as session:
        rows = (await session.exec(select(Connection).where(Connection.secrets != "").with_for_update())).all()
        for row in rows:
            row.secrets = context.vault.seal(context.vault.open(row.secrets))
            session.add(row)
    return len(rows)
