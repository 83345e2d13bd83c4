"""What the engine needs from the outside world, owned here because the engine is the one who needs it.

Backends, the journal and the clock implement these; the engine knows nothing else about them. No adapter lives here.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from app.domain.conditions import Condition
from app.domain.errors import SyncError
from app.domain.records import Lane, Record, System, Value
from app.sync.links import Bindings as Bindings
from app.sync.links import Bound as Bound
from app.sync.links import Claim as Claim
from app.sync.links import Succession as Succession


class Clock(Protocol):
    """The only source of time; a test hands in its own."""

    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; on a virtual clock this costs nothing."""
        ...


class Slots(Protocol):
    """Permission to have one more request on the wire to one vendor, shared by all workers of a connection."""

    def hold(self, system: System, lane: Lane) -> AbstractAsyncContextManager[None]:
        """Wait for a free place and keep it for the body. Interactive requests go before bulk ones."""
        ...


class Action(StrEnum):
    """What a write does. A Salesforce CREATE is an upsert by external id; an Intacct CREATE is a create.

    REVERSE takes back a posted record of Intacct; `values` are DATEREVERSED and DESCRIPTION.
    """

    CREATE = "create"
    UPDATE = "update"
    REVERSE = "reverse"


@dataclass(frozen=True, slots=True)
class LineItems:
    """The lines of a document to be written: one set of values per line, in order.

    `path` are the elements of list and line below the header; `sources` the Salesforce ids the lines were made from.
    In an update `numbers` are their numbers as Intacct counts them when read; those from `known` on are new lines.
    """

    path: str
    rows: tuple[Mapping[str, Value], ...]
    sources: tuple[str, ...]
    numbers: tuple[int, ...] = ()
    known: int = 0


@dataclass(frozen=True, slots=True)
class Write:
    """One record to be written, decided completely before anything is sent.

    `values` are keyed by declared names (dotted paths for Intacct); None clears, an absent name is left alone.
    `control_id` is stable for the intent: Intacct's function controlid. `key` is the RECORDNO or Salesforce Id of an
    update. `external_id` (field, value) names the record of a Salesforce create. `lines` go with an Intacct create; in
    an update they are the whole list that stands inside the record from then on, or, with numbers, changed lines.
    `entity` is the location id of the Intacct entity it is made in; empty: where the connection works.
    """

    kind: str
    action: Action
    values: Mapping[str, Value]
    control_id: str
    key: str | None = None
    external_id: tuple[str, str] | None = None
    lines: LineItems | None = None
    entity: str = ""


class Verdict(StrEnum):
    """What became of one write (reliability.md 4)."""

    CONFIRMED = "confirmed"  # the vendor said yes to exactly this write
    REJECTED = "rejected"  # a complete answer that says no; nothing was written
    AMBIGUOUS = "ambiguous"  # no complete answer: it may have happened
    NOT_SENT = "not_sent"  # no byte left, or the vendor refused before executing: the same write may go again


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict on one write. `key` and `returned` (key fields such as CUSTOMERID) are given when CONFIRMED.

    `created` tells an upsert that inserted from one that found the record. `error` is given unless CONFIRMED.
    """

    verdict: Verdict
    key: str | None = None
    returned: Mapping[str, Value] = field(default_factory=dict)
    created: bool | None = None
    error: SyncError | None = None


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """One field as the live company or org describes it."""

    name: str
    type: str
    required: bool = False
    createable: bool = True
    updateable: bool = True
    custom: bool = False
    length: int | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Schema:
    """The fields of one kind, by name as the vendor spells it."""

    kind: str
    fields: Mapping[str, FieldInfo]


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a change feed: all records up to (modified_at, key) have been read."""

    modified_at: datetime
    key: str = ""


@dataclass(frozen=True, slots=True)
class ChangePage:
    """One page of changed records in feed order, the position after it, and whether the feed is exhausted.

    `undated`: the records have no modification time, so `changed` does not count them.
    """

    records: Sequence[Record]
    position: Position
    done: bool
    undated: bool = False


@dataclass(frozen=True, slots=True)
class Deletion:
    """A side says that it no longer has a record. A hint: what became of the record is seen when it is read.

    Known by its immutable `key`, by its `natural` key, or, where the vendor does not tell which it names, perhaps by
    either. `merged_into` is the record it was merged into.
    """

    kind: str
    at: datetime
    key: str | None = None
    natural: str | None = None
    merged_into: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are on the other side, for readiness. `environment` is "production", "sandbox" or "offline" if known."""

    system: System
    account: str
    user: str
    environment: str | None = None
    multi_currency: bool | None = None


@dataclass(slots=True)
class Usage:
    """What was spent at a vendor: `calls` are HTTP requests, `transactions` Intacct's billed unit (else 0)."""

    calls: int = 0
    transactions: int = 0


class Reading(Protocol):
    """One side, as far as nothing can be written through it. Raises SyncError."""

    system: System

    async def find(
        self,
        kind: str,
        any_of: Mapping[str, Sequence[str]],
        fields: Sequence[str],
        *,
        include_deleted: bool = False,
    ) -> list[Record]:
        """Records of `kind` for which at least one of the named fields has one of the given values.

        Text comparison is exact except where the vendor cannot (Salesforce ignores case). An empty `any_of`, or one
        whose lists are all empty, makes no call. `include_deleted` reaches Salesforce's recycle bin.
        """
        ...

    def chunks(self, writes: Sequence[Write]) -> list[list[Write]]:
        """Cut writes into requests: order kept, sizes within the vendor's limits and our time target per request.

        A request is for one entity.
        """
        ...

    def render(self, write: Write) -> str:
        """A write as its request bears it: Intacct's function element, or the record in Salesforce's JSON body.

        Sends nothing. Raises the SyncError with which `write` would reject it unsent.
        """
        ...

    async def changes(
        self, kind: str, since: Position, until: datetime, fields: Sequence[str], page_size: int
    ) -> ChangePage:
        """Records changed after `since` and not after `until`, ordered by (modification time, key)."""
        ...

    async def select(
        self, kind: str, where: Condition, fields: Sequence[str], *, after: str, size: int
    ) -> list[Record]:
        """Records that satisfy `where`, in the order of their keys, from behind the key `after` ("" for the first).

        Fewer than `size` means the end. Raises SyncError DATA `condition_invalid` for a value or operator that does not
        fit the field, CONFIG for a field that does not exist.
        """
        ...

    async def count(self, kind: str, where: Condition) -> int:
        """How many records satisfy `where`, counted there. Raises what `select` raises."""
        ...

    async def changed(self, kind: str, since: datetime, until: datetime) -> int:
        """How many records were changed from `since` to `until`, both included: counted there, without any paging."""
        ...

    async def deletes(self, kinds: Sequence[str], since: datetime, until: datetime) -> list[Deletion]:
        """What was deleted of `kinds` from `since` to `until`. Raises SyncError PERMISSION when we may not ask."""
        ...

    async def describe(self, kind: str) -> Schema:
        """The fields of `kind`, cached for some minutes. Raises SyncError CONFIG when the kind does not exist."""
        ...

    async def identity(self) -> Identity:
        """Log in if needed and say who we are. Raises SyncError AUTH, PERMISSION or TRANSIENT."""
        ...

    def take_usage(self) -> Usage:
        """What was spent since the last call of this method."""
        ...


class Backend(Reading, Protocol):
    """One side, spoken to in pages and batches. Writes never raise: they answer with verdicts."""

    async def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """Send one chunk as one request; outcomes in the order given, one per write, whatever happens."""
        ...


@dataclass(frozen=True, slots=True)
class Draft:
    """A write to Intacct that is decided but not yet promised. `purpose` tells the record from its companions.

    `entity` as in `Write`.
    """

    claim: Claim
    op_key: str
    purpose: str
    kind: str
    action: Action
    values: Mapping[str, Value]
    key: str | None = None
    lines: LineItems | None = None
    entity: str = ""


@dataclass(frozen=True, slots=True)
class Promise:
    """An intent on disk: the draft plus what the journal knows of it.

    `held`: a person has to decide. `released`: a person has decided that it may be sent again once it is not found.
    `repeated`: Intacct has refused the last sending because the control id was used before.
    """

    id: str
    draft: Draft
    control_id: str
    sent_at: datetime
    looks: int = 0
    sends: int = 1
    next_look_at: datetime | None = None
    held: bool = False
    released: bool = False
    repeated: bool = False


class Settled(StrEnum):
    """States an intent is moved to (reliability.md 4)."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    UNSENT = "unsent"  # nothing left, or refused unexecuted: the same control id is used again
    AMBIGUOUS = "ambiguous"
    RESENT = "intent"  # absent on the whole ladder: the same content goes out under the same control id
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became known about one promise, and the link that follows from it (stored in the same commit)."""

    promise: Promise
    state: Settled
    note: str
    remote_key: str | None = None
    remote_id: str | None = None
    next_look_at: datetime | None = None
    looks: int = 0
    bound: Bound | None = None
    code: str = ""


class Journal(Protocol):
    """Intents and receipts, for one connection. Each call is one short transaction, committed when it returns."""

    async def unsettled(self, object_name: str, claims: Sequence[Claim]) -> list[Promise]:
        """Intents of the claimed records whose outcome is not known. A crash after INTENT leaves one of these."""
        ...

    async def confirmed(self, op_keys: Sequence[str]) -> dict[str, str]:
        """Natural ids (or keys) of creates that are confirmed, by op_key."""
        ...

    async def intend(self, object_name: str, drafts: Sequence[Draft]) -> list[Promise | None]:
        """Commit intents before the first byte leaves; in the order given.

        None where the lease of the claim has passed to another worker, or another intent for the document is open:
        then nothing may be sent.
        """
        ...

    async def settle(self, object_name: str, receipts: Sequence[Receipt]) -> set[str]:
        """Commit what became known, links included. Receipts of a passed lease are recorded as notes, no more.

        Answers the Salesforce ids whose link was refused, because the Intacct record is linked to another one.
        """
        ...
