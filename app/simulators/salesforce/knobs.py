"""The settings a test may turn while the simulator runs. Plain values and their checks, no behaviour."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

# seconds: (base of a call, per row read or written, share of random jitter). Figures of this project, not measurements.
PROFILES: dict[str, tuple[float, float, float]] = {
    "none": (0.0, 0.0, 0.0),
    "office": (0.15, 0.002, 0.3),
    "slow": (1.0, 0.02, 0.5),
}


@dataclass
class Knobs:
    """Every knob with its value at start. Names are those of `POST /_sim/knobs`."""

    session_seconds: float = 7200.0
    quota_max: int = 100_000
    quota_grace: int = 0
    limit_info_lag: int = 0  # how many calls Sforce-Limit-Info is behind
    per_app_usage: bool = False
    min_version: int = 31
    max_version: int = 68
    page_cap: int = 2000  # the server serves at most so many rows a page, whatever was asked
    locator_seconds: float = 172_800.0
    late_commit_seconds: float = 0.0
    long_transaction_since: str = ""  # ISO instant; holds latestDateCovered back while set
    id_limit: int = 600_000
    unknown_duplicates: bool = False  # DUPLICATE_VALUE says <unknown> instead of field and id
    wrap_locks: bool = False  # lock errors hide in CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY
    rate_limit_text: str = "quota"  # or "concurrency"
    gateway_body: str = "html"  # or "json"
    token_error: str = ""  # a key of errors.TOKEN_ERRORS: every token request fails so
    assertion_seconds: int = 300  # a JWT may expire at most so far ahead
    jwt_users: list[str] = field(default_factory=lambda: ["sync@example.com"])
    latency: str | list[float] = "none"  # a profile, or [base seconds, seconds per row, jitter share]
    latency_by_verb: dict[str, list[float]] = field(default_factory=dict)
    max_concurrent: int = 0  # 0: no cap; over it 403 ConcurrentPerOrgLongTxn
    duplicate_rules: list[dict[str, Any]] = field(default_factory=list)  # object, fields, action alert|block, message
    validation_rules: list[dict[str, Any]] = field(default_factory=list)  # object, when (SOQL), message, field
    throwing_triggers: list[dict[str, Any]] = field(default_factory=list)  # object, when, code, text

    def latency_of(self, verb: str) -> tuple[float, float, float]:
        """Base seconds, seconds per row and jitter share of a call."""
        chosen = self.latency_by_verb.get(verb, self.latency)
        base, row, jitter = PROFILES[chosen] if isinstance(chosen, str) else chosen
        return base, row, jitter

    def set(self, changes: Mapping[str, Any]) -> None:
        """Turn knobs. ValueError for an unknown one or a value of the wrong type; then nothing is changed."""
        known = {f.name: getattr(self, f.name) for f in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"unknown knob {name!r}; known are {sorted(known)}")
            self._check(name, known[name], value)
        for name, value in changes.items():
            setattr(self, name, value)

    @staticmethod
    def _check(name: str, present: Any, value: Any) -> None:
        if name == "latency":
            fits = value in PROFILES if isinstance(value, str) else isinstance(value, list) and len(value) == 3
        elif isinstance(present, float):
            fits = isinstance(value, int | float) and not isinstance(value, bool)
        else:
            fits = type(value) is type(present)
        if not fits:
            raise ValueError(f"knob {name!r} cannot be {value!r}")

    def describe(self) -> dict[str, Any]:
        """All knobs with their values."""
        return asdict(self)
