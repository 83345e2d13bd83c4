"""Payments under seeded faults: in Intacct once, to the cent, and the money equation holds at every step.

TANDEM_WORLD_PAYMENTS says how many seeds. Cut into parts, so that the processes of a test run share them.
"""

import os
from collections.abc import Callable

import pytest

from tests.world.money.story import play_money

SEEDS = int(os.environ.get("TANDEM_WORLD_PAYMENTS", "30"))
PART = 5

pytestmark = pytest.mark.world


@pytest.mark.parametrize("first", range(0, SEEDS, PART))
def test_no_seed_breaks_an_invariant_of_money(first: int, record_property: Callable[[str, object], None]) -> None:
    outcomes = [play_money(seed) for seed in range(first, min(first + PART, SEEDS))]
    for outcome in outcomes:
        record_property("world", outcome.plain())
    assert all(outcome.payments and outcome.equations > 10 for outcome in outcomes)
    broken = [f"python -m tests.world --payment-seed {o.seed}: {said}" for o in outcomes for said in o.violations]
    assert not broken, "\n".join(broken[:40])
