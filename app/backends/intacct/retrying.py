"""How reads of either API are tried again: which trouble, how often, after how long. Sends nothing and never waits."""

import random
from dataclasses import dataclass
from typing import Final

from app.domain.errors import Kind, SyncError

RETRIED: Final = (Kind.TRANSIENT, Kind.RATE_LIMITED)


@dataclass(frozen=True, slots=True)
class RetryTimes:
    """Attempts in all, seconds of the first and of the longest wait (full jitter)."""

    attempts: int = 4
    first: float = 0.5
    longest: float = 8.0


def wait_before(times: RetryTimes, rng: random.Random, attempt: int, error: SyncError) -> float | None:
    """Seconds to wait after the failed `attempt` (1-based), or None when it is not to be tried again."""
    if error.kind not in RETRIED or attempt >= times.attempts:
        return None
    if error.retry_after is not None:
        return error.retry_after if error.retry_after <= times.longest else None
    return rng.uniform(0.0, min(times.longest, times.first * 2.0 ** (attempt - 1)))
