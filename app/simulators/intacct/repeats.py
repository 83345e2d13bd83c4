"""Repeat protection: which function control ids were used, for how long, in which scope, and what is still running."""

from collections import Counter
from datetime import datetime, timedelta

from app.simulators.clock import SimClock
from app.simulators.intacct.knobs import Knobs
from app.simulators.intacct.sessions import Session

Key = tuple[str, str]


class Repeats:
    """Control ids of completed functions. A refusal never replays the first answer."""

    def __init__(self, clock: SimClock, knobs: Knobs) -> None:
        self._clock, self._knobs = clock, knobs
        self._used: dict[Key, datetime] = {}
        self._running: Counter[Key] = Counter()

    def key(self, session: Session, controlid: str) -> Key:
        """Where the control id counts as the same: the company, the sender or the user, by knob."""
        scopes = {"company": session.company, "sender": session.sender, "user": session.user}
        return scopes[self._knobs["uniqueid_scope"]], controlid

    def refused(self, key: Key) -> bool:
        """Whether a function with this control id must not run now."""
        if self._knobs["uniqueid_inflight"] == "refuse" and self._running[key]:
            return True
        at = self._used.get(key)
        keep = self._knobs["uniqueid_retention_s"]
        return at is not None and (not keep or at + timedelta(seconds=keep) > self._clock.now())

    def started(self, key: Key) -> None:
        """A function with this control id is being worked on."""
        self._running[key] += 1

    def ended(self, key: Key, succeeded: bool, executed: bool) -> None:
        """It is done; a failed one blocks its control id only if the knob says so."""
        self._running[key] -= 1
        if not self._running[key]:
            del self._running[key]
        if executed and (succeeded or self._knobs["uniqueid_failed_reuse"] == "refused"):
            self._used[key] = self._clock.now()
