"""The tables. Each row belongs to one connection; column types are those that both engines keep exactly."""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Column, Index, Text, UniqueConstraint
from sqlalchemy.orm.attributes import set_attribute
from sqlmodel import Field, SQLModel

from app.store.columns import empty as _empty
from app.store.columns import json_column as _json
from app.store.columns import nothing as _nothing
from app.store.columns import partial as _partial

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

LIVE = ("queued", "running", "waiting", "held")
"""States of an operation that is not over: at most one such row per record."""

UNSETTLED = ("intent", "ambiguous", "held", "released")
"""States of an intent whose outcome is not known: at most one such row per document."""

_LIVE = "state IN ('queued', 'running', 'waiting', 'held')"
_DUE = "state IN ('queued', 'waiting')"
_UNSETTLED = "state IN ('intent', 'ambiguous', 'held', 'released')"


class Row(SQLModel):
    """A row, built and changed by the mapper alone.

    SQLModel would walk every field through pydantic at each construction and set every attribute twice, at ten times
    the price, and it does not validate rows either: they are made from values that were checked before.
    """

    def __init__(self, **values: Any) -> None:
        for name, value in (_defaults(type(self)) | values).items():
            set_attribute(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _names(type(self)):
            set_attribute(self, name, value)
        else:
            super().__setattr__(name, value)


@cache
def _names(row: type[SQLModel]) -> frozenset[str]:
    return frozenset(row.model_fields)


@cache
def _optional(row: type[SQLModel]) -> tuple[dict[str, Any], dict[str, Callable[[], Any]]]:
    fields = [(name, info) for name, info in row.model_fields.items() if not info.is_required()]
    made: dict[str, Any] = {name: info.default_factory for name, info in fields if info.default_factory is not None}
    return {name: info.default for name, info in fields if name not in made}, made


def _defaults(row: type[SQLModel]) -> dict[str, Any]:
    fixed, made = _optional(row)
    return fixed | {name: factory() for name, factory in made.items()}


class Connection(Row, table=True):
    """One Salesforce org paired with one Intacct company. `secrets` is encrypted; `settings` holds no secret.

    `pins` are the org and the company of the first successful connect; no other ones are ever written to.
    """

    __tablename__ = "connection"
    id: str = Field(primary_key=True, max_length=36)
    name: str = Field(unique=True, max_length=80)
    environment: str = Field(max_length=20)
    enabled: bool = True
    settings: dict[str, Any] = Field(default_factory=_empty, sa_column=Column(_json(), nullable=False))
    options: dict[str, Any] = Field(default_factory=_empty, sa_column=Column(_json(), nullable=False))
    secrets: str = Field(default="", sa_column=Column(Text, nullable=False))
    pins: dict[str, Any] = Field(default_factory=_empty, sa_column=Column(_json(), nullable=False))
    version: int = 1
    created_at: datetime
    updated_at: datetime


class ApiKey(Row, table=True):
    """A caller's key: only its SHA-256 is kept. Two may be valid at once, for rotation."""

    __tablename__ = "api_key"
    id: str = Field(primary_key=True, max_length=36)
    connection_id: str = Field(foreign_key="connection.id", index=True, max_length=36)
    name: str = Field(max_length=80)
    role: str = Field(max_length=20)
    digest: str = Field(unique=True, max_length=64)
    hint: str = Field(max_length=12)
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


class Operation(Row, table=True):
    """A wish to bring one record in step, from acceptance to its end. The row is the truth; the queue only rings.

    `fence` grows with each claim; bookkeeping under an older fence is refused. `attempts` counts failed tries,
    `rings` how often the bell was rung. `waits_for` are all references it ever waited for, `waits_on` the one it waits
    on now, each as "object/record". `achieved` is the strongest success so far when it takes several runs.
    """

    __tablename__ = "operation"
    __table_args__ = (
        _partial("uq_operation_live", "connection_id", "object", "record_id", where=_LIVE, unique=True),
        _partial("ix_operation_due", "connection_id", "lane", "due_at", where=_DUE),
        _partial("ix_operation_lease", "lease_until", where="state = 'running'"),
        _partial("ix_operation_waits", "connection_id", "waits_on", where="state = 'waiting'"),
        Index("ix_operation_record", "connection_id", "object", "record_id", "created_at"),
        Index("ix_operation_recent", "connection_id", "created_at", "id"),
    )
    id: str = Field(primary_key=True, max_length=36)
    connection_id: str = Field(foreign_key="connection.id", max_length=36)
    object: str = Field(max_length=40)
    record_id: str = Field(max_length=80)
    direction: str = Field(max_length=20)
    lane: str = Field(max_length=20)
    origin: str = Field(max_length=20)
    requested_by: str | None = Field(default=None, max_length=120)
    correlation_id: str = Field(max_length=64)
    parent_id: str | None = Field(default=None, max_length=36)
    state: str = Field(max_length=20)
    due_at: datetime | None = None
    again: bool = False
    again_direction: str | None = Field(default=None, max_length=20)
    attempts: int = 0
    rings: int = 0
    fence: int = 0
    lease_until: datetime | None = None
    worker: str | None = Field(default=None, max_length=80)
    waits_for: list[Any] = Field(default_factory=_nothing, sa_column=Column(_json(), nullable=False))
    waits_on: str | None = Field(default=None, max_length=130)
    achieved: str | None = Field(default=None, max_length=20)
    result: str | None = Field(default=None, max_length=20)
    reason: str | None = Field(default=None, max_length=60)
    message: str = Field(default="", sa_column=Column(Text, nullable=False))
    intacct_id: str | None = Field(default=None, max_length=200)
    intacct_key: str | None = Field(default=None, max_length=80)
    mapping_version: str | None = Field(default=None, max_length=40)
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None


class Binding(Row, table=True):
    """Two records that are one. One-to-one per connection and object, by two unique constraints.

    `base` is the last agreed value per mapping row; `todo` names companions still to be made after a create. `seen_at`
    is the Intacct modification time of the version our last update was based on: a read that is no newer and shows
    other values is a late one. `doubt` holds the rows being written to Salesforce until the answer is known.
    `mapping_version` is the mapping under which the base was last brought up to date, empty for the standard.
    `shown_in` is the last reading of the whole object that showed the Intacct record.
    """

    __tablename__ = "binding"
    __table_args__ = (
        UniqueConstraint("connection_id", "object", "salesforce_id"),
        UniqueConstraint("connection_id", "object", "intacct_key"),
        Index("ix_binding_natural", "connection_id", "object", "intacct_id"),
    )
    id: str = Field(primary_key=True, max_length=36)
    connection_id: str = Field(foreign_key="connection.id", max_length=36)
    object: str = Field(max_length=40)
    salesforce_id: str = Field(max_length=40)
    intacct_key: str = Field(max_length=80)
    intacct_id: str = Field(max_length=200)
    base: dict[str, Any] = Field(default_factory=_empty, sa_column=Column(_json(), nullable=False))
    todo: list[Any] = Field(default_factory=_nothing, sa_column=Column(_json(), nullable=False))
    how: str = Field(max_length=40)
    seen_at: datetime | None = None
    doubt: dict[str, Any] = Field(default_factory=dict, sa_column=Column(_json(), nullable=False))
    mapping_version: str | None = Field(default=None, max_length=40)
    shown_in: str | None = Field(default=None, max_length=36)
    created_at: datetime
    updated_at: datetime


class MappingVersion(Row, table=True):
    """One version of an object's mapping: what differs from the declared rows. No active row: the declaration as it is.

    `content` is the plain form of `domain.mappings.Content`; it never changes once the version was activated.
    """

    __tablename__ = "mapping_version"
    __table_args__ = (
        UniqueConstraint("connection_id", "object", "number"),
        _partial("uq_mapping_draft", "connection_id", "object", where="state = 'draft'", unique=True),
        _partial("uq_mapping_active", "connection_id", "object", where="state = 'active'", unique=True),
    )
    id: str = Field(primary_key=True, max_length=36)
    connection_id: str = Field(foreign_key="connection.id", max_length=36)
    object: str = Field(max_length=40)
    number: int
    state: str = Field(max_length=20)
    content: dict[str, Any] = Field(default_factory=_empty, sa_column=Column(_json(), nullable=False))
    note: str = Field(default="", max_length=500)
    revision: int = 1
    created_by: str = Field(max_length=36)
    created_at: datetime
    updated_at: datetime
    activated_by: str | None = Field(default=None, max_length=36)
    activated_at: datetime | None = None


class Intent(Row, table=True):
    """One write to Intacct, on disk before its first byte leaves, and everything learned about its outcome since.

    `values` (and the `lines` of a document) are the exact content, so that an absent write goes out again unchanged;
    `entity` is the location id of the Intacct entity it goes into, None: where the connection works.
    `trail` lists what happened, with times. `revision` grows only when the former one was executed or refused, so the
    control id is stable per intent.
    """

    __tablename__ = "intent"
    __table_args__ = (
        UniqueConstraint("connection_id", "op_key", "revision"),
        UniqueConstraint("connection_id", "control_id"),
        _partial("uq_intent_unsettled", "connection_id", "op_key", where=_UNSETTLED, unique=True),
        Index("ix_intent_operation", "operation_id"),
    )
    id: str = Field(primary_key=True, max_length=36)
    connection_id: str = Field(foreign_key="connection.id", max_length=36)
    operation_id: str = Field(max_length=36)
    object: str = Field(max_length=40)
    salesforce_id: str = Field(max_length=80)
    op_key: str = Field(max_length=250)
    revision: int
    control_id: str = Field(max_length=64)
    kind: str = Field(max_length=60)
    action: str = Field(max_length=20)
    key: str | None = Field(default=None, max_length=80)
    values: dict[str, Any] = Field(default_factory=_empty, sa_column=Column(_json(), nullable=False))
    lines: dict[str, Any] | None = Field(default=None, sa_column=Column(_json(), nullable=True))
    entity: str | None = Field(default=None, max_length=80)
    request_hash: str = Field(max_length=64)
    fence: int
    state: str = Field(max_length=20)
    sends: int = 0
    looks: int = 0
    sent_at: datetime
    next_look_at: datetime | None = None
    remote_key: str | None = Field(default=None, max_length=80)
    remote_id: str | None = Field(default=None, max_length=200)
    trail: list[Any] = Field(default_factory=_nothing, sa_column=Column(_json(), nullable=False))
    created_at: datetime
    settled_at: datetime | None = None


class Decision(Row, table=True):
    """What one run decided for one record, and why."""

    __tablename__ = "decision"
    __table_args__ = (
        Index("ix_decision_record", "connection_id", "object", "record_id", "at"),
        Index("ix_decision_operation", "operation_id", "at"),
    )
    id: str = Field(primary_key=True, max_length=36)
    connection_id: str = Field(foreign_key="connection.id", max_length=36)
    operation_id: str = Field(max_length=36)
    run: int
    object: str = Field(max_length=40)
    record_id: str = Field(max_length=80)
    result: str = Field(max_length=20)
    reason: str = Field(max_length=60)
    message: str = Field(default="", sa_column=Column(Text, nullable=False))
    changes: list[Any] = Field(default_factory=_nothing, sa_column=Column(_json(), nullable=False))
    warnings: list[Any] = Field(default_factory=_nothing, sa_column=Column(_json(), nullable=False))
    mapping_version: str | None = Field(default=None, max_length=40)
    at: datetime


class ErrorLog(Row, table=True):
    """One cause on one record, open until a later success closes it. Repeats count up instead of piling up."""

    __tablename__ = "error_log"
    __table_args__ = (
        _partial(
            "uq_error_open",
            "connection_id",
            "object",
            "record_id",
            "fingerprint",
            where="resolved_at IS NULL",
            unique=True,
        ),
        Index("ix_error_record", "connection_id", "object", "record_id", "last_seen"),
        Index("ix_error_recent", "connection_id", "last_seen", "id"),
        Index("ix_error_fingerprint", "connection_id", "fingerprint", "record_id"),
        _partial("ix_error_blocked", "connection_id", "blocked_object", "blocked_id", where="resolved_at IS NULL"),
    )
    id: str = Field(primary_key=True, max_length=36)
    connection_id: str = Field(foreign_key="connection.id", max_length=36)
    object: str = Field(max_length=40)
    record_id: str = Field(max_length=80)
    intacct_id: str | None = Field(default=None, max_length=200)
    operation_id: str = Field(max_length=36)
    kind: str = Field(max_length=20)
    code: str = Field(max_length=60)
    message: str = Field(sa_column=Column(Text, nullable=False))
    advice: str = Field(default="", sa_column=Column(Text, nullable=False))
    field: str | None = Field(default=None, max_length=255)
    vendor: dict[str, Any] | None = Field(default=None, sa_column=Column(_json(), nullable=True))
    fingerprint: str = Field(max_length=64)
    blocked_object: str | None = Field(default=None, max_length=40)
    blocked_id: str | None = Field(default=None, max_length=80)
    occurrences: int = 1
    first_seen: datetime
    last_seen: datetime
    resolved_at: datetime | None = None
    resolved_by: str | None = Field(default=None, max_length=36)


class IdempotencyKey(Row, table=True):
    """A caller's key, written in the transaction that accepts its work. `answer` is the stored first answer."""

    __tablename__ = "idempotency_key"
    __table_args__ = (UniqueConstraint("connection_id", "scope", "key"), Index("ix_idempotency_expiry", "expires_at"))
    id: str = Field(primary_key=True, max_length=36)
    connection_id: str = Field(foreign_key="connection.id", max_length=36)
    scope: str = Field(max_length=60)
    key: str = Field(max_length=255)
    request_hash: str = Field(max_length=64)
    answer: dict[str, Any] = Field(default_factory=_empty, sa_column=Column(_json(), nullable=False))
    created_at: datetime
    expires_at: datetime


class Cursor(Row, table=True):
    """How far a change feed has been read completely, and what its last run found."""

    __tablename__ = "cursor"
    __table_args__ = (UniqueConstraint("connection_id", "object", "feed"),)
    id: str = Field(primary_key=True, max_length=36)
    connection_id: str = Field(foreign_key="connection.id", max_length=36)
    object: str = Field(max_length=40)
    feed: str = Field(max_length=20)
    position_at: datetime
    position_key: str = Field(default="", max_length=40)
    counts: dict[str, Any] = Field(default_factory=_empty, sa_column=Column(_json(), nullable=False))
    lease_until: datetime | None = None
    due_at: datetime | None = None
    updated_at: datetime


class Slot(Row, table=True):
    """One place on the wire to a vendor, shared by all workers of a connection; free when unheld or past `until`."""

    __tablename__ = "slot"
    __table_args__ = (UniqueConstraint("connection_id", "system", "number"),)
    id: str = Field(primary_key=True, max_length=36)
    connection_id: str = Field(foreign_key="connection.id", max_length=36)
    system: str = Field(max_length=20)
    number: int
    holder: str | None = Field(default=None, max_length=80)
    lane: str | None = Field(default=None, max_length=20)
    until: datetime | None = None


class Spending(Row, table=True):
    """Calls and transactions spent at a vendor, per UTC day and lane."""

    __tablename__ = "spending"
    __table_args__ = (UniqueConstraint("connection_id", "system", "lane", "day"),)
    id: str = Field(primary_key=True, max_length=36)
    connection_id: str = Field(foreign_key="connection.id", max_length=36)
    system: str = Field(max_length=20)
    lane: str = Field(max_length=20)
    day: str = Field(max_length=10)
    calls: int = 0
    transactions: int = 0
