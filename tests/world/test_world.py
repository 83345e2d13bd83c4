"""The house under seeded faults keeps its invariants. TANDEM_WORLD_SEEDS says how many seeds (`make world SEEDS=n`)."""

import os

import pytest

from tests.world.many import play_all
from tests.world.story import Outcome

SEEDS = int(os.environ.get("TANDEM_WORLD_SEEDS", "100"))


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    """What became of the seeds, played once for all questions."""
    return play_all(range(SEEDS))


@pytest.mark.world
def test_no_seed_breaks_an_invariant(outcomes: list[Outcome]) -> None:
    broken = [
        f"python -m tests.world --seed {outcome.seed}: {sentence}"
        for outcome in outcomes
        for sentence in outcome.violations
    ]
    assert not broken, "\n".join(broken[:40])


@pytest.mark.world
def test_faults_really_struck(outcomes: list[Outcome]) -> None:
    """Worlds in which nothing goes wrong prove nothing."""
    assert sum(outcome.faulted for outcome in outcomes) > len(outcomes)
    kinds = set().union(*(outcome.faults for outcome in outcomes))
    assert {"worker_killed", "worker_frozen", "reset_after_commit", "wire_lost_after", "timeout_after_commit"} <= kinds
