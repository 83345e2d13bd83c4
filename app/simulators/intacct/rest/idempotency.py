"""`Idempotency-Key`: answers kept for replay for 48 hours, keys for 60 days.

Failures are kept like successes. A twin that comes while the first one is at work, another body under the same key,
and a key past its replay window are conflicts.
"""

import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.simulators.clock import SimClock
from app.simulators.intacct.rest.errors import RestRefused, conflict

REPLAY, KEPT, LONGEST_KEY = timedelta(hours=48), timedelta(days=60), 256


@dataclass
class Answer:
    """Status, JSON body (None: empty) and headers of an answer."""

    status: int
    body: Any
    headers: dict[str, str]


@dataclass
class _Used:
    at: datetime
    request: str
    answer: Answer | None = None


class Keys:
    """The keys the company has seen."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock
        self._used: dict[str, _Used] = {}
        self.replays = 0

    def begin(self, key: str, request: str) -> Answer | None:
        """The answer to replay, or None when the request is new and now at work. RestRefused 400 or 409."""
        if len(key) > LONGEST_KEY:
            raise RestRefused(400, "invalidRequest", f"Idempotency-Key is longer than {LONGEST_KEY}", "REST-1091")
        now, used = self._clock.now(), self._used.get(key)
        if used is None or now - used.at >= KEPT:
            self._used[key] = _Used(now, request)
            return None
        if used.request != request:
            raise conflict("The Idempotency-Key was used with another request")
        if used.answer is None:
            raise conflict("A request with this Idempotency-Key is still being processed")
        if now - used.at >= REPLAY:
            raise conflict("The Idempotency-Key was used before and its answer is no longer kept")
        self.replays += 1
        stamp = used.at.strftime("%Y-%m-%dT%H:%M:%SZ")
        headers = {"Idempotency-Key": key, "x-ia-idempotency-cached-date": stamp}
        return Answer(used.answer.status, copy.deepcopy(used.answer.body), {**used.answer.headers, **headers})

    def done(self, key: str, answer: Answer) -> None:
        """Keep the answer of an executed request."""
        self._used[key].answer = copy.deepcopy(answer)

    def forget(self, key: str) -> None:
        """The request was refused before it was worked on; its key is free again."""
        self._used.pop(key, None)
