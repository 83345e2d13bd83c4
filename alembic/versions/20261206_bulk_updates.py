"""bulk updates: what a mass run is for, the values it gives, and each record it edits

Revision: 0023, after 0022. 2026-11-25 20:00:00+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision: str = "0023"
down_revision: str | Sequence[str] | None = "0022"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")


def upgrade() -> None:
    with op.batch_alter_table("mass_run", schema=None) as batch_op:
        batch_op.add_column(sa.Column("purpose", sa.String(length=10), server_default="sync", nullable=False))
        batch_op.add_column(sa.Column("changes", JSON, server_default="[]", nullable=False))
    op.create_table(
        "mass_edit",
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("record_id", sa.String(length=18), nullable=False),
        sa.Column("connection_id", sa.String(length=36), nullable=False),
        sa.Column("result", sa.String(length=20), nullable=False),
        sa.Column("before", JSON, nullable=False),
        sa.Column("after", JSON, nullable=False),
        sa.Column("code", sa.String(length=60), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("field", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"]),
        sa.ForeignKeyConstraint(["run_id"], ["mass_run.id"]),
        sa.PrimaryKeyConstraint("run_id", "record_id"),
    )
    with op.batch_alter_table("mass_edit", schema=None) as batch_op:
        batch_op.create_index("ix_mass_edit_result", ["run_id", "result", "record_id"], unique=False)


def downgrade() -> None:
    op.drop_table("mass_edit")
    op.execute("DELETE FROM mass_item WHERE run_id IN (SELECT id FROM mass_run WHERE purpose <> 'sync')")
    op.execute("DELETE FROM mass_run WHERE purpose <> 'sync'")
    with op.batch_alter_table("mass_run", schema=None) as batch_op:
        batch_op.drop_column("changes")
        batch_op.drop_column("purpose")
