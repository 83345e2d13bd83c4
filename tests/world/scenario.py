"""What happens in a world, as decided by its seed: who is there, what people do, what goes wrong, and for how long."""

import random
from dataclasses import dataclass, field, replace

from app.simulators.faults import Fault, FaultKind
from tests.world import wire
from tests.world.bell import BellFaults
from tests.world.wire import WireFault

K = FaultKind


FAULTS = {
    "worker_killed": "F03 F04 F07 F08",
    "worker_frozen": "F11",
    "wire_connect_refused": "F05",
    "wire_lost_before": "F05",
    "wire_lost_after": "F06",
    "wire_late_arrival": "F14",
    "wire_doubled": "F06",
    "wire_slow_reply": "F14",
    "reset_before_commit": "F05",
    "reset_after_commit": "F06",
    "timeout_after_commit": "F06 F14",
    "latency": "F14",
    "rate_limit": "F17",
    "lock_error": "F17",
    "quota_used_up": "F17",
    "server_error": "F06 F19",
    "truncated": "F19",
    "no_status": "F06",
    "aborted": "F15 F16",
    "session_expired": "F18",
    "read_lag": "F20",
    "small_pages": "F20",
    "messages": "F21",
    "deleted": "F22",
    "undeleted": "F22",
    "merged": "F22",
    "field_hidden": "F24",
    "cloned": "F26",
    "same_second": "F28",
    "poison": "F29",
    "preview": "U1",
}
"""Every fault of the worlds by the name it is counted under, with its number in the fault list."""

EVERY_FAULT = frozenset(FAULTS)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One fault a simulator may play, with the largest share of requests it may hit."""

    kind: FaultKind
    match: str
    share: float
    seconds: float = 0.0
    after_commit: bool = False
    retry_after: int | None = None
    status: int = 502

    def drawn(self, rng: random.Random) -> Fault:
        """The fault at some strength."""
        return Fault(
            self.kind,
            self.match,
            times=None,
            probability=rng.uniform(0.1, 1.0) * self.share,
            seconds=self.seconds,
            after_commit=self.after_commit,
            retry_after=self.retry_after,
            status=self.status,
        )


INTACCT = (
    Trouble(K.LATENCY, "", 0.3, seconds=25.0),
    Trouble(K.TIMEOUT_AFTER_COMMIT, "create:", 0.5, seconds=300.0),
    Trouble(K.TIMEOUT_AFTER_COMMIT, "update:", 0.5, seconds=40.0),
    Trouble(K.RESET_BEFORE_COMMIT, "create:", 0.4),
    Trouble(K.RESET_BEFORE_COMMIT, "", 0.2),
    Trouble(K.RESET_AFTER_COMMIT, "create:", 0.6),
    Trouble(K.RESET_AFTER_COMMIT, "update:", 0.5),
    Trouble(K.RATE_LIMIT, "", 0.3),
    Trouble(K.RATE_LIMIT, "", 0.2, retry_after=20),
    Trouble(K.SERVER_ERROR, "", 0.2),
    Trouble(K.SERVER_ERROR, "create:", 0.4, after_commit=True),
    Trouble(K.SERVER_ERROR, "update:", 0.4, after_commit=True, status=504),
    Trouble(K.ABORTED, "create:", 0.4),
    Trouble(K.ABORTED, "update:", 0.3),
    Trouble(K.NO_STATUS, "create:", 0.4),
    Trouble(K.NO_STATUS, "update:", 0.3),
    Trouble(K.SESSION_EXPIRED, "", 0.2),
    Trouble(K.LOCK_ERROR, "update:", 0.4),
    Trouble(K.LOCK_ERROR, "create:", 0.3),
    Trouble(K.TRUNCATED, "", 0.2),
    Trouble(K.TRUNCATED, "create:", 0.4),
)

SALESFORCE = (
    Trouble(K.LATENCY, "", 0.3, seconds=10.0),
    Trouble(K.TIMEOUT_AFTER_COMMIT, "collections", 0.4, seconds=150.0),
    Trouble(K.RESET_BEFORE_COMMIT, "", 0.2),
    Trouble(K.RESET_AFTER_COMMIT, "collections", 0.4),
    Trouble(K.RATE_LIMIT, "", 0.2, retry_after=5),
    Trouble(K.SERVER_ERROR, "", 0.2, status=503),
    Trouble(K.SERVER_ERROR, "collections", 0.3, after_commit=True),
    Trouble(K.ABORTED, "collections", 0.2),
    Trouble(K.SESSION_EXPIRED, "", 0.2),
    Trouble(K.LOCK_ERROR, "collections", 0.4),
    Trouble(K.TRUNCATED, "", 0.2),
)

WIRE = (
    WireFault(wire.CONNECT_REFUSED, 0.2),
    WireFault(wire.LOST_BEFORE, 0.2),
    WireFault(wire.LOST_AFTER, 0.25),
    WireFault(wire.LATE_ARRIVAL, 0.15, seconds=600.0, path=wire.GATEWAY),
    WireFault(wire.DOUBLED, 0.2),
    WireFault(wire.SLOW_REPLY, 0.2, seconds=110.0),
)

KNOBS = {
    "uniqueid_refusal_shape": ("no_status", "failure"),
    "uniqueid_failed_reuse": ("allowed", "refused"),
    "uniqueid_inflight": ("execute", "refuse"),
    "abort_shape": ("failure_first", "all_aborted"),
    "session_expired_shape": ("auth_failure", "http_401"),
    "latency_base_s": (0.0, 0.3, 2.0),
    "over_cap_reply": ("wait", "429"),
    "concurrency": (0, 1),
}


MISCHIEF = (
    "deleted",
    "deleted",
    "merged",
    "same_second",
    "same_second",
    "field_hidden",
    "poison",
    "preview",
    "preview",
    "messages",
    "messages",
)
"""What `mischief` chooses from, the more common ones more often."""


@dataclass
class Scenario:
    """The decisions of one seed. Times are virtual seconds from the start."""

    seed: int
    accounts: int = 3
    contacts: int = 2
    supplied_ids: float = 0.0
    twins_waiting: int = 0
    namesakes: bool = False
    trading: bool = True
    active: float = 600.0
    actions: int = 20
    kills: int = 0
    freezes: int = 0
    caller_kills: float = 0.0
    read_lag: float = 0.0
    quota_hole: bool = False
    sweep_every: float = 15.0
    poll_every: float = 120.0
    bell: BellFaults = field(default_factory=BellFaults)
    knobs: dict[str, object] = field(default_factory=dict)
    intacct: list[Fault] = field(default_factory=list)
    salesforce: list[Fault] = field(default_factory=list)
    wire: list[WireFault] = field(default_factory=list)
    page: int = 1000
    mischief: tuple[str, ...] = ()
    cloned: bool = False

    def plain(self) -> "Scenario":
        """The same without mischief, as the seeds were when they found what they found."""
        return replace(self, page=1000, mischief=(), cloned=False)


def draw(seed: int) -> Scenario:
    """The scenario of a seed: most seeds have a few kinds of trouble, a few have nearly all."""
    rng, deeds = random.Random(f"scenario-{seed}"), random.Random(f"mischief-{seed}")
    wild = rng.random() < 0.15

    def some(menu: tuple[Trouble, ...], most: int) -> list[Fault]:
        picked = rng.sample(menu, rng.randint(0, len(menu) if wild else most))
        return [trouble.drawn(rng) for trouble in picked]

    return Scenario(
        seed,
        accounts=rng.randint(2, 5),
        contacts=rng.randint(1, 3),
        supplied_ids=rng.choice((0.0, 0.0, 0.5, 1.0)),
        twins_waiting=rng.choice((0, 0, 1)),
        namesakes=rng.random() < 0.15,
        active=rng.choice((120.0, 240.0, 480.0)),
        actions=rng.randint(6, 16),
        kills=rng.choice((0, 0, 1, 2, 4)),
        freezes=rng.choice((0, 0, 0, 1, 2)),
        caller_kills=rng.choice((0.0, 0.0, 0.3)),
        read_lag=rng.choice((0.0, 0.0, 0.0, 3.0, 20.0, 240.0)),
        quota_hole=rng.random() < 0.08,
        sweep_every=rng.choice((10.0, 20.0, 40.0)),
        poll_every=rng.choice((80.0, 160.0, 320.0)),
        bell=BellFaults(rng.choice((0.0, 0.0, 0.4, 1.0)), rng.choice((0.0, 0.3)), rng.choice((0.0, 0.2))),
        knobs={name: rng.choice(values) for name, values in KNOBS.items()},
        intacct=some(INTACCT, 4),
        salesforce=some(SALESFORCE, 3),
        wire=[
            replace(one, probability=one.probability * rng.uniform(0.1, 1.0))
            for one in rng.sample(WIRE, rng.randint(0, len(WIRE) if wild else 2))
        ],
        page=deeds.choice((1000, 1, 2)),
        mischief=tuple(deeds.choice(MISCHIEF) for _ in range(deeds.choice((0, 1, 2, 3, 5)))),
        cloned=deeds.random() < 0.1,
    )
