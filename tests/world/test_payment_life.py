"""A payment's life broken off at its awaits, from the request to its reversal: counted, and with TANDEM_WORLD_LONG
(`make world`) at every single one; without, the worker at every third, because the gate has to stay short."""

import os
import sys

import pytest

from tests.world.money.life import ASKER, CALLER, WORKER, awaits, strike_all
from tests.world.stage import FREEZABLE

FEWEST = {WORKER: 250, CALLER: 10, ASKER: 8}
"""Awaits there must be at least; fewer would mean that a seam has fallen out of the count."""

PARTS = 8
PAUSE = 100.0
ALL = bool(os.environ.get("TANDEM_WORLD_LONG"))
"""Whether the worker is killed and stopped at every await, not at every third."""

pytestmark = pytest.mark.world


@pytest.mark.parametrize("part", range(PARTS))
def test_worker_killed_at_each_await(part: int) -> None:
    points = awaits(WORKER)
    assert len(points) >= FEWEST[WORKER]
    if not part:
        sys.stdout.write(f"a payment, killed: {len(points)} awaits\n")
    chosen = list(range(0, len(points), 1 if ALL else 3))
    broken = strike_all(WORKER, chosen[part::PARTS])
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("part", range(PARTS))
def test_worker_stopped_past_its_lease_at_each_await(part: int) -> None:
    points = awaits(WORKER)
    chosen = [number for number, point in enumerate(points) if point.split(" ", 1)[0] in FREEZABLE]
    assert len(chosen) >= FEWEST[WORKER] // 3
    if not ALL:
        chosen = chosen[::3]
    broken = strike_all(WORKER, chosen[part::PARTS], PAUSE)
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("victim", [CALLER, ASKER])
def test_asking_killed_at_each_await(victim: str) -> None:
    """No answer was given, so the caller asks again: one payment, one reversal."""
    points = awaits(victim)
    assert len(points) >= FEWEST[victim]
    broken = strike_all(victim, range(len(points)))
    assert not broken, "\n".join(broken)
