"""A run for the record: worlds of payments, one after the other, until so many payment operations were met by a fault.

Only operations that a fault really hit count: while a worker had them in hand, it was killed or stopped, or a request
it sent for them was lost, cut, doubled, refused or answered wrongly. No judgement stands here.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import count
from multiprocessing import get_context

from tests.world.money.plan import plan
from tests.world.money.story import MoneyOutcome, play_money

EVERY = 60.0
"""Seconds between two lines about how far it is."""


def _one(seed: int, volume: int) -> MoneyOutcome:
    return play_money(seed, drawn=plan(seed, volume=volume))


def _outcomes(first: int, volume: int, processes: int) -> Iterator[MoneyOutcome]:
    """Worlds without end, in the order of their seeds."""
    if processes == 1:
        yield from (_one(seed, volume) for seed in count(first))
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for start in count(first, 8 * processes):
            yield from pool.map(partial(_one, volume=volume), range(start, start + 8 * processes))


def run(wanted: int, say: Callable[[str], None], *, first: int, volume: int, processes: int) -> int:
    """Play until `wanted` payment operations were met; 1 when an invariant was broken in any world, else 0."""
    began = told = time.perf_counter()
    met = seeds = operations = payments = equations = broken = 0
    faults: Counter[str] = Counter()
    states: Counter[str] = Counter()
    for outcome in _outcomes(first, volume, processes):
        seeds, met, operations = seeds + 1, met + outcome.met, operations + outcome.operations
        payments, equations = payments + sum(outcome.payments.values()), equations + outcome.equations
        faults.update(outcome.faults)
        states.update(outcome.payments)
        broken += bool(outcome.violations)
        for sentence in outcome.violations[:8]:
            say(f"seed {outcome.seed}: {sentence}")
        over, now = met >= wanted, time.perf_counter()
        if over or now - told > EVERY:
            told = now
            say(
                f"{now - began:8.0f} s  seeds {first}..{outcome.seed}  payment operations met by a fault {met}  "
                f"({met / (now - began):.1f}/s)  operations {operations}  payments {payments}  "
                f"equations checked {equations}  seeds with violations {broken}"
            )
        if over:
            break
    say("payments  " + ", ".join(f"{word} {n}" for word, n in sorted(states.items())))
    say("faults    " + ", ".join(f"{word} {n}" for word, n in sorted(faults.items())))
    if met and not broken:
        say(f"no violation in {met} faulted payment operations: a rate below {3 / met:.1e} with 95 % confidence (3/n)")
    return int(bool(broken))
