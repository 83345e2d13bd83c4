"""Tables beside the feeds: what Intacct told us unasked, and whether everything in scope is accounted for."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, Text, UniqueConstraint
from sqlmodel import Field

from app.store.columns import empty, json_column, nothing
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
    """The last verification of one object, counted on the side `system`.

    in_scope = in_step + skipped + open_errors + unread + drift. `skipped` are numbers by reason; `unexplained` lists
    `[key, natural id]` of records in drift, not all of them. `position` is the key behind which the next verification
    goes on, empty when this one came to the end.
    """

    __tablename__ = "completeness"
    __table_args__ = (UniqueConstraint("connection_id", "object", "system"),)
    id: str = Field(primary_key=True, max_length=36)
    connection_id: str = Field(foreign_key="connection.id", max_length=36)
    object: str = Field(max_length=40)
    system: str = Field(max_length=20)
    in_scope: int
    in_step: int
    skipped: dict[str, Any] = Field(default_factory=empty, sa_column=Column(json_column(), nullable=False))
    open_errors: int
    unread: int
    drift: int
    unexplained: list[Any] = Field(default_factory=nothing, sa_column=Column(json_column(), nullable=False))
    position: str = Field(default="", max_length=100)
    transactions: int
    salesforce_calls: int
    verified_at: datetime
