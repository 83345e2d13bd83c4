"""The safety devices switched off one at a time: a harness that does not notice proves nothing.

`python -m tests.world.mutants` prints which invariant caught each mutant, at which seed: first in worlds of payments,
then in worlds of all kinds of records. A mutant counts as caught where the product itself keeps the same world clean.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from app.services import changes
from app.services.lease import Lease
from app.store import journal as journal_queries
from app.store import operations
from app.sync import engine
from tests.world.devices import (
    AnswersFirst,
    Catch,
    ForgetsLinks,
    ForgetsUpdates,
    ManyLive,
    ManyOpen,
    Mutant,
    NoIntentOnDisk,
    NoSweeper,
    OpenIntentsIgnored,
    StatuslessIsSuccess,
    UnclearIsRejected,
    UnclearIsUnsent,
    UnstableControlIds,
    WritesNothingBack,
    always_edited,
    always_stands,
    forgetful,
    held_by_anyone,
    insert_always,
    intacct,
    journal,
    ladder,
    paused,
    put_in_place,
    recover_blindly,
    recover_never,
    salesforce,
)
from tests.world.money.devices import PAYMENT_MUTANTS, hunt_payment
from tests.world.place import prepare_template
from tests.world.scenario import draw
from tests.world.story import play

SEEDS = 500

MUTANTS = (
    Mutant("intent not committed before the send", swaps=journal(NoIntentOnDisk)),
    Mutant("control id new with each send", habits=intacct(UnstableControlIds)),
    Mutant("look-up blind", swaps=((engine, "recover", recover_blindly),)),
    Mutant("open intents never settled", swaps=((engine, "recover", recover_never),)),
    Mutant("unclear taken for unsent", habits=intacct(UnclearIsUnsent)),
    Mutant("unclear taken for rejected", habits=intacct(UnclearIsRejected)),
    Mutant("unclear taken for success", habits=intacct(StatuslessIsSuccess)),
    Mutant("no wait of 15 minutes", habits=ladder(1.0, 2.0), sharpen=forgetful),
    Mutant("fences ignored", swaps=((journal_queries, "held_leases", held_by_anyone),), sharpen=paused),
    Mutant("lease not asked before the send", swaps=((Lease, "stands", always_stands),), sharpen=paused),
    Mutant("several live operations per record", ManyLive, swaps=((operations, "insert_live", insert_always),)),
    Mutant(
        "several open intents per document",
        ManyOpen,
        journal(OpenIntentsIgnored),
        paused,
        behind="fences, recovery before planning",
    ),
    Mutant("update confirmed without its base", swaps=journal(ForgetsUpdates)),
    Mutant("link not stored with the receipt", swaps=journal(ForgetsLinks)),
    Mutant("nothing written back", habits=salesforce(WritesNothingBack)),
    Mutant("echo taken for news", swaps=((changes, "edited", always_edited),)),
    Mutant("no sweeper", habits=NoSweeper),
    Mutant("answer before the commit", habits=AnswersFirst),
)


def hunt(mutant: Mutant, seeds: Sequence[int]) -> Catch:
    """Run worlds of the mutant until an invariant is broken that the product itself keeps in the same world."""
    for seed in seeds:
        with put_in_place(mutant.swaps):
            outcome = play(seed, habits=mutant.habits(), scenario=mutant.sharpen(draw(seed).plain()))
        if outcome.violations and not play(seed, scenario=mutant.sharpen(draw(seed).plain())).violations:
            return Catch(mutant.name, seed, outcome.violations[0], outcome.violations[1:])
    return Catch(mutant.name, None)


def main() -> int:
    """Hunt all mutants; 1 when one survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.world.mutants", description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help="worlds per mutant at most")
    parser.add_argument("--only", default="", help="mutants whose name contains this")
    given = parser.parse_args()
    prepare_template()
    kinds = (("payments: ", PAYMENT_MUTANTS, hunt_payment), ("", MUTANTS, hunt))
    survivors = 0
    for kind, mutants, seek in kinds:
        for mutant in mutants:
            if given.only in f"{kind}{mutant.name}":
                survivors += not _told(kind, mutant, seek, range(given.seeds))
    return int(bool(survivors))


def _told(kind: str, mutant: Any, seek: Callable[[Any, Sequence[int]], Catch], seeds: Sequence[int]) -> bool:
    """Hunt one mutant and print its line; False when it survived and nothing stands in front of it."""
    began = time.perf_counter()
    catch = seek(mutant, seeds)
    said = f"seed {catch.seed}: {catch.sentence}"
    if catch.seed is None:
        said = f"SURVIVED {len(seeds)} seeds" + (f", behind {mutant.behind}" if mutant.behind else "")
    sys.stdout.write(f"{kind + mutant.name:55} {said[:150]}  ({time.perf_counter() - began:.0f} s)\n")
    sys.stdout.flush()
    return catch.seed is not None or bool(mutant.behind)


if __name__ == "__main__":
    sys.exit(main())
