"""The table of what Intacct told us unasked."""

from datetime import datetime

from sqlalchemy import Column, Index, Text
from sqlmodel import Field

from app.store.tables import Row


class Hint(Row, table=True):
    """What Intacct told us without being asked. `outcome` says what followed; a text that could not be read is kept."""

    __tablename__ = "hint"
    __table_args__ = (Index("ix_hint_recent", "connection_id", "received_at"),)
    id: str = Field(primary_key=True, max_length=36)
    connection_id: str = Field(foreign_key="connection.id", max_length=36)
    source: str = Field(max_length=20)
    object: str | None = Field(default=None, max_length=40)
    intacct_key: str | None = Field(default=None, max_length=40)
    intacct_id: str | None = Field(default=None, max_length=200)
    event: str = Field(default="", max_length=80)
    outcome: str = Field(max_length=20)
    text: str = Field(default="", sa_column=Column(Text, nullable=False))
    received_at: datetime
