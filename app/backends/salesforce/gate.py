"""The org's call quota: what its answers tell about it, and who may still send (salesforce-api.md 6.2, 8).

One gate per org and process, shared by all lanes. Knows no requests, only headers and instants.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.backends.salesforce.errors import QUOTA
from app.backends.salesforce.options import SalesforceOptions
from app.domain.errors import Kind, SyncError
from app.domain.records import Lane
from app.sync.ports import Clock

_ORG = re.compile(r"(?<![\w-])api-usage=(\d{1,12})/(\d{1,12})")
_APP = re.compile(r"per-app-api-usage=(\d{1,12})/(\d{1,12})(?:\(appName=([^)]*)\))?")

PROBE_WAIT = 5.0
"""Seconds after which a call refused during somebody else's probe may ask again."""


@dataclass(frozen=True, slots=True)
class LimitInfo:
    """The last reading of Sforce-Limit-Info: calls of the org's 24 hours, and of this app where it has its own cap."""

    used: int
    maximum: int
    at: datetime
    app_used: int | None = None
    app_maximum: int | None = None

    @property
    def share(self) -> float:
        """The part that is used, of whichever cap is nearer; 0 while nothing is known."""
        org = self.used / self.maximum if self.maximum else 0.0
        app = self.app_used / self.app_maximum if self.app_used is not None and self.app_maximum else 0.0
        return max(org, app)


def read_limit_info(header: str, at: datetime) -> LimitInfo | None:
    """The reading in `api-usage=18/15000` or `api-usage=18/15000; per-app-api-usage=17/250(appName=x)`, else None."""
    org, app = _ORG.search(header), _APP.search(header)
    if not org:
        return None
    own = (int(app[1]), int(app[2])) if app else (None, None)
    return LimitInfo(int(org[1]), int(org[2]), at, *own)


class Gate:
    """Lets calls pass while the org has calls to give."""

    def __init__(self, clock: Clock, options: SalesforceOptions) -> None:
        self._clock = clock
        self._options = options
        self._paused_until: datetime | None = None
        self._probing = False
        self._recheck_at: datetime | None = None
        self.limit_info: LimitInfo | None = None

    def check(self, lane: Lane) -> None:
        """Raise SyncError RATE_LIMITED with `retry_after` when a call of this lane may not be sent now."""
        now = self._clock.now()
        if self._paused_until is not None:
            left = (self._paused_until - now).total_seconds()
            if left > 0 or self._probing:
                raise _refusal(QUOTA.code, "Salesforce's daily calls are used up", max(left, PROBE_WAIT), QUOTA.advice)
        info = self.limit_info
        if lane is not Lane.BULK or info is None or info.share < self._options.bulk_share:
            return
        wait = (self._next_look(info) - now).total_seconds()
        if wait > 0:
            raise _refusal(
                "salesforce_budget_share",
                f"{info.used} of the org's {info.maximum} daily calls are used; bulk work waits",
                wait,
                "Nothing to do: bulk work goes on when the org has calls to spare; single records still sync.",
            )

    @contextmanager
    def admit(self, lane: Lane) -> Iterator[None]:
        """Check, and hold the right to send one call. The first call after a pause is the only one until it ends."""
        self.check(lane)
        probe = self._paused_until is not None
        self._probing = self._probing or probe
        if lane is Lane.BULK and self.limit_info and self.limit_info.share >= self._options.bulk_share:
            self._recheck_at = self._clock.now() + timedelta(seconds=self._options.share_recheck)
        try:
            yield
        finally:
            if probe:
                self._probing = False

    def read(self, headers: Mapping[str, str]) -> None:
        """Take the usage from an answer's headers (lower-case names), if it tells any."""
        self._recheck_at = None  # an answer without usage, such as a 401, has not used up the look
        info = read_limit_info(headers.get("sforce-limit-info", ""), self._clock.now())
        if info is not None:
            self.limit_info = info

    def pause(self) -> float:
        """Silence all lanes for the configured time; answers it in seconds."""
        self._paused_until = self._clock.now() + timedelta(seconds=self._options.quota_pause)
        return self._options.quota_pause

    def answered(self) -> None:
        """The org executed a call: end a pause whose time is over."""
        if self._paused_until is not None and self._paused_until <= self._clock.now():
            self._paused_until = None

    def _next_look(self, info: LimitInfo) -> datetime:
        return self._recheck_at or info.at + timedelta(seconds=self._options.share_recheck)


def _refusal(code: str, message: str, wait: float, advice: str) -> SyncError:
    return SyncError(Kind.RATE_LIMITED, code, message, advice, retry_after=wait)
