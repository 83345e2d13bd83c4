"""mass runs with their records, groups of errors, reviewed records

Revision: 0016, after 0015. 2026-11-25
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0016"
down_revision: str | Sequence[str] | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _text(name: str, length: int, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sqlmodel.sql.sqltypes.AutoString(length=length), nullable=null)


def _moment(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sqlmodel.sql.sqltypes.UTCDateTime(), nullable=null)


def _json(name: str) -> sa.Column[Any]:
    kind = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
    return sa.Column(name, kind, nullable=False)


def _of_connection(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], name=op.f(f"fk_{table}_connection_id_connection"))


def upgrade() -> None:
    _mass_runs()
    _error_groups()
    op.create_table(
        "review",
        _text("id", 36),
        _text("connection_id", 36),
        _text("object", 40),
        _text("record_id", 80),
        _text("reviewed_by", 36),
        _moment("reviewed_at"),
        _of_connection("review"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
        sa.UniqueConstraint("connection_id", "object", "record_id", name=op.f("uq_review_connection_id_object_record_id")),
    )


def _mass_runs() -> None:
    op.create_table(
        "mass_run",
        _text("id", 36),
        _text("connection_id", 36),
        _text("object", 40),
        _text("state", 20),
        _json("wanted"),
        sa.Column("confirmed", sa.Integer(), nullable=False),
        sa.Column("selected", sa.Integer(), nullable=False),
        _text("position", 100),
        _text("requested_by", 120, null=True),
        _text("created_by", 36),
        _text("correlation_id", 64),
        _text("reason", 60, null=True),
        sa.Column("message", sa.Text(), nullable=False),
        _json("results"),
        _moment("lease_until", null=True),
        _moment("created_at"),
        _moment("selected_at", null=True),
        _moment("finished_at", null=True),
        _of_connection("mass_run"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mass_run")),
    )
    selecting, unfinished = sa.text("state = 'selecting'"), sa.text("finished_at IS NULL")
    with op.batch_alter_table("mass_run", schema=None) as batch_op:
        batch_op.create_index("ix_mass_run_recent", ["connection_id", "created_at", "id"])
        batch_op.create_index(
            "uq_mass_run_selecting",
            ["connection_id", "object"],
            unique=True,
            sqlite_where=selecting,
            postgresql_where=selecting,
        )
        batch_op.create_index(
            "ix_mass_run_open", ["created_at"], sqlite_where=unfinished, postgresql_where=unfinished
        )
    op.create_table(
        "mass_item",
        _text("run_id", 36),
        _text("record_id", 80),
        _text("connection_id", 36),
        _text("operation_id", 36),
        sa.Column("joined", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["mass_run.id"], name=op.f("fk_mass_item_run_id_mass_run")),
        _of_connection("mass_item"),
        sa.PrimaryKeyConstraint("run_id", "record_id", name=op.f("pk_mass_item")),
    )
    with op.batch_alter_table("mass_item", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mass_item_operation_id"), ["operation_id"])


def _error_groups() -> None:
    op.create_table(
        "error_group",
        _text("id", 36),
        _text("connection_id", 36),
        _text("fingerprint", 64),
        _text("object", 40, null=True),
        _text("kind", 20),
        _text("code", 60),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("advice", sa.Text(), nullable=False),
        _text("field", 255, null=True),
        _text("blocked_object", 40, null=True),
        _text("blocked_id", 80, null=True),
        sa.Column("occurrences", sa.Integer(), nullable=False),
        sa.Column("regressions", sa.Integer(), nullable=False),
        _moment("ignored_until", null=True),
        _text("ignored_by", 36, null=True),
        _moment("first_seen"),
        _moment("last_seen"),
        _of_connection("error_group"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_error_group")),
        sa.UniqueConstraint("connection_id", "fingerprint", name=op.f("uq_error_group_connection_id_fingerprint")),
    )
    with op.batch_alter_table("error_group", schema=None) as batch_op:
        batch_op.create_index("ix_error_group_recent", ["connection_id", "last_seen", "id"])
    with op.batch_alter_table("error_log", schema=None) as batch_op:
        batch_op.create_index("ix_error_fingerprint", ["connection_id", "fingerprint", "record_id"])
    op.execute(_GROUPS_OF_WHAT_IS_KNOWN)


_GROUPS_OF_WHAT_IS_KNOWN = """
INSERT INTO error_group (id, connection_id, fingerprint, object, kind, code, message, advice, field, occurrences,
                         regressions, first_seen, last_seen)
SELECT one.id, one.connection_id, one.fingerprint, one.object, one.kind, one.code, one.message, one.advice, one.field,
       all_of.occurrences, 0, all_of.first_seen, all_of.last_seen
FROM (SELECT min(id) AS id, sum(occurrences) AS occurrences, min(first_seen) AS first_seen, max(last_seen) AS last_seen
      FROM error_log GROUP BY connection_id, fingerprint) AS all_of
JOIN error_log AS one ON one.id = all_of.id
"""
"""Errors from before belong to groups too."""


def downgrade() -> None:
    with op.batch_alter_table("error_log", schema=None) as batch_op:
        batch_op.drop_index("ix_error_fingerprint")
    for table in ("review", "error_group", "mass_item", "mass_run"):
        op.drop_table(table)
