"""First tables: everything of `app/store/tables.py`.

Revision 0001. Generated on SQLite, runs on both engines.
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "connection",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("environment", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column(
            "settings", sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"), nullable=False
        ),
        sa.Column(
            "options", sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"), nullable=False
        ),
        sa.Column("secrets", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection")),
        sa.UniqueConstraint("name", name=op.f("uq_connection_name")),
    )
    op.create_table(
        "api_key",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("connection_id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("role", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("hint", sqlmodel.sql.sqltypes.AutoString(length=12), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("expires_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("revoked_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("last_used_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], name=op.f("fk_api_key_connection_id_connection")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_key_digest")),
    )
    with op.batch_alter_table("api_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_api_key_connection_id"), ["connection_id"], unique=False)

    op.create_table(
        "binding",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("connection_id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("object", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("salesforce_id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("intacct_key", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("intacct_id", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("base", sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"), nullable=False),
        sa.Column("todo", sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"), nullable=False),
        sa.Column("how", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], name=op.f("fk_binding_connection_id_connection")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_binding")),
        sa.UniqueConstraint(
            "connection_id", "object", "intacct_key", name=op.f("uq_binding_connection_id_object_intacct_key")
        ),
        sa.UniqueConstraint(
            "connection_id", "object", "salesforce_id", name=op.f("uq_binding_connection_id_object_salesforce_id")
        ),
    )
    with op.batch_alter_table("binding", schema=None) as batch_op:
        batch_op.create_index("ix_binding_natural", ["connection_id", "object", "intacct_id"], unique=False)

    op.create_table(
        "cursor",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("connection_id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("object", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("feed", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("position_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("position_key", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("counts", sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"), nullable=False),
        sa.Column("lease_until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], name=op.f("fk_cursor_connection_id_connection")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cursor")),
        sa.UniqueConstraint("connection_id", "object", "feed", name=op.f("uq_cursor_connection_id_object_feed")),
    )
    op.create_table(
        "decision",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("connection_id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("operation_id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("object", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("record_id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("result", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column(
            "changes", sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"), nullable=False
        ),
        sa.Column(
            "warnings", sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"), nullable=False
        ),
        sa.Column("mapping_version", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_decision_connection_id_connection")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.create_index("ix_decision_operation", ["operation_id", "at"], unique=False)
        batch_op.create_index("ix_decision_record", ["connection_id", "object", "record_id", "at"], unique=False)

    op.create_table(
        "error_log",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("connection_id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("object", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("record_id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("intacct_id", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("operation_id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("advice", sa.Text(), nullable=False),
        sa.Column("field", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=True),
        sa.Column("vendor", sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"), nullable=True),
        sa.Column("fingerprint", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("blocked_object", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column("blocked_id", sqlmodel.sql.sqltypes.AutoString(length=18), nullable=True),
        sa.Column("occurrences", sa.Integer(), nullable=False),
        sa.Column("first_seen", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("last_seen", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("resolved_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("resolved_by", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_error_log_connection_id_connection")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_error_log")),
    )
    with op.batch_alter_table("error_log", schema=None) as batch_op:
        batch_op.create_index(
            "ix_error_blocked",
            ["connection_id", "blocked_object", "blocked_id"],
            unique=False,
            sqlite_where=sa.text("resolved_at IS NULL"),
            postgresql_where=sa.text("resolved_at IS NULL"),
        )
        batch_op.create_index("ix_error_recent", ["connection_id", "last_seen", "id"], unique=False)
        batch_op.create_index("ix_error_record", ["connection_id", "object", "record_id", "last_seen"], unique=False)
        batch_op.create_index(
            "uq_error_open",
            ["connection_id", "object", "record_id", "fingerprint"],
            unique=True,
            sqlite_where=sa.text("resolved_at IS NULL"),
            postgresql_where=sa.text("resolved_at IS NULL"),
        )

    op.create_table(
        "idempotency_key",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("connection_id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("scope", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("key", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=False),
        sa.Column("request_hash", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("answer", sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("expires_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_idempotency_key_connection_id_connection")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotency_key")),
        sa.UniqueConstraint("connection_id", "scope", "key", name=op.f("uq_idempotency_key_connection_id_scope_key")),
    )
    with op.batch_alter_table("idempotency_key", schema=None) as batch_op:
        batch_op.create_index("ix_idempotency_expiry", ["expires_at"], unique=False)

    op.create_table(
        "intent",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("connection_id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("operation_id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("object", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("salesforce_id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("op_key", sqlmodel.sql.sqltypes.AutoString(length=250), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("control_id", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("action", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("key", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column("values", sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"), nullable=False),
        sa.Column("request_hash", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("sends", sa.Integer(), nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("sent_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("next_look_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("remote_key", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column("remote_id", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("trail", sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("settled_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], name=op.f("fk_intent_connection_id_connection")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intent")),
        sa.UniqueConstraint("connection_id", "control_id", name=op.f("uq_intent_connection_id_control_id")),
        sa.UniqueConstraint(
            "connection_id", "op_key", "revision", name=op.f("uq_intent_connection_id_op_key_revision")
        ),
    )
    with op.batch_alter_table("intent", schema=None) as batch_op:
        batch_op.create_index("ix_intent_operation", ["operation_id"], unique=False)
        batch_op.create_index(
            "uq_intent_unsettled",
            ["connection_id", "op_key"],
            unique=True,
            sqlite_where=sa.text("state IN ('intent', 'ambiguous', 'held')"),
            postgresql_where=sa.text("state IN ('intent', 'ambiguous', 'held')"),
        )

    op.create_table(
        "operation",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("connection_id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("object", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("record_id", sqlmodel.sql.sqltypes.AutoString(length=18), nullable=False),
        sa.Column("direction", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("lane", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("origin", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("requested_by", sqlmodel.sql.sqltypes.AutoString(length=120), nullable=True),
        sa.Column("correlation_id", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("parent_id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=True),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("due_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.Column("again_direction", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("rings", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("worker", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column(
            "waits_for", sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"), nullable=False
        ),
        sa.Column("waits_on", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=True),
        sa.Column("achieved", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=True),
        sa.Column("result", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=True),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("intacct_id", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("intacct_key", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column("mapping_version", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("started_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("finished_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_operation_connection_id_connection")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operation")),
    )
    with op.batch_alter_table("operation", schema=None) as batch_op:
        batch_op.create_index(
            "ix_operation_due",
            ["connection_id", "lane", "due_at"],
            unique=False,
            sqlite_where=sa.text("state IN ('queued', 'waiting')"),
            postgresql_where=sa.text("state IN ('queued', 'waiting')"),
        )
        batch_op.create_index(
            "ix_operation_lease",
            ["lease_until"],
            unique=False,
            sqlite_where=sa.text("state = 'running'"),
            postgresql_where=sa.text("state = 'running'"),
        )
        batch_op.create_index("ix_operation_recent", ["connection_id", "created_at", "id"], unique=False)
        batch_op.create_index(
            "ix_operation_record", ["connection_id", "object", "record_id", "created_at"], unique=False
        )
        batch_op.create_index(
            "ix_operation_waits",
            ["connection_id", "waits_on"],
            unique=False,
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )
        batch_op.create_index(
            "uq_operation_live",
            ["connection_id", "object", "record_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('queued', 'running', 'waiting', 'held')"),
            postgresql_where=sa.text("state IN ('queued', 'running', 'waiting', 'held')"),
        )

    op.create_table(
        "slot",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("connection_id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("system", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("holder", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("lane", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=True),
        sa.Column("until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], name=op.f("fk_slot_connection_id_connection")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slot")),
        sa.UniqueConstraint("connection_id", "system", "number", name=op.f("uq_slot_connection_id_system_number")),
    )
    op.create_table(
        "spending",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("connection_id", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("system", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("lane", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("day", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("transactions", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_spending_connection_id_connection")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spending")),
        sa.UniqueConstraint(
            "connection_id", "system", "lane", "day", name=op.f("uq_spending_connection_id_system_lane_day")
        ),
    )


def downgrade() -> None:
    op.drop_table("spending")
    op.drop_table("slot")
    with op.batch_alter_table("operation", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_operation_live",
            sqlite_where=sa.text("state IN ('queued', 'running', 'waiting', 'held')"),
            postgresql_where=sa.text("state IN ('queued', 'running', 'waiting', 'held')"),
        )
        batch_op.drop_index(
            "ix_operation_waits",
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )
        batch_op.drop_index("ix_operation_record")
        batch_op.drop_index("ix_operation_recent")
        batch_op.drop_index(
            "ix_operation_lease",
            sqlite_where=sa.text("state = 'running'"),
            postgresql_where=sa.text("state = 'running'"),
        )
        batch_op.drop_index(
            "ix_operation_due",
            sqlite_where=sa.text("state IN ('queued', 'waiting')"),
            postgresql_where=sa.text("state IN ('queued', 'waiting')"),
        )

    op.drop_table("operation")
    with op.batch_alter_table("intent", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_intent_unsettled",
            sqlite_where=sa.text("state IN ('intent', 'ambiguous', 'held')"),
            postgresql_where=sa.text("state IN ('intent', 'ambiguous', 'held')"),
        )
        batch_op.drop_index("ix_intent_operation")

    op.drop_table("intent")
    with op.batch_alter_table("idempotency_key", schema=None) as batch_op:
        batch_op.drop_index("ix_idempotency_expiry")

    op.drop_table("idempotency_key")
    with op.batch_alter_table("error_log", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_error_open",
            sqlite_where=sa.text("resolved_at IS NULL"),
            postgresql_where=sa.text("resolved_at IS NULL"),
        )
        batch_op.drop_index("ix_error_record")
        batch_op.drop_index("ix_error_recent")
        batch_op.drop_index(
            "ix_error_blocked",
            sqlite_where=sa.text("resolved_at IS NULL"),
            postgresql_where=sa.text("resolved_at IS NULL"),
        )

    op.drop_table("error_log")
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.drop_index("ix_decision_record")
        batch_op.drop_index("ix_decision_operation")

    op.drop_table("decision")
    op.drop_table("cursor")
    with op.batch_alter_table("binding", schema=None) as batch_op:
        batch_op.drop_index("ix_binding_natural")

    op.drop_table("binding")
    with op.batch_alter_table("api_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_api_key_connection_id"))

    op.drop_table("api_key")
    op.drop_table("connection")
