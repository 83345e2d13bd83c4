"""transaction definitions: how a connection uses those of Order Entry

Revision: 0024, after 0023. 2026-11-25 19:50:00+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision: str = "0024"
down_revision: str | Sequence[str] | None = "0023"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TEXT = sqlmodel.sql.sqltypes.AutoString
INSTANT = sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    op.create_table(
        "transaction_definition",
        sa.Column("id", TEXT(length=36), nullable=False),
        sa.Column("connection_id", TEXT(length=36), nullable=False),
        sa.Column("name", TEXT(length=80), nullable=False),
        sa.Column("category", TEXT(length=20), nullable=False),
        sa.Column("from_salesforce", sa.Boolean(), nullable=False),
        sa.Column("to_salesforce", sa.Boolean(), nullable=False),
        sa.Column("details", sa.Boolean(), nullable=False),
        sa.Column("advanced", sa.Boolean(), nullable=False),
        sa.Column("by_hand", sa.Boolean(), nullable=False),
        sa.Column("updated_at", INSTANT(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_transaction_definition_connection_id_connection")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transaction_definition")),
        sa.UniqueConstraint("connection_id", "name", name=op.f("uq_transaction_definition_connection_id_name")),
    )


def downgrade() -> None:
    op.drop_table("transaction_definition")
