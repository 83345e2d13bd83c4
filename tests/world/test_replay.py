"""A seed is a complete bug report: it replays exactly, here and in any other process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.world.story import play

BUSY = 4
"""A seed with kills, faults and a lagging Intacct."""

ONE_SEED = "from tests.world.story import play; print(play({seed}).trace_hash)"


@pytest.mark.world
def test_same_seed_gives_the_same_trace() -> None:
    first, second = play(BUSY), play(BUSY)
    assert first.trace_hash == second.trace_hash
    assert first.points == second.points > 1000


@pytest.mark.world
def test_other_seeds_give_other_traces() -> None:
    assert play(BUSY).trace_hash != play(BUSY + 1).trace_hash


@pytest.mark.world
def test_trace_does_not_depend_on_the_process() -> None:
    """String hashing differs between processes: neither sets nor dictionaries may decide anything."""
    root = Path(__file__).parents[2]
    traces = {
        subprocess.run(
            [sys.executable, "-c", ONE_SEED.format(seed=BUSY)],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for hash_seed in ("1", "2")
    }
    assert traces == {play(BUSY).trace_hash}
