"""What goes wrong, when: seeded, repeatable fault plans shared by both simulators.

A simulator tags each request (`"token"`, `"query:Account"`, `"create:CUSTOMER"`...) and draws at most one fault for it.
What a fault looks like on the wire is the business of the simulator that drew it.
"""

import random
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class FaultKind(StrEnum):
    """The words `POST /_sim/faults` understands."""

    LATENCY = "latency"  # answer `seconds` late
    TIMEOUT_AFTER_COMMIT = (
        "timeout_after_commit"  # executed; the answer comes `seconds` late or never (connection held, then dropped)
    )
    RESET_BEFORE_COMMIT = "reset_before_commit"  # connection dropped, nothing executed
    RESET_AFTER_COMMIT = "reset_after_commit"  # executed, connection dropped before the first byte
    RATE_LIMIT = "rate_limit"  # 429 / GW-0010 / REQUEST_LIMIT_EXCEEDED, not executed
    SERVER_ERROR = "server_error"  # `status` (default 502) with an HTML body; executed only if `after_commit`
    ABORTED = "aborted"  # Intacct: result status `aborted`; Salesforce: PROCESSING_HALTED; not executed
    NO_STATUS = "no_status"  # Intacct: executed, result without <status>
    SESSION_EXPIRED = "session_expired"  # sessions of the caller end now
    LOCK_ERROR = "lock_error"  # record locked; not executed
    TRUNCATED = "truncated"  # executed, the body is cut in the middle
    READ_LAG = "read_lag"  # writes become visible to reads only `seconds` after their commit


@dataclass
class Fault:
    """One planned fault. `times` counts down; without it `probability` decides on each matching request."""

    kind: FaultKind
    match: str = ""  # substring of the request tag; empty matches every request
    times: int | None = 1
    probability: float | None = None
    skip: int = 0  # let this many matching requests pass first
    seconds: float = 0.0
    status: int = 502
    after_commit: bool = False
    retry_after: int | None = None
    drawn: int = field(default=0, init=False)


class FaultPlan:
    """An ordered list of faults and the generator that decides the probable ones."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._random = random.Random(seed)
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Plan one more fault; plans are tried in the order in which they were added."""
        self._faults.append(fault)

    def draw(self, tag: str, kinds: Collection[FaultKind] | None = None) -> Fault | None:
        """The fault that hits the request tagged `tag`, or None. READ_LAG is never drawn, see `read_lag`.

        With `kinds` only faults of these kinds are looked at: a request that carries several functions draws once for
        itself and once for each function, from disjoint kinds.
        """
        for fault in self._faults:
            if fault.kind is FaultKind.READ_LAG or fault.match not in tag:
                continue
            if kinds is not None and fault.kind not in kinds:
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            if fault.probability is not None:
                if self._random.random() >= fault.probability:
                    continue
            elif fault.times is not None and fault.drawn >= fault.times:
                continue
            fault.drawn += 1
            return fault
        return None

    def read_lag(self) -> float:
        """Seconds between a commit and its visibility to reads; 0 when no lag is planned."""
        return max((f.seconds for f in self._faults if f.kind is FaultKind.READ_LAG), default=0.0)

    def reset(self, seed: int | None = None) -> None:
        """Forget all faults and start the generator anew, from `seed` if given."""
        self._seed = self._seed if seed is None else seed
        self._random = random.Random(self._seed)
        self._faults.clear()

    def describe(self) -> list[dict[str, Any]]:
        """The plan as plain data, with how often each fault was drawn."""
        return [asdict(f) for f in self._faults]


def parse_faults(items: Iterable[dict[str, Any]]) -> list[Fault]:
    """Faults from the JSON of `POST /_sim/faults`. Raises ValueError naming the offending member."""
    known = {"kind", "match", "times", "probability", "skip", "seconds", "status", "after_commit", "retry_after"}
    faults = []
    for item in items:
        unknown = set(item) - known
        if unknown:
            raise ValueError(f"unknown fault member {sorted(unknown)[0]!r}; known are {sorted(known)}")
        try:
            kind = FaultKind(item["kind"])
        except KeyError:
            raise ValueError("fault without 'kind'") from None
        except ValueError:
            raise ValueError(f"unknown fault kind {item['kind']!r}; known are {[k.value for k in FaultKind]}") from None
        rest = {k: v for k, v in item.items() if k != "kind"}
        if rest.get("probability") is not None:
            rest["times"] = None
        faults.append(Fault(kind=kind, **rest))
    return faults
