"""an intent keeps the entity its write goes into

Revision: 0021, after 0020. 2026-11-25 18:00:00+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0021"
down_revision: str | Sequence[str] | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("intent", schema=None) as batch_op:
        batch_op.add_column(sa.Column("entity", sa.String(length=80), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("intent", schema=None) as batch_op:
        batch_op.drop_column("entity")
