"""Alembic's way in: runs on the connection that `app.store.migrations` hands over, or opens one on the command line.

No engine option, pragma or lock stands here: those belong to `app.store.migrations`.
"""

import asyncio

from alembic import context
from sqlalchemy import Connection

from app.store import migrations
from app.store.build_tables import JournalBuild
from app.store.feed_tables import Hint
from app.store.link_tables import FormerLink
from app.store.mass_tables import MassRun
from app.store.payment_tables import Payment
from app.store.sales_tables import TransactionDefinition

ONE_OF_EACH = (
    JournalBuild,
    Hint,
    FormerLink,
    MassRun,
    Payment,
    TransactionDefinition,
)  # importing one table of a module has filled in all of it
TABLES = ONE_OF_EACH[0].metadata


def run(connection: Connection) -> None:
    """Run what was asked for, on `connection`, in the transaction that is open on it."""
    context.configure(
        connection=connection,
        target_metadata=TABLES,
        render_as_batch=connection.dialect.name == "sqlite",  # SQLite cannot alter a table in place
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def offline() -> None:
    """Print the SQL instead of running it (`alembic upgrade head --sql`)."""
    context.configure(url=migrations.database_url(), target_metadata=TABLES, literal_binds=True, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    offline()
elif (given := context.config.attributes.get("connection")) is not None:
    run(given)
else:
    asyncio.run(migrations.on_connection(migrations.database_url(), run))
