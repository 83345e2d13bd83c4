"""Tables of the mass tools: runs over many records, causes of errors as groups, records a person has looked through.

Column types and defaults are those of `tables`.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, Text, UniqueConstraint
from sqlmodel import Field

from app.store.columns import empty, json_column, nothing, partial
from app.store.tables import Row


class MassRun(Row, table=True):
    """One run over all records of an object that satisfy a filter: they are wished for, or given other values.

    `purpose` is sync or update; `changes` are the plain forms of the values an update gives. `state` is selecting,
    running, done, cancelled or failed. `position` is the key up to which records were selected and wished or edited; it
    moves in the transaction of the wishes or plans. `wanted` is the plain form of the filter, `results` the numbers at
    the end, kept when the operations are long gone. `finished_at` is set when nothing of it moves any more.
    """

    __tablename__ = "mass_run"
    __table_args__ = (
        Index("ix_mass_run_recent", "connection_id", "created_at", "id"),
        partial("uq_mass_run_selecting", "connection_id", "object", where="state = 'selecting'", unique=True),
        partial("ix_mass_run_open", "created_at", where="finished_at IS NULL"),
    )
    id: str = Field(primary_key=True, max_length=36)
    connection_id: str = Field(foreign_key="connection.id", max_length=36)
    object: str = Field(max_length=40)
    purpose: str = Field(default="sync", max_length=10, sa_column_kwargs={"server_default": "sync"})
    state: str = Field(max_length=20)
    changes: list[Any] = Field(
        default_factory=nothing, sa_column=Column(json_column(), nullable=False, server_default="[]")
    )
    wanted: dict[str, Any] = Field(default_factory=empty, sa_column=Column(json_column(), nullable=False))
    confirmed: int
    selected: int = 0
    position: str = Field(default="", max_length=100)
    requested_by: str | None = Field(default=None, max_length=120)
    created_by: str = Field(max_length=36)
    correlation_id: str = Field(max_length=64)
    reason: str | None = Field(default=None, max_length=60)
    message: str = Field(default="", sa_column=Column(Text, nullable=False))
    results: dict[str, Any] = Field(default_factory=empty, sa_column=Column(json_column(), nullable=False))
    lease_until: datetime | None = None
    created_at: datetime
    selected_at: datetime | None = None
    finished_at: datetime | None = None


class MassItem(Row, table=True):
    """One record a run has selected, and the operation that took the wish in. `joined`: it was there before."""

    __tablename__ = "mass_item"
    run_id: str = Field(primary_key=True, foreign_key="mass_run.id", max_length=36)
    record_id: str = Field(primary_key=True, max_length=80)
    connection_id: str = Field(foreign_key="connection.id", max_length=36)
    operation_id: str = Field(max_length=36, index=True)
    joined: bool = False


class MassEdit(Row, table=True):
    """One record an update run has selected, the values it had and is to have, and what became of it.

    `result` is planned until the write is answered, then updated, unchanged, failed or cancelled. Values are encoded.
    """

    __tablename__ = "mass_edit"
    __table_args__ = (Index("ix_mass_edit_result", "run_id", "result", "record_id"),)
    run_id: str = Field(primary_key=True, foreign_key="mass_run.id", max_length=36)
    record_id: str = Field(primary_key=True, max_length=18)
    connection_id: str = Field(foreign_key="connection.id", max_length=36)
    result: str = Field(max_length=20)
    before: dict[str, Any] = Field(default_factory=empty, sa_column=Column(json_column(), nullable=False))
    after: dict[str, Any] = Field(default_factory=empty, sa_column=Column(json_column(), nullable=False))
    code: str | None = Field(default=None, max_length=60)
    message: str = Field(default="", sa_column=Column(Text, nullable=False))
    field: str | None = Field(default=None, max_length=255)


class ErrorGroup(Row, table=True):
    """One cause, on however many records: the errors of one fingerprint. What is open is told by the error log.

    `object` is empty where records of several objects wait for one missing record, which `blocked_object` and
    `blocked_id` name. `regressions` counts how often it came back after its last error had been closed.
    """

    __tablename__ = "error_group"
    __table_args__ = (
        UniqueConstraint("connection_id", "fingerprint"),
        Index("ix_error_group_recent", "connection_id", "last_seen", "id"),
    )
    id: str = Field(primary_key=True, max_length=36)
    connection_id: str = Field(foreign_key="connection.id", max_length=36)
    fingerprint: str = Field(max_length=64)
    object: str | None = Field(default=None, max_length=40)
    kind: str = Field(max_length=20)
    code: str = Field(max_length=60)
    message: str = Field(sa_column=Column(Text, nullable=False))
    advice: str = Field(default="", sa_column=Column(Text, nullable=False))
    field: str | None = Field(default=None, max_length=255)
    blocked_object: str | None = Field(default=None, max_length=40)
    blocked_id: str | None = Field(default=None, max_length=80)
    occurrences: int = 0
    regressions: int = 0
    ignored_until: datetime | None = None
    ignored_by: str | None = Field(default=None, max_length=36)
    first_seen: datetime
    last_seen: datetime


class Review(Row, table=True):
    """A record of the match tool that a person has looked through and set aside."""

    __tablename__ = "review"
    __table_args__ = (UniqueConstraint("connection_id", "object", "record_id"),)
    id: str = Field(primary_key=True, max_length=36)
    connection_id: str = Field(foreign_key="connection.id", max_length=36)
    object: str = Field(max_length=40)
    record_id: str = Field(max_length=80)
    reviewed_by: str = Field(max_length=36)
    reviewed_at: datetime
