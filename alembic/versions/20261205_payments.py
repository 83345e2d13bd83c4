"""payments: each one, its details, its ledger, invoices that are being paid

Revision: 0022, after 0021. 2026-11-25 19:00:00+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision: str = "0022"
down_revision: str | Sequence[str] | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TEXT = sqlmodel.sql.sqltypes.AutoString
INSTANT = sqlmodel.sql.sqltypes.UTCDateTime
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")
UNDELIVERED = sa.text("due_at IS NOT NULL")


def upgrade() -> None:
    _payment()
    _in_flight()
    _detail()
    _entry()


def _payment() -> None:
    op.create_table(
        "payment",
        sa.Column("id", TEXT(length=36), nullable=False),
        sa.Column("connection_id", TEXT(length=36), nullable=False),
        sa.Column("source", TEXT(length=12), nullable=False),
        sa.Column("external_id", TEXT(length=255), nullable=False),
        sa.Column("request_hash", TEXT(length=64), nullable=False),
        sa.Column("state", TEXT(length=12), nullable=False),
        sa.Column("reason", TEXT(length=60), nullable=False),
        sa.Column("message", TEXT(length=1000), nullable=False),
        sa.Column("field", TEXT(length=120), nullable=False),
        sa.Column("customer", TEXT(length=120), nullable=False),
        sa.Column("currency", TEXT(length=3), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column(
            "content", JSON, nullable=False
        ),
        sa.Column("salesforce_id", TEXT(length=18), nullable=True),
        sa.Column("intacct_key", TEXT(length=40), nullable=True),
        sa.Column("operation_id", TEXT(length=36), nullable=True),
        sa.Column("reversal", TEXT(length=12), nullable=False),
        sa.Column(
            "proposal", JSON, nullable=False
        ),
        sa.Column("requested_by", TEXT(length=120), nullable=True),
        sa.Column("correlation_id", TEXT(length=64), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("due_at", INSTANT(), nullable=True),
        sa.Column("lease_until", INSTANT(), nullable=True),
        sa.Column("created_at", INSTANT(), nullable=False),
        sa.Column("updated_at", INSTANT(), nullable=False),
        sa.Column("posted_at", INSTANT(), nullable=True),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], name=op.f("fk_payment_connection_id_connection")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("connection_id", "intacct_key", name=op.f("uq_payment_connection_id_intacct_key")),
        sa.UniqueConstraint("connection_id", "salesforce_id", name=op.f("uq_payment_connection_id_salesforce_id")),
        sa.UniqueConstraint(
            "connection_id", "source", "external_id", name=op.f("uq_payment_connection_id_source_external_id")
        ),
    )
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.create_index("ix_payment_received_on", ["connection_id", "received_on"], unique=False)
        batch_op.create_index("ix_payment_recent", ["connection_id", "created_at", "id"], unique=False)
        batch_op.create_index("ix_payment_state", ["connection_id", "state", "currency"], unique=False)
        batch_op.create_index(
            "ix_payment_undelivered",
            ["connection_id", "due_at"],
            unique=False,
            sqlite_where=UNDELIVERED,
            postgresql_where=UNDELIVERED,
        )


def _in_flight() -> None:
    op.create_table(
        "invoice_in_flight",
        sa.Column("id", TEXT(length=36), nullable=False),
        sa.Column("connection_id", TEXT(length=36), nullable=False),
        sa.Column("invoice", TEXT(length=120), nullable=False),
        sa.Column("payment_id", TEXT(length=36), nullable=False),
        sa.Column("taken_at", INSTANT(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_invoice_in_flight_connection_id_connection")
        ),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_invoice_in_flight_payment_id_payment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_in_flight")),
        sa.UniqueConstraint("connection_id", "invoice", name=op.f("uq_invoice_in_flight_connection_id_invoice")),
    )
    with op.batch_alter_table("invoice_in_flight", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invoice_in_flight_payment_id"), ["payment_id"], unique=False)


def _detail() -> None:
    op.create_table(
        "payment_detail",
        sa.Column("id", TEXT(length=36), nullable=False),
        sa.Column("connection_id", TEXT(length=36), nullable=False),
        sa.Column("payment_id", TEXT(length=36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("invoice", TEXT(length=120), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("invoice_key", TEXT(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_payment_detail_connection_id_connection")
        ),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_payment_detail_payment_id_payment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_detail")),
        sa.UniqueConstraint("payment_id", "position", name=op.f("uq_payment_detail_payment_id_position")),
    )
    with op.batch_alter_table("payment_detail", schema=None) as batch_op:
        batch_op.create_index("ix_payment_detail_invoice", ["connection_id", "invoice"], unique=False)


def _entry() -> None:
    op.create_table(
        "payment_entry",
        sa.Column("id", TEXT(length=36), nullable=False),
        sa.Column("connection_id", TEXT(length=36), nullable=False),
        sa.Column("payment_id", TEXT(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("before", TEXT(length=12), nullable=True),
        sa.Column("after", TEXT(length=12), nullable=False),
        sa.Column("reversal", sa.Boolean(), nullable=False),
        sa.Column("currency", TEXT(length=3), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reason", TEXT(length=60), nullable=False),
        sa.Column("note", TEXT(length=1000), nullable=False),
        sa.Column("by", TEXT(length=120), nullable=False),
        sa.Column("at", INSTANT(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_payment_entry_connection_id_connection")
        ),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_payment_entry_payment_id_payment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_entry")),
        sa.UniqueConstraint("payment_id", "number", name=op.f("uq_payment_entry_payment_id_number")),
    )
    with op.batch_alter_table("payment_entry", schema=None) as batch_op:
        batch_op.create_index("ix_payment_entry_at", ["connection_id", "at"], unique=False)



def downgrade() -> None:
    with op.batch_alter_table("payment_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_payment_entry_at")

    op.drop_table("payment_entry")
    with op.batch_alter_table("payment_detail", schema=None) as batch_op:
        batch_op.drop_index("ix_payment_detail_invoice")

    op.drop_table("payment_detail")
    with op.batch_alter_table("invoice_in_flight", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_invoice_in_flight_payment_id"))

    op.drop_table("invoice_in_flight")
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_payment_undelivered",
            sqlite_where=UNDELIVERED,
            postgresql_where=UNDELIVERED,
        )
        batch_op.drop_index("ix_payment_state")
        batch_op.drop_index("ix_payment_recent")
        batch_op.drop_index("ix_payment_received_on")

    op.drop_table("payment")
