"""`python -m tests.world`: many seeds, one line per failing one, and the counts a person wants to see."""

import argparse
import sys
import time
from collections import Counter

from tests.world.many import play_all
from tests.world.money.record import run
from tests.world.money.story import play_money
from tests.world.story import Outcome, play


def say(line: str) -> None:
    """A line for the person who called."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Run the seeds asked for; 1 when an invariant was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.world", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first one")
    parser.add_argument("--seed", type=int, help="this one alone")
    parser.add_argument("--trace", action="store_true", help="print every point of the one seed")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--payments", type=int, help="payments only, until so many of their operations met a fault")
    parser.add_argument("--volume", type=int, default=4, help="how large the worlds of --payments are")
    parser.add_argument("--payment-seed", type=int, help="this one world of payments alone")
    given = parser.parse_args()
    if given.payments is not None:
        return run(given.payments, say, first=given.first, volume=given.volume, processes=given.jobs)
    if given.payment_seed is not None:
        met = play_money(given.payment_seed, print_line=say if given.trace else None)
        report([met], 0.0)
        say(f"payments            {met.payments}")
        return int(bool(met.violations))
    if given.seed is not None:
        outcome = play(given.seed, print_line=say if given.trace else None)
        report([outcome], 0.0)
        say(f"trace {outcome.trace_hash}, {outcome.points} points, {outcome.virtual_seconds:.0f} virtual seconds")
        return int(bool(outcome.violations))
    began = time.perf_counter()
    seeds = range(given.first, given.first + given.seeds)
    outcomes = play_all(seeds, given.jobs)
    report(outcomes, time.perf_counter() - began)
    return int(any(outcome.violations for outcome in outcomes))


def report(outcomes: list[Outcome], seconds: float) -> None:
    """Counts over all seeds, then whatever was broken."""
    faults, results = Counter[str](), Counter[str]()
    for outcome in outcomes:
        faults.update(outcome.faults)
        results.update({str(word): n for word, n in outcome.results.items()})
    say(
        f"seeds               {len(outcomes)}"
        + (f" in {seconds:.1f} s, {len(outcomes) / seconds:.2f}/s" if seconds else "")
    )
    say(f"operations          {sum(o.operations for o in outcomes)}")
    say(f"faulted operations  {sum(o.faulted for o in outcomes)}")
    say(f"virtual hours       {sum(o.virtual_seconds for o in outcomes) / 3600:.1f}")
    say("results             " + ", ".join(f"{word} {n}" for word, n in sorted(results.items())))
    say("faults              " + ", ".join(f"{word} {n}" for word, n in sorted(faults.items())))
    broken = [outcome for outcome in outcomes if outcome.violations]
    say(f"violations          {sum(len(o.violations) for o in outcomes)} in {len(broken)} seeds")
    for outcome in broken:
        say(f"  seed {outcome.seed}")
        for sentence in outcome.violations[:8]:
            say(f"    {sentence}")


if __name__ == "__main__":
    sys.exit(main())
