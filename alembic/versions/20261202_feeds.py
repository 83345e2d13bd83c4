"""feeds are due at a time of their own; hints from Intacct

Revision: 0019, after 0018. 2026-11-25
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision: str = "0019"
down_revision: str | Sequence[str] | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    def words(length: int) -> sa.types.TypeEngine[str]:
        return sqlmodel.sql.sqltypes.AutoString(length=length)

    with op.batch_alter_table("cursor", schema=None) as batch_op:
        batch_op.add_column(sa.Column("due_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    op.create_table(
        "hint",
        sa.Column("id", words(36), nullable=False),
        sa.Column("connection_id", words(36), nullable=False),
        sa.Column("source", words(20), nullable=False),
        sa.Column("object", words(40), nullable=True),
        sa.Column("intacct_key", words(40), nullable=True),
        sa.Column("intacct_id", words(200), nullable=True),
        sa.Column("event", words(80), nullable=False),
        sa.Column("outcome", words(20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("received_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], name=op.f("fk_hint_connection_id_connection")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hint")),
    )
    with op.batch_alter_table("hint", schema=None) as batch_op:
        batch_op.create_index("ix_hint_recent", ["connection_id", "received_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("hint", schema=None) as batch_op:
        batch_op.drop_index("ix_hint_recent")
    op.drop_table("hint")
    with op.batch_alter_table("cursor", schema=None) as batch_op:
        batch_op.drop_column("due_at")
