"""mapping versions; bindings remember the mapping they were last in step under

Revision: 0010, after 0001. 2026-11-25
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision: str = "0010"
down_revision: str | Sequence[str] | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "mapping_version",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("connection_id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("object", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column(
            "content", sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"), nullable=False
        ),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_by", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("activated_by", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=True),
        sa.Column("activated_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_mapping_version_connection_id_connection")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mapping_version")),
        sa.UniqueConstraint(
            "connection_id", "object", "number", name=op.f("uq_mapping_version_connection_id_object_number")
        ),
    )
    with op.batch_alter_table("mapping_version", schema=None) as batch_op:
        for state in ("draft", "active"):
            where = sa.text(f"state = '{state}'")
            batch_op.create_index(
                f"uq_mapping_{state}",
                ["connection_id", "object"],
                unique=True,
                sqlite_where=where,
                postgresql_where=where,
            )
    with op.batch_alter_table("binding", schema=None) as batch_op:
        batch_op.add_column(sa.Column("mapping_version", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("binding", schema=None) as batch_op:
        batch_op.drop_column("mapping_version")
    op.drop_table("mapping_version")
