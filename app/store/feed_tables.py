"""Tables of the feeds: what Intacct told us unasked, and whether everything in scope is accounted for."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, Text, UniqueConstraint
from sqlmodel import Field

from app.store.columns import empty, json_column
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


class Completeness(Row, table=True):
    """The last verification of one object: whether everything in scope is accounted for (`found`), and when again.

    `verified_at` is None until the first one has ended; `message` says why the last one did not.
    """

    __tablename__ = "completeness"
    __table_args__ = (UniqueConstraint("connection_id", "object"),)
    id: str = Field(primary_key=True, max_length=36)
    connection_id: str = Field(foreign_key="connection.id", max_length=36)
    object: str = Field(max_length=40)
    due_at: datetime
    lease_until: datetime | None = None
    verified_at: datetime | None = None
    drift: int = 0
    found: dict[str, Any] = Field(default_factory=empty, sa_column=Column(json_column(), nullable=False))
    message: str = Field(default="", sa_column=Column(Text, nullable=False))
