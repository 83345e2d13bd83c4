"""wider record keys: `KIND:17`, where several Intacct kinds feed one object

Revision: 0017, after 0016. 2026-11-25 16:30:00+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | Sequence[str] | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

COLUMNS = (
    ("operation", "record_id", 18, 80, False),
    ("operation", "waits_on", 60, 130, True),
    ("operation", "intacct_key", 40, 80, True),
    ("binding", "intacct_key", 40, 80, False),
    ("intent", "salesforce_id", 40, 80, False),
    ("intent", "key", 40, 80, True),
    ("intent", "remote_key", 40, 80, True),
    ("decision", "record_id", 40, 80, False),
    ("error_log", "record_id", 40, 80, False),
    ("error_log", "blocked_id", 18, 80, True),
)
"""Table, column, length before and after, whether it may be null."""


def upgrade() -> None:
    for table, column, before, after, nullable in COLUMNS:
        _resize(table, column, before, after, nullable=nullable)


def downgrade() -> None:
    for table, column, before, after, nullable in reversed(COLUMNS):
        _resize(table, column, after, before, nullable=nullable)


def _resize(table: str, column: str, before: int, after: int, *, nullable: bool) -> None:
    with op.batch_alter_table(table) as batch:
        batch.alter_column(
            column, existing_type=sa.String(before), type_=sa.String(after), existing_nullable=nullable
        )
