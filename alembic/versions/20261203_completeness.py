"""whether everything in scope is accounted for

Revision: 0020, after 0019. 2026-11-25
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0020"
down_revision: str | Sequence[str] | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    def words(length: int) -> sa.types.TypeEngine[str]:
        return sqlmodel.sql.sqltypes.AutoString(length=length)

    def json() -> sa.types.TypeEngine[object]:
        return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

    op.create_table(
        "completeness",
        sa.Column("id", words(36), nullable=False),
        sa.Column("connection_id", words(36), nullable=False),
        sa.Column("object", words(40), nullable=False),
        sa.Column("system", words(20), nullable=False),
        sa.Column("in_scope", sa.Integer(), nullable=False),
        sa.Column("in_step", sa.Integer(), nullable=False),
        sa.Column("skipped", json(), nullable=False),
        sa.Column("open_errors", sa.Integer(), nullable=False),
        sa.Column("unread", sa.Integer(), nullable=False),
        sa.Column("drift", sa.Integer(), nullable=False),
        sa.Column("unexplained", json(), nullable=False),
        sa.Column("position", words(100), nullable=False),
        sa.Column("transactions", sa.Integer(), nullable=False),
        sa.Column("salesforce_calls", sa.Integer(), nullable=False),
        sa.Column("verified_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_completeness_connection_id_connection")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_completeness")),
        sa.UniqueConstraint("connection_id", "object", "system", name=op.f("uq_completeness_connection_id_object_system")),
    )


def downgrade() -> None:
    op.drop_table("completeness")
