"""Many seeds over all cores: each world is one thread, so the cores may share the seeds. No judgement."""

import os
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.world.story import Outcome, play


def _one(seed: int) -> Outcome:
    return play(seed)


def play_all(seeds: Iterable[int], processes: int | None = None) -> list[Outcome]:
    """The outcomes of the seeds, in their order. Fresh processes, so that nothing of a test run leaks into a world."""
    count = processes or os.cpu_count() or 1
    if count == 1:
        return [play(seed) for seed in seeds]
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        return list(pool.map(_one, seeds, chunksize=2))
