"""Links between records as the engine sees them, the port that keeps them, and the claim under which they change.

The other ports stand in `ports`, which shows these as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from app.domain.decisions import Reference


@dataclass(frozen=True, slots=True)
class Claim:
    """One operation a worker holds under a lease. `waited_for` names records it has already waited for."""

    operation_id: str
    record_id: str
    origin: str
    fence: int
    attempts: int = 0
    waited_for: frozenset[Reference] = frozenset()


@dataclass(frozen=True, slots=True)
class Bound:
    """Two records that are one: see `store.tables.Binding`."""

    salesforce_id: str
    intacct_key: str
    intacct_id: str
    base: Mapping[str, object] = field(default_factory=dict)
    todo: tuple[str, ...] = ()
    how: str = "created"
    seen_at: datetime | None = None
    doubt: Mapping[str, object] = field(default_factory=dict)
    updated_at: datetime | None = None
    mapping_version: str | None = None


@dataclass(frozen=True, slots=True)
class Succession:
    """A Salesforce record that was merged into another one; `claim` is the candidate that found it out."""

    claim: Claim
    loser: str
    winner: str


class Bindings(Protocol):
    """Which records are linked, for one connection."""

    async def of(self, object_name: str, salesforce_ids: Sequence[str]) -> dict[str, Bound]:
        """By Salesforce id."""
        ...

    async def by_intacct_id(self, object_name: str, intacct_ids: Sequence[str]) -> dict[str, Bound]:
        """By natural id in Intacct; an id of a record that was merged leads to its successor."""
        ...

    async def by_intacct_key(self, object_name: str, keys: Sequence[str]) -> dict[str, Bound]:
        """By RECORDNO."""
        ...

    async def former(self, object_name: str, salesforce_ids: Sequence[str]) -> set[str]:
        """Those of the given records that were linked once, though their link has ended."""
        ...

    async def succeed(self, object_name: str, successions: Sequence[Succession]) -> dict[str, Bound]:
        """Hand the links of merged records to their successors, in one short transaction.

        Answers, by loser, the link it had: under the successor's id when it moved; under its own when the successor has
        one itself and keeps it, then the loser's is remembered as ended. Losers without a link, and those whose
        candidate has lost its lease, are left out.
        """
        ...

    async def save(self, object_name: str, pairs: Sequence[tuple[Claim, Bound]]) -> set[str]:
        """Store links found by matching, or new bases, in one short transaction.

        Answers the Salesforce ids that were refused: their lease has passed, or the Intacct record has meanwhile been
        linked to another Salesforce record.
        """
        ...
