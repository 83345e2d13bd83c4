"""Tables of journal entries made by a mapping: the mappings, what was decided to be built, which source lines it takes.

A build is decided completely and stored before anything is written to Salesforce, like an intent; see `tables.Intent`.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, UniqueConstraint
from sqlmodel import Field

from app.store.columns import empty, json_column, partial
from app.store.tables import Row


class JournalMappingRow(Row, table=True):
    """A user's mapping, by its name. `definition` is the plain form of `domain.building.JournalMapping`."""

    __tablename__ = "journal_mapping"
    __table_args__ = (UniqueConstraint("connection_id", "name"),)
    id: str = Field(primary_key=True, max_length=36)
    connection_id: str = Field(foreign_key="connection.id", max_length=36)
    name: str = Field(max_length=80)
    scheduled: bool = False
    definition: dict[str, Any] = Field(default_factory=empty, sa_column=Column(json_column(), nullable=False))
    version: int = 1
    created_at: datetime
    updated_at: datetime


class JournalBuild(Row, table=True):
    """One entry to be built. `content` is all of it; its id is the external id under which Salesforce gets it.

    `state` is planned until every record and reference stands in Salesforce, then built. `held_until` keeps two workers
    from writing the same at once; a second one would write the same again.
    """

    __tablename__ = "journal_build"
    __table_args__ = (
        Index("ix_journal_build_recent", "connection_id", "created_at", "id"),
        partial("ix_journal_build_planned", "connection_id", "created_at", where="state = 'planned'"),
    )
    id: str = Field(primary_key=True, max_length=36)
    connection_id: str = Field(foreign_key="connection.id", max_length=36)
    mapping: str = Field(max_length=80)
    content: dict[str, Any] = Field(default_factory=empty, sa_column=Column(json_column(), nullable=False))
    state: str = Field(max_length=20)
    record_id: str | None = Field(default=None, max_length=18)
    correlation_id: str = Field(max_length=64)
    requested_by: str | None = Field(default=None, max_length=120)
    attempts: int = 0
    error: str = Field(default="", max_length=500)
    held_until: datetime | None = None
    created_at: datetime
    built_at: datetime | None = None


class JournalUse(Row, table=True):
    """A source line is spoken for: one build per line, by the unique constraint, whoever asks and however often."""

    __tablename__ = "journal_use"
    __table_args__ = (
        UniqueConstraint("connection_id", "line_id"),
        Index("ix_journal_use_header", "connection_id", "header_id"),
    )
    id: str = Field(primary_key=True, max_length=36)
    connection_id: str = Field(foreign_key="connection.id", max_length=36)
    line_id: str = Field(max_length=18)
    header_id: str = Field(max_length=18)
    build_id: str = Field(foreign_key="journal_build.id", index=True, max_length=36)
    created_at: datetime
