"""An account's life broken off at every single await: killed, or stopped past its lease. Exhaustive and counted."""

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tests.world.crash import Ids, Victim, count, strike_all

FEWEST = 40
"""Awaits an account's life must have at least; fewer would mean that a seam has fallen out of the count."""

pytestmark = pytest.mark.world


def broken_at_every_await(ids: Ids, victim: Victim, freeze: float = 0.0) -> tuple[int, list[str]]:
    """How many awaits there are, and every violation; the awaits are shared among the cores."""
    points = count(ids, victim)
    parts = os.cpu_count() or 1
    with ProcessPoolExecutor(parts, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(strike_all, ids, victim, range(n, len(points), parts), freeze) for n in range(parts)]
        return len(points), [sentence for job in jobs for sentence in job.result()]


@pytest.mark.parametrize("ids", list(Ids))
def test_worker_killed_at_each_await(ids: Ids) -> None:
    awaits, broken = broken_at_every_await(ids, Victim.WORKER)
    sys.stdout.write(f"{awaits} awaits in the worker's part of an account's life ({ids})\n")
    assert awaits > FEWEST
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("ids", list(Ids))
@pytest.mark.parametrize("seconds", [100.0, 1300.0], ids=["past its lease", "past the ladder"])
def test_worker_stopped_at_each_await(ids: Ids, seconds: float) -> None:
    awaits, broken = broken_at_every_await(ids, Victim.WORKER, freeze=seconds)
    assert awaits > FEWEST
    assert not broken, "\n".join(broken)


def test_intake_killed_at_each_await() -> None:
    """No answer was given, so the caller asks again under the same request id: one operation, one customer."""
    awaits, broken = broken_at_every_await(Ids.SEQUENCE, Victim.CALLER)
    assert awaits >= 8
    assert not broken, "\n".join(broken)
