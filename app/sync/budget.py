"""What Intacct's billing allows: steps of a month, the rhythm of looking for changes, the forecast. Pure arithmetic.

Intacct does not stop at the entitlement, it bills what goes beyond (reliability.md 12), so the stop is ours.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from app.domain.records import Lane

MONTH = timedelta(days=30)
COST_OF_A_LOOK = 1.3
"""Transactions of one reading of an idle feed: with its part of daily looks for undated rows, descriptions, and asking
once an hour who is there."""
STRETCH, STRETCH_HARD = 2, 4
QUICKENS, SLACKENS = 0.25, 1.5


class Step(IntEnum):
    """How far the month's entitlement is used, in percent, and what follows from it."""

    FREE = 0
    INFORM = 50
    STRETCH_POLLS = 80
    STOP_BACKFILL = 90
    STOP = 100


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What a connection may spend at Intacct in a calendar month: its whole, the share of polling, the last word.

    `poll_percent` is the share looking for changes may take when nothing changes. `beyond`: an owner has allowed to go
    on past the whole. `billed` is false where nobody counts (the simulators): then nothing is stretched or stopped.
    """

    monthly: int
    poll_percent: int = 5
    beyond: bool = False
    billed: bool = True

    def step(self, used: int) -> Step:
        """The step that `used` transactions have reached."""
        percent = 100 * used / self.monthly
        return max(step for step in Step if percent >= step) if self.billed else Step.FREE

    def admits(self, lane: Lane, used: int) -> bool:
        """Whether work of a lane may begin. The last tenth belongs to those who wait before a screen."""
        step = self.step(used)
        if step is Step.STOP:
            return self.beyond
        return step is not Step.STOP_BACKFILL or lane is Lane.INTERACTIVE or self.beyond

    def longest_pause(self, feeds: int, used: int, least: float) -> float:
        """Seconds between two readings of an idle feed, so that all `feeds` together stay within their share."""
        if not self.billed:
            return least
        allowed = self.monthly * self.poll_percent / 100
        pause = max(least, feeds * COST_OF_A_LOOK * MONTH.total_seconds() / allowed)
        step = self.step(used)
        return pause * (STRETCH_HARD if step >= Step.STOP_BACKFILL else STRETCH if step >= Step.STRETCH_POLLS else 1)

    def polls_within(self, spent: int, at: datetime) -> bool:
        """Whether polling has spent no more than its share of the month so far, with a day in hand."""
        begun = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        elapsed = (at - begun + timedelta(days=1)) / MONTH
        return not self.billed or spent <= self.monthly * self.poll_percent / 100 * elapsed


def next_pause(last: float, *, least: float, most: float, busy: bool) -> float:
    """Seconds until a feed is read again: soon after something was found, later and later while nothing is."""
    wanted = last * QUICKENS if busy else last * SLACKENS
    return min(max(wanted, least), max(most, least))


def forecast(used: int, last_week: int, at: datetime) -> int:
    """Transactions at the end of the month, should the days to come be like the last seven."""
    following = (at.replace(day=28) + timedelta(days=4)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return used + round(last_week / 7 * ((following - at) / timedelta(days=1)))
