"""One simulated org: its parts in one place. Behaviour lives in the modules that take an `Org`."""

import random
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from app.simulators.clock import SimClock
from app.simulators.faults import FaultPlan
from app.simulators.salesforce.flags import OrgFlags
from app.simulators.salesforce.knobs import Knobs
from app.simulators.salesforce.meters import Meters
from app.simulators.salesforce.quota import Quota
from app.simulators.salesforce.schema import Catalogue
from app.simulators.salesforce.sessions import Sessions
from app.simulators.salesforce.store import Store

LOG_LENGTH = 1000


@dataclass(frozen=True)
class Writer:
    """Who writes: the client named in Sforce-Call-Options, whether a duplicate alert may be passed, system or user."""

    client: str = ""
    allow_save: bool = False
    system: bool = False


@dataclass
class Locator:
    """A query's rows as they stood when it ran; `start` rows were served."""

    kind: str
    rows: list[dict[str, Any]]
    size: int
    made: datetime


@dataclass
class Org:
    """State of one org. `user_id` is the running user of all sessions."""

    clock: SimClock
    faults: FaultPlan
    flags: OrgFlags
    catalogue: Catalogue
    knobs: Knobs
    meters: Meters
    quota: Quota
    sessions: Sessions
    store: Store
    random: random.Random
    user_id: str = ""
    standard_book: str = ""
    record_types: dict[str, dict[str, Any]] = field(default_factory=dict)
    locks: dict[str, datetime] = field(default_factory=dict)
    locators: dict[str, Locator] = field(default_factory=dict)
    delete_log: list[tuple[str, str, datetime]] = field(default_factory=list)
    purged_until: datetime | None = None
    ledger: list[dict[str, Any]] = field(default_factory=list)
    log: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=LOG_LENGTH))

    def now(self) -> datetime:
        """The org's time, to the second: what stamps are made of."""
        return self.clock.now().replace(microsecond=0)

    def visible_at(self) -> datetime | None:
        """When a commit of this instant becomes visible to queries, or None for at once."""
        lag = max(self.faults.read_lag(), self.knobs.late_commit_seconds)
        return self.clock.now() + timedelta(seconds=lag) if lag > 0 else None


def make_org(clock: SimClock, seed: int, flags: OrgFlags, folders: Iterable[Path], knobs: Knobs) -> Org:
    """An org with schemas and without records."""
    catalogue = Catalogue(clock, flags, folders)
    return Org(
        clock=clock,
        faults=FaultPlan(seed),
        flags=flags,
        catalogue=catalogue,
        knobs=knobs,
        meters=Meters(),
        quota=Quota(clock),
        sessions=Sessions(clock, random.Random(seed)),
        store=Store(catalogue),
        random=random.Random(seed),
    )
