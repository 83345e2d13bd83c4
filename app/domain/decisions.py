"""What became of a candidate: exactly one decision per record and run, each with a reason code.

candidates = created + updated + unchanged + skipped + blocked + conflicted + failed + held
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.errors import SyncError
from app.domain.records import System
from app.domain.transforms import Canonical


class Result(StrEnum):
    """The eight ways a run can end for a record."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"  # a rule says no; not an error
    BLOCKED = "blocked"  # another record must come first
    CONFLICTED = "conflicted"  # a person must choose
    FAILED = "failed"
    HELD = "held"  # the outcome of a write is not known yet, or a person must confirm it


STRENGTH = (Result.UNCHANGED, Result.UPDATED, Result.CREATED)
"""Results that succeed, weakest first: an operation that took several runs ends with the strongest of them."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field that a run wrote (or would write): on which side, from what, to what. Fields in the user's names."""

    system: System
    field: str
    before: Canonical
    after: Canonical


@dataclass(frozen=True, slots=True)
class Reference:
    """Another record by our object name and its Salesforce id."""

    object: str
    record_id: str


@dataclass(frozen=True, slots=True)
class Settlement:
    """The end of one run for one candidate: the decision, and what happens next.

    `again_at` is set when the operation is tried again by itself, `waits_for` when another record has to come first;
    with neither the operation is over (unless `result` is HELD: then a person decides). `intacct_id` is the readable
    key when known. `achieved` is what stands in Intacct although the run did not end well. `follow` are records that
    are to be brought in step after this one. `paid` are the record numbers of the invoices a payment names, by
    Salesforce id; `turned` says that it was reversed in Intacct.
    """

    result: Result
    reason: str
    message: str = ""
    changes: tuple[Change, ...] = ()
    warnings: tuple[str, ...] = ()
    error: SyncError | None = None
    again_at: datetime | None = None
    waits_for: tuple[Reference, ...] = ()
    blocked_on: Reference | None = None
    follow: tuple[Reference, ...] = ()
    intacct_id: str | None = None
    intacct_key: str | None = None
    counts_as_try: bool = False
    achieved: Result | None = None
    paid: tuple[tuple[str, str], ...] = ()
    turned: bool = False
