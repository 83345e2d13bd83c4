"""links that ended are remembered; a connection is pinned to its org and company

Revision: 0015, after 0012. 2026-11-25 16:40:00+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision: str = "0015"
down_revision: str | Sequence[str] | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INDEXES = {
    "ix_former_link_record": "salesforce_id",
    "ix_former_link_natural": "intacct_id",
    "ix_former_link_successor": "successor",
}


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    op.create_table(
        "former_link",
        sa.Column("id", text(length=36), nullable=False),
        sa.Column("connection_id", text(length=36), nullable=False),
        sa.Column("object", text(length=40), nullable=False),
        sa.Column("salesforce_id", text(length=40), nullable=False),
        sa.Column("intacct_key", text(length=40), nullable=False),
        sa.Column("intacct_id", text(length=200), nullable=False),
        sa.Column("why", text(length=20), nullable=False),
        sa.Column("successor", text(length=40), nullable=True),
        sa.Column("ended_by", text(length=80), nullable=False),
        sa.Column("ended_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_former_link_connection_id_connection")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_former_link")),
    )
    for name, column in INDEXES.items():
        op.create_index(name, "former_link", ["connection_id", "object", column])
    kind = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")
    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.add_column(sa.Column("pins", kind, nullable=False, server_default=sa.text("'{}'")))
    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.alter_column("pins", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.drop_column("pins")
    for name in INDEXES:
        op.drop_index(name, table_name="former_link")
    op.drop_table("former_link")
