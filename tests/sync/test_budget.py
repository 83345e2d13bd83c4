"""The arithmetic of the month: steps and who they stop, how rarely idle feeds are read, the forecast."""

from datetime import UTC, datetime

import pytest

from app.domain.records import Lane
from app.sync.budget import Entitlement, Step, forecast, next_pause

MONTH = Entitlement(100_000)
DAYS = 30 * 86_400


@pytest.mark.parametrize(
    ("used", "step"),
    [
        (0, Step.FREE),
        (49_999, Step.FREE),
        (50_000, Step.INFORM),
        (80_000, Step.STRETCH_POLLS),
        (90_000, Step.STOP_BACKFILL),
        (100_000, Step.STOP),
        (250_000, Step.STOP),
    ],
)
def test_the_month_is_used_up_in_steps(used: int, step: Step) -> None:
    assert MONTH.step(used) is step


@pytest.mark.parametrize(
    ("used", "interactive", "bulk"), [(89_999, True, True), (90_000, True, False), (100_000, False, False)]
)
def test_the_last_tenth_belongs_to_those_who_wait(used: int, *, interactive: bool, bulk: bool) -> None:
    assert MONTH.admits(Lane.INTERACTIVE, used) is interactive
    assert MONTH.admits(Lane.BULK, used) is bulk


def test_an_owner_may_allow_to_go_on() -> None:
    allowed = Entitlement(100_000, beyond=True)
    assert all(allowed.admits(lane, used) for lane in Lane for used in (95_000, 300_000))


def test_simulators_stop_nobody() -> None:
    free = Entitlement(1000, billed=False)
    assert all(free.admits(lane, 10**6) for lane in Lane)
    assert free.longest_pause(12, 10**6, 30.0) == 30.0
    assert free.polls_within(10**6, datetime(2026, 11, 1, tzinfo=UTC))


@pytest.mark.parametrize("feeds", [1, 2, 12, 25])
def test_idle_feeds_stay_within_their_share(feeds: int) -> None:
    pause = MONTH.longest_pause(feeds, 0, 60.0)
    assert feeds * DAYS / pause <= 5000


def test_twelve_feeds_are_read_every_two_hours_when_nothing_moves() -> None:
    assert 104 <= MONTH.longest_pause(12, 0, 60.0) / 60 <= 140


def test_feeds_are_stretched_when_the_month_runs_short() -> None:
    free, short, shorter = (MONTH.longest_pause(12, used, 60.0) for used in (0, 80_000, 90_000))
    assert (short / free, shorter / free) == (2, 4)


def test_a_feed_quickens_when_something_is_found_and_slackens_when_not() -> None:
    pauses, pause = [], 60.0
    for busy in (False, False, False, True, True):
        pause = next_pause(pause, least=60.0, most=200.0, busy=busy)
        pauses.append(pause)
    assert pauses == [90.0, 135.0, 200.0, 60.0, 60.0]


def test_polling_has_its_share_of_the_days_gone_by() -> None:
    tenth = datetime(2026, 11, 10, tzinfo=UTC)
    assert MONTH.polls_within(1600, tenth)
    assert not MONTH.polls_within(1700, tenth)


@pytest.mark.parametrize(
    ("at", "expected"), [(datetime(2026, 11, 21, tzinfo=UTC), 2000), (datetime(2026, 12, 1, tzinfo=UTC), 4100)]
)
def test_the_forecast_takes_the_last_week_for_the_days_to_come(at: datetime, expected: int) -> None:
    assert forecast(1000, 700, at) == expected
