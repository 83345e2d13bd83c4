"""A record's life broken off at every single await: killed, or stopped past its lease. Exhaustive and counted.

Each blow is cut into parts, so that the processes of a test run share them.
"""

import sys

import pytest

from tests.world.crash import Victim, awaits, shows, strike_all
from tests.world.subjects import SUBJECTS

FEWEST = 40
"""Awaits a life must have at least; fewer would mean that a seam has fallen out of the count."""

PARTS = range(3)
BLOWS = {"killed": 0.0, "stopped past its lease": 100.0, "stopped past the ladder": 1300.0}

pytestmark = pytest.mark.world


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("blow", sorted(BLOWS))
@pytest.mark.parametrize("name", sorted(SUBJECTS))
def test_worker_struck_at_each_await(name: str, blow: str, part: int) -> None:
    subject, freeze = SUBJECTS[name], BLOWS[blow]
    points = awaits(subject, Victim.WORKER)
    assert len(points) > FEWEST
    chosen = [number for number, point in enumerate(points) if shows(point, freeze)]
    if not part:
        sys.stdout.write(f"{name}, {blow}: {len(chosen)} of {len(points)} awaits\n")
    broken = strike_all(subject, Victim.WORKER, chosen[part :: len(PARTS)], freeze)
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("name", sorted(SUBJECTS))
def test_intake_killed_at_each_await(name: str) -> None:
    """No answer was given, so the caller asks again under the same request id: one operation, one document."""
    points = awaits(SUBJECTS[name], Victim.CALLER)
    assert len(points) >= 8
    broken = strike_all(SUBJECTS[name], Victim.CALLER, range(len(points)))
    assert not broken, "\n".join(broken)
