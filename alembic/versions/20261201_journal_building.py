"""journal entries made by a mapping: mappings, builds, used source lines

Revision: 0018, after 0017. 2026-11-25 16:40:00+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision: str = "0018"
down_revision: str | Sequence[str] | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    instant = sqlmodel.sql.sqltypes.UTCDateTime
    json = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")
    op.create_table(
        "journal_mapping",
        sa.Column("id", text(length=36), nullable=False),
        sa.Column("connection_id", text(length=36), nullable=False),
        sa.Column("name", text(length=80), nullable=False),
        sa.Column("scheduled", sa.Boolean(), nullable=False),
        sa.Column("definition", json, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_journal_mapping_connection_id_connection")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_mapping")),
        sa.UniqueConstraint("connection_id", "name", name=op.f("uq_journal_mapping_connection_id_name")),
    )
    op.create_table(
        "journal_build",
        sa.Column("id", text(length=36), nullable=False),
        sa.Column("connection_id", text(length=36), nullable=False),
        sa.Column("mapping", text(length=80), nullable=False),
        sa.Column("content", json, nullable=False),
        sa.Column("state", text(length=20), nullable=False),
        sa.Column("record_id", text(length=18), nullable=True),
        sa.Column("correlation_id", text(length=64), nullable=False),
        sa.Column("requested_by", text(length=120), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", text(length=500), nullable=False),
        sa.Column("held_until", instant(), nullable=True),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("built_at", instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_journal_build_connection_id_connection")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_build")),
    )
    with op.batch_alter_table("journal_build", schema=None) as batch_op:
        batch_op.create_index("ix_journal_build_recent", ["connection_id", "created_at", "id"], unique=False)
        batch_op.create_index(
            "ix_journal_build_planned",
            ["connection_id", "created_at"],
            unique=False,
            sqlite_where=sa.text("state = 'planned'"),
            postgresql_where=sa.text("state = 'planned'"),
        )
    op.create_table(
        "journal_use",
        sa.Column("id", text(length=36), nullable=False),
        sa.Column("connection_id", text(length=36), nullable=False),
        sa.Column("line_id", text(length=18), nullable=False),
        sa.Column("header_id", text(length=18), nullable=False),
        sa.Column("build_id", text(length=36), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_journal_use_connection_id_connection")
        ),
        sa.ForeignKeyConstraint(
            ["build_id"], ["journal_build.id"], name=op.f("fk_journal_use_build_id_journal_build")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_use")),
        sa.UniqueConstraint("connection_id", "line_id", name=op.f("uq_journal_use_connection_id_line_id")),
    )
    with op.batch_alter_table("journal_use", schema=None) as batch_op:
        batch_op.create_index("ix_journal_use_header", ["connection_id", "header_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_journal_use_build_id"), ["build_id"], unique=False)


def downgrade() -> None:
    op.drop_table("journal_use")
    op.drop_table("journal_build")
    op.drop_table("journal_mapping")
