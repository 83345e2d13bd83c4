"""The harness notices when a safety device is missing: the quickest mutants here, all in `tests.world.mutants`."""

import pytest

from tests.world.mutants import MUTANTS, hunt

QUICK = {
    "intent not committed before the send": (0, ("I2",)),
    "control id new with each send": (0, ("I1", "I2")),
    "open intents never settled": (2, ("I2", "I4")),
    "unclear taken for rejected": (2, ("I1", "I2")),
    "link not stored with the receipt": (0, ("I5",)),
    "update confirmed without its base": (0, ("I7", "I8")),
    "nothing written back": (0, ("I5",)),
    "echo taken for news": (0, ("I8",)),
    "no sweeper": (0, ("I4",)),
    "answer before the commit": (0, ("I4",)),
}
"""Per mutant the seed that is known to catch it, and the invariants that may."""

WITHIN = 12
"""Seeds to go on with when worlds have changed so that the known one no longer does."""


@pytest.mark.world
@pytest.mark.parametrize("name", sorted(QUICK))
def test_missing_device_is_noticed(name: str) -> None:
    (mutant,) = [mutant for mutant in MUTANTS if mutant.name == name]
    seed, invariants = QUICK[name]
    catch = hunt(mutant, [seed, *range(WITHIN)])
    assert catch.seed is not None, f"{name} survived {WITHIN} seeds"
    said = [catch.sentence, *catch.others]
    assert any(sentence.startswith(invariants) for sentence in said), said
